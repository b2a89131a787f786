//! The Hadamard rotation: sums and differences of numbers 1, 2, 4 … 64 apart. The same floats on every instruction set.

use super::TURN;

/// For every CPU, vectorised by the compiler for whatever its caller may use.
#[inline(always)]
pub(super) fn portable(row: &[f32], rotated: &mut [f32]) {
    rotated.copy_from_slice(row);
    for turn in rotated.as_chunks_mut::<TURN>().0 {
        butterflies::<1>(turn);
        butterflies::<2>(turn);
        butterflies::<4>(turn);
        butterflies::<8>(turn);
        butterflies::<16>(turn);
        butterflies::<32>(turn);
        butterflies::<64>(turn);
    }
}

/// Makes each pair of numbers that are `H` apart their sum and their difference.
#[inline(always)]
fn butterflies<const H: usize>(turn: &mut [f32; TURN]) {
    for pairs in turn.chunks_exact_mut(2 * H) {
        let (left, right) = pairs.split_at_mut(H);
        for (a, b) in left.iter_mut().zip(right) {
            (*a, *b) = (*a + *b, *a - *b);
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{avx2, avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::TURN;

    #[target_feature(enable = "avx2")]
    pub(in super::super) fn avx2(row: &[f32], rotated: &mut [f32]) {
        super::portable(row, rotated);
    }

    /// Eight registers hold all of a turn.
    #[target_feature(enable = "avx512f")]
    pub(in super::super) fn avx512(row: &[f32], rotated: &mut [f32]) {
        let (turns, rest) = row.as_chunks::<TURN>();
        let (rotated, beyond) = rotated.as_chunks_mut::<TURN>();
        for (turn, rotated) in turns.iter().zip(rotated) {
            let (vectors, _) = turn.as_chunks::<16>();
            // SAFETY: the chunk is 16 floats long; the load needs no alignment.
            let loaded = std::array::from_fn(|at| unsafe { _mm512_loadu_ps(vectors[at].as_ptr()) });
            let (vectors, _) = rotated.as_chunks_mut::<16>();
            for (vector, turned) in vectors.iter_mut().zip(across(within(loaded))) {
                // SAFETY: the chunk is 16 floats long; the store needs no alignment.
                unsafe { _mm512_storeu_ps(vector.as_mut_ptr(), turned) };
            }
        }
        beyond.copy_from_slice(rest);
    }

    /// Pairs 1, 2, 4 and 8 apart: each vector's partner is itself with such neighbours swapped.
    #[target_feature(enable = "avx512f")]
    fn within(vectors: [__m512; 8]) -> [__m512; 8] {
        let signs = |right: __mmask16| _mm512_mask_blend_ps(right, _mm512_set1_ps(1.0), _mm512_set1_ps(-1.0));
        vectors.map(|x| {
            let x = _mm512_fmadd_ps(x, signs(0b1010_1010_1010_1010), _mm512_permute_ps::<0b10_11_00_01>(x));
            let x = _mm512_fmadd_ps(x, signs(0b1100_1100_1100_1100), _mm512_permute_ps::<0b01_00_11_10>(x));
            let x = _mm512_fmadd_ps(x, signs(0b1111_0000_1111_0000), _mm512_shuffle_f32x4::<0b10_11_00_01>(x, x));
            _mm512_fmadd_ps(x, signs(0b1111_1111_0000_0000), _mm512_shuffle_f32x4::<0b01_00_11_10>(x, x))
        })
    }

    /// Pairs 16, 32 and 64 apart: whole vectors.
    #[target_feature(enable = "avx512f")]
    fn across(mut vectors: [__m512; 8]) -> [__m512; 8] {
        for apart in [1, 2, 4] {
            for left in (0..8).filter(|at| at & apart == 0) {
                let (a, b) = (vectors[left], vectors[left + apart]);
                (vectors[left], vectors[left + apart]) = (_mm512_add_ps(a, b), _mm512_sub_ps(a, b));
            }
        }
        vectors
    }
}

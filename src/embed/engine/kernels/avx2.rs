//! AVX2. Its byte product saturates at 16 bits, so bytes are widened first: 16 products an instruction.

use std::arch::x86_64::*;

use super::{Block, Operands, QUAD, WIDTH, even_parts};

/// Rows at once: with four vectors of sums each, and the panel's four and one of inputs, 13 of 16 registers.
const TILE: usize = 2;

/// Channels done at once, in vectors of four: each has two sums of two products.
const CHANNELS: usize = 16;
const VECTORS: usize = CHANNELS / 4;

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2")
}

#[target_feature(enable = "avx2")]
pub(super) fn multiply(operands: Operands, block: &mut Block) {
    for part in 0..WIDTH / CHANNELS {
        for rows in even_parts(operands.rows, TILE) {
            let (first, sums) = (rows.start, &mut block.0[rows.clone()]);
            match rows.len() {
                1 => tile::<1>(operands, part, first, sums),
                _ => tile::<TILE>(operands, part, first, sums),
            }
        }
    }
}

/// `R` rows from `first` on, and the panel's channels from `part * CHANNELS` on.
#[target_feature(enable = "avx2")]
fn tile<const R: usize>(operands: Operands, part: usize, first: usize, block: &mut [[i32; WIDTH]]) {
    let rows: [_; R] = std::array::from_fn(|row| operands.row(first + row).as_flattened());
    let mut sums = [[_mm256_setzero_si256(); VECTORS]; R];
    for (quad, weights) in operands.panel.as_flattened().iter().enumerate() {
        let (vectors, _) = weights[part * CHANNELS * QUAD..].as_chunks::<16>();
        let weights: [__m256i; VECTORS] = std::array::from_fn(|vector| {
            // SAFETY: the chunk is 16 bytes long; the load needs no alignment.
            _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(vectors[vector].as_ptr().cast()) })
        });
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: a row has as many quads as the panel.
            let inputs = unsafe { *row.get_unchecked(quad) };
            let inputs = _mm_cvtepu8_epi16(_mm_cvtsi32_si128(i32::from_ne_bytes(inputs)));
            let inputs = _mm256_broadcastq_epi64(inputs);
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(inputs, weights));
            }
        }
    }
    for (sums, block) in sums.iter().zip(block) {
        let (vectors, _) = block[part * CHANNELS..].as_chunks_mut::<8>();
        for (pair, vector) in sums.chunks_exact(2).zip(vectors) {
            // Halves alternate between the two: channels 0 1 4 5, then 2 3 6 7.
            let whole = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(pair[0], pair[1]));
            // SAFETY: the vector is 8 i32 long; the store needs no alignment.
            unsafe { _mm256_storeu_si256(vector.as_mut_ptr().cast(), whole) };
        }
    }
}

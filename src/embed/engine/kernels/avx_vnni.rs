//! AVX-VNNI, the same instruction for CPUs without AVX-512: 32 products each.

use std::arch::x86_64::*;

use super::{Block, Operands, QUAD, WIDTH, even_parts};

/// Rows at once: with four vectors of sums each, and the panel's four and one of inputs, 13 of 16 registers.
const TILE: usize = 2;

/// Vectors across half a panel, which is what is done at once.
const VECTORS: usize = 4;

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("avxvnni")
}

#[target_feature(enable = "avx2,avxvnni")]
pub(super) fn multiply(operands: Operands, block: &mut Block) {
    for half in 0..2 {
        for rows in even_parts(operands.rows, TILE) {
            let (first, sums) = (rows.start, &mut block.0[rows.clone()]);
            match rows.len() {
                1 => tile::<1>(operands, half, first, sums),
                _ => tile::<TILE>(operands, half, first, sums),
            }
        }
    }
}

/// `R` rows from `first` on, and one half of the panel.
#[target_feature(enable = "avx2,avxvnni")]
fn tile<const R: usize>(operands: Operands, half: usize, first: usize, block: &mut [[i32; WIDTH]]) {
    let rows: [_; R] = std::array::from_fn(|row| operands.row(first + row).as_flattened());
    let mut sums = [[_mm256_setzero_si256(); VECTORS]; R];
    for (quad, weights) in operands.panel.as_flattened().iter().enumerate() {
        let (vectors, _) = weights[half * WIDTH * QUAD / 2..].as_chunks::<32>();
        let weights: [__m256i; VECTORS] = std::array::from_fn(|vector| {
            // SAFETY: the chunk is 32 bytes long; the load needs no alignment.
            unsafe { _mm256_loadu_si256(vectors[vector].as_ptr().cast()) }
        });
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: a row has as many quads as the panel.
            let inputs = unsafe { *row.get_unchecked(quad) };
            let inputs = _mm256_set1_epi32(i32::from_ne_bytes(inputs));
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = _mm256_dpbusd_avx_epi32(*sum, inputs, weights);
            }
        }
    }
    for (sums, block) in sums.iter().zip(block) {
        let (vectors, _) = block[half * WIDTH / 2..].as_chunks_mut::<8>();
        for (sum, vector) in sums.iter().zip(vectors) {
            // SAFETY: the vector is 8 i32 long; the store needs no alignment.
            unsafe { _mm256_storeu_si256(vector.as_mut_ptr().cast(), *sum) };
        }
    }
}

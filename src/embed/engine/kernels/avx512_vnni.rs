//! AVX-512 VNNI: 64 products an instruction.

use std::arch::x86_64::*;

use super::{Block, Operands, WIDTH, even_parts};

/// Rows at once: with four vectors of sums each, and the panel's four and one of inputs, 29 of 32 registers.
const TILE: usize = 6;

/// Vectors across a panel.
const VECTORS: usize = 4;

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni")
}

#[target_feature(enable = "avx512f,avx512vnni")]
pub(super) fn multiply(operands: Operands, block: &mut Block) {
    for rows in even_parts(operands.rows, TILE) {
        let (first, sums) = (rows.start, &mut block.0[rows.clone()]);
        match rows.len() {
            1 => tile::<1>(operands, first, sums),
            2 => tile::<2>(operands, first, sums),
            3 => tile::<3>(operands, first, sums),
            4 => tile::<4>(operands, first, sums),
            5 => tile::<5>(operands, first, sums),
            _ => tile::<TILE>(operands, first, sums),
        }
    }
}

/// `R` rows from `first` on.
#[target_feature(enable = "avx512f,avx512vnni")]
fn tile<const R: usize>(operands: Operands, first: usize, block: &mut [[i32; WIDTH]]) {
    let rows: [_; R] = std::array::from_fn(|row| operands.row(first + row).as_flattened());
    let mut sums = [[_mm512_setzero_si512(); VECTORS]; R];
    for (quad, weights) in operands.panel.as_flattened().iter().enumerate() {
        let (vectors, _) = weights.as_chunks::<64>();
        let weights: [__m512i; VECTORS] = std::array::from_fn(|vector| {
            // SAFETY: the chunk is 64 bytes long; the load needs no alignment.
            unsafe { _mm512_loadu_si512(vectors[vector].as_ptr().cast()) }
        });
        for (row, sums) in rows.iter().zip(&mut sums) {
            // SAFETY: a row has as many quads as the panel.
            let inputs = unsafe { *row.get_unchecked(quad) };
            let inputs = _mm512_set1_epi32(i32::from_ne_bytes(inputs));
            for (sum, weights) in sums.iter_mut().zip(weights) {
                *sum = _mm512_dpbusd_epi32(*sum, inputs, weights);
            }
        }
    }
    for (sums, block) in sums.iter().zip(block) {
        let (vectors, _) = block.as_chunks_mut::<16>();
        for (sum, vector) in sums.iter().zip(vectors) {
            // SAFETY: the chunk is 16 i32 long; the store needs no alignment.
            unsafe { _mm512_storeu_si512(vector.as_mut_ptr().cast(), *sum) };
        }
    }
}

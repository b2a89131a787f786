//! Attention over a long sequence by AMX in bf16.

use pulp::Simd;

use super::{Head, exponentials};
use crate::aligned::Aligned;
use crate::kernels::{BLOCK, Bf16};

/// Tokens from which on it pays: what is short fills no tiles.
pub(super) const WORTH_IT: usize = 64;

/// Memory for one head of one sequence, in bf16 but for the products.
#[derive(Default)]
pub(super) struct Scratch {
    /// `[padded length][padded head width]`
    queries: Aligned<u16>,
    /// `[padded head width / 2][padded length][2]`
    keys: Aligned<u16>,
    /// `[padded length / 2][padded head width][2]`
    values: Aligned<u16>,
    /// `[BLOCK][padded length]`
    weights: Aligned<u16>,
    /// `[BLOCK][padded length]`
    scores: Aligned<f32>,
    /// `[BLOCK][padded head width]`
    sums: Aligned<f32>,
}

impl Head<'_> {
    #[inline(always)]
    pub(super) fn attend_by_tiles<S: Simd>(
        &self,
        simd: S,
        tiles: Bf16,
        scratch: &mut Scratch,
        context: &mut [f32],
        column: usize,
        stride: usize,
    ) {
        let (length, width) = (self.length.next_multiple_of(BLOCK), self.width.next_multiple_of(BLOCK));
        self.pack(scratch, length, width);
        let Scratch { queries, keys, values, weights, scores, sums } = scratch;
        weights.resize(BLOCK * length);
        scores.resize(BLOCK * length);
        sums.resize(BLOCK * width);
        for (first, queries) in (0..self.length).step_by(BLOCK).zip(queries.chunks_exact(BLOCK * width)) {
            tiles.product(queries, keys, length, scores);
            let mut shares = [0.0; BLOCK];
            let rows = scores.chunks_exact_mut(length).zip(weights.chunks_exact_mut(length)).zip(&mut shares);
            for ((scores, weights), share) in rows.take(self.length - first) {
                *share = 1.0 / exponentials(simd, scores, self.length);
                weights.iter_mut().zip(&*scores).for_each(|(weight, score)| *weight = upper_half(*score));
            }
            tiles.product(weights, values, width, sums);
            let context = context[first * stride..].chunks_mut(stride).zip(shares);
            for (sums, (context, share)) in sums.chunks_exact(width).zip(context) {
                context[column..column + self.width].iter_mut().zip(sums).for_each(|(mean, sum)| *mean = sum * share);
            }
        }
    }

    /// Rounds the head's queries, keys and values to bf16 and puts them where tiles find them, with zeros around.
    #[inline(always)]
    fn pack(&self, scratch: &mut Scratch, length: usize, width: usize) {
        let Scratch { queries, keys, values, .. } = scratch;
        for matrix in [&mut *queries, &mut *keys, &mut *values] {
            matrix.resize(length * width);
            if (length, width) != (self.length, self.width) {
                matrix.fill(0);
            }
        }
        for token in 0..self.length {
            let [query, key, value] =
                [0, 1, 2].map(|part| &self.projected[token * self.stride + part * self.apart..][..self.width]);
            queries[token * width..].iter_mut().zip(query).for_each(|(half, x)| *half = upper_half(*x));
            for (pairs, key) in keys.chunks_exact_mut(2 * length).zip(key.chunks(2)) {
                let pair = &mut pairs[2 * token..][..2];
                pair.iter_mut().zip(key).for_each(|(half, x)| *half = upper_half(*x));
            }
            let pairs = values[token / 2 * width * 2..][..2 * width].as_chunks_mut::<2>().0;
            match token % 2 {
                0 => pairs.iter_mut().zip(value).for_each(|(pair, x)| pair[0] = upper_half(*x)),
                _ => pairs.iter_mut().zip(value).for_each(|(pair, x)| pair[1] = upper_half(*x)),
            }
        }
    }
}

/// A number as bf16: its upper half, rounded to the nearest, to even where it lies between two.
#[inline(always)]
fn upper_half(x: f32) -> u16 {
    let bits = x.to_bits();
    ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16
}

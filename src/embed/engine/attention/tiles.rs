//! Attention over a long sequence by AMX in bf16.

use pulp::Simd;

use super::{Head, exponentials, greatest};
use crate::aligned::Aligned;
use crate::kernels::{BLOCK, Bf16};

/// Tokens from which on it pays: what is short fills no tiles.
pub(super) const WORTH_IT: usize = 64;

/// Memory for one head of one sequence, in bf16 but for the products.
#[derive(Default)]
pub(super) struct Scratch {
    /// `[padded length][padded head width]`
    queries: Aligned<u16>,
    /// `[padded head width / 2][padded length]`, two numbers of a key each
    keys: Aligned<u32>,
    /// `[padded length / 2][padded head width]`, the numbers of two values each
    values: Aligned<u32>,
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
            let rows = BLOCK.min(self.length - first);
            // Those of all rows first: one after another, each row would wait for its own.
            let mut most = [0.0; BLOCK];
            for (scores, most) in scores.chunks_exact_mut(length).zip(&mut most).take(rows) {
                *most = greatest(simd, scores, self.length);
            }
            let mut shares = [0.0; BLOCK];
            let weighed = scores.chunks_exact_mut(length).zip(weights.chunks_exact_mut(length));
            for ((scores, weights), (share, most)) in weighed.zip(shares.iter_mut().zip(most)).take(rows) {
                // Cut off rather than rounded: the sum is of what is left, so that the weights still add up to one.
                let upper_half = |weight| {
                    let bits = simd.transmute_u32s_f32s(weight);
                    simd.transmute_f32s_u32s(simd.and_u32s(bits, simd.splat_u32s(0xffff_0000)))
                };
                *share = 1.0 / exponentials(simd, scores, most, upper_half);
                weights.iter_mut().zip(&*scores).for_each(|(weight, score)| *weight = (score.to_bits() >> 16) as u16);
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
        queries.resize(length * width);
        keys.resize(length * width / 2);
        values.resize(length * width / 2);
        if (length, width) != (self.length, self.width) {
            queries.fill(0);
            keys.fill(0);
            values.fill(0);
        }
        let part = |token: usize, part: usize| &self.projected[token * self.stride + part * self.apart..][..self.width];
        for (token, halves) in queries.chunks_exact_mut(width).enumerate().take(self.length) {
            halves.iter_mut().zip(part(token, 0)).for_each(|(half, x)| *half = upper_half(*x));
        }
        for token in 0..self.length {
            let (pairs, single) = part(token, 1).as_chunks();
            let last = single.first().map(|&x| [x, 0.0]);
            for (pair, &[x, y]) in keys[token..].iter_mut().step_by(length).zip(pairs.iter().chain(&last)) {
                *pair = upper_halves(x, y);
            }
        }
        for (pair, values) in values.chunks_exact_mut(width).enumerate().take(self.length.div_ceil(2)) {
            let even = part(2 * pair, 2);
            if 2 * pair + 1 < self.length {
                let both = even.iter().zip(part(2 * pair + 1, 2));
                values.iter_mut().zip(both).for_each(|(pair, (&x, &y))| *pair = upper_halves(x, y));
            } else {
                values.iter_mut().zip(even).for_each(|(pair, &x)| *pair = upper_halves(x, 0.0));
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

/// Two numbers as bf16, the first in the lower half.
#[inline(always)]
fn upper_halves(x: f32, y: f32) -> u32 {
    u32::from(upper_half(x)) | u32::from(upper_half(y)) << 16
}

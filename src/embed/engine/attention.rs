//! Self-attention in f32, sequence by sequence and head by head; over long sequences in bf16 where there are tiles.

#[cfg(target_arch = "x86_64")]
mod tiles;

use pulp::{Simd, WithSimd};

use crate::aligned::Aligned;
use crate::kernels::Kernel;
use crate::math;

/// Rows of queries at once.
const TILE: usize = 6;

/// What a vector's length divides: rows of scores and values are padded to it.
const STEP: usize = 16;

/// Every token's mean of the values of its sequence, weighted by how its query meets their keys.
pub(crate) struct Attend<'a> {
    /// `[tokens][stride]`: queries (scaled already), keys and values, `width` each.
    pub(crate) projected: &'a [f32],
    pub(crate) projected_stride: usize,
    /// `[tokens][stride]`
    pub(crate) context: &'a mut [f32],
    pub(crate) context_stride: usize,
    /// Tokens of each sequence.
    pub(crate) lengths: &'a [usize],
    pub(crate) width: usize,
    pub(crate) heads: usize,
    pub(crate) kernel: Kernel,
    pub(crate) scratch: &'a mut Scratch,
}

/// Memory for one head of one sequence.
#[derive(Default)]
pub(crate) struct Scratch {
    /// `[head width][padded length]`
    keys: Aligned<f32>,
    /// `[length][padded head width]`
    values: Aligned<f32>,
    /// `[TILE][padded length]`
    scores: Aligned<f32>,
    /// `[TILE][padded head width]`
    sums: Aligned<f32>,
    #[cfg(target_arch = "x86_64")]
    tiles: tiles::Scratch,
}

/// One head of one sequence.
struct Head<'a> {
    /// From the sequence's first token and the head's first query on.
    projected: &'a [f32],
    stride: usize,
    length: usize,
    width: usize,
    /// Floats from a token's query to its key, and from its key to its value.
    apart: usize,
}

/// A matrix, or a part of one.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    floats: &'a [f32],
    stride: usize,
}

// === impl Attend ===

impl WithSimd for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.width / self.heads;
        #[cfg(target_arch = "x86_64")]
        let bf16 = self.kernel.bf16();
        let mut first = 0;
        for &length in self.lengths {
            let projected = &self.projected[first * self.projected_stride..];
            let context = &mut self.context[first * self.context_stride..][..length * self.context_stride];
            for head in 0..self.heads {
                let column = head * width;
                let projected = &projected[column..];
                let head = Head { projected, stride: self.projected_stride, length, width, apart: self.width };
                #[cfg(target_arch = "x86_64")]
                if let Some(bf16) = bf16.filter(|_| length >= tiles::WORTH_IT) {
                    let scratch = &mut self.scratch.tiles;
                    head.attend_by_tiles(simd, bf16, scratch, context, column, self.context_stride);
                    continue;
                }
                head.attend(simd, self.scratch, context, column, self.context_stride);
            }
            first += length;
        }
    }
}

// === impl Head ===

impl Head<'_> {
    #[inline(always)]
    fn attend<S: Simd>(&self, simd: S, scratch: &mut Scratch, context: &mut [f32], column: usize, stride: usize) {
        let (length, width) = (self.length.next_multiple_of(STEP), self.width.next_multiple_of(STEP));
        self.gather(scratch);
        scratch.scores.resize(TILE * length);
        scratch.sums.resize(TILE * width);
        let keys = Matrix { floats: &scratch.keys, stride: length };
        let values = Matrix { floats: &scratch.values, stride: width };
        for first in (0..self.length).step_by(TILE) {
            let rows = TILE.min(self.length - first);
            let queries = Matrix { floats: &self.projected[first * self.stride..], stride: self.stride };
            product(simd, queries, rows, self.width, keys, &mut scratch.scores);
            let mut shares = [0.0; TILE];
            for (scores, share) in scratch.scores.chunks_exact_mut(length).zip(&mut shares).take(rows) {
                let greatest = greatest(simd, scores, self.length);
                *share = 1.0 / exponentials(simd, scores, greatest, |weight| weight);
            }
            let scores = Matrix { floats: &scratch.scores, stride: length };
            product(simd, scores, rows, self.length, values, &mut scratch.sums);
            let context = context[first * stride..].chunks_mut(stride).zip(shares);
            for (sums, (context, share)) in scratch.sums.chunks_exact(width).zip(context).take(rows) {
                context[column..column + self.width].iter_mut().zip(sums).for_each(|(mean, sum)| *mean = sum * share);
            }
        }
    }

    /// Copies the head's keys, transposed, and its values to where they lie together.
    #[inline(always)]
    fn gather(&self, scratch: &mut Scratch) {
        let (length, width) = (self.length.next_multiple_of(STEP), self.width.next_multiple_of(STEP));
        scratch.keys.resize(self.width * length);
        scratch.values.resize(self.length * width);
        let (keys, values) = (&mut scratch.keys[..], &mut scratch.values[..]);
        for token in 0..self.length {
            let row = &self.projected[token * self.stride..];
            let key = &row[self.apart..][..self.width];
            for (at, &float) in key.iter().enumerate() {
                keys[at * length + token] = float;
            }
            let (value, padding) = values[token * width..(token + 1) * width].split_at_mut(self.width);
            value.copy_from_slice(&row[2 * self.apart..][..self.width]);
            padding.fill(0.0);
        }
        // Whatever was there before might be no number.
        for row in keys.chunks_exact_mut(length) {
            row[self.length..].fill(0.0);
        }
    }
}

/// The greatest of the first `length` scores; the rest come out of [`exponentials`] as next to nothing.
#[inline(always)]
fn greatest<S: Simd>(simd: S, scores: &mut [f32], length: usize) -> f32 {
    // Their share of the sum is below 10⁻³⁶.
    scores[length..].fill(f32::NEG_INFINITY);
    let (scores, _) = S::as_simd_f32s(scores);
    let most = scores.iter().fold(simd.splat_f32s(f32::NEG_INFINITY), |most, &x| simd.max_f32s(most, x));
    simd.reduce_max_f32s(most)
}

/// Makes scores weights, up to a common factor, and returns the sum of them as `keep` leaves them.
#[inline(always)]
fn exponentials<S: Simd>(simd: S, scores: &mut [f32], greatest: f32, keep: impl Fn(S::f32s) -> S::f32s) -> f32 {
    let greatest = simd.splat_f32s(greatest);
    let mut sum = simd.splat_f32s(0.0);
    for score in S::as_mut_simd_f32s(scores).0 {
        *score = keep(math::exp(simd, simd.sub_f32s(*score, greatest)));
        sum = simd.add_f32s(sum, *score);
    }
    simd.reduce_sum_f32s(sum)
}

/// `output[r][c] = Σ a[r][k] × b[k][c]` for `rows` rows of `depth` each; `output` has the stride of `b`, which is a
/// multiple of [`STEP`].
#[inline(always)]
fn product<S: Simd>(simd: S, a: Matrix, rows: usize, depth: usize, b: Matrix, output: &mut [f32]) {
    match rows {
        1 => product_of::<S, 1>(simd, a, depth, b, output),
        2 => product_of::<S, 2>(simd, a, depth, b, output),
        3 => product_of::<S, 3>(simd, a, depth, b, output),
        4 => product_of::<S, 4>(simd, a, depth, b, output),
        5 => product_of::<S, 5>(simd, a, depth, b, output),
        _ => product_of::<S, TILE>(simd, a, depth, b, output),
    }
}

/// As many vectors of a row at once as sums fit the registers.
#[inline(always)]
fn product_of<S: Simd, const R: usize>(simd: S, a: Matrix, depth: usize, b: Matrix, output: &mut [f32]) {
    let rows: [&[f32]; R] = std::array::from_fn(|row| &a.floats[row * a.stride..][..depth]);
    let vectors = b.stride / S::F32_LANES;
    let mut vector = 0;
    while vector < vectors {
        let left = vectors - vector;
        vector += if S::REGISTER_COUNT >= 32 && left >= 4 {
            columns::<S, R, 4>(simd, rows, b, vector, output)
        } else if left >= 2 {
            columns::<S, R, 2>(simd, rows, b, vector, output)
        } else {
            columns::<S, R, 1>(simd, rows, b, vector, output)
        };
    }
}

/// `R` rows by `C` vectors; returns `C`.
#[inline(always)]
fn columns<S: Simd, const R: usize, const C: usize>(
    simd: S,
    rows: [&[f32]; R],
    b: Matrix,
    first: usize,
    output: &mut [f32],
) -> usize {
    let mut sums = [[simd.splat_f32s(0.0); C]; R];
    for (k, b) in b.floats.chunks_exact(b.stride).enumerate().take(rows[0].len()) {
        let b = &S::as_simd_f32s(b).0[first..first + C];
        for (row, sums) in rows.iter().zip(&mut sums) {
            let a = simd.splat_f32s(row[k]);
            for (sum, &b) in sums.iter_mut().zip(b) {
                *sum = simd.mul_add_e_f32s(a, b, *sum);
            }
        }
    }
    for (sums, output) in sums.iter().zip(output.chunks_exact_mut(b.stride)) {
        S::as_mut_simd_f32s(output).0[first..first + C].copy_from_slice(sums);
    }
    C
}

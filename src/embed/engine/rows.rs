//! What is done to each token's row of f32 by itself. Rows are as long as their stride, a multiple of every vector's
//! length, with zeros beyond the layer's width.

use pulp::{Simd, WithSimd};

/// Scales and offsets that make u8 rows f32 again: `x ≈ scale · q + low`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Range {
    pub(crate) scale: f32,
    pub(crate) low: f32,
}

/// Quantises a row over its own least to greatest value.
pub(crate) struct Quantize<'a> {
    pub(crate) row: &'a [f32],
    pub(crate) output: &'a mut [u8],
}

/// Normalises each row of `states + residual` to mean 0 and variance 1, then scales and shifts it, into `states`.
pub(crate) struct LayerNorm<'a> {
    /// `[rows][stride]`
    pub(crate) states: &'a mut [f32],
    /// `[rows][stride]`
    pub(crate) residual: &'a [f32],
    /// `[stride]`, zero beyond `width`
    pub(crate) scale: &'a [f32],
    /// `[stride]`, zero beyond `width`
    pub(crate) shift: &'a [f32],
    pub(crate) width: usize,
    pub(crate) epsilon: f32,
}

// === impl Quantize ===

impl WithSimd for Quantize<'_> {
    type Output = Range;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Range {
        let (low, high) = extent(simd, self.row);
        let scale = (high - low) * (1.0 / 255.0);
        // A row of equal values has no scale: all of it is its offset.
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        // Adding 2²³ rounds to a whole number and leaves it in the low bits; rounding may take the greatest to 255.
        const ROUND: f32 = 8_388_608.0;
        for (output, input) in self.output.iter_mut().zip(self.row) {
            *output = ((input - low) * inverse + ROUND).to_bits() as u8;
        }
        Range { scale, low }
    }
}

/// The least and the greatest value of a row.
#[inline(always)]
fn extent<S: Simd>(simd: S, row: &[f32]) -> (f32, f32) {
    let (vectors, _) = S::as_simd_f32s(row);
    let (mut low, mut high) = (simd.splat_f32s(f32::INFINITY), simd.splat_f32s(f32::NEG_INFINITY));
    for &x in vectors {
        low = simd.min_f32s(low, x);
        high = simd.max_f32s(high, x);
    }
    (simd.reduce_min_f32s(low), simd.reduce_max_f32s(high))
}

// === impl LayerNorm ===

impl WithSimd for LayerNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let stride = self.scale.len();
        let (scale, _) = S::as_simd_f32s(self.scale);
        let (shift, _) = S::as_simd_f32s(self.shift);
        let padding = (stride - self.width) as f32;
        let share = 1.0 / self.width as f32;
        for (states, residual) in self.states.chunks_exact_mut(stride).zip(self.residual.chunks_exact(stride)) {
            let (states, _) = S::as_mut_simd_f32s(states);
            let (residual, _) = S::as_simd_f32s(residual);
            let mut sum = simd.splat_f32s(0.0);
            for (x, &residual) in states.iter_mut().zip(residual) {
                *x = simd.add_f32s(*x, residual);
                sum = simd.add_f32s(sum, *x);
            }
            let mean = simd.reduce_sum_f32s(sum) * share;
            let mut squares = simd.splat_f32s(0.0);
            for &x in &*states {
                let off = simd.sub_f32s(x, simd.splat_f32s(mean));
                squares = simd.mul_add_e_f32s(off, off, squares);
            }
            // Each zero of the padding was off by the mean.
            let variance = ((simd.reduce_sum_f32s(squares) - padding * mean * mean) * share).max(0.0);
            let inverse = simd.splat_f32s(1.0 / (variance + self.epsilon).sqrt());
            for (x, (&scale, &shift)) in states.iter_mut().zip(scale.iter().zip(shift)) {
                let normal = simd.mul_f32s(simd.sub_f32s(*x, simd.splat_f32s(mean)), inverse);
                *x = simd.mul_add_e_f32s(normal, scale, shift);
            }
        }
    }
}

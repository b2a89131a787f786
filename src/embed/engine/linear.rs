//! One linear layer: u8 activations times i8 weights, summed exactly span by span, and made f32 again with the bias and,
//! where asked, the activation function.
//!
//! Each token's activations and each output channel's weights have a scale for every span of [`SPAN`] inputs. One scale
//! for all inputs, as is common, costs 2.5 times the error (1 − cosine to f32, on MiniLM): a few wide inputs coarsen
//! the rest.

use pulp::{Arch, Simd, WithSimd};

use crate::aligned::Aligned;
use crate::kernels::{Block, Kernel, QUAD, ROWS, SPAN, WIDTH};
use crate::math;
use crate::network::Activation;
use crate::rows::{Quantize, Range};

/// Rows quantised for a linear layer.
#[derive(Default)]
pub(crate) struct Quantized {
    /// `[rows][stride]`
    bytes: Aligned<u8>,
    /// `[rows][stride / SPAN]`
    ranges: Vec<Range>,
    stride: usize,
    /// What the kernel makes of them and a panel: one block for each span.
    sums: Vec<Block>,
}

/// A linear layer's packed weights.
pub(crate) struct Linear {
    /// `[panels][depth / QUAD][WIDTH][QUAD]`
    weights: Aligned<i8>,
    depth: usize,
    panels: Vec<Channels>,
}

/// Vectors of outputs that are finished at once.
const VECTORS: usize = 4;

/// What turns the sums of one panel's channels into f32.
#[derive(Clone)]
struct Channels {
    spans: Vec<Span>,
    bias: [f32; WIDTH],
}

/// One span's weights of each channel.
#[derive(Clone)]
struct Span {
    /// What one step of a weight is.
    scale: [f32; WIDTH],
    /// The scaled sum of the weights: what an activation's offset is worth.
    sum: [f32; WIDTH],
}

/// What a linear layer ends with.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    Nothing,
    Activate(Activation),
}

/// Turns a block's sums into f32.
struct Finish<'a> {
    /// `[spans]`
    sums: &'a [Block],
    /// `[rows][spans]`
    ranges: &'a [Range],
    channels: &'a Channels,
    then: Then,
    /// From the block's first row and channel on.
    output: &'a mut [f32],
    stride: usize,
}

/// `width` rounded up to what rows are padded to: a row of outputs is a row of inputs for the next layer.
pub(crate) fn padded(width: usize) -> usize {
    width.next_multiple_of(SPAN)
}

const _: () = assert!(SPAN.is_multiple_of(WIDTH));

// === impl Quantized ===

impl Quantized {
    /// Quantises each row of `input`.
    pub(crate) fn fill(&mut self, arch: Arch, input: &[f32], stride: usize) {
        self.stride = stride;
        self.bytes.resize(input.len());
        self.ranges.resize(input.len() / SPAN, Range::default());
        self.sums.resize(stride / SPAN, Block::default());
        arch.dispatch(Quantize { input, span: SPAN, output: &mut self.bytes, ranges: &mut self.ranges });
    }
}

// === impl Linear ===

impl Linear {
    /// Quantises `weights`, `[bias.len()][inputs]`, symmetrically for each output channel and span.
    pub(crate) fn quantize(weights: &[f32], bias: &[f32]) -> Self {
        let inputs = weights.len() / bias.len();
        let (depth, outputs) = (padded(inputs), padded(bias.len()));
        let span = Span { scale: [0.0; WIDTH], sum: [0.0; WIDTH] };
        let channels = Channels { spans: vec![span; depth / SPAN], bias: [0.0; WIDTH] };
        let mut linear = Self { weights: Aligned::zeroed(depth * outputs), depth, panels: Vec::new() };
        linear.panels.resize_with(outputs / WIDTH, || channels.clone());
        for (index, (weights, &bias)) in weights.chunks_exact(inputs).zip(bias).enumerate() {
            linear.panels[index / WIDTH].bias[index % WIDTH] = bias;
            for (span, weights) in weights.chunks(SPAN).enumerate() {
                linear.set(index, span, weights);
            }
        }
        linear
    }

    /// Sets the weights of an output channel for one span.
    fn set(&mut self, channel: usize, span: usize, weights: &[f32]) {
        let (panel, channel) = (channel / WIDTH, channel % WIDTH);
        let packed = &mut self.weights[(panel * self.depth + span * SPAN) * WIDTH..][..SPAN * WIDTH];
        let scale = weights.iter().fold(0.0f32, |most, weight| most.max(weight.abs())) / 127.0;
        let mut sum = 0;
        for (input, weight) in weights.iter().enumerate() {
            let quantized = if scale > 0.0 { (weight / scale).round() as i8 } else { 0 };
            packed[(input / QUAD * WIDTH + channel) * QUAD + input % QUAD] = quantized;
            sum += i32::from(quantized);
        }
        let span = &mut self.panels[panel].spans[span];
        span.scale[channel] = scale;
        span.sum[channel] = scale * sum as f32;
    }

    /// Floats from one row of outputs to the next.
    pub(crate) fn stride(&self) -> usize {
        self.panels.len() * WIDTH
    }

    /// Applies the layer to each row of `input`; `output` is `[rows][Self::stride]`.
    pub(crate) fn apply(&self, arch: Arch, kernel: Kernel, input: &mut Quantized, then: Then, output: &mut [f32]) {
        assert!(input.stride == self.depth);
        let (stride, spans) = (self.stride(), self.depth / SPAN);
        let Quantized { bytes, ranges, sums, .. } = input;
        // Panel after panel, so that each is read from memory once, however many rows there are.
        for (index, (panel, channels)) in self.weights.chunks_exact(self.depth * WIDTH).zip(&self.panels).enumerate() {
            let rows = bytes.chunks(ROWS * self.depth).zip(ranges.chunks(ROWS * spans));
            for ((activations, ranges), output) in rows.zip(output.chunks_mut(ROWS * stride)) {
                kernel.multiply(activations, panel, sums);
                let output = &mut output[index * WIDTH..];
                arch.dispatch(Finish { sums, ranges, channels, then, output, stride });
            }
        }
    }
}

// === impl Finish ===

impl WithSimd for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.then {
            Then::Nothing => self.run(simd, |x| x),
            Then::Activate(Activation::Gelu) => self.run(simd, |x| math::gelu(simd, x)),
            Then::Activate(Activation::GeluTanh) => self.run(simd, |x| math::gelu_tanh(simd, x)),
            Then::Activate(Activation::Relu) => self.run(simd, |x| simd.max_f32s(x, simd.splat_f32s(0.0))),
        }
    }
}

impl Finish<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S, then: impl Fn(S::f32s) -> S::f32s) {
        let (bias, _) = S::as_simd_f32s(&self.channels.bias);
        let rows = self.output.chunks_mut(self.stride).zip(self.ranges.chunks_exact(self.sums.len())).enumerate();
        for (row, (output, ranges)) in rows {
            let (output, _) = S::as_mut_simd_f32s(&mut output[..WIDTH]);
            let vectors = output.chunks_exact_mut(VECTORS).zip(bias.chunks_exact(VECTORS)).enumerate();
            for (part, (output, bias)) in vectors {
                let part = part * VECTORS..(part + 1) * VECTORS;
                let mut floats: [S::f32s; VECTORS] = std::array::from_fn(|vector| bias[vector]);
                for (sums, (span, range)) in self.sums.iter().zip(self.channels.spans.iter().zip(ranges)) {
                    let sums = &S::as_simd_i32s(&sums.0[row]).0[part.clone()];
                    let scale = &S::as_simd_f32s(&span.scale).0[part.clone()];
                    let sum = &S::as_simd_f32s(&span.sum).0[part.clone()];
                    let (step, low) = (simd.splat_f32s(range.scale), simd.splat_f32s(range.low));
                    for vector in 0..VECTORS {
                        let scale = simd.mul_f32s(step, scale[vector]);
                        let product = simd.mul_add_e_f32s(to_float(simd, sums[vector]), scale, floats[vector]);
                        floats[vector] = simd.mul_add_e_f32s(low, sum[vector], product);
                    }
                }
                output.iter_mut().zip(floats).for_each(|(output, float)| *output = then(float));
            }
        }
    }
}

/// A span's sums as f32, exactly: added to the bits of 1.5 · 2²³, they are its low bits.
#[inline(always)]
fn to_float<S: Simd>(simd: S, sums: S::i32s) -> S::f32s {
    const BASE: f32 = 12_582_912.0;
    const _: () = assert!(SPAN * 255 * 127 < 1 << 22);
    let bits = simd.add_i32s(sums, simd.splat_i32s(BASE.to_bits().cast_signed()));
    simd.sub_f32s(simd.transmute_f32s_i32s(bits), simd.splat_f32s(BASE))
}

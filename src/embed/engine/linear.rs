//! One linear layer: u8 activations times i8 weights, summed exactly, and made f32 again with the bias and, where asked,
//! the activation function.
//!
//! Each token's activations and each output channel's weights have one scale. Before they are quantised, both are turned
//! by the same orthogonal matrix (see [`Kernel::rotate`]), which leaves their products as they were and spreads what few
//! wide inputs would coarsen: on MiniLM that takes the error (1 − cosine to f32) down to a third. The idea is that of
//! QuaRot (Ashkboos et al., 2024).

use pulp::{Arch, Simd, WithSimd};

use crate::aligned::Aligned;
use crate::kernels::{Block, Kernel, QUAD, ROWS, STEP, TURN, WIDTH};
use crate::math;
use crate::network::Activation;
use crate::rows::{Quantize, Range};

/// Rows quantised for a linear layer.
#[derive(Default)]
pub(crate) struct Quantized {
    /// `[rows][stride]`
    bytes: Aligned<u8>,
    /// `[rows]`
    ranges: Vec<Range>,
    stride: usize,
    /// One row, rotated.
    row: Aligned<f32>,
}

/// A linear layer's packed weights.
pub(crate) struct Linear {
    /// `[panels][depth / QUAD][WIDTH][QUAD]`
    weights: Aligned<i8>,
    depth: usize,
    panels: Vec<Channels>,
}

/// What turns the sums of one panel's channels into f32.
#[derive(Clone)]
struct Channels {
    /// What one step of a weight is.
    scale: [f32; WIDTH],
    /// The scaled sum of a channel's weights: what an activation's offset is worth.
    sum: [f32; WIDTH],
    bias: [f32; WIDTH],
}

/// What a linear layer ends with.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    Nothing,
    Activate(Activation),
    /// Comes on top of what stands in the output.
    Add,
}

/// Turns a block's sums into f32.
struct Finish<'a> {
    block: &'a Block,
    ranges: &'a [Range],
    channels: &'a Channels,
    then: Then,
    /// From the block's first row and channel on.
    output: &'a mut [f32],
    stride: usize,
}

/// `width` rounded up to what rows are padded to: a row of outputs is a row of inputs for the next layer.
pub(crate) fn padded(width: usize) -> usize {
    width.next_multiple_of(TURN)
}

const _: () = assert!(TURN.is_multiple_of(WIDTH) && TURN.is_multiple_of(STEP));

// === impl Quantized ===

impl Quantized {
    /// Rotates and quantises each row of `input`.
    pub(crate) fn fill(&mut self, arch: Arch, kernel: Kernel, input: &[f32], stride: usize) {
        self.stride = stride;
        self.bytes.resize(input.len());
        self.row.resize(stride);
        self.ranges.resize(input.len() / stride, Range::default());
        let rows = input.chunks_exact(stride).zip(self.bytes.chunks_exact_mut(stride));
        for ((input, output), range) in rows.zip(&mut self.ranges) {
            kernel.rotate(input, &mut self.row);
            *range = arch.dispatch(Quantize { row: &self.row, output });
        }
    }
}

// === impl Linear ===

impl Linear {
    /// Quantises `weights`, `[bias.len()][inputs]`, symmetrically for each output channel. Rows of outputs are padded to
    /// be another layer's inputs.
    pub(crate) fn quantize(weights: &[f32], bias: &[f32]) -> Self {
        Self::quantize_to(padded(bias.len()), weights, bias)
    }

    /// As [`Self::quantize`], but with rows of outputs no longer than whole panels: no other layer reads them.
    pub(crate) fn quantize_last(weights: &[f32], bias: &[f32]) -> Self {
        Self::quantize_to(bias.len().next_multiple_of(WIDTH), weights, bias)
    }

    fn quantize_to(outputs: usize, weights: &[f32], bias: &[f32]) -> Self {
        let inputs = weights.len() / bias.len();
        let depth = padded(inputs);
        let nothing = Channels { scale: [0.0; WIDTH], sum: [0.0; WIDTH], bias: [0.0; WIDTH] };
        let panels = vec![nothing; outputs / WIDTH];
        let mut linear = Self { weights: Aligned::zeroed(depth * outputs), depth, panels };
        let (mut row, mut rotated) = (vec![0.0; depth], vec![0.0; depth]);
        for (channel, (weights, &bias)) in weights.chunks_exact(inputs).zip(bias).enumerate() {
            row[..inputs].copy_from_slice(weights);
            Kernel::best().rotate(&row, &mut rotated);
            // A row of inputs that is rotated as well comes out so many times as long.
            rotated.iter_mut().for_each(|weight| *weight /= TURN as f32);
            linear.set(channel, &rotated, bias);
        }
        linear
    }

    /// Sets an output channel's rotated weights and its bias.
    fn set(&mut self, channel: usize, weights: &[f32], bias: f32) {
        let (panel, channel) = (channel / WIDTH, channel % WIDTH);
        let packed = &mut self.weights[panel * self.depth * WIDTH..][..self.depth * WIDTH];
        let scale = weights.iter().fold(0.0f32, |most, weight| most.max(weight.abs())) / 127.0;
        let mut sum = 0;
        for (input, weight) in weights.iter().enumerate() {
            let quantized = if scale > 0.0 { (weight / scale).round() as i8 } else { 0 };
            packed[(input / QUAD * WIDTH + channel) * QUAD + input % QUAD] = quantized;
            sum += i32::from(quantized);
        }
        let channels = &mut self.panels[panel];
        channels.scale[channel] = scale;
        channels.sum[channel] = scale * sum as f32;
        channels.bias[channel] = bias;
    }

    /// Floats from one row of outputs to the next.
    pub(crate) fn stride(&self) -> usize {
        self.panels.len() * WIDTH
    }

    /// Applies the layer to each row of `input`; `output` is `[rows][Self::stride]`.
    pub(crate) fn apply(&self, arch: Arch, kernel: Kernel, input: &Quantized, then: Then, output: &mut [f32]) {
        assert!(input.stride == self.depth);
        let stride = self.stride();
        let mut block = Block::default();
        // Panel after panel, so that each is read from memory once, however many rows there are.
        for (index, (panel, channels)) in self.weights.chunks_exact(self.depth * WIDTH).zip(&self.panels).enumerate() {
            let rows = input.bytes.chunks(ROWS * self.depth).zip(input.ranges.chunks(ROWS));
            for ((activations, ranges), output) in rows.zip(output.chunks_mut(ROWS * stride)) {
                kernel.multiply(activations, panel, &mut block);
                let output = &mut output[index * WIDTH..];
                arch.dispatch(Finish { block: &block, ranges, channels, then, output, stride });
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
            Then::Nothing => self.run(simd, |x, _| x),
            Then::Activate(Activation::Gelu) => self.run(simd, |x, _| math::gelu(simd, x)),
            Then::Activate(Activation::GeluTanh) => self.run(simd, |x, _| math::gelu_tanh(simd, x)),
            Then::Activate(Activation::Relu) => self.run(simd, |x, _| simd.max_f32s(x, simd.splat_f32s(0.0))),
            Then::Add => self.run(simd, |x, before| simd.add_f32s(before, x)),
        }
    }
}

impl Finish<'_> {
    /// `then` is given the layer's numbers, and what stands where they go.
    #[inline(always)]
    fn run<S: Simd>(self, simd: S, then: impl Fn(S::f32s, S::f32s) -> S::f32s) {
        let [scales, sums, biases] =
            [&self.channels.scale, &self.channels.sum, &self.channels.bias].map(|row| S::as_simd_f32s(row).0);
        let rows = self.output.chunks_mut(self.stride).zip(&self.block.0).zip(self.ranges);
        for ((output, products), range) in rows {
            // f32 keeps 24 bits of a sum: more than the activations have.
            let mut row = [0.0f32; WIDTH];
            row.iter_mut().zip(products).for_each(|(float, &sum)| *float = sum as f32);
            let (products, _) = S::as_simd_f32s(&row);
            let (outputs, _) = S::as_mut_simd_f32s(&mut output[..WIDTH]);
            let (step, low) = (simd.splat_f32s(range.scale), simd.splat_f32s(range.low));
            for (vector, output) in outputs.iter_mut().enumerate() {
                let offset = simd.mul_add_e_f32s(low, sums[vector], biases[vector]);
                let scale = simd.mul_f32s(step, scales[vector]);
                *output = then(simd.mul_add_e_f32s(products[vector], scale, offset), *output);
            }
        }
    }
}

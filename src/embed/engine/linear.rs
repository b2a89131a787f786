//! One linear layer: u8 activations for each token times i8 weights for each output channel, summed exactly, and made
//! f32 again with the bias and, where asked, the activation function.

use pulp::{Arch, Simd, WithSimd};

use crate::aligned::Aligned;
use crate::kernels::{Block, DEPTH_STEP, GROUP, Kernel, ROWS, WIDTH};
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
}

/// A linear layer's packed weights.
pub(crate) struct Linear {
    /// `[panels][depth / GROUP][WIDTH][GROUP]`
    weights: Aligned<i8>,
    depth: usize,
    panels: Vec<Channels>,
}

/// What turns the sums of one panel's channels into f32.
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

/// `width` rounded up to what rows are padded to.
pub(crate) fn padded(width: usize) -> usize {
    width.next_multiple_of(DEPTH_STEP)
}

// A row of outputs is a row of activations for the next layer.
const _: () = assert!(WIDTH == DEPTH_STEP);

// === impl Quantized ===

impl Quantized {
    /// Quantises each row of `input`.
    pub(crate) fn fill(&mut self, arch: Arch, input: &[f32], stride: usize) {
        let rows = input.len() / stride;
        self.stride = stride;
        self.bytes.resize(rows * stride);
        self.ranges.resize(rows, Range::default());
        arch.dispatch(Quantize { input, stride, output: &mut self.bytes, ranges: &mut self.ranges });
    }
}

// === impl Linear ===

impl Linear {
    /// Quantises `weights`, `[bias.len()][inputs]`, symmetrically for each output channel.
    pub(crate) fn quantize(weights: &[f32], bias: &[f32]) -> Self {
        let inputs = weights.len() / bias.len();
        let depth = padded(inputs);
        let mut packed = Aligned::zeroed(depth * padded(bias.len()));
        let channels = weights.chunks_exact(inputs).zip(bias);
        let mut panels = Vec::new();
        for (index, (weights, &bias)) in channels.enumerate() {
            let (panel, channel) = (index / WIDTH, index % WIDTH);
            if channel == 0 {
                panels.push(Channels { scale: [0.0; WIDTH], sum: [0.0; WIDTH], bias: [0.0; WIDTH] });
            }
            let scale = weights.iter().fold(0.0f32, |most, weight| most.max(weight.abs())) / 127.0;
            let mut sum = 0;
            for (input, weight) in weights.iter().enumerate() {
                let quantized = if scale > 0.0 { (weight / scale).round() as i8 } else { 0 };
                let group = panel * depth / GROUP + input / GROUP;
                packed[(group * WIDTH + channel) * GROUP + input % GROUP] = quantized;
                sum += i32::from(quantized);
            }
            let constants = &mut panels[panel];
            constants.scale[channel] = scale;
            constants.sum[channel] = scale * sum as f32;
            constants.bias[channel] = bias;
        }
        Self { weights: packed, depth, panels }
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
                kernel.multiply(activations, panel, self.depth, &mut block);
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
                let scaled = simd.mul_f32s(products[vector], simd.mul_f32s(step, scales[vector]));
                *output = then(simd.add_f32s(scaled, offset));
            }
        }
    }
}

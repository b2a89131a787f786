//! A head on token states: what each token is, told from the states that the encoder passes through anyway.
//!
//! `output · relu(hidden · [states of some layers, marks] + bias) + bias`, for each token by itself. The states' part of
//! the hidden layer is int8, layer after layer as the states come by and summed in f32, so that none of them is kept.
//! Marks are what is known of a token besides, there or not; those that are there add their column.

use pulp::{Arch, Simd, WithSimd};

use crate::aligned::Aligned;
use crate::kernels::{Kernel, MAX_DEPTH, WIDTH};
use crate::linear::{Linear, Quantized, Then};

/// Marks that a token may have, a bit each.
pub const MARKS: usize = 16;

/// Outputs that a head has at most.
pub const OUTPUTS: usize = 16;

/// A head's numbers, row after row.
#[derive(Debug, Clone, Copy)]
pub struct HeadWeights<'a> {
    /// Floats of a state.
    pub width: usize,
    /// The states that feed it: 0 for those behind the embeddings' norm, `i` for those behind the layer `i`, from 1 on.
    pub layers: &'a [usize],
    /// `[hidden_bias.len()][layers.len() * width + MARKS]`: a part for each of `layers`, then one number for each mark.
    pub hidden: &'a [f32],
    /// At least one.
    pub hidden_bias: &'a [f32],
    /// `[output_bias.len()][hidden_bias.len()]`
    pub output: &'a [f32],
    /// One to [`OUTPUTS`].
    pub output_bias: &'a [f32],
}

/// A head of one hidden layer, for [`Network::encode_with`](crate::Network::encode_with).
pub struct Head {
    width: usize,
    /// The hidden layer's part for each of the states that feed it, without a bias.
    taps: Vec<(usize, Linear)>,
    /// `[1 + MARKS][stride]`: the hidden layer's bias, then what each mark adds.
    marks: Aligned<f32>,
    /// Floats from one token's hidden numbers to the next's.
    stride: usize,
    /// `[stride][OUTPUTS]`
    output: Aligned<f32>,
    output_bias: [f32; OUTPUTS],
}

/// Hidden numbers to outputs.
struct Outputs<'a> {
    /// `[tokens, rounded up to TOGETHER][stride]`
    hidden: &'a [f32],
    head: &'a Head,
    /// `[tokens]`
    logits: &'a mut [[f32; OUTPUTS]],
}

/// Tokens whose outputs are summed side by side, as one's additions wait for each other.
const TOGETHER: usize = 4;

// === impl Head ===

impl Head {
    /// Quantises what reads states.
    ///
    /// # Errors
    /// Why these are no head: what does not fit together.
    pub fn build(weights: HeadWeights<'_>) -> Result<Self, &'static str> {
        let HeadWeights { width, layers, hidden, hidden_bias, output, output_bias } = weights;
        let columns = layers.len() * width + MARKS;
        if layers.is_empty() || width == 0 || hidden_bias.is_empty() || output_bias.is_empty() {
            return Err("a size is zero");
        }
        if width > MAX_DEPTH || output_bias.len() > OUTPUTS {
            return Err("it is too wide");
        }
        if hidden.len() != hidden_bias.len() * columns || output.len() != output_bias.len() * hidden_bias.len() {
            return Err("its sizes do not fit together");
        }
        let stride = hidden_bias.len().next_multiple_of(WIDTH);
        let nothing = vec![0.0; hidden_bias.len()];
        let taps = layers.iter().enumerate().map(|(place, &layer)| {
            let part = hidden.chunks_exact(columns).flat_map(|row| &row[place * width..][..width]).copied();
            (layer, Linear::quantize_last(&part.collect::<Vec<_>>(), &nothing))
        });
        let taps = taps.collect();
        let mut marks = Aligned::zeroed((1 + MARKS) * stride);
        marks[..hidden_bias.len()].copy_from_slice(hidden_bias);
        for (channel, row) in hidden.chunks_exact(columns).enumerate() {
            for (mark, &weight) in row[layers.len() * width..].iter().enumerate() {
                marks[(1 + mark) * stride + channel] = weight;
            }
        }
        let mut transposed = Aligned::zeroed(stride * OUTPUTS);
        let mut biases = [0.0; OUTPUTS];
        for (index, (row, &bias)) in output.chunks_exact(hidden_bias.len()).zip(output_bias).enumerate() {
            biases[index] = bias;
            row.iter().enumerate().for_each(|(channel, &weight)| transposed[channel * OUTPUTS + index] = weight);
        }
        Ok(Self { width, taps, marks, stride, output: transposed, output_bias: biases })
    }

    /// Whether it reads states of `width` floats behind no more than `layers` layers.
    pub fn fits(&self, width: usize, layers: usize) -> bool {
        self.width == width && self.taps.iter().all(|&(layer, _)| layer <= layers)
    }

    /// Whether the states behind the layer `layer` feed it.
    pub(crate) fn reads(&self, layer: usize) -> bool {
        self.taps.iter().any(|&(tap, _)| tap == layer)
    }

    /// Begins the hidden numbers of tokens with `marks`.
    pub(crate) fn begin(&self, marks: &[u16], hidden: &mut Aligned<f32>) {
        hidden.resize(marks.len().next_multiple_of(TOGETHER) * self.stride);
        let (bias, rows) = self.marks.split_at(self.stride);
        for (hidden, &marks) in hidden.chunks_exact_mut(self.stride).zip(marks) {
            hidden.copy_from_slice(bias);
            let there = rows.chunks_exact(self.stride).enumerate().filter(|(mark, _)| marks >> mark & 1 == 1);
            there.for_each(|(_, row)| hidden.iter_mut().zip(row).for_each(|(sum, x)| *sum += x));
        }
    }

    /// Adds what the states behind the layer `layer` give.
    pub(crate) fn add(&self, layer: usize, arch: Arch, kernel: Kernel, states: &Quantized, hidden: &mut [f32]) {
        for (_, linear) in self.taps.iter().filter(|&&(tap, _)| tap == layer) {
            linear.apply(arch, kernel, states, Then::Add, hidden);
        }
    }

    /// The outputs of as many tokens as `logits` holds; zero beyond those that the head has.
    pub(crate) fn finish(&self, arch: Arch, hidden: &[f32], logits: &mut [[f32; OUTPUTS]]) {
        arch.dispatch(Outputs { hidden, head: self, logits });
    }
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let layers: Vec<usize> = self.taps.iter().map(|(layer, _)| *layer).collect();
        f.debug_struct("Head").field("width", &self.width).field("layers", &layers).finish()
    }
}

// === impl Outputs ===

impl WithSimd for Outputs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Head { stride, output, output_bias, .. } = self.head;
        let (weights, _) = S::as_simd_f32s(output);
        let (biases, _) = S::as_simd_f32s(output_bias);
        let vectors = biases.len();
        let zero = simd.splat_f32s(0.0);
        let tokens = self.hidden.chunks_exact(TOGETHER * stride).zip(self.logits.chunks_mut(TOGETHER));
        for (hidden, logits) in tokens {
            for (vector, &bias) in biases.iter().enumerate() {
                let mut sums = [bias; TOGETHER];
                for (channel, &weight) in weights[vector..].iter().step_by(vectors).enumerate() {
                    for (token, sum) in sums.iter_mut().enumerate() {
                        let x = simd.max_f32s(simd.splat_f32s(hidden[token * stride + channel]), zero);
                        *sum = simd.mul_add_e_f32s(x, weight, *sum);
                    }
                }
                for (logits, sum) in logits.iter_mut().zip(sums) {
                    S::as_mut_simd_f32s(logits).0[vector] = sum;
                }
            }
        }
    }
}

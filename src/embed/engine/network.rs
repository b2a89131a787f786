//! A BERT encoder: embeddings, then layers of attention and feed-forward.

use half::slice::HalfFloatSliceExt;
use pulp::Arch;

use crate::aligned::Aligned;
use crate::attention::{Attend, Scratch};
use crate::head::{Head, OUTPUTS};
use crate::kernels::{Kernel, MAX_DEPTH};
use crate::linear::{Quantized, Then, padded};
use crate::rows::LayerNorm;
use crate::weights::{Embeddings, Layer, Norm, Tensors};

/// The sizes of a BERT encoder, as its `config.json` has them.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the names are the config's")]
pub struct Shape {
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub intermediate_size: usize,
    pub max_position_embeddings: usize,
    pub type_vocab_size: usize,
    pub layer_norm_eps: f32,
    pub hidden_act: Activation,
}

/// What stands between a feed-forward layer's two halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// The exact one, by the error function.
    Gelu,
    /// Its approximation by `tanh`.
    GeluTanh,
    /// `max(x, 0)`
    Relu,
}

/// What a sequence's last states become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// The first token's, which BERT's own tokenizers mark as `[CLS]`.
    First,
}

/// Why a network could not be built. `E` is the error of whoever gives its tensors.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum BuildError<E> {
    #[error("{0}")]
    Shape(&'static str),
    #[error(transparent)]
    Tensor(E),
    #[error("{name} holds {got} numbers, not {expected}")]
    Length { name: String, expected: usize, got: usize },
}

/// Why sequences could not be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum InputError {
    #[error("a sequence of {0} tokens")]
    Length(usize),
    #[error("token {0} is beyond the vocabulary")]
    Token(u32),
    #[error("the marks of {0} tokens, of which there are not as many")]
    Marks(usize),
    #[error("a head that was made for another network")]
    Head,
}

/// A BERT encoder whose linear layers are int8.
pub struct Network {
    shape: Shape,
    embeddings: Embeddings,
    layers: Vec<Layer>,
    pooling: Pooling,
    arch: Arch,
    kernel: Kernel,
}

/// Memory for one thread's [`Network::encode`]; grows to what the largest batch needed, and stays: some 20 KB a token.
#[derive(Default)]
pub struct Workspace {
    lengths: Vec<usize>,
    states: Aligned<f32>,
    projected: Aligned<f32>,
    context: Aligned<f32>,
    expanded: Aligned<f32>,
    quantized: Quantized,
    attention: Scratch,
    pooled: Vec<f32>,
    /// The head's hidden numbers.
    hidden: Aligned<f32>,
    logits: Vec<[f32; OUTPUTS]>,
}

/// What a batch became with a head beside the network.
#[derive(Debug, Clone, Copy)]
pub struct Tagged<'w> {
    /// As [`Network::encode`] gives it.
    pub pooled: &'w [f32],
    /// The head's outputs for every token, sequence after sequence; zero beyond those that it has.
    pub logits: &'w [[f32; OUTPUTS]],
}

/// A head, and the marks of every token, sequence after sequence.
#[derive(Clone, Copy)]
struct Tap<'a> {
    head: &'a Head,
    marks: &'a [u16],
}

/// Tokens whose feed-forward layer is run at once.
const PART: usize = 64;

// === impl Shape ===

impl Shape {
    fn check(&self) -> Result<(), &'static str> {
        let Self { vocab_size, hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, .. } = *self;
        let sizes = [vocab_size, hidden_size, num_hidden_layers, num_attention_heads, intermediate_size];
        if sizes.contains(&0) || self.max_position_embeddings == 0 || self.type_vocab_size == 0 {
            return Err("a size is zero");
        }
        if !hidden_size.is_multiple_of(num_attention_heads) {
            return Err("hidden_size is no multiple of num_attention_heads");
        }
        if hidden_size.max(intermediate_size) > MAX_DEPTH {
            return Err("a layer is too wide");
        }
        Ok(())
    }
}

// === impl Network ===

impl Network {
    /// Builds a network of f32 tensors, which `tensor` gives by their published names (without any `bert.` before), row
    /// after row; linear layers are `[outputs][inputs]`. It pools by the mean.
    pub fn build<E>(shape: Shape, mut tensor: impl FnMut(&str) -> Result<Vec<f32>, E>) -> Result<Self, BuildError<E>> {
        shape.check().map_err(BuildError::Shape)?;
        let mut tensors = Tensors { get: &mut tensor, hidden: shape.hidden_size };
        let embeddings = Embeddings::build(&shape, &mut tensors)?;
        let layers = (0..shape.num_hidden_layers).map(|index| Layer::build(&shape, index, &mut tensors));
        let layers = layers.collect::<Result<_, _>>()?;
        Ok(Self { shape, embeddings, layers, pooling: Pooling::Mean, arch: Arch::new(), kernel: Kernel::best() })
    }

    /// The same network on another kernel.
    pub fn with_kernel(self, kernel: Kernel) -> Self {
        Self { kernel, ..self }
    }

    /// The same network with another pooling.
    pub fn with_pooling(self, pooling: Pooling) -> Self {
        Self { pooling, ..self }
    }

    /// The kernel in use.
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }

    /// The sizes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Encodes `sequences` of token ids, each to what its tokens' last states are pooled to, by default their mean:
    /// `[sequences.len()][hidden_size]`. Each comes out the same to the last bit whatever else is in the batch. Nothing is
    /// allocated once the workspace has seen a batch as large.
    ///
    /// # Errors
    /// A sequence that is empty or longer than `max_position_embeddings`, or a token beyond the vocabulary; nothing has
    /// been computed then.
    pub fn encode<'w>(
        &self,
        sequences: &[impl AsRef<[u32]>],
        workspace: &'w mut Workspace,
    ) -> Result<&'w [f32], InputError> {
        self.forward(sequences, None, workspace)?;
        Ok(&workspace.pooled)
    }

    /// As [`Self::encode`], with what `head` makes of every token. `marks` has the bits of each token, sequence after
    /// sequence.
    ///
    /// # Errors
    /// As there, and a head that does not [fit](Head::fits) or another number of marks than of tokens.
    pub fn encode_with<'w>(
        &self,
        sequences: &[impl AsRef<[u32]>],
        head: &Head,
        marks: &[u16],
        workspace: &'w mut Workspace,
    ) -> Result<Tagged<'w>, InputError> {
        if !head.fits(self.shape.hidden_size, self.layers.len()) {
            return Err(InputError::Head);
        }
        if marks.len() != sequences.iter().map(|sequence| sequence.as_ref().len()).sum() {
            return Err(InputError::Marks(marks.len()));
        }
        self.forward(sequences, Some(Tap { head, marks }), workspace)?;
        Ok(Tagged { pooled: &workspace.pooled, logits: &workspace.logits })
    }

    fn forward(
        &self,
        sequences: &[impl AsRef<[u32]>],
        tap: Option<Tap<'_>>,
        workspace: &mut Workspace,
    ) -> Result<(), InputError> {
        self.check(sequences)?;
        let Workspace { lengths, states, hidden, .. } = workspace;
        lengths.clear();
        lengths.extend(sequences.iter().map(|sequence| sequence.as_ref().len()));
        let tokens = lengths.iter().sum::<usize>();
        let stride = padded(self.shape.hidden_size);
        states.resize(tokens * stride);
        if let Some(Tap { head, marks }) = tap {
            head.begin(marks, hidden);
        }
        self.embed(sequences, workspace);
        for (index, layer) in self.layers.iter().enumerate() {
            self.quantize(workspace);
            self.tap(index, tap, workspace);
            self.run(layer, tokens, workspace);
        }
        if tap.is_some_and(|Tap { head, .. }| head.reads(self.layers.len())) {
            self.quantize(workspace);
            self.tap(self.layers.len(), tap, workspace);
        }
        self.kernel.rest();
        self.pool(workspace);
        if let Some(Tap { head, .. }) = tap {
            workspace.logits.resize(tokens, [0.0; OUTPUTS]);
            head.finish(self.arch, &workspace.hidden, &mut workspace.logits);
        }
        Ok(())
    }

    /// Quantises the states, for the next layer and for the head.
    fn quantize(&self, Workspace { states, quantized, .. }: &mut Workspace) {
        quantized.fill(self.arch, self.kernel, states, padded(self.shape.hidden_size));
    }

    /// Hands the quantised states behind the layer `layer` to the head.
    fn tap(&self, layer: usize, tap: Option<Tap<'_>>, Workspace { quantized, hidden, .. }: &mut Workspace) {
        if let Some(Tap { head, .. }) = tap {
            head.add(layer, self.arch, self.kernel, quantized, hidden);
        }
    }

    fn check(&self, sequences: &[impl AsRef<[u32]>]) -> Result<(), InputError> {
        for sequence in sequences.iter().map(AsRef::as_ref) {
            if sequence.is_empty() || sequence.len() > self.shape.max_position_embeddings {
                return Err(InputError::Length(sequence.len()));
            }
            if let Some(&token) = sequence.iter().find(|&&token| token as usize >= self.shape.vocab_size) {
                return Err(InputError::Token(token));
            }
        }
        Ok(())
    }

    /// The first states of every token.
    fn embed(&self, sequences: &[impl AsRef<[u32]>], workspace: &mut Workspace) {
        let width = self.shape.hidden_size;
        let Workspace { states, context, .. } = workspace;
        // The positions come in by way of the norm's residual.
        context.resize(states.len());
        let rows = states.chunks_exact_mut(padded(width)).zip(context.chunks_exact_mut(padded(width)));
        let tokens = sequences.iter().flat_map(|sequence| sequence.as_ref().iter().enumerate());
        for ((position, &token), (state, context)) in tokens.zip(rows) {
            let word = &self.embeddings.words[token as usize * width..][..width];
            let (state, padding) = state.split_at_mut(width);
            word.convert_to_f32_slice(state);
            padding.fill(0.0);
            let (place, padding) = context.split_at_mut(width);
            place.copy_from_slice(&self.embeddings.positions[position * width..][..width]);
            padding.fill(0.0);
        }
        self.norm(&self.embeddings.norm, states, context);
    }

    /// Runs a layer on the states, which are quantised already.
    fn run(&self, layer: &Layer, tokens: usize, workspace: &mut Workspace) {
        self.attend(layer, tokens, workspace);
        // A part at a time, as what lies between the two halves is by far the widest of all.
        let Workspace { states, context, expanded, quantized, .. } = workspace;
        let stride = padded(self.shape.hidden_size);
        for (states, context) in states.chunks_mut(PART * stride).zip(context.chunks_mut(PART * stride)) {
            expanded.resize(states.len() / stride * layer.expansion.stride());
            quantized.fill(self.arch, self.kernel, states, stride);
            layer.expansion.apply(self.arch, self.kernel, quantized, Then::Activate(self.shape.hidden_act), expanded);
            quantized.fill(self.arch, self.kernel, expanded, layer.expansion.stride());
            layer.output.apply(self.arch, self.kernel, quantized, Then::Nothing, context);
            self.norm(&layer.output_norm, states, context);
        }
    }

    /// The first half of a layer: self-attention.
    fn attend(&self, layer: &Layer, tokens: usize, workspace: &mut Workspace) {
        let Workspace { lengths, states, projected, context, quantized, attention, .. } = workspace;
        let stride = padded(self.shape.hidden_size);
        projected.resize(tokens * layer.projection.stride());
        context.resize(tokens * stride);
        if stride > self.shape.hidden_size {
            // Attention writes no padding, and a row's range is taken over all of it.
            context.fill(0.0);
        }
        layer.projection.apply(self.arch, self.kernel, quantized, Then::Nothing, projected);
        self.arch.dispatch(Attend {
            projected,
            projected_stride: layer.projection.stride(),
            context,
            context_stride: stride,
            lengths,
            width: self.shape.hidden_size,
            heads: self.shape.num_attention_heads,
            kernel: self.kernel,
            scratch: attention,
        });
        quantized.fill(self.arch, self.kernel, context, stride);
        layer.attention_output.apply(self.arch, self.kernel, quantized, Then::Nothing, context);
        self.norm(&layer.attention_norm, states, context);
    }

    /// Adds `residual` to the states and normalises them.
    fn norm(&self, norm: &Norm, states: &mut [f32], residual: &[f32]) {
        let Norm { scale, shift } = norm;
        let (width, epsilon) = (self.shape.hidden_size, self.shape.layer_norm_eps);
        self.arch.dispatch(LayerNorm { states, residual, scale, shift, width, epsilon });
    }

    fn pool(&self, workspace: &mut Workspace) {
        let width = self.shape.hidden_size;
        let stride = padded(width);
        let Workspace { lengths, states, pooled, .. } = workspace;
        pooled.clear();
        let mut states = &states[..];
        for &length in &*lengths {
            let (sequence, rest) = states.split_at(length * stride);
            let taken = match self.pooling {
                Pooling::Mean => length,
                Pooling::First => 1,
            };
            let first = pooled.len();
            pooled.resize(first + width, 0.0);
            let mean = &mut pooled[first..];
            for row in sequence.chunks_exact(stride).take(taken) {
                mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            }
            mean.iter_mut().for_each(|sum| *sum /= taken as f32);
            states = rest;
        }
    }
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Network").field("shape", &self.shape).field("kernel", &self.kernel).finish()
    }
}

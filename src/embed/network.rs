//! The network itself: int8 by our own engine, or f32 by candle.

use std::iter;

use candle_core::{DType, Device};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{Config, HiddenAct};
use pointsman_engine::{Activation, BuildError, Network as Int8, Pooling, Shape, Tagged, Workspace};

use super::architecture::Architecture;
use super::candle::Candle;
use super::model::{EmbedError, Encoded, Tokens};
use super::tags::TokenHead;

/// How a network computes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// int8 weights and activations, summed in i32: cosines to f32 of 0.999 on average, in a tenth of the time. BERT
    /// only.
    #[default]
    Int8,
    /// candle's f32, the reference.
    F32,
}

/// An encoder of token ids.
pub(super) enum Network {
    Int8(Box<Int8>, Option<Box<TokenHead>>),
    F32(Box<Candle>, Pooling),
}

// === impl Network ===

impl Network {
    /// Reads `weights`, the bytes of a safetensors file (f16, bf16 or f32), and warns where what they describe can be
    /// computed in f32 only.
    pub(super) fn load(
        architecture: &Architecture,
        weights: Vec<u8>,
        precision: Precision,
        pooling: Pooling,
    ) -> candle_core::Result<Self> {
        let tensors = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)?;
        let is_bare = tensors.contains_tensor("embeddings.word_embeddings.weight");
        let tensors = if is_bare { tensors } else { tensors.pp(architecture.prefix()) };
        if precision == Precision::Int8 {
            match quantized(architecture, &tensors)? {
                Ok(network) => return Ok(Self::Int8(Box::new(network.with_pooling(pooling)), None)),
                Err(reason) => tracing::warn!(
                    "The embedding model is computed in f32, some fifteen times as slow as int8 and with up to four \
                     times its memory: {reason}"
                ),
            }
        }
        Ok(Self::F32(Box::new(Candle::load(architecture, tensors)?), pooling))
    }

    /// What computes, such as `int8 (avx512-vnni)`.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Int8(network, _) => format!("int8 ({})", network.kernel().name()),
            Self::F32(..) => "f32".into(),
        }
    }

    /// How exactly it computes.
    pub(super) fn precision(&self) -> &'static str {
        match self {
            Self::Int8(..) => "int8",
            Self::F32(..) => "f32",
        }
    }

    /// Sets the head beside it; false where the network passes none of the states that the head reads: those of another
    /// width or of layers that it has not, and all where it computes in f32.
    pub(super) fn set_head(&mut self, wanted: TokenHead) -> bool {
        let Self::Int8(network, head) = self else { return false };
        let fits = wanted.head().fits(network.shape().hidden_size, network.shape().num_hidden_layers);
        if fits {
            *head = Some(Box::new(wanted));
        }
        fits
    }

    /// The head beside it.
    pub(super) fn head(&self) -> Option<&TokenHead> {
        match self {
            Self::Int8(_, head) => head.as_deref(),
            Self::F32(..) => None,
        }
    }

    /// The direction of what each text's tokens are pooled to, and the spans of those that have marks.
    pub(super) fn encode(&self, batch: &[Tokens], workspace: &mut Workspace) -> Result<Vec<Encoded>, EmbedError> {
        match self {
            Self::Int8(network, Some(head)) if batch.iter().any(|tokens| !tokens.marks.is_empty()) => {
                tagged(network, head, batch, workspace)
            }
            Self::Int8(network, _) => network
                .encode(batch, workspace)?
                .chunks_exact(network.shape().hidden_size)
                .map(Encoded::towards)
                .collect(),
            Self::F32(network, pooling) => {
                batch.iter().map(|tokens| Encoded::towards(&network.encode(&tokens.ids, *pooling)?)).collect()
            }
        }
    }
}

/// A batch with spans for those that have marks.
fn tagged(
    network: &Int8,
    head: &TokenHead,
    batch: &[Tokens],
    workspace: &mut Workspace,
) -> Result<Vec<Encoded>, EmbedError> {
    let none = |tokens: &Tokens| iter::repeat_n(0, tokens.ids.len() - tokens.marks.len());
    let marks: Vec<u16> = batch.iter().flat_map(|tokens| tokens.marks.iter().copied().chain(none(tokens))).collect();
    let Tagged { pooled, logits: mut rest } = network.encode_with(batch, head.head(), &marks, workspace)?;
    let encoded = batch.iter().zip(pooled.chunks_exact(network.shape().hidden_size)).map(|(tokens, pooled)| {
        let logits = rest.split_off(..tokens.ids.len()).unwrap_or_default();
        let mut encoded = Encoded::towards(pooled)?;
        if !tokens.marks.is_empty() {
            encoded.spans = head.spans(logits, &tokens.offsets);
        }
        Ok(encoded)
    });
    encoded.collect()
}

/// The int8 network, or why there can be none.
fn quantized(architecture: &Architecture, tensors: &VarBuilder) -> candle_core::Result<Result<Int8, String>> {
    let Architecture::Bert(config) = architecture else {
        return Ok(Err(format!("int8 runs bert only, not {}", architecture.prefix())));
    };
    let tensor = |name: &str| tensors.get_unchecked(name)?.flatten_all()?.to_vec1::<f32>();
    match Int8::build(shape(config), tensor) {
        Ok(network) => Ok(Ok(network)),
        Err(BuildError::Shape(reason)) => Ok(Err(reason.into())),
        Err(BuildError::Tensor(error)) => Err(error),
        Err(error) => Err(candle_core::Error::Msg(error.to_string())),
    }
}

fn shape(config: &Config) -> Shape {
    Shape {
        vocab_size: config.vocab_size,
        hidden_size: config.hidden_size,
        num_hidden_layers: config.num_hidden_layers,
        num_attention_heads: config.num_attention_heads,
        intermediate_size: config.intermediate_size,
        max_position_embeddings: config.max_position_embeddings,
        type_vocab_size: config.type_vocab_size,
        layer_norm_eps: config.layer_norm_eps as f32,
        hidden_act: match config.hidden_act {
            HiddenAct::Gelu => Activation::Gelu,
            HiddenAct::GeluApproximate => Activation::GeluTanh,
            HiddenAct::Relu => Activation::Relu,
        },
    }
}

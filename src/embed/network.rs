//! The network itself: int8 by our own engine, or f32 by candle.

use candle_core::{DType, Device};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{Config, HiddenAct};
use pointsman_engine::{Activation, BuildError, Network as Int8, Pooling, Shape, Workspace};

use super::Embedding;
use super::architecture::Architecture;
use super::candle::Candle;
use super::model::{EmbedError, Tokens};

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
    Int8(Box<Int8>),
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
                Ok(network) => return Ok(Self::Int8(Box::new(network.with_pooling(pooling)))),
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
            Self::Int8(network) => format!("int8 ({})", network.kernel().name()),
            Self::F32(..) => "f32".into(),
        }
    }

    /// How exactly it computes.
    pub(super) fn precision(&self) -> &'static str {
        match self {
            Self::Int8(_) => "int8",
            Self::F32(..) => "f32",
        }
    }

    /// The direction of what each text's tokens are pooled to.
    pub(super) fn encode(&self, batch: &[Tokens], workspace: &mut Workspace) -> Result<Vec<Embedding>, EmbedError> {
        let towards = |pooled: Vec<f32>| Embedding::towards(pooled).ok_or(EmbedError::NoDirection);
        match self {
            Self::Int8(network) => {
                let pooled = network.encode(batch, workspace)?;
                pooled.chunks_exact(network.shape().hidden_size).map(|pooled| towards(pooled.to_vec())).collect()
            }
            Self::F32(network, pooling) => {
                batch.iter().map(|tokens| towards(network.encode(&tokens.ids, *pooling)?)).collect()
            }
        }
    }
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

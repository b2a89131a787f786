//! The network itself: int8 by our own engine, or f32 by candle.

use candle_core::{DType, Device, Tensor, safetensors};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config, HiddenAct};
use pointsman_engine::{Activation, BuildError, Network as Int8, Shape, Workspace};

use super::Embedding;
use super::model::{EmbedError, Tokens};

/// How a network computes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// int8 weights and activations, summed in i32: cosines to f32 of 0.999 on average, in a tenth of the time.
    #[default]
    Int8,
    /// candle's f32, the reference.
    F32,
}

/// A BERT encoder.
pub(super) enum Network {
    Int8(Box<Int8>),
    F32(Box<BertModel>),
}

// === impl Network ===

impl Network {
    /// Reads `weights`, the bytes of a safetensors file (f16, bf16 or f32).
    pub(super) fn load(config: &Config, weights: Vec<u8>, precision: Precision) -> candle_core::Result<Self> {
        match precision {
            Precision::Int8 => Ok(Self::Int8(Box::new(quantized(config, &weights)?))),
            Precision::F32 => {
                let tensors = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)?;
                Ok(Self::F32(Box::new(BertModel::load(tensors, config)?)))
            }
        }
    }

    /// What computes, such as `int8 (avx512-vnni)`.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Int8(network) => format!("int8 ({})", network.kernel().name()),
            Self::F32(_) => "f32".into(),
        }
    }

    /// The direction of the mean over each text's tokens.
    pub(super) fn encode(&self, batch: &[Tokens], workspace: &mut Workspace) -> Result<Vec<Embedding>, EmbedError> {
        let towards = |mean: Vec<f32>| Embedding::towards(mean).ok_or(EmbedError::NoDirection);
        match self {
            Self::Int8(network) => {
                let means = network.encode(batch, workspace)?;
                means.chunks_exact(network.shape().hidden_size).map(|mean| towards(mean.to_vec())).collect()
            }
            Self::F32(network) => batch.iter().map(|tokens| towards(mean(network, &tokens.ids)?)).collect(),
        }
    }
}

/// The mean over a text's tokens, by candle.
fn mean(network: &BertModel, ids: &[u32]) -> candle_core::Result<Vec<f32>> {
    let ids = Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?;
    let hidden = network.forward(&ids, &ids.zeros_like()?, None)?;
    hidden.squeeze(0)?.mean(0)?.to_vec1::<f32>()
}

/// The int8 network of published weights, with or without a `bert.` before their names.
fn quantized(config: &Config, weights: &[u8]) -> candle_core::Result<Int8> {
    let tensors = safetensors::SliceSafetensors::new(weights)?;
    let prefix = match &config.model_type {
        Some(of) if tensors.get("embeddings.word_embeddings.weight").is_err() => format!("{of}."),
        _ => String::new(),
    };
    let tensor = |name: &str| {
        let tensor = tensors.load(&format!("{prefix}{name}"), &Device::Cpu)?;
        tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()
    };
    Int8::build(shape(config), tensor).map_err(|error| match error {
        BuildError::Tensor(error) => error,
        error => candle_core::Error::Msg(error.to_string()),
    })
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

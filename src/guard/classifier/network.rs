//! A backbone of candle's with a head of ours.
//!
//! candle's own classifiers are not used: it has none for BERT, none for ModernBERT's tokens, and its DeBERTa for tokens
//! leaves out the classifier's bias.

use candle_core::{Device, Result, Tensor, bail};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::BertModel;
use candle_transformers::models::debertav2::DebertaV2Model;
use candle_transformers::models::modernbert::{self, ModernBert};

use super::config::{Architecture, Task};
use super::head::{Head, Nonlinearity, Pooling, Transform};
use super::weights::Weights;

/// A classifier of token ids.
pub(super) struct Network {
    backbone: Backbone,
    head: Head,
}

enum Backbone {
    Bert(BertModel),
    ModernBert(ModernBert),
    DeBerta(Box<DebertaV2Model>),
}

// === impl Network ===

impl Network {
    /// Reads `bytes`, those of a safetensors file, for states of `width` floats and `labels` labels.
    pub(super) fn load(
        architecture: &Architecture,
        task: Task,
        width: usize,
        labels: usize,
        bytes: Vec<u8>,
    ) -> Result<Self> {
        let weights = Weights::new(bytes)?;
        let tensors = weights.tensors();
        let backbone = Backbone::load(architecture, &tensors)?;
        let pooling = match task {
            Task::Sequence => architecture.pooling(),
            Task::Token => Pooling::Each,
        };
        let head = Head::load(&tensors, width, labels, pooling, transform(architecture, task, &tensors, width)?)?;
        weights.check_all_read(architecture.rooms())?;
        Ok(Self { backbone, head })
    }

    /// The labels' probabilities: of all of `ids` together, or of each of them.
    pub(super) fn probabilities(&self, ids: &[u32]) -> Result<Vec<Vec<f32>>> {
        let ids = Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?;
        self.head.probabilities(&self.backbone.states(&ids)?)
    }
}

/// What lies between the backbone and the classifier.
fn transform(architecture: &Architecture, task: Task, tensors: &VarBuilder, width: usize) -> Result<Option<Transform>> {
    Ok(match (architecture, task) {
        (Architecture::Bert(_), Task::Sequence) => {
            Some(Transform::pooler(&tensors.pp("bert.pooler"), width, Nonlinearity::Tanh)?)
        }
        (Architecture::DeBerta { pooler, .. }, Task::Sequence) => {
            Some(Transform::pooler(&tensors.pp("pooler"), width, Nonlinearity::Other(*pooler))?)
        }
        (Architecture::ModernBert { config, head, has_head_bias, .. }, _) => {
            let (function, epsilon) = (Nonlinearity::Other(*head), config.layer_norm_eps);
            Some(Transform::prediction(&tensors.pp("head"), width, function, *has_head_bias, epsilon)?)
        }
        (Architecture::Bert(_) | Architecture::DeBerta { .. }, Task::Token) => None,
    })
}

// === impl Backbone ===

impl Backbone {
    fn load(architecture: &Architecture, tensors: &VarBuilder) -> Result<Self> {
        Ok(match architecture {
            Architecture::Bert(config) => Self::Bert(BertModel::load(tensors.pp("bert"), config)?),
            Architecture::DeBerta { config, .. } => {
                Self::DeBerta(Box::new(DebertaV2Model::load(tensors.pp("deberta"), config)?))
            }
            Architecture::ModernBert { config, .. } => {
                check_norms(config, tensors)?;
                Self::ModernBert(ModernBert::load(tensors.clone(), config)?)
            }
        })
    }

    /// The last states, `[1][tokens][width]`, of `ids`, `[1][tokens]`. One text at a time needs no padding, and so all
    /// masks are of ones.
    fn states(&self, ids: &Tensor) -> Result<Tensor> {
        match self {
            Self::Bert(network) => network.forward(ids, &ids.zeros_like()?, None),
            Self::ModernBert(network) => network.forward(ids, &ids.ones_like()?),
            Self::DeBerta(network) => network.forward(ids, None, None),
        }
    }
}

/// candle takes any layer's norm before attention for optional; the first has none, all others have.
fn check_norms(config: &modernbert::Config, tensors: &VarBuilder) -> Result<()> {
    let name = |layer: usize| format!("model.layers.{layer}.attn_norm.weight");
    if tensors.contains_tensor(&name(0)) {
        bail!("it holds {}, and a modernbert has none", name(0));
    }
    for layer in 1..config.num_hidden_layers {
        tensors.get(config.hidden_size, &name(layer))?;
    }
    Ok(())
}

//! f32 by candle: the reference, and for architectures that the engine does not run.

use candle_core::{Device, Result, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::BertModel;
use candle_transformers::models::distilbert::DistilBertModel;
use candle_transformers::models::xlm_roberta::XLMRobertaModel;
use pointsman_engine::Pooling;

use super::architecture::Architecture;

/// A network that candle runs.
pub(super) enum Candle {
    Bert(BertModel),
    /// With GELU approximated by `tanh`, which costs less than 10⁻⁶ of the cosine.
    DistilBert(DistilBertModel),
    Roberta(XLMRobertaModel),
}

// === impl Candle ===

impl Candle {
    pub(super) fn load(architecture: &Architecture, tensors: VarBuilder) -> Result<Self> {
        Ok(match architecture {
            Architecture::Bert(config) => Self::Bert(BertModel::load(tensors, config)?),
            Architecture::DistilBert(config) => Self::DistilBert(DistilBertModel::load(tensors, config)?),
            Architecture::Roberta(config) => Self::Roberta(XLMRobertaModel::new(config, tensors)?),
        })
    }

    /// One vector for a text.
    pub(super) fn encode(&self, ids: &[u32], pooling: Pooling) -> Result<Vec<f32>> {
        let states = self.states(&Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?)?.squeeze(0)?;
        let pooled = match pooling {
            Pooling::Mean => states.mean(0)?,
            Pooling::First => states.get(0)?,
        };
        pooled.to_vec1()
    }

    /// The last states, `[1][tokens][dimensions]`, of `ids`, `[1][tokens]`. Every token sees every other.
    fn states(&self, ids: &Tensor) -> Result<Tensor> {
        let zeros = ids.zeros_like()?;
        match self {
            Self::Bert(network) => network.forward(ids, &zeros, None),
            // Its mask tells what is hidden; the others' tells what is seen.
            Self::DistilBert(network) => network.forward(ids, &zeros),
            Self::Roberta(network) => network.forward(ids, &ids.ones_like()?, &zeros, None, None, None),
        }
    }
}

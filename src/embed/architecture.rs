//! What a model is made of, as its `config.json` says.

use candle_transformers::models::{bert, distilbert, xlm_roberta};
use serde::Deserialize;
use serde_json::{Map, Value};

/// A model as it was published.
pub(super) struct Description {
    pub(super) architecture: Architecture,
    /// Floats of each token's state.
    pub(super) dimensions: usize,
    /// Tokens that it has positions for.
    pub(super) positions: usize,
}

/// The kinds of models that can be run.
pub(super) enum Architecture {
    Bert(bert::Config),
    DistilBert(distilbert::Config),
    /// RoBERTa and XLM-RoBERTa, which differ in their tokenizers only.
    Roberta(xlm_roberta::Config),
}

/// Why no model can be made of a `config.json`.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum DescriptionError {
    #[error("its model_type is {0}, and those that run are bert, distilbert, roberta and xlm-roberta")]
    Unknown(Value),
    #[error(transparent)]
    Invalid(#[from] serde_json::Error),
}

/// What every `config.json` says.
#[derive(Deserialize)]
struct Sizes {
    #[serde(alias = "dim")]
    hidden_size: usize,
    max_position_embeddings: usize,
    /// Others have it, but count their positions from 0 on.
    #[serde(default)]
    pad_token_id: usize,
    /// Fails for any but those that are trained.
    #[serde(default, rename = "position_embedding_type")]
    _positions: bert::PositionEmbeddingType,
}

// === impl Description ===

impl Description {
    pub(super) fn parse(config: &[u8]) -> Result<Self, DescriptionError> {
        let mut config: Map<String, Value> = serde_json::from_slice(config)?;
        // Not every file has what candle asks for; the numbers matter in training only.
        config.entry("position_embedding_type").or_insert("absolute".into());
        for key in ["initializer_range", "hidden_dropout_prob", "attention_probs_dropout_prob"] {
            config.entry(key).or_insert(0.into());
        }
        let model_type = config.get("model_type").cloned().unwrap_or("bert".into());
        let config = Value::Object(config);
        let architecture = match model_type.as_str() {
            Some("bert") => Architecture::Bert(bert::Config::deserialize(&config)?),
            Some("distilbert") => Architecture::DistilBert(distilbert::Config::deserialize(&config)?),
            Some("roberta" | "xlm-roberta") => Architecture::Roberta(xlm_roberta::Config::deserialize(&config)?),
            _ => return Err(DescriptionError::Unknown(model_type)),
        };
        let Sizes { hidden_size: dimensions, max_position_embeddings: positions, pad_token_id, .. } =
            Sizes::deserialize(&config)?;
        let unused = match architecture {
            // A text's first token has the position behind the pad's.
            Architecture::Roberta(_) => pad_token_id + 1,
            Architecture::Bert(_) | Architecture::DistilBert(_) => 0,
        };
        Ok(Self { architecture, dimensions, positions: positions.saturating_sub(unused) })
    }
}

// === impl Architecture ===

impl Architecture {
    /// What stands before its tensors' names where it was published with a head for some task.
    pub(super) fn prefix(&self) -> &'static str {
        match self {
            Self::Bert(_) => "bert",
            Self::DistilBert(_) => "distilbert",
            Self::Roberta(_) => "roberta",
        }
    }
}

//! What a classifier is made of, as its `config.json` says, and what of that candle computes as PyTorch does.

mod modernbert;

use candle_nn::Activation;
use candle_transformers::models::{bert, debertav2, modernbert as candle_modernbert};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::head::Pooling;

type Object = Map<String, Value>;

/// A classifier as it was published.
pub(super) struct Description {
    pub(super) architecture: Architecture,
    /// The labels' names, in the order of their probabilities; at least two.
    pub(super) labels: Vec<String>,
    pub(super) size: Size,
}

/// What is classified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// A text as a whole.
    Sequence,
    /// Each of its tokens.
    Token,
}

/// The kinds of models that can be run.
pub(super) enum Architecture {
    Bert(bert::Config),
    ModernBert {
        config: Box<candle_modernbert::Config>,
        pooling: Pooling,
        /// What its head computes between two layers, and whether the first of them has a bias.
        head: Activation,
        has_head_bias: bool,
    },
    /// DeBERTa-v2 and v3, which differ in their settings only.
    DeBerta {
        config: Box<debertav2::Config>,
        /// What the head for sequences computes.
        pooler: Activation,
    },
}

/// Sizes that all of them have.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Size {
    /// Floats of each token's state.
    #[serde(rename = "hidden_size")]
    pub(super) width: usize,
    /// Tokens that it has positions for.
    #[serde(rename = "max_position_embeddings")]
    pub(super) positions: usize,
    /// Tokens that it knows.
    #[serde(rename = "vocab_size")]
    pub(super) vocabulary: usize,
    #[serde(rename = "num_attention_heads")]
    heads: usize,
}

/// Why no classifier can be made of a `config.json`.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ConfigError {
    #[error(transparent)]
    Invalid(#[from] serde_json::Error),
    #[error("its model_type is {0}, and those that run are bert, modernbert and deberta-v2")]
    Unknown(Value),
    #[error("its architectures are {found}, and what is needed is one {needed}")]
    Task { found: Value, needed: &'static str },
    #[error("its id2label does not name the labels 0, 1 and so on, at least two of them")]
    Labels,
    #[error("its {key} is {value}, and what can be computed is {possible}")]
    Unsupported { key: String, value: Value, possible: String },
}

// === impl Description ===

impl Description {
    pub(super) fn parse(config: &[u8], task: Task) -> Result<Self, ConfigError> {
        let mut config: Object = serde_json::from_slice(config)?;
        config.retain(|_, value| !value.is_null());
        let labels = labels(&mut config)?;
        task.check(&config)?;
        demand(&config, "problem_type", &["single_label_classification".into()])?;
        let size = Size::deserialize(&Value::Object(config.clone()))?;
        if size.heads == 0 || size.width % size.heads != 0 {
            let possible = format!("a divisor of the hidden_size, {}", size.width);
            return Err(unsupported("num_attention_heads", &size.heads.into(), possible));
        }
        // The numbers matter in training only, but candle asks for them.
        for key in ["initializer_range", "hidden_dropout_prob", "attention_probs_dropout_prob"] {
            config.entry(key).or_insert(0.into());
        }
        let model_type = config.get("model_type").cloned().unwrap_or_default();
        let architecture = match model_type.as_str() {
            Some("bert") => bert_of(config)?,
            Some("modernbert") => modernbert::parse(config)?,
            Some("deberta-v2") => deberta_of(config)?,
            _ => return Err(ConfigError::Unknown(model_type)),
        };
        Ok(Self { architecture, labels, size })
    }
}

// === impl Task ===

impl Task {
    /// Heads differ less than what they were trained for: it is said by the class's name.
    fn check(self, config: &Object) -> Result<(), ConfigError> {
        let needed = match self {
            Self::Sequence => "ForSequenceClassification",
            Self::Token => "ForTokenClassification",
        };
        match config.get("architectures") {
            Some(found) => {
                let is_needed = |name: &Value| name.as_str().is_some_and(|name| name.ends_with(needed));
                let fits = found.as_array().is_some_and(|names| names.iter().any(is_needed));
                if fits { Ok(()) } else { Err(ConfigError::Task { found: found.clone(), needed }) }
            }
            None => Ok(()),
        }
    }
}

// === impl Architecture ===

impl Architecture {
    /// The state, or states, of which its head for sequences judges.
    pub(super) fn pooling(&self) -> Pooling {
        match self {
            Self::Bert(_) | Self::DeBerta { .. } => Pooling::First,
            Self::ModernBert { pooling, .. } => *pooling,
        }
    }

    /// What the names of its tensors begin with.
    pub(super) fn rooms(&self) -> &'static [&'static str] {
        match self {
            Self::Bert(_) => &["bert", "classifier"],
            Self::ModernBert { .. } => &["model", "head", "classifier"],
            Self::DeBerta { .. } => &["deberta", "classifier"],
        }
    }
}

fn bert_of(mut config: Object) -> Result<Architecture, ConfigError> {
    demand(&config, "is_decoder", &[false.into()])?;
    demand(&config, "position_embedding_type", &["absolute".into()])?;
    for (key, value) in [("layer_norm_eps", 1e-12.into()), ("type_vocab_size", 2.into()), ("pad_token_id", 0.into())] {
        config.entry(key).or_insert(value);
    }
    rename_activation(&mut config);
    Ok(Architecture::Bert(bert::Config::deserialize(Value::Object(config))?))
}

fn deberta_of(mut config: Object) -> Result<Architecture, ConfigError> {
    let size = config.get("hidden_size").cloned().unwrap_or_default();
    demand(&config, "pooler_hidden_size", &[size])?;
    // candle panics at its convolution.
    demand(&config, "conv_kernel_size", &[0.into()])?;
    let defaults: [(&str, Value); 6] = [
        ("layer_norm_eps", 1e-7.into()),
        ("type_vocab_size", 0.into()),
        ("relative_attention", false.into()),
        ("max_relative_positions", (-1).into()),
        ("position_biased_input", true.into()),
        ("pos_att_type", "".into()),
    ];
    for (key, value) in defaults {
        config.entry(key).or_insert(value);
    }
    let parts = |value: &Value| -> Vec<String> {
        value.as_str().unwrap_or_default().to_lowercase().split('|').map(|part| part.trim().into()).collect()
    };
    if let Some(kinds) = config.get_mut("pos_att_type").filter(|kinds| kinds.is_string()) {
        *kinds = parts(kinds).into();
    }
    // candle takes no list of several.
    if let Some(norm) = config.get_mut("norm_rel_ebd") {
        let has_norm = parts(norm).iter().any(|part| part == "layer_norm");
        *norm = if has_norm { "layer_norm" } else { "none" }.into();
    }
    rename_activation(&mut config);
    let pooler = activation(config.remove("pooler_hidden_act"))?;
    Ok(Architecture::DeBerta { config: Box::new(debertav2::Config::deserialize(Value::Object(config))?), pooler })
}

/// The names in `id2label`, which is taken out: candle reads it in ways of its own.
fn labels(config: &mut Object) -> Result<Vec<String>, ConfigError> {
    config.remove("label2id");
    let Some(Value::Object(names)) = config.remove("id2label") else { return Err(ConfigError::Labels) };
    let name = |id: usize| names.get(&id.to_string()).and_then(Value::as_str).map(String::from);
    let labels: Option<Vec<String>> = (0..names.len()).map(name).collect();
    labels.filter(|labels| labels.len() > 1).ok_or(ConfigError::Labels)
}

/// What `transformers` calls a function, as candle's enum of it has it.
fn rename_activation(config: &mut Object) {
    let name = config.entry("hidden_act").or_insert("gelu".into());
    if matches!(name.as_str(), Some("gelu_new" | "gelu_pytorch_tanh")) {
        *name = "geluapproximate".into();
    }
}

/// The function of that name, GELU where there is none.
fn activation(name: Option<Value>) -> Result<Activation, ConfigError> {
    Ok(name.map(Activation::deserialize).transpose()?.unwrap_or(Activation::Gelu))
}

/// An error where `key` is there and none of `possible`.
fn demand(config: &Object, key: &str, possible: &[Value]) -> Result<(), ConfigError> {
    match config.get(key) {
        Some(value) if !possible.contains(value) => {
            let possible: Vec<_> = possible.iter().map(Value::to_string).collect();
            Err(unsupported(key, value, possible.join(" or ")))
        }
        _ => Ok(()),
    }
}

fn unsupported(key: &str, value: &Value, possible: String) -> ConfigError {
    ConfigError::Unsupported { key: key.into(), value: value.clone(), possible }
}

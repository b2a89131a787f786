//! Signals that need a name or examples of their own before a route's `when` can ask for them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_yaml::Value;

use crate::config::units::Span;

/// What routes' rules may name.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Signals {
    /// Lists of keywords by name, each as it may stand in a rule.
    pub keywords: BTreeMap<String, Value>,
    /// What complexity is measured by.
    pub complexity: Option<Complexity>,
    /// Sequence classifiers by name.
    pub classifiers: BTreeMap<String, SignalClassifier>,
}

/// Examples that a prompt is compared with.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Complexity {
    /// Prompts that any model can answer.
    pub easy: Vec<String>,
    /// Prompts that take a strong one.
    pub hard: Vec<String>,
}

/// A sequence classifier of the operator's own.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct SignalClassifier {
    /// The folder with its model, or its name on the Hub.
    pub model: PathBuf,
    /// How long a prompt may wait and be read; as `embedding.timeout` where nothing is said.
    #[serde(default)]
    pub timeout: Option<Span>,
}

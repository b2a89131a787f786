//! The guardrails as a person types them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::units::Span;

/// The guardrails.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Guardrails {
    /// Look for attempts to override the model's instructions.
    pub jailbreak_detection: bool,
    /// Keep personal data from the models.
    pub pii_masking: bool,
    /// What becomes of a request that a guardrail cannot judge.
    pub on_error: OnError,
    /// Parts of a request's texts that the encoder reads, of some 768 bytes each.
    pub max_windows: usize,
    /// How long reading them may take.
    pub timeout: Span,
    /// What becomes of images, sound, video and files, which no guardrail reads.
    pub media: Media,
    /// How attempts to override instructions are told, and what becomes of them.
    pub jailbreak: Jailbreak,
    /// What personal data is looked for, and what becomes of it.
    pub pii: Pii,
}

/// What becomes of a request that a guardrail cannot judge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum OnError {
    #[default]
    Block,
    Allow,
}

/// What becomes of what no guardrail reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Media {
    #[default]
    Allow,
    Block,
}

/// How attempts to override instructions are told, and what becomes of them.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Jailbreak {
    /// What becomes of a request that is one.
    pub action: Action,
    /// Who serves it, for `action: route`.
    pub backend: Option<String>,
    /// The share of ordinary prompts that may be taken for attacks; or
    pub false_alarm_rate: Option<f32>,
    /// the least score, 0 to 1, that counts.
    pub threshold: Option<f32>,
    /// Whose texts are judged.
    pub roles: Vec<Role>,
    /// Phrases that are no evidence.
    pub allow: Vec<String>,
    /// A folder with a sequence classifier to judge in place of the shipped one.
    pub model: Option<PathBuf>,
    /// Which of its labels mean an attack, where their names do not say it.
    pub attack_labels: Vec<String>,
}

/// What becomes of an attempt to override instructions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A 400 answers it.
    #[default]
    Block,
    /// It is served, and its answer and the metrics tell.
    Flag,
    /// Another backend serves it.
    Route,
}

/// What a route does otherwise than the guardrails' own settings say. What is off there it cannot switch on: the request has
/// been looked through by then.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct RouteGuardrails {
    /// Whether attempts to override instructions are refused or told.
    pub jailbreak_detection: Option<bool>,
    /// Whether personal data is kept from the route's models.
    pub pii_masking: Option<bool>,
    /// What is too much, and what becomes of it.
    pub jailbreak: RouteJailbreak,
}

/// What a route makes of attempts to override instructions.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct RouteJailbreak {
    /// What becomes of a request that is one.
    pub action: Option<RouteAction>,
    /// The least score, 0 to 1, that counts.
    pub threshold: Option<f32>,
}

/// What becomes of an attempt to override instructions on a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RouteAction {
    /// A 400 answers it.
    Block,
    /// It is served, and its answer and the metrics tell.
    Flag,
}

/// Who says a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Role {
    System,
    User,
    Assistant,
    Tool,
    Document,
    Definition,
}

/// What personal data is looked for, and what becomes of it.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Pii {
    /// The kinds, by name; `default` and `all` stand for many.
    pub entities: Vec<String>,
    /// What becomes of them.
    pub operator: Operator,
    /// What becomes of some of them.
    pub operators: Vec<EntityOperator>,
    /// The least score, 0 to 1, that counts.
    pub min_score: f32,
    /// Values that are nobody's data.
    pub allow: Vec<String>,
    /// Kinds of the operator's own.
    pub recognizers: Vec<PiiRecognizer>,
    /// Whether what a model makes up is kept from clients, too.
    pub responses: bool,
    /// Bytes of a stream that may wait for that.
    pub hold_back: usize,
    /// The environment variable that holds the key which placeholders and hashes are made with; or
    pub key_env: Option<String>,
    /// the file that does.
    pub key_file: Option<PathBuf>,
    /// A folder with a token classifier to find names in place of the shipped one.
    pub model: Option<PathBuf>,
    /// What its labels mean, where their names do not say it.
    pub labels: Vec<PiiLabel>,
}

/// What becomes of personal data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Operator {
    /// A placeholder takes its place, and gives it back in the answer.
    #[default]
    Mask,
    /// Its kind takes its place.
    Redact,
    /// A keyed hash takes its place.
    Hash,
    /// A 400 answers the request.
    Block,
}

/// What becomes of one kind of personal data.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct EntityOperator {
    /// The kind.
    pub entity: String,
    /// What becomes of it.
    pub operator: Operator,
}

/// A kind of personal data of the operator's own.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct PiiRecognizer {
    /// Its name, in capitals.
    pub name: String,
    /// What it looks like, as a regular expression without look-around.
    pub pattern: String,
    /// How sure a match is, 0 to 1.
    #[serde(default = "crate::config::defaults::recognizer_score")]
    pub score: f32,
    /// Words that make a match certain where they stand near.
    #[serde(default)]
    pub context: Vec<String>,
    /// A checksum that a match must have.
    #[serde(default)]
    pub validate: Option<Checksum>,
}

/// Checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Checksum {
    Luhn,
    Mod97,
}

/// What a token classifier's label means.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct PiiLabel {
    /// The label, without `B-` or `I-`.
    pub label: String,
    /// The kind of personal data; `O` for none.
    pub entity: String,
}

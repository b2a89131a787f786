//! What the guardrails are told to do, compiled.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use super::finding::Entity;
use crate::intake::Role;

/// What the guardrails do.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How attempts to override instructions are judged; none where they are not.
    pub jailbreak: Option<Jailbreak>,
    /// What personal data is kept from the models; none where none is.
    pub pii: Option<Pii>,
    /// Whether what cannot be judged passes.
    pub lets_pass: bool,
    /// Whether images, sound, video and files pass, which no guardrail reads.
    pub lets_media_pass: bool,
    /// Parts of a request's texts that the encoder reads at most.
    pub max_windows: usize,
    /// How long that may take.
    pub timeout: Duration,
}

/// What a route has judged otherwise than the settings have it. What they do not look for it cannot ask for: the request has
/// been looked through when its route is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overrides {
    /// Whether attempts to override instructions are judged.
    pub jailbreak: bool,
    /// Whether personal data is kept from the models.
    pub pii: bool,
    /// What becomes of attempts, where that differs.
    pub action: Option<Action>,
    /// From which score on a request is one, where that differs.
    pub threshold: Option<f32>,
}

/// How attempts to override instructions are judged, and what becomes of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Jailbreak {
    /// What becomes of them.
    pub action: Action,
    /// What is too much.
    pub limit: Limit,
    /// Whose texts are judged.
    pub roles: Vec<Role>,
    /// Phrases that are no evidence.
    pub allow: Vec<String>,
}

/// What becomes of an attempt to override instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is refused.
    Block,
    /// It is served, and told.
    Flag,
    /// This backend serves it, an index into the config's.
    Route(usize),
}

/// What is too much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// What so small a share of ordinary prompts reaches.
    FalseAlarms(f32),
    /// A score, 0 to 1.
    Score(f32),
}

/// What personal data is kept from the models, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Pii {
    /// What becomes of each kind that is looked for.
    pub operators: HashMap<Entity, Operator>,
    /// The least score that counts.
    pub min_score: f32,
    /// Values that are nobody's data.
    pub allow: Vec<String>,
    /// Kinds of the operator's own.
    pub recognizers: Vec<super::pii::Custom>,
    /// Whether what a model makes up is kept from clients, too.
    pub responses: bool,
    /// Bytes of a stream that may wait for that.
    pub hold_back: usize,
    /// What placeholders and hashes are made with.
    pub key: Key,
}

/// What becomes of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// A placeholder takes its place, and gives it back in the answer.
    Mask,
    /// Its kind takes its place.
    Redact,
    /// A keyed hash takes its place.
    Hash,
    /// The request is refused.
    Block,
}

/// A secret key of 256 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(pub [u8; 32]);

// === impl Overrides ===

impl Overrides {
    /// Whether anything may pass that would not elsewhere.
    pub fn lets_more_pass(&self) -> bool {
        !self.jailbreak || !self.pii || self.threshold.is_some() || self.action.is_some_and(|it| it != Action::Block)
    }
}

impl Default for Overrides {
    fn default() -> Self {
        Self { jailbreak: true, pii: true, action: None, threshold: None }
    }
}

// === impl Operator ===

impl Operator {
    /// Its name in the config and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mask => "mask",
            Self::Redact => "redact",
            Self::Hash => "hash",
            Self::Block => "block",
        }
    }
}

// === impl Key ===

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

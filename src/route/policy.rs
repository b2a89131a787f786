//! What a route says of its requests beyond where they go first.

use std::sync::Arc;

use super::action::BodyActions;
use super::action::arms::Arms;
use super::action::headers::Headers;
use super::action::mirror::Sampler;
use super::action::respond::Respond;
use crate::guard::settings::Overrides;

/// What a route says of its requests beyond where they go first.
#[derive(Debug, Default)]
pub struct Policy {
    /// The route's name.
    pub name: Arc<str>,
    /// Who serves where those before cannot, as indices into the backends.
    pub fallbacks: Vec<usize>,
    /// Which of the backends a conversation goes to first, where each has its share; the others are its fallbacks.
    pub arms: Option<Arms>,
    /// How soon they are served where some must wait: lower is sooner.
    pub priority: i32,
    /// What becomes of the body; none where nothing does.
    pub body: Option<Arc<BodyActions>>,
    /// What tells answers to this body from those to others, in the cache; none where nothing becomes of it.
    pub fingerprint: Option<u64>,
    /// What becomes of the head.
    pub headers: Headers,
    /// Who gets copies.
    pub mirror: Option<Mirror>,
    /// The answer, where no backend is asked for one.
    pub respond: Option<Respond>,
    /// What is judged otherwise than the guardrails' own settings have it.
    pub guard: Overrides,
}

/// Another backend that gets copies.
#[derive(Debug)]
pub struct Mirror {
    /// Its index.
    pub backend: usize,
    /// Which requests are copied.
    pub sampler: Sampler,
}

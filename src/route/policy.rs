//! What a route says of its requests beyond where they go first.

use std::sync::Arc;

use http::HeaderName;

use super::action::BodyActions;
use super::action::arms::Arms;
use super::action::headers::Headers;
use super::action::mirror::Sampler;
use super::action::reasoning::{Family, Outcome, Reasoning};
use super::action::respond::Respond;
use crate::guard::settings::Overrides;
use crate::hash::hash;

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

// === impl Policy ===

impl Policy {
    /// Whether no backend is asked.
    pub fn answers_itself(&self) -> bool {
        self.respond.is_some()
    }

    /// What tells answers to what a model of this `family` gets, and was `told` of reasoning, from those to others, in the cache;
    /// none where the route changes nothing.
    pub fn fingerprint(&self, family: Option<&Family>, told: Option<Outcome>) -> Option<u64> {
        if self.body.is_none() && self.headers.is_empty() {
            return None;
        }
        let reasoning = self.body.as_ref().and_then(|body| body.reasoning.as_ref());
        let family = reasoning.map(|_| format!("{family:?}"));
        // Only of `auto` the settings do not tell it.
        let told = told.filter(|_| reasoning.is_some_and(Reasoning::is_auto)).map(|told| format!("{told:?}"));
        let headers = self.headers.set.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let removed = self.headers.removed.iter().map(HeaderName::as_str);
        let head: (Vec<_>, Vec<_>) = (headers.collect(), removed.collect());
        Some(hash(&(self.body.as_ref().map(|body| body.fingerprint()), family, told, head)))
    }
}

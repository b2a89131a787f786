//! The body that a backend gets: the client's, as the route and the backend have it.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::way::parse;
use crate::failure::Failure;
use crate::intake::{Prompt, json};
use crate::route::action::reasoning::Outcome;
use crate::route::action::{Addressee, BodyActions, Request};
use crate::upstream::{Backend, Demand};

/// What the route makes of the bodies.
#[derive(Clone)]
pub(super) struct Writer {
    /// None where it leaves them alone.
    pub(super) actions: Option<Arc<BodyActions>>,
    /// How complex the prompt is, -1 to 1, where that is known.
    pub(super) complexity: Option<f32>,
}

/// A body, and what became of the reasoning, where the route says something of it.
pub(super) struct Written {
    pub(super) body: Bytes,
    pub(super) reasoning: Option<Outcome>,
}

// === impl Writer ===

impl Writer {
    /// The body of `prompt` for `backend`. One that cannot be changed as the route has it is refused.
    pub(super) async fn write(
        &self,
        prompt: &Prompt,
        backend: &Arc<Backend>,
        demand: &Demand,
    ) -> Result<Written, Failure> {
        let settings = &backend.settings;
        let priority = settings.forward_priority.then_some(demand.rank.priority);
        let Some(actions) = self.actions.clone() else {
            return Ok(Written { body: prompt.body_for(&settings.model, priority), reasoning: None });
        };
        let (endpoint, complexity, backend) = (prompt.endpoint, self.complexity, backend.clone());
        parse(prompt.body().clone(), move |body| {
            let request = Request { endpoint, complexity };
            let settings = &backend.settings;
            let to = Addressee { model: &settings.model, family: settings.family.as_ref(), priority };
            let (written, reasoning) = actions.apply(json::text(&body)?, request, to)?;
            let written = match written {
                Cow::Borrowed(_) => None,
                Cow::Owned(written) => Some(written.into()),
            };
            Ok(Written { body: written.unwrap_or(body), reasoning })
        })
        .await
    }
}

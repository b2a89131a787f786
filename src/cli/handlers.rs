//! What the routes do with their requests, without a server that does it.

use std::sync::Arc;

use crate::config::{self, file::File};
use crate::embed::Encoder;
use crate::intake::Endpoint;
use crate::route::action::reasoning::{Family, Outcome, Reasoning};
use crate::route::action::{Addressee, Request};
use crate::route::signal::Contrast;
use crate::route::{Decision, Handling, Policy};

/// A config's routes as they treat their requests, and its backends.
pub(super) struct Handlers {
    policies: Vec<Policy>,
    backends: Vec<Backend>,
    /// What a prompt's complexity is measured by; none where no route has models think by it.
    contrast: Option<Contrast>,
}

struct Backend {
    name: Arc<str>,
    model: Arc<str>,
    family: Option<Family>,
}

// === impl Handlers ===

impl Handlers {
    /// Reads `file`; examples are embedded by `encoder`.
    pub(super) fn load(file: &File, encoder: Option<&Encoder>) -> anyhow::Result<Self> {
        let policies = config::policies(file, &[])?;
        let mut all = policies.iter().filter_map(|policy| policy.body.as_ref()?.reasoning.as_ref());
        let is_auto = all.any(Reasoning::is_auto);
        let contrast = if is_auto { config::contrast(file, encoder)? } else { None };
        let backends = file.backends.iter().map(|backend| {
            let family = config::family(backend.reasoning_family.as_ref(), &backend.model);
            let family = family.map_err(|problem| anyhow::anyhow!("reasoning_family {problem}"))?;
            Ok(Backend { name: backend.name.as_str().into(), model: backend.model.as_str().into(), family })
        });
        Ok(Self { policies, backends: backends.collect::<anyhow::Result<_>>()?, contrast })
    }

    /// The name of the backend that a decision leads to; none where its route answers itself.
    pub(super) fn backend(&self, decision: &Decision) -> Option<&str> {
        let answers_itself = self.policy(decision).is_some_and(Policy::answers_itself);
        self.name(decision.backend).filter(|_| !answers_itself)
    }

    /// What the chosen route does with a user's `text` of this embedding, alone in a chat; none where no route was chosen.
    pub(super) fn of(&self, decision: &Decision, text: &str, embedding: Option<&[f32]>) -> Option<Handling<'_>> {
        let policy = self.policy(decision)?;
        let reasoning = self.reasoning(policy, decision, text, embedding);
        Some(Handling::of(policy, Endpoint::Chat, reasoning, |index| self.name(index)))
    }

    fn reasoning(&self, policy: &Policy, at: &Decision, text: &str, embedding: Option<&[f32]>) -> Option<Outcome> {
        let actions = policy.body.as_ref().filter(|body| body.reasoning.is_some())?;
        let Backend { model, family, .. } = self.backends.get(at.backend)?;
        let complexity = self.contrast.as_ref().zip(embedding).and_then(|(contrast, at)| contrast.of(at));
        let complexity = complexity.map(|complexity| complexity as f32);
        let chat = serde_json::json!({ "messages": [{ "role": "user", "content": text }] }).to_string();
        let request = Request { endpoint: Endpoint::Chat, complexity };
        let to = Addressee { model, family: family.as_ref(), priority: None };
        actions.apply(&chat, request, to).ok()?.1
    }

    fn policy(&self, decision: &Decision) -> Option<&Policy> {
        self.policies.get(decision.route?)
    }

    fn name(&self, backend: usize) -> Option<&str> {
        self.backends.get(backend).map(|backend| &*backend.name)
    }
}

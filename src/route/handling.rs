//! What a route does with its requests, as far as its settings tell it, for people. What they hold is left out: no prompt, no
//! answer, no header's or parameter's value.

use std::fmt;

use serde::Serialize;

use super::action::reasoning::Outcome;
use super::policy::Policy;
use crate::intake::Endpoint;

/// What a route does with its requests. Where a backend is down or a budget spent, or the conversation stays elsewhere, another
/// backend may serve.
#[derive(Debug, PartialEq, Serialize)]
pub struct Handling<'a> {
    /// The backends that share its conversations, the heaviest first; empty where they are not shared out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<ArmShown<'a>>,
    /// Who is tried after the backend that is named, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<&'a str>,
    /// The status of the answer that it gives itself; none where a backend is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub respond: Option<u16>,
    /// Who gets copies; none where nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<MirrorShown<'a>>,
    /// What becomes of the reasoning, by the name that the answer's head has for it; none where the route says nothing of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<&'static str>,
    /// What else of a request it changes, by the config's keys.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<&'static str>,
}

/// A backend with its share of the conversations.
#[derive(Debug, PartialEq, Serialize)]
pub struct ArmShown<'a> {
    /// Its name.
    pub backend: &'a str,
    /// Its share, next to the others'.
    pub weight: u32,
}

/// Who gets copies, and how many.
#[derive(Debug, PartialEq, Serialize)]
pub struct MirrorShown<'a> {
    /// The backend's name.
    pub backend: &'a str,
    /// The share of the requests that is copied, 0 to 1.
    pub share: f64,
}

// === impl Handling ===

impl<'a> Handling<'a> {
    /// What `policy` does with a request to `endpoint`, of whose reasoning that becomes; `name` names a backend by its index.
    pub fn of(
        policy: &Policy,
        endpoint: Endpoint,
        reasoning: Option<Outcome>,
        name: impl Fn(usize) -> Option<&'a str>,
    ) -> Self {
        if let Some(respond) = &policy.respond {
            let respond = Some(respond.status);
            return Self { arms: vec![], fallbacks: vec![], respond, mirror: None, reasoning: None, changes: vec![] };
        }
        let arms = policy.arms.iter().flat_map(|arms| arms.weights());
        let arms = arms.filter_map(|(backend, weight)| Some(ArmShown { backend: name(backend)?, weight }));
        let mirror = policy.mirror.as_ref();
        let mirror = mirror.and_then(|to| Some(MirrorShown { backend: name(to.backend)?, share: to.sampler.share() }));
        let body = policy.body.as_ref();
        let changes = [
            ("headers", !policy.headers.is_empty()),
            ("params", body.is_some_and(|body| !body.params.is_empty())),
            ("system_prompt", endpoint == Endpoint::Chat && body.is_some_and(|body| body.system_prompt.is_some())),
        ];
        Self {
            arms: arms.collect(),
            fallbacks: policy.fallbacks.iter().filter_map(|index| name(*index)).collect(),
            respond: None,
            mirror,
            reasoning: reasoning.map(Outcome::as_str),
            changes: changes.into_iter().filter(|(_, does)| *does).map(|(key, _)| key).collect(),
        }
    }
}

impl fmt::Display for Handling<'_> {
    /// A line for each thing that there is to tell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { arms, fallbacks, respond, mirror, reasoning, changes } = self;
        if !arms.is_empty() {
            let arms: Vec<_> = arms.iter().map(|arm| format!("{} {}", arm.backend, arm.weight)).collect();
            writeln!(f, "  conversations shared out by weight: {}", arms.join(", "))?;
        }
        if !fallbacks.is_empty() {
            writeln!(f, "  fallbacks, in order: {}", fallbacks.join(", "))?;
        }
        if let Some(status) = respond {
            writeln!(f, "  answers itself, with status {status}")?;
        }
        if let Some(MirrorShown { backend, share }) = mirror {
            writeln!(f, "  mirrored to {backend}: {share} of the requests")?;
        }
        if let Some(reasoning) = reasoning {
            writeln!(f, "  reasoning: {reasoning}")?;
        }
        if !changes.is_empty() {
            writeln!(f, "  changes: {}", changes.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::route::action::arms::Arms;
    use crate::route::action::mirror::{Sampler, Settings};
    use crate::route::action::reasoning::Level;
    use crate::route::action::respond::Respond;
    use crate::route::policy::Mirror;

    const NAMES: [&str; 3] = ["a", "b", "c"];

    fn told(policy: &Policy) -> Handling<'static> {
        Handling::of(policy, Endpoint::Chat, Some(Outcome::Told(Level::Low)), |index| NAMES.get(index).copied())
    }

    #[test]
    fn what_a_route_does_is_told_and_nothing_else() {
        let settings = Settings { backend: "c".into(), share: 0.1, max_in_flight: 1 };
        let policy = Policy {
            fallbacks: vec![0, 2],
            arms: Arms::new("r", [(0, "a", 1), (1, "b", 9), (2, "c", 0)]),
            mirror: Some(Mirror { backend: 2, sampler: Sampler::new(&settings, None) }),
            ..Policy::default()
        };
        let arms = json!([{"backend": "b", "weight": 9}, {"backend": "a", "weight": 1}, {"backend": "c", "weight": 0}]);
        let wanted = json!({"arms": arms, "fallbacks": ["a", "c"], "mirror": {"backend": "c", "share": 0.1},
            "reasoning": "low"});
        assert_eq!(serde_json::to_value(told(&policy)).unwrap(), wanted);
        let lines = "  conversations shared out by weight: b 9, a 1, c 0\n  fallbacks, in order: a, c\n  \
                     mirrored to c: 0.1 of the requests\n  reasoning: low\n";
        assert_eq!(told(&policy).to_string(), lines);
    }

    #[test]
    fn a_route_that_answers_itself_does_nothing_else() {
        let respond = Some(Respond { status: 451, content: "Not here.".into() });
        let policy = Policy { respond, fallbacks: vec![0], ..Policy::default() };
        assert_eq!(serde_json::to_value(told(&policy)).unwrap(), json!({"respond": 451}));
        assert_eq!(told(&policy).to_string(), "  answers itself, with status 451\n");
    }
}

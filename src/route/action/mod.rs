//! What a route does to its requests.
//!
//! - `arms`: which of several backends, by weight
//! - `reasoning`, `params`, `system`: the body; applied together, with one reading and one writing
//! - `message`: one of a chat's, for both
//! - `headers`: the head
//! - `mirror`: a copy to another backend
//! - `respond`: an answer of the route's own

pub mod arms;
pub mod headers;
mod message;
pub mod mirror;
pub mod params;
pub mod reasoning;
pub mod respond;
pub mod system;

use std::borrow::Cow;

use crate::failure::Failure;
use crate::hash::hash;
use crate::intake::json::BODY;
use crate::intake::{Draft, Endpoint};

use params::Params;
use reasoning::{Family, Outcome, Reasoning, Said, Speakers};
use system::SystemPrompt;

/// What is wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key's path, from the setting on.
    pub path: String,
    /// What is wrong, without the path.
    pub message: String,
}

/// What becomes of a request's body.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BodyActions {
    /// How hard the model is to think.
    pub reasoning: Option<Reasoning>,
    /// Its parameters.
    pub params: Params,
    /// What the model is told first.
    pub system_prompt: Option<SystemPrompt>,
}

/// What the body's actions need to know of the request.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// What it was sent to.
    pub endpoint: Endpoint,
    /// How complex its prompt is, -1 to 1.
    pub complexity: Option<f32>,
}

/// What the backend has written into the body whatever the route.
#[derive(Debug, Clone, Copy)]
pub struct Addressee<'a> {
    /// The model's name there.
    pub model: &'a str,
    /// The model's family, where it is known.
    pub family: Option<&'a Family>,
    /// The request's priority, where it is forwarded.
    pub priority: Option<i32>,
}

// === impl BodyActions ===

impl BodyActions {
    /// Whether the body needs no reading.
    pub fn is_empty(&self) -> bool {
        self.reasoning.is_none() && self.params.is_empty() && self.system_prompt.is_none()
    }

    /// A hash of them, the same in every process of this version, so that the cache can tell answers to other actions apart.
    pub fn fingerprint(&self) -> u64 {
        hash(&format!("{self:?}"))
    }

    /// The body `whole` as `to` gets it, and what became of the reasoning, where that was asked for.
    ///
    /// The client's own word on reasoning is looked for in what the model gets to see of what the client said, before any default
    /// is filled in. `params` that are set or capped have the last word, and where they change what was said of reasoning, that is
    /// what becomes of it.
    pub fn apply<'a>(
        &self,
        whole: &'a str,
        request: Request,
        to: Addressee,
    ) -> Result<(Cow<'a, str>, Option<Outcome>), Failure> {
        let mut draft = Draft::read(whole, BODY)?;
        let Request { endpoint, complexity } = request;
        // A completion goes to the model without a chat template.
        let is_chat = endpoint == Endpoint::Chat;
        let reasoning = self.reasoning.as_ref().filter(|_| is_chat);
        let prompt = self.system_prompt.as_ref().filter(|_| is_chat);
        let speakers = match prompt {
            Some(SystemPrompt::Instead(_)) => Speakers::Users,
            _ => Speakers::All,
        };
        let gives_way = reasoning.map(|reasoning| reasoning.gives_way(to.family, speakers, &mut draft)).transpose()?;
        if let Some(prompt) = prompt {
            prompt.apply(&mut draft)?;
        }
        let outcome = reasoning
            .zip(gives_way)
            .map(|(reasoning, gives_way)| reasoning.apply(to.family, complexity, gives_way, &mut draft));
        let outcome = outcome.transpose()?;
        let outcome = self.apply_params(endpoint, to.family, outcome, &mut draft)?;
        if draft.get("model").and_then(|given| serde_json::from_str(given).ok()) != Some(to.model.to_owned()) {
            draft.set("model", serde_json::Value::from(to.model).to_string());
        }
        if let Some(priority) = to.priority {
            draft.set("priority", priority.to_string());
        }
        Ok((draft.finish().map_or(Cow::Borrowed(whole), Cow::Owned), outcome))
    }

    /// Applies the parameters, and says what is left of the reasoning's `outcome` then, at a model of `family`.
    fn apply_params(
        &self,
        endpoint: Endpoint,
        family: Option<&Family>,
        outcome: Option<Outcome>,
        draft: &mut Draft,
    ) -> Result<Option<Outcome>, Failure> {
        let family = family.filter(|_| outcome.is_some() && !self.params.is_empty());
        let before = family.map(|family| Said::read(family, draft)).transpose()?;
        self.params.apply(endpoint, draft)?;
        let after = family.map(|family| Said::read(family, draft)).transpose()?;
        let still_holds = before.zip(after).is_none_or(|(before, after)| before.still_holds(&after));
        Ok(if still_holds { outcome } else { outcome.map(Outcome::overruled) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn actions() -> BodyActions {
        let params = json!({
            "default": {"temperature": 0.2, "reasoning_effort": "low"},
            "set": {"chat_template_kwargs.a": 1},
            "cap": {"max_tokens": 9},
        });
        BodyActions {
            reasoning: Some(Reasoning { effort: reasoning::Effort::Always(reasoning::Level::Off), force: false }),
            params: Params::compile(&serde_json::from_value(params).unwrap()).unwrap(),
            system_prompt: Some(SystemPrompt::Instead("S".into())),
        }
    }

    fn applied(endpoint: Endpoint, whole: &str) -> (String, Option<Outcome>) {
        let family = Family::named("qwen3");
        let request = Request { endpoint, complexity: None };
        let to = Addressee { model: "m", family: family.as_ref(), priority: Some(-1) };
        let (body, outcome) = actions().apply(whole, request, to).unwrap();
        (body.into_owned(), outcome)
    }

    #[test]
    fn all_of_them_are_one_change() {
        assert_eq!(
            applied(Endpoint::Chat, r#"{ "x":1.0e0, "model" : "auto", "messages":[ {"role":"user"} ] , "max_tokens":"10" }"#),
            (
                r#"{"chat_template_kwargs":{"a":1,"enable_thinking":false},"reasoning_effort":"low","temperature":0.2,"priority":-1, "x":1.0e0, "model" : "m", "messages":[{"role":"system","content":"S"}, {"role":"user"} ] , "max_tokens":9 }"#.into(),
                Some(Outcome::Told(reasoning::Level::Off))
            )
        );
        let (_, outcome) = applied(Endpoint::Chat, r#"{"messages":[{}],"reasoning_effort":"high"}"#);
        assert_eq!(outcome, Some(Outcome::ClientsOwn));
    }

    #[test]
    fn a_completion_gets_what_is_not_a_chats() {
        let (body, outcome) = applied(Endpoint::Completions, r#"{"prompt":"x"}"#);
        let params = r#""reasoning_effort":"low","temperature":0.2,"chat_template_kwargs":{"a":1},"max_tokens":9"#;
        assert_eq!((&*body, outcome), (&*format!(r#"{{{params},"model":"m","priority":-1,"prompt":"x"}}"#), None));
    }

    #[test]
    fn without_actions_and_with_its_model_the_body_is_not_copied() {
        let whole = r#"{"mod\u0065l":"m","messages":[{}]}"#;
        let request = Request { endpoint: Endpoint::Chat, complexity: None };
        let to = Addressee { model: "m", family: None, priority: None };
        assert!(matches!(BodyActions::default().apply(whole, request, to).unwrap().0, Cow::Borrowed(_)));
        assert!(BodyActions::default().is_empty() && !actions().is_empty());
    }

    #[test]
    fn other_actions_have_another_fingerprint() {
        let others = BodyActions { reasoning: None, ..actions() };
        assert_eq!(actions().fingerprint(), actions().fingerprint());
        assert_ne!(actions().fingerprint(), others.fingerprint());
    }
}

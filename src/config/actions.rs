//! What the file says a route does to its requests, compiled for `validate` and for the snapshot alike.

use serde::de::DeserializeOwned;
use serde_yaml::Value;

use super::file::{File, Route};
use crate::findings::Findings;
use crate::route::action::arms::Listed;
use crate::route::action::params::Params;
use crate::route::action::reasoning::{self, Family, FamilySettings};
use crate::route::action::system::SystemPrompt;
use crate::route::action::{BodyActions, Problem};

/// A route's `backends`, or which of them cannot be read and why.
pub(super) fn listed(route: &Route) -> Result<Vec<Listed>, Problem> {
    let read = |(place, typed): (usize, &Value)| {
        read(typed).map_err(|message| Problem { path: format!("backends[{place}]"), message })
    };
    let listed: Vec<Listed> = route.backends.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    match Listed::are_weighted(&listed) {
        Ok(_) => Ok(listed),
        Err((place, message)) => Err(Problem { path: format!("backends[{place}]"), message: message.into() }),
    }
}

/// What `route` does to the body, or everything that is wrong with it.
pub(super) fn body(route: &Route) -> Result<BodyActions, Vec<Problem>> {
    let (mut actions, mut problems) = (BodyActions::default(), Vec::new());
    let problem = |path: &str, message: String| Problem { path: path.into(), message };
    if let Some(typed) = &route.reasoning {
        let mut findings = Findings::default();
        actions.reasoning = reasoning::read("reasoning", typed, &mut findings);
        problems.extend(findings.into_list().into_iter().map(|(path, message)| Problem { path, message }));
    }
    match Params::compile(&route.params) {
        Ok(params) => actions.params = params,
        Err(found) => problems.extend(below("params", found)),
    }
    match route.system_prompt.as_ref().map(SystemPrompt::compile).transpose() {
        Ok(prompt) => actions.system_prompt = prompt,
        Err(message) => problems.push(problem("system_prompt", message.into())),
    }
    if problems.is_empty() { Ok(actions) } else { Err(problems) }
}

/// What routes say of their requests that may not be meant.
pub(super) fn notes(file: &File) -> Vec<String> {
    let mut notes = Vec::new();
    for route in &file.router.routes {
        let reasoning = body(route).ok().and_then(|body| body.reasoning);
        if reasoning.is_some_and(|reasoning| reasoning.is_auto()) && file.router.signals.complexity.is_none() {
            let name = &route.name;
            notes.push(format!(
                "route \"{name}\": reasoning: auto does nothing without examples in router.signals.complexity"
            ));
        }
        let keeps = file.middleware.sem_cache.enabled && route.cache.enabled != Some(false);
        if keeps && file.middleware.guardrails.pii_masking && route.guardrails.pii_masking == Some(false) {
            let name = &route.name;
            notes.push(format!(
                "route \"{name}\": the cache keeps its questions and answers unmasked; cache: {{enabled: false}} keeps none"
            ));
        }
    }
    notes
}

/// The family of the models that `model` is one of, for a backend's `reasoning_family`, or what is wrong with that.
pub fn family(typed: Option<&Value>, model: &str) -> Result<Option<Family>, String> {
    Family::compile(typed.map(read::<FamilySettings>).transpose()?.as_ref(), model)
}

/// `problems` with their paths below `key`.
pub(super) fn below(key: &'static str, problems: Vec<Problem>) -> impl Iterator<Item = Problem> {
    problems.into_iter().map(move |Problem { path, message }| Problem { path: format!("{key}.{path}"), message })
}

/// A setting of several forms; where it has none of them, its type says what it must be.
fn read<T: DeserializeOwned>(typed: &Value) -> Result<T, String> {
    serde_yaml::from_value(typed.clone()).map_err(|error| error.to_string())
}

//! `params`: a request's parameters, filled in where the client gave none, set whatever it gave, and capped.
//!
//! `max_tokens` and `max_completion_tokens` are one (`limit`).

mod limit;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::Problem;
use crate::failure::Failure;
use crate::intake::{Draft, Endpoint};

pub use limit::{LIMITS, answer_limit};

/// Parameters as a person types them. Mappings go into mappings, and so does a key with dots; all else is one value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Settings {
    /// Given where the client gives none, or null.
    pub default: Map<String, Value>,
    /// Given whatever the client gives.
    pub set: Map<String, Value>,
    /// The most that a number may be.
    pub cap: Map<String, Value>,
}

/// What becomes of the parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    steps: Vec<Step>,
}

/// What becomes of one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    path: Path,
    rule: Rule,
}

/// Keys from the body on, at least one.
type Path = Vec<Box<str>>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    /// JSON.
    Default(String),
    /// JSON.
    Set(String),
    Cap(Number),
}

/// What the router itself decides, or must know.
pub(super) const OURS: [&str; 6] = ["model", "messages", "prompt", "priority", "stream", "stream_options"];

// === impl Params ===

impl Params {
    /// What `settings` mean, or everything that is wrong with them.
    pub fn compile(settings: &Settings) -> Result<Self, Vec<Problem>> {
        let (mut params, mut problems) = (Self::default(), Vec::new());
        let mut seen = BTreeMap::new();
        // In the order that they are applied in.
        for (name, given) in [("default", &settings.default), ("set", &settings.set), ("cap", &settings.cap)] {
            for (path, value) in leaves(given) {
                let shown = format!("{name}.{}", path.join("."));
                match rule(name, &path, value, &seen) {
                    Ok(rule) => params.steps.push(Step { path: path.clone(), rule }),
                    Err(message) => problems.push(Problem { path: shown, message }),
                }
                seen.insert((name, path), value);
            }
        }
        if problems.is_empty() { Ok(params) } else { Err(problems) }
    }

    /// Applies them to the body of a request to `endpoint`.
    pub fn apply(&self, endpoint: Endpoint, draft: &mut Draft) -> Result<(), Failure> {
        self.steps.iter().try_for_each(|step| match &step.path[..] {
            [key] if LIMITS.contains(&&**key) => {
                limit::apply(&step.rule, endpoint, key, draft);
                Ok(())
            }
            path => step.rule.apply(path, draft),
        })
    }

    /// The most tokens that an answer may have whose client `asks` for so many, if it does; none where nothing limits it.
    pub fn answer_limit(&self, endpoint: Endpoint, asks: Option<u64>) -> Option<u64> {
        let asked = asks.map_or_else(|| "{}".into(), |most| format!(r#"{{"{}":{most}}}"#, LIMITS[0]));
        let mut draft = Draft::read(asked, "the limit").ok()?;
        for Step { path, rule } in &self.steps {
            if let [key] = &path[..]
                && LIMITS.contains(&&**key)
            {
                limit::apply(rule, endpoint, key, &mut draft);
            }
        }
        answer_limit(endpoint, &draft)
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// The values of `given` with their paths. An empty mapping is a value.
fn leaves(given: &Map<String, Value>) -> Vec<(Path, &Value)> {
    let mut found = Vec::new();
    for (key, value) in given {
        let path: Path = key.split('.').map(Box::from).collect();
        match value.as_object().filter(|object| !object.is_empty()) {
            Some(object) => found.extend(
                leaves(object).into_iter().map(|(rest, value)| (path.iter().cloned().chain(rest).collect(), value)),
            ),
            None => found.push((path, value)),
        }
    }
    found
}

/// The rule that the part `name` of the settings gives for `path`, unless it is wrong by itself or next to those `seen`.
fn rule(
    name: &'static str,
    path: &Path,
    value: &Value,
    seen: &BTreeMap<(&'static str, Path), &Value>,
) -> Result<Rule, String> {
    if path.iter().any(|key| key.is_empty()) {
        return Err("must not hold an empty key".into());
    }
    if OURS.contains(&&*path[0]) {
        return Err("is the router's own to write".into());
    }
    let is_nested = |(_, other): &&(&str, Path)| {
        other.len() != path.len() && other.iter().zip(path).all(|(there, here)| there == here)
    };
    if let Some((there, other)) = seen.keys().find(is_nested) {
        return Err(format!("is at odds with {there}.{}: one is a value, the other a mapping", other.join(".")));
    }
    let elsewhere = |part: &'static str| seen.get(&(part, path.clone())).copied();
    if elsewhere(name).is_some() {
        return Err("is given twice".into());
    }
    if name != "set" && elsewhere("set").is_some() || name == "set" && elsewhere("default").is_some() {
        return Err("is set in any case: \"set\" leaves nothing to \"default\" or \"cap\"".into());
    }
    match (name, value) {
        ("default", value) => Ok(Rule::Default(value.to_string())),
        ("set", value) => Ok(Rule::Set(value.to_string())),
        (_, Value::Number(most)) => match elsewhere("default").map(|value| value.as_number()) {
            Some(default) if default.is_none_or(|default| exceeds(default, most)) => {
                Err("must not be less than what \"default\" gives".into())
            }
            _ => Ok(Rule::Cap(most.clone())),
        },
        _ => Err("must be a number".into()),
    }
}

// === impl Rule ===

impl Rule {
    fn apply(&self, path: &[Box<str>], draft: &mut Draft) -> Result<(), Failure> {
        let Some((key, rest)) = path.split_first() else { return Ok(()) };
        if !rest.is_empty() {
            return draft.within(key, |inner| self.apply(rest, inner)).map(|_| ());
        }
        let new = match self {
            Self::Default(value) => draft.given(key).is_none().then(|| value.clone()),
            Self::Set(value) => Some(value.clone()),
            Self::Cap(most) => draft.given(key).and_then(|given| capped(given, most)),
        };
        if let Some(value) = new {
            draft.set(key, value);
        }
        Ok(())
    }
}

/// What stands in the place of the JSON value `given`, where that is more than `most` or cannot be compared: vLLM takes
/// `"9000"` for a number, too.
fn capped(given: &str, most: &Number) -> Option<String> {
    let inside = given.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(given);
    let number: Option<Number> = serde_json::from_str(inside).ok();
    number.is_none_or(|number| exceeds(&number, most)).then(|| most.to_string())
}

fn exceeds(number: &Number, most: &Number) -> bool {
    match (number.as_i64(), most.as_i64()) {
        (Some(number), Some(most)) => number > most,
        // One that is too large even for this is infinite.
        _ => number.as_f64().zip(most.as_f64()).is_none_or(|(number, most)| number > most),
    }
}

#[cfg(test)]
mod tests;

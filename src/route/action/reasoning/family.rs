//! What a level is called by a model's family: fields that are merged into the request's body.
//!
//! As vLLM has it, Qwen3 and DeepSeek-V3.1 know on and off only, by a keyword of their chat templates; gpt-oss knows `low`,
//! `medium` and `high`, and any other word is refused, so that it cannot be told not to think. A bound on the tokens thought,
//! `thinking_token_budget`, is known to newer servers, and refused by those among them that run without a reasoning parser;
//! so it is written only where the config's own mapping says so.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::level::Level;
use crate::failure::Failure;
use crate::intake::Draft;

/// A backend's `reasoning_family` as a person types it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "must be a family's name, or a mapping of levels")]
pub enum FamilySettings {
    /// One that is known here, or `none`.
    Name(String),
    /// What each level is called.
    Own(Map<String, Value>),
}

/// A family of models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    mapping: Mapping,
    /// The least that it can be told; whatever is less becomes this.
    least: Level,
    /// Whether it obeys a user who writes `/think` or `/no_think`.
    pub(super) obeys_users: bool,
}

/// What each level is called; none where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping([Option<Map<String, Value>>; 4]);

/// The names that the config may call a family by.
pub const NAMES: [&str; 3] = ["qwen3", "deepseek", "gpt-oss"];

/// Words in a Qwen3's name that say it thinks always, never, or is no chat model at all.
const ONE_MODE: [&str; 8] = ["instruct", "thinking", "coder", "embedding", "reranker", "guard", "asr", "omni"];

// === impl Family ===

impl Family {
    /// The family of a backend's `model`: the one that the config says, or else the one that its name speaks for.
    pub fn compile(settings: Option<&FamilySettings>, model: &str) -> Result<Option<Self>, String> {
        match settings {
            None => Ok(Self::guess(model)),
            Some(FamilySettings::Name(name)) if name == "none" => Ok(None),
            Some(FamilySettings::Name(name)) => match Self::named(name) {
                Some(family) => Ok(Some(family.of_model(model))),
                None => Err(format!("must be {}, none, or a mapping of levels", NAMES.join(", "))),
            },
            Some(FamilySettings::Own(typed)) => Ok(Some(Self::own(Mapping::read(typed)?))),
        }
    }

    /// The family called so in the config.
    pub fn named(name: &str) -> Option<Self> {
        let switch = |keyword: &str| Self::of(|level| json!({"chat_template_kwargs": {keyword: level != Level::Off}}));
        match name {
            "qwen3" => Some(Self { obeys_users: true, ..switch("enable_thinking") }),
            "deepseek" => Some(switch("thinking")),
            "gpt-oss" => {
                let family = Self::of(|level| json!({"reasoning_effort": level.as_str()}));
                Some(Self { least: Level::Low, ..family })
            }
            _ => None,
        }
    }

    /// The family of which `mapping` has the words.
    pub fn own(mapping: Mapping) -> Self {
        Self { mapping, least: Level::Off, obeys_users: false }
    }

    /// The family that the name of `model` speaks for. None where it is not known, or the model has no choice: one that
    /// always thinks must not be told otherwise, as its server would then take its thoughts for the answer.
    pub fn guess(model: &str) -> Option<Self> {
        let name = base_name(model);
        let version = |family: &str| name.split_once(family).map(|(_, rest)| rest.trim_start_matches('-'));
        // A distillation is called by both its teacher and its pupil, and thinks as the teacher does.
        if name.contains("deepseek") {
            let thinks_at_will = version("deepseek-v").is_some_and(|version| {
                let digits = version.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
                digits.parse().is_ok_and(|version: f32| version >= 3.1)
            });
            return thinks_at_will.then(|| Self::named("deepseek")).flatten();
        }
        if version("gpt-oss").is_some() {
            return Self::named("gpt-oss");
        }
        let qwen = version("qwen3")?;
        let has_one_mode = qwen.split(['-', '.']).any(|word| ONE_MODE.iter().any(|mode| word.starts_with(mode)));
        if has_one_mode {
            return None;
        }
        Self::named("qwen3").map(|family| family.of_model(model))
    }

    /// What `level` is called, and the level that this says.
    pub(super) fn words(&self, level: Level) -> Option<(Level, &Map<String, Value>)> {
        let told = level.max(self.least);
        self.mapping.0[told as usize].as_ref().map(|words| (told, words))
    }

    /// The paths of all that any level writes, from the body on.
    pub(super) fn paths(&self) -> impl Iterator<Item = Vec<&str>> {
        let mut found = Vec::new();
        self.mapping.0.iter().flatten().for_each(|words| leaves(words, &[], &mut found));
        found.into_iter()
    }

    /// The same for a `model` whose name may tell that it obeys no users: from Qwen3.5 on they have the switch alone, and users'
    /// words are no more than words.
    fn of_model(self, model: &str) -> Self {
        let is_later = base_name(model).split_once("qwen").is_some_and(|(_, rest)| {
            let number = rest.trim_start_matches('-');
            let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
            // With a "b" it is a size, and far from the name it need not be a version.
            let is_version =
                !number[end..].starts_with('b') && (number.len() == rest.len() || number[..end].contains('.'));
            is_version && number[..end].parse().is_ok_and(|version: f32| (3.5..10.0).contains(&version))
        });
        Self { obeys_users: self.obeys_users && !is_later, ..self }
    }

    fn of(words: impl Fn(Level) -> Value) -> Self {
        let words = |level| match words(level) {
            Value::Object(words) => Some(words),
            _ => None,
        };
        Self::own(Mapping(Level::ALL.map(words)))
    }
}

// === impl Mapping ===

impl Mapping {
    /// Reads `{off: {…}, low: {…}, …}`, or says what is wrong with it. A level that is left out says nothing.
    pub fn read(typed: &Map<String, Value>) -> Result<Self, String> {
        let mut mapping = Self::default();
        for (name, words) in typed {
            let level = Level::ALL.into_iter().find(|level| level.as_str() == name);
            let Some(level) = level else { return Err(format!("has \"{name}\", but only off, low, medium and high")) };
            let Value::Object(words) = words else { return Err(format!("{name} must be a mapping")) };
            if let Some(ours) = words.keys().find(|key| super::super::params::OURS.contains(&key.as_str())) {
                return Err(format!("{name}.{ours} is the router's own to write"));
            }
            mapping.0[level as usize] = Some(words.clone());
        }
        if typed.is_empty() { Err("must have a level".into()) } else { Ok(mapping) }
    }
}

/// Writes `words` into `draft`: mappings go into mappings, all else takes the place of what was there.
pub(super) fn merge(words: &Map<String, Value>, draft: &mut Draft) -> Result<(), Failure> {
    for (key, value) in words {
        match value {
            Value::Object(words) => drop(draft.within(key, |inner| merge(words, inner))?),
            value => draft.set(key, value.to_string()),
        }
    }
    Ok(())
}

/// Adds to `found` the paths of the values in `words`, each below `path`.
fn leaves<'a>(words: &'a Map<String, Value>, path: &[&'a str], found: &mut Vec<Vec<&'a str>>) {
    for (key, value) in words {
        let path = [path, &[key]].concat();
        match value {
            Value::Object(words) => leaves(words, &path, found),
            _ => found.push(path),
        }
    }
}

/// The name of `model` itself, in small letters, without whose it is or where.
fn base_name(model: &str) -> String {
    model.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_ascii_lowercase().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_tells_its_family() {
        for (model, family) in [
            ("Qwen/Qwen3-8B", Some("qwen3")),
            ("Qwen/Qwen3-235B-A22B-FP8", Some("qwen3")),
            ("/models/qwen3-14b-awq/", Some("qwen3")),
            ("Qwen/Qwen3.6-27B", Some("qwen3")),
            ("Qwen/Qwen3-30B-A3B-Instruct-2507", None),
            ("Qwen/Qwen3-30B-A3B-Thinking-2507", None),
            ("Qwen/Qwen3-Next-80B-A3B-Thinking", None),
            ("Qwen/Qwen3-Coder-480B-A35B-Instruct", None),
            ("Qwen/Qwen3-Embedding-8B", None),
            ("Qwen/Qwen2.5-7B-Instruct", None),
            ("deepseek-ai/DeepSeek-V3.1", Some("deepseek")),
            ("deepseek-ai/DeepSeek-V3.1-Terminus", Some("deepseek")),
            ("deepseek-ai/DeepSeek-V3.2-Exp", Some("deepseek")),
            ("deepseek-ai/DeepSeek-V4-Flash", Some("deepseek")),
            ("deepseek_v3.1", Some("deepseek")),
            ("deepseek-ai/DeepSeek-V3", None),
            ("deepseek-ai/DeepSeek-V3-0324", None),
            ("deepseek-ai/DeepSeek-R1", None),
            ("deepseek-ai/DeepSeek-R1-0528-Qwen3-8B", None),
            ("openai/gpt-oss-120b", Some("gpt-oss")),
            ("unsloth/gpt_oss_20b-GGUF", Some("gpt-oss")),
            ("gpt-4o", None),
            ("", None),
        ] {
            let mapping = |family: Option<Family>| family.map(|family| family.mapping);
            assert_eq!(mapping(Family::guess(model)), mapping(family.and_then(Family::named)), "{model}");
        }
        assert!(NAMES.iter().all(|name| Family::named(name).is_some()));
    }

    #[test]
    fn only_qwen3_itself_obeys_users() {
        let obeys = |model| Family::guess(model).unwrap().obeys_users;
        assert!(obeys("Qwen/Qwen3-8B") && obeys("Qwen/Qwen3-235B-A22B-FP8"));
        for model in ["Qwen/Qwen3.5-35B-A3B", "Qwen/Qwen3.6-27B", "deepseek-ai/DeepSeek-V3.1", "openai/gpt-oss-20b"] {
            assert!(!obeys(model), "{model}");
        }
    }

    #[test]
    fn nor_does_a_later_qwen_where_the_config_names_its_family() {
        for (model, obeys) in [
            ("Qwen/Qwen3-8B", true),
            ("auto", true),
            ("", true),
            ("qwen", true),
            ("my-qwen-7b", true),
            ("my-qwen-7.5b", true),
            ("qwen7b", true),
            ("Qwen/Qwen3.1", true),
            ("Qwen3-235B-A22B", true),
            ("Qwen/Qwen3.5-35B-A3B", false),
            ("/models/qwen-3.6-27b-fp8/", false),
            ("qwen3.6", false),
            ("Qwen_3.7-Max", false),
            ("Qwen4-8B", false),
        ] {
            let named = FamilySettings::Name("qwen3".into());
            assert_eq!(Family::compile(Some(&named), model).unwrap().unwrap().obeys_users, obeys, "{model}");
        }
    }

    #[test]
    fn the_config_may_say_otherwise() {
        let compiled = |typed: Value| {
            let typed: FamilySettings = serde_json::from_value(typed).unwrap();
            Family::compile(Some(&typed), "Qwen/Qwen3-8B")
        };
        assert_eq!(Family::compile(None, "Qwen/Qwen3-8B"), Ok(Family::named("qwen3")));
        assert_eq!(compiled(json!("gpt-oss")), Ok(Family::named("gpt-oss")));
        assert_eq!(compiled(json!("none")), Ok(None));
        assert_eq!(
            compiled(json!("qwen")).unwrap_err(),
            "must be qwen3, deepseek, gpt-oss, none, or a mapping of levels"
        );
        assert!(compiled(json!({"low": {"a": 1}})).unwrap().is_some());
        assert!(compiled(json!({"lower": {"a": 1}})).is_err());
    }

    #[test]
    fn a_mapping_of_ones_own_is_read() {
        let read = |typed: Value| Mapping::read(typed.as_object().unwrap());
        let mapping = read(json!({"off": {"a": 1}, "high": {"b": {"c": 2}}})).unwrap();
        let family = Family::own(mapping);
        assert_eq!(family.words(Level::Off).unwrap().1["a"], 1);
        assert_eq!(family.words(Level::Low), None);
        assert_eq!(read(json!({"on": {}})).unwrap_err(), "has \"on\", but only off, low, medium and high");
        assert_eq!(read(json!({"off": 1})).unwrap_err(), "off must be a mapping");
        assert_eq!(read(json!({"off": {"model": "x"}})).unwrap_err(), "off.model is the router's own to write");
        assert!(read(json!({})).is_err());
    }
}

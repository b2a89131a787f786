//! What stands beside messages and prompts. Whatever is not known to be a setting may be shown to a model by some server.

use serde_json::value::RawValue;

use super::super::Role;
use super::Walk;
use crate::failure::Failure;
use crate::intake::json::{Shape, fields};

/// What sets how an answer is sampled, served or accounted, and is no text to any model. Settings that are numbers or
/// true or false need not stand here.
const SETTINGS: [&str; 20] = [
    "model",
    "stop",
    "stop_token_ids",
    "bad_words",
    "allowed_token_ids",
    "logprob_token_ids",
    "logit_bias",
    "response_format",
    "user",
    "safety_identifier",
    "metadata",
    "request_id",
    "rid",
    "session_id",
    "cache_salt",
    "prompt_cache_key",
    "kv_transfer_params",
    "ec_transfer_params",
    "bootstrap_host",
    "lora_path",
];

/// Settings that choose from a few names. Some are printed by templates.
const CHOICES: [&str; 14] = [
    "audio",
    "function_call",
    "mm_processor_kwargs",
    "modalities",
    "prompt_cache_retention",
    "reasoning",
    "reasoning_effort",
    "repetition_detection",
    "service_tier",
    "stream_options",
    "thinking",
    "tool_choice",
    "truncation_side",
    "verbosity",
];

/// Prompts that are no text.
const TOKENS: [&str; 5] = ["prompt_embeds", "prompt_token_ids", "token_ids", "input_ids", "input_embeds"];

/// What an answer must look like, beside all that begins with `guided_`: schemas, choices, expressions, grammars.
const FORMS: [&str; 6] = ["structured_outputs", "structural_tag", "json_schema", "regex", "ebnf", "grammar"];

// === impl Walk ===

impl<'a> Walk<'a> {
    /// What is neither a message nor a prompt.
    pub(super) fn setting(&mut self, key: &str, value: &'a RawValue) -> Result<(), Failure> {
        let shape = Shape::of(value);
        if shape == Shape::Null {
            return Ok(());
        }
        self.pieces.wants_json |= wants_json(key, value)?;
        match key {
            key if TOKENS.contains(&key) => self.pieces.unreadable.tokens = true,
            key if SETTINGS.contains(&key) => {}
            key if CHOICES.contains(&key) => self.unless_names(value, Role::Document)?,
            "tools" | "functions" => self.definitions(value)?,
            key if key.starts_with("guided_") || FORMS.contains(&key) => self.definitions(value)?,
            "prediction" => self.each(value, Role::Assistant)?,
            _ if shape == Shape::Other => {}
            _ => self.each(value, Role::Document)?,
        }
        Ok(())
    }
}

/// Whether `value` under `key` asks for an answer in JSON.
fn wants_json(key: &str, value: &RawValue) -> Result<bool, Failure> {
    if key == "guided_json" {
        return Ok(true);
    }
    if !matches!(key, "response_format" | "structured_outputs") || Shape::of(value) != Shape::Object {
        return Ok(false);
    }
    let is_json = |key: &str, value: &RawValue| match key {
        "type" => matches!(value.get(), r#""json_object""# | r#""json_schema""#),
        "json" | "json_object" => Shape::of(value) != Shape::Null,
        _ => false,
    };
    Ok(fields(value.get(), "an object")?.iter().any(|(key, value)| is_json(key, value)))
}

//! Reading JSON that came from outside: bounded in depth, strict about the keys that matter, and with every value's
//! place in the text kept, so that one value can be replaced and all else stay byte for byte.

use std::fmt;
use std::ops::Range;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::failure::{Failure, Reason};
use crate::openai::json::{Field, Fields, has_one_twice};

/// Deeper nesting is refused: vLLM's own parser gives up near 1,000 with a 500.
const DEPTH: usize = 256;

/// What a client knows the whole of its JSON by.
pub const BODY: &str = "the body";

/// A JSON value by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Shape {
    Null,
    String,
    Array,
    Object,
    Other,
}

/// The text of a body, or why it cannot be JSON.
pub fn text(body: &[u8]) -> Result<&str, Failure> {
    let text = std::str::from_utf8(body)
        .map_err(|error| invalid(format!("the body is not UTF-8 (byte {})", error.valid_up_to())))?;
    if depth_exceeds(text.as_bytes(), DEPTH) {
        return Err(invalid(format!("the body nests deeper than {DEPTH} levels")));
    }
    Ok(text)
}

/// Reads one object of type `T` from `raw`; `what` names it to the client.
///
/// A key of `T` that occurs twice is refused, whatever escapes it is written with. Keys that `T` has not are skipped.
pub fn object<'a, T: Deserialize<'a>>(raw: &'a str, what: &str) -> Result<T, Failure> {
    // serde would also take an array for a struct.
    if !raw.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
        let reason = if serde_json::from_str::<serde::de::IgnoredAny>(raw).is_ok() {
            Reason::InvalidRequest
        } else {
            Reason::InvalidJson
        };
        return Err(Failure::new(reason, format!("{what} must be a JSON object")));
    }
    serde_json::from_str(raw).map_err(|error| explain(&error, what))
}

/// Calls `each` with every element of the array `raw`, one at a time; `what` names the array to the client.
pub fn elements<'a>(
    raw: &'a str,
    what: &str,
    each: impl FnMut(&'a RawValue) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut failure = None;
    let visitor = Elements { each, failure: &mut failure };
    let read = serde_json::Deserializer::from_str(raw).deserialize_seq(visitor);
    failure.map_or_else(|| read.map_err(|error| explain(&error, what)), Err)
}

/// All fields of the object `raw`, by their unescaped names; `what` names it to the client. A key that occurs twice is
/// refused.
pub fn fields<'a>(raw: &'a str, what: &str) -> Result<Vec<Field<'a>>, Failure> {
    let Fields(fields) = object(raw, what)?;
    if has_one_twice(&fields) { Err(key_twice(what)) } else { Ok(fields) }
}

/// An object in `what` has a key twice. It is the client's, so it is not repeated.
pub fn key_twice(what: &str) -> Failure {
    Failure::new(Reason::DuplicateKey, format!("{what} has a key twice"))
}

/// Where `part` lies in `whole`, of which it must be a slice.
pub fn span(whole: &str, part: &RawValue) -> Range<usize> {
    let start = part.get().as_ptr() as usize - whole.as_ptr() as usize;
    start..start + part.get().len()
}

/// For `#[serde(deserialize_with)]`: keeps an explicit `null` apart from a key that is absent.
pub fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The string that `value`, a [`Shape::String`] in the field `param`, stands for.
pub fn string(value: &RawValue, param: &'static str) -> Result<String, Failure> {
    serde_json::from_str(value.get())
        .map_err(|_| Failure::invalid(param, format!("{param} holds a string with a broken escape")))
}

/// The name in a body's `model`. As vLLM has it, `null` and an empty name name nothing.
pub fn model_name(value: &RawValue) -> Result<Option<String>, Failure> {
    match Shape::of(value) {
        Shape::Null => Ok(None),
        Shape::String => string(value, "model").map(|name| Some(name).filter(|name| !name.is_empty())),
        _ => Err(Failure::invalid("model", "model must be a string")),
    }
}

/// Visits an array without keeping it. A refusal is carried out in `failure`, past serde's own error type.
struct Elements<'f, F> {
    each: F,
    failure: &'f mut Option<Failure>,
}

impl<'de, F: FnMut(&'de RawValue) -> Result<(), Failure>> Visitor<'de> for Elements<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut array: A) -> Result<(), A::Error> {
        while let Some(element) = array.next_element::<&RawValue>()? {
            if let Err(failure) = (self.each)(element) {
                *self.failure = Some(failure);
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

/// What a failed parse means to the client. serde's own words may quote values, so only its position is passed on, and
/// that only where it counts from the body's beginning.
fn explain(error: &serde_json::Error, what: &str) -> Failure {
    let place = match what {
        BODY => format!(" (line {} column {})", error.line(), error.column()),
        _ => String::new(),
    };
    let message = error.to_string();
    if let Some(key) = message.strip_prefix("duplicate field `").and_then(|rest| rest.split('`').next()) {
        return Failure::new(Reason::DuplicateKey, format!("{what} has the key \"{key}\" twice{place}"));
    }
    invalid(format!("{what} is not valid JSON{place}"))
}

fn invalid(message: String) -> Failure {
    Failure::new(Reason::InvalidJson, message)
}

/// Whether brackets outside of strings nest deeper than `limit`. The text need not be valid JSON.
fn depth_exceeds(text: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for &byte in text {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limit {
            return true;
        }
    }
    false
}

// === impl Shape ===

impl Shape {
    /// What `value` is.
    pub fn of(value: &RawValue) -> Self {
        match value.get().as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b'"') => Self::String,
            Some(b'[') => Self::Array,
            Some(b'{') => Self::Object,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_of_strings_only() {
        assert!(!depth_exceeds(br#"{"a": "[[[[[[", "b": "\"[[[["}"#, 1));
        assert!(depth_exceeds(b"[[[", 2));
        assert!(!depth_exceeds(b"[[],[],[]]", 2));
    }

    #[test]
    fn arrays_are_no_objects() {
        #[derive(Debug, Deserialize)]
        struct Thing {
            #[allow(dead_code, reason = "only its presence matters")]
            model: Option<String>,
        }
        let reason = |raw| object::<Thing>(raw, "the body").unwrap_err().reason;
        assert_eq!(reason(r#"["x"]"#), Reason::InvalidRequest);
        assert_eq!(reason(""), Reason::InvalidJson);
        assert_eq!(reason(r#"{"model": "a", "mod\u0065l": "b"}"#), Reason::DuplicateKey);
        assert_eq!(reason(r#"{"model": "a""#), Reason::InvalidJson);
        assert!(object::<Thing>(" {\"model\": \"a\", \"other\": 1, \"other\": 2}", "the body").is_ok());
    }
}

//! What the protocol goes by, which stays as it came for as long as it looks like what it is: roles, types, ids, the names
//! of tools. A template may print any of them, so what is no name is a text as any other.

use serde_json::value::RawValue;

use super::super::Role;
use super::super::tokens::{Kind, Tokens, has_digits};
use super::Walk;
use crate::failure::Failure;
use crate::intake::json::{Shape, string};

/// What says what a message, a part or a tool call is, or where it stands.
pub(super) const STRUCTURE: [&str; 3] = ["type", "index", "cache_control"];

/// An identifier with as many digits in a row may be somebody's number.
pub(super) const DIGITS: usize = 7;

/// The longest name, and the longest of a role, in bytes.
const LONGEST: usize = 128;
const LONGEST_ROLE: usize = 64;

/// Of more strings and keys, a sentence could be made.
const STRINGS: usize = 2;
const KEYS: usize = 4;

// === impl Walk ===

impl<'a> Walk<'a> {
    /// `value`, unless there are but a few names and short numbers in it.
    pub(super) fn unless_names(&mut self, value: &'a RawValue, role: Role) -> Result<(), Failure> {
        if are_names(value.get()) { Ok(()) } else { self.each(value, role) }
    }

    /// `value`, unless it is what a tool call is known by: that stands in the tool's result again, and may be all digits.
    pub(super) fn unless_id(&mut self, value: &'a RawValue, role: Role) -> Result<(), Failure> {
        let id = value.get();
        let is_string = Shape::of(value) == Shape::String;
        if is_string && is_word(&id[1..id.len() - 1]) { Ok(()) } else { self.unless_names(value, role) }
    }
}

/// A message's role. Templates print it outside of what anybody says, so that nothing but a name may stand there.
pub(super) fn role_name(value: &RawValue) -> Result<Option<String>, Failure> {
    match Shape::of(value) {
        Shape::Null => return Ok(None),
        Shape::String => {
            let name = string(value, "messages")?;
            if name.len() <= LONGEST_ROLE && !name.contains(':') && is_name(&name) {
                return Ok(Some(name));
            }
        }
        _ => {}
    }
    let message = "a message's role must be a short name of letters, digits, \"_\", \"-\" and \".\"";
    Err(Failure::invalid("messages", message))
}

/// Whether `name` is no more than a name, and has no number that could be one of somebody's.
pub(super) fn is_name(name: &str) -> bool {
    is_word(name) && !has_digits(name, DIGITS)
}

/// Whether `id` is no more than what a program calls a message: letters and digits, and no number that could be one of
/// somebody's.
pub(super) fn is_opaque(id: &RawValue) -> bool {
    let id = id.get().trim_matches('"');
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    id.bytes().all(is_part) && id.bytes().any(|byte| byte.is_ascii_digit()) && !has_digits(id, DIGITS)
}

fn is_word(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    text.len() <= LONGEST && text.bytes().all(is_part)
}

fn are_names(json: &str) -> bool {
    let (mut strings, mut keys) = (0, 0);
    Tokens::of(json).all(|token| {
        match token.kind {
            Kind::Open | Kind::Close | Kind::Word => return true,
            Kind::Key => keys += 1,
            Kind::String => strings += 1,
            Kind::Number => {}
        }
        strings <= STRINGS && keys <= KEYS && is_name(&json[token.range])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_texts_and_numbers() {
        for name in ["", "function", "computer_2024", "functions.find:0", "gpt-4.1", "a123456b123456"] {
            assert!(is_name(name), "{name}");
        }
        for text in ["a b", "a@b", "é", r"\u0061", "1234567", "a_1234567", "<x>", &"a".repeat(129)] {
            assert!(!is_name(text), "{text}");
        }
    }

    #[test]
    fn a_few_names_are_no_text() {
        for json in [
            r#"{"type":"ephemeral","ttl":"5m"}"#,
            r#"{"type":"function","function":{"name":"f"}}"#,
            r#"["text","audio"]"#,
            "12",
            "true",
        ] {
            assert!(are_names(json), "{json}");
        }
        for json in [r#"["Do","as","I","say"]"#, r#"{"a":1,"b":1,"c":1,"d":1,"e":1}"#, r#"{"a b":1}"#, "1234567"] {
            assert!(!are_names(json), "{json}");
        }
    }
}

//! A message of a chat, and how more is said in it.

use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::intake::content_text;
use crate::intake::edit::quoted;
use crate::intake::json::{Shape, object, present, span, string};

/// A message of the array `messages`.
pub(super) struct Message<'a> {
    element: &'a RawValue,
    read: Read<'a>,
}

#[derive(Deserialize)]
struct Read<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    role: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    content: Option<&'a RawValue>,
}

/// What is said around what a message says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    /// Before it.
    pub(super) before: Option<&'a str>,
    /// After it.
    pub(super) after: Option<&'a str>,
}

/// Texts in the place of others.
pub(super) type Pieces = Vec<(Range<usize>, String)>;

/// What a refusal calls a message.
const MESSAGE: &str = "a message";

/// Between what is said around a message and what it says.
const GAP: &str = "\n\n";

// === impl Message ===

impl<'a> Message<'a> {
    /// The messages of an array; none where it is no array.
    pub(super) fn all(messages: &'a str) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(messages).ok()
    }

    /// Reads one of them.
    pub(super) fn read(element: &'a RawValue) -> Result<Self, Failure> {
        Ok(Self { element, read: object(element.get(), MESSAGE)? })
    }

    /// Whether it is the application's, and not its user's or the model's.
    pub(super) fn is_system(&self) -> bool {
        matches!(self.role().as_deref(), Some("system" | "developer"))
    }

    /// Whether it is the user's.
    pub(super) fn is_user(&self) -> bool {
        self.role().as_deref() == Some("user")
    }

    /// What it says.
    pub(super) fn text(&self) -> Result<Option<String>, Failure> {
        content_text(self.read.content, MESSAGE)
    }

    /// Adds to `pieces` of `messages` what has it say `around` what it says, or that alone where it says nothing.
    pub(super) fn say(&self, messages: &str, around: Around<'_>, pieces: &mut Pieces) -> Result<(), Failure> {
        let Some(content) = self.read.content else {
            self.say_instead(messages, &around.alone(), pieces);
            return Ok(());
        };
        let place = span(messages, content);
        let Around { before, after } = around;
        match Shape::of(content) {
            Shape::String if !string(content, "messages")?.trim().is_empty() => {
                let insides = [(before, place.start + 1, "", GAP), (after, place.end - 1, GAP, "")];
                for (text, at, left, right) in insides {
                    let Some(text) = text else { continue };
                    let escaped = quoted(&[left, text, right].concat());
                    pieces.push((at..at, escaped[1..escaped.len() - 1].to_owned()));
                }
            }
            Shape::Array => {
                let is_empty = content.get()[1..].trim_start().starts_with(']');
                let part = |text: &str| format!(r#"{{"type":"text","text":{}}}"#, quoted(text));
                let comma = |is_needed: bool| if is_needed { "," } else { "" };
                if let Some(text) = before {
                    let comma = comma(!is_empty || after.is_some());
                    pieces.push((place.start + 1..place.start + 1, part(text) + comma));
                }
                if let Some(text) = after {
                    pieces.push((place.end - 1..place.end - 1, comma(!is_empty).to_owned() + &part(text)));
                }
            }
            _ => pieces.push((place, quoted(&around.alone()))),
        }
        Ok(())
    }

    /// Adds to `pieces` of `messages` what has it say `text` and nothing else.
    pub(super) fn say_instead(&self, messages: &str, text: &str, pieces: &mut Pieces) {
        match self.read.content {
            Some(content) => pieces.push((span(messages, content), quoted(text))),
            None => {
                let at = span(messages, self.element).start + 1;
                // There is the role, too.
                pieces.push((at..at, format!("\"content\":{},", quoted(text))));
            }
        }
    }

    fn role(&self) -> Option<String> {
        self.read.role.and_then(|role| serde_json::from_str(role.get()).ok())
    }
}

// === impl Around ===

impl Around<'_> {
    /// What is said where there is nothing to say it around.
    pub(super) fn alone(&self) -> String {
        let texts: Vec<&str> = [self.before, self.after].into_iter().flatten().collect();
        texts.join(GAP)
    }
}

//! `system_prompt`: what a route tells the model before the client does, after it, or in its place.
//!
//! The client's first message of the role `system` or `developer` is the one that counts; where there is none, one is put
//! before all others. A completion has no messages, and so nothing becomes of it.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::intake::Draft;
use crate::intake::edit::{quoted, spliced};
use crate::intake::json::{Shape, object, present, span, string};

/// A system prompt as a person types it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Settings {
    /// Said before what the client says.
    pub prepend: Option<String>,
    /// Said after it.
    pub append: Option<String>,
    /// Said in its place.
    pub replace: Option<String>,
}

/// What becomes of the system prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SystemPrompt {
    /// Something is said before or after what the client says.
    Around {
        /// Before it.
        before: Option<Box<str>>,
        /// After it.
        after: Option<Box<str>>,
    },
    /// Nothing that the client says stays, in whichever of its messages.
    Instead(Box<str>),
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    role: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    content: Option<&'a RawValue>,
}

/// Between the route's words and the client's.
const GAP: &str = "\n\n";

// === impl SystemPrompt ===

impl SystemPrompt {
    /// What `settings` mean, or what is wrong with them.
    pub fn compile(settings: &Settings) -> Result<Self, &'static str> {
        let Settings { prepend, append, replace } = settings;
        if [prepend, append, replace].into_iter().flatten().any(|text| text.trim().is_empty()) {
            return Err("must not hold an empty text");
        }
        let text = |text: &Option<String>| text.as_deref().map(Box::from);
        match (text(prepend), text(append), text(replace)) {
            (None, None, None) => Err("must have \"prepend\", \"append\" or \"replace\""),
            (before, after, None) => Ok(Self::Around { before, after }),
            (None, None, Some(instead)) => Ok(Self::Instead(instead)),
            _ => Err("must not have \"replace\" beside \"prepend\" or \"append\""),
        }
    }

    /// Applies it to the body of a request.
    pub fn apply(&self, draft: &mut Draft) -> Result<(), Failure> {
        let Some(messages) = draft.get("messages") else { return Ok(()) };
        if let Some(new) = self.said_in(messages)? {
            draft.set("messages", new);
        }
        Ok(())
    }

    /// The array `messages` with the prompt in it.
    fn said_in(&self, messages: &str) -> Result<Option<String>, Failure> {
        let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(messages) else { return Ok(None) };
        let mut pieces = Vec::new();
        let mut is_said = false;
        for (place, &element) in elements.iter().enumerate() {
            let message: Message = object(element.get(), "a message")?;
            if !is_system(&message) {
                continue;
            }
            match self {
                _ if !is_said => self.say(messages, element, &message, &mut pieces)?,
                // There is one before it, which stays.
                Self::Instead(_) => {
                    pieces.push((end(messages, elements[place - 1])..end(messages, element), String::new()))
                }
                Self::Around { .. } => break,
            }
            is_said = true;
        }
        if !is_said {
            let comma = if elements.is_empty() { "" } else { "," };
            let message = format!(r#"{{"role":"system","content":{}}}{comma}"#, quoted(&self.alone()));
            pieces.push((1..1, message));
        }
        Ok(Some(spliced(messages, pieces)))
    }

    /// How `message`, which is the `element` of `messages`, says it.
    fn say(
        &self,
        messages: &str,
        element: &RawValue,
        message: &Message,
        pieces: &mut Vec<(Range<usize>, String)>,
    ) -> Result<(), Failure> {
        let alone = || quoted(&self.alone());
        let Some(content) = message.content else {
            let at = span(messages, element).start + 1;
            // There is the role, too.
            pieces.push((at..at, format!("\"content\":{},", alone())));
            return Ok(());
        };
        let place = span(messages, content);
        match (self, Shape::of(content)) {
            (Self::Around { before, after }, Shape::String) if !string(content, "messages")?.trim().is_empty() => {
                let insides = [(before, place.start + 1, "", GAP), (after, place.end - 1, GAP, "")];
                for (text, at, left, right) in insides {
                    let Some(text) = text else { continue };
                    let escaped = quoted(&[left, text, right].concat());
                    pieces.push((at..at, escaped[1..escaped.len() - 1].to_owned()));
                }
            }
            (Self::Around { before, after }, Shape::Array) => {
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
            _ => pieces.push((place, alone())),
        }
        Ok(())
    }

    /// What is said where the client says nothing.
    fn alone(&self) -> String {
        match self {
            Self::Instead(text) => text.to_string(),
            Self::Around { before, after } => {
                let texts: Vec<&str> = [before, after].into_iter().flatten().map(|text| &**text).collect();
                texts.join(GAP)
            }
        }
    }
}

fn is_system(message: &Message) -> bool {
    let role = message.role.and_then(|role| serde_json::from_str::<String>(role.get()).ok());
    role.is_some_and(|role| matches!(&*role, "system" | "developer"))
}

fn end(whole: &str, part: &RawValue) -> usize {
    span(whole, part).end
}

#[cfg(test)]
mod tests;

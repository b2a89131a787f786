//! `system_prompt`: what a route tells the model before the client does, after it, or in its place.
//!
//! The client's first message of the role `system` or `developer` is the one that counts; where there is none, one is put
//! before all others. A completion has no messages, and so nothing becomes of it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::message::{Around, Message};
use crate::failure::Failure;
use crate::intake::Draft;
use crate::intake::edit::{quoted, spliced};
use crate::intake::json::span;

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
        let Some(elements) = Message::all(messages) else { return Ok(None) };
        let mut pieces = Vec::new();
        let mut is_said = false;
        for (place, &element) in elements.iter().enumerate() {
            let message = Message::read(element)?;
            if !message.is_system() {
                continue;
            }
            match self {
                Self::Around { .. } if is_said => break,
                Self::Around { before, after } => {
                    let around = Around { before: before.as_deref(), after: after.as_deref() };
                    message.say(messages, around, &mut pieces)?;
                }
                Self::Instead(text) if !is_said => message.say_instead(messages, text, &mut pieces),
                // There is one before it, which stays.
                Self::Instead(_) => {
                    pieces.push((end(messages, elements[place - 1])..end(messages, element), String::new()))
                }
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

    /// What is said where the client says nothing.
    fn alone(&self) -> String {
        match self {
            Self::Instead(text) => text.to_string(),
            Self::Around { before, after } => Around { before: before.as_deref(), after: after.as_deref() }.alone(),
        }
    }
}

fn end(whole: &str, part: &RawValue) -> usize {
    span(whole, part).end
}

#[cfg(test)]
mod tests;

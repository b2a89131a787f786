//! What is known of a request before anything is computed.

use serde::Serialize;

use crate::intake::Role;

/// A request as the signals see it. It borrows everything.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What it is routed by: the last user message's text, or a completion's prompt; empty where there is none.
    pub text: &'a str,
    /// Every text that the model gets to read.
    pub said: &'a [Said<'a>],
    /// Its messages; 1 for a completion.
    pub messages: usize,
    /// The user's messages among them.
    pub turns: usize,
    /// Tools that it names for the model.
    pub tools: usize,
    /// Images in the messages.
    pub images: usize,
    /// Token ids that stand in a text's place.
    pub ids: usize,
    /// The form of answer asked for.
    pub format: Format,
    /// The name in `model`.
    pub model: Option<&'a str>,
    /// Whose request it is.
    pub tenant: Option<&'a str>,
    /// The name of the client's key.
    pub key: Option<&'a str>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// What is asked by name.
    pub context: &'a dyn Context,
}

/// What of a request and its surroundings is asked by name.
pub trait Context: Sync {
    /// A header's values, by its name in lower case: one for each line that is text.
    fn header(&self, name: &str) -> &[String];
    /// How a backend stands, by its name.
    fn standing(&self, backend: &str) -> Option<Standing>;
}

/// One text of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said<'a> {
    /// Who says it.
    pub role: Role,
    /// What.
    pub text: &'a str,
}

/// The form of answer that `response_format` asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Any text.
    #[default]
    Text,
    /// JSON.
    JsonObject,
    /// JSON of a given schema.
    JsonSchema,
}

/// How a backend stands at this moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Requests that it is serving or that wait for it.
    pub load: f64,
    /// Whether any of its peers can serve.
    pub healthy: bool,
}

// === impl Format ===

impl Format {
    /// All names, as `response_format.type` has them.
    pub const NAMES: [&'static str; 3] = ["text", "json_object", "json_schema"];

    /// The form of this name; any text where it is no other's.
    pub fn named(name: &str) -> Self {
        [Self::JsonObject, Self::JsonSchema].into_iter().find(|format| format.as_str() == name).unwrap_or_default()
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

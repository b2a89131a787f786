//! Every text of a request that a model gets to read, by who says it, and put back changed.
//!
//! The router reads what the model will read: messages with all that a template could show of them, tools'
//! descriptions, documents, the template's own values, prompts, and whatever else is not known to be no text to any model:
//! what only ends or forms the answer (`stop`, `response_format`), or is for the server (`user`, sampling).
//!
//! - `walk`: through the body, from text to text
//! - `view`: a text as it means, JSON in it read through
//! - `spelling`: where each letter is spelled, in however many strings
//! - `tokens`: JSON in one pass

mod spelling;
mod tokens;
mod view;
mod walk;

use std::ops::Range;

use bytes::Bytes;

use self::spelling::{escaped, quoted};
use self::walk::Walk;
use super::endpoint::Endpoint;
use super::json;
use crate::failure::Failure;

/// The texts of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pieces {
    /// In the order in which they stand.
    pub all: Vec<Piece>,
    /// The one that the request is routed by: the last user message, or the first prompt.
    pub routed: Option<usize>,
    /// What a model would read and is no text.
    pub unreadable: Unreadable,
    /// Whether the answer is asked for in JSON.
    pub wants_json: bool,
}

/// What one message, tool or document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Who says it.
    pub role: Role,
    /// What, its parts a line each as vLLM joins them. Strings within JSON stand there without their escapes.
    pub text: String,
    /// Where that stands in the request.
    pub parts: Vec<Part>,
}

/// A string of a request, or a string, key or number of the JSON that one holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its bytes in the piece's text.
    pub range: Range<usize>,
    /// Its bytes in the body, without quotes.
    place: Range<usize>,
    /// How many strings it stands in, itself not counted.
    depth: u8,
    /// Whether it is a number. What stands for all of it is a string then.
    pub is_number: bool,
}

/// Who says a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The operator of the application: system and developer messages, the template's values.
    System,
    /// Who uses it.
    User,
    /// The model, in an earlier turn.
    Assistant,
    /// A tool, by its result.
    Tool,
    /// A document that the question is about.
    Document,
    /// The description of a tool.
    Definition,
}

/// What of a request is no text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unreadable {
    /// A prompt of token ids or embeddings.
    pub tokens: bool,
    /// Images, sound, video or files.
    pub media: bool,
}

/// What stands in a part's place from now on.
#[derive(Debug, Clone)]
pub struct Edit<'a> {
    /// The part.
    pub part: &'a Part,
    /// Its text.
    pub text: String,
}

// === impl Pieces ===

impl Pieces {
    /// Reads the body of a request to `endpoint`. Refused is what a model's server could read in another way: an object
    /// with a key twice, a broken escape.
    pub fn read(endpoint: Endpoint, body: &Bytes) -> Result<Self, Failure> {
        let mut walk = Walk::of(json::text(body)?);
        match endpoint {
            Endpoint::Completions => walk.completion()?,
            _ => walk.chat()?,
        }
        Ok(walk.pieces)
    }

    /// A user's text, without a request around it.
    pub fn of(text: String) -> Self {
        let parts = vec![Part { range: 0..text.len(), place: 0..0, depth: 0, is_number: false }];
        Self { all: vec![Piece { role: Role::User, text, parts }], routed: Some(0), ..Self::default() }
    }

    /// The bytes of all texts.
    pub fn bytes(&self) -> usize {
        self.all.iter().map(|piece| piece.text.len()).sum()
    }

    /// What begins the conversation: the first user's text, or the first there is.
    pub fn first(&self) -> &str {
        let first = self.all.iter().find(|piece| piece.role == Role::User).or(self.all.first());
        first.map_or("", |piece| &piece.text)
    }
}

/// `body`, which the edited parts were read from, with the edits made and all else byte for byte.
pub fn with_edits(body: &Bytes, mut edits: Vec<Edit>) -> Bytes {
    edits.sort_by_key(|edit| edit.part.place.start);
    let (mut edited, mut done) = (Vec::with_capacity(body.len() + 64 * edits.len()), 0);
    for Edit { part, text } in edits {
        edited.extend_from_slice(&body[done..part.place.start]);
        edited.extend_from_slice(part.spelled(&text).as_bytes());
        done = part.place.end;
    }
    edited.extend_from_slice(&body[done..]);
    edited.into()
}

// === impl Part ===

impl Part {
    /// `text` as it is written in this one's place.
    fn spelled(&self, text: &str) -> String {
        let spelled = if self.is_number { quoted(text) } else { escaped(text) };
        (0..self.depth).fold(spelled, |spelled, _| escaped(&spelled))
    }
}

// === impl Role ===

impl Role {
    /// Who says a message whose `role` is this. A name that is not known is taken for the user's.
    pub fn named(name: &str) -> Self {
        match name {
            "system" | "developer" => Self::System,
            "assistant" => Self::Assistant,
            "tool" | "function" => Self::Tool,
            "document" | "context" => Self::Document,
            _ => Self::User,
        }
    }

    /// Its name in the config and where it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Document => "document",
            Self::Definition => "definition",
        }
    }
}

// === impl Unreadable ===

impl Unreadable {
    /// Whether there is any of it.
    pub fn is_any(self) -> bool {
        self.tokens || self.media
    }
}

#[cfg(test)]
mod tests;

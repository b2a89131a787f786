//! Every text of a request that a model gets to read, by who says it, and put back changed.
//!
//! The router reads what the model will read: messages with all that a template could show of them, tools'
//! descriptions, documents, the template's own values, prompts. What only constrains the answer (`response_format`, `stop`)
//! or the server (`user`, sampling) is no text to the model.

mod walk;

use std::ops::Range;

use bytes::Bytes;

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
    /// What, its parts a line each as vLLM joins them.
    pub text: String,
    /// Where that stands in the request.
    pub parts: Vec<Part>,
}

/// One string of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its bytes in the piece's text.
    pub range: Range<usize>,
    /// Its bytes in the body, quotes included.
    place: Range<usize>,
    /// Whether the string is JSON itself, as a tool call's arguments are.
    pub is_json: bool,
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
        let parts = vec![Part { range: 0..text.len(), place: 0..0, is_json: false }];
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
        let text = if part.is_json { quoted(text) } else { text };
        // Writing text to a vector cannot fail.
        let _ = serde_json::to_writer(&mut edited, &text);
        done = part.place.end;
    }
    edited.extend_from_slice(&body[done..]);
    edited.into()
}

/// JSON in which a value that is no string became a placeholder, with quotes around that: vLLM parses arguments.
fn quoted(text: String) -> String {
    if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
        return text;
    }
    let (mut quoted, mut rest, mut in_string) = (String::with_capacity(text.len() + 16), text.as_str(), false);
    while let Some(next) = rest.chars().next() {
        let taken = match next {
            '\\' if in_string => rest.chars().take(2).map(char::len_utf8).sum(),
            _ if !in_string && stands_for_a_value(rest) => {
                let close = if next == '<' { '>' } else { ']' };
                let end = rest.find(close).map_or(rest.len(), |end| end + 1);
                quoted.extend(["\"", &rest[..end], "\""]);
                rest = &rest[end..];
                continue;
            }
            _ => next.len_utf8(),
        };
        in_string ^= next == '"';
        quoted.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    quoted
}

/// Whether what begins here is in no JSON outside of its strings: `<PERSON_1…` or `[PERSON…`.
fn stands_for_a_value(rest: &str) -> bool {
    rest.starts_with('<')
        || rest.strip_prefix('[').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
}

// === impl Role ===

impl Role {
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

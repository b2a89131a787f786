//! A stored answer as it is given again: as a whole body, or as the stream that a model's server would send.

use std::iter;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;

use crate::openai::answer::{Answer, Call, Choice, Kind};
use crate::openai::json::Object;

/// What each answer that is given has of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh {
    /// What the `id` is made of; the endpoint's prefix is put before it.
    pub id: String,
    /// Seconds since 1970.
    pub created: u64,
}

/// A choice's turn: one chunk.
struct Turn<'a> {
    index: u32,
    choice: &'a Choice,
    step: Step<'a>,
    /// Whether the log probabilities are told with it.
    bears_logprobs: bool,
}

/// What a chunk says of its choice.
#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    /// Who speaks.
    Role,
    /// A piece of a message's field.
    Said(&'a str, &'a str),
    /// A piece of a completion's text.
    Text(&'a str),
    /// The name of the function that is called.
    Function(&'a str),
    /// A piece of its arguments.
    FunctionArguments(&'a str),
    /// The tool that is called at this index.
    Call(u32, &'a Call),
    /// A piece of its arguments.
    CallArguments(u32, &'a str),
    /// How the choice ends.
    End,
}

/// What every chunk tells of the answer; all else beside the choices is told in the first.
const EVERYWHERE: [&str; 3] = ["model", "service_tier", "system_fingerprint"];

/// The order that a message's fields are said in; others follow.
const ORDER: [&str; 2] = ["reasoning", "reasoning_content"];

/// A piece of text is about so many bytes long, or longer where there would be more than [`PIECES`].
const PIECE: usize = 64;

/// Into how many pieces a text falls, about and at most.
const PIECES: usize = 32;

/// The stored answer as a whole body. None where `stored` does not begin as [`Answer::to_json`] has it.
pub fn json(stored: &str, fresh: &Fresh) -> Option<Bytes> {
    let (object, rest) = stored.strip_prefix(r#"{"object":""#)?.split_once('"')?;
    let mut out = Vec::with_capacity(stored.len() + fresh.id.len() + 64);
    fresh.open(Kind::of_object(object)?, object, &mut out);
    out.extend_from_slice(rest.as_bytes());
    Some(out.into())
}

/// The stored answer as a stream of events, with the event that tells the usage if it is asked for. None where `stored` is
/// not a whole answer, or the usage is asked for and not known.
pub fn events(stored: &str, fresh: &Fresh, include_usage: bool) -> Option<Bytes> {
    let answer = Answer::of_body(stored)?;
    let [first, later] = [true, false].map(|is_first| opening(&answer, fresh, is_first));
    let mut out = Vec::with_capacity(4 * stored.len());
    for (turn, opening) in turns(&answer).iter().zip(iter::once(&first).chain(iter::repeat(&later))) {
        write_event(&mut out, opening, Some(turn), "");
    }
    if include_usage {
        write_event(&mut out, &later, None, &format!(",\"usage\":{}", answer.usage.as_ref()?.get()));
    }
    out.extend_from_slice(b"data: [DONE]\n\n");
    Some(out.into())
}

/// Whether the stored answer calls tools, or a function.
pub fn has_tool_calls(stored: &str) -> bool {
    // Inside of a string the quotes would be escaped, and there is no white space between tokens.
    [r#""tool_calls":[{"#, r#""function_call":{"#].iter().any(|call| stored.contains(call))
}

/// What the stored answer says, in its first choice.
pub fn text(stored: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(stored).ok()?;
    let choice = answer.get("choices")?.get(0)?;
    let said = choice.get("message").and_then(|message| message.get("content")).or_else(|| choice.get("text"))?;
    said.as_str().map(str::to_owned)
}

/// Since 1970.
fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

// === impl Fresh ===

impl Fresh {
    /// For an answer that is given now.
    pub fn now() -> Self {
        Self { id: Uuid::new_v4().simple().to_string(), created: seconds_now() }
    }

    /// Opens an object with what is this answer's own.
    fn open<'o>(&self, kind: Kind, object: &str, out: &'o mut Vec<u8>) -> Object<'o> {
        let mut opened = Object::open(out);
        opened.text("id", Some(&[kind.id_prefix(), &self.id].concat()));
        opened.text("object", Some(object));
        opened.number("created", self.created);
        opened
    }
}

/// A chunk's beginning, up to its choices.
fn opening(answer: &Answer, fresh: &Fresh, is_first: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = fresh.open(answer.kind(), answer.kind().chunk_object(), &mut out);
    for (name, value) in answer.values.iter() {
        if is_first || EVERYWHERE.contains(&name) {
            object.json(name, value);
        }
    }
    object.field("choices").push(b'[');
    out
}

/// Writes the event of a chunk; `rest` is what follows the choices.
fn write_event(out: &mut Vec<u8>, opening: &[u8], turn: Option<&Turn>, rest: &str) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(opening);
    if let Some(turn) = turn {
        turn.write(out);
    }
    out.push(b']');
    out.extend_from_slice(rest.as_bytes());
    out.extend_from_slice(b"}\n\n");
}

/// Who says what when: the choices take turns until each has ended.
fn turns(answer: &Answer) -> Vec<Turn<'_>> {
    let mut turns = Vec::new();
    for (&index, choice) in &answer.choices {
        let steps = steps(choice);
        let bearer = bearer(&steps);
        let turn = |(place, step)| (place, Turn { index, choice, step, bears_logprobs: place == bearer });
        turns.extend(steps.into_iter().enumerate().map(turn));
    }
    turns.sort_by_key(|(place, turn)| (*place, turn.index));
    turns.into_iter().map(|(_, turn)| turn).collect()
}

/// What is to be said of `choice`, in order.
fn steps(choice: &Choice) -> Vec<Step<'_>> {
    // Log probabilities belong to a text as a whole.
    let is_split = choice.logprobs.as_ref().is_none_or(|logprobs| logprobs.is_null());
    let mut steps = Vec::new();
    if let Some(text) = &choice.text {
        steps.extend(pieces(text, is_split).map(Step::Text));
    } else {
        steps.push(Step::Role);
    }
    let (before, after): (Vec<_>, Vec<_>) = choice.says.iter().partition(|(name, _)| ORDER.contains(name));
    for (name, said) in before.into_iter().chain(after) {
        let said = said.as_deref().unwrap_or_default();
        steps.extend(pieces(said, is_split).map(|piece| Step::Said(name, piece)));
    }
    if let Some(function) = &choice.function {
        steps.push(Step::Function(function.name.as_deref().unwrap_or_default()));
        steps.extend(pieces(&function.arguments, true).map(Step::FunctionArguments));
    }
    for (&index, call) in &choice.calls {
        steps.push(Step::Call(index, call));
        steps.extend(pieces(&call.function.arguments, true).map(|piece| Step::CallArguments(index, piece)));
    }
    steps.push(Step::End);
    steps
}

/// At which of the steps the log probabilities are told: with the text that they are of.
fn bearer(steps: &[Step]) -> usize {
    let of_text = |step: &Step| matches!(step, Step::Text(_) | Step::Said("content", _));
    steps.iter().position(of_text).unwrap_or(steps.len() - 1)
}

/// The pieces of `text`: cut after a space where there is one, and else between characters. None of no text.
fn pieces(text: &str, is_split: bool) -> impl Iterator<Item = &str> {
    let size = if is_split { PIECE.max(text.len().div_ceil(PIECES)) } else { usize::MAX };
    let mut rest = text;
    iter::from_fn(move || {
        let mut end = size.min(rest.len());
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        if end < rest.len() {
            end = rest[..end].rfind(' ').map_or(end, |space| space + 1);
        }
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

// === impl Turn ===

impl Turn<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let choice = self.choice;
        let mut object = Object::open(out);
        object.number("index", self.index.into());
        match self.step {
            Step::Text(text) => object.text("text", Some(text)),
            Step::End if choice.text.is_some() => object.text("text", Some("")),
            _ => self.write_delta(object.field("delta")),
        }
        match &choice.logprobs {
            Some(logprobs) if self.bears_logprobs => logprobs.write(object.field("logprobs")),
            Some(_) => object.json("logprobs", "null"),
            None => {}
        }
        if let Step::End = self.step {
            object.text("finish_reason", choice.finish.as_deref());
            if let Some(ids) = &choice.token_ids {
                ids.write(object.field("token_ids"));
            }
            choice.values.iter().for_each(|(name, value)| object.json(name, value));
        } else {
            object.json("finish_reason", "null");
        }
        object.close();
    }

    fn write_delta(&self, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        match self.step {
            Step::Role => self.write_role(&mut object),
            Step::Said(name, piece) => object.text(name, Some(piece)),
            Step::Function(name) => write_function(object.field("function_call"), Some(name), ""),
            Step::FunctionArguments(piece) => write_function(object.field("function_call"), None, piece),
            Step::Call(index, call) => write_call(object.field("tool_calls"), index, Some(call), ""),
            Step::CallArguments(index, piece) => write_call(object.field("tool_calls"), index, None, piece),
            Step::Text(_) | Step::End => {}
        }
        object.close();
    }

    /// What no later piece would tell: the message's values, and which fields are null or empty. A content begins empty.
    fn write_role(&self, object: &mut Object) {
        self.choice.message.iter().flat_map(|values| values.iter()).for_each(|(name, value)| object.json(name, value));
        for (&name, said) in &self.choice.says {
            match said.as_deref() {
                None => object.text(name, None),
                Some(text) if text.is_empty() || name == "content" => object.text(name, Some("")),
                Some(_) => {}
            }
        }
    }
}

/// Writes an array of the one call; `begun` is the call where this is its beginning.
fn write_call(out: &mut Vec<u8>, index: u32, begun: Option<&Call>, arguments: &str) {
    out.push(b'[');
    let mut object = Object::open(out);
    object.number("index", index.into());
    if let Some(call) = begun {
        object.text("id", call.id.as_deref());
        object.text("type", Some("function"));
    }
    write_function(object.field("function"), begun.and_then(|call| call.function.name.as_deref()), arguments);
    object.close();
    out.push(b']');
}

fn write_function(out: &mut Vec<u8>, name: Option<&str>, arguments: &str) {
    let mut object = Object::open(out);
    if name.is_some() {
        object.text("name", name);
    }
    object.text("arguments", Some(arguments));
    object.close();
}

#[cfg(test)]
mod tests;

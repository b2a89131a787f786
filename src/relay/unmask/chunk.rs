//! What one event of a stream says: which texts go on in which of the choices' fields, and who has finished.

use std::borrow::Cow;
use std::ops::Range;

use super::json::{Step, form, leaves, unquoted};
use crate::guard::mask::placeholder::Form;
use crate::openai::json::Object;

/// A chunk of an answer, as far as it matters here.
#[derive(Default)]
pub(super) struct Chunk<'t> {
    /// As it stands in the stream.
    pub(super) text: &'t str,
    /// Texts that go on from chunk to chunk.
    pub(super) pieces: Vec<Piece<'t>>,
    /// Texts that stand for themselves.
    pub(super) others: Vec<(Range<usize>, Form)>,
    choices: Vec<Choice>,
    /// What names the answer: `id` and the like, as they stand in the text.
    names: Vec<(&'t str, &'t str)>,
    is_error: bool,
}

/// A piece of a text.
pub(super) struct Piece<'t> {
    /// What it is a piece of.
    pub(super) thread: Thread,
    /// Where its string stands.
    pub(super) range: Range<usize>,
    /// What it says; none where that cannot be told.
    pub(super) said: Option<Cow<'t, str>>,
}

/// A text that comes in pieces: a choice's index, and which of its fields.
pub(super) type Thread = (u64, Field);

/// The fields whose pieces are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Reasoning,
    ReasoningContent,
    Content,
    Refusal,
    FunctionArguments,
    /// Of the tool call at this index.
    CallArguments(u64),
    /// A completion's.
    Text,
}

struct Choice {
    index: u64,
    is_finished: bool,
    /// The indices of the tool calls.
    calls: Vec<u64>,
}

/// What of a chunk names the answer that it is of.
const NAMES: [&str; 4] = ["id", "object", "created", "model"];

// === impl Chunk ===

impl<'t> Chunk<'t> {
    /// Reads the chunk `text`; none where it is not JSON. What the model says is in the form `said`.
    pub(super) fn read(text: &'t str, said: Form) -> Option<Self> {
        let mut chunk = Self { text, ..Self::default() };
        leaves(text, |path, range| chunk.leaf(path, range, said))?;
        // Indices may be told after what they are the indices of.
        for piece in &mut chunk.pieces {
            let (choice, field) = &mut piece.thread;
            let Some(told) = usize::try_from(*choice).ok().and_then(|place| chunk.choices.get(place)) else { continue };
            *choice = told.index;
            if let Field::CallArguments(call) = field {
                *call = usize::try_from(*call).ok().and_then(|place| told.calls.get(place)).copied().unwrap_or(*call);
            }
        }
        Some(chunk)
    }

    /// Whether it is no part of the answer but the end of all.
    pub(super) fn is_error(&self) -> bool {
        self.is_error
    }

    /// Whether the choice at this index has finished.
    pub(super) fn is_finished(&self, index: u64) -> bool {
        self.choices.iter().any(|choice| choice.index == index && choice.is_finished)
    }

    /// Whether `thread` goes on here, if only with nothing.
    pub(super) fn goes_on(&self, thread: Thread) -> bool {
        self.pieces.iter().any(|piece| piece.thread == thread && piece.said.is_some())
    }

    /// Whether the choice speaks elsewhere now, so that nothing more is to be expected of `thread` before.
    pub(super) fn has_left(&self, thread: Thread) -> bool {
        let speaks = |piece: &Piece| piece.said.as_ref().is_none_or(|said| !said.is_empty());
        let mut speaking = self.pieces.iter().filter(|piece| piece.thread.0 == thread.0 && speaks(piece)).peekable();
        let goes_on = |piece: &Piece| match (piece.thread.1, thread.1) {
            // Tools may be called side by side.
            (Field::CallArguments(call), Field::CallArguments(same)) => call != same || piece.said.is_some(),
            (field, same) => field == same && piece.said.is_some(),
        };
        speaking.peek().is_some() && !speaking.any(goes_on)
    }

    /// How an event of the same answer begins, up to its choices.
    pub(super) fn opening(&self) -> String {
        let names: String = self.names.iter().map(|(name, value)| format!("\"{name}\":{value},")).collect();
        format!("{{{names}\"choices\":[")
    }

    fn leaf(&mut self, path: &[Step<'t>], range: Range<usize>, said: Form) {
        let raw = &self.text[range.clone()];
        match path {
            [Step::Key("choices"), Step::At(place), rest @ ..] => {
                while self.choices.len() <= *place {
                    let index = self.choices.len() as u64;
                    self.choices.push(Choice { index, is_finished: false, calls: Vec::new() });
                }
                if raw.starts_with('"') {
                    self.string(path, *place as u64, rest, range, said);
                }
                self.choices[*place].leaf(rest, raw);
            }
            [Step::Key(name)] if NAMES.contains(name) => self.names.push((name, raw)),
            _ => {
                self.is_error |= path.first() == Some(&Step::Key("error")) && raw != "null";
                if let Some(form) = form(path, said).filter(|_| raw.starts_with('"')) {
                    self.others.push((range, form));
                }
            }
        }
    }

    fn string(&mut self, path: &[Step], place: u64, rest: &[Step], range: Range<usize>, said: Form) {
        if let Some(field) = Field::of(rest) {
            let said = unquoted(&self.text[range.clone()]);
            self.pieces.push(Piece { thread: (place, field), range, said });
        } else if let Some(form) = form(path, said) {
            self.others.push((range, form));
        }
    }
}

// === impl Field ===

impl Field {
    /// The field that this is the way to; a tool call's by its place.
    fn of(path: &[Step]) -> Option<Self> {
        match path {
            [Step::Key("text")] => Some(Self::Text),
            [Step::Key("delta"), Step::Key(name)] => match *name {
                "content" => Some(Self::Content),
                "reasoning" => Some(Self::Reasoning),
                "reasoning_content" => Some(Self::ReasoningContent),
                "refusal" => Some(Self::Refusal),
                _ => None,
            },
            [Step::Key("delta"), Step::Key("function_call"), Step::Key("arguments")] => Some(Self::FunctionArguments),
            [
                Step::Key("delta"),
                Step::Key("tool_calls"),
                Step::At(place),
                Step::Key("function"),
                Step::Key("arguments"),
            ] => Some(Self::CallArguments(*place as u64)),
            _ => None,
        }
    }

    /// In what form its text is, where what a model says is in the form `said`.
    pub(super) fn form(self, said: Form) -> Form {
        match self {
            Self::Content | Self::Text => said,
            Self::Reasoning | Self::ReasoningContent | Self::Refusal => Form::Text,
            Self::FunctionArguments | Self::CallArguments(_) => Form::Json,
        }
    }

    /// Writes a choice that says `text` in this field, and nothing else.
    pub(super) fn write(self, choice: u64, text: &str, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        object.number("index", choice);
        match self {
            Self::Text => object.text("text", Some(text)),
            _ => self.write_delta(text, object.field("delta")),
        }
        object.json("logprobs", "null");
        object.json("finish_reason", "null");
        object.close();
    }

    fn write_delta(self, text: &str, out: &mut Vec<u8>) {
        let mut delta = Object::open(out);
        match self {
            Self::Content | Self::Text => delta.text("content", Some(text)),
            Self::Reasoning => delta.text("reasoning", Some(text)),
            Self::ReasoningContent => delta.text("reasoning_content", Some(text)),
            Self::Refusal => delta.text("refusal", Some(text)),
            Self::FunctionArguments => write_arguments(text, delta.field("function_call")),
            Self::CallArguments(index) => {
                let calls = delta.field("tool_calls");
                calls.push(b'[');
                let mut call = Object::open(calls);
                call.number("index", index);
                write_arguments(text, call.field("function"));
                call.close();
                calls.push(b']');
            }
        }
        delta.close();
    }
}

fn write_arguments(text: &str, out: &mut Vec<u8>) {
    let mut function = Object::open(out);
    function.text("arguments", Some(text));
    function.close();
}

// === impl Choice ===

impl Choice {
    fn leaf(&mut self, path: &[Step], raw: &str) {
        match path {
            [Step::Key("index")] => self.index = raw.parse().unwrap_or(self.index),
            // Some servers have an empty one as long as there is none.
            [Step::Key("finish_reason")] => self.is_finished = !matches!(raw, "null" | "\"\""),
            [Step::Key("delta"), Step::Key("tool_calls"), Step::At(place), rest @ ..] => {
                while self.calls.len() <= *place {
                    self.calls.push(self.calls.len() as u64);
                }
                if let ([Step::Key("index")], Ok(index)) = (rest, raw.parse()) {
                    self.calls[*place] = index;
                }
            }
            _ => {}
        }
    }
}

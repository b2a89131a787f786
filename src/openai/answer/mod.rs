//! One answer to a chat or a completion, put together from a whole body or from the chunks of a stream.
//!
//! Only what can be put together without guessing is: texts, the arguments of tool calls and arrays of log probabilities
//! are joined; what names the answer (`model`, `role`, …) may be said again if it is the same; anything else may be said
//! once. A null stands for nothing said yet. What breaks these rules, or is not known to be whole, is no answer here.

mod choice;
mod value;
mod write;

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::json::{elements, fields, is_null, string};

pub use choice::{Call, Choice, Function};
pub use value::{List, Lists, Values};

/// An answer, as far as it is known.
#[derive(Debug, Default)]
pub struct Answer {
    kind: Option<Kind>,
    /// What stands beside the choices, as `model`.
    pub values: Values,
    /// The answers to the one prompt, by their index.
    pub choices: BTreeMap<u32, Choice>,
    /// The usage that was told last.
    pub usage: Option<Box<RawValue>>,
}

/// Of which endpoint's making an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `/v1/chat/completions`
    Chat,
    /// `/v1/completions`
    Text,
}

/// How a piece of JSON holds an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// All of it.
    Whole,
    /// As much as one event of a stream.
    Chunk,
}

// === impl Answer ===

impl Answer {
    /// The answer that is the whole body `text`; none unless it is whole and usable.
    pub fn of_body(text: &str) -> Option<Self> {
        let mut answer = Self::default();
        answer.take(text, Form::Whole)?;
        answer.whole()
    }

    /// Takes in the chunk `text`, a stream's next; none where it has no place in an answer.
    pub fn chunk(&mut self, text: &str) -> Option<()> {
        self.take(text, Form::Chunk)
    }

    /// The answer that the stream was, now that it has ended; none unless it is whole and usable.
    pub fn whole(mut self) -> Option<Self> {
        let kind = self.kind?;
        let are_all_there = self.choices.keys().zip(0..).all(|(index, place)| *index == place);
        if self.choices.is_empty() || !are_all_there {
            return None;
        }
        self.choices.values_mut().try_for_each(|choice| choice.settle(kind))?;
        Some(self)
    }

    /// Of which endpoint's making it is; chat where nothing has been said yet.
    pub fn kind(&self) -> Kind {
        self.kind.unwrap_or(Kind::Chat)
    }

    /// What it takes in memory, roughly, in bytes.
    pub fn bytes(&self) -> usize {
        let usage = self.usage.as_ref().map_or(0, |usage| usage.get().len());
        usage + self.values.bytes() + self.choices.values().map(Choice::bytes).sum::<usize>()
    }

    fn take(&mut self, text: &str, form: Form) -> Option<()> {
        for (name, value) in fields(text)? {
            match &*name {
                // They are another's with each answer that is given.
                "id" | "created" => {}
                "object" => self.take_kind(Kind::of(&string(value)?, form)?)?,
                "choices" => {
                    elements(value.get())?.into_iter().try_for_each(|choice| self.take_choice(choice, form))?;
                }
                "usage" if is_null(value) => {}
                "usage" => self.usage = Some(value.to_owned()),
                // A failure, or half of an answer that another server is to go on with.
                "error" | "kv_transfer_params" | "ec_transfer_params" if !is_null(value) => return None,
                // What the one request took.
                "metrics" if !is_null(value) => {}
                _ => self.values.put_again(&name, value)?,
            }
        }
        Some(())
    }

    fn take_kind(&mut self, kind: Kind) -> Option<()> {
        (*self.kind.get_or_insert(kind) == kind).then_some(())
    }

    fn take_choice(&mut self, choice: &RawValue, form: Form) -> Option<()> {
        let fields = fields(choice.get())?;
        let (_, index) = fields.iter().find(|(name, _)| name == "index")?;
        let index = index.get().parse().ok()?;
        if form == Form::Whole && self.choices.contains_key(&index) {
            return None;
        }
        self.choices.entry(index).or_default().take(fields, form)
    }
}

// === impl Kind ===

impl Kind {
    /// The `object` of a whole answer.
    pub fn object(self) -> &'static str {
        match self {
            Self::Chat => "chat.completion",
            Self::Text => "text_completion",
        }
    }

    /// The `object` of a stream's chunks.
    pub fn chunk_object(self) -> &'static str {
        match self {
            Self::Chat => "chat.completion.chunk",
            Self::Text => "text_completion",
        }
    }

    /// What an answer's `id` begins with.
    pub fn id_prefix(self) -> &'static str {
        match self {
            Self::Chat => "chatcmpl-",
            Self::Text => "cmpl-",
        }
    }

    /// The kind that has this `object` in whole answers.
    pub fn of_object(object: &str) -> Option<Self> {
        Self::of(object, Form::Whole)
    }

    fn of(object: &str, form: Form) -> Option<Self> {
        [Self::Chat, Self::Text].into_iter().find(|kind| match form {
            Form::Whole => kind.object() == object,
            Form::Chunk => kind.chunk_object() == object,
        })
    }
}

//! One of an answer's choices: its message or text, how it ended, and what goes with it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::value::{List, Lists, OVERHEAD, Values};
use super::{Form, Kind};
use crate::openai::json::{Field, elements, fields, is_null, string};

/// A choice, as far as it is known.
#[derive(Debug, Default)]
pub struct Choice {
    /// A completion's text.
    pub text: Option<String>,
    /// What a message says, by the name of the field; null where nothing was said there.
    pub says: BTreeMap<&'static str, Option<String>>,
    /// What else a message has, as `role`.
    pub message: Option<Values>,
    /// A function that is to be called, in the form before there were tools.
    pub function: Option<Function>,
    /// The tools that are to be called, by their index.
    pub calls: BTreeMap<u32, Call>,
    /// How likely its tokens were.
    pub logprobs: Option<Lists>,
    /// The tokens that were generated.
    pub token_ids: Option<List>,
    /// Why it ended.
    pub finish: Option<String>,
    /// What stands beside the message, as `stop_reason`.
    pub values: Values,
}

/// A tool that is to be called.
#[derive(Debug, Default)]
pub struct Call {
    /// What the tool's result is to name.
    pub id: Option<String>,
    /// `function`
    pub kind: Option<String>,
    /// What is to be called.
    pub function: Function,
}

/// A function that is to be called.
#[derive(Debug, Default)]
pub struct Function {
    /// Its name.
    pub name: Option<String>,
    /// JSON, of the model's making.
    pub arguments: String,
}

/// The fields of a message whose pieces are joined.
const SAID: [&str; 4] = ["reasoning", "reasoning_content", "content", "refusal"];

// === impl Choice ===

impl Choice {
    pub(super) fn take(&mut self, fields: Vec<Field>, form: Form) -> Option<()> {
        for (name, value) in fields {
            match (&*name, form) {
                ("index", _) => {}
                ("message", Form::Whole) | ("delta", Form::Chunk) => self.take_message(value, form)?,
                ("message", Form::Chunk) | ("delta", Form::Whole) => return None,
                ("text", _) => self.text.get_or_insert_default().push_str(&string(value)?),
                ("finish_reason", _) => set(&mut self.finish, value)?,
                ("logprobs", _) => self.logprobs.get_or_insert_default().go_on(value)?,
                ("token_ids", _) => self.token_ids.get_or_insert_default().go_on(value)?,
                ("error", _) if !is_null(value) => return None,
                _ => self.values.put(&name, value)?,
            }
        }
        Some(())
    }

    /// Whether it is whole, and a choice of this kind; brings what may be said in two ways into one.
    pub(super) fn settle(&mut self, kind: Kind) -> Option<()> {
        let calls_tools = !self.calls.is_empty();
        let is_whole = match self.finish.as_deref()? {
            "stop" => true,
            "tool_calls" => calls_tools,
            _ => false,
        };
        let is_usable = self.calls.keys().zip(0..).all(|(index, place)| *index == place)
            && self.calls.values().all(Call::is_whole)
            && self.function.as_ref().is_none_or(Function::is_whole);
        if !is_whole || !is_usable || self.text.is_some() != (kind == Kind::Text) {
            return None;
        }
        match (kind, &mut self.message) {
            (Kind::Text, None) => Some(()),
            (Kind::Chat, Some(message)) => {
                message.set_default("role", "\"assistant\"");
                if self.function.is_some() {
                    message.remove("function_call");
                }
                let content = self.says.entry("content").or_default();
                // Streams begin with an empty text, whatever follows.
                if calls_tools || self.function.is_some() {
                    *content = content.take().filter(|text| !text.is_empty());
                }
                Some(())
            }
            _ => None,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        let said = self.says.values().chain([&self.text]).flatten().map(String::capacity).sum::<usize>();
        let calls = self.calls.values().map(|call| OVERHEAD + call.function.arguments.capacity()).sum::<usize>();
        let lists = self.logprobs.as_ref().map_or(0, Lists::bytes) + self.token_ids.as_ref().map_or(0, List::bytes);
        let function = self.function.as_ref().map_or(0, |function| function.arguments.capacity());
        let values = self.values.bytes() + self.message.as_ref().map_or(0, Values::bytes);
        size_of::<Self>() + said + calls + lists + function + values
    }

    fn take_message(&mut self, message: &RawValue, form: Form) -> Option<()> {
        let values = self.message.get_or_insert_default();
        for (name, value) in fields(message.get())? {
            match &*name {
                "tool_calls" if is_null(value) => {}
                "tool_calls" => take_calls(&mut self.calls, value, form)?,
                "function_call" if !is_null(value) => self.function.get_or_insert_default().take(value)?,
                "role" => values.put_again(&name, value)?,
                name => match SAID.into_iter().find(|said| *said == name) {
                    Some(said) => go_on(self.says.entry(said).or_default(), value)?,
                    None => values.put(name, value)?,
                },
            }
        }
        Some(())
    }
}

/// Takes in calls, each at its index, which in a whole answer is its place.
fn take_calls(calls: &mut BTreeMap<u32, Call>, value: &RawValue, form: Form) -> Option<()> {
    for (place, call) in (0..).zip(elements(value.get())?) {
        let mut fields = fields(call.get())?;
        let index = fields.iter().position(|(name, _)| name == "index").map(|at| fields.swap_remove(at).1);
        let index = match (index, form) {
            (_, Form::Whole) => place,
            (Some(index), Form::Chunk) => index.get().parse().ok()?,
            (None, Form::Chunk) => return None,
        };
        calls.entry(index).or_default().take(fields)?;
    }
    Some(())
}

/// Goes on with a text; a null says nothing.
fn go_on(text: &mut Option<String>, value: &RawValue) -> Option<()> {
    if !is_null(value) {
        text.get_or_insert_default().push_str(&string(value)?);
    }
    Some(())
}

/// Sets what cannot come in pieces; a null or an empty text says nothing.
fn set(kept: &mut Option<String>, value: &RawValue) -> Option<()> {
    if is_null(value) {
        return Some(());
    }
    let value = string(value)?;
    if value.is_empty() {
        return Some(());
    }
    (*kept.get_or_insert_with(|| value.to_string()) == *value).then_some(())
}

// === impl Call ===

impl Call {
    fn take(&mut self, fields: Vec<Field>) -> Option<()> {
        for (name, value) in fields {
            match &*name {
                _ if is_null(value) => {}
                "id" => set(&mut self.id, value)?,
                "type" => set(&mut self.kind, value)?,
                "function" => self.function.take(value)?,
                _ => return None,
            }
        }
        Some(())
    }

    fn is_whole(&self) -> bool {
        self.id.is_some() && self.kind.as_deref().is_none_or(|kind| kind == "function") && self.function.is_whole()
    }
}

// === impl Function ===

impl Function {
    fn take(&mut self, value: &RawValue) -> Option<()> {
        for (name, value) in fields(value.get())? {
            match &*name {
                _ if is_null(value) => {}
                "name" if value.get() == "\"\"" => {}
                // Said twice, it could be two pieces of it.
                "name" if self.name.is_some() => return None,
                "name" => self.name = Some(string(value)?.into()),
                "arguments" => self.arguments.push_str(&string(value)?),
                _ => return None,
            }
        }
        Some(())
    }

    fn is_whole(&self) -> bool {
        self.name.is_some()
    }
}

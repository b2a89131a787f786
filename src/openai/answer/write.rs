//! An answer as a whole body.

use super::{Answer, Call, Choice, Function};
use crate::openai::json::{Object, compact};

// === impl Answer ===

impl Answer {
    /// The answer as a single line of JSON, without `id` and `created`. The same answer is the same text, however it came,
    /// and `object` comes first.
    pub fn to_json(&self) -> Option<Box<str>> {
        let mut out = Vec::new();
        let mut object = Object::open(&mut out);
        object.text("object", Some(self.kind().object()));
        let mut values = self.values.iter().peekable();
        if let Some((name, model)) = values.next_if(|(name, _)| *name == "model") {
            object.json(name, model);
        }
        write_array(object.field("choices"), self.choices.iter(), |out, (index, choice)| choice.write(*index, out));
        if let Some(usage) = &self.usage {
            object.json("usage", usage.get());
        }
        values.for_each(|(name, value)| object.json(name, value));
        object.close();
        String::from_utf8(out).ok().map(|json| compact(&json).into())
    }
}

/// Writes an array of what `write` writes of each of `items`.
fn write_array<T>(out: &mut Vec<u8>, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut Vec<u8>, T)) {
    out.push(b'[');
    for (place, item) in items.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

// === impl Choice ===

impl Choice {
    fn write(&self, index: u32, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        object.number("index", index.into());
        if let Some(text) = &self.text {
            object.text("text", Some(text));
        }
        if self.message.is_some() {
            self.write_message(object.field("message"));
        }
        if let Some(lists) = &self.logprobs {
            lists.write(object.field("logprobs"));
        }
        object.text("finish_reason", self.finish.as_deref());
        if let Some(ids) = &self.token_ids {
            ids.write(object.field("token_ids"));
        }
        self.values.iter().for_each(|(name, value)| object.json(name, value));
        object.close();
    }

    fn write_message(&self, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        self.message.iter().flat_map(|values| values.iter()).for_each(|(name, value)| object.json(name, value));
        self.says.iter().for_each(|(name, text)| object.text(name, text.as_deref()));
        if let Some(function) = &self.function {
            function.write(object.field("function_call"));
        }
        if !self.calls.is_empty() {
            write_array(object.field("tool_calls"), self.calls.values(), |out, call| call.write(out));
        }
        object.close();
    }
}

// === impl Call ===

impl Call {
    fn write(&self, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        object.text("id", self.id.as_deref());
        object.text("type", Some("function"));
        self.function.write(object.field("function"));
        object.close();
    }
}

// === impl Function ===

impl Function {
    fn write(&self, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        object.text("name", self.name.as_deref());
        object.text("arguments", Some(&self.arguments));
        object.close();
    }
}

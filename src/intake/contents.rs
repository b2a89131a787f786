//! What a request holds beside the text that it is routed by: how much of what, and all that is said in it. Read only where
//! a rule asks for it.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::endpoint::Endpoint;
use super::json::{BODY, Shape, elements, object, present, string, text};
use super::pieces::Role;
use super::prompt::content_text;
use crate::failure::Failure;

/// What a request holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Its messages; 1 for a completion.
    pub messages: usize,
    /// The user's messages among them.
    pub turns: usize,
    /// Tools that the model may call.
    pub tools: usize,
    /// Images in the messages.
    pub images: usize,
    /// Token ids that stand in a text's place.
    pub ids: usize,
    /// The name in `response_format.type`.
    pub format: Option<String>,
    /// Every text that the model gets to read, and who says it. Tools and calls of them are as they are written.
    pub said: Vec<(Role, String)>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    messages: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    prompt: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    tools: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    functions: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    response_format: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    role: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    content: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    tool_calls: Option<&'a RawValue>,
}

/// A part of a message's content. Servers know an image by its type or by the key that it stands under.
#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, rename = "type", deserialize_with = "present")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    image_url: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    image: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ResponseFormat<'a> {
    #[serde(borrow, default, rename = "type", deserialize_with = "present")]
    kind: Option<&'a RawValue>,
}

/// Types of parts that are images begin so.
const IMAGES: [&str; 2] = ["image", "input_image"];

// === impl Contents ===

impl Contents {
    /// Reads the body of a request to `endpoint`, which a [`Prompt`](super::Prompt) was read from.
    pub fn read(endpoint: Endpoint, body: &Bytes) -> Result<Self, Failure> {
        let read: Body = object(text(body)?, BODY)?;
        let mut contents = Self::default();
        match (endpoint, read.messages, read.prompt) {
            (Endpoint::Completions, _, prompt) => contents.completion(prompt)?,
            (_, Some(messages), _) if Shape::of(messages) == Shape::Array => {
                elements(messages.get(), "messages", |message| contents.message(message))?;
            }
            _ => {}
        }
        for (what, tools) in [("tools", read.tools), ("functions", read.functions)] {
            let Some(tools) = tools.filter(|tools| Shape::of(tools) == Shape::Array) else { continue };
            elements(tools.get(), what, |tool| {
                contents.tools += 1;
                contents.said.push((Role::Definition, tool.get().into()));
                Ok(())
            })?;
        }
        if let Some(format) = read.response_format.filter(|format| Shape::of(format) == Shape::Object) {
            let ResponseFormat { kind } = object(format.get(), "response_format")?;
            contents.format = name(kind);
        }
        Ok(contents)
    }

    /// A user's text, without a request around it.
    pub fn of(text: &str) -> Self {
        Self { messages: 1, turns: 1, said: vec![(Role::User, text.to_owned())], ..Self::default() }
    }

    fn completion(&mut self, prompt: Option<&RawValue>) -> Result<(), Failure> {
        (self.messages, self.turns) = (1, 1);
        let Some(prompt) = prompt else { return Ok(()) };
        match Shape::of(prompt) {
            Shape::String => self.said.push((Role::User, string(prompt, "prompt")?)),
            Shape::Array => elements(prompt.get(), "prompt", |element| {
                match Shape::of(element) {
                    Shape::String => self.said.push((Role::User, string(element, "prompt")?)),
                    Shape::Array => elements(element.get(), "prompt", |_| {
                        self.ids += 1;
                        Ok(())
                    })?,
                    _ => self.ids += 1,
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    }

    fn message(&mut self, message: &RawValue) -> Result<(), Failure> {
        let Message { role, content, tool_calls } = object(message.get(), "a message")?;
        let role = name(role);
        self.messages += 1;
        self.turns += usize::from(role.as_deref() == Some("user"));
        let role = role.as_deref().map_or(Role::User, Role::named);
        self.said.extend(content_text(content, "a message")?.map(|text| (role, text)));
        if let Some(calls) = tool_calls.filter(|calls| Shape::of(calls) == Shape::Array) {
            self.said.push((role, calls.get().into()));
        }
        match content.filter(|content| Shape::of(content) == Shape::Array) {
            Some(parts) => elements(parts.get(), "messages", |part| self.part(part)),
            None => Ok(()),
        }
    }

    fn part(&mut self, part: &RawValue) -> Result<(), Failure> {
        if Shape::of(part) == Shape::Object {
            let Part { kind, image_url, image } = object(part.get(), "a part of a message")?;
            let is_image = name(kind).is_some_and(|kind| IMAGES.iter().any(|image| kind.starts_with(image)));
            let is_there = |value: &RawValue| Shape::of(value) != Shape::Null;
            self.images += usize::from(is_image || image_url.is_some_and(is_there) || image.is_some_and(is_there));
        }
        Ok(())
    }
}

/// A name that may be left out; what is no text names nothing.
fn name(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Reason;

    fn read(endpoint: Endpoint, body: &str) -> Result<Contents, Failure> {
        Contents::read(endpoint, &Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn a_chat_is_counted_and_all_that_is_said_in_it_kept() {
        let body = r#"{"messages":[{"role":"developer","content":"s"},{"role":"user","content":"a"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"1"}]},{"role":"tool","content":"t"},
            {"role":"us\u0065r","content":[{"type":"text","text":"b"},{"type":"image_url","image_url":{"url":"x"}},
            {"image_url":null,"image":"y"},{"type":"input_image"},{"type":"audio"}]}],
            "tools":[{"type":"function"}, {"type":"function"}],"response_format":{"type":"json_schema","json_schema":{}}}"#;
        let contents = read(Endpoint::Chat, body).unwrap();
        let Contents { messages, turns, tools, images, ids, format, said } = contents;
        assert_eq!((messages, turns, tools, images, ids), (5, 2, 2, 3, 0));
        assert_eq!(format.as_deref(), Some("json_schema"));
        let said: Vec<_> = said.iter().map(|(role, text)| (*role, text.as_str())).collect();
        let calls = (Role::Assistant, r#"[{"id":"1"}]"#);
        let tool = (Role::Definition, r#"{"type":"function"}"#);
        let wanted = [(Role::System, "s"), (Role::User, "a"), calls, (Role::Tool, "t"), (Role::User, "b"), tool, tool];
        assert_eq!(said, wanted);
    }

    #[test]
    fn a_completion_is_one_turn_of_texts_or_token_ids() {
        let of = |prompt: &str| read(Endpoint::Completions, &format!(r#"{{"prompt":{prompt}}}"#)).unwrap();
        assert_eq!((of(r#""a""#).turns, of(r#"["a","b"]"#).said.len()), (1, 2));
        assert_eq!((of("[1,2,3]").ids, of("[[1,2],[3]]").ids, of("null").ids), (3, 3, 0));
    }

    #[test]
    fn what_is_read_may_not_stand_twice() {
        for body in
            [r#"{"messages":[{}],"tools":[],"to\u006fls":[]}"#, r#"{"response_format":{"type":"a","type":"b"}}"#]
        {
            assert_eq!(read(Endpoint::Chat, body).unwrap_err().reason, Reason::DuplicateKey, "{body}");
        }
    }
}

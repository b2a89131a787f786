//! Through a request's body, from text to text.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::value::RawValue;

use super::{Part, Piece, Pieces, Role};
use crate::failure::Failure;
use crate::intake::json::{BODY, Shape, elements, fields, span, string};

/// On the way through a body.
pub(super) struct Walk<'a> {
    whole: &'a str,
    pub(super) pieces: Pieces,
}

/// What is done with a string that was found, and the key that it stands under.
type Found<'f, 'a> = &'f mut dyn FnMut(&mut Walk<'a>, Option<&str>, &'a RawValue) -> Result<(), Failure>;

/// What names things or says what they are: no text to a model, or not to be changed.
const STRUCTURE: [&str; 6] = ["role", "type", "id", "tool_call_id", "index", "cache_control"];

/// Of a tool's description, what is written for the model. The rest is names and types.
const DESCRIBING: [&str; 7] = ["description", "title", "enum", "const", "default", "examples", "example"];

/// How the types of parts begin that are no text.
const MEDIA: [&str; 7] = ["image", "input_image", "audio", "input_audio", "video", "input_video", "file"];

// === impl Walk ===

impl<'a> Walk<'a> {
    pub(super) fn of(whole: &'a str) -> Self {
        Self { whole, pieces: Pieces::default() }
    }

    pub(super) fn chat(&mut self) -> Result<(), Failure> {
        for (key, value) in fields(self.whole, BODY)? {
            match &*key {
                "messages" if Shape::of(value) == Shape::Array => {
                    elements(value.get(), "messages", |message| self.message(message))?;
                }
                "tools" | "functions" => self.definitions(value)?,
                "documents" => self.each(value, Role::Document)?,
                "chat_template" | "chat_template_kwargs" => self.each(value, Role::System)?,
                key => self.setting(key, value)?,
            }
        }
        Ok(())
    }

    pub(super) fn completion(&mut self) -> Result<(), Failure> {
        for (key, value) in fields(self.whole, BODY)? {
            match &*key {
                "prompt" => self.prompt(value)?,
                "suffix" => self.each(value, Role::User)?,
                key => self.setting(key, value)?,
            }
        }
        Ok(())
    }

    /// What is no text, and says something of texts.
    fn setting(&mut self, key: &str, value: &'a RawValue) -> Result<(), Failure> {
        match (key, Shape::of(value)) {
            (_, Shape::Null) => {}
            ("prompt_embeds", _) => self.pieces.unreadable.tokens = true,
            ("guided_json", _) => self.pieces.wants_json = true,
            ("response_format" | "structured_outputs", Shape::Object) => {
                for (key, value) in fields(value.get(), "an object")? {
                    let is_json = match &*key {
                        "type" => matches!(value.get(), r#""json_object""# | r#""json_schema""#),
                        "json" | "json_object" => Shape::of(value) != Shape::Null,
                        _ => false,
                    };
                    self.pieces.wants_json |= is_json;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn prompt(&mut self, value: &'a RawValue) -> Result<(), Failure> {
        let first = self.pieces.all.len();
        match Shape::of(value) {
            Shape::String => self.each(value, Role::User)?,
            Shape::Array => elements(value.get(), "prompt", |element| match Shape::of(element) {
                Shape::String => self.each(element, Role::User),
                _ => {
                    self.pieces.unreadable.tokens = true;
                    Ok(())
                }
            })?,
            _ => {}
        }
        self.pieces.routed = (self.pieces.all.len() > first).then_some(first);
        Ok(())
    }

    fn message(&mut self, message: &'a RawValue) -> Result<(), Failure> {
        let what = "a message";
        let read = fields(message.get(), what)?;
        let named = read.iter().find(|(key, value)| key == "role" && Shape::of(value) == Shape::String);
        let named = named.map(|(_, name)| string(name, "messages")).transpose()?;
        let role = named.as_deref().map_or(Role::User, role_of);
        let may_be_routed = named.as_deref() == Some("user");
        let mut content = Piece { role, text: String::new(), parts: Vec::new() };
        for (key, value) in read {
            match &*key {
                "content" => self.content(value, &mut content)?,
                "tool_calls" | "function_call" => self.calls(value)?,
                key if STRUCTURE.contains(&key) => {}
                _ => self.each(value, role)?,
            }
        }
        let has_text = !content.parts.is_empty();
        if may_be_routed {
            self.pieces.routed = has_text.then_some(self.pieces.all.len());
        }
        if has_text {
            self.pieces.all.push(content);
        }
        Ok(())
    }

    /// A message's content: a string, or parts that are joined.
    fn content(&mut self, value: &'a RawValue, piece: &mut Piece) -> Result<(), Failure> {
        match Shape::of(value) {
            Shape::String => self.join(value, piece),
            Shape::Array => elements(value.get(), "messages", |part| match Shape::of(part) {
                Shape::String => self.join(part, piece),
                Shape::Object => self.part(part, piece),
                _ => Ok(()),
            }),
            _ => Ok(()),
        }
    }

    fn part(&mut self, part: &'a RawValue, piece: &mut Piece) -> Result<(), Failure> {
        let read = fields(part.get(), "a part of messages")?;
        let kind = read.iter().find(|(key, value)| key == "type" && Shape::of(value) == Shape::String);
        let kind = kind.map_or(Ok(String::new()), |(_, kind)| string(kind, "messages"))?;
        let is_media = |name: &str| MEDIA.iter().any(|media| name.starts_with(media));
        for (key, value) in read {
            match &*key {
                key if is_media(key) || is_media(&kind) && key != "text" && key != "type" => {
                    self.pieces.unreadable.media |= Shape::of(value) != Shape::Null;
                }
                "text" | "refusal" | "thinking" if Shape::of(value) == Shape::String => self.join(value, piece)?,
                key if STRUCTURE.contains(&key) => {}
                _ => self.each(value, piece.role)?,
            }
        }
        Ok(())
    }

    /// Adds a string to what a message says.
    fn join(&mut self, value: &'a RawValue, piece: &mut Piece) -> Result<(), Failure> {
        let text = string(value, "messages")?;
        if !piece.parts.is_empty() {
            piece.text.push('\n');
        }
        let start = piece.text.len();
        piece.text.push_str(&text);
        piece.parts.push(Part { range: start..piece.text.len(), place: self.place(value), is_json: false });
        Ok(())
    }

    /// The calls that the model made: their arguments are JSON in a string.
    fn calls(&mut self, value: &'a RawValue) -> Result<(), Failure> {
        self.visit(value, &mut |walk, key, value| match key {
            Some("name") => Ok(()),
            Some("arguments") => walk.arguments(value),
            Some(key) if STRUCTURE.contains(&key) => Ok(()),
            _ => walk.push(value, Role::Assistant),
        })
    }

    fn arguments(&mut self, value: &'a RawValue) -> Result<(), Failure> {
        let text = string(value, "messages")?;
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        let text = if is_json { unescaped(&text) } else { text };
        let parts = vec![Part { range: 0..text.len(), place: self.place(value), is_json }];
        self.pieces.all.push(Piece { role: Role::Assistant, text, parts });
        Ok(())
    }

    fn definitions(&mut self, value: &'a RawValue) -> Result<(), Failure> {
        self.visit(value, &mut |walk, key, value| match key {
            Some(key) if DESCRIBING.contains(&key) => walk.push(value, Role::Definition),
            _ => Ok(()),
        })
    }

    /// Every string of `value`, each a piece.
    fn each(&mut self, value: &'a RawValue, role: Role) -> Result<(), Failure> {
        self.visit(value, &mut |walk, _, value| walk.push(value, role))
    }

    fn push(&mut self, value: &'a RawValue, role: Role) -> Result<(), Failure> {
        let mut piece = Piece { role, text: String::new(), parts: Vec::new() };
        self.join(value, &mut piece)?;
        self.pieces.all.push(piece);
        Ok(())
    }

    /// Calls `found` with every string in `value` and the key that it stands under, in however many arrays.
    fn visit(&mut self, value: &'a RawValue, found: Found<'_, 'a>) -> Result<(), Failure> {
        self.descend(None, value, found)
    }

    fn descend(&mut self, key: Option<&str>, value: &'a RawValue, found: Found<'_, 'a>) -> Result<(), Failure> {
        match Shape::of(value) {
            Shape::String => found(self, key, value),
            Shape::Array => elements(value.get(), "an array", |element| self.descend(key, element, found)),
            Shape::Object => fields(value.get(), "an object")?
                .iter()
                .try_for_each(|(key, value)| self.descend(Some(key), value, found)),
            _ => Ok(()),
        }
    }

    fn place(&self, value: &RawValue) -> Range<usize> {
        span(self.whole, value)
    }
}

fn role_of(name: &str) -> Role {
    match name {
        "system" | "developer" => Role::System,
        "assistant" => Role::Assistant,
        "tool" | "function" => Role::Tool,
        "document" | "context" => Role::Document,
        _ => Role::User,
    }
}

/// JSON with the escapes of letters taken out, so that a name reads as it does elsewhere.
fn unescaped(json: &str) -> String {
    if !json.contains("\\u") {
        return json.to_owned();
    }
    let (mut text, mut rest) = (String::with_capacity(json.len()), json);
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let escape = &rest[at..];
        let length = escape_length(escape);
        let decoded: Option<Cow<str>> = serde_json::from_str(&format!("\"{}\"", &escape[..length])).ok();
        match decoded.as_deref().and_then(|decoded| decoded.chars().next()) {
            Some(letter) if !letter.is_ascii() && !letter.is_control() => text.push(letter),
            _ => text.push_str(&escape[..length]),
        }
        rest = &escape[length..];
    }
    text.push_str(rest);
    text
}

/// How long the escape is that `text`, valid JSON from there on, begins with: two surrogates are one.
fn escape_length(text: &str) -> usize {
    let is_surrogate = |text: &str| text.len() >= 6 && text[..3].eq_ignore_ascii_case("\\ud");
    match text.as_bytes().get(1) {
        Some(b'u') if is_surrogate(text) && text.get(6..).is_some_and(is_surrogate) => 12,
        Some(b'u') => 6,
        _ => 2,
    }
    .min(text.len())
}

//! Through a request's body, from text to text.

mod names;
mod part;
mod settings;
mod tools;

use serde_json::value::RawValue;

use self::names::{STRUCTURE, is_opaque, role_name};
use super::spelling::Source;
use super::tokens::{has_a_key_twice, says_something};
use super::view::{Broken, Meant};
use super::{Piece, Pieces, Role};
use crate::failure::Failure;
use crate::intake::json::{BODY, Shape, elements, fields, key_twice, span};

/// On the way through a body.
pub(super) struct Walk<'a> {
    whole: &'a str,
    pub(super) pieces: Pieces,
}

/// What a message says in its own name.
struct Content {
    piece: Piece,
    has_text: bool,
}

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
                "documents" => self.each_element(value, Role::Document)?,
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
        let named = read.iter().find(|(key, _)| key == "role");
        let named = named.map_or(Ok(None), |(_, name)| role_name(name))?;
        let role = named.as_deref().map_or(Role::User, Role::named);
        let may_be_routed = named.as_deref() == Some("user");
        let mut content = Content { piece: Piece::by(role), has_text: false };
        for (key, value) in read {
            match &*key {
                "content" => self.content(value, &mut content)?,
                "tool_calls" if Shape::of(value) == Shape::Array => {
                    elements(value.get(), "tool_calls", |call| self.call(call))?;
                }
                "function_call" => self.function(value)?,
                "role" => {}
                "id" if is_opaque(value) => {}
                "tool_call_id" => self.unless_id(value, role)?,
                key if STRUCTURE.contains(&key) => self.unless_names(value, role)?,
                _ => self.each(value, role)?,
            }
        }
        if may_be_routed {
            self.pieces.routed = content.has_text.then_some(self.pieces.all.len());
        }
        if content.has_text {
            self.pieces.all.push(content.piece);
        }
        Ok(())
    }

    /// A message's content: a string, or parts that are joined.
    fn content(&mut self, value: &'a RawValue, content: &mut Content) -> Result<(), Failure> {
        match Shape::of(value) {
            Shape::String => self.join(value, content),
            Shape::Array => elements(value.get(), "messages", |part| match Shape::of(part) {
                Shape::String => self.join(part, content),
                Shape::Object => self.part(part, content),
                _ => self.each(part, content.piece.role),
            }),
            _ => self.each(value, content.piece.role),
        }
    }

    /// Adds a string to what a message says.
    fn join(&mut self, value: &'a RawValue, content: &mut Content) -> Result<(), Failure> {
        if content.has_text {
            content.piece.text.push('\n');
        }
        content.has_text = true;
        self.add(value.get(), self.start(value), Meant::Maybe, &mut content.piece)
    }

    /// Each element of an array, or `value` itself, as a piece.
    fn each_element(&mut self, value: &'a RawValue, role: Role) -> Result<(), Failure> {
        match Shape::of(value) {
            Shape::Array => elements(value.get(), "an array", |element| self.each(element, role)),
            _ => self.each(value, role),
        }
    }

    /// All of `value` as a piece.
    fn each(&mut self, value: &'a RawValue, role: Role) -> Result<(), Failure> {
        self.refuse_keys_twice(value.get())?;
        self.say(value.get(), self.start(value), Meant::Maybe, role)
    }

    /// The value `json`, which stands at `start` in the body, as a piece, if anything is in it.
    fn say(&mut self, json: &'a str, start: usize, meant: Meant, role: Role) -> Result<(), Failure> {
        if !json.starts_with('"') && !says_something(json) {
            return Ok(());
        }
        let mut piece = Piece::by(role);
        self.add(json, start, meant, &mut piece)?;
        self.pieces.all.push(piece);
        Ok(())
    }

    /// Adds the value `json`, which stands at `start` in the body.
    fn add(&self, json: &'a str, start: usize, meant: Meant, piece: &mut Piece) -> Result<(), Failure> {
        let added = match json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(spelled) => piece.add_string(spelled, Source::of(start + 1), meant),
            None => piece.add_json(json, Source::of(start)),
        };
        added.map_err(|Broken| Failure::invalid("messages", "the request holds a string with a broken escape"))
    }

    /// An object that has a key twice may be read in another way by a model's server.
    fn refuse_keys_twice(&self, json: &str) -> Result<(), Failure> {
        if has_a_key_twice(json) { Err(key_twice("an object")) } else { Ok(()) }
    }

    fn start(&self, value: &RawValue) -> usize {
        span(self.whole, value).start
    }
}

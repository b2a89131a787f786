//! Tools: what they are said to do and to take, and the calls of them that a model made.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::value::RawValue;

use super::super::spelling::{Decoded, Source};
use super::super::tokens::{Kind, Tokens, has_digits, hides_a_number, is_identifier, is_of_identifiers};
use super::super::view::Meant;
use super::super::{Piece, Role};
use super::Walk;
use super::names::{DIGITS, STRUCTURE, is_name};
use crate::failure::Failure;
use crate::intake::json::{Shape, fields};

/// Of a tool's description, what names a thing or its kind. What is no name there is read as all else, which is written
/// for the model.
const NAMING: [&str; 5] = ["name", "type", "format", "strict", "contentEncoding"];

/// Of a tool's description, what refers to something elsewhere.
const REFERRING: [&str; 8] =
    ["$ref", "$id", "$schema", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "contentMediaType"];

/// Of a tool's description, what bounds a value: a placeholder in its place is no schema any more.
const BOUNDS: [&str; 13] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
];

/// Of a tool's description, what holds values, whatever they look like.
const VALUES: [&str; 6] = ["default", "enum", "const", "examples", "example", "$comment"];

// === impl Walk ===

impl<'a> Walk<'a> {
    /// What tools are said to do and to take.
    pub(super) fn definitions(&mut self, value: &'a RawValue) -> Result<(), Failure> {
        let (json, start) = (value.get(), self.start(value));
        self.refuse_keys_twice(json)?;
        let (mut outer, mut key) = (Vec::new(), Cow::Borrowed(""));
        let mut tokens = Tokens::of(json);
        while let Some(token) = tokens.next() {
            match token.kind {
                Kind::Open => outer.push(key.clone()),
                Kind::Close => key = outer.pop().unwrap_or_default(),
                Kind::Key => {
                    key = Decoded::of(&json[token.range.clone()]).text;
                    if VALUES.contains(&&*key) {
                        let range = tokens.skip_value().unwrap_or_default();
                        self.say(&json[range.clone()], start + range.start, Meant::Maybe, Role::Definition)?;
                    } else if !is_identifier(&key) {
                        self.parameter(json, start, token.range)?;
                    }
                }
                Kind::String if stays(&key, &json[token.range.clone()]) => {}
                Kind::String if key == "required" => self.parameter(json, start, token.range)?,
                Kind::String => self.define(json, start, token.range)?,
                Kind::Number if token.range.len() >= DIGITS && !BOUNDS.contains(&&*key) => {
                    let at = start + token.range.start;
                    self.say(&json[token.range], at, Meant::Maybe, Role::Definition)?;
                }
                Kind::Number | Kind::Word => {}
            }
        }
        Ok(())
    }

    /// The string whose inside stands at `range` of `json`, and that at `start` in the body.
    fn define(&mut self, json: &'a str, start: usize, range: Range<usize>) -> Result<(), Failure> {
        let quoted = range.start - 1..range.end + 1;
        self.say(&json[quoted.clone()], start + quoted.start, Meant::Maybe, Role::Definition)
    }

    /// The name of a parameter, whose inside stands at `range` of `json`.
    fn parameter(&mut self, json: &'a str, start: usize, range: Range<usize>) -> Result<(), Failure> {
        let name = &json[range.clone()];
        if !hides_a_number(name) {
            return self.define(json, start, range);
        }
        let mut piece = Piece::by(Role::Definition);
        piece.add_numbered(name, Source::of(start + range.start));
        self.pieces.all.push(piece);
        Ok(())
    }

    /// A call that the model made.
    pub(super) fn call(&mut self, call: &'a RawValue) -> Result<(), Failure> {
        if Shape::of(call) != Shape::Object {
            return self.each(call, Role::Assistant);
        }
        for (key, value) in fields(call.get(), "a tool call")? {
            match &*key {
                "function" | "custom" => self.function(value)?,
                // The tool's result names it.
                "id" => self.unless_id(value, Role::Assistant)?,
                key if STRUCTURE.contains(&key) => self.unless_names(value, Role::Assistant)?,
                _ => self.each(value, Role::Assistant)?,
            }
        }
        Ok(())
    }

    /// What the model called. Its arguments are JSON in a string, or JSON itself.
    pub(super) fn function(&mut self, function: &'a RawValue) -> Result<(), Failure> {
        if Shape::of(function) != Shape::Object {
            return self.each(function, Role::Assistant);
        }
        for (key, value) in fields(function.get(), "a tool call")? {
            match &*key {
                "name" => self.unless_names(value, Role::Assistant)?,
                "arguments" => {
                    self.refuse_keys_twice(value.get())?;
                    self.say(value.get(), self.start(value), Meant::Json, Role::Assistant)?;
                }
                _ => self.each(value, Role::Assistant)?,
            }
        }
        Ok(())
    }
}

/// Whether `string` under `key` of a tool's description is no more than a name or a reference.
fn stays(key: &str, string: &str) -> bool {
    match key {
        // As keys are told apart, which it repeats.
        "required" => is_identifier(string),
        key if NAMING.contains(&key) => is_name(string),
        key if REFERRING.contains(&key) => is_reference(string),
        _ => false,
    }
}

/// Whether `text` is a URL, a path within a schema or a media type, with nobody's address or number in it.
fn is_reference(text: &str) -> bool {
    let is_part = |byte: u8| is_of_identifiers(byte) || matches!(byte, b':' | b'/' | b'#' | b'~' | b'+');
    text.bytes().all(is_part) && !has_digits(text, DIGITS)
}

//! Tools: what they are said to do and to take, and the calls of them that a model made.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::value::RawValue;

use super::super::Role;
use super::super::spelling::Decoded;
use super::super::tokens::{Kind, Tokens, is_identifier};
use super::super::view::Meant;
use super::{STRUCTURE, Walk};
use crate::failure::Failure;
use crate::intake::json::{Shape, fields};

/// Of a tool's description, what says what things are, or names what stands elsewhere. All else is written for the model.
const NAMING: [&str; 13] = [
    "type",
    "format",
    "pattern",
    "strict",
    "$ref",
    "$id",
    "$schema",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$vocabulary",
    "contentEncoding",
    "contentMediaType",
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
                        self.define(json, start, token.range)?;
                    }
                }
                Kind::String if !is_name(&key, &json[token.range.clone()]) => {
                    self.define(json, start, token.range)?;
                }
                Kind::String | Kind::Number | Kind::Word => {}
            }
        }
        Ok(())
    }

    /// The string whose inside stands at `range` of `json`, and that at `start` in the body.
    fn define(&mut self, json: &'a str, start: usize, range: Range<usize>) -> Result<(), Failure> {
        let quoted = range.start - 1..range.end + 1;
        self.say(&json[quoted.clone()], start + quoted.start, Meant::Maybe, Role::Definition)
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
                "id" => {}
                key if STRUCTURE.contains(&key) => {}
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
                "name" => {}
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

/// Whether the string under `key` of a tool's description is no more than a name.
fn is_name(key: &str, string: &str) -> bool {
    NAMING.contains(&key) || matches!(key, "name" | "required") && is_identifier(string)
}

//! JSON by its top level only: an object's fields as they stand in the text, and objects written field by field.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A field's name, unescaped, and its value as it stands in the text.
pub type Field<'a> = (Cow<'a, str>, &'a RawValue);

/// More fields than any object of this dialect has.
const FIELDS_MAX: usize = 64;

/// An object that is being written, one field after the other.
#[derive(Debug)]
pub struct Object<'o> {
    out: &'o mut Vec<u8>,
    is_empty: bool,
}

/// A string, unescaped, and borrowed where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// An object by its fields, in order; one may be there twice.
#[derive(Debug)]
pub struct Fields<'a>(pub Vec<Field<'a>>);

struct FieldsVisitor;

/// The fields of the object that `text` is. None where it is no object or not JSON, has a field twice, or too many.
pub fn fields(text: &str) -> Option<Vec<Field<'_>>> {
    let Fields(fields) = serde_json::from_str(text).ok()?;
    let is_sound = fields.len() <= FIELDS_MAX && !has_one_twice(&fields);
    is_sound.then_some(fields)
}

/// Whether two of `fields` have the same name.
pub fn has_one_twice(fields: &[Field<'_>]) -> bool {
    let mut seen = HashSet::with_capacity(fields.len());
    fields.iter().any(|(name, _)| !seen.insert(name))
}

/// The elements of the array that `text` is.
pub fn elements(text: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(text).ok()
}

/// The text that `value`, a string, stands for.
pub fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str(value.get()).ok().map(|Text(text)| text)
}

/// Whether `value` is null.
pub fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

/// Valid JSON without the white space between its tokens, so that it is a single line.
pub fn compact(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    let is_kept = |char: &char| {
        let is_space = !in_string && matches!(char, ' ' | '\t' | '\r' | '\n');
        in_string ^= *char == '"' && !escaped;
        escaped = *char == '\\' && !escaped;
        !is_space
    };
    json.chars().filter(is_kept).collect()
}

/// Writes `text` as a string.
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    // Writing text to a vector cannot fail.
    let _ = serde_json::to_writer(out, text);
}

// === impl Object ===

impl<'o> Object<'o> {
    /// Opens an object.
    pub fn open(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_empty: true }
    }

    /// Begins a field; its value is written to what is returned.
    pub fn field(&mut self, name: &str) -> &mut Vec<u8> {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        write_string(self.out, name);
        self.out.push(b':');
        self.out
    }

    /// A field whose value is JSON already.
    pub fn json(&mut self, name: &str, value: &str) {
        self.field(name).extend_from_slice(value.as_bytes());
    }

    /// A string, or null.
    pub fn text(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(text) => write_string(self.field(name), text),
            None => self.json(name, "null"),
        }
    }

    /// A whole number.
    pub fn number(&mut self, name: &str, value: u64) {
        self.json(name, &value.to_string());
    }

    /// Closes the object.
    pub fn close(self) {
        self.out.push(b'}');
    }
}

// === impl Fields ===

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

// === impl FieldsVisitor ===

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::with_capacity(8);
        while let Some((Text(name), value)) = object.next_entry()? {
            fields.push((name, value));
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_they_stand() {
        let text = r#" {"a" : 1.50 , "b\u0021":{ "c":[ ] }, "d":null} "#;
        let read = fields(text).unwrap();
        let read: Vec<_> = read.iter().map(|(name, value)| (&**name, value.get())).collect();
        assert_eq!(read, [("a", "1.50"), ("b!", r#"{ "c":[ ] }"#), ("d", "null")]);
        for broken in ["", "[]", "{", "{} {}", r#"{"a":1,"\u0061":2}"#, r#"{"a":01}"#, r#"{"\ud83d":1}"#] {
            assert!(fields(broken).is_none(), "{broken}");
        }
        let many = |count: usize| (0..count).map(|at| format!("\"{at}\":0")).collect::<Vec<_>>().join(",");
        assert!(fields(&format!("{{{}}}", many(FIELDS_MAX))).is_some());
        assert!(fields(&format!("{{{}}}", many(FIELDS_MAX + 1))).is_none());
    }

    #[test]
    fn white_space_goes_from_between_tokens_only() {
        assert_eq!(compact("{ \"a \\\" b\" :\n[1,\t\" \\\\\" , \" x\"]\r\n}"), r#"{"a \" b":[1," \\"," x"]}"#);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut out = Vec::new();
        let mut object = Object::open(&mut out);
        object.text("a\"", Some("\n😀"));
        object.text("b", None);
        object.number("c", 7);
        object.json("d", "[1]");
        object.close();
        assert_eq!(String::from_utf8(out).unwrap(), "{\"a\\\"\":\"\\n😀\",\"b\":null,\"c\":7,\"d\":[1]}");
    }
}

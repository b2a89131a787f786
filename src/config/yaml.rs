//! Text to YAML values, within bounds: one document, no tags, and no more nodes than a config can need.
//! (`serde_yaml` bounds depth by itself; its bound on aliases still lets a few lines grow to gigabytes.)

use std::cell::Cell;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, EnumAccess, Error, MapAccess, SeqAccess, Visitor};
use serde_yaml::Value;

/// Nodes that a file may have, aliases counted as often as they are used.
const NODES: usize = 250_000;

/// A text that is not one YAML document.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken {
    /// Where, from 1, if known.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
}

/// Reads the one document of a text; merge keys (`<<`) are left as they are.
///
/// # Errors
/// Broken YAML, an empty text, a second document, a tag, or more nodes than a config needs. Of a key that occurs twice the
/// last counts here; [`super::marks`] refuses it, as it knows the line.
pub fn read(text: &str) -> Result<Value, Broken> {
    let mut documents = serde_yaml::Deserializer::from_str(text);
    let left = Cell::new(NODES);
    let value = match documents.next() {
        Some(document) => Node { left: &left }.deserialize(document).map_err(Broken::from)?,
        None => Value::Null,
    };
    if documents.next().is_some() {
        let message = "a second document starts; the file must hold one".into();
        return Err(Broken { line: second_document(text), message });
    }
    if value.is_null() {
        return Err(Broken { line: None, message: "the file is empty".into() });
    }
    Ok(value)
}

/// The line of the first `---` that has content above it.
fn second_document(text: &str) -> Option<usize> {
    let content = |line: &str| !line.is_empty() && !line.starts_with(['#', '%']) && !line.starts_with("---");
    let first = text.lines().position(|line| content(line.trim()) || line.starts_with("--- "))?;
    let next = text.lines().skip(first + 1).position(|line| line.starts_with("---"))?;
    Some(first + next + 2)
}

/// Builds a value and spends the budget.
#[derive(Clone, Copy)]
struct Node<'a> {
    left: &'a Cell<usize>,
}

// === impl Broken ===

impl From<serde_yaml::Error> for Broken {
    fn from(error: serde_yaml::Error) -> Self {
        let line = error.location().map(|at| at.line());
        Self { line, message: format!("cannot be read as YAML: {error}") }
    }
}

// === impl Node ===

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| D::Error::custom("too many values (aliases count each time)"))?);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value without a tag")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Sequence(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut mapping = serde_yaml::Mapping::new();
        while let Some(key) = entries.next_key_seed(self)? {
            mapping.insert(key, entries.next_value_seed(self)?);
        }
        Ok(Value::Mapping(mapping))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Err(A::Error::custom("tags are not used in this file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> (Option<usize>, String) {
        let broken = read(text).unwrap_err();
        (broken.line, broken.message)
    }

    #[test]
    fn reads_what_serde_yaml_reads() {
        let text = "a: &x {b: [1, -2, 3.5, true, ~, \"4\"]}\nc: *x\nd:\n  <<: *x\n";
        assert_eq!(read(text).unwrap(), serde_yaml::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn what_is_not_one_document_is_told_with_its_line() {
        assert_eq!(broken("# nothing\n"), (None, "the file is empty".into()));
        assert_eq!(broken("a: 1\n---\nb: 2\n").0, Some(2));
        assert_eq!(broken("---\na: 1\n\n---\nb: 2\n").0, Some(4));
        assert_eq!(broken("a: 1\nb:\n\t- c\n").0, Some(3));
        assert!(broken("a: !secret x\n").1.contains("tags"));
        assert!(broken("a: [1\n").1.contains("cannot be read as YAML"));
    }

    #[test]
    fn aliases_cannot_blow_a_small_file_up() {
        // serde_yaml itself stops many aliases, but not few aliases of much.
        let much = format!("a: &a [{}]\n", "x, ".repeat(3000)) + "b: [" + &"*a, ".repeat(100) + "]\n";
        assert!(broken(&much).1.contains("too many values"), "{:?}", broken(&much));
        let level = |name: char, of: &str| format!("{name}: &{name} [{}]\n", [of; 10].join(", "));
        let laughs: String =
            "abcdefg".chars().zip(["x", "*a", "*b", "*c", "*d", "*e", "*f"]).map(|(n, of)| level(n, of)).collect();
        assert!(broken(&laughs).1.contains("limit exceeded"), "{:?}", broken(&laughs));
        assert!(broken(&"- ".repeat(100_000)).1.contains("recursion limit"));
    }
}

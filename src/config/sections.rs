//! Values to [`File`]. A top-level section that does not fit is reported and left out, so that the rest is still read.

use std::collections::HashSet;

use serde_path_to_error::{Path, Segment};
use serde_yaml::Value;

use super::environment::Typed;
use super::file::File;
use super::schema::Schema;
use crate::findings::{self, Findings};

/// Reads a file section by section.
pub(super) struct Sections<'a> {
    pub(super) schema: &'a Schema,
    pub(super) typed: &'a Typed,
    pub(super) findings: &'a mut Findings,
}

// === impl Sections ===

impl Sections<'_> {
    /// The file and its broken sections, which stand blank; `None` where even blanks do not help.
    pub(super) fn read(&mut self, mut value: Value) -> Option<(File, HashSet<String>)> {
        let mut broken = HashSet::new();
        loop {
            let error = match serde_path_to_error::deserialize::<_, File>(value.clone()) {
                Ok(file) => return Some((file, broken)),
                Err(error) => error,
            };
            let path = path(error.path());
            let message = error.into_inner().to_string();
            let missing = missing(&message);
            let section = if path.is_empty() { missing.unwrap_or_default() } else { findings::top(&path) };
            if !broken.insert(section.to_string()) {
                return None;
            }
            self.blank(value.as_mapping_mut()?, section)?;
            // A missing key has no place; its path is that of the mapping that lacks it.
            let message = match missing {
                Some(name) => format!("the key \"{name}\" is missing"),
                None => wrong_type(&message, self.typed.at(&path)),
            };
            self.findings.add(path, message);
        }
    }

    fn blank(&self, sections: &mut serde_yaml::Mapping, section: &str) -> Option<()> {
        match self.schema.get(section)?.blank() {
            Some(blank) => drop(sections.insert(section.into(), blank)),
            None => drop(sections.remove(section)),
        }
        Some(())
    }
}

// === serde's messages ===

/// The key of a "missing field" message.
fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

/// A message about a type in people's words, and without the value that serde quotes, as it may be a secret.
fn wrong_type(message: &str, typed: Option<&str>) -> String {
    let expected = message.rsplit_once(", expected ").map(|(_, expected)| expected);
    let found = message.strip_prefix("invalid type: ").and_then(|found| found.split([' ', ',']).next());
    let found = match (typed, found) {
        (Some(typed), _) => format!(", not what \"{typed}\" gives"),
        (_, Some("string")) => ", not text".into(),
        (_, Some("integer" | "floating")) => ", not a number".into(),
        (_, Some("boolean")) => ", not true or false".into(),
        (_, Some("sequence")) => ", not a list".into(),
        (_, Some("map")) => ", not keys and values".into(),
        (_, Some("unit")) => ", not nothing".into(),
        _ => String::new(),
    };
    format!("must be {}{found}", in_words(expected))
}

fn in_words(expected: Option<&str>) -> &str {
    match expected {
        Some("a boolean") => "true or false",
        Some("usize" | "u16" | "u32" | "u64") => "a whole number, 0 or more",
        Some("i32" | "i64") => "a whole number",
        Some("f32" | "f64") => "a number",
        Some("a string" | "path string") => "text (in quotes where it looks like something else)",
        Some("a sequence") => "a list",
        Some("a Value::Tagged enum") => "a name",
        Some(expected) if expected.starts_with("struct ") => "keys and values",
        Some(expected) => expected,
        None => "another kind of value",
    }
}

fn path(path: &Path) -> String {
    path.iter().fold(String::new(), |path, segment| match segment {
        Segment::Seq { index } => findings::item(&path, *index),
        Segment::Map { key } => findings::key(&path, key),
        Segment::Enum { .. } | Segment::Unknown => path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_about_a_type_never_repeats_the_value() {
        let message = |text: &str| serde_yaml::from_str::<u32>(text).unwrap_err().to_string();
        let odd = message("\"s3cret, expected u8\"");
        assert!(odd.contains("s3cret"), "{odd}");
        assert_eq!(wrong_type(&odd, None), "must be a whole number, 0 or more, not text");
        assert_eq!(wrong_type(&odd, Some("${X}")), "must be a whole number, 0 or more, not what \"${X}\" gives");
        assert_eq!(wrong_type("of another shape: s3cret", None), "must be another kind of value");
        assert_eq!(missing("missing field `a`"), Some("a"));
    }
}

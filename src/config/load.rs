//! Reads a config file. All that is wrong with it is found together, as far as each part allows the next to be looked at.

use std::collections::HashSet;
use std::fmt;
use std::io::Read;
use std::path::Path;

use serde_json::Value as Json;
use serde_path_to_error::Segment;
use serde_yaml::Value;

use super::environment::{self, Lookup, Typed};
use super::file::File;
use super::marks::Marks;
use super::problem::{self, Findings, Problems};
use super::schema::Schema;
use super::yaml::{self, Broken};
use super::{presence, validate};

/// The largest config file, in bytes.
const SIZE: u64 = 4 << 20;

/// A config that passed every check.
pub struct Loaded {
    /// The file with its defaults and variables filled in; it may hold what only the environment should.
    pub file: File,
    /// The same for people's eyes: whatever holds a variable stands as it was typed, so no secret is in it.
    pub shown: Json,
}

/// Loads the file at `path`, with the process's environment.
///
/// # Errors
/// Every problem that was found, each with its line; a file that is missing, too large or not YAML is a single one.
pub fn load(path: &Path) -> Result<Loaded, Problems> {
    let name = path.display().to_string();
    let bytes = read(path).map_err(|message| Problems::unreadable(&name, None, message))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let newlines = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        Problems::unreadable(&name, Some(newlines + 1), "not UTF-8 text")
    })?;
    parse(&name, text, &environment::process)
}

/// Loads a text; `name` is what problems call the file.
///
/// # Errors
/// As [`load`].
pub fn parse(name: &str, text: &str, lookup: Lookup) -> Result<Loaded, Problems> {
    let text = text.trim_start_matches('\u{feff}');
    let (mut value, marks) = document(text).map_err(|e| Problems::unreadable(name, e.line, e.message))?;
    if !value.is_mapping() {
        return Err(Problems::unreadable(name, Some(1), "must hold keys and values, such as \"backends:\""));
    }
    let mut findings = Findings::default();
    let typed = environment::fill(&mut value, &marks, lookup, &mut findings);
    let schema = Schema::of::<File>().map_err(|e| Problems::unreadable(name, None, e.to_string()))?;
    schema.check("", &mut value, &mut findings);
    let file = Sections { schema: &schema, typed: &typed, findings: &mut findings }.read(value);
    if let Some((file, broken)) = &file {
        let mut rules = validate::validate(file, &typed);
        presence::check(file, &typed, lookup, &mut rules);
        broken.iter().for_each(|section| rules.forget(section));
        findings.append(rules);
    }
    match (findings.into_problems(name, &marks), file) {
        (Some(problems), _) => Err(problems),
        (None, Some((file, _))) => Ok(Loaded { shown: shown(&file, &typed), file }),
        (None, None) => Err(Problems::unreadable(name, None, "cannot be read")),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err("is a directory, not a file".into());
    }
    let mut bytes = Vec::new();
    file.take(SIZE + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > SIZE {
        return Err(format!("larger than {} MiB", SIZE >> 20));
    }
    Ok(bytes)
}

fn document(text: &str) -> Result<(Value, Marks), Broken> {
    let mut value = yaml::read(text)?;
    let marks = Marks::read(text)?;
    value.apply_merge().map_err(|error| Broken { line: None, message: format!("\"<<\": {error}") })?;
    Ok((value, marks))
}

/// The effective config, with what came from the environment as it was typed.
fn shown(file: &File, typed: &Typed) -> Json {
    let mut json = serde_json::to_value(file).unwrap_or_default();
    as_typed("", &mut json, typed);
    json
}

fn as_typed(path: &str, json: &mut Json, typed: &Typed) {
    if let Some(text) = typed.at(path) {
        *json = text.into();
        return;
    }
    match json {
        Json::Object(entries) => {
            entries.iter_mut().for_each(|(name, value)| as_typed(&problem::key(path, name), value, typed));
        }
        Json::Array(items) => {
            for (i, value) in items.iter_mut().enumerate() {
                as_typed(&problem::item(path, i), value, typed);
            }
        }
        _ => {}
    }
}

/// Reads the file type; a top-level section that does not fit is reported and left out, so that the rest is still read.
struct Sections<'a> {
    schema: &'a Schema,
    typed: &'a Typed,
    findings: &'a mut Findings,
}

// === impl Loaded ===

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Loaded").field("shown", &self.shown).finish_non_exhaustive()
    }
}

// === impl Sections ===

impl Sections<'_> {
    /// The file and its broken sections; `None` where even blanks in their place do not help.
    fn read(&mut self, mut value: Value) -> Option<(File, HashSet<String>)> {
        let mut broken = HashSet::new();
        loop {
            let error = match serde_path_to_error::deserialize::<_, File>(value.clone()) {
                Ok(file) => return Some((file, broken)),
                Err(error) => error,
            };
            let path = path(error.path());
            let message = error.into_inner().to_string();
            let missing = missing(&message);
            let section = if path.is_empty() { missing.unwrap_or_default() } else { problem::top(&path) };
            let sections = value.as_mapping_mut()?;
            match self.schema.get(section)?.blank() {
                Some(blank) => drop(sections.insert(section.into(), blank)),
                None => drop(sections.remove(section)),
            }
            if !broken.insert(section.into()) {
                return None;
            }
            let message = match missing {
                Some(name) => format!("the key \"{name}\" is missing"),
                None => self.wrong_type(&path, &message),
            };
            // A missing key has no place; its path is that of the mapping that lacks it.
            self.findings.add(path, message);
        }
    }

    /// Serde's message without the value in it, which may be a secret.
    fn wrong_type(&self, path: &str, message: &str) -> String {
        let expected = match message.rsplit_once(", expected ").map(|(_, expected)| expected) {
            Some("a boolean") => "true or false",
            Some("usize" | "u16" | "u32" | "u64") => "a whole number, 0 or more",
            Some("f32" | "f64") => "a number",
            Some("a string" | "path string") => "text",
            Some("a sequence") => "a list",
            Some(expected) if expected.starts_with("struct ") => "keys and values",
            Some(expected) => expected,
            None => "another kind of value",
        };
        let kind = message.strip_prefix("invalid type: ").and_then(|found| found.split([' ', ',']).next());
        let found = match (self.typed.at(path), kind) {
            (Some(typed), _) => format!("what \"{typed}\" gives"),
            (_, Some("string")) => "text".into(),
            (_, Some("integer" | "floating")) => "a number".into(),
            (_, Some("boolean")) => "true or false".into(),
            (_, Some("sequence")) => "a list".into(),
            (_, Some("map")) => "keys and values".into(),
            (_, Some("unit")) => "nothing".into(),
            _ => "this value".into(),
        };
        let quotes =
            if expected == "text" && kind != Some("map") && kind != Some("sequence") { " (in quotes)" } else { "" };
        format!("must be {expected}{quotes}, not {found}")
    }
}

/// The key of serde's "missing field" message.
fn missing(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

fn path(path: &serde_path_to_error::Path) -> String {
    path.iter().fold(String::new(), |path, segment| match segment {
        Segment::Seq { index } => problem::item(&path, *index),
        Segment::Map { key } => problem::key(&path, key),
        Segment::Enum { .. } | Segment::Unknown => path,
    })
}

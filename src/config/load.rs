//! Reads a config file. All that is wrong with it is found together, as far as each part allows the next to be looked at.

use std::fmt;
use std::io::Read;
use std::path::Path;

use serde_json::Value as Json;
use serde_yaml::Value;

use super::environment::{self, Lookup, Typed};
use super::file::File;
use super::marks::Marks;
use super::problem::Problems;
use super::schema::Schema;
use super::sections::Sections;
use super::yaml::{self, Broken};
use super::{presence, validate};
use crate::findings::{self, Findings};

/// The largest config file, in bytes.
const SIZE: u64 = 4 << 20;

/// A config that passed every check.
pub struct Loaded {
    /// The file with its defaults and variables filled in; it may hold what only the environment should.
    pub file: File,
    /// The same for people's eyes: whatever holds a variable stands as it was typed, so no secret is in it.
    pub shown: Json,
    /// The file's bytes, as they were read.
    pub source: Vec<u8>,
}

/// Loads the file at `path`, with the process's environment.
///
/// # Errors
/// Every problem that was found, each with its line; a file that is missing, too large or not YAML is a single one.
pub fn load(path: &Path) -> Result<Loaded, Problems> {
    let name = path.display().to_string();
    let bytes = read_bounded(path).map_err(|message| Problems::unreadable(&name, None, message))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let newlines = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        Problems::unreadable(&name, Some(newlines + 1), "not UTF-8 text")
    })?;
    let loaded = parse(&name, text, &environment::process)?;
    Ok(Loaded { source: bytes, ..loaded })
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
    match (Problems::of(findings, name, &marks), file) {
        (Some(problems), _) => Err(problems),
        (None, Some((file, _))) => Ok(Loaded { shown: shown(&file, &typed), file, source: text.as_bytes().to_vec() }),
        (None, None) => Err(Problems::unreadable(name, None, "cannot be read")),
    }
}

/// A file's bytes, up to some size.
pub(super) fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
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
            entries.iter_mut().for_each(|(name, value)| as_typed(&findings::key(path, name), value, typed));
        }
        Json::Array(items) => {
            for (i, value) in items.iter_mut().enumerate() {
                as_typed(&findings::item(path, i), value, typed);
            }
        }
        _ => {}
    }
}

// === impl Loaded ===

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Loaded").field("shown", &self.shown).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = include_str!("../../conf/full.yaml");
    const SMALL: &str = "version: v1\nbackends: [{name: a, model: b, peers: [{url: http://a}]}]\nrouter: {}\n";

    fn nothing(_: &str) -> Option<String> {
        None
    }

    /// `full.yaml` with its commented options put in force.
    fn uncommented() -> String {
        let is_option = |text: &str| {
            let (key, _) = text.trim_start_matches("- ").split_once(": ").unwrap_or_default();
            !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        };
        let line = |line: &str| match line.split_once("# ") {
            Some((indent, text)) if indent.trim().is_empty() && is_option(text.trim_start()) => {
                format!("{indent}{text}\n")
            }
            _ => format!("{line}\n"),
        };
        let text: String = FULL.lines().map(line).collect();
        let lists = ["keys", "passthrough", "operators", "recognizers"];
        lists.iter().fold(text, |text, list| text.replace(&format!(" {list}: []"), &format!(" {list}:")))
    }

    /// The keys of `schema` that no value at its place has.
    fn absent(path: &str, schema: &Schema, values: &[&Value]) -> Vec<String> {
        match schema {
            Schema::Keys(keys) => {
                let below = |(name, schema): &(&str, Schema)| {
                    let path = findings::key(path, name);
                    let values: Vec<_> = values.iter().filter_map(|value| value.get(*name)).collect();
                    if values.is_empty() { vec![path] } else { absent(&path, schema, &values) }
                };
                keys.iter().flat_map(below).collect()
            }
            Schema::List(item) => {
                let items: Vec<_> = values.iter().filter_map(|value| value.as_sequence()).flatten().collect();
                if items.is_empty() { vec![path.into()] } else { absent(path, item, &items) }
            }
            Schema::Map(shape) => {
                let mappings = values.iter().filter_map(|value| value.as_mapping());
                let entries: Vec<_> = mappings.flat_map(|entries| entries.iter().map(|(_, value)| value)).collect();
                if entries.is_empty() { vec![path.into()] } else { absent(path, shape, &entries) }
            }
            Schema::Names(_) | Schema::Scalar => Vec::new(),
        }
    }

    #[test]
    fn full_yaml_has_every_key() {
        let value = yaml::read(&uncommented()).unwrap();
        let schema = Schema::of::<File>().unwrap();
        assert_eq!(absent("", &schema, &[&value]), [""; 0]);
        let mut findings = Findings::default();
        schema.check("", &mut value.clone(), &mut findings);
        assert_eq!(findings.lines(), [""; 0]);
    }

    #[test]
    fn full_yaml_shows_the_defaults() {
        let mut full = parse("full.yaml", FULL, &nothing).unwrap().shown;
        let mut small = parse("small.yaml", SMALL, &nothing).unwrap().shown;
        // The examples' own names, addresses and samples.
        for json in [&mut full, &mut small] {
            json["router"]["routes"].take();
            let backend = &mut json["backends"][0];
            for key in ["name", "url", "model"] {
                backend[key].take();
            }
            backend["peers"][0]["url"].take();
            json["backends"].as_array_mut().unwrap().truncate(1);
        }
        assert_eq!(full, small);
    }

    #[test]
    fn shown_has_what_was_typed_and_never_what_a_variable_holds() {
        let text = "version: v1\nlisten: ${L}\nthreads: ${N}\nbackends:\n- name: ${A:-a}\n  model: \"x-${S}\"\n  url: http://${S}/\n\
            router:\n  aliases: [\"$${S}\"]\nmiddleware:\n  sem_cache:\n    ttl: ${TTL:-60}\n";
        let set = |name: &str| match name {
            "S" => Some("hunter2".into()),
            "L" => Some("127.0.0.1:1234".into()),
            "N" => Some("3".into()),
            _ => None,
        };
        let loaded = parse("c", text, &set).unwrap();
        assert_eq!((loaded.file.threads, loaded.file.backends[0].model.as_str()), (3, "x-hunter2"));
        assert_eq!(loaded.file.middleware.sem_cache.ttl.0.as_secs(), 60);
        let shown = &loaded.shown;
        assert_eq!((&shown["listen"], &shown["threads"]), (&"${L}".into(), &"${N}".into()));
        assert_eq!(
            (&shown["backends"][0]["name"], &shown["backends"][0]["model"]),
            (&"${A:-a}".into(), &"x-${S}".into())
        );
        assert_eq!(shown["middleware"]["sem_cache"]["ttl"], "${TTL:-60}");
        assert_eq!(
            (&shown["router"]["aliases"][0], &shown["limits"]["body_size"]),
            (&"${S}".into(), &(10 << 20).into())
        );
        assert!(!format!("{loaded:?}").contains("hunter2"));
    }

    /// A small xorshift generator: the same mutations in every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, below: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % below.max(1) as u64) as usize
        }
    }

    fn mutate(text: &mut Vec<char>, dice: &mut Dice) {
        // What means something in YAML or here, parted by "~".
        const BITS: &str =
            "\n~ ~\t~:~: ~- ~[~]~{~}~\"~'~&a ~*a~<<: *a\n~${~${X}~${X:-~!t ~|\n~---\n~#~é\u{1F600}\0~-1e999";
        let bits: Vec<_> = BITS.split('~').collect();
        let at = dice.roll(text.len());
        let end = (at + dice.roll(12)).min(text.len());
        match dice.roll(3) {
            0 => drop(text.drain(at..end)),
            1 => drop(text.splice(at..at, bits[dice.roll(bits.len())].chars())),
            _ => {
                let (from, length) = (dice.roll(text.len()), dice.roll(60));
                let copy: Vec<_> = text.iter().skip(from).take(length).copied().collect();
                drop(text.splice(at..end, copy));
            }
        }
    }

    #[test]
    fn no_mutation_of_a_config_panics_or_shows_a_secret() {
        let set = |_: &str| Some("hunter2".to_string());
        let mut dice = Dice(0x5eed);
        let mut refused = 0;
        for base in [FULL.to_string(), uncommented()] {
            let lines = base.lines().map(|line| line.split(" #").next().unwrap_or_default());
            let base: Vec<char> = lines.flat_map(|line| line.chars().chain(['\n'])).collect();
            for _ in 0..1500 {
                let mut text = base.clone();
                (0..=dice.roll(4)).for_each(|_| mutate(&mut text, &mut dice));
                let text: String = text.into_iter().collect();
                if let Err(problems) = parse("c.yaml", &text, &set) {
                    refused += 1;
                    assert!(!problems.to_string().contains("hunter2"), "{problems}\n{text}");
                    assert_eq!(problems.to_string().lines().count(), problems.list.len());
                }
            }
        }
        assert!((1600..2950).contains(&refused), "{refused} of 3000 refused");
    }
}

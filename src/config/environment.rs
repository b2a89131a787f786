//! `${NAME}` and `${NAME:-default}` in scalars. They are filled in after parsing, so that no value can become structure.

use std::collections::HashMap;

use saphyr::Scalar;
use serde_yaml::Value;

use super::marks::Marks;
use crate::findings::{self, Findings};

/// Looks a variable up; `None` where it is not set (or is not UTF-8).
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The scalars that held variables, as they were typed, by path.
#[derive(Debug, Default)]
pub struct Typed(HashMap<String, String>);

/// The process's own environment.
pub fn process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Fills every scalar of `value`; plain ones get the type that YAML gives their new text.
pub fn fill(value: &mut Value, marks: &Marks, lookup: Lookup, findings: &mut Findings) -> Typed {
    let mut fill = Fill { marks, lookup, findings, typed: Typed::default() };
    fill.value("", value);
    fill.typed
}

struct Fill<'a> {
    marks: &'a Marks,
    lookup: Lookup<'a>,
    findings: &'a mut Findings,
    typed: Typed,
}

struct Expanded {
    text: String,
    variables: usize,
}

// === impl Typed ===

impl Typed {
    /// What stood at `path` before variables were filled in; `None` where it held none.
    pub fn at(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    /// The same for what stands at `path` or below it.
    pub fn within(&self, path: &str) -> Option<&str> {
        let is_below = |other: &str| other.strip_prefix(path).is_some_and(|rest| rest.starts_with(['.', '[']));
        let below = || self.0.iter().find(|(other, _)| is_below(other)).map(|(_, typed)| typed.as_str());
        self.at(path).or_else(below)
    }
}

// === impl Fill ===

impl Fill<'_> {
    fn value(&mut self, path: &str, value: &mut Value) {
        match value {
            Value::Mapping(entries) => {
                for (name, value) in entries {
                    self.value(&findings::key(path, name.as_str().unwrap_or_default()), value);
                }
            }
            Value::Sequence(items) => {
                for (i, item) in items.iter_mut().enumerate() {
                    self.value(&findings::item(path, i), item);
                }
            }
            Value::String(text) if text.contains("${") => {
                if let Some(filled) = self.scalar(path, text) {
                    *value = filled;
                }
            }
            _ => {}
        }
    }

    fn scalar(&mut self, path: &str, typed: &str) -> Option<Value> {
        match expand(typed, self.lookup) {
            Ok(Expanded { text, variables: 0 }) => Some(text.into()),
            Ok(Expanded { text, .. }) => {
                self.typed.0.insert(path.into(), typed.into());
                Some(if self.marks.is_plain_variable(path) { retype(text) } else { text.into() })
            }
            Err(message) => {
                self.typed.0.insert(path.into(), typed.into());
                self.findings.add(path, message);
                None
            }
        }
    }
}

fn expand(typed: &str, lookup: Lookup) -> Result<Expanded, String> {
    let mut expanded = Expanded { text: String::new(), variables: 0 };
    let mut rest = typed;
    while let Some(at) = rest.find("${") {
        let (before, inside) = (&rest[..at], &rest[at + 2..]);
        if let Some(before) = before.strip_suffix('$') {
            expanded.text.extend([before, "${"]);
            rest = inside;
            continue;
        }
        let (variable, after) =
            inside.split_once('}').ok_or("\"${\" without \"}\" (\"$${\" means a literal \"${\")")?;
        expanded.text.extend([before, &resolve(variable, lookup)?]);
        expanded.variables += 1;
        rest = after;
    }
    expanded.text += rest;
    Ok(expanded)
}

/// As in a shell, the default also stands in for an empty variable.
fn resolve(variable: &str, lookup: Lookup) -> Result<String, String> {
    let (name, default) = match variable.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (variable, None),
    };
    if !is_name(name) {
        return Err("not a variable's name between \"${\" and \"}\" (\"$${\" means a literal \"${\")".into());
    }
    match (lookup(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.into()),
        (None, None) => Err(format!("the environment variable {name} is not set and has no default")),
    }
}

/// Whether a text can name an environment variable.
pub(super) fn is_name(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A plain scalar's type by its text; never a list or a mapping.
fn retype(text: String) -> Value {
    match Scalar::parse_from_cow(text.as_str().into()) {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => value.into(),
        Scalar::Integer(value) => value.into(),
        Scalar::FloatingPoint(value) => value.into_inner().into(),
        Scalar::String(_) if text.is_empty() => Value::Null,
        Scalar::String(_) => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        let set = [("N", "5"), ("EMPTY", ""), ("YAML", "a: [b, c]\nd: *e"), ("T", "true"), ("F", "0.5")];
        set.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
    }

    fn filled(text: &str) -> (Value, Vec<String>) {
        let mut value: Value = serde_yaml::from_str(text).unwrap();
        let mut findings = Findings::default();
        fill(&mut value, &Marks::read(text).unwrap(), &lookup, &mut findings);
        (value, findings.lines())
    }

    #[test]
    fn variables_are_filled_in_and_plain_scalars_typed_anew() {
        let text =
            "a: ${N}\nb: \"${N}\"\nc: ${NONE:-7}\nd: ${EMPTY:-x}${N}\ne: ${T}\nf: ${F}\ng: $${N} $5\nh: ${EMPTY}\n";
        let (value, problems) = filled(text);
        let wanted = "{a: 5, b: '5', c: 7, d: x5, e: true, f: 0.5, g: '${N} $5', h: null}";
        assert_eq!(value, serde_yaml::from_str::<Value>(wanted).unwrap());
        assert_eq!(problems, [""; 0]);
    }

    #[test]
    fn a_value_cannot_become_structure() {
        let (value, _) = filled("a: ${YAML}\n");
        assert_eq!(value["a"], Value::from("a: [b, c]\nd: *e"));
    }

    #[test]
    fn what_cannot_be_filled_in_is_told_with_its_path() {
        let (_, problems) = filled("a:\n  b:\n  - ${NONE}\nc: \"${N\"\nd: ${1x}\n");
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].starts_with("a.b[0]: the environment variable NONE is not set"));
        assert!(problems[1].starts_with("c: \"${\" without \"}\""));
        assert!(problems[2].starts_with("d: not a variable's name"));
    }
}

//! What is wrong with a config, by the paths of its keys.

use std::collections::HashSet;

use serde_yaml::Value;

/// Problems in the making: the first for each path counts, as later ones mostly follow from it.
#[derive(Debug, Default)]
pub struct Findings {
    seen: HashSet<String>,
    list: Vec<(String, String)>,
}

// === impl Findings ===

impl Findings {
    /// Adds a problem, unless the path has one.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        let path = path.into();
        if self.seen.insert(path.clone()) {
            self.list.push((path, message.into()));
        }
    }

    /// Adds what another pass found.
    pub fn append(&mut self, other: Self) {
        for (path, message) in other.list {
            self.add(path, message);
        }
    }

    /// Forgets what was found in a top-level section.
    pub fn forget(&mut self, section: &str) {
        self.list.retain(|(path, _)| top(path) != section);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Paths and messages, in the order in which they were found.
    pub fn into_list(self) -> Vec<(String, String)> {
        self.list
    }

    /// `path: message`, for tests of one pass.
    #[cfg(test)]
    pub(crate) fn lines(&self) -> Vec<String> {
        self.list.iter().map(|(path, message)| format!("{path}: {message}")).collect()
    }
}

// === paths ===

/// A mapping's key as it is written.
pub fn written(key: &Value) -> String {
    match key {
        Value::String(key) => key.clone(),
        other => serde_yaml::to_string(other).unwrap_or_default().trim_end().into(),
    }
}

/// The path of a key below another.
pub fn key(path: &str, key: &str) -> String {
    if path.is_empty() { key.into() } else { format!("{path}.{key}") }
}

/// The path of a list's item.
pub fn item(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

/// The path's first key.
pub fn top(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or_default()
}

// === words ===

/// `; did you mean "backend"?`, or nothing where no candidate is near.
pub fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    // Below this, suggestions stop looking like typing errors ("cache" for "backends").
    const NEAR: f64 = 0.84;
    let word = word.to_lowercase().replace('-', "_");
    let likeness = |c: &str| strsim::jaro_winkler(&word, &c.to_lowercase().replace('-', "_"));
    let nearest = candidates.into_iter().map(|c| (likeness(c), c)).max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((likeness, name)) if likeness >= NEAR => format!("; did you mean \"{name}\"?"),
        _ => String::new(),
    }
}

/// `"a", "b" or "c"`.
pub fn either(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_suggested() {
        let keys = ["backend", "name", "samples", "threshold"];
        assert_eq!(suggestion("bakend", keys), "; did you mean \"backend\"?");
        assert_eq!(suggestion("Threshhold", keys), "; did you mean \"threshold\"?");
        assert_eq!(suggestion("cache", keys), "");
        assert_eq!(suggestion("x", []), "");
    }

    #[test]
    fn the_first_problem_of_a_path_counts() {
        let mut findings = Findings::default();
        findings.add("a.b", "one");
        findings.add("a.b", "two");
        findings.add(key("c", "d"), "three");
        assert_eq!(findings.lines(), ["a.b: one", "c.d: three"]);
        findings.forget("a");
        assert_eq!(findings.into_list(), [("c.d".to_owned(), "three".to_owned())]);
    }
}

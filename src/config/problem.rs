//! What is wrong with a config file, and how it is told: one line for each problem.

use std::collections::HashSet;
use std::fmt;

use super::marks::Marks;

/// One thing that is wrong. It never holds a value that came from the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1; `None` where the file has no such place.
    pub line: Option<usize>,
    /// The key's path, such as `router.routes[0].backend`; empty for the file as a whole.
    pub path: String,
    /// What is wrong, without the path.
    pub message: String,
}

/// Everything that is wrong with one file, by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The file's name as it was given.
    pub file: String,
    /// Never empty.
    pub list: Vec<Problem>,
}

/// Problems in the making: the first for each path counts, as later ones mostly follow from it.
#[derive(Debug, Default)]
pub struct Findings {
    seen: HashSet<String>,
    list: Vec<(String, String)>,
}

// === impl Problems ===

impl Problems {
    /// The file as a whole, or one line of it, cannot be read.
    pub(super) fn unreadable(file: &str, line: Option<usize>, message: impl Into<String>) -> Self {
        let problem = Problem { line, path: String::new(), message: message.into() };
        Self { file: file.into(), list: vec![problem] }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (i, problem) in self.list.iter().enumerate() {
            let newline = if i == 0 { "" } else { "\n" };
            write!(f, "{newline}{}", self.file)?;
            if let Some(line) = problem.line {
                write!(f, ":{line}")?;
            }
            write!(f, ": {}", OneLine(problem))?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

// === impl Findings ===

impl Findings {
    /// Adds a problem, unless the path has one.
    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        let path = path.into();
        if self.seen.insert(path.clone()) {
            self.list.push((path, message.into()));
        }
    }

    /// Forgets what was found in a top-level section.
    pub(super) fn forget(&mut self, section: &str) {
        self.list.retain(|(path, _)| top(path) != section);
    }

    /// Adds what another pass found.
    pub(super) fn append(&mut self, other: Self) {
        for (path, message) in other.list {
            self.add(path, message);
        }
    }

    /// The problems with their lines, or nothing if there are none.
    pub(super) fn into_problems(self, file: &str, marks: &Marks) -> Option<Problems> {
        let place = |(path, message): (String, String)| Problem { line: marks.line(&path), path, message };
        let mut list: Vec<_> = self.list.into_iter().map(place).collect();
        list.sort_by_key(|problem| problem.line);
        (!list.is_empty()).then(|| Problems { file: file.into(), list })
    }

    /// Paths and messages, for tests of one pass.
    #[cfg(test)]
    pub(super) fn lines(&self) -> Vec<String> {
        self.list.iter().map(|(path, message)| format!("{path}: {message}")).collect()
    }
}

// === paths ===

/// The path of a key below another.
pub(super) fn key(path: &str, key: &str) -> String {
    if path.is_empty() { key.into() } else { format!("{path}.{key}") }
}

/// The path of a list's item.
pub(super) fn item(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

/// The path's first key.
pub(super) fn top(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or_default()
}

// === suggestions ===

/// `; did you mean "backend"?`, or nothing where no candidate is near.
pub(super) fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
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

/// A problem's text with line breaks and other control characters escaped: keys may hold any.
struct OneLine<'a>(&'a Problem);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let colon = if self.0.path.is_empty() { "" } else { ": " };
        for c in [&self.0.path, colon, &self.0.message].into_iter().flat_map(str::chars) {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        Ok(())
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
    fn a_problem_stays_on_its_line() {
        let problem = Problem { line: Some(3), path: "a\nb".into(), message: "unknown key".into() };
        let problems = Problems { file: "c.yaml".into(), list: vec![problem.clone(), problem] };
        assert_eq!(problems.to_string(), "c.yaml:3: a\\nb: unknown key\nc.yaml:3: a\\nb: unknown key");
    }
}

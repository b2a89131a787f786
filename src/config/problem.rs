//! What is wrong with a config file, and how it is told: one line for each problem.

use std::fmt;

use super::marks::Marks;
use crate::findings::Findings;

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

// === impl Problems ===

impl Problems {
    /// The file as a whole, or one line of it, cannot be read.
    pub(super) fn unreadable(file: &str, line: Option<usize>, message: impl Into<String>) -> Self {
        let problem = Problem { line, path: String::new(), message: message.into() };
        Self { file: file.into(), list: vec![problem] }
    }

    /// The findings with their lines, or nothing if there are none.
    pub(super) fn of(findings: Findings, file: &str, marks: &Marks) -> Option<Self> {
        let place = |(path, message): (String, String)| Problem { line: marks.line(&path), path, message };
        let mut list: Vec<_> = findings.into_list().into_iter().map(place).collect();
        list.sort_by_key(|problem| problem.line);
        (!list.is_empty()).then(|| Self { file: file.into(), list })
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
    fn a_problem_stays_on_its_line() {
        let problem = Problem { line: Some(3), path: "a\nb".into(), message: "unknown key".into() };
        let problems = Problems { file: "c.yaml".into(), list: vec![problem.clone(), problem] };
        assert_eq!(problems.to_string(), "c.yaml:3: a\\nb: unknown key\nc.yaml:3: a\\nb: unknown key");
    }
}

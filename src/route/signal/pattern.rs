//! Regular expressions of the config. They take time in proportion to the text, whatever they are.

use regex::{Regex, RegexBuilder};

/// A compiled expression; two are equal where their texts are.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is no expression.
    #[error("is not a regular expression: {0}")]
    Syntax(String),
    /// It is too large.
    #[error("is too large a regular expression")]
    Size,
}

/// The most that one compiled expression may take, in bytes: enough for `\w{30}` with all of Unicode.
const SIZE: usize = 1 << 20;

// === impl Pattern ===

impl Pattern {
    /// Compiles `text`, in which `(?-i)` makes case count.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        let built = RegexBuilder::new(text).case_insensitive(true).size_limit(SIZE).dfa_size_limit(SIZE).build();
        built.map(Self).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => PatternError::Size,
            other => {
                // The last line says what is wrong; those above repeat and underline the expression.
                let text = other.to_string();
                let reason = text.lines().last().unwrap_or_default();
                PatternError::Syntax(reason.trim_start_matches("error: ").into())
            }
        })
    }

    /// Whether it matches anywhere in `text`.
    pub fn is_in(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_ignore_case_unless_told_and_are_bounded() {
        assert!(Pattern::new(r"\bcreate\s+table\b").unwrap().is_in("CREATE  TABLE x"));
        assert!(!Pattern::new("(?-i)create").unwrap().is_in("CREATE"));
        assert_eq!(Pattern::new(r"(\w{100}){100}"), Err(PatternError::Size));
        assert_eq!(Pattern::new("a(").unwrap_err().to_string(), "is not a regular expression: unclosed group");
    }
}

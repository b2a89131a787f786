//! Recognisers of the operator's own.

use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::checks;
use super::patterns::{Candidate, PatternError};
use crate::guard::finding::{Entity, Strength};

/// The most memory that one compiled pattern may take, in bytes.
const SIZE_LIMIT: usize = 1 << 20;
/// What a context word adds to a score, and the least it leads to.
const CONTEXT: (f32, f32) = (0.35, 0.4);

/// A recogniser as the config has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Custom {
    /// The entity's name: capitals, digits and `_`, and none that is known.
    pub name: String,
    /// A regular expression of the `regex` crate; it says itself where words begin and end.
    pub pattern: String,
    /// The score of a match, 0..1.
    pub score: f32,
    /// Words or phrases that raise it where they stand near.
    pub context: Vec<String>,
    /// A checksum that the digits or letters of a match have to pass.
    pub validate: Option<Validator>,
}

/// A checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validator {
    /// ISO/IEC 7812-1, annex B, over the digits.
    Luhn,
    /// ISO 7064 MOD 97-10 over letters and digits, the check digits last.
    Mod97,
}

/// A recogniser ready for use.
pub(super) struct Compiled {
    entity: Entity,
    regex: Regex,
    score: f32,
    has_context: bool,
    validate: Option<Validator>,
    words: usize,
}

// === impl Custom ===

impl Custom {
    /// Compiles it; `words` is the place of its context words among all lists.
    ///
    /// # Errors
    /// A name, score or pattern that cannot be used.
    pub(super) fn compiled(&self, words: usize) -> Result<Compiled, PatternError> {
        let name = &self.name;
        if !is_name(name) {
            return Err(PatternError::Name(name.clone()));
        }
        if Entity::KNOWN.iter().any(|entity| entity.name() == name) {
            return Err(PatternError::Known(name.clone()));
        }
        if !(0.0..=1.0).contains(&self.score) {
            return Err(PatternError::Score(name.clone()));
        }
        let regex = RegexBuilder::new(&self.pattern)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
            .map_err(|error| PatternError::Pattern(name.clone(), Box::new(error)))?;
        if regex.is_match("") {
            return Err(PatternError::Empty(name.clone()));
        }
        Ok(Compiled {
            entity: Entity::Custom(Arc::from(name.as_str())),
            regex,
            score: self.score,
            has_context: !self.context.is_empty(),
            validate: self.validate,
            words,
        })
    }
}

// === impl Validator ===

impl Validator {
    /// Whether it holds for `text`, separators aside.
    fn holds(self, text: &str) -> bool {
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        match self {
            Self::Luhn => {
                let digits: Vec<u8> = plain.bytes().map(|byte| byte.wrapping_sub(b'0')).collect();
                digits.len() > 1 && digits.iter().all(|digit| *digit < 10) && checks::luhn(&digits)
            }
            Self::Mod97 => plain.len() > 2 && checks::mod97(plain.bytes().flat_map(values)) == 1,
        }
    }
}

// === impl Compiled ===

impl Compiled {
    /// All its matches in `text`, none of them empty.
    pub(super) fn find(&self, text: &str, found: &mut Vec<Candidate>) {
        for matched in self.regex.find_iter(text) {
            if matched.is_empty() || !self.validate.is_none_or(|validator| validator.holds(matched.as_str())) {
                continue;
            }
            let raised = (self.score + CONTEXT.0).clamp(CONTEXT.1, 1.0);
            found.push(Candidate {
                entity: self.entity.clone(),
                range: matched.range(),
                strength: if self.validate.is_some() { Strength::Checksum } else { Strength::Specific },
                alone: self.score,
                in_context: if self.has_context { raised } else { self.score },
                words: self.words,
            });
        }
    }
}

/// What a letter or digit counts in MOD 97-10: A is 10, Z is 35.
pub(super) fn values(byte: u8) -> impl Iterator<Item = u8> {
    let value = match byte {
        b'0'..=b'9' => byte - b'0',
        _ => byte.to_ascii_uppercase().saturating_sub(b'A') + 10,
    };
    [value / 10, value % 10].into_iter().skip(usize::from(value < 10))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn custom(name: &str, pattern: &str) -> Custom {
        let (name, pattern) = (name.to_owned(), pattern.to_owned());
        Custom { name, pattern, score: 0.6, context: Vec::new(), validate: None }
    }

    fn error(custom: &Custom) -> String {
        custom.compiled(0).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        assert!(error(&custom("emp_id", "E[0-9]+")).contains("emp_id"));
        assert!(error(&custom("1EMP", "E[0-9]+")).contains("1EMP"));
        assert!(error(&custom("PERSON", "E[0-9]+")).contains("PERSON"));
        assert!(error(&custom("EMP", "E[0-9")).contains("EMP"));
        assert!(error(&custom("EMP", "E?")).contains("empty"));
        assert!(error(&custom("EMP", "(?:\\pL{1,500}){1,500}")).contains("EMP"));
        assert!(error(&Custom { score: f32::NAN, ..custom("EMP", "E1") }).contains("score"));
        assert_eq!(error(&custom("EMP_2", "E[0-9]{4}")), "");
    }

    #[test]
    fn checksums_hold_or_not() {
        assert!(Validator::Luhn.holds("79927398713") && Validator::Luhn.holds("7992-7398 713"));
        assert!(!Validator::Luhn.holds("79927398714") && !Validator::Luhn.holds("A7992739871"));
        assert!(Validator::Mod97.holds("794 4") || Validator::Mod97.holds("79444"));
        assert!(!Validator::Mod97.holds("79445"));
    }

    #[test]
    fn matches_are_never_empty() {
        let compiled = custom("EMP", "E[0-9]{2}|x*y").compiled(3).unwrap();
        let mut found = Vec::new();
        compiled.find("E12 E3 y", &mut found);
        assert_eq!(found.iter().map(|candidate| candidate.range.clone()).collect::<Vec<_>>(), [0..3, 7..8]);
    }
}

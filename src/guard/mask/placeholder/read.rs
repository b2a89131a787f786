//! Reading a placeholder, one byte after the other.

use std::fmt;

use super::Form;

/// The places of a text where a placeholder stands, or could stand if the text went on.
#[derive(Debug, Clone)]
pub struct Candidates<'t> {
    text: &'t str,
    form: Form,
    at: usize,
}

/// A place where a placeholder stands or could stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Where it begins.
    pub start: usize,
    /// What stands there.
    pub reading: Reading,
}

/// What stands where a placeholder could.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Something between brackets.
    Whole {
        /// What is between the brackets.
        name: Name,
        /// Its bytes with the brackets.
        length: usize,
    },
    /// The beginning of something that ends with the text.
    Open {
        /// What has been read between the brackets.
        name: Name,
        /// What may follow it.
        next: Next,
    },
}

/// What may follow a name that has been read so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Anything.
    Any,
    /// After white space: the next part, or the bracket.
    Part,
    /// After the beginning of a bracket: the rest of it.
    Bracket,
}

/// What is between a placeholder's brackets, in capitals and without white space.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name {
    bytes: [u8; Name::MAX],
    length: usize,
}

/// Something that is being read.
#[derive(Default)]
struct Reader {
    name: Name,
    /// White space that has been read.
    spaces: usize,
    /// Whether white space was read last.
    is_spaced: bool,
}

/// How a text begins.
enum Mark {
    /// With a bracket of so many bytes.
    Whole(usize),
    /// With what may be a bracket's beginning, and ends there.
    Open,
    No,
}

const OPENING: [&str; 3] = ["<", "&lt;", "\\u003c"];
const CLOSING: [&str; 3] = [">", "&gt;", "\\u003e"];

/// More white space than this in one placeholder is not put up with, so that what a stream holds back is bounded.
const SPACES_MAX: usize = 8;

/// What the brackets and the white space of a placeholder take at most, in bytes.
pub const AROUND_MAX: usize = SPACES_MAX + OPENING[2].len() + CLOSING[2].len();

// === impl Candidates ===

impl<'t> Candidates<'t> {
    /// The candidates in `text`.
    pub fn new(text: &'t str, form: Form) -> Self {
        Self { text, form, at: 0 }
    }
}

impl Iterator for Candidates<'_> {
    type Item = Candidate;

    fn next(&mut self) -> Option<Candidate> {
        let bytes = self.text.as_bytes();
        loop {
            let start = self.at + bytes.get(self.at..)?.iter().position(|byte| matches!(byte, b'<' | b'&' | b'\\'))?;
            if self.form == Form::Json && bytes[start..].starts_with(b"\\\\") {
                self.at = start + 2;
                continue;
            }
            // What was read cannot hold another opening bracket; at most, its end may be one's beginning.
            self.at = start + 1;
            if let Some(reading) = read(&bytes[start..]) {
                return Some(Candidate { start, reading });
            }
        }
    }
}

/// What `text` begins with; none where it cannot be a placeholder however it goes on.
fn read(text: &[u8]) -> Option<Reading> {
    let mut reader = Reader::default();
    let mut at = match Mark::of(text, OPENING) {
        Mark::Whole(length) => length,
        Mark::Open => return Some(Reading::Open { name: reader.name, next: Next::Any }),
        Mark::No => return None,
    };
    while let Some(&byte) = text.get(at) {
        if matches!(byte, b'>' | b'&' | b'\\') {
            let name = reader.name;
            return match Mark::of(&text[at..], CLOSING) {
                Mark::Whole(length) => Some(Reading::Whole { name, length: at + length }),
                Mark::Open => Some(Reading::Open { name, next: Next::Bracket }),
                Mark::No => None,
            };
        }
        reader.take(byte)?;
        at += 1;
    }
    let next = if reader.is_spaced && !reader.name.is_between() { Next::Part } else { Next::Any };
    Some(Reading::Open { name: reader.name, next })
}

// === impl Reader ===

impl Reader {
    /// Takes in the next byte; none where it has no place in a placeholder.
    fn take(&mut self, byte: u8) -> Option<()> {
        if byte.is_ascii_whitespace() {
            self.spaces += 1;
            self.is_spaced = true;
            return (self.spaces <= SPACES_MAX).then_some(());
        }
        let is_apart = self.is_spaced && !self.name.is_between();
        self.is_spaced = false;
        match byte {
            b'_' => self.name.push(b'_'),
            _ if byte.is_ascii_alphanumeric() && !is_apart => self.name.push(byte.to_ascii_uppercase()),
            _ => None,
        }
    }
}

// === impl Mark ===

impl Mark {
    fn of(text: &[u8], marks: [&str; 3]) -> Self {
        for mark in marks.map(str::as_bytes) {
            let length = mark.len().min(text.len());
            if text[..length].eq_ignore_ascii_case(&mark[..length]) {
                return if length == mark.len() { Self::Whole(length) } else { Self::Open };
            }
        }
        Self::No
    }
}

// === impl Name ===

impl Name {
    /// No placeholder's is longer.
    pub const MAX: usize = 64;

    /// As text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }

    /// Adds a byte; none where there is no room.
    fn push(&mut self, byte: u8) -> Option<()> {
        *self.bytes.get_mut(self.length)? = byte;
        self.length += 1;
        Some(())
    }

    /// Whether white space may come before a letter or a digit: at the beginning, or after an underscore.
    fn is_between(&self) -> bool {
        self.length == 0 || self.bytes[self.length - 1] == b'_'
    }
}

impl Default for Name {
    fn default() -> Self {
        Self { bytes: [0; Self::MAX], length: 0 }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

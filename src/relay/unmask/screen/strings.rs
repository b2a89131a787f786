//! The strings and numbers in JSON, as a whole or in pieces.

use std::ops::Range;

use super::Screener;
use super::flow::Flow;
use super::hold::near;

/// JSON of which the strings and numbers are looked into.
#[derive(Default)]
pub(super) struct Strings {
    flow: Flow,
    place: Place,
    /// What came last, as it is written.
    tail: String,
    /// An escape that has not ended.
    escape: String,
    /// A number or another word outside of strings that has not ended.
    word: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Between,
    InString,
    /// In what is no JSON, and is read as any text.
    Prose,
}

/// How much of what came is kept at least, to see what comes in its light.
const KEPT: usize = 96;
/// How many bytes a number has that may be somebody's.
const NUMBER: Range<usize> = 4..64;
/// What may stand in JSON outside of strings beside numbers.
const WORDS: [&str; 3] = ["true", "false", "null"];

// === impl Strings ===

impl Strings {
    /// Writes all of `text`, redacted.
    pub(super) fn all(mut self, screener: &mut Screener, text: &str, out: &mut String) {
        self.read(screener, text, out);
        self.finish(screener, out);
    }

    /// Takes in a piece more, and writes what can go out.
    pub(super) fn pass(&mut self, screener: &mut Screener, text: &str, out: &mut String) {
        self.read(screener, text, out);
        self.flow.pass(screener, out);
    }

    /// Writes all that waits.
    pub(super) fn finish(&mut self, screener: &mut Screener, out: &mut String) {
        self.end_escape();
        self.end_word(screener, out);
        self.flow.finish(screener, out);
    }

    pub(super) fn is_idle(&self) -> bool {
        self.escape.is_empty() && self.word.is_empty() && self.flow.is_idle()
    }

    fn read(&mut self, screener: &mut Screener, text: &str, out: &mut String) {
        for char in text.chars() {
            match self.place {
                Place::Between => self.between(screener, char, out),
                Place::InString => self.in_string(screener, char, out),
                Place::Prose => self.flow.push_char(char),
            }
            self.tail.push(char);
            if self.tail.len() > 8 * KEPT {
                let front = self.tail.floor_char_boundary(self.tail.len() - KEPT);
                self.tail.drain(..front);
            }
        }
    }

    fn between(&mut self, screener: &mut Screener, char: char, out: &mut String) {
        if matches!(char, '{' | '}' | '[' | ']' | ',' | ':' | '"' | ' ' | '\t' | '\r' | '\n') {
            self.end_word(screener, out);
            out.push(char);
            if char == '"' {
                self.place = Place::InString;
                self.flow = Flow::after(&format!("{}\"", &self.tail[near(&self.tail, KEPT)..]), '"');
            }
            return;
        }
        self.word.push(char);
        if is_number(&self.word) {
            if self.word.len() >= NUMBER.end {
                out.push_str(&std::mem::take(&mut self.word));
            }
        } else if !WORDS.iter().any(|word| word.starts_with(&*self.word)) {
            self.place = Place::Prose;
            self.flow = Flow::default();
            self.flow.push(&std::mem::take(&mut self.word));
        }
    }

    fn in_string(&mut self, screener: &mut Screener, char: char, out: &mut String) {
        if !self.escape.is_empty() && self.take_escape(char) {
            return;
        }
        match char {
            '\\' => self.escape.push('\\'),
            '"' => {
                self.flow.finish(screener, out);
                out.push('"');
                self.place = Place::Between;
            }
            _ => self.flow.push_char(char),
        }
    }

    /// Takes `char` as the next of an escape; whether it was one.
    fn take_escape(&mut self, char: char) -> bool {
        let belongs = match self.escape.len() {
            1 => true,
            6 => char == '\\',
            7 => char == 'u',
            _ => char.is_ascii_hexdigit(),
        };
        if !belongs {
            // Half of a pair that stands alone, maybe before another escape.
            let next = if self.escape.len() == 7 { self.escape.pop() } else { None };
            self.end_escape();
            self.escape.extend(next);
            return next.is_some() && self.take_escape(char);
        }
        self.escape.push(char);
        let is_high = |escape: &str| {
            escape.as_bytes()[2].eq_ignore_ascii_case(&b'd') && b"89abAB".contains(&escape.as_bytes()[3])
        };
        let is_over = match self.escape.as_bytes() {
            [_, b'u', ..] => match self.escape.len() {
                6 => !is_high(&self.escape),
                length => length == 12,
            },
            _ => true,
        };
        if is_over {
            self.end_escape();
        }
        true
    }

    /// Adds what the escape stands for, as far as it stands for anything.
    fn end_escape(&mut self) {
        if self.escape.is_empty() {
            return;
        }
        let read: Option<String> = serde_json::from_str(&format!("\"{}\"", self.escape)).ok();
        let char = read.and_then(|text| text.chars().next()).unwrap_or(char::REPLACEMENT_CHARACTER);
        self.flow.push_escape(char, &self.escape);
        self.escape.clear();
    }

    /// Writes the word, or what stands for the number that it is.
    fn end_word(&mut self, screener: &mut Screener, out: &mut String) {
        if self.word.len() < NUMBER.start || !is_number(&self.word) {
            out.push_str(&self.word);
            return self.word.clear();
        }
        let text = &self.tail[near(&self.tail, KEPT + self.word.len())..];
        let range = text.len() - self.word.len()..text.len();
        let found = screener.found(text);
        match screener.cuts(text, found).into_iter().find(|cut| cut.range == range) {
            Some(cut) => {
                out.push('"');
                screener.redact(&cut.entity, out);
                out.push('"');
            }
            None => out.push_str(&self.word),
        }
        self.word.clear();
    }
}

/// Whether a number may begin so.
fn is_number(word: &str) -> bool {
    word.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
}

//! Text as it means, with where each part of it is spelled: what is JSON within a string is read through to its strings,
//! numbers and keys, so that nothing hides behind an escape and nothing that is put there breaks the JSON. Where JSON is only
//! a part of a text, or is cut off, escapes are read as well but stay as they are.

use std::iter;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use serde::de::IgnoredAny;

use super::spelling::{Decoded, Source};
use super::tokens::{Kind, Tokens, hides_a_number};
use super::{Part, Piece, Role};

/// What a string may be beside text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// An object or an array in JSON.
    Maybe,
    /// Any JSON, as a tool call's arguments are, which servers parse.
    Json,
}

/// The body has a string with half of a surrogate pair.
#[derive(Debug)]
pub(super) struct Broken;

/// JSON in this many strings in each other is not looked into any more.
const DEPTH: u8 = 4;

/// What stands near a string that is quoted as programs do it.
static QUOTING: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let around = [
        "\":", "\" :", "':", "' :", "=\"", "='", "= \"", "= '", "(\"", "('", "[\"", "['", "{\"", "{'", "\\\"", "\\u00",
    ];
    AhoCorasick::new(around).ok()
});

// === impl Piece ===

impl Piece {
    /// What `role` is yet to say.
    pub(super) fn by(role: Role) -> Self {
        Self { role, text: String::new(), parts: Vec::new() }
    }

    /// Adds the string whose inside is spelled as `spelled`.
    pub(super) fn add_string(&mut self, spelled: &str, source: Source, meant: Meant) -> Result<(), Broken> {
        let decoded = Decoded::of(spelled);
        if source.depth() == 0 && !decoded.is_sound() {
            return Err(Broken);
        }
        if source.depth() < DEPTH && meant.is_json(&decoded.text) {
            return self.add_json(&decoded.text, source.inside(&decoded));
        }
        let inside = source.inside(&decoded);
        if has_escapes(&decoded.text) {
            let meant = Decoded::of(&decoded.text);
            // A placeholder needs no escapes, and what is left between those that stay is none: it may or may not stand in a
            // string, and is right in both.
            self.add_parts(&meant.text, meant.plain(), inside.inside(&meant), source.depth());
        } else {
            self.add_parts(&decoded.text, decoded.sound(), inside, source.depth());
        }
        Ok(())
    }

    /// Adds a name that [`hides_a_number`]. What is looked for is not found within a word, so that its numbers stand apart.
    pub(super) fn add_numbered(&mut self, name: &str, source: Source) {
        let mut at = 0;
        for run in name.as_bytes().chunk_by(|one, next| one.is_ascii_digit() == next.is_ascii_digit()) {
            let range = at..at + run.len();
            if at > 0 {
                self.text.push(' ');
            }
            at = range.end;
            self.add_parts(&name[range.clone()], iter::once(0..run.len()), source.from(range.start), source.depth());
        }
    }

    /// Adds `text` with these parts of it, which stand within `depth` strings.
    fn add_parts(&mut self, text: &str, parts: impl Iterator<Item = Range<usize>>, source: Source, depth: u8) {
        let start = self.text.len();
        self.text.push_str(text);
        self.parts.extend(parts.map(|range| Part {
            range: start + range.start..start + range.end,
            place: source.place(range.start)..source.place(range.end),
            depth,
            is_number: false,
        }));
    }

    /// Adds `json`, its strings as they mean.
    pub(super) fn add_json(&mut self, json: &str, source: Source) -> Result<(), Broken> {
        let mut done = 0;
        for token in Tokens::of(json) {
            let range = token.range;
            match token.kind {
                Kind::Key if hides_a_number(&json[range.clone()]) => {
                    self.text.push_str(&json[done..range.start]);
                    self.add_numbered(&json[range.clone()], source.from(range.start));
                }
                Kind::Key | Kind::String => {
                    self.text.push_str(&json[done..range.start]);
                    self.add_string(&json[range.clone()], source.from(range.start), Meant::Maybe)?;
                }
                // One digit is nobody's, and long lists have many.
                Kind::Number if range.len() > 1 => {
                    self.text.push_str(&json[done..range.end]);
                    self.parts.push(Part {
                        range: self.text.len() - range.len()..self.text.len(),
                        place: source.place(range.start)..source.place(range.end),
                        depth: source.depth(),
                        is_number: true,
                    });
                }
                Kind::Open | Kind::Close | Kind::Number | Kind::Word => continue,
            }
            done = range.end;
        }
        self.text.push_str(&json[done..]);
        Ok(())
    }
}

// === impl Meant ===

impl Meant {
    /// Whether `text` is JSON in which anything stands.
    fn is_json(self, text: &str) -> bool {
        let json = text.trim_matches([' ', '\t', '\r', '\n']);
        let may_be = self == Self::Json || matches!(json.as_bytes(), [b'{', .., b'}'] | [b'[', .., b']']);
        may_be
            && json.bytes().any(|byte| byte == b'"' || byte.is_ascii_digit())
            && serde_json::from_str::<IgnoredAny>(json).is_ok()
    }
}

/// Whether `text` has what is an escape in JSON or in a program's string, as far as can be told from a path such as
/// `C:\temp\new`.
fn has_escapes(text: &str) -> bool {
    memchr::memchr(b'\\', text.as_bytes()).is_some() && QUOTING.as_ref().is_some_and(|quoting| quoting.is_match(text))
}

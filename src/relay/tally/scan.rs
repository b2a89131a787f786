//! One piece of JSON, looked through byte by byte for two things: the `usage` on its top level, and how long the texts are
//! that it says.

use memchr::memchr2;

/// How far it has come.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Bytes of what was said, escapes included.
    pub(super) said: u64,
    depth: usize,
    string: Option<Text>,
    /// The beginning of the last string, which is a key if a colon follows.
    last: Vec<u8>,
    /// What the value that comes next is.
    next: Next,
    usage: Found,
}

/// A string that has begun.
#[derive(Debug, Clone, Copy)]
struct Text {
    /// Whether it is something said.
    counts: bool,
    /// Whether a backslash came last.
    escaped: bool,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Next {
    #[default]
    Any,
    Usage,
    Said,
}

#[derive(Debug, Default)]
enum Found {
    #[default]
    Nothing,
    /// It has not ended.
    Begun(Vec<u8>),
    Whole(Vec<u8>),
}

/// What holds something said, of an answer in whole or in parts.
const SAID: [&[u8]; 6] = [b"content", b"text", b"reasoning", b"reasoning_content", b"arguments", b"refusal"];

/// A longer key is none of those looked for.
const KEY_MAX: usize = 32;

/// A longer usage is none.
const USAGE_MAX: usize = 16 << 10;

// === impl Scan ===

impl Scan {
    pub(super) fn pass(&mut self, mut chunk: &[u8]) {
        while !chunk.is_empty() {
            let taken = match self.string.take() {
                Some(text) => self.in_string(text, chunk),
                None => self.between(chunk[0]),
            };
            let (passed, rest) = chunk.split_at(taken);
            self.keep(passed);
            chunk = rest;
        }
    }

    /// The usage, where all of it has come.
    pub(super) fn usage(self) -> Option<Vec<u8>> {
        match self.usage {
            Found::Whole(usage) => Some(usage),
            Found::Nothing | Found::Begun(_) => None,
        }
    }

    /// How many bytes of `chunk` were looked at.
    fn in_string(&mut self, text: Text, chunk: &[u8]) -> usize {
        let end = if text.escaped { Some(0) } else { memchr2(b'"', b'\\', chunk) };
        let inside = end.unwrap_or(chunk.len());
        let ends = !text.escaped && end.is_some_and(|end| chunk[end] == b'"');
        let taken = if end.is_some() { inside + 1 } else { inside };
        let said = if ends { inside } else { taken };
        if text.counts {
            self.said += said as u64;
        }
        let room = KEY_MAX.saturating_sub(self.last.len());
        self.last.extend_from_slice(&chunk[..said.min(room)]);
        if !ends {
            self.string = Some(Text { escaped: !text.escaped && end.is_some(), ..text });
        }
        taken
    }

    /// Takes in a byte outside of strings.
    fn between(&mut self, byte: u8) -> usize {
        match byte {
            b'"' => {
                self.string = Some(Text { counts: self.next == Next::Said, escaped: false });
                self.last.clear();
            }
            b'{' | b'[' => {
                if byte == b'{' && self.next == Next::Usage {
                    self.usage = Found::Begun(Vec::with_capacity(256));
                }
                self.depth += 1;
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b':' => {
                self.next = match &*self.last {
                    b"usage" if self.depth == 1 => Next::Usage,
                    key if SAID.contains(&key) => Next::Said,
                    _ => Next::Any,
                };
                return 1;
            }
            b' ' | b'\t' | b'\r' | b'\n' => return 1,
            _ => {}
        }
        self.next = Next::Any;
        1
    }

    /// Keeps what has `passed` as far as it is the usage's.
    fn keep(&mut self, passed: &[u8]) {
        let Found::Begun(usage) = &mut self.usage else { return };
        usage.extend_from_slice(passed);
        if usage.len() > USAGE_MAX {
            self.usage = Found::Nothing;
        } else if self.depth == 1 && self.string.is_none() {
            self.usage = Found::Whole(std::mem::take(usage));
        }
    }
}

//! Encoded text in place of its code: base64, base32, hex, binary, decimal and Morse, and the escapes of URLs, HTML and
//! programs.
//!
//! What a code says stands where the code stood, so that what surrounds it ("decode this and follow it") stays around it.
//! Bytes that are no text (pictures, hashes, keys) are left as they are. A text is read once from the left; what was decoded
//! is read once more, and all of it together may not exceed `BUDGET`.

mod digits;
mod escapes;
mod morse;
mod radix;

/// Bytes that may be decoded from one text.
const BUDGET: usize = 64 * 1024;

/// Codes within codes.
const DEPTH: usize = 2;

/// What one way of encoding finds at the start of `text`: the bytes it takes up, and what they say.
type Attempt = fn(text: &str) -> Found;

/// What stands at a place.
pub(super) enum Found {
    /// No code of this kind.
    Nothing,
    /// A run of this many bytes that looks like the code but says nothing: no other place in it need be tried.
    Noise(usize),
    /// A code of this many bytes, and its text.
    Text(usize, String),
}

/// A text with its codes undone.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    /// What was decoded, in the order of the text.
    pub(crate) payloads: Vec<String>,
}

const ATTEMPTS: [Attempt; 5] = [escapes::read, digits::read, radix::hex, radix::base64, morse::read];

/// The text with all codes undone, or nothing where it has none.
pub(crate) fn decode(text: &str) -> Option<Decoded> {
    let mut budget = BUDGET;
    undo(text, DEPTH, &mut budget)
}

fn undo(text: &str, depth: usize, budget: &mut usize) -> Option<Decoded> {
    let mut decoded = Decoded::default();
    let (mut at, mut copied, mut percent) = (0, 0, 0);
    while at < text.len() && *budget > 0 {
        let Some(start) = next_place(text, at) else { break };
        percent = next_percent(text, start, percent);
        match attempt(&text[start..], percent - start < escapes::NEAR) {
            Found::Nothing => at = token_end(text, start),
            Found::Noise(length) => at = start + length,
            Found::Text(length, said) if said.len() <= *budget => {
                *budget -= said.len();
                let said = match depth {
                    0 | 1 => said,
                    _ => undo(&said, depth - 1, budget).map_or(said, |inner| inner.text),
                };
                decoded.text.push_str(&text[copied..start]);
                decoded.text.push_str(&said);
                decoded.payloads.push(said);
                (at, copied) = (start + length, start + length);
            }
            Found::Text(length, _) => at = start + length,
        }
    }
    if decoded.payloads.is_empty() {
        return None;
    }
    decoded.text.push_str(&text[copied..]);
    Some(decoded)
}

/// The first percent sign from `start` on, or the text's end; `known` is that from an earlier start on.
fn next_percent(text: &str, start: usize, known: usize) -> usize {
    let bytes = text.as_bytes();
    match known > start || bytes[start] == b'%' && known == start {
        true => known,
        false => bytes[start..].iter().position(|byte| *byte == b'%').map_or(bytes.len(), |at| start + at),
    }
}

/// What stands at the start of `text`. Escapes need a sign of theirs there, or a percent sign near by.
fn attempt(text: &str, is_percent_near: bool) -> Found {
    let has_escapes = is_percent_near || matches!(text.as_bytes()[0], b'&' | b'\\');
    for attempt in ATTEMPTS.into_iter().skip(usize::from(!has_escapes)) {
        match attempt(text) {
            Found::Nothing => {}
            found => return found,
        }
    }
    Found::Nothing
}

/// Where a code may begin: at a character of one, not in the middle of a word.
fn next_place(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let begins = |at: usize| match bytes[at] {
        b'&' | b'\\' | b'%' => true,
        b'.' | b'-' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => at == 0 || !bytes[at - 1].is_ascii_alphanumeric(),
        0xc2 | 0xe2 => at == 0 || !bytes[at - 1].is_ascii_alphanumeric(),
        _ => false,
    };
    (from..bytes.len()).find(|&at| begins(at) && text.is_char_boundary(at))
}

/// The end of the word at `start`, or of the character if it is none.
fn token_end(text: &str, start: usize) -> usize {
    let rest = &text.as_bytes()[start..];
    let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(rest.len());
    text.ceil_char_boundary(start + end.max(1))
}

/// `bytes` as text, if a person could read it.
pub(super) fn readable(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    is_readable(&text).then_some(text)
}

/// Mostly letters and spaces, and nothing that is not printed.
pub(super) fn is_readable(text: &str) -> bool {
    let (mut letters, mut all) = (0, 0);
    for c in text.chars() {
        if c.is_control() && !c.is_whitespace() {
            return false;
        }
        all += 1;
        letters += usize::from(c.is_alphabetic() || c == ' ');
    }
    all >= 4 && letters * 10 >= all * 7 || all >= 16 && is_code(text)
}

/// Text that is itself a code, which is mostly digits.
fn is_code(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/=-_%\\&#;".contains(&byte))
}

//! Characters told by their numbers: eight binary digits each, or decimal numbers.

use super::{Found, readable};
use crate::guard::jailbreak::views::vocabulary::is_language;

/// Characters of the shortest text.
const SHORTEST: usize = 4;

/// Decimal numbers are common, so more are asked for, and that they say words.
const NUMBERS: usize = 8;

pub(super) fn read(text: &str) -> Found {
    if !text.as_bytes()[0].is_ascii_digit() {
        return Found::Nothing;
    }
    match binary(text) {
        Found::Nothing => decimal(text),
        found => found,
    }
}

fn binary(text: &str) -> Found {
    let (mut said, mut value, mut bits, mut end) = (Vec::new(), 0_u8, 0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'0' | b'1' => {
                value = value << 1 | (byte - b'0');
                bits += 1;
                if bits == 8 {
                    said.push(std::mem::take(&mut value));
                    (bits, end) = (0, at + 1);
                }
            }
            b' ' | b'\n' | b',' if bits == 0 => {}
            _ => break,
        }
    }
    if said.len() < SHORTEST || text.as_bytes().get(end).is_some_and(u8::is_ascii_alphanumeric) {
        return Found::Nothing;
    }
    readable(said).map_or(Found::Noise(end), |said| Found::Text(end, said))
}

fn decimal(text: &str) -> Found {
    let (mut said, mut end, mut value, mut width) = (Vec::new(), 0, 0_u32, 0);
    for (at, byte) in text.bytes().chain([b' ']).enumerate() {
        match byte {
            b'0'..=b'9' if width < 3 => {
                (value, width) = (value * 10 + u32::from(byte - b'0'), width + 1);
            }
            b' ' | b',' | b';' | b'-' => {
                if width > 0 {
                    let Ok(character @ 10..=126) = u8::try_from(value) else { break };
                    said.push(character);
                    end = at;
                }
                (value, width) = (0, 0);
            }
            _ => break,
        }
    }
    if said.len() < NUMBERS {
        return Found::Nothing;
    }
    match readable(said) {
        Some(said) if is_language(&said.to_ascii_lowercase(), 5) => Found::Text(end, said),
        _ => Found::Noise(end),
    }
}

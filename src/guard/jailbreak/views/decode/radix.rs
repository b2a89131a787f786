//! Base64 and base32 (RFC 4648, with either alphabet, padded or not, in one line or wrapped), and hexadecimal.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Found, readable};

/// A shorter run is more likely a word.
const SHORTEST: usize = 16;

/// Characters tried before the whole run is decoded: what is no text shows at once.
const TRIED: usize = 64;

/// More is not decoded of one run.
const MOST: usize = 80 * 1024;

/// Lines at least so long are joined.
const WRAPPED: usize = 16;

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

/// Base64, or base32 where there are but capitals. Where the joined lines say nothing, the first may: what follows it may
/// be a word.
pub(super) fn base64(text: &str) -> Found {
    let line = &text.as_bytes()[..text.bytes().take(TRIED).take_while(|&byte| is_code(byte)).count()];
    if line.len() < SHORTEST {
        return Found::Nothing;
    }
    if !said(line).is_some_and(is_texts_head) {
        // After a stroke or a hyphen another code may begin.
        let joint = line[SHORTEST..].iter().position(|byte| !byte.is_ascii_alphanumeric());
        return Found::Noise(joint.map_or(line.len(), |at| SHORTEST + at));
    }
    let run = run(text);
    if let Some(said) = said(&run.code[..run.code.len().min(MOST)]).and_then(readable) {
        return Found::Text(run.length, said);
    }
    match said(&run.code[..run.first.min(MOST)]).and_then(readable) {
        Some(said) => Found::Text(run.first, said),
        None => Found::Noise(run.first),
    }
}

fn is_code(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte)
}

fn said(code: &[u8]) -> Option<Vec<u8>> {
    match code.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7')) {
        true => base32(code),
        false => base64_bytes(code),
    }
}

fn base64_bytes(code: &[u8]) -> Option<Vec<u8>> {
    // A single character more says nothing; it is left over where a run is cut or a word stands before the padding.
    let code = if code.len() % 4 == 1 { &code[..code.len() - 1] } else { code };
    let engine = if code.iter().any(|byte| b"-_".contains(byte)) { &URL_SAFE } else { &STANDARD };
    engine.decode(code).ok()
}

fn base32(code: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut held, mut bits) = (Vec::with_capacity(code.len() * 5 / 8), 0_u32, 0);
    for &byte in code {
        let value = if byte.is_ascii_digit() { byte - b'2' + 26 } else { byte.checked_sub(b'A')? };
        held = (held << 5 | u32::from(value)) & 0xffff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits & 0xff) as u8);
        }
    }
    Some(out)
}

/// Hexadecimal: one run of digits, or pairs of them apart, with or without `0x`.
pub(super) fn hex(text: &str) -> Found {
    let bytes = text.as_bytes();
    if !bytes[0].is_ascii_hexdigit() {
        return Found::Nothing;
    }
    let (mut at, mut digits) = (0, Vec::new());
    loop {
        let from = if bytes[at..].starts_with(b"0x") || bytes[at..].starts_with(b"0X") { at + 2 } else { at };
        let count = bytes[from..].iter().take(2 * MOST).take_while(|byte| byte.is_ascii_hexdigit()).count();
        let follows = bytes.get(from + count).is_some_and(u8::is_ascii_alphanumeric);
        if count == 0 || count % 2 == 1 || follows || (count != 2 && !digits.is_empty()) {
            break;
        }
        digits.extend_from_slice(&bytes[from..from + count]);
        at = from + count;
        if count > 2 {
            break;
        }
        let gap = bytes[at..].iter().take(2).take_while(|byte| b" :,-\n".contains(byte)).count();
        if gap == 0 || at + gap == bytes.len() {
            break;
        }
        at += gap;
    }
    if digits.len() < SHORTEST {
        return Found::Nothing;
    }
    let length = text[..at].trim_end_matches(|c: char| !c.is_ascii_hexdigit()).len();
    let said = digits.chunks_exact(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])).collect();
    readable(said).map_or(Found::Noise(length), |said| Found::Text(length, said))
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        digit => (digit | 0x20) - b'a' + 10,
    }
}

/// The run of a code's characters at the start of a text.
struct Run {
    /// Bytes of the text, with padding and line ends.
    length: usize,
    code: Vec<u8>,
    /// Bytes of the first line.
    first: usize,
}

fn run(text: &str) -> Run {
    let bytes = text.as_bytes();
    let (mut at, mut code, mut first) = (0, Vec::new(), 0);
    loop {
        let line = bytes[at..].iter().take_while(|&&byte| is_code(byte)).count();
        code.extend_from_slice(&bytes[at..at + line]);
        first = if at == 0 { line } else { first };
        at += line;
        let gap = match bytes[at..] {
            [b'\n', next, ..] if is_code(next) => 1,
            [b'\r', b'\n', next, ..] if is_code(next) => 2,
            _ => 0,
        };
        // Every line but the last of a wrapped code is as long as the first.
        if line < WRAPPED || line != first || gap == 0 {
            break;
        }
        at += gap;
    }
    let padding = bytes[at..].iter().take(6).take_while(|&&byte| byte == b'=').count();
    Run { length: at + padding, code, first }
}

/// Whether bytes are the start of a text: they may end within a character.
fn is_texts_head(bytes: Vec<u8>) -> bool {
    let valid = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    super::is_readable(valid)
}

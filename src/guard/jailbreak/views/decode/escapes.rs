//! Escapes: `%69`, `&#105;`, `&#x69;`, `\x69`, `\u0069`, `\u{69}`.
//!
//! A few are what URLs, patterns and source texts have. So many in one word, with nothing but text in them, are a code.

use super::Found;

/// Escapes of the shortest code.
const FEWEST: usize = 3;

/// A word's first escape stands within so many bytes, lest each place in a long word be a start that is read to its end.
pub(super) const NEAR: usize = 24;

/// A word with few escapes that is longer is nothing else either.
const LONG: usize = 1024;

/// Characters of a code looked at.
const MOST: usize = 80 * 1024;

pub(super) fn read(text: &str) -> Found {
    match text.as_bytes()[0] {
        b'&' | b'\\' => escaped(text),
        // In the path of a URL, or what follows a word: the word before was passed already.
        b'%' | b'A'..=b'Z' | b'a'..=b'z' => percent(text),
        _ => Found::Nothing,
    }
}

/// Escapes of programs and of HTML that follow each other, with other characters between them at most one by one.
fn escaped(text: &str) -> Found {
    let (mut said, mut escapes, mut at) = (String::new(), 0, 0);
    while at < text.len().min(MOST) {
        let rest = &text[at..];
        if let Some((length, c)) = escape(rest) {
            said.push(c);
            escapes += 1;
            at += length;
        } else if rest.starts_with([' ', '-', '_']) && escape(&rest[1..]).is_some() {
            said.push_str(&rest[..1]);
            at += 1;
        } else {
            break;
        }
    }
    found(escapes, at, said)
}

fn escape(text: &str) -> Option<(usize, char)> {
    let (prefix, end, radix, most) = match text.as_bytes() {
        [b'&', b'#', b'x' | b'X', ..] => (3, Some(b';'), 16, 6),
        [b'&', b'#', ..] => (2, Some(b';'), 10, 7),
        [b'\\', b'u', b'{', ..] => (3, Some(b'}'), 16, 6),
        [b'\\', b'u', ..] => (2, None, 16, 4),
        [b'\\', b'U', ..] => (2, None, 16, 8),
        [b'\\', b'x', ..] => (2, None, 16, 2),
        _ => return None,
    };
    let digits = text[prefix..].bytes().take(most).take_while(|&byte| char::from(byte).is_digit(radix)).count();
    let code = u32::from_str_radix(&text[prefix..prefix + digits], radix).ok()?;
    match end {
        Some(end) if text.as_bytes().get(prefix + digits) != Some(&end) => None,
        Some(_) => Some((prefix + digits + 1, char::from_u32(code)?)),
        None if digits < most => None,
        None => Some((prefix + digits, char::from_u32(code)?)),
    }
}

/// A word with percent escapes in it, unless it is the address of something and they are few.
fn percent(text: &str) -> Found {
    let bytes = text.as_bytes();
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"%+-_.~'!*(),".contains(&byte);
    let near = bytes.iter().take(NEAR).take_while(|&&byte| is_part(byte)).any(|&byte| byte == b'%');
    if !near {
        return Found::Nothing;
    }
    let length = bytes.iter().take(MOST).take_while(|&&byte| is_part(byte)).count();
    let word = &bytes[..length];
    if word.iter().filter(|&&byte| byte == b'%').count() < FEWEST {
        return if length > LONG { Found::Noise(length) } else { Found::Nothing };
    }
    let (mut said, mut escapes, mut at) = (Vec::with_capacity(length), 0, 0);
    while at < length {
        let digits = word.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.filter(|_| word[at] == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                said.push(byte);
                escapes += 1;
                at += 3;
            }
            None => {
                said.push(word[at]);
                at += 1;
            }
        }
    }
    String::from_utf8(said).map_or(Found::Noise(length), |said| found(escapes, length, said))
}

fn found(escapes: usize, length: usize, said: String) -> Found {
    match said {
        _ if escapes < FEWEST && length <= LONG => Found::Nothing,
        _ if escapes < FEWEST => Found::Noise(length),
        said if super::is_readable(&said) => Found::Text(length, said),
        _ => Found::Noise(length),
    }
}

//! Private keys, JSON web tokens, and passwords in connection strings.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::memmem;

use super::super::scan::joins;
use super::chance::is_placeholder;

/// The most bytes of a token's header, and of what stands between `://` and a path.
const HEADER: usize = 2048;
const AUTHORITY: usize = 256;
/// The least bytes of a signature.
const SIGNATURE: usize = 20;

/// Private keys in PEM (RFC 7468), from the first line to the last, or to the end of what looks like one.
pub(super) fn keys(text: &str, mut found: impl FnMut(Range<usize>)) {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    let mut ends = memmem::find_iter(text.as_bytes(), END).peekable();
    let mut free = 0;
    for start in memmem::find_iter(text.as_bytes(), BEGIN) {
        let label = &text[start + BEGIN.len()..text.floor_char_boundary(start + BEGIN.len() + 48)];
        let Some((label, _)) = label.split_once("-----").filter(|(label, _)| label.contains("PRIVATE KEY")) else {
            continue;
        };
        if start < free {
            continue;
        }
        while ends.next_if(|end| *end < start).is_some() {}
        let body = start + BEGIN.len() + label.len() + 5;
        let end = match ends.peek() {
            Some(end) => end + END.len() + text[end + END.len()..].find("-----").map_or(0, |close| close.min(48) + 5),
            None => body + text[body..].bytes().take_while(is_armour).count(),
        };
        let end = text.floor_char_boundary(end.min(text.len()));
        if end > body + SIGNATURE {
            found(start..end);
            free = end;
        }
    }
}

fn is_armour(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric()
        || byte.is_ascii_whitespace()
        || matches!(byte, b'+' | b'/' | b'=' | b'\\' | b':' | b',' | b'-')
}

/// JSON web tokens (RFC 7519): three parts in base64url, the first of which decodes to an object that names an algorithm.
pub(super) fn web_tokens(text: &str, mut found: impl FnMut(Range<usize>)) {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let mut free = 0;
    // {" in base64url.
    for start in memmem::find_iter(text.as_bytes(), "eyJ") {
        if start < free || text[..start].ends_with(|c| joins(c) || matches!(c, '-' | '_' | '.' | '/' | '+')) {
            continue;
        }
        let part = |at: usize| at + text.as_bytes()[at..].iter().take_while(|byte| is_part(byte)).count();
        let first = part(start);
        free = first;
        if !text[first..].starts_with('.') || first - start > HEADER || !names_algorithm(&text[start..first]) {
            continue;
        }
        let second = part(first + 1);
        let third = if text[second..].starts_with('.') { part(second + 1) } else { continue };
        free = third;
        if second > first + 1 && third - second > SIGNATURE {
            found(start..third);
        }
    }
}

fn names_algorithm(header: &str) -> bool {
    let decoded = URL_SAFE_NO_PAD.decode(header).ok();
    let object =
        decoded.and_then(|json| serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&json).ok());
    object.is_some_and(|object| object.contains_key("alg"))
}

/// Passwords in `scheme://user:password@host`.
pub(super) fn passwords(text: &str, mut found: impl FnMut(Range<usize>)) {
    for sign in memmem::find_iter(text.as_bytes(), "://") {
        let start = sign + 3;
        let ends = |byte: &u8| {
            !byte.is_ascii_whitespace()
                && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'{')
        };
        let count = text.as_bytes()[start..].iter().take(AUTHORITY).take_while(|byte| ends(byte)).count();
        let authority = &text[start..text.floor_char_boundary(start + count)];
        let Some((user, password)) = authority.rsplit_once('@').and_then(|(login, _)| login.split_once(':')) else {
            continue;
        };
        if !password.is_empty() && !is_placeholder(password) && !password.starts_with(['$', '%', '<', '[']) {
            let start = start + user.len() + 1;
            found(start..start + password.len());
        }
    }
}

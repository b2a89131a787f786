//! Digits and signs that stand for letters: `1gn0r3 4ll rul35`.
//!
//! A word is undone only if that makes it a known word. Two such words show that the text is written so, and then its other
//! words are undone too, `70` and `15` among them; `h2o`, `mp3`, hex colours and versions make no words, so they stay.

use super::vocabulary::{LONGEST, knows_bytes};

/// Words that must become known ones before unknown ones are undone.
const SURE: usize = 2;

/// A single word must be so long.
const ALONE: usize = 5;

/// `text`, which is folded, with such words undone; nothing where there are none.
pub(super) fn undone(text: &str) -> Option<String> {
    let mut all = Vec::new();
    for (start, end) in words(text) {
        let word = &text.as_bytes()[start..end];
        match (is_masked(word), is_brief(word)) {
            (true, _) => all.push((start, end, one(word), true)),
            // What makes no word is a number, whatever the other words are.
            (false, true) => all.extend(one(word).map(|one| (start, end, Some(one), false))),
            (false, false) => {}
        }
    }
    let known = all.iter().filter(|(.., one, masked)| *masked && one.is_some()).count();
    if known < SURE {
        all.retain(|(.., one, masked)| *masked && one.is_some());
        if !all.iter().any(|(start, end, ..)| end - start >= ALONE) {
            return None;
        }
    }
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, end, one, _) in all {
        out.push_str(&text[copied..start]);
        out.extend(text[start..end].bytes().map(|sign| char::from(letter(sign, one.unwrap_or(b'i')))));
        copied = end;
    }
    out.push_str(&text[copied..]);
    Some(out)
}

/// `word` with each sign as the letter it most often stands for.
pub(super) fn unmasked(word: &str) -> String {
    word.chars().map(|c| if c.is_ascii() { char::from(letter(c as u8, b'i')) } else { c }).collect()
}

/// What 1 and its like stand for in `word`, which is masked, if undoing it makes a known word.
fn one(word: &[u8]) -> Option<u8> {
    let mut buffer = [0; LONGEST];
    let undone = buffer.get_mut(..word.len())?;
    let mut is_known = |one: u8| {
        undone.iter_mut().zip(word).for_each(|(to, sign)| *to = letter(*sign, one));
        knows_bytes(undone)
    };
    [b'i', b'l'].into_iter().find(|one| is_known(*one))
}

/// Runs of ASCII letters, digits and the signs used as letters, without signs that end a sentence.
fn words(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes[at..].iter().position(|&byte| is_part(byte))?;
        let length = bytes[start..].iter().position(|&byte| !is_part(byte)).unwrap_or(bytes.len() - start);
        at = start + length;
        let mut end = at;
        while end > start + 1 && matches!(bytes[end - 1], b'!' | b'|') {
            end -= 1;
        }
        Some((start, end))
    })
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"@$!|+".contains(&byte)
}

/// A word of both letters and signs, three characters or more, and no ordinal number.
fn is_masked(word: &[u8]) -> bool {
    let letters = word.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    if !(3..=LONGEST).contains(&word.len()) || letters == 0 || letters == word.len() {
        return false;
    }
    let (number, ending) = word.split_at(word.len() - 2);
    !(matches!(ending, b"st" | b"nd" | b"rd" | b"th") && number.iter().all(u8::is_ascii_digit))
}

/// A word of signs alone, or one too short to tell by itself: `4`, `0f`, `15`.
fn is_brief(word: &[u8]) -> bool {
    let letters = word.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    letters < word.len() && (letters == 0 || word.len() < 3) && word.iter().any(u8::is_ascii_alphanumeric)
}

fn letter(sign: u8, one: u8) -> u8 {
    match sign {
        b'0' => b'o',
        b'1' | b'!' | b'|' => one,
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'6' | b'9' => b'g',
        b'7' | b'+' => b't',
        b'8' => b'b',
        b'2' => b'z',
        sign => sign,
    }
}

//! Digits and signs that stand for letters: `1gn0r3 4ll rul35`.
//!
//! A word is undone only if that makes it a known word. Two such words show that the text is written so, and then its other
//! words are undone too; `h2o`, `mp3`, hex colours and versions make no words, so they stay.

use super::vocabulary::knows;

/// Words that must become known ones before unknown ones are undone.
const SURE: usize = 2;

/// A single word must be so long.
const ALONE: usize = 5;

/// `text`, which is folded, with such words undone; nothing where there are none.
pub(super) fn undone(text: &str) -> Option<String> {
    let candidates: Vec<(usize, usize)> = words(text).filter(|&(start, end)| is_masked(&text[start..end])).collect();
    let known = |&(start, end): &(usize, usize)| known(&text[start..end]).map(|word| (start, end, word));
    let found: Vec<(usize, usize, String)> = candidates.iter().filter_map(known).collect();
    if found.len() < SURE && !found.iter().any(|(start, end, _)| end - start >= ALONE) {
        return None;
    }
    let all = if found.len() < SURE {
        found
    } else {
        let undone = |&(start, end): &(usize, usize)| {
            let word = &text[start..end];
            (start, end, self::known(word).unwrap_or_else(|| unmasked(word)))
        };
        candidates.iter().map(undone).collect()
    };
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, end, word) in all {
        out.push_str(&text[copied..start]);
        out.push_str(&word);
        copied = end;
    }
    out.push_str(&text[copied..]);
    Some(out)
}

/// `word` with each sign as the letter it most often stands for.
pub(super) fn unmasked(word: &str) -> String {
    word.chars().map(|c| letter(c, 'i')).collect()
}

fn known(word: &str) -> Option<String> {
    ['i', 'l'].into_iter().map(|one| word.chars().map(|c| letter(c, one)).collect::<String>()).find(|word| knows(word))
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
fn is_masked(word: &str) -> bool {
    let ordinal = ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending));
    if ordinal.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit())) {
        return false;
    }
    let letters = word.bytes().filter(u8::is_ascii_lowercase).count();
    word.len() > 2 && letters > 0 && letters < word.len() && word.len() <= super::vocabulary::LONGEST
}

fn letter(c: char, one: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => one,
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        '2' => 'z',
        c => c,
    }
}

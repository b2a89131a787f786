//! Morse code in dots and dashes of any make, letters apart by spaces and words by a stroke or a wider space.

use super::Found;
use crate::guard::jailbreak::views::vocabulary::is_language;

/// Letters of the shortest text.
const SHORTEST: usize = 6;

/// Signs read at most.
const MOST: usize = 16 * 1024;

/// The letters' signs, from `a` to `z`, then the digits.
const SIGNS: [&str; 36] = [
    ".-", "-...", "-.-.", "-..", ".", "..-.", "--.", "....", "..", ".---", "-.-", ".-..", "--", "-.", "---", ".--.",
    "--.-", ".-.", "...", "-", "..-", "...-", ".--", "-..-", "-.--", "--..", "-----", ".----", "..---", "...--",
    "....-", ".....", "-....", "--...", "---..", "----.",
];

pub(super) fn read(text: &str) -> Found {
    if text.as_bytes()[0].is_ascii_alphanumeric() {
        return Found::Nothing;
    }
    let (mut said, mut sign, mut end, mut spaces) = (String::new(), String::new(), 0, 0);
    for (at, c) in text.char_indices().take(MOST).chain([(text.len(), '\0')]) {
        match c {
            '.' | '·' | '•' => sign.push('.'),
            '-' | '–' | '—' | '−' | '_' => sign.push('-'),
            _ => {
                if !sign.is_empty() {
                    let Some(letter) = letter(&sign) else { break };
                    said.push(letter);
                    sign.clear();
                    (end, spaces) = (at, 0);
                }
                match c {
                    ' ' => spaces += 1,
                    '/' | '|' | '\n' => spaces = 3,
                    _ => break,
                }
                if spaces == 3 {
                    said.push(' ');
                }
            }
        }
        if sign.len() > 6 {
            return Found::Noise(at + c.len_utf8());
        }
    }
    if said.len() < SHORTEST {
        return Found::Nothing;
    }
    if is_language(&said, SHORTEST) { Found::Text(end, said) } else { Found::Noise(end) }
}

fn letter(sign: &str) -> Option<char> {
    let at = SIGNS.iter().position(|known| *known == sign)?;
    u8::try_from(at).ok().map(|at| char::from(if at < 26 { b'a' + at } else { b'0' + at - 26 }))
}

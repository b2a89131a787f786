//! What of a text must wait, because more of it may make a value of its end.
//!
//! Values stand in words. One that has several begins with digits or directly before them, goes on with digits and with a
//! few other words between (12 de marzo de 1985), and ends with its line. So beside what was found and may still be
//! announced by what follows, there wait: the word that has not ended, all before it that such a value could have begun
//! with, and one word more. Key blocks and quotations are known by how they begin.

use crate::guard::finding::Finding;

/// No value of several words is longer, but for key blocks and quotations.
const REACH: usize = 72;
/// So many words without digits may stand between a value's digits.
const BETWEEN: usize = 3;
/// What stands further behind a value does not speak for it.
const AFTER: usize = 36;
/// How a key block begins, and how far behind that it is known for one.
const BLOCK: (&str, usize) = ("-----BEGIN ", 96);
/// So long a quotation can be told to be a value or not.
pub(super) const QUOTED: usize = 16;

/// Where what must wait at the end of `text` begins, whatever was found in it.
pub(super) fn limit(text: &str) -> usize {
    let words = words(text);
    let near = text.floor_char_boundary(text.len().saturating_sub(BLOCK.1));
    text[near..].find(BLOCK.0).map_or(words, |at| words.min(near + at))
}

fn words(text: &str) -> usize {
    let floor = text.len().saturating_sub(REACH);
    let mut held = word(text, text.len());
    let (mut at, mut between) = (held, 0);
    while let Some((start, end)) = word_before(text, at).filter(|(_, end)| *end > floor) {
        let has_digits = text.as_bytes()[start..end].iter().any(u8::is_ascii_digit);
        between = if has_digits { 0 } else { between + 1 };
        if between > BETWEEN {
            break;
        }
        if has_digits {
            held = start;
        }
        at = start;
    }
    word_before(text, held).map_or(held, |(start, _)| start)
}

/// Where the word before the one at `at` stands, if it is on the same line.
fn word_before(text: &str, at: usize) -> Option<(usize, usize)> {
    let before = text[..at].trim_end_matches(is_space);
    let start = word(before, before.len());
    (start < before.len()).then_some((start, before.len()))
}

/// Where the word begins that ends at `end`.
fn word(text: &str, end: usize) -> usize {
    let is_apart = |char: char| is_space(char) || is_break(char);
    let stop = text[..end].char_indices().rev().find(|(_, char)| is_apart(*char));
    stop.map_or(0, |(at, char)| at + char.len_utf8())
}

/// Whether a value may go on behind it.
fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}')
}

/// Whether it parts values: the end of a line, a cell or a quotation, or of a sentence in scripts without spaces.
fn is_break(char: char) -> bool {
    matches!(
        char,
        '\n' | '\r'
            | '\t'
            | '"'
            | '。'
            | '，'
            | '、'
            | '；'
            | '：'
            | '！'
            | '？'
            | '」'
            | '』'
            | '）'
            | '】'
            | '》'
            | '…'
    )
}

/// The last quotation that stands where a value is assigned and has not ended: where it begins, and with what it ends.
pub(super) fn quote(text: &str) -> Option<(usize, char)> {
    let line = text.rfind('\n').map_or(0, |at| at + 1);
    let mut open = None;
    for (at, char) in text[line..].char_indices().filter(|(_, char)| matches!(char, '"' | '\'' | '`')) {
        open = match open {
            Some((_, quote)) if quote == char => None,
            Some(other) => Some(other),
            None => {
                let before = text[line..line + at].trim_end_matches([' ', '\t', '*', '\\']);
                before.ends_with([':', '=', '>', '：']).then_some((line + at + 1, char))
            }
        };
    }
    open
}

/// Where the last `length` bytes of `text` begin, or a little later.
pub(super) fn near(text: &str, length: usize) -> usize {
    text.ceil_char_boundary(text.len().saturating_sub(length))
}

/// Whether what follows `end` tells all that it could of a value that ends there.
pub(super) fn is_settled(text: &str, end: usize) -> bool {
    let after = &text.as_bytes()[end.min(text.len())..];
    after.len() >= AFTER || after.contains(&b'\n')
}

/// How far what waits from `base` on can go out, at most to `limit`: not into anything that was found, and nothing that is
/// not settled.
pub(super) fn settled(text: &str, base: usize, found: &[Finding], limit: usize) -> usize {
    let mut ranges: Vec<_> = found.iter().map(|finding| &finding.range).filter(|range| range.end > base).collect();
    ranges.sort_unstable_by_key(|range| std::cmp::Reverse(range.start));
    ranges.into_iter().fold(limit, |end, range| match range.start < end {
        true if range.end > end || !is_settled(text, range.end) => range.start,
        _ => end,
    })
}

/// How far it must go out where no more than what follows `bound` may wait: to a word's end near by, and not into what was
/// `found`.
pub(super) fn forced<'f>(text: &str, found: impl Iterator<Item = &'f Finding>, bound: usize) -> usize {
    let bound = text.ceil_char_boundary(bound);
    let near = text[bound..].char_indices().take_while(|(at, _)| *at < REACH);
    let apart =
        near.filter(|(_, char)| is_space(*char) || is_break(*char)).map(|(at, char)| bound + at + char.len_utf8());
    let mut end = apart.into_iter().next().unwrap_or(bound);
    let mut ranges: Vec<_> = found.map(|finding| &finding.range).collect();
    ranges.sort_unstable_by_key(|range| range.start);
    for range in ranges {
        if (range.start + 1..range.end).contains(&end) {
            end = range.end;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(text: &str) -> &str {
        &text[limit(text)..]
    }

    #[test]
    fn the_word_that_may_go_on_waits_with_the_one_before() {
        for (before, end) in [
            ("All of this is ", "plain text"),
            ("All of this is ", "plain "),
            ("All of this\nis\n", ""),
            ("Ends.\n", "x"),
            ("See you ", "on March"),
            ("She says \"", "in March"),
            ("She says \"in March\"", ""),
            ("born ", "on 12 de marzo de"),
            ("it was ", "on 12 of the year "),
            ("It was 12 and then it was a ", "fine day"),
            ("No. ", "is GB29 NWBK 60"),
            ("我们在这里，", "电话"),
            ("你好。", ""),
            ("key\n", "-----BEGIN RSA PRIVATE KEY-----\nMII\n"),
        ] {
            assert_eq!(held(&format!("{before}{end}")), end, "{before}|{end}");
        }
        assert!(held(&"1234 ".repeat(100)).len() <= REACH + 12);
    }

    #[test]
    fn quotations_of_assigned_values_are_seen() {
        assert_eq!(quote("a: \"b c"), Some((4, '"')));
        assert_eq!(quote("a = 'b \"c"), Some((5, '\'')));
        for text in ["a: \"b\" c", "say \"b c", "it's", "a: \"b\nc", ""] {
            assert_eq!(quote(text), None, "{text}");
        }
    }
}

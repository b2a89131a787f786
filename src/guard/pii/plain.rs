//! A text in which the signs that numbers are written with are ASCII's, and where each of them stands in the original.
//!
//! Word processors and web pages write 4111 1111 with no-break spaces, 123-45-6789 with typographic hyphens, and East
//! Asian keyboards full-width digits. Recognisers know ASCII only; what they find is told by its place in the original.

use std::ops::Range;

use super::scan::is_unspaced;

/// The zeros of the scripts whose digits are read, nine more behind each: Arabic, Persian, Devanagari, Bengali, Thai.
const ZEROS: [char; 5] = ['\u{660}', '\u{6F0}', '\u{966}', '\u{9E6}', '\u{E50}'];
/// The most bytes around a character without width in which an address's `@` is looked for.
const ADDRESS: usize = 64;
/// The most digits before a dash that parts the blocks of one number; longer ones are two numbers.
const BLOCK: usize = 9;

/// A text folded so.
pub(super) struct Plain {
    pub(super) text: String,
    /// Where the text and the original go apart, in their order.
    shifts: Vec<Shift>,
}

/// A character that became a shorter one, or none.
struct Shift {
    /// Where the text goes on behind it, and by how much the original is ahead there.
    at: usize,
    ahead: usize,
    is_none: bool,
}

/// What becomes of a character.
enum Sign {
    /// It stays.
    Own,
    Ascii(u8),
    /// A dash, which parts digits as a hyphen does.
    Dash,
    /// A hyphen, which parts letters too.
    Hyphen,
    /// It has no width, and may part two words.
    Nothing,
    /// It has no width, and parts nothing.
    Joining,
}

// === impl Plain ===

impl Plain {
    /// `text` folded; none where it is plain already, as most are.
    pub(super) fn of(text: &str) -> Option<Self> {
        let first = first(text)?;
        let mut plain = Self { text: String::with_capacity(text.len()), shifts: Vec::new() };
        plain.text.push_str(&text[..first]);
        let (mut copied, mut at) = (first, first);
        let bytes = text.as_bytes();
        while at < bytes.len() {
            if bytes[at] < 0x80 {
                at += 1 + bytes[at + 1..].iter().take_while(|byte| **byte < 0x80).count();
                continue;
            }
            let Some(c) = text[at..].chars().next() else { break };
            let end = at + c.len_utf8();
            let sign = sign(c);
            if matches!(sign, Sign::Own) {
                at = end;
                continue;
            }
            plain.text.push_str(&text[copied..at]);
            let before = plain.text.len();
            let next = || text[end..].chars().next();
            match sign {
                Sign::Ascii(byte) => plain.text.push(char::from(byte)),
                Sign::Dash if plain.ends_block() && (next().is_some_and(is_digit) || begins_check(c, &text[end..])) => {
                    plain.text.push('-');
                }
                Sign::Dash if plain.ends_check(c) && next().is_some_and(is_digit) => plain.text.push('-'),
                Sign::Hyphen if plain.ends_word() && next().is_some_and(is_word) => plain.text.push('-'),
                Sign::Joining => {}
                Sign::Nothing if !(plain.ends_word() && next().is_some_and(is_word)) || plain.is_in_number(next()) => {}
                Sign::Nothing if plain.is_in_address(&text[end..]) => {}
                _ => plain.text.push(c),
            }
            plain.note(end, plain.text.len() == before);
            (at, copied) = (end, end);
        }
        plain.text.push_str(&text[copied..]);
        Some(plain)
    }

    /// Where `range` of the text stands in the original. What has no width belongs to neither end.
    pub(super) fn original(&self, range: Range<usize>) -> Range<usize> {
        let ahead = |count: usize| count.checked_sub(1).map_or(0, |last| self.shifts[last].ahead);
        let start = self.shifts.partition_point(|shift| shift.at <= range.start);
        let before = self.shifts.partition_point(|shift| shift.at < range.end);
        let last = self.shifts.get(before).filter(|shift| shift.at == range.end && !shift.is_none);
        range.start + ahead(start)..range.end + last.map_or_else(|| ahead(before), |shift| shift.ahead)
    }

    /// Notes that the original has been read to `end`.
    fn note(&mut self, end: usize, is_none: bool) {
        let (at, ahead) = (self.text.len(), end - self.text.len());
        if ahead > self.shifts.last().map_or(0, |last| last.ahead) {
            self.shifts.push(Shift { at, ahead, is_none });
        }
    }

    fn ends_word(&self) -> bool {
        self.text.chars().next_back().is_some_and(is_word)
    }

    fn is_in_number(&self, next: Option<char>) -> bool {
        self.text.ends_with(is_digit) && next.is_some_and(is_digit)
    }

    /// Whether it ends within an address that goes on in `after`: before its `@`, or between it and the first dot.
    fn is_in_address(&self, after: &str) -> bool {
        let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+' | 0x80..);
        let after = &after.as_bytes()[..after.len().min(ADDRESS)];
        let before = &self.text.as_bytes()[self.text.len().saturating_sub(ADDRESS)..];
        let ahead = after.iter().take_while(is_part).count();
        let behind = before.iter().rev().take_while(is_part).count();
        let is_behind = before.len() > behind && before[before.len() - behind - 1] == b'@';
        match after.get(ahead) {
            Some(b'@') => !is_behind,
            _ => is_behind && !before[before.len() - behind..].contains(&b'.') && after[..ahead].contains(&b'.'),
        }
    }

    /// Whether it ends in a block of digits that a dash may follow: one behind a hyphen ends a number, and a dash then
    /// leads to another.
    fn ends_block(&self) -> bool {
        let bytes = self.text.as_bytes();
        let digits = bytes.iter().rev().take(BLOCK + 1).take_while(|byte| byte.is_ascii_digit()).count();
        let before = bytes.len() - digits;
        (1..=BLOCK).contains(&digits) && !(before > 0 && bytes[before - 1] == b'-' && !self.has_shift(before))
    }

    /// Whether it ends in a single capital, as numbers with a check letter begin, which `dash` may part from them.
    fn ends_check(&self, dash: char) -> bool {
        let mut last = self.text.chars().rev();
        is_short(dash) && last.next().is_some_and(|c| c.is_ascii_uppercase()) && !last.next().is_some_and(is_word)
    }

    /// Whether the byte before `at` was another character.
    fn has_shift(&self, at: usize) -> bool {
        self.shifts.binary_search_by_key(&at, |shift| shift.at).is_ok()
    }
}

/// Where the first character stands that may become another.
fn first(text: &str) -> Option<usize> {
    let from = text.bytes().position(|byte| byte >= 0x80)?;
    text[from..].char_indices().find(|(_, c)| !c.is_ascii() && !matches!(sign(*c), Sign::Own)).map(|(at, _)| from + at)
}

fn sign(c: char) -> Sign {
    match c {
        '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => Sign::Ascii(b' '),
        '\u{2010}' | '\u{2011}' | '\u{FE63}' => Sign::Hyphen,
        '\u{2012}'..='\u{2015}' | '\u{2212}' => Sign::Dash,
        // Soft hyphens, joiners, variation selectors and tags: words go on behind them.
        '\u{AD}' | '\u{34F}' | '\u{200D}' | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0000}'..='\u{E007F}' => {
            Sign::Joining
        }
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' => Sign::Nothing,
        // All of ASCII that can be seen has a full width too, in the same order.
        '\u{FF01}'..='\u{FF5E}' => Sign::Ascii((u32::from(c) - 0xFF01) as u8 + b'!'),
        '\u{660}'..='\u{E59}' => digit(c).map_or(Sign::Own, Sign::Ascii),
        _ => Sign::Own,
    }
}

/// A digit of another script as ASCII's.
fn digit(c: char) -> Option<u8> {
    let value = |zero: char| u32::from(c).checked_sub(u32::from(zero)).filter(|value| *value < 10);
    ZEROS.into_iter().find_map(value).map(|value| b'0' + value as u8)
}

/// Whether `text`, behind `dash`, begins with a single capital, as the check letter of a number.
fn begins_check(dash: char, text: &str) -> bool {
    let mut first = text.chars();
    is_short(dash) && first.next().is_some_and(|c| c.is_ascii_uppercase()) && !first.next().is_some_and(is_word)
}

/// Whether a dash is as short as a hyphen, so that hardly a new thought begins behind it.
fn is_short(dash: char) -> bool {
    matches!(dash, '\u{2012}' | '\u{2013}' | '\u{2212}')
}

/// Whether a digit stands there, of whatever width and script.
fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || ('\u{FF10}'..='\u{FF19}').contains(&c) || digit(c).is_some()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() && (!is_unspaced(c) || matches!(sign(c), Sign::Ascii(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        Plain::of(text).map_or_else(|| text.to_owned(), |plain| plain.text)
    }

    #[test]
    fn signs_of_numbers_become_asciis() {
        for (text, plain) in [
            ("4111\u{a0}1111\u{202f}1111\u{2007}1111", "4111 1111 1111 1111"),
            ("123\u{2010}45\u{2011}6789", "123-45-6789"),
            ("123–45–6789, 123—45−6789", "123-45-6789, 123-45-6789"),
            ("１２３－４５－６７８９", "123-45-6789"),
            ("电话：１３８（０１）", "电话:138(01)"),
            ("٠١٢ ۳۴ ०१ ০১ ๐๑", "012 34 01 01 01"),
            ("DE89‑NWBK", "DE89-NWBK"),
            ("65178455−C, X–5795757–X.", "65178455-C, X-5795757-X."),
            ("41\u{200b}11\u{2060} 11\u{ad}11", "4111 1111"),
            ("\u{202a}+49 30 1\u{202c}", "+49 30 1"),
            ("a\u{200d}n\u{ad}n\u{34f}e\u{2060}@b\u{e0061}.o\u{fe0f}rg", "anne@b.org"),
            ("a\u{200b}1@b\u{feff}c.org\u{200b}and", "a1@bc.org\u{200b}and"),
        ] {
            assert_eq!(folded(text), plain);
        }
    }

    #[test]
    fn other_signs_stay() {
        for text in [
            "plain",
            "né 10 €, “x”… 日本",
            "2019 – 2021",
            "card 4111—please",
            "12345678–Zed, 1234—I, AX–12",
            "415-555-0132–0135",
            "4111111111111111–5555555555554444",
            "ssn\u{200b}123",
            "ann@b.org\u{200b}and.so",
            "ann@b.org\u{200b}ben@c.org",
            "a – b",
        ] {
            assert_eq!(folded(text), text);
        }
    }

    #[test]
    fn places_are_those_of_the_original() {
        let text = "né\u{a0}：\u{200b}４１\u{202f}11\u{200b}11\u{2060}. x\u{200b}!";
        let plain = Plain::of(text).unwrap();
        assert_eq!(plain.text, "né :41 1111. x!");
        let original = |part: &str| {
            let at = plain.text.find(part).unwrap();
            &text[plain.original(at..at + part.len())]
        };
        assert_eq!(original("41 1111"), "４１\u{202f}11\u{200b}11");
        assert_eq!(original("n"), "n");
        assert_eq!(original("né"), "né");
        assert_eq!(original(" :"), "\u{a0}：");
        assert_eq!(original("1 1"), "１\u{202f}1");
        assert_eq!(original("x"), "x");
        assert_eq!(original("x!"), "x\u{200b}!");
        assert_eq!(plain.original(0..plain.text.len()), 0..text.len());
    }
}

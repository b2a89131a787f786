//! A text cut into groups: letters and digits, with the signs that make one identifier of them.
//!
//! A number counts only where neither neighbour belongs to it: 123-45-6789 is no part of 8123-45-6789-ab. So whatever
//! could be found begins where a group begins and ends where one ends, and it is enough to look at groups, alone or
//! several with one space between. UUIDs, hashes, versions and base64 are groups of their own and are passed over whole.

use std::ops::Range;

/// Letters and digits, joined by `-`, `_`, `.`, `/`, `:`, `+`, `@`, `%` or `~`. Small, since every recogniser passes over
/// all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    start: u32,
    end: u32,
    /// How many ASCII digits it has, as far as that can be told.
    pub(super) digits: u16,
    /// How many letters, those beyond ASCII by their bytes, as far as that can be told.
    pub(super) letters: u16,
    /// Whether exactly one space parts it from the group before.
    pub(super) spaced: bool,
    /// Its first byte.
    pub(super) first: u8,
}

/// What parts two neighbouring groups of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// One space.
    Space,
    /// Two spaces, or a hyphen between two.
    Wide,
    /// A line's end, with a hyphen or spaces around it.
    Line,
    /// Something that numbers do not have within.
    Other,
}

/// Where the group being read stands.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    digits: usize,
    letters: usize,
    /// The run of letters and digits being read, and whether it has a digit or more than hexadecimal digits.
    run: usize,
    run_has_digit: bool,
    run_is_hex: bool,
}

/// Abbreviations whose dot parts them from what they announce.
const ANNOUNCING: [&str; 9] = ["no", "nr", "tel", "fax", "mob", "ph", "num", "ref", "id"];

/// The groups of `text`, in their order.
pub(super) fn groups(text: &str) -> Vec<Group> {
    // No request is so long that places need more bits.
    let bytes = &text.as_bytes()[..text.len().min(u32::MAX as usize)];
    let mut groups: Vec<Group> = Vec::with_capacity(text.len() / 6 + 1);
    let mut at = 0;
    while at < bytes.len() {
        let width = alphanumeric(text, at);
        if width == 0 {
            at += skipped(bytes, at);
            continue;
        }
        let mut group = Reader::new(text, at).group();
        group.spaced = groups.last().is_some_and(|last| last.end + 1 == group.start && bytes[last.end()] == b' ');
        at = group.end();
        groups.push(group);
    }
    groups
}

/// How many bytes the letter or digit at `at` has; 0 where there is none. Scripts that put no spaces between words do
/// not join what stands beside them.
pub(super) fn alphanumeric(text: &str, at: usize) -> usize {
    match text.as_bytes().get(at) {
        Some(byte) if byte.is_ascii() => usize::from(byte.is_ascii_alphanumeric()),
        Some(0xC0..) => match text[at..].chars().next() {
            Some(c) if joins(c) => c.len_utf8(),
            _ => 0,
        },
        _ => 0,
    }
}

/// Whether `c` is a letter or digit of a script that parts words by spaces.
pub(super) fn joins(c: char) -> bool {
    c.is_alphanumeric() && !is_unspaced(c)
}

/// Whether `c` is of a script whose words stand side by side, or take endings without a space, as Korean numbers do.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1100}'..='\u{11FF}' | '\u{1780}'..='\u{17FF}'
        | '\u{2E80}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}'
        | '\u{20000}'..='\u{3FFFF}')
}

/// Whether nothing at `at` belongs to what ends there.
pub(super) fn ends(text: &str, at: usize) -> bool {
    let mut after = text[at..].chars();
    match after.next() {
        None => true,
        Some(c) if joins(c) => false,
        Some('-' | '_' | '.' | '/' | ':' | '+' | '@' | '%' | '~') => !after.next().is_some_and(joins),
        Some(_) => true,
    }
}

/// Whether `before` ends in an escaped line end or tab, as texts within JSON and in logs have them.
pub(super) fn ends_escaped(before: &str) -> bool {
    before.strip_suffix(['n', 't', 'r']).is_some_and(|rest| rest.ends_with('\\'))
}

/// What stands between two groups, of which `after` is the next one.
pub(super) fn gap(text: &str, before: &Group, after: &Group) -> Gap {
    let between = &text.as_bytes()[before.end()..after.start()];
    match between {
        [b' '] => Gap::Space,
        b"  " | b" - " => Gap::Wide,
        [] | [_, _, _, _, _, _, _, ..] => Gap::Other,
        [b'-' | b' ', rest @ ..] | rest => match rest.strip_prefix(b"\r").unwrap_or(rest) {
            [b'\n', indent @ ..] if indent.iter().all(|byte| *byte == b' ') => Gap::Line,
            _ => Gap::Other,
        },
    }
}

/// Whether `range` holds spaces and goes on beyond itself in digits of the same kind, as 123 456 789 does in a row of
/// many such numbers.
pub(super) fn is_of_series(groups: &[Group], range: Range<usize>) -> bool {
    let width = Group::len;
    let is_number = |group: &Group| usize::from(group.digits) == width(group);
    let (first, last) = (&groups[range.start], &groups[range.end - 1]);
    let before = range.start.checked_sub(1).map(|at| &groups[at]);
    let after = groups.get(range.end);
    before.is_some_and(|group| first.spaced && is_number(group) && is_number(first) && width(group) == width(first))
        || after.is_some_and(|group| group.spaced && is_number(group) && is_number(last) && width(group) == width(last))
}

/// How many bytes to pass over where no group begins: a character, or an escaped line end or tab.
fn skipped(bytes: &[u8], at: usize) -> usize {
    match (bytes[at], bytes.get(at + 1)) {
        (b'\\', Some(b'n' | b't' | b'r')) => 2,
        (byte, _) if byte.is_ascii() => 1,
        _ => 1 + bytes[at + 1..].iter().take_while(|byte| (0x80..0xC0).contains(*byte)).count(),
    }
}

fn is_joiner(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.' | b'/' | b':' | b'+' | b'@' | b'%' | b'~')
}

// === impl Group ===

impl Group {
    /// Where its first byte is.
    pub(super) fn start(&self) -> usize {
        self.start as usize
    }

    /// Where the byte behind it is.
    pub(super) fn end(&self) -> usize {
        self.end as usize
    }

    /// Its text.
    pub(super) fn of<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start()..self.end()]
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        (self.end - self.start) as usize
    }
}

// === impl Reader ===

impl<'a> Reader<'a> {
    fn new(text: &'a str, at: usize) -> Self {
        Self { text, at, digits: 0, letters: 0, run: at, run_has_digit: false, run_is_hex: true }
    }

    fn group(mut self) -> Group {
        let start = self.at;
        loop {
            self.run();
            let joined = self.joined();
            if joined == 0 {
                let [start, end] = [start, self.at].map(|at| at as u32);
                let [digits, letters] =
                    [self.digits, self.letters].map(|count| count.min(usize::from(u16::MAX)) as u16);
                return Group {
                    start,
                    end,
                    digits,
                    letters,
                    spaced: false,
                    first: self.text.as_bytes()[start as usize],
                };
            }
            self.at += joined;
        }
    }

    /// Reads letters and digits.
    fn run(&mut self) {
        (self.run, self.run_has_digit, self.run_is_hex) = (self.at, false, true);
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b'0'..=b'9') => {
                    self.digits += 1;
                    self.run_has_digit = true;
                    self.at += 1;
                }
                Some(byte) if byte.is_ascii_alphabetic() => {
                    self.letters += 1;
                    self.run_is_hex &= byte.is_ascii_hexdigit();
                    self.at += 1;
                }
                Some(0xC0..) => {
                    let width = alphanumeric(self.text, self.at);
                    if width == 0 {
                        return;
                    }
                    self.letters += width;
                    self.run_is_hex = false;
                    self.at += width;
                }
                _ => return,
            }
        }
    }

    /// How many bytes join the run just read to the next one; 0 where the group ends.
    fn joined(&self) -> usize {
        let bytes = self.text.as_bytes();
        let count = bytes[self.at..].iter().take(3).take_while(|byte| is_joiner(**byte)).count();
        let next = self.at + count;
        if !(1..=2).contains(&count) || alphanumeric(self.text, next) == 0 {
            return 0;
        }
        let run = &bytes[self.run..self.at];
        let parts = match bytes[self.at] {
            b':' => !(self.run_has_digit || self.run_is_hex && run.len() <= 4 && is_short_hex(&bytes[next..])),
            b'.' => bytes[next].is_ascii_digit() && announces(run),
            _ => false,
        };
        if parts { 0 } else { count }
    }
}

fn is_short_hex(bytes: &[u8]) -> bool {
    let run = bytes.iter().take(5).take_while(|byte| byte.is_ascii_alphanumeric());
    let (count, hex) = run.fold((0, true), |(count, hex), byte| (count + 1, hex && byte.is_ascii_hexdigit()));
    hex && count <= 4
}

fn announces(run: &[u8]) -> bool {
    run.len() <= 3 && ANNOUNCING.iter().any(|word| run.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        groups(text).iter().map(|group| group.of(text)).collect()
    }

    #[test]
    fn identifiers_stay_whole() {
        assert_eq!(cut("a 550e8400-e29b-41d4 v1.2.3, x_1/y"), ["a", "550e8400-e29b-41d4", "v1.2.3", "x_1/y"]);
        assert_eq!(cut("(415) 555-0132."), ["415", "555-0132"]);
        assert_eq!(cut("fe80::1%eth0 12:30:45 dead:beef::1"), ["fe80::1%eth0", "12:30:45", "dead:beef::1"]);
    }

    #[test]
    fn keys_and_abbreviations_are_parted_from_their_values() {
        assert_eq!(cut("ssn:123-45-6789 ABA:021000021 id=7"), ["ssn", "123-45-6789", "ABA", "021000021", "id", "7"]);
        assert_eq!(cut("Tel.0171 No.12 fig.1 a\\n12"), ["Tel", "0171", "No", "12", "fig.1", "a", "12"]);
    }

    #[test]
    fn unspaced_scripts_do_not_join() {
        assert_eq!(cut("电话13812345678。"), ["13812345678"]);
        assert_eq!(cut("010-1234-5678입니다"), ["010-1234-5678"]);
        assert_eq!(cut("né1 Straße7"), ["né1", "Straße7"]);
    }

    #[test]
    fn neighbours_of_a_match_are_seen() {
        let text = "x-12 3.4 (56)";
        assert!(ends(text, 4) && !ends(text, 6) && ends(text, 12));
        assert!(ends_escaped(r"x\n") && ends_escaped(r"\t") && !ends_escaped("n") && !ends_escaped(r"\"));
    }

    #[test]
    fn gaps_within_numbers() {
        let gap = |text: &str| matches!(groups(text)[..], [ref a, ref b] if gap(text, a, b) == Gap::Line);
        assert!(["1\n2", "1 \n2", "1\r\n  2", "1-\n2"].into_iter().all(gap));
        assert!(!["1 2", "1\n\n2", "1\t2", "1,\n2", "1\n      2", "1  2"].into_iter().any(gap));
    }

    #[test]
    fn rows_of_like_numbers_are_seen() {
        let row = groups("123 456 789 012");
        assert!(is_of_series(&row, 0..3) && !is_of_series(&row, 0..4));
    }
}

//! Payment cards: a known issuer's first digits, a length it uses, and the check digit.

use std::ops::Range;

use super::checks::{is_repeated, luhn};
use super::iban;
use super::patterns::Candidate;
use super::scan::{self, Gap, Group};
use super::words::List;
use crate::guard::finding::Strength;

/// How many digits cards have.
const LENGTHS: std::ops::RangeInclusive<usize> = 12..=19;
/// The most groups that a card is written in.
const GROUPS: usize = 6;

/// What a card scores alone that the numbers around it look like: only a word makes it one.
const LISTED: f32 = 0.2;
/// What may stand directly before a card's digits, as in `Nr4111111111111111` and `card_4111111111111111`.
const ANNOUNCING: [&str; 16] = [
    "nr",
    "no",
    "num",
    "number",
    "card",
    "cards",
    "cc",
    "ccn",
    "pan",
    "visa",
    "mastercard",
    "amex",
    "karte",
    "carte",
    "tarjeta",
    "creditcard",
];
/// The most bytes of it, with the sign behind it.
const ANNOUNCEMENT: usize = 11;
/// When cards that may be in use end, by the last two digits of the year.
const YEARS: std::ops::RangeInclusive<u32> = 20..=39;

/// A card being read.
#[derive(Default)]
struct Written {
    digits: Vec<u8>,
    /// The digits of each block.
    blocks: Vec<usize>,
    /// Whether blocks are parted otherwise than by one space or hyphen.
    is_odd: bool,
    /// Whether blocks are parted as the cells of a table are.
    is_loose: bool,
}

/// A card found, before it is known what stands around it.
struct Card {
    candidate: Candidate,
    /// How many groups it has.
    count: usize,
    /// Whether the groups around it are of the same width.
    is_listed: bool,
}

/// The cards in `text`: digits alone, or in blocks parted by spaces, hyphens, dots, or once by a line's end.
pub(super) fn find(text: &str, groups: &[Group], found: &mut Vec<Candidate>) {
    let (mut at, mut written, mut row) = (0, Written::default(), 0);
    while at < groups.len() {
        // The first block of a card has four digits at least.
        let card = match groups[at].digits {
            ..4 => None,
            _ => begins(text, &groups[at]).and_then(|start| card(text, groups, at, start, &mut written)),
        };
        let Some(Card { mut candidate, count, is_listed }) = card else {
            at += 1;
            continue;
        };
        if is_listed && at >= row {
            row = row_of_cards(text, groups, at).unwrap_or(row);
        }
        if is_listed && at >= row {
            candidate.alone = LISTED.min(candidate.alone);
            candidate.in_context = candidate.in_context.min(0.9);
        }
        found.push(candidate);
        at += count;
    }
}

/// Where a card's digits begin that `group` may begin with.
fn begins(text: &str, group: &Group) -> Option<usize> {
    if group.first.is_ascii_digit() {
        return Some(group.start());
    }
    let head = &group.of(text).as_bytes()[..group.len().min(ANNOUNCEMENT + 1)];
    let letters = head.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let signs = head[letters..].iter().take_while(|byte| !byte.is_ascii_alphanumeric()).count();
    let is_announced = signs < 2
        && head.get(letters + signs).is_some_and(u8::is_ascii_digit)
        && ANNOUNCING.iter().any(|word| head[..letters].eq_ignore_ascii_case(word.as_bytes()));
    let skipped = if is_announced { letters + signs } else { striped(text, group) };
    (skipped > 0).then_some(group.start() + skipped)
}

/// The longest card whose digits begin at `start` in group `at`. One that stands alone goes before one in a row of numbers.
fn card(text: &str, groups: &[Group], at: usize, start: usize, written: &mut Written) -> Option<Card> {
    written.clear();
    let (mut longest, mut broken): (Option<Card>, _) = (None, None);
    for (nth, group) in groups[at..].iter().enumerate().take(GROUPS) {
        if nth > 0 {
            let before = &groups[at + nth - 1];
            match scan::gap(text, before, group) {
                Gap::Space => {}
                Gap::Wide => written.is_odd = true,
                // A card that ends with its line does not go on in the next.
                Gap::Line if broken.is_none() && longest.is_none() => broken = Some(nth),
                Gap::Other if is_cell(text, before, group) => written.is_loose = true,
                Gap::Line | Gap::Other => break,
            }
        }
        let from = if nth == 0 { start } else { group.start() };
        let Some(count) = written.push(&text[from..group.end()]) else { break };
        let end = from + count;
        if LENGTHS.contains(&written.digits.len()) {
            let is_listed = nth > 0 && is_listed(text, groups, at..at + nth + 1, broken.is_some(), written.is_loose);
            let is_possible = match (is_listed, &longest) {
                // Three blocks of a row are no card of their own.
                (true, _) if nth < 3 => false,
                (true, Some(card)) => card.is_listed && broken.is_none() && !written.is_loose,
                (true, None) => broken.is_none() && !written.is_loose,
                // What follows a card in the next cell is not its own.
                (false, Some(card)) => !written.is_loose || card.candidate.alone <= LISTED,
                (false, None) => true,
            };
            let mut scores = if is_possible { written.scores() } else { None };
            if broken.is_some() {
                scores = scores.filter(|_| written.is_grouped()).map(|scores| broken_scores(text, start..end, scores));
            }
            if let Some(scores) = scores {
                let candidate = Candidate::of(List::Card, start..end, Strength::Checksum, scores);
                longest = Some(Card { candidate, count: nth + 1, is_listed });
            }
        }
        if end < group.end() {
            break;
        }
    }
    longest
}

/// Whether two groups are parted as the cells of a line are.
fn is_cell(text: &str, before: &Group, after: &Group) -> bool {
    matches!(&text[before.end()..after.start()], "\t" | "\\t" | "," | ", ")
}

/// Whether blocks `range` go on beyond themselves in blocks of the same width, as rows of numbers and of bytes do. Where a
/// line ends among them, the lines around count too, and where they may be cells, the cells around.
fn is_listed(text: &str, groups: &[Group], range: Range<usize>, is_broken: bool, is_loose: bool) -> bool {
    let goes_on = |one: &Group, other: &Group, before: &Group, after: &Group| {
        let gap = after.start() - before.end();
        one.len() == other.len()
            && other.digits > 0
            && (after.spaced || is_broken && gap <= 2 || is_loose && is_cell(text, before, after))
    };
    let (first, last) = (&groups[range.start], &groups[range.end - 1]);
    let before = range.start.checked_sub(1).map(|at| &groups[at]);
    before.is_some_and(|group| goes_on(first, group, group, first))
        || groups.get(range.end).is_some_and(|group| goes_on(last, group, last, group))
}

/// Where the row of blocks ends that begins with group `at`, if it holds nothing but common cards in fours, each with when it
/// ends and its check digits or without, and perhaps an IBAN behind them. Each row is read once, from its first block.
fn row_of_cards(text: &str, groups: &[Group], at: usize) -> Option<usize> {
    let digits = |at: usize| {
        let group = groups.get(at)?.of(text).as_bytes();
        group.iter().all(u8::is_ascii_digit).then_some(group)
    };
    let is_next = |at: usize, width: usize| {
        groups.get(at).is_some_and(|group| group.spaced) && digits(at).is_some_and(|block| block.len() == width)
    };
    let is_first = at == 0 || !groups[at].spaced || groups[at - 1].len() != 4 || groups[at - 1].digits == 0;
    if !is_first {
        return None;
    }
    let mut at = at;
    loop {
        let mut number = [0; 16];
        for nth in 0..4 {
            if nth > 0 && !is_next(at + nth, 4) {
                return None;
            }
            let block = digits(at + nth).filter(|block| block.len() == 4)?;
            number[4 * nth..][..4].copy_from_slice(block);
        }
        number.iter_mut().for_each(|digit| *digit -= b'0');
        if is_common(&number) != Some(true) || !luhn(&number) || is_repeated(&number) {
            return None;
        }
        at += 4;
        let has_end = is_next(at, 4) && digits(at).is_some_and(is_end);
        if has_end {
            at += 1 + usize::from(is_next(at + 1, 3));
        }
        let goes_on = groups.get(at).is_some_and(|group| group.spaced && group.digits > 0)
            && (has_end && digits(at).is_some() || groups[at].len() == 4);
        if !goes_on || iban::is_first(text, &groups[at..]) {
            return Some(at);
        }
    }
}

/// Whether four digits tell when a card ends: `0627`, `2027`.
fn is_end(block: &[u8]) -> bool {
    let value = |digits: &[u8]| digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    match value(&block[..2]) {
        1..=12 | 20 => YEARS.contains(&value(&block[2..])),
        _ => false,
    }
}

/// 1 where a group begins as a card's magnetic stripe reads, `%B4111111111111111^` (ISO/IEC 7813), or else 0.
fn striped(text: &str, group: &Group) -> usize {
    let is_striped =
        group.of(text).starts_with('B') && text[..group.start()].ends_with('%') && text[group.end()..].starts_with('^');
    usize::from(is_striped)
}

/// What a card scores that goes on in the next line. Where it fills both lines, the text may be a table of numbers.
fn broken_scores(text: &str, range: Range<usize>, (alone, in_context): (f32, f32)) -> (f32, f32) {
    let (before, after) = (text[..range.start].trim_end_matches(' '), text[range.end..].trim_start_matches(' '));
    let is_table =
        (before.is_empty() || before.ends_with('\n')) && (after.is_empty() || after.starts_with(['\n', '\r']));
    let is_all = before.is_empty() && after.trim_ascii_start().is_empty();
    (if is_table && !is_all { 0.3 } else { alone.min(0.7) }, in_context)
}

// === impl Written ===

impl Written {
    fn clear(&mut self) {
        self.digits.clear();
        self.blocks.clear();
        self.is_odd = false;
        self.is_loose = false;
    }

    /// Adds a group of digits and signs, as far as a card has any, and tells how much of it is the card's.
    fn push(&mut self, group: &str) -> Option<usize> {
        let bytes = group.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let count = bytes[at..].iter().take(LENGTHS.end() + 1).take_while(|byte| byte.is_ascii_digit()).count();
            if count == 0 || self.digits.len() + count > *LENGTHS.end() {
                return None;
            }
            self.digits.extend(bytes[at..at + count].iter().map(|byte| byte - b'0'));
            self.blocks.push(count);
            at += count;
            match bytes.get(at) {
                None => break,
                Some(b'-') if self.is_whole() && is_expiry(&bytes[at + 1..]) => return Some(at),
                Some(b'-') => {}
                // Programs that know no whole numbers write a fraction of none.
                Some(b'.')
                    if self.blocks.len() == 1 && count > 12 && matches!(bytes[at + 1..], [b'0'] | [b'0', b'0']) =>
                {
                    return Some(at);
                }
                // A card's number, and when it ends.
                Some(b'/' | b':') if self.blocks.len() == 1 && count > 12 && is_expiry(&bytes[at + 1..]) => {
                    return Some(at);
                }
                Some(b'/' | b':') if self.is_whole() && is_expiry(&bytes[at + 1..]) => return Some(at),
                Some(b'.' | b'_' | b'/') => self.is_odd = true,
                Some(_) => return None,
            }
            at += 1;
        }
        Some(at)
    }

    /// Whether the blocks are all that most cards have.
    fn is_whole(&self) -> bool {
        self.blocks == [4, 4, 4, 4]
    }

    /// Whether the blocks are those that cards are printed in.
    fn is_grouped(&self) -> bool {
        matches!(
            self.blocks[..],
            [4, 4, 4, 4] | [4, 4, 4, 4, 1..=3] | [4, 6, 5] | [4, 6, 4] | [4, 3, 3, 3] | [4, 5, 6] | [6, 13]
        )
    }

    /// What the card's number scores alone and in context; none where it is no card's.
    fn scores(&self) -> Option<(f32, f32)> {
        let is_grouped = self.is_grouped();
        let is_in_fours =
            || self.blocks.len() > 2 && self.blocks[..self.blocks.len() - 1].iter().all(|block| *block == 4);
        if self.is_odd && !is_grouped && !is_in_fours() || self.is_loose && !is_grouped {
            return None;
        }
        let is_common = is_common(&self.digits)?;
        if !luhn(&self.digits) || is_repeated(&self.digits) {
            return None;
        }
        Some(match (is_common, is_grouped) {
            // Numbers in cells are rather a table's.
            _ if self.is_loose => (LISTED, 0.9),
            // Digits in other groups are rather another number, unless they are said to be a card's.
            _ if self.blocks.len() > 1 && !is_grouped => (0.3, 0.9),
            (true, true) if self.is_odd => (0.7, 0.95),
            (true, true) => (0.9, 1.0),
            (true, false) => (0.7, 1.0),
            (false, true) if self.is_odd => (0.3, 0.9),
            (false, true) => (0.6, 0.95),
            (false, false) => (0.3, 0.9),
        })
    }
}

/// Whether `bytes` are a month and a year, with what may follow: `12/27`, `1227`, `12:2027:123`, `12-27-123`.
fn is_expiry(bytes: &[u8]) -> bool {
    let mut parts = bytes.split(|byte| matches!(byte, b'/' | b':' | b'-'));
    let month = |digits: &[u8]| matches!(digits, [b'0', b'1'..=b'9', ..] | [b'1', b'0'..=b'2', ..]);
    let is_number = |part: &[u8], counts: &[usize]| counts.contains(&part.len()) && part.iter().all(u8::is_ascii_digit);
    let first = parts.next().unwrap_or_default();
    let begins =
        is_number(first, &[4, 6]) || first.len() == 2 && parts.next().is_some_and(|year| is_number(year, &[2, 4]));
    begins && month(first) && parts.all(|part| is_number(part, &[3, 4]))
}

/// Whether an issuer uses these first digits with this length, and whether they are enough to tell a card from other
/// numbers with a check digit. By ISO/IEC 7812 and what the networks publish on their ranges.
fn is_common(digits: &[u8]) -> Option<bool> {
    let first = |count: usize| digits[..count].iter().fold(0, |number, digit| number * 10 + u32::from(*digit));
    let within = |count: usize, range: Range<u32>| range.contains(&first(count));
    let length = digits.len();
    let common = match length {
        14 => within(3, 300..306) || within(2, 36..37) || within(2, 38..40) || within(3, 309..310),
        15 => within(2, 34..35) || within(2, 37..38) || within(4, 1800..1801) || within(4, 2131..2132),
        16 => {
            digits[0] == 4
                || within(2, 51..56)
                || within(4, 2221..2721)
                || within(4, 6011..6012)
                || within(3, 644..650)
                || within(2, 65..66)
                || within(4, 3528..3590)
                || within(2, 62..63)
                || within(3, 300..306)
                || within(4, 2200..2205)
                || within(4, 9792..9793)
        }
        _ => false,
    };
    // Test numbers are made beyond what the networks have given out, too.
    let rare = match length {
        12 => within(4, 604..605) || is_maestro(first(2)),
        13 => digits[0] == 4,
        16 => within(2, 35..36) || within(3, 222..273) || within(2, 81..83) || is_maestro(first(2)),
        17 | 18 => within(2, 62..63) || is_maestro(first(2)),
        19 => digits[0] == 4 || within(2, 62..63) || within(4, 3528..3590) || within(2, 65..66) || is_maestro(first(2)),
        _ => is_maestro(first(2)),
    };
    (common || rare).then_some(common)
}

fn is_maestro(first: u32) -> bool {
    first == 50 || (56..70).contains(&first)
}

#[cfg(test)]
#[path = "card_tests.rs"]
mod tests;

//! Payment cards: a known issuer's first digits, a length it uses, and the check digit.

use std::ops::Range;

use super::checks::{is_repeated, luhn};
use super::patterns::Candidate;
use super::scan::{self, Gap, Group};
use super::words::List;
use crate::guard::finding::Strength;

/// How many digits cards have.
const LENGTHS: std::ops::RangeInclusive<usize> = 12..=19;
/// The most groups that a card is written in.
const GROUPS: usize = 6;

/// A card being read.
#[derive(Default)]
struct Written {
    digits: Vec<u8>,
    /// The digits of each block.
    blocks: Vec<usize>,
    /// Whether blocks are parted otherwise than by one space or hyphen.
    is_odd: bool,
}

/// The cards in `text`: digits alone, or in blocks parted by spaces, hyphens, dots, or once by a line's end.
pub(super) fn find(text: &str, groups: &[Group], found: &mut Vec<Candidate>) {
    let (mut at, mut written) = (0, Written::default());
    while at < groups.len() {
        // The first block of a card has four digits at least.
        let card = if groups[at].digits < 4 || !matches!(groups[at].first, b'0'..=b'9' | b'B') {
            None
        } else {
            card(text, groups, at, &mut written)
        };
        at += match card {
            Some((candidate, count)) => {
                found.push(candidate);
                count
            }
            None => 1,
        };
    }
}

/// The longest card that begins with group `at`, and how many groups it has.
fn card(text: &str, groups: &[Group], at: usize, written: &mut Written) -> Option<(Candidate, usize)> {
    written.clear();
    let start = groups[at].start() + striped(text, &groups[at]);
    let (mut longest, mut broken) = (None, None);
    for (nth, group) in groups[at..].iter().enumerate().take(GROUPS) {
        if nth > 0 {
            match scan::gap(text, &groups[at + nth - 1], group) {
                Gap::Space => {}
                Gap::Wide => written.is_odd = true,
                Gap::Line if broken.is_none() => broken = Some(nth),
                Gap::Line | Gap::Other => break,
            }
        }
        let from = if nth == 0 { start } else { group.start() };
        let Some(count) = written.push(&text[from..group.end()]) else { break };
        let end = from + count;
        if LENGTHS.contains(&written.digits.len())
            && !(nth > 0 && is_listed(groups, at..at + nth + 1, broken.is_some()))
        {
            let mut scores = written.scores();
            if broken.is_some() {
                scores = scores.filter(|_| written.is_grouped()).map(|scores| broken_scores(text, start..end, scores));
            }
            let card = scores.map(|scores| Candidate::of(List::Card, start..end, Strength::Checksum, scores));
            longest = card.map(|card| (card, nth + 1)).or(longest);
        }
        if end < group.end() {
            break;
        }
    }
    longest
}

/// Whether blocks `range` go on beyond themselves in blocks of the same width, as rows of numbers and of bytes do. Where a
/// line ends among them, the lines around count too.
fn is_listed(groups: &[Group], range: Range<usize>, is_broken: bool) -> bool {
    let goes_on = |one: &Group, other: &Group, spaced: bool, gap: usize| {
        one.len() == other.len() && other.digits > 0 && (spaced || is_broken && gap <= 2)
    };
    let (first, last) = (&groups[range.start], &groups[range.end - 1]);
    let before = range.start.checked_sub(1).map(|at| &groups[at]);
    before.is_some_and(|group| goes_on(first, group, first.spaced, first.start() - group.end()))
        || groups.get(range.end).is_some_and(|group| goes_on(last, group, group.spaced, group.start() - last.end()))
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
                Some(b'-') => {}
                // A card's number, and when it ends.
                Some(b'/' | b':') if self.blocks.len() == 1 && count > 12 && is_expiry(&bytes[at + 1..]) => {
                    return Some(at);
                }
                Some(b'.' | b'_' | b'/') => self.is_odd = true,
                Some(_) => return None,
            }
            at += 1;
        }
        Some(at)
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
        if self.is_odd && !is_grouped && !is_in_fours() || !luhn(&self.digits) || is_repeated(&self.digits) {
            return None;
        }
        let is_common = is_common(&self.digits)?;
        Some(match (is_common, is_grouped) {
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

/// Whether `bytes` are a month and a year, with what may follow: `12/27`, `1227`, `12:2027:123`.
fn is_expiry(bytes: &[u8]) -> bool {
    let mut parts = bytes.split(|byte| matches!(byte, b'/' | b':'));
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
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, f32)> {
        let mut found = Vec::new();
        find(text, &scan::groups(text), &mut found);
        found.into_iter().map(|card| (&text[card.range], card.alone)).collect()
    }

    /// What is found where no word speaks for it.
    fn surely(text: &str) -> Vec<&str> {
        found(text).into_iter().filter(|(_, score)| *score >= 0.5).map(|(card, _)| card).collect()
    }

    #[test]
    fn every_networks_test_numbers() {
        for card in [
            "4111111111111111",
            "4012-8888-8888-1881",
            "5555 5555 5555 4444",
            "2223003122003222",
            "378282246310005",
            "3714 496353 98431",
            "6011111111111117",
            "30569309025904",
            "3566002020360505",
            "6200000000000005",
            "180000826105910",
            "213175197796454",
            "3714-496353-98431",
            "3056 930902 5904",
            "2200 0000 0000 0053",
            "4111.1111.1111.1111",
            "4111  1111  1111  1111",
            "4111 - 1111 - 1111 - 1111",
            "4111_1111_1111_1111",
            "4111 1111\n1111 1111",
            "4111 1111 1111\r\n  1111",
            "4111-1111-\n1111-1111",
        ] {
            let text = format!("Pay with {card}, please");
            assert!(matches!(found(&text)[..], [(value, score)] if value == card && score >= 0.5), "{card}");
        }
    }

    #[test]
    fn weak_forms_take_a_word() {
        for card in [
            "4222222222222",
            "6759649826438453",
            "4111 11111111 1111",
            "4111111 111111111",
            "3519833257665853",
            "3598899323053410",
            "501800000009",
            "060400000000",
            "5018.0000.0000.0009",
        ] {
            assert!(matches!(found(card)[..], [(value, score)] if value == card && score < 0.5), "{card}");
        }
    }

    #[test]
    fn look_alikes_are_none() {
        for text in [
            "4111111111111112",
            "1111111111111117",
            "0000000000000000",
            "41111111111111113",
            "4111-1111-1111-1111-1",
            "x4111111111111111",
            "4111 1111 1111 1111 2222",
            "9411 1111 1111 1111 11",
            "1700000000000",
            "550e8400-e29b-41d4-a716-446655440000",
            "4111111111111111.5",
            "4111111111111111x",
            "4111111111111111ab0",
            "4111.1111.1111.1112",
            "4111.1111.1111.1111.1",
            "4111.11111111.1111",
            "4110 4111 1111 1111 1111",
            "411F 4111 1111 1111 1111",
            "4111 1111\n1111 1111 411F",
            "4111\t1111\t1111\t1111",
            "4111\n1111\n1111\n1111",
            "4111 1111\n\n1111 1111",
            "41111111\n11111111",
            "4111 1111\n1111 1111 1111 1111",
            "4111111111111111/99/27",
            "4111111111111111/7",
            "B4111111111111111",
            "978-3-16-148410-0",
            "4006381333931",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }

    #[test]
    fn what_follows_a_card_is_not_its_own() {
        assert_eq!(found("4111 1111 1111 1111 12/27 123"), [("4111 1111 1111 1111", 0.9)]);
        assert_eq!(found("4111111111111111,5555555555554444").len(), 2);
    }

    #[test]
    fn a_line_may_end_within_a_card() {
        assert_eq!(surely("my card 4111 1111\n1111 1111"), ["4111 1111\n1111 1111"]);
        assert_eq!(surely("4111 1111\n1111 1111 is mine"), ["4111 1111\n1111 1111"]);
        // Two lines of two numbers each, and a head.
        assert!(surely("Q1 Q2\n4111 1111\n1111 1111\n").is_empty());
        assert!(surely("4111 1111\n1111 1111\n2222 2222\n").is_empty());
    }

    #[test]
    fn cards_with_their_expiry_and_on_stripes() {
        for text in ["4111111111111111/12/27", "4111111111111111:1227:123", "%B4111111111111111^DOE/ANN^2712"] {
            assert_eq!(surely(text), ["4111111111111111"], "{text}");
        }
    }
}

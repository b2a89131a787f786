//! Payment cards: a known issuer's first digits, a length it uses, and the check digit.

use std::ops::Range;

use super::checks::{is_repeated, luhn};
use super::patterns::Candidate;
use super::scan::{self, Group};
use super::words::List;
use crate::guard::finding::Strength;

/// How many digits cards have.
const LENGTHS: std::ops::RangeInclusive<usize> = 12..=19;

/// The cards in `text`: digits alone, or in groups parted by spaces or hyphens.
pub(super) fn find(text: &str, groups: &[Group], found: &mut Vec<Candidate>) {
    let (mut at, mut digits) = (0, Vec::with_capacity(*LENGTHS.end()));
    while at < groups.len() {
        at += match card(text, groups, at, &mut digits) {
            Some((candidate, count)) => {
                found.push(candidate);
                count
            }
            None => 1,
        };
    }
}

/// The longest card that begins with group `at`, and how many groups it has.
fn card(text: &str, groups: &[Group], at: usize, digits: &mut Vec<u8>) -> Option<(Candidate, usize)> {
    // The first block of a card has four digits at least.
    if groups[at].digits < 4 {
        return None;
    }
    digits.clear();
    let mut longest = None;
    for (nth, group) in groups[at..].iter().enumerate().take(6) {
        if nth > 0 && !group.spaced || !push(group.of(text), digits) {
            break;
        }
        let range = groups[at].start..group.end;
        if !LENGTHS.contains(&digits.len()) || nth > 0 && scan::is_of_series(groups, at..at + nth + 1) {
            continue;
        }
        if let Some(scores) = scores(digits, &text[range.clone()]) {
            longest = Some((Candidate::of(List::Card, range, Strength::Checksum, scores), nth + 1));
        }
    }
    longest
}

/// Adds the digits of a group of digits and hyphens, as far as a card has any.
fn push(group: &str, digits: &mut Vec<u8>) -> bool {
    for byte in group.bytes() {
        match byte {
            b'0'..=b'9' if digits.len() < *LENGTHS.end() => digits.push(byte - b'0'),
            b'-' => {}
            _ => return false,
        }
    }
    true
}

/// What a card's number scores alone and in context; none where it is no card's.
fn scores(digits: &[u8], written: &str) -> Option<(f32, f32)> {
    if !luhn(digits) || is_repeated(digits) {
        return None;
    }
    let is_common = is_common(digits)?;
    let blocks: Vec<usize> = written.split([' ', '-']).map(str::len).collect();
    let is_grouped = match blocks[..] {
        [_] => false,
        [4, 4, 4, 4] | [4, 4, 4, 4, 1..=3] | [4, 6, 5] | [4, 6, 4] | [6, 13] => true,
        // Digits in other groups are rather another number, unless they are said to be a card's.
        _ => return Some((0.3, 0.9)),
    };
    Some(match (is_common, is_grouped) {
        (true, true) => (0.9, 1.0),
        (true, false) => (0.7, 1.0),
        (false, true) => (0.6, 0.95),
        (false, false) => (0.3, 0.9),
    })
}

/// Whether an issuer uses these first digits with this length, and whether they are enough to tell a card from other
/// numbers with a check digit. By ISO/IEC 7812 and what the networks publish on their ranges.
fn is_common(digits: &[u8]) -> Option<bool> {
    let first = |count: usize| digits[..count].iter().fold(0, |number, digit| number * 10 + u32::from(*digit));
    let within = |count: usize, range: Range<u32>| range.contains(&first(count));
    let length = digits.len();
    let common = match length {
        14 => within(3, 300..306) || within(2, 36..37) || within(2, 38..40) || within(3, 309..310),
        15 => within(2, 34..35) || within(2, 37..38),
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
        }
        _ => false,
    };
    let rare = match length {
        13 => digits[0] == 4,
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
        ] {
            let text = format!("Pay with {card}, please");
            assert!(matches!(found(&text)[..], [(value, score)] if value == card && score >= 0.5), "{card}");
        }
    }

    #[test]
    fn weak_forms_take_a_word() {
        for card in ["4222222222222", "6759649826438453", "4111 11111111 1111", "4111111 111111111"] {
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
            "4111.1111.1111.1111",
            "550e8400-e29b-41d4-a716-446655440000",
            "4111111111111111.5",
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
}

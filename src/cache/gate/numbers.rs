//! Numbers, in figures or spelled out, in one form.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::scan::{Kind, Token};
use super::words::{Class, Content, known};

/// A number that is spelled out.
#[derive(Debug, Clone, Copy)]
enum Spelled {
    Small(u64),
    Ten(u64),
    Scale(u64),
    Ordinal(u64),
}

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const ORDINALS: [&str; 12] = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth",
];

const SCALES: [(&str, u64); 7] = [
    ("dozen", 12),
    ("hundred", 100),
    ("thousand", 1_000),
    ("million", 1_000_000),
    ("billion", 1_000_000_000),
    ("bn", 1_000_000_000),
    ("trillion", 1_000_000_000_000),
];

static SPELLED: LazyLock<HashMap<&'static str, Spelled>> = LazyLock::new(|| {
    let small = SMALL.iter().zip(0..).map(|(word, n)| (*word, Spelled::Small(n)));
    let tens = TENS.iter().zip(2..).map(|(word, n)| (*word, Spelled::Ten(10 * n)));
    let ordinals = ORDINALS.iter().zip(1..).map(|(word, n)| (*word, Spelled::Ordinal(n)));
    let scales = SCALES.iter().map(|(word, n)| (*word, Spelled::Scale(*n)));
    small.chain(tens).chain(ordinals).chain(scales).collect()
});

/// The number that begins at `at`, and what comes after it.
pub(super) fn at(tokens: &[Token], at: usize) -> Option<(String, usize)> {
    match tokens.get(at)?.kind {
        Kind::Number => Some(figures(tokens, at)),
        Kind::Word => words(tokens, at),
        _ => None,
    }
}

fn figures(tokens: &[Token], at: usize) -> (String, usize) {
    let text = tokens[at].text.as_ref();
    if let Some(Spelled::Scale(scale)) = tokens.get(at + 1).and_then(spelled)
        && let Some(value) = scaled(text, scale)
    {
        return (value, at + 2);
    }
    // 5.0 is 5 as a quantity; as a release it need not be.
    let whole = text.split_once('.').filter(|(_, rest)| rest.bytes().all(|byte| byte == b'0'));
    match whole {
        Some((whole, _)) if is_quantity(tokens, at) => (whole.to_owned(), at + 1),
        _ => (text.to_owned(), at + 1),
    }
}

/// Whether no name stands before the number.
fn is_quantity(tokens: &[Token], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| &tokens[before]) else { return true };
    before.kind != Kind::Word
        || known(&before.text).is_some_and(|known| !matches!(known.class, Class::Content(Content::Language)))
}

fn scaled(text: &str, scale: u64) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: u64 = format!("{whole}{fraction}").parse().ok()?;
    let value = digits.checked_mul(scale)?;
    let part = 10u64.checked_pow(fraction.len() as u32)?;
    (value % part == 0).then(|| (value / part).to_string())
}

fn words(tokens: &[Token], start: usize) -> Option<(String, usize)> {
    let mut at = start;
    let (mut total, mut current, mut ordinal) = (0u64, 0u64, false);
    let mut last = None;
    while let Some(number) = tokens.get(at).and_then(spelled) {
        match (number, last) {
            (Spelled::Small(n), None | Some(Spelled::Scale(_))) => current += n,
            (Spelled::Small(n @ 1..=9), Some(Spelled::Ten(_))) => current += n,
            (Spelled::Ten(n), None | Some(Spelled::Scale(_))) => current += n,
            (Spelled::Scale(100), Some(Spelled::Small(_))) => current *= 100,
            (Spelled::Scale(scale), Some(_)) => {
                total = total.saturating_add(current.saturating_mul(scale));
                current = 0;
            }
            (Spelled::Scale(scale), None) => current = scale,
            (Spelled::Ordinal(n), None | Some(Spelled::Ten(_))) => {
                current += n;
                ordinal = true;
            }
            _ => break,
        }
        last = Some(number);
        at += 1;
        if ordinal {
            break;
        }
    }
    if at == start || is_pronoun(tokens, start, at) {
        return None;
    }
    let value = total.saturating_add(current);
    Some((if ordinal { format!("{value}th") } else { value.to_string() }, at))
}

/// "which one", "one has to": no number.
fn is_pronoun(tokens: &[Token], start: usize, end: usize) -> bool {
    if end != start + 1 || !tokens[start].is("one") {
        return false;
    }
    let determined = start.checked_sub(1).is_some_and(|before| {
        ["which", "the", "this", "that", "any", "every", "each", "no", "does", "do", "can", "should"]
            .contains(&tokens[before].text.as_ref())
    });
    let alone = tokens.get(end).is_none_or(|next| !matches!(next.kind, Kind::Word | Kind::Code));
    determined || alone
}

fn spelled(token: &Token) -> Option<Spelled> {
    if token.kind != Kind::Word {
        return None;
    }
    SPELLED.get(token.text.as_ref()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::gate::scan::scan;

    fn first(text: &str) -> Option<String> {
        let tokens = scan(text);
        at(&tokens, 0).map(|(number, _)| number)
    }

    #[test]
    fn spelled_numbers_are_figures() {
        for (text, number) in [
            ("three", "3"),
            ("twenty-five", "25"),
            ("two hundred five", "205"),
            ("a", ""),
            ("3 million", "3000000"),
            ("1.5 million", "1500000"),
            ("one hundred thousand people", "100000"),
            ("second", "2th"),
            ("dozen eggs", "12"),
            ("1,000", "1000"),
            ("1000.0", "1000"),
            ("3.10", "3.10"),
            ("one", ""),
            ("one sentence", "1"),
            ("10k", "10000"),
            ("five thousand two hundred", "5200"),
            ("18446744073709551615 million", "18446744073709551615"),
        ] {
            assert_eq!(first(text).unwrap_or_default(), number, "{text}");
        }
    }
}

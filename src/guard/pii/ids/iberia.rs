//! Numbers of Spain.

use crate::guard::finding::{Entity, Recognizer, Strength};
use crate::guard::pii::checks::{digits, number};

/// The letter that each remainder by 23 is written as (Real Decreto 1553/2005; Agencia Tributaria).
const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// What is looked for.
pub(super) const RECOGNIZERS: &[Recognizer] = &[
    Recognizer {
        entity: Entity::EsNif,
        pattern: r"(?i:[0-9]{2}\.[0-9]{3}\.[0-9]{3}[- ]?[A-Z]|[0-9]{8}[- ]?[A-Z]|[KLM][0-9]{7}[A-Z])",
        is_valid: is_nif,
        strength: Strength::Checksum,
        alone: 0.7,
        in_context: 0.95,
        context: &["nif", "dni", "n.i.f.", "d.n.i.", "documento nacional de identidad", "identificación fiscal"],
    },
    Recognizer {
        entity: Entity::EsNie,
        pattern: r"(?i:[XYZ][- ]?(?:[0-9]{7}|[0-9]\.[0-9]{3}\.[0-9]{3})[- ]?[A-Z])",
        is_valid: is_nie,
        strength: Strength::Checksum,
        alone: 0.8,
        in_context: 0.95,
        context: &["nie", "n.i.e.", "extranjero", "identidad de extranjero", "número de identidad"],
    },
];

fn is_letter_of(number: u32, text: &str) -> bool {
    text.bytes().last().is_some_and(|last| last.to_ascii_uppercase() == LETTERS[(number % 23) as usize])
}

/// Eight digits, or one of K, L, M (children, Spaniards abroad, foreigners without a number) and seven.
fn is_nif(text: &str) -> bool {
    let short = text.bytes().next().filter(u8::is_ascii_alphabetic).and_then(|_| digits::<7>(text));
    let number = digits::<8>(text).map(|digits| number(&digits)).or(short.map(|digits| number(&digits)));
    number.is_some_and(|number| is_letter_of(number, text))
}

/// X, Y and Z count as a leading 0, 1 and 2 (Orden INT/2058/2008).
fn is_nie(text: &str) -> bool {
    let first = text.bytes().next().map(|first| first.to_ascii_uppercase());
    let lead = first.and_then(|first| b"XYZ".iter().position(|letter| *letter == first));
    let (Some(lead), Some(digits)) = (lead, digits::<7>(text)) else { return false };
    is_letter_of(lead as u32 * 10_000_000 + number(&digits), text)
}

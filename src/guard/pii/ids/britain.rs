//! Numbers of the United Kingdom.

use crate::guard::finding::{Entity, Recognizer, Strength};
use crate::guard::pii::checks::{digits, is_short_date, number, weighted};

const NINO: &[&str] =
    &["nino", "ni number", "ni no", "national insurance", "national insurance number", "insurance number"];

/// What is looked for.
pub(super) const RECOGNIZERS: &[Recognizer] = &[
    Recognizer {
        entity: Entity::UkNhs,
        pattern: "[0-9]{3}(?:[0-9]{7}| [0-9]{3} [0-9]{4}|-[0-9]{3}-[0-9]{4})",
        is_valid: is_nhs,
        strength: Strength::Checksum,
        alone: 0.3,
        in_context: 0.95,
        context: &["nhs", "nhs number", "nhs no", "national health", "health service"],
    },
    Recognizer {
        entity: Entity::UkNino,
        pattern: "[A-Z]{2}(?:[0-9]{6}[A-D]| [0-9]{2} [0-9]{2} [0-9]{2} [A-D]|-[0-9]{2}-[0-9]{2}-[0-9]{2}-[A-D])",
        is_valid: is_nino,
        strength: Strength::Specific,
        alone: 0.7,
        in_context: 0.95,
        context: NINO,
    },
    // Small letters make it look like a hash, and the last letter may be left out.
    Recognizer {
        entity: Entity::UkNino,
        pattern: "(?i:[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D])|[A-Z]{2}[0-9]{6}",
        is_valid: is_nino,
        strength: Strength::Form,
        alone: 0.2,
        in_context: 0.85,
        context: NINO,
    },
    Recognizer {
        entity: Entity::DriverLicense,
        pattern: "[A-Z]{1,5}9{0,4}[0-9][0156][0-9]{4}[A-Z9]{2}[A-Z0-9][A-Z]{2}",
        is_valid: is_licence,
        strength: Strength::Specific,
        alone: 0.7,
        in_context: 0.95,
        context: &[
            "driving licence",
            "driver's licence",
            "driver number",
            "dvla",
            "licence",
            "licence number",
            "license",
        ],
    },
];

/// Weights 10 to 2, module 11; where that gives 10, no number is issued (NHS Data Dictionary).
fn is_nhs(text: &str) -> bool {
    let Some(digits) = digits::<10>(text) else { return false };
    let check = (11 - weighted(&digits[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11;
    check == u32::from(digits[9])
}

/// The letters that HMRC gives (National Insurance Manual NIM39110).
fn is_nino(text: &str) -> bool {
    let [first, second, ..] = text.as_bytes() else { return false };
    let prefix = [first.to_ascii_uppercase(), second.to_ascii_uppercase()];
    !b"DFIQUV".contains(&prefix[0])
        && !b"DFIOQUV".contains(&prefix[1])
        && ![*b"BG", *b"GB", *b"KN", *b"NK", *b"NT", *b"TN", *b"ZZ"].contains(&prefix)
        && digits::<6>(text).is_some()
}

/// Five letters of the surname (filled up with 9), the date of birth with the decade first, 50 added to a woman's
/// month, two initials, a digit and two letters (DVLA).
fn is_licence(text: &str) -> bool {
    let at = |range| text.get(range).and_then(digits_of::<2>);
    let (Some([decade, tens]), Some([ones, day_tens]), Some([day_ones, year])) = (at(5..7), at(7..9), at(9..11)) else {
        return false;
    };
    let month = number(&[tens % 5, ones]);
    text.len() == 16 && is_short_date(number(&[decade, year]), month, number(&[day_tens, day_ones]))
}

/// As [`digits`], but the same digit twice will do.
fn digits_of<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes: [u8; N] = text.as_bytes().try_into().ok()?;
    bytes.iter().all(u8::is_ascii_digit).then(|| bytes.map(|byte| byte - b'0'))
}

//! Numbers of South Africa.

use crate::guard::finding::{Entity, Recognizer, Strength};
use crate::guard::pii::checks::{digits, is_short_date, luhn, number};

const ZA_ID: &[&str] =
    &["south african id", "sa id", "rsa id", "id number", "identity number", "id no", "identiteitsnommer", "id-nommer"];

/// What is looked for.
pub(super) const RECOGNIZERS: &[Recognizer] = &[
    Recognizer {
        entity: Entity::ZaId,
        pattern: "[0-9]{6} ?[0-9]{4} ?[01][89][0-9]",
        is_valid: is_id,
        strength: Strength::Checksum,
        alone: 0.6,
        in_context: 0.95,
        context: ZA_ID,
    },
    // Before 1994 the last digit but one had another meaning.
    Recognizer {
        entity: Entity::ZaId,
        pattern: "[0-9]{6} ?[0-9]{4} ?[0-2][0-9]{2}",
        is_valid: is_id,
        strength: Strength::Checksum,
        alone: 0.4,
        in_context: 0.9,
        context: ZA_ID,
    },
];

/// Date of birth, sequence, citizenship (0 to 2), and Luhn's check digit (Department of Home Affairs).
fn is_id(text: &str) -> bool {
    let Some(digits) = digits::<13>(text) else { return false };
    let (year, month, day) = (number(&digits[..2]), number(&digits[2..4]), number(&digits[4..6]));
    digits[10] <= 2 && is_short_date(year, month, day) && luhn(&digits)
}

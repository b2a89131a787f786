//! Numbers of Australia.

use crate::guard::finding::{Entity, Recognizer, Strength};
use crate::guard::pii::checks::{digits, number, weighted};

const ABN: &[&str] = &["abn", "abn number", "australian business number", "business number"];

const MEDICARE: &[&str] = &["medicare", "medicare number", "medicare card", "medicare no"];

/// What is looked for.
pub(super) const RECOGNIZERS: &[Recognizer] = &[
    Recognizer {
        entity: Entity::AuTfn,
        pattern: "[0-9]{3}[ -][0-9]{3}[ -][0-9]{3}|[0-9]{2,3} [0-9]{3} [0-9]{3}|[0-9]{8,9}",
        is_valid: is_tfn,
        strength: Strength::Checksum,
        alone: 0.2,
        in_context: 0.9,
        context: &["tfn", "tax file", "tax file number", "tfn number"],
    },
    Recognizer {
        entity: Entity::AuAbn,
        pattern: "[1-9][0-9] [0-9]{3} [0-9]{3} [0-9]{3}",
        is_valid: is_abn,
        strength: Strength::Checksum,
        alone: 0.6,
        in_context: 0.95,
        context: ABN,
    },
    Recognizer {
        entity: Entity::AuAbn,
        pattern: "[1-9][0-9]{10}",
        is_valid: is_abn,
        strength: Strength::Checksum,
        alone: 0.4,
        in_context: 0.95,
        context: ABN,
    },
    // Four, five and one is how the card groups them.
    Recognizer {
        entity: Entity::AuMedicare,
        pattern: "[2-6][0-9]{3}[ -][0-9]{5}[ -][0-9](?:[-/ ][1-9])?",
        is_valid: is_medicare,
        strength: Strength::Checksum,
        alone: 0.6,
        in_context: 0.95,
        context: MEDICARE,
    },
    Recognizer {
        entity: Entity::AuMedicare,
        pattern: "[2-6][0-9]{9}(?:[-/ ]?[1-9])?",
        is_valid: is_medicare,
        strength: Strength::Checksum,
        alone: 0.2,
        in_context: 0.9,
        context: MEDICARE,
    },
];

/// Weights by the number's length, module 11 (Australian Taxation Office; old ones have eight digits).
fn is_tfn(text: &str) -> bool {
    match (digits::<9>(text), digits::<8>(text)) {
        (Some(nine), _) => number(&nine) > 0 && weighted(&nine, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11),
        (_, Some(eight)) => weighted(&eight, &[10, 7, 8, 4, 6, 3, 5, 1]).is_multiple_of(11),
        _ => false,
    }
}

/// One less in the first place, weights 10, 1, 3, 5, …, module 89; the first two are the check digits, 11 to 99
/// (Australian Business Register).
fn is_abn(text: &str) -> bool {
    let Some(mut digits) = digits::<11>(text) else { return false };
    if number(&digits[..2]) < 11 {
        return false;
    }
    digits[0] -= 1;
    weighted(&digits, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]).is_multiple_of(89)
}

/// Weights 1, 3, 7, 9 over eight digits give the ninth; card and person follow (Services Australia).
fn is_medicare(text: &str) -> bool {
    let ten = digits::<10>(text).or_else(|| digits::<10>(text.get(..text.len().checked_sub(1)?)?));
    let Some(digits) = ten else { return false };
    matches!(digits[0], 2..=6)
        && digits[9] != 0
        && weighted(&digits[..8], &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == u32::from(digits[8])
}

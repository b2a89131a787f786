//! Numbers of telephones and vehicles.

use crate::guard::finding::{Entity, Recognizer, Strength};
use crate::guard::pii::checks::{digits, is_repeated, luhn};

const IMEI: &[&str] = &["imei", "imeis", "imei number", "imei no", "imei1", "imei2", "tac"];

const VIN: &[&str] = &[
    "vin",
    "vins",
    "vin number",
    "vehicle identification",
    "vehicle identification number",
    "chassis",
    "chassis number",
    "fahrgestellnummer",
    "fahrzeug-identifizierungsnummer",
    "fin",
    "numéro de châssis",
    "número de bastidor",
    "numero di telaio",
    "chassisnummer",
];

/// The weights of a vehicle's 17 places; the check digit's own place has none.
const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];

/// What is looked for.
pub(super) const RECOGNIZERS: &[Recognizer] = &[
    Recognizer {
        entity: Entity::Imei,
        pattern: "[0-9]{2}-[0-9]{6}-[0-9]{6}-[0-9]|[0-9]{8}-[0-9]{6}-[0-9]",
        is_valid: is_imei,
        strength: Strength::Checksum,
        alone: 0.8,
        in_context: 1.0,
        context: IMEI,
    },
    Recognizer {
        entity: Entity::Imei,
        pattern: "[0-9]{15}|[0-9]{2} [0-9]{6} [0-9]{6} [0-9]",
        is_valid: is_imei,
        strength: Strength::Checksum,
        alone: 0.3,
        in_context: 0.95,
        context: IMEI,
    },
    Recognizer {
        entity: Entity::Vin,
        pattern: "[A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-Z0-9]{4}[0-9]{4}",
        is_valid: is_checked_vin,
        strength: Strength::Checksum,
        alone: 0.7,
        in_context: 1.0,
        context: VIN,
    },
    // Europe's makers keep no check digit.
    Recognizer {
        entity: Entity::Vin,
        pattern: "(?i:[A-HJ-NPR-Z0-9]{13}[0-9]{4})",
        is_valid: is_vin,
        strength: Strength::Form,
        alone: 0.2,
        in_context: 0.85,
        context: VIN,
    },
];

/// Fifteen digits with Luhn's check digit (3GPP TS 23.003, GSMA TS.06).
fn is_imei(text: &str) -> bool {
    digits::<15>(text).is_some_and(|digits| luhn(&digits))
}

/// Seventeen letters and digits without I, O and Q, of which the last four are digits (ISO 3779); makers' and models'
/// codes always have letters, and none has one character throughout.
fn is_vin(text: &str) -> bool {
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    text.len() == 17 && (2..=11).contains(&letters) && !is_repeated(&text.as_bytes()[..13])
}

/// What a letter or digit counts for (49 CFR 565, table III).
fn value(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'H' => u32::from(byte - b'A') + 1,
        b'J'..=b'R' => u32::from(byte - b'J') + 1,
        b'S'..=b'Z' => u32::from(byte - b'S') + 2,
        _ => 0,
    }
}

/// As above, with the ninth place the remainder by 11, X for 10 (49 CFR 565.15; North America and China).
fn is_checked_vin(text: &str) -> bool {
    let sum: u32 = text.bytes().zip(WEIGHTS).map(|(byte, weight)| value(byte) * weight).sum();
    let check = match sum % 11 {
        10 => b'X',
        rest => b'0' + rest as u8,
    };
    is_vin(text) && text.as_bytes()[8] == check
}

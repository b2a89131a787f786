//! Numbers of India, Singapore, Korea and China.

use crate::guard::finding::{Entity, Recognizer, Strength};
use crate::guard::pii::checks::{digits, is_date, mod_11_2, number, verhoeff, weighted};

const RRN: &[&str] = &[
    "rrn",
    "resident registration",
    "resident registration number",
    "alien registration",
    "주민등록번호",
    "주민번호",
    "외국인등록번호",
];

/// The first two digits of Chinese region codes (GB/T 2260).
const PROVINCES: &[u32] = &[
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63,
    64, 65, 71, 81, 82, 83, 91,
];

/// What is looked for.
pub(super) const RECOGNIZERS: &[Recognizer] = &[
    // Groups of four are how cards and accounts are written too, and one random number in ten passes.
    Recognizer {
        entity: Entity::InAadhaar,
        pattern: "[2-9][0-9]{3}(?:[0-9]{8}| [0-9]{4} [0-9]{4}|-[0-9]{4}-[0-9]{4})",
        is_valid: is_aadhaar,
        strength: Strength::Checksum,
        alone: 0.4,
        in_context: 0.95,
        context: &["aadhaar", "aadhar", "adhaar", "aadhaar number", "uidai", "uid", "आधार", "आधार संख्या"],
    },
    Recognizer {
        entity: Entity::InPan,
        pattern: "[A-Z]{3}[ABCFGHLJPT][A-Z][0-9]{4}[A-Z]",
        is_valid: is_pan,
        strength: Strength::Specific,
        alone: 0.6,
        in_context: 0.95,
        context: &["pan", "pan card", "pan number", "pan no", "permanent account number", "income tax"],
    },
    Recognizer {
        entity: Entity::SgNricFin,
        pattern: "(?i:[STFGM][0-9]{7}[A-Z])",
        is_valid: is_nric,
        strength: Strength::Checksum,
        alone: 0.75,
        in_context: 0.95,
        context: &["nric", "fin", "nric number", "fin number", "identity card", "ic number", "work permit", "singpass"],
    },
    Recognizer {
        entity: Entity::KrRrn,
        pattern: "[0-9]{6}-[0-9]{7}",
        is_valid: is_rrn,
        strength: Strength::Checksum,
        alone: 0.85,
        in_context: 1.0,
        context: RRN,
    },
    // Numbers given since October 2020 have no check digit any more.
    Recognizer {
        entity: Entity::KrRrn,
        pattern: "[0-9]{6}-[1-8][0-9]{6}",
        is_valid: is_rrn_by_date,
        strength: Strength::Specific,
        alone: 0.6,
        in_context: 0.95,
        context: RRN,
    },
    Recognizer {
        entity: Entity::KrRrn,
        pattern: "[0-9]{6} ?[0-9]{7}",
        is_valid: is_rrn_by_date,
        strength: Strength::Form,
        alone: 0.2,
        in_context: 0.85,
        context: RRN,
    },
    Recognizer {
        entity: Entity::CnId,
        pattern: "[1-9][0-9]{5} ?(?:18|19|20)[0-9]{6} ?[0-9]{3}[0-9Xx]",
        is_valid: is_resident_id,
        strength: Strength::Checksum,
        alone: 0.95,
        in_context: 1.0,
        context: &[
            "身份证",
            "身份证号",
            "身份证号码",
            "居民身份证",
            "公民身份号码",
            "shenfenzheng",
            "resident identity",
            "chinese id",
        ],
    },
];

/// Twelve digits, the first from 2 on, with Verhoeff's check digit (UIDAI).
fn is_aadhaar(text: &str) -> bool {
    digits::<12>(text).is_some_and(|digits| digits[0] > 1 && verhoeff(&digits))
}

/// The serial runs from 0001; how the last letter comes about is not published (Income Tax Department).
fn is_pan(text: &str) -> bool {
    text.get(5..9).is_some_and(|serial| serial != "0000")
}

/// Weights 2, 7, 6, 5, 4, 3, 2, 4 added for T and G and 3 for M; the remainder by 11 names the letter (Immigration &
/// Checkpoints Authority; the series M since 2022).
fn is_nric(text: &str) -> bool {
    let upper = |byte: Option<u8>| byte.map(|byte| byte.to_ascii_uppercase());
    let (added, letters): (u32, &[u8; 11]) = match upper(text.bytes().next()) {
        Some(b'S') => (0, b"JZIHGFEDCBA"),
        Some(b'T') => (4, b"JZIHGFEDCBA"),
        Some(b'F') => (0, b"XWUTRQPNMLK"),
        Some(b'G') => (4, b"XWUTRQPNMLK"),
        Some(b'M') => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    let Some(digits) = digits::<7>(text) else { return false };
    let rest = (weighted(&digits, &[2, 7, 6, 5, 4, 3, 2]) + added) % 11;
    upper(text.bytes().last()) == Some(letters[rest as usize])
}

/// Date of birth, and a digit for the century, the sex and whether one is a citizen.
fn is_rrn_by_date(text: &str) -> bool {
    let Some(digits) = digits::<13>(text) else { return false };
    let century = match digits[6] {
        1 | 2 | 5 | 6 => 1900,
        3 | 4 | 7 | 8 => 2000,
        _ => 1800,
    };
    is_date(century + number(&digits[..2]), number(&digits[2..4]), number(&digits[4..6]))
}

/// As above with the check digit, as numbers had it until October 2020: 11 less the remainder, by its last digit
/// (Ministry of the Interior and Safety); for foreigners 13 less it, by common account, though not all of theirs keep to that.
fn is_rrn(text: &str) -> bool {
    let Some(digits) = digits::<13>(text) else { return false };
    let from = if matches!(digits[6], 5..=8) { 13 } else { 11 };
    let sum = weighted(&digits[..12], &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
    is_rrn_by_date(text) && (from - sum % 11) % 10 == u32::from(digits[12])
}

/// Region, date of birth, sequence, and ISO 7064 MOD 11-2 (GB 11643-1999).
fn is_resident_id(text: &str) -> bool {
    let (body, check) = match text.strip_suffix(['X', 'x']) {
        Some(body) => (digits::<17>(body), 10),
        None => {
            let all = digits::<18>(text);
            (all.and_then(|all| all[..17].try_into().ok()), all.map_or(0, |all| all[17]))
        }
    };
    let Some(body): Option<[u8; 17]> = body else { return false };
    let (year, month, day) = (number(&body[6..10]), number(&body[10..12]), number(&body[12..14]));
    PROVINCES.contains(&number(&body[..2]))
        && (1880..2050).contains(&year)
        && is_date(year, month, day)
        && mod_11_2(&body, check)
}

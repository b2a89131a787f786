//! Numbers of Germany, France, the Netherlands, Poland and Türkiye.

use crate::guard::finding::{Entity, Recognizer, Strength};
use crate::guard::pii::checks::{digits, is_date, mod_11_10, mod97, number, weighted};

const TAX_ID: &[&str] = &[
    "steuer-id",
    "steuer id",
    "steuerid",
    "steueridentifikationsnummer",
    "steuer-identifikationsnummer",
    "steuerliche identifikationsnummer",
    "identifikationsnummer",
    "idnr",
    "id-nr",
    "steuernummer",
    "tax id",
    "tax identification",
    "tin",
];

const NIR: &[&str] = &[
    "nir",
    "insee",
    "sécurité sociale",
    "securite sociale",
    "numéro de sécu",
    "numéro de sécurité sociale",
    "n° ss",
    "carte vitale",
    "assuré social",
    "social security",
];

/// What is looked for.
pub(super) const RECOGNIZERS: &[Recognizer] = &[
    Recognizer {
        entity: Entity::DeTaxId,
        pattern: "[1-9][0-9] [0-9]{3} [0-9]{3} [0-9]{3}",
        is_valid: is_tax_id,
        strength: Strength::Checksum,
        alone: 0.7,
        in_context: 0.95,
        context: TAX_ID,
    },
    Recognizer {
        entity: Entity::DeTaxId,
        pattern: "[1-9][0-9]{10}",
        is_valid: is_tax_id,
        strength: Strength::Checksum,
        alone: 0.4,
        in_context: 0.95,
        context: TAX_ID,
    },
    Recognizer {
        entity: Entity::FrNir,
        pattern: "[12] ?[0-9]{2} ?[0-4][0-9] ?(?:[0-9]{2}|2[ABab]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}",
        is_valid: is_nir,
        strength: Strength::Checksum,
        alone: 0.9,
        in_context: 1.0,
        context: NIR,
    },
    // Those not yet confirmed begin with 3, 4, 7 or 8, and the key is often left out.
    Recognizer {
        entity: Entity::FrNir,
        pattern: "[1-478] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[ABab]) ?[0-9]{3} ?[0-9]{3}(?: ?[0-9]{2})?",
        is_valid: is_nir_or_body,
        strength: Strength::Form,
        alone: 0.2,
        in_context: 0.8,
        context: NIR,
    },
    Recognizer {
        entity: Entity::NlBsn,
        pattern: r"[0-9]{8,9}|[0-9]{4}\.[0-9]{2}\.[0-9]{3}|[0-9]{3}[. ][0-9]{3}[. ][0-9]{3}",
        is_valid: is_bsn,
        strength: Strength::Checksum,
        alone: 0.2,
        in_context: 0.9,
        context: &["bsn", "bsn-nummer", "burgerservicenummer", "sofinummer", "sofi-nummer", "citizen service number"],
    },
    Recognizer {
        entity: Entity::PlPesel,
        pattern: "[0-9]{11}",
        is_valid: is_pesel,
        strength: Strength::Checksum,
        alone: 0.4,
        in_context: 0.95,
        context: &["pesel", "nr pesel", "numer pesel", "numer ewidencyjny"],
    },
    Recognizer {
        entity: Entity::TrNationalId,
        pattern: "[1-9][0-9]{10}",
        is_valid: is_turkish,
        strength: Strength::Checksum,
        alone: 0.4,
        in_context: 0.95,
        context: &[
            "tc kimlik",
            "t.c. kimlik",
            "tc kimlik no",
            "kimlik no",
            "kimlik numarası",
            "kimlik numarasi",
            "tckn",
            "tc no",
            "vatandaşlık",
            "turkish id",
            "turkish identification",
        ],
    },
];

/// Among the first ten digits one stands twice or three times, never three times in a row, and no other more than once;
/// ISO 7064 MOD 11,10 (§ 139b AO; ITZBund on check digits, 2016).
fn is_tax_id(text: &str) -> bool {
    let Some(digits) = digits::<11>(text) else { return false };
    let mut counts = [0_u8; 10];
    for digit in &digits[..10] {
        counts[usize::from(*digit)] += 1;
    }
    let repeated = counts.iter().filter(|count| **count > 1).count();
    let in_a_row = digits[..10].windows(3).any(|three| three[0] == three[1] && three[1] == three[2]);
    digits[0] != 0 && repeated == 1 && counts.iter().all(|count| *count <= 3) && !in_a_row && mod_11_10(&digits)
}

/// Sex, year, month (20 to 42 and from 50 where the registry is unsure), department, commune, serial; 97 less the
/// remainder is the key. Corsica's 2A and 2B count as 19 and 18 (INSEE; décret 82-103).
fn is_nir(text: &str) -> bool {
    let mut values = text.bytes().filter(|byte| *byte != b' ');
    let mut digits = [0; 15];
    for (at, digit) in digits.iter_mut().enumerate() {
        *digit = match values.next() {
            Some(byte @ b'0'..=b'9') => byte - b'0',
            Some(b'A' | b'a') if at == 6 => 9,
            Some(b'B' | b'b') if at == 6 => 8,
            _ => return false,
        };
    }
    let is_corsican = text.bytes().any(|byte| byte.is_ascii_alphabetic());
    digits[5] = if is_corsican { 1 } else { digits[5] };
    let body = &digits[..13];
    values.next().is_none() && is_nir_body(body) && 97 - mod97(body.iter().copied()) == number(&digits[13..])
}

fn is_nir_body(body: &[u8]) -> bool {
    let (month, department) = (number(&body[3..5]), number(&body[5..7]));
    let (commune, serial) = (number(&body[7..10]), number(&body[10..13]));
    matches!(month, 1..=12 | 20..=42 | 50..=99) && department != 0 && commune != 0 && serial != 0
}

fn is_nir_or_body(text: &str) -> bool {
    let count = text.bytes().filter(u8::is_ascii_alphanumeric).count();
    is_nir(text) || count == 13 && digits::<13>(text).is_some_and(|body| is_nir_body(&body))
}

/// The eleven test: weights 9 to 2, and −1 for the last (Besluit burgerservicenummer). Eight digits want a leading 0.
fn is_bsn(text: &str) -> bool {
    let nine = || {
        let eight = digits::<8>(text)?;
        let mut nine = [0; 9];
        nine[1..].copy_from_slice(&eight);
        Some(nine)
    };
    let Some(digits) = digits::<9>(text).or_else(nine) else { return false };
    let sum = weighted(&digits[..8], &[9, 8, 7, 6, 5, 4, 3, 2]);
    number(&digits[..3]) != 0 && sum % 11 == u32::from(digits[8])
}

/// Date of birth, whose month has the century in it, and weights 1, 3, 7, 9 (Ustawa o ewidencji ludności).
fn is_pesel(text: &str) -> bool {
    let Some(digits) = digits::<11>(text) else { return false };
    let (month, day) = (number(&digits[2..4]), number(&digits[4..6]));
    let century = [1900, 2000, 2100, 2200, 1800][(month / 20) as usize];
    is_date(century + number(&digits[..2]), month % 20, day)
        && weighted(&digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
}

/// The tenth digit is seven times the odd places less the even ones, the eleventh the sum of the first ten, each by its
/// last digit (Nüfus ve Vatandaşlık İşleri).
fn is_turkish(text: &str) -> bool {
    let Some(digits) = digits::<11>(text) else { return false };
    let odd = weighted(&digits[..9], &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let even = weighted(&digits[..8], &[0, 1, 0, 1, 0, 1, 0, 1]);
    let all: u32 = digits[..10].iter().map(|digit| u32::from(*digit)).sum();
    digits[0] != 0 && (odd * 7 + 90 - even) % 10 == u32::from(digits[9]) && all % 10 == u32::from(digits[10])
}

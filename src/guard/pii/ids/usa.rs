//! Numbers of persons, banks and professions in the United States.

use crate::guard::finding::{Entity, Recognizer, Strength};
use crate::guard::pii::checks::{digits, luhn, number, weighted};

const SSN: &[&str] =
    &["ssn", "ssns", "ss#", "social security", "social security number", "soc sec", "socialsecurity", "seguro social"];

const ITIN: &[&str] = &["itin", "individual taxpayer", "taxpayer identification", "taxpayer id", "tax id", "tin"];

/// What is looked for.
pub(super) const RECOGNIZERS: &[Recognizer] = &[
    Recognizer {
        entity: Entity::UsSsn,
        pattern: "[0-8][0-9]{2}-[0-9]{2}-[0-9]{4}",
        is_valid: is_ssn,
        strength: Strength::Specific,
        alone: 0.7,
        in_context: 0.95,
        context: SSN,
    },
    Recognizer {
        entity: Entity::UsSsn,
        pattern: r"[0-8][0-9]{2}(?:[0-9]{6}| [0-9]{2} [0-9]{4}|\.[0-9]{2}\.[0-9]{4})",
        is_valid: is_ssn,
        strength: Strength::Form,
        alone: 0.1,
        in_context: 0.85,
        context: SSN,
    },
    Recognizer {
        entity: Entity::UsItin,
        pattern: "9[0-9]{2}-[5-9][0-9]-[0-9]{4}",
        is_valid: is_itin,
        strength: Strength::Specific,
        alone: 0.6,
        in_context: 0.95,
        context: ITIN,
    },
    Recognizer {
        entity: Entity::UsItin,
        pattern: "9[0-9]{2}(?:[5-9][0-9]{5}| [5-9][0-9] [0-9]{4})",
        is_valid: is_itin,
        strength: Strength::Form,
        alone: 0.1,
        in_context: 0.85,
        context: ITIN,
    },
    Recognizer {
        entity: Entity::AbaRoutingNumber,
        pattern: "[0-8][0-9]{3}(?:[0-9]{5}|-[0-9]{4}-[0-9])",
        is_valid: is_routing_number,
        strength: Strength::Checksum,
        alone: 0.2,
        in_context: 0.9,
        context: &[
            "aba",
            "routing",
            "routing number",
            "routing no",
            "rtn",
            "transit number",
            "wire transfer",
            "ach",
            "fedwire",
        ],
    },
    Recognizer {
        entity: Entity::UsNpi,
        pattern: "[12][0-9]{9}",
        is_valid: is_npi,
        strength: Strength::Checksum,
        alone: 0.2,
        in_context: 0.9,
        context: &["npi", "npis", "national provider", "provider identifier", "provider id", "nppes"],
    },
    Recognizer {
        entity: Entity::MedicalLicense,
        pattern: "[ABCDEFGHJKLMPRSTUX][A-Z9][0-9]{7}",
        is_valid: is_dea,
        strength: Strength::Checksum,
        alone: 0.4,
        in_context: 0.95,
        context: &["dea", "prescriber", "practitioner", "controlled substance", "medical license", "medical licence"],
    },
];

/// Areas 000, 666 and 900 on, group 00 and serial 0000 are never given (Social Security Administration); two numbers
/// are known from a wallet's specimen card and a pamphlet, and belong to nobody.
fn is_ssn(text: &str) -> bool {
    let Some(digits) = digits::<9>(text) else { return false };
    let (area, group, serial) = (number(&digits[..3]), number(&digits[3..5]), number(&digits[5..]));
    let is_dummy = matches!((area, group, serial), (78, 5, 1120) | (219, 9, 9999));
    area != 0 && area != 666 && area < 900 && group != 0 && serial != 0 && !is_dummy
}

/// 900 to 999, with the groups that the IRS gives (Publication 4757).
fn is_itin(text: &str) -> bool {
    let Some(digits) = digits::<9>(text) else { return false };
    let group = number(&digits[3..5]);
    digits[0] == 9 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// Weights 3, 7, 1; the first two digits name a Federal Reserve district, thrift, electronic or cheque series (ABA's
/// Routing Number Administrative Policy).
fn is_routing_number(text: &str) -> bool {
    let Some(digits) = digits::<9>(text) else { return false };
    matches!(number(&digits[..2]), 1..=12 | 21..=32 | 61..=72 | 80)
        && weighted(&digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

/// Luhn's check digit over the number with the health industry's prefix 80840 (CMS, NPI check digit).
fn is_npi(text: &str) -> bool {
    let Some(digits) = digits::<10>(text) else { return false };
    let mut card = [8, 0, 8, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    card[5..].copy_from_slice(&digits);
    matches!(digits[0], 1 | 2) && luhn(&card)
}

/// The first, third and fifth digit and twice the others end in the seventh (21 CFR 1301, DEA's practice).
fn is_dea(text: &str) -> bool {
    let Some(digits) = text.get(2..).and_then(digits::<7>) else { return false };
    weighted(&digits[..6], &[1, 2, 1, 2, 1, 2]) % 10 == u32::from(digits[6])
}

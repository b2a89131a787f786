//! Numbers of Canada and Brazil.

use crate::guard::finding::{Entity, Recognizer, Strength};
use crate::guard::pii::checks::{digits, is_repeated, luhn, weighted};

const CPF: &[&str] = &["cpf", "cpf/mf", "cadastro de pessoas físicas", "cadastro de pessoa física", "contribuinte"];

const CNPJ: &[&str] = &["cnpj", "cnpj/mf", "cadastro nacional da pessoa jurídica", "razão social", "empresa"];

/// What is looked for.
pub(super) const RECOGNIZERS: &[Recognizer] = &[
    Recognizer {
        entity: Entity::CaSin,
        pattern: "[0-79][0-9]{2}(?:[0-9]{6}|-[0-9]{3}-[0-9]{3}| [0-9]{3} [0-9]{3})",
        is_valid: is_sin,
        strength: Strength::Checksum,
        alone: 0.3,
        in_context: 0.9,
        context: &["sin", "social insurance", "social insurance number", "sin number", "nas", "assurance sociale"],
    },
    Recognizer {
        entity: Entity::BrCpf,
        pattern: r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}",
        is_valid: is_cpf,
        strength: Strength::Checksum,
        alone: 0.95,
        in_context: 1.0,
        context: CPF,
    },
    Recognizer {
        entity: Entity::BrCpf,
        pattern: "[0-9]{9}-?[0-9]{2}",
        is_valid: is_cpf,
        strength: Strength::Checksum,
        alone: 0.4,
        in_context: 0.95,
        context: CPF,
    },
    Recognizer {
        entity: Entity::BrCnpj,
        pattern: r"[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-[0-9]{2}",
        is_valid: is_cnpj,
        strength: Strength::Checksum,
        alone: 0.95,
        in_context: 1.0,
        context: CNPJ,
    },
    // A company's first branch, which is most of them; with it, chance passes one number in a million.
    Recognizer {
        entity: Entity::BrCnpj,
        pattern: "[0-9]{8}0001-?[0-9]{2}",
        is_valid: is_cnpj,
        strength: Strength::Checksum,
        alone: 0.7,
        in_context: 0.95,
        context: CNPJ,
    },
    Recognizer {
        entity: Entity::BrCnpj,
        pattern: "[0-9A-Z]{8}/?[0-9A-Z]{4}-?[0-9]{2}",
        is_valid: is_cnpj,
        strength: Strength::Checksum,
        alone: 0.4,
        in_context: 0.95,
        context: CNPJ,
    },
];

/// Luhn's check digit (Service Canada); those that begin with 8 are companies', those with 0 are examples.
fn is_sin(text: &str) -> bool {
    digits::<9>(text).is_some_and(|digits| digits[0] != 8 && luhn(&digits))
}

/// What Receita Federal's module 11 makes of a weighted sum.
fn check_of(sum: u32) -> u32 {
    match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

/// Two check digits, the second over the first one too (Receita Federal).
fn is_cpf(text: &str) -> bool {
    let Some(digits) = digits::<11>(text) else { return false };
    let weights = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2];
    check_of(weighted(&digits[..9], &weights[1..])) == u32::from(digits[9])
        && check_of(weighted(&digits[..10], &weights)) == u32::from(digits[10])
}

/// Two check digits over twelve letters or digits, each counting as its ASCII code less 48, which leaves digits as they
/// are (Receita Federal, Nota Técnica COCAD 49/2024, for numbers given from July 2026).
fn is_cnpj(text: &str) -> bool {
    let mut values = [0; 14];
    let mut count = 0;
    for letter in text.bytes().filter(u8::is_ascii_alphanumeric) {
        let Some(value) = values.get_mut(count) else { return false };
        *value = letter.to_ascii_uppercase() - b'0';
        count += 1;
    }
    let weights = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    count == 14
        && !is_repeated(&values)
        && check_of(weighted(&values[..12], &weights[1..])) == u32::from(values[12])
        && check_of(weighted(&values[..13], &weights)) == u32::from(values[13])
}

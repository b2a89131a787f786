//! Passports and driving licences of the United States, which have no check digit.

use crate::guard::finding::{Entity, Recognizer, Strength};
use crate::guard::pii::checks::has_varied_digits;

/// What announces a licence whatever is written after it.
const LICENSE: &[&str] = &[
    "driver's license",
    "drivers license",
    "driver license",
    "driver’s license",
    "driver's licence",
    "drivers licence",
    "driver licence",
    "driving license",
    "license number",
    "license no",
    "license #",
    "licence number",
    "dl number",
    "dl no",
    "dl #",
    "dln",
    "dmv",
    "state id",
];

/// What announces one only where letters stand before the digits.
const LICENSE_OR_SO: &[&str] = &["dl", "license", "licence", "driver's", "drivers", "driving", "cdl"];

/// What is looked for.
pub(super) const RECOGNIZERS: &[Recognizer] = &[
    Recognizer {
        entity: Entity::UsPassport,
        pattern: "[A-Z0-9][0-9]{8}",
        is_valid: has_digits,
        strength: Strength::Form,
        alone: 0.1,
        in_context: 0.7,
        context: &["passport", "passports", "passport number", "passport no", "travel document", "pasaporte"],
    },
    Recognizer {
        entity: Entity::UsPassport,
        pattern: "[A-Z0-9][0-9]{8}",
        is_valid: has_digits,
        strength: Strength::Form,
        alone: 0.1,
        in_context: 0.9,
        context: &["us passport", "u.s. passport", "usa passport", "american passport", "united states passport"],
    },
    Recognizer {
        entity: Entity::UsDriverLicense,
        pattern: STATE_NUMBER,
        is_valid: has_digits,
        strength: Strength::Form,
        alone: 0.1,
        in_context: 0.8,
        context: LICENSE,
    },
    Recognizer {
        entity: Entity::UsDriverLicense,
        pattern: STATE_NUMBER_WITH_LETTERS,
        is_valid: has_digits,
        strength: Strength::Form,
        alone: 0.2,
        in_context: 0.65,
        context: LICENSE_OR_SO,
    },
];

/// The forms that the states write (AAMVA's list of licence formats): digits only, with one to three letters before or
/// one or two after, in the middle (Iowa, Missouri, New Hampshire), in groups (Florida, Illinois, Indiana,
/// Kansas, Kentucky, Maryland, New Jersey, North Dakota, Pennsylvania, Virginia, Wisconsin, Wyoming), and Washington's.
macro_rules! with_letters {
    () => {
        concat!(
            "[A-Z][0-9]{3}(?:-[0-9]{3}-[0-9]{2}-[0-9]{3}-[0-9]|-[0-9]{4}-[0-9]{4}(?:-[0-9]{2})?|(?: [0-9]{3}){3,4})",
            "|[A-Z][0-9]{2}-[0-9]{2}-[0-9]{4}|[A-Z][0-9]{2}-[0-9]{3}-[0-9]{3}|[A-Z](?:-[0-9]{3}){4}",
            "|[A-Z][0-9]{4} [0-9]{5} [0-9]{5}|[A-Z]{3}-[0-9]{2}-[0-9]{4}",
            "|WDL[A-Z0-9]{9}|[0-9]{3}[A-Z]{1,2}[0-9]{4,6}|[0-9]{2}[A-Z]{3}[0-9]{5}",
        )
    };
}

const STATE_NUMBER: &str = concat!(
    with_letters!(),
    "|[A-Z]{0,3}[0-9]{6,14}[A-Z]{0,2}|[A-Z]{1,2}[0-9]{4,5}",
    "|[0-9]{2}-[0-9]{3}-[0-9]{4}|[0-9]{3} [0-9]{3} [0-9]{3}|[0-9]{4}-[0-9]{2}-[0-9]{4}|[0-9]{6}-[0-9]{3}",
    "|[0-9]{2} [0-9]{3} [0-9]{3}",
);

const STATE_NUMBER_WITH_LETTERS: &str = concat!(with_letters!(), "|[A-Z]{1,3}[0-9]{6,14}");

/// Four digits at least: fewer are words and models.
fn has_digits(text: &str) -> bool {
    has_varied_digits(text, 4)
}

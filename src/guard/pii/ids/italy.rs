//! Italy's fiscal code.

use crate::guard::finding::{Entity, Recognizer, Strength};
use crate::guard::pii::checks::is_short_date;

/// The letters that stand for 0 to 9 where two persons would have the same code (omocodia).
const OMOCODIA: &[u8; 10] = b"LMNPQRSTUV";

/// The months, January first.
const MONTHS: &[u8; 12] = b"ABCDEHLMPRST";

/// What 0 to 9 and A to Z count at odd places (Decreto ministeriale 23 dicembre 1976; A counts as 0, B as 1, …).
const ODD: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/// What is looked for.
pub(super) const RECOGNIZERS: &[Recognizer] = &[Recognizer {
    entity: Entity::ItFiscalCode,
    pattern: concat!(
        "(?i:[A-Z]{3} ?[A-Z]{3} ?[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2} ?",
        "[A-Z][0-9LMNP-V]{3}[A-Z])",
    ),
    is_valid: is_fiscal_code,
    strength: Strength::Checksum,
    alone: 0.9,
    in_context: 1.0,
    context: &["codice fiscale", "cod. fisc.", "c.f.", "cf", "fiscal code", "tax code"],
}];

/// The digit at `at`, which may be written as a letter.
fn digit(code: &[u8; 16], at: usize) -> Option<u32> {
    let byte = code[at];
    let letter = OMOCODIA.iter().position(|letter| *letter == byte).map(|digit| digit as u32);
    char::from(byte).to_digit(10).or(letter)
}

fn value(byte: u8) -> usize {
    usize::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' })
}

/// Date of birth (40 added to a woman's day), and the last letter over all others, odd and even places differently.
fn is_fiscal_code(text: &str) -> bool {
    let mut code = [0; 16];
    let mut count = 0;
    for byte in text.bytes().filter(u8::is_ascii_alphanumeric) {
        let Some(place) = code.get_mut(count) else { return false };
        *place = byte.to_ascii_uppercase();
        count += 1;
    }
    let at = |place| digit(&code, place);
    let (Some(years), Some(year), Some(tens), Some(ones)) = (at(6), at(7), at(9), at(10)) else { return false };
    let month = MONTHS.iter().position(|month| *month == code[8]).map_or(0, |month| month as u32 + 1);
    let day = tens * 10 + ones;
    let day = if day > 40 { day - 40 } else { day };
    let rest = code[..15].iter().enumerate().map(|(at, byte)| match at % 2 {
        0 => ODD[value(*byte)],
        _ => value(*byte) as u32,
    });
    count == 16
        && is_short_date(years * 10 + year, month, day)
        && code.iter().any(u8::is_ascii_digit)
        && code[15].is_ascii_uppercase()
        && rest.sum::<u32>() % 26 == value(code[15]) as u32
}

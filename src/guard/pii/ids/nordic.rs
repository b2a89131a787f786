//! Numbers of Sweden and Finland.

use crate::guard::finding::{Entity, Recognizer, Strength};
use crate::guard::pii::checks::{digits, is_date, is_short_date, luhn, number};

const SWEDISH: &[&str] = &[
    "personnummer",
    "person nr",
    "personnr",
    "pnr",
    "samordningsnummer",
    "personal identity number",
    "swedish id",
    "födelsenummer",
];

const FINNISH: &[&str] =
    &["henkilötunnus", "henkilötunnuksensa", "hetu", "personbeteckning", "finnish id", "personal identity code"];

/// The characters that each remainder by 31 is written as (Digi- ja väestötietovirasto).
const CHECKS: &[u8; 31] = b"0123456789ABCDEFHJKLMNPRSTUVWXY";

/// What is looked for.
pub(super) const RECOGNIZERS: &[Recognizer] = &[
    Recognizer {
        entity: Entity::SePersonnummer,
        pattern: "(?:18|19|20)?[0-9]{6}[-+][0-9]{4}",
        is_valid: is_clearly_swedish,
        strength: Strength::Checksum,
        alone: 0.8,
        in_context: 0.95,
        context: SWEDISH,
    },
    Recognizer {
        entity: Entity::SePersonnummer,
        pattern: "(?:18|19|20)?[0-9]{6}[-+ ]?[0-9]{4}",
        is_valid: is_swedish,
        strength: Strength::Checksum,
        alone: 0.4,
        in_context: 0.95,
        context: SWEDISH,
    },
    Recognizer {
        entity: Entity::FiPersonalIdentityCode,
        pattern: "(?i:[0-3][0-9][01][0-9]{3}[-+ABCDEFUVWXY][0-9]{3}[0-9A-FHJ-NPR-Y])",
        is_valid: is_clearly_finnish,
        strength: Strength::Checksum,
        alone: 0.9,
        in_context: 1.0,
        context: FINNISH,
    },
    Recognizer {
        entity: Entity::FiPersonalIdentityCode,
        pattern: "[0-3][0-9][01][0-9]{3}-[0-9]{4}",
        is_valid: is_finnish,
        strength: Strength::Checksum,
        alone: 0.4,
        in_context: 0.95,
        context: FINNISH,
    },
];

/// Date of birth, 60 added to the day of a coordination number, and Luhn's check digit over the last ten (Skatteverket,
/// SKV 704 and 707).
fn is_swedish(text: &str) -> bool {
    let ten = text.bytes().filter(u8::is_ascii_digit).skip(digits::<12>(text).map_or(0, |_| 2));
    let mut last = [0; 10];
    let mut count = 0;
    for digit in ten {
        let Some(place) = last.get_mut(count) else { return false };
        *place = digit - b'0';
        count += 1;
    }
    let (year, month, day) = (number(&last[..2]), number(&last[2..4]), number(&last[4..6]));
    let day = if day > 60 { day - 60 } else { day };
    let dated = match digits::<12>(text) {
        Some(digits) => is_date(number(&digits[..4]), month, day),
        None => is_short_date(year, month, day),
    };
    count == 10 && dated && number(&last[6..]) > 9 && luhn(&last)
}

/// Whether `text` may as well be a day since 2000 and a time of day, as builds, logs and files are named: YYMMDD or
/// YYYYMMDD, a dash, HHMM.
fn is_time_stamp(text: &str) -> bool {
    let Some((day, time)) = text.split_once('-') else { return false };
    let day = day.strip_prefix("20").filter(|_| day.len() == 8).unwrap_or(day);
    let (Ok(day), Ok(time), 6) = (day.parse::<u32>(), time.parse::<u32>(), day.len()) else { return false };
    day < 360_000 && is_short_date(day / 10_000, day / 100 % 100, day % 100) && time < 2400 && time % 100 < 60
}

fn is_clearly_swedish(text: &str) -> bool {
    is_swedish(text) && !is_time_stamp(text)
}

fn is_clearly_finnish(text: &str) -> bool {
    is_finnish(text) && !is_time_stamp(text)
}

/// Date of birth, a sign for the century (new ones since 2023), a number from 002 on, and the remainder of all nine
/// digits by 31 (Valtioneuvoston asetus 128/2010, 690/2022).
fn is_finnish(text: &str) -> bool {
    let [date @ .., _, a, b, c, check] = text.as_bytes() else { return false };
    let mut nine = [0; 9];
    for (place, byte) in nine.iter_mut().zip(date.iter().chain([a, b, c])) {
        *place = byte.wrapping_sub(b'0');
    }
    let (day, month, year) = (number(&nine[..2]), number(&nine[2..4]), number(&nine[4..6]));
    text.len() == 11
        && nine.iter().all(|digit| *digit <= 9)
        && is_short_date(year, month, day)
        && number(&nine[6..]) >= 2
        && CHECKS[(number(&nine) % 31) as usize] == check.to_ascii_uppercase()
}

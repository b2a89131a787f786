//! Dates that are said to be of birth.

use crate::guard::finding::{Entity, Recognizer, Strength};
use crate::guard::pii::checks::{is_date, is_short_date};

const BIRTH: &[&str] = &[
    "dob",
    "d.o.b.",
    "d.o.b",
    "date of birth",
    "birth date",
    "birthdate",
    "birthday",
    "birth day",
    "dateofbirth",
    "born",
    "born on",
    "geburtsdatum",
    "geburtstag",
    "geboren",
    "geboren am",
    "geb.",
    "geb",
    "date de naissance",
    "né le",
    "née le",
    "né",
    "née",
    "ne le",
    "nee le",
    "fecha de nacimiento",
    "nacido",
    "nacida",
    "nació",
    "f. nac.",
    "data di nascita",
    "nato il",
    "nata il",
    "nato",
    "nata",
    "data de nascimento",
    "nascido",
    "nascida",
    "nasceu",
    "geboortedatum",
    "data urodzenia",
    "urodzony",
    "urodzona",
    "ur.",
    "födelsedatum",
    "född",
    "fødselsdato",
    "født",
    "syntymäaika",
    "syntynyt",
    "doğum tarihi",
    "doğum",
    "doğumlu",
    "data nașterii",
    "născut",
    "datum narození",
    "дата рождения",
    "родился",
    "родилась",
    "生年月日",
    "出生日期",
    "出生",
    "생년월일",
    "تاريخ الميلاد",
    "जन्म तिथि",
    "תאריך לידה",
];

/// The beginnings of the months' names, January first, in English, German, French, Spanish, Italian, Portuguese, Dutch,
/// Polish, Swedish, Finnish, Turkish and Russian.
const MONTHS: [&[&str]; 12] = [
    &["jan", "jän", "ene", "gen", "sty", "tammi", "oca", "янв"],
    &["feb", "fév", "fev", "lut", "helmi", "şub", "фев"],
    &["mar", "mär", "mrt", "maa", "mrz", "мар"],
    &["apr", "avr", "abr", "kwi", "huhti", "nis", "апр"],
    &["may", "mai", "mei", "mag", "maj", "touko", "мая"],
    &["jun", "juin", "giu", "cze", "kesä", "haz", "июн"],
    &["jul", "juil", "lug", "lip", "heinä", "tem", "июл"],
    &["aug", "aoû", "aou", "ago", "sie", "elo", "ağu", "авг"],
    &["sep", "set", "wrz", "syys", "eyl", "сен"],
    &["oct", "okt", "ott", "out", "paź", "loka", "eki", "окт"],
    &["nov", "lis", "marras", "kas", "ноя"],
    &["dec", "dez", "déc", "dic", "gru", "joulu", "ara", "дек"],
];

/// What is looked for.
pub(super) const RECOGNIZERS: &[Recognizer] = &[Recognizer {
    entity: Entity::DateOfBirth,
    pattern: concat!(
        // Year first: 1985-03-12, 1985/3/12, 19850312, 1985年3月12日, 1985년 3월 12일.
        r"(?:18|19|20)[0-9]{2}(?:[-/. ][0-9]{1,2}[-/. ][0-9]{1,2}|[0-9]{4}|年[0-9]{1,2}月[0-9]{1,2}日",
        r"|년 ?[0-9]{1,2}월 ?[0-9]{1,2}일)",
        // Day or month first: 12.03.1985, 3/12/85, 12 - 03 - 1985.
        r"|[0-9]{1,2} ?[-/.] ?[0-9]{1,2} ?[-/.] ?(?:(?:18|19|20)[0-9]{2}|'?[0-9]{2})",
        r"|[0-9]{1,2} [0-9]{1,2} (?:18|19|20)[0-9]{2}",
        // With the month's name: 12 March 1985, 12-Mar-85, 12. März 1985, 1er mars 1985, 12 de marzo de 1985.
        r"|[0-9]{1,2}(?:st|nd|rd|th|er|º|\.)?[-/ ]{0,2}(?:of |de |d’|d')?\pL{3,12}\.?,?[-/ ]{0,2}(?:de |del )?'?",
        r"(?:(?:18|19|20)[0-9]{2}|[0-9]{2})",
        // Month first: March 12th, 1985.
        r"|\pL{3,9}\.? ?[0-9]{1,2}(?:st|nd|rd|th)?,? ?'?(?:(?:18|19|20)[0-9]{2})",
    ),
    is_valid: is_birth_date,
    strength: Strength::Form,
    alone: 0.2,
    in_context: 0.9,
    context: BIRTH,
}];

/// The month whose name, whole or shortened, `word` is.
fn month_of(word: &str) -> Option<u32> {
    let word = word.to_lowercase();
    MONTHS.iter().position(|names| names.iter().any(|name| word.starts_with(name))).map(|at| at as u32 + 1)
}

/// A year, month and day in one of the orders in use, the year with four digits or two.
fn is_birth_date(text: &str) -> bool {
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
    let parts = [numbers.next(), numbers.next(), numbers.next()];
    let named = text.split(|c: char| !c.is_alphabetic()).find(|word| word.chars().count() > 2).map(month_of);
    let value = |part: &str| part.parse::<u32>().unwrap_or(u32::MAX);
    match (parts, named) {
        ([Some(date), None, _], None) if date.len() == 8 => {
            is_life_date(value(&date[..4]), value(&date[4..6]), value(&date[6..]))
        }
        ([Some(day), Some(year), None], Some(Some(month))) => is_day(year, month, value(day)),
        ([Some(year), Some(month), Some(day)], None) if year.len() == 4 => is_day(year, value(month), value(day)),
        ([Some(first), Some(second), Some(year)], None) => {
            let (first, second) = (value(first), value(second));
            is_day(year, first, second) || is_day(year, second, first)
        }
        _ => false,
    }
}

fn is_day(year: &str, month: u32, day: u32) -> bool {
    match (year.parse(), year.len()) {
        (Ok(year), 4) => is_life_date(year, month, day),
        (Ok(year), 2) => is_short_date(year, month, day),
        _ => false,
    }
}

/// Nobody alive was born before 1880, and dates far ahead are none of birth.
fn is_life_date(year: u32, month: u32, day: u32) -> bool {
    (1880..2050).contains(&year) && is_date(year, month, day)
}

//! `language`: the language of the routed text, where it is sure.
//!
//! A script decides at once where one language writes it, or where letters tell its languages apart. Between languages in
//! Latin letters, common words are counted first: they tell short prompts apart, which trigrams cannot. Where these are
//! not enough, `whatlang`'s trigrams decide if they are sure, or less sure if they agree.

mod words;

use whatlang::{Lang, Script};

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "language",
    cost: Cost::Cheap,
    kind: Kind::Label(&LANGUAGES),
    may_be_absent: true,
    shape: Shape::Plain,
    requires: Requires::Nothing,
    doc: "the last message's language (ISO 639-1; none where it is not sure): send it to a model that speaks it",
    read,
};

/// Every code that there can be.
pub const LANGUAGES: [&str; 43] = [
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "gu", "he", "hi", "hr", "hu",
    "id", "it", "ja", "ka", "kn", "ko", "lt", "lv", "ml", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv",
    "th", "tr", "uk", "vi", "zh",
];

/// So much of a text is read, in bytes; more adds time and no certainty.
const READ: usize = 240;

/// Trigrams are believed from this on, between 0 and 1; and from this where the words point the same way.
const SURE: f64 = 0.5;
const AGREED: f64 = 0.02;

/// Between languages that letters have mostly told apart, less is enough.
const LIKELY: f64 = 0.1;

/// Below, a text is too short for trigrams alone, in letters.
const SHORTEST: usize = 12;

fn read<'a>(facts: &Facts<'a>, _: &Arg) -> Option<Value<'a>> {
    Some(Value::text(detect(facts.request().text)))
}

/// The language of `text` by its ISO 639-1 code; none where it is not sure. Reads the first letters.
pub fn detect(text: &str) -> Option<&'static str> {
    let text = text.trim_start();
    let text = &text[..text.floor_char_boundary(READ)];
    match whatlang::detect_script(text)? {
        Script::Latin => latin(text),
        Script::Mandarin if text.chars().any(|c| matches!(c, '\u{3040}'..='\u{30ff}')) => Some("ja"),
        Script::Mandarin => Some("zh"),
        Script::Katakana | Script::Hiragana => Some("ja"),
        Script::Hangul => Some("ko"),
        Script::Greek => Some("el"),
        Script::Thai => Some("th"),
        Script::Hebrew => Some("he"),
        Script::Arabic => words::arabic(text),
        Script::Cyrillic => words::cyrillic(text).or_else(|| russian(text)),
        // Marathi and Nepali are told from Hindi only where trigrams are sure of them.
        Script::Devanagari => match whatlang::detect(text) {
            Some(found) if found.lang() != Lang::Hin && found.confidence() >= SURE => None,
            _ => Some("hi"),
        },
        _ => by_trigrams(text, SURE),
    }
}

fn latin(text: &str) -> Option<&'static str> {
    let vote = words::vote(text);
    if let Some(vote) = vote.filter(|vote| vote.is_sure) {
        return Some(vote.code);
    }
    let found = whatlang::detect(text)?;
    let agreed = vote.filter(|vote| code(found.lang()) == Some(vote.code) && found.confidence() >= AGREED);
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let alone = found.confidence() >= SURE && letters >= SHORTEST;
    if alone { code(found.lang()) } else { agreed.map(|vote| vote.code) }
}

/// Where letters and words said nothing: Russian is likely, the others would have shown.
fn russian(text: &str) -> Option<&'static str> {
    let found = whatlang::detect(text)?;
    let enough = if found.lang() == Lang::Rus { LIKELY } else { SURE };
    if found.confidence() >= enough { code(found.lang()) } else { None }
}

fn by_trigrams(text: &str, least: f64) -> Option<&'static str> {
    whatlang::detect(text).filter(|found| found.confidence() >= least).and_then(|found| code(found.lang()))
}

fn code(lang: Lang) -> Option<&'static str> {
    Some(match lang {
        Lang::Ara => "ar",
        Lang::Bul => "bg",
        Lang::Ben => "bn",
        Lang::Cat => "ca",
        Lang::Ces => "cs",
        Lang::Dan => "da",
        Lang::Deu => "de",
        Lang::Eng => "en",
        Lang::Spa => "es",
        Lang::Est => "et",
        Lang::Pes => "fa",
        Lang::Fin => "fi",
        Lang::Fra => "fr",
        Lang::Guj => "gu",
        Lang::Heb => "he",
        Lang::Hin => "hi",
        Lang::Hrv => "hr",
        Lang::Hun => "hu",
        Lang::Ind => "id",
        Lang::Ita => "it",
        Lang::Kat => "ka",
        Lang::Kan => "kn",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Mal => "ml",
        Lang::Nld => "nl",
        Lang::Nob => "no",
        Lang::Pol => "pl",
        Lang::Por => "pt",
        Lang::Ron => "ro",
        Lang::Rus => "ru",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Srp => "sr",
        Lang::Swe => "sv",
        Lang::Tur => "tr",
        Lang::Ukr => "uk",
        Lang::Vie => "vi",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_prompts_are_told_apart() {
        for (text, code) in [
            ("Tell me a joke.", "en"),
            ("What is the weather?", "en"),
            ("Erzähl mir einen Witz", "de"),
            ("Wie ist das Wetter heute?", "de"),
            ("Quelle heure est-il ?", "fr"),
            ("¿Qué tiempo hace hoy?", "es"),
            ("Che ore sono?", "it"),
            ("Qual é a capital do Brasil?", "pt"),
            ("Wat is de hoofdstad van Nederland?", "nl"),
            ("今天天气怎么样?", "zh"),
            ("東京の天気は?", "ja"),
            ("오늘 날씨 어때?", "ko"),
            ("Какая сегодня погода?", "ru"),
            ("ما هو الطقس اليوم؟", "ar"),
        ] {
            assert_eq!(detect(text), Some(code), "{text}");
        }
    }

    #[test]
    fn what_is_not_sure_is_none() {
        for text in ["", "12345", "ok", "xqzt", "🙂", "a = b"] {
            assert_eq!(detect(text), None, "{text}");
        }
    }

    #[test]
    fn every_code_is_in_the_table() {
        assert!(LANGUAGES.is_sorted());
        let codes = Lang::all().iter().filter_map(|lang| code(*lang));
        assert!(codes.chain(words::codes()).all(|code| LANGUAGES.contains(&code)));
    }
}

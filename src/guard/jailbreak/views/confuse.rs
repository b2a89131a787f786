//! Letters that look like Latin ones become Latin, where they pretend to be.
//!
//! A word pretends if it mixes scripts, or if it has nothing but look-alikes while no word of the text is surely of that
//! script: Russian and Greek stay as they are. A word with a letter that looks like none stays too (`μm` does not, `Δx`
//! does), so that what comes out is either all Latin or untouched.

use super::letters::is_letter;
use super::vocabulary;

/// How a run of letters reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Latin letters only.
    Latin,
    /// Latin ones among others, all of which look Latin.
    Mixed,
    /// Only letters that look Latin and are not.
    LookAlike,
    /// At least one letter that looks like no Latin one.
    Other,
}

/// Styled letters that Unicode's compatibility forms leave alone, whatever stands around them, from `a` to `z`.
const SMALL_CAPITALS: [char; 26] = [
    'ᴀ', 'ʙ', 'ᴄ', 'ᴅ', 'ᴇ', 'ꜰ', 'ɢ', 'ʜ', 'ɪ', 'ᴊ', 'ᴋ', 'ʟ', 'ᴍ', 'ɴ', 'ᴏ', 'ᴘ', 'ꞯ', 'ʀ', 'ꜱ', 'ᴛ', 'ᴜ', 'ᴠ', 'ᴡ',
    '\0', 'ʏ', 'ᴢ',
];

/// Lower-cases `text` with its pretenders undone, and counts the words it changed for that.
pub(super) fn undone(text: &str) -> (String, usize) {
    let foreign = words(text).any(|(word, is_word)| is_word && script(word) == Script::Other);
    let mut out = String::with_capacity(text.len());
    let mut replaced = 0;
    for (word, is_word) in words(text) {
        let pretends = is_word
            && match script(word) {
                Script::Latin | Script::Other => false,
                Script::Mixed => true,
                Script::LookAlike => !foreign || is_known(word),
            };
        if pretends {
            // A letter of its own is a slip of the keyboard.
            replaced += usize::from(word.chars().nth(2).is_some());
            out.extend(word.chars().map(|c| latin(c).unwrap_or(c)).flat_map(char::to_lowercase));
        } else {
            out.extend(word.chars().flat_map(char::to_lowercase));
        }
    }
    (out, replaced)
}

/// Whether a word of look-alikes makes a word that surely is meant: short ones are words of either script.
fn is_known(word: &str) -> bool {
    let latin: String = word.chars().filter_map(latin).collect();
    latin.len() > 4 && vocabulary::knows(&latin)
}

/// Runs of letters, and of what is between them.
fn words(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let is_word = is_letter(first);
        let end = rest.find(|c: char| is_letter(c) != is_word).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some((word, is_word))
    })
}

fn script(word: &str) -> Script {
    let mut letters = word.chars();
    // `μm`, `μTorrent`, `αD`: notation.
    let greek = letters.next().filter(|c| matches!(c, '\u{370}'..='\u{3ff}'));
    if greek.is_some_and(|c| matches!(c, 'μ' | 'Μ') || letters.as_str().len() < 2) && letters.as_str().is_ascii() {
        return Script::Other;
    }
    let (mut latin_letters, mut others) = (false, false);
    for c in word.chars() {
        match c {
            'a'..='z' | 'A'..='Z' => latin_letters = true,
            c if latin(c).is_some() => others = true,
            '\u{c0}'..='\u{2af}' | '\u{1d00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}' => {
                latin_letters = true
            }
            _ => return Script::Other,
        }
    }
    match (latin_letters, others) {
        (_, false) => Script::Latin,
        (true, true) => Script::Mixed,
        (false, true) => Script::LookAlike,
    }
}

/// Flag letters become plain ones, unless they come in the pairs that make flags.
pub(super) fn unflagged(text: String) -> String {
    if !text.contains(is_regional) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find(is_regional) {
        let (before, from) = rest.split_at(start);
        let (flags, after) = from.split_at(from.find(|c| !is_regional(c)).unwrap_or(from.len()));
        out.push_str(before);
        let letter = |c: char| char::from_u32(c as u32 - 0x1f1e6 + u32::from(b'a')).unwrap_or(c);
        let pair = flags.chars().count() == 2;
        out.extend(flags.chars().map(|c| if pair { c } else { letter(c) }));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn is_regional(c: char) -> bool {
    matches!(c, '\u{1f1e6}'..='\u{1f1ff}')
}

/// The Latin letter that `c`, or its lower case, looks like.
fn latin(c: char) -> Option<char> {
    match c {
        '\u{180}'..='\u{2af}'
        | '\u{370}'..='\u{58f}'
        | '\u{13a0}'..='\u{13ff}'
        | '\u{1d00}'..='\u{1d22}'
        | '\u{2c60}'..='\u{2c7f}'
        | '\u{a720}'..='\u{a7ff}' => {
            look_alike(c).or_else(|| c.to_lowercase().next().filter(|lower| *lower != c).and_then(look_alike))
        }
        _ => None,
    }
}

fn look_alike(c: char) -> Option<char> {
    let styled = !matches!(c, '\u{370}'..='\u{13ff}');
    if let Some(at) = SMALL_CAPITALS.iter().position(|&small| styled && small == c) {
        return u32::try_from(at).ok().and_then(|at| char::from_u32(u32::from(b'a') + at));
    }
    Some(match c {
        'а' | 'А' | 'α' | 'Α' | 'ɑ' | 'Ꭺ' => 'a',
        'в' | 'В' | 'Β' | 'β' | 'Ᏼ' => 'b',
        'с' | 'С' | 'Ꮯ' => 'c',
        'ԁ' | 'Ԁ' | 'Ꭰ' => 'd',
        'е' | 'Е' | 'є' | 'Є' | 'ε' | 'Ε' | 'Ꭼ' => 'e',
        'ɡ' | 'Ꮐ' => 'g',
        'н' | 'Н' | 'һ' | 'Һ' | 'Η' | 'Ꮋ' => 'h',
        'і' | 'І' | 'ι' | 'Ι' | 'ı' | 'Ꭵ' => 'i',
        'ј' | 'Ј' | 'ϳ' | 'Ꭻ' => 'j',
        'к' | 'К' | 'κ' | 'Κ' | 'Ꮶ' => 'k',
        'ӏ' | 'Ӏ' | 'Ꮮ' => 'l',
        'м' | 'М' | 'Μ' | 'Ꮇ' => 'm',
        'η' | 'Ν' => 'n',
        'о' | 'О' | 'ο' | 'Ο' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' | 'Ꮲ' => 'p',
        'ԛ' | 'Ԛ' => 'q',
        'Ꮢ' => 'r',
        'ѕ' | 'Ѕ' | 'Ꮪ' => 's',
        'т' | 'Т' | 'τ' | 'Τ' | 'Ꭲ' => 't',
        'υ' | 'μ' => 'u',
        'ѵ' | 'Ѵ' | 'ν' | 'Ꮩ' => 'v',
        'ԝ' | 'Ԝ' | 'Ꮃ' => 'w',
        'х' | 'Х' | 'χ' | 'Χ' => 'x',
        'у' | 'У' | 'ү' | 'Ү' | 'Υ' => 'y',
        'Ζ' | 'Ꮓ' => 'z',
        _ => return None,
    })
}

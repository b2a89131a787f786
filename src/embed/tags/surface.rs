//! What of a token's writing an uncased encoder does not see, as bits for the head. Pure.
//!
//! A piece's word is the longest run of letters and digits that holds its first character, in the text as it was
//! written; where that is neither, it is the piece itself. Trained heads know the bits by their places.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

const BEGINS_UPPER: u16 = 1 << 0;
const UPPER: u16 = 1 << 1;
const ALL_UPPER: u16 = 1 << 2;
const UPPER_WITHIN: u16 = 1 << 3;
const DIGIT: u16 = 1 << 4;
const ONLY_DIGITS: u16 = 1 << 5;
const NO_WORD: u16 = 1 << 6;
const BEGINS: u16 = 1 << 7;
const FIRST_ON_LINE: u16 = 1 << 8;
const AFTER_STOP: u16 = 1 << 9;
const LAST_ON_LINE: u16 = 1 << 10;
const AFTER_OPENING: u16 = 1 << 11;
const NOT_ASCII: u16 = 1 << 12;
const SHORT: u16 = 1 << 13;
const CASED_TEXT: u16 = 1 << 14;
const BEFORE_DOT: u16 = 1 << 15;

/// What ends a sentence, or announces something.
const STOPS: [char; 4] = ['.', '!', '?', ':'];

/// Quotes that may open, and brackets that do.
const OPENINGS: [char; 14] = ['"', '\'', '(', '[', '<', '{', '“', '‘', '«', '„', '‚', '›', '‹', '`'];

/// A word, and what is so for each of its pieces.
#[derive(Debug)]
struct Word {
    range: Range<usize>,
    marks: u16,
}

/// The bits of each of `pieces`, bytes of `text`, of which `read` is what the encoder reads. None for a piece without
/// bytes: it marks an end. Takes time by the text's length, whatever is in it.
pub(super) fn marks(text: &str, read: &Range<usize>, pieces: &[Range<usize>]) -> Vec<u16> {
    let is_cased = text.get(read.clone()).is_some_and(|read| read.contains(char::is_uppercase));
    let cased = if is_cased { CASED_TEXT } else { 0 };
    let mut word: Option<Word> = None;
    let of = |piece: &Range<usize>| {
        if piece.is_empty() || text.get(piece.clone()).is_none() {
            return 0;
        }
        if word.as_ref().is_none_or(|word| !word.range.contains(&piece.start)) {
            word = Some(Word::around(text, piece));
        }
        word.as_ref().map_or(0, |word| cased | word.marks(piece))
    };
    pieces.iter().map(of).collect()
}

// === impl Word ===

impl Word {
    fn around(text: &str, piece: &Range<usize>) -> Self {
        let (before, after) = text.split_at(piece.start);
        let range = if after.starts_with(is_of_word) {
            let start = before.trim_end_matches(is_of_word).len();
            start..text.len() - after.trim_start_matches(is_of_word).len()
        } else {
            piece.clone()
        };
        let marks = within(&text[range.clone()]) | around(&text[..range.start], &text[range.end..]);
        Self { range, marks }
    }

    fn marks(&self, piece: &Range<usize>) -> u16 {
        if piece.start != self.range.start {
            return self.marks;
        }
        let upper = if self.marks & UPPER != 0 { BEGINS_UPPER } else { 0 };
        self.marks | BEGINS | upper
    }
}

/// What a word's own characters tell.
fn within(word: &str) -> u16 {
    let short = when(word.chars().nth(2).is_none(), SHORT);
    if !word.starts_with(is_of_word) {
        return short | NO_WORD;
    }
    let letters = word.chars().filter(|character| character.is_alphabetic()).count();
    let upper = word.chars().filter(|character| character.is_uppercase()).count();
    let is_all_upper = letters >= 2 && upper == letters;
    let is_upper_within = !is_all_upper && word.chars().skip(1).any(char::is_uppercase);
    short
        | when(word.starts_with(char::is_uppercase), UPPER)
        | when(is_all_upper, ALL_UPPER)
        | when(is_upper_within, UPPER_WITHIN)
        | when(word.contains(char::is_numeric), DIGIT)
        | when(word.chars().all(char::is_numeric), ONLY_DIGITS)
        | when(word.contains(|character: char| character.is_alphabetic() && !character.is_ascii()), NOT_ASCII)
}

/// What stands before and after a word tells.
fn around(before: &str, after: &str) -> u16 {
    let is_space = |character: char| character.is_whitespace() && character != '\n';
    let line = before.trim_end_matches(is_space);
    let is_first = line.is_empty() || line.ends_with('\n');
    let rest = after.trim_start_matches(is_space);
    when(is_first, FIRST_ON_LINE)
        | when(is_first || line.ends_with(STOPS), AFTER_STOP)
        | when(rest.is_empty() || rest.starts_with('\n'), LAST_ON_LINE)
        | when(before.ends_with(OPENINGS), AFTER_OPENING)
        | when(after.starts_with('.'), BEFORE_DOT)
}

/// Whether it is a letter or a digit. Signs that only mark another letter, such as vowels of Indic scripts, are none.
fn is_of_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character.is_alphanumeric() && !is_combining_mark(character)
}

fn when(is_so: bool, mark: u16) -> u16 {
    if is_so { mark } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that does not depend on a word's neighbours.
    const OWN: u16 =
        BEGINS_UPPER | UPPER | ALL_UPPER | UPPER_WITHIN | DIGIT | ONLY_DIGITS | NO_WORD | BEGINS | NOT_ASCII | SHORT;

    /// The bits of each of `pieces`, which stand in `text` one after another.
    fn of(text: &str, pieces: &[&str]) -> Vec<u16> {
        let mut at = 0;
        let place = |piece: &&str| {
            let start = at + text[at..].find(piece).unwrap();
            at = start + piece.len();
            start..at
        };
        let pieces: Vec<Range<usize>> = pieces.iter().map(place).collect();
        marks(text, &(0..text.len()), &pieces)
    }

    fn alone(word: &str) -> u16 {
        of(word, &[word])[0] & OWN
    }

    #[test]
    fn a_word_s_own_characters() {
        assert_eq!(alone("anna"), BEGINS);
        assert_eq!(alone("Anna"), BEGINS | BEGINS_UPPER | UPPER);
        assert_eq!(alone("ANNA"), BEGINS | BEGINS_UPPER | UPPER | ALL_UPPER);
        assert_eq!(alone("A"), BEGINS | BEGINS_UPPER | UPPER | SHORT, "one letter is not all");
        assert_eq!(alone("McKay"), BEGINS | BEGINS_UPPER | UPPER | UPPER_WITHIN);
        assert_eq!(alone("iPhone"), BEGINS | UPPER_WITHIN);
        assert_eq!(alone("B2B"), BEGINS | BEGINS_UPPER | UPPER | ALL_UPPER | DIGIT);
        assert_eq!(alone("221b"), BEGINS | DIGIT);
        assert_eq!(alone("1984"), BEGINS | DIGIT | ONLY_DIGITS);
        assert_eq!(alone("Łódź"), BEGINS | BEGINS_UPPER | UPPER | NOT_ASCII);
        assert_eq!(alone("東京"), BEGINS | NOT_ASCII | SHORT);
        assert_eq!(alone("٤٢"), BEGINS | DIGIT | ONLY_DIGITS | SHORT, "digits are no letters");
        assert_eq!(alone(","), BEGINS | NO_WORD | SHORT);
        assert_eq!(alone("🚂"), BEGINS | NO_WORD | SHORT);
        assert_eq!(alone("ा"), BEGINS | NO_WORD | SHORT, "a vowel sign alone");
    }

    #[test]
    fn pieces_of_a_word_share_what_the_word_has() {
        let [un, believ, able, dash] = of("Unbelievable-", &["Un", "believ", "able", "-"])[..] else { panic!() };
        assert_eq!([un & OWN, believ & OWN, able & OWN], [BEGINS | BEGINS_UPPER | UPPER, UPPER, UPPER]);
        assert_eq!(dash & OWN, BEGINS | NO_WORD | SHORT);
        let [euro, amount] = of("€100", &["€", "100"])[..] else { panic!() };
        assert_eq!([euro & OWN, amount & OWN], [BEGINS | NO_WORD | SHORT, BEGINS | DIGIT | ONLY_DIGITS]);
        let characters = of("東京都", &["東", "京", "都"]).iter().map(|marks| marks & OWN).collect::<Vec<_>>();
        assert_eq!(characters, [BEGINS | NOT_ASCII, NOT_ASCII, NOT_ASCII]);
    }

    #[test]
    fn places_on_a_line_and_in_a_sentence() {
        let text = "Dear Ann,\n \t12 Elm St.  \r\nSee? Yes";
        let pieces = ["Dear", "Ann", ",", "12", "Elm", "St", ".", "See", "?", "Yes"];
        let found = of(text, &pieces);
        let with = |mark: u16| -> Vec<&str> {
            pieces.iter().zip(&found).filter(|(_, marks)| *marks & mark != 0).map(|(piece, _)| *piece).collect()
        };
        assert_eq!(with(FIRST_ON_LINE), ["Dear", "12", "See"]);
        assert_eq!(with(AFTER_STOP), ["Dear", "12", "See", "Yes"]);
        assert_eq!(with(LAST_ON_LINE), [",", ".", "Yes"]);
        assert_eq!(with(BEFORE_DOT), ["St"]);
        assert_eq!(with(CASED_TEXT), pieces);
    }

    #[test]
    fn quotes_and_brackets_before_a_word() {
        let opened = |text: &str| of(text, &["it"])[0] & AFTER_OPENING != 0;
        for text in ["\"it", "'it'", "x (it)", "[it", "<it", "“it”", "‘it", "«it", "„it", "`it"] {
            assert!(opened(text), "{text}");
        }
        for text in ["it", "( it", "-it", ")it", "”it"] {
            assert!(!opened(text), "{text}");
        }
    }

    #[test]
    fn whether_a_text_knows_capitals_is_told_of_what_is_read() {
        let text = "all lower, then Upper";
        let pieces = [0..3, 4..9];
        assert!(marks(text, &(0..10), &pieces).iter().all(|marks| marks & CASED_TEXT == 0));
        assert!(marks(text, &(0..text.len()), &pieces).iter().all(|marks| marks & CASED_TEXT != 0));
    }

    #[test]
    fn what_has_no_bytes_has_no_marks() {
        assert_eq!(marks("Ann", &(0..3), &[0..0, 0..3, 3..3])[0], 0);
        assert_eq!(marks("Ann", &(0..3), &[0..0, 0..3, 3..3])[2], 0);
        assert_eq!(marks("日", &(0..3), &[0..1, 1..3]), [0, 0], "and half a character is none");
    }
}

//! One form for what is typed alike: lower case, compatibility forms, one space for any.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// `text` in lower case and compatibility forms (full width, ligatures, composed accents), its spaces and line breaks as
/// one space each, and nothing invisible. Accents stay: they tell words apart. Takes time in proportion to its length.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return fold_ascii(text);
    }
    let mut folded = Folded { text: String::with_capacity(text.len()), space: false };
    if is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        text.chars().for_each(|c| folded.lower(c));
    } else {
        text.nfkc().for_each(|c| folded.lower(c));
    }
    folded.text
}

/// The same of plain English, word by word, which takes a third of the time.
fn fold_ascii(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded.make_ascii_lowercase();
    folded
}

/// What a character is to words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A letter, a digit or `_`: words of these begin and end where others than these stand.
    Part,
    /// A letter of a script that is written without spaces: words of these begin and end anywhere.
    Unspaced,
    /// A sign or a space.
    Mark,
}

/// Whether a word may stand at `at` without a space before it: one side is no letter, or of a script without spaces.
pub(super) fn is_edge(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let (Some(&before), Some(&after)) = (at.checked_sub(1).and_then(|at| bytes.get(at)), bytes.get(at)) else {
        return true;
    };
    if before.is_ascii() && after.is_ascii() {
        return !(Class::of_byte(before) == Class::Part && Class::of_byte(after) == Class::Part);
    }
    let is_part = |c: char| Class::of(c) == Class::Part;
    !(text[..at].chars().next_back().is_some_and(is_part) && text[at..].chars().next().is_some_and(is_part))
}

/// The words of a text, each with what stands between it and the one before: of letters of one class, so that each begins
/// and ends at an edge.
pub(super) fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find(|c| Class::of(c) != Class::Mark)?;
        let (gap, from) = rest.split_at(start);
        let class = Class::of(from.chars().next()?);
        let (word, after) = from.split_at(from.find(|c| Class::of(c) != class).unwrap_or(from.len()));
        rest = after;
        Some((gap, word))
    })
}

/// Scripts that write words without spaces, and Korean, whose particles are written onto the word.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// A text in the making.
struct Folded {
    text: String,
    /// Whether a space is owed to the next character.
    space: bool,
}

// === impl Class ===

impl Class {
    pub(super) fn of(c: char) -> Self {
        match u8::try_from(c) {
            Ok(byte) if byte.is_ascii() => Self::of_byte(byte),
            _ if !c.is_alphanumeric() => Self::Mark,
            _ if is_unspaced(c) => Self::Unspaced,
            _ => Self::Part,
        }
    }

    fn of_byte(byte: u8) -> Self {
        if byte.is_ascii_alphanumeric() || byte == b'_' { Self::Part } else { Self::Mark }
    }
}

// === impl Folded ===

impl Folded {
    fn lower(&mut self, c: char) {
        match c {
            c if c.is_ascii() => self.push(c.to_ascii_lowercase()),
            'ß' | 'ẞ' => "ss".chars().for_each(|c| self.push(c)),
            'ς' => self.push('σ'),
            // What a capital I with a dot leaves behind.
            '\u{307}' if self.text.ends_with('i') => {}
            '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => {}
            '’' | '‘' => self.push('\''),
            c => c.to_lowercase().filter(|c| *c != '\u{307}').for_each(|c| self.push(c)),
        }
    }

    fn push(&mut self, c: char) {
        if c.is_whitespace() {
            self.space = !self.text.is_empty();
            return;
        }
        if std::mem::take(&mut self.space) {
            self.text.push(' ');
        }
        self.text.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_alike_becomes_the_same() {
        assert_eq!(fold("  Inner\n\t JOIN "), "inner join");
        assert_eq!(fold("STRASSE"), fold("Straße"));
        assert_eq!(fold("ＳＱＬ　ｔａｂｌｅ"), "sql table");
        assert_eq!(fold("cafe\u{301}"), fold("CAFÉ"));
        assert_eq!(fold("ΟΔΟΣ"), fold("οδος"));
        assert_eq!(fold("İstanbul"), "istanbul");
        assert_eq!(fold("key\u{200b}word don’t"), "keyword don't");
        assert_ne!(fold("schon"), fold("schön"));
    }

    #[test]
    fn ascii_is_folded_as_it_is_among_other_letters() {
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..1000 {
            let text: String = (0..random.usize(..20)).map(|_| char::from(random.u8(..128))).collect();
            let (alone, among) = (fold(&text), fold(&format!("{text} ñ")));
            assert_eq!(format!("{alone} ñ").trim_start(), among, "{text:?}");
        }
    }

    #[test]
    fn folding_what_is_folded_changes_nothing() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..3000 {
            let text: String = (0..random.usize(0..12)).map(|_| random.char('\0'..='\u{2fff}')).collect();
            let once = fold(&text);
            assert_eq!(fold(&once), once, "{text:?}");
        }
    }

    #[test]
    fn edges_are_where_words_end() {
        assert!(is_edge("a b", 1) && is_edge("ab", 0) && is_edge("ab", 2) && !is_edge("ab", 1));
        assert!(is_edge("c++", 1) && !is_edge("a_b", 1) && !is_edge("é1", 2));
        assert!(is_edge("数据库", 3) && is_edge("用sql吗", 3) && is_edge("데이터를", 9));
    }

    #[test]
    fn words_begin_and_end_at_edges() {
        let split = words(" a_b, c++é-用sql吗").collect::<Vec<_>>();
        assert_eq!(split, [(" ", "a_b"), (", ", "c"), ("++", "é"), ("-", "用"), ("", "sql"), ("", "吗")]);
        let mut random = fastrand::Rng::with_seed(21);
        for _ in 0..2000 {
            let text: String = (0..random.usize(..12))
                .map(|_| ['a', '_', '1', 'é', '用', '데', '-', ' '][random.usize(..8)])
                .collect();
            let mut at = 0;
            for (gap, word) in words(&text) {
                at += gap.len();
                assert!(is_edge(&text, at) && is_edge(&text, at + word.len()), "{text:?} {word:?}");
                at += word.len();
            }
        }
    }
}

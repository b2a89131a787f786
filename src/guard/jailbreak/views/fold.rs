//! One text for all that look alike: lower case, compatibility forms, no accents, nothing invisible.
//!
//! Accents go as well as marks piled up to hide a word, since people leave them out and attackers put them in; marks that
//! make another letter in other scripts (kana, Indic, Arabic) stay. Folding what is folded changes nothing.

use unicode_normalization::char::decompose_compatible;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::confuse;

/// A folded text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Folded {
    pub(crate) text: String,
    /// Whether the text had characters made to hide or to mislead: more than a stray zero-width space has reason for.
    pub(crate) hidden: bool,
}

/// Characters that speak for intent: so many are no accident.
const ODD: usize = 4;

/// Removes what is invisible while it counts what has no business in an ordinary text.
#[derive(Default)]
struct Visible {
    odd: usize,
    previous: char,
    marks: usize,
    /// Within the tag characters that end a flag.
    flag: bool,
}

/// Folds `text`. Takes time in proportion to its length; the outcome is at most four times as long.
pub(crate) fn fold(text: &str) -> Folded {
    if text.bytes().all(|byte| byte.is_ascii() && !is_control(byte)) {
        return Folded { text: text.to_ascii_lowercase(), hidden: false };
    }
    let mut visible = Visible::default();
    let mut plain = String::with_capacity(text.len());
    for c in text.chars().filter_map(|c| visible.pass(c)) {
        push_plain(c, &mut plain);
    }
    if is_nfc_quick(plain.chars()) != IsNormalized::Yes {
        plain = plain.nfc().collect();
    }
    let (text, replaced) = confuse::undone(&confuse::unflagged(plain));
    Folded { text, hidden: visible.odd + ODD * replaced >= ODD }
}

/// Appends the compatibility form of `c` without accents, and in the signs of a keyboard.
fn push_plain(c: char, out: &mut String) {
    match c {
        '\0'..='\x7f' => out.push(c),
        // Composed already, or without parts: Cyrillic but й and its like, kana, Chinese characters, Hangul syllables.
        'а'..='и'
        | 'к'..='я'
        | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' => out.push(c),
        c => decompose_compatible(c, |part| {
            if !is_mark(part) {
                out.push(as_typed(part));
            }
        }),
    }
}

fn is_control(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r') || byte == 0x7f
}

/// Accents and the marks that text is drowned in. Cyrillic and Greek letters lose theirs too.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Quotation marks, dashes and strokes as a keyboard has them.
fn as_typed(c: char) -> char {
    match c {
        '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{2bc}' | '\u{b4}' => '\'',
        '\u{201c}'..='\u{201f}' | '\u{2033}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2215}' | '\u{2044}' => '/',
        '\u{2223}' | '\u{01c0}' => '|',
        '\u{2028}' | '\u{2029}' | '\u{85}' => '\n',
        'ł' | 'Ł' => 'l',
        'ø' | 'Ø' => 'o',
        'đ' | 'Đ' => 'd',
        'ı' => 'i',
        c => enclosed(c).unwrap_or(c),
    }
}

/// White letters on black grounds, which have no compatibility form.
fn enclosed(c: char) -> Option<char> {
    let first = match c {
        '\u{1f150}'..='\u{1f169}' => 0x1f150,
        '\u{1f170}'..='\u{1f189}' => 0x1f170,
        _ => return None,
    };
    char::from_u32(c as u32 - first + u32::from(b'a'))
}

/// Letters that only a search for odd letters finds, as mathematical or enclosed ones.
fn is_styled(c: char) -> bool {
    matches!(c, '\u{1d400}'..='\u{1d7ff}' | '\u{24b6}'..='\u{24e9}' | '\u{249c}'..='\u{24b5}' | '\u{1f110}'..='\u{1f189}'
        | '\u{ff41}'..='\u{ff5a}')
}

// === impl Visible ===

impl Visible {
    fn pass(&mut self, c: char) -> Option<char> {
        if c.is_ascii() && !is_invisible(c) {
            (self.previous, self.marks, self.flag) = (c, 0, false);
            return Some(c);
        }
        if is_mark(c) {
            self.marks += 1;
            self.odd += usize::from(self.marks == 3);
            return None;
        }
        match c {
            '\u{e0020}'..='\u{e007e}' if !self.flag => return self.tagged(c),
            // Ligatures of whole words would make the text many times longer.
            '\u{fdf0}'..='\u{fdfb}' | '\u{3300}'..='\u{3357}' => return Some(' '),
            c if is_invisible(c) => {
                self.odd += usize::from(self.previous.is_ascii_alphabetic());
                return None;
            }
            _ => {}
        }
        // One alone is a variable of a formula.
        self.odd += usize::from(is_styled(c) && is_styled(self.previous));
        (self.previous, self.marks, self.flag) = (c, 0, c == '\u{1f3f4}');
        Some(c)
    }

    /// A tag character says an ASCII character that no one sees.
    fn tagged(&mut self, c: char) -> Option<char> {
        self.odd += ODD;
        char::from_u32(c as u32 - 0xe0000)
    }
}

//! A question's text as it is compared: what may differ between two texts that are the same question for certain.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfkc};

/// What stands in the text of code, where every sign counts.
const CODE: [char; 15] = ['`', '\\', '{', '}', '[', ']', '<', '>', '=', '|', '^', '*', '~', '_', '$'];

/// Words that a question begins with, if one of [`VERBS`] comes next.
const ASKING: [&str; 9] = ["what", "who", "whom", "whose", "where", "when", "why", "how", "which"];

/// Words that make a sentence a question after one of [`ASKING`], and most of them also where they come first.
const VERBS: [&str; 14] =
    ["is", "are", "was", "were", "does", "did", "do", "can", "could", "should", "would", "will", "am", "to"];

/// What two texts must share to be the same question: NFKC, white space once and not around, no closing punctuation. Case
/// is kept, and so is all that might bear meaning: lines, indentation, code, and the question mark of what would be no
/// question without it. In doubt the text stays as it is.
pub fn normalised(text: &str) -> Cow<'_, str> {
    let Some(text) = composed(text) else { return Cow::Borrowed(text) };
    if text.trim().contains(['\n', '\r', '\t', '\u{b}', '\u{c}', '\u{2028}', '\u{2029}']) || has_spaces_in_quotes(&text)
    {
        return text;
    }
    let end = end(text.trim());
    let start = text.len() - text.trim_start().len();
    let kept = start..start + end;
    let single = |kept: &str| !kept.contains("  ") && !kept.contains(|c: char| c.is_whitespace() && c != ' ');
    if single(&text[kept.clone()]) {
        return match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[kept]),
            Cow::Owned(text) => Cow::Owned(text[kept].to_owned()),
        };
    }
    Cow::Owned(text[kept].split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The text in NFKC; none if that would make other things equal, such as x² and x2.
fn composed(text: &str) -> Option<Cow<'_, str>> {
    if text.is_ascii() || is_nfkc(text) {
        return Some(Cow::Borrowed(text));
    }
    let is_form = |c: char| {
        matches!(c, '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' | '…')
            || matches!(c, '\u{fb00}'..='\u{fb06}' | '\u{ff01}'..='\u{ff5e}' | '\u{ff61}'..='\u{ff9f}')
    };
    let keeps_meaning = |c: char| is_form(c) || std::iter::once(c).nfkc().eq(std::iter::once(c).nfc());
    text.chars().all(keeps_meaning).then(|| text.nfkc().collect::<String>().into())
}

fn has_spaces_in_quotes(text: &str) -> bool {
    let wide = |text: &str| text.chars().zip(text.chars().skip(1)).any(|(a, b)| a.is_whitespace() && b.is_whitespace());
    text.contains(['"', '\'', '`', '“', '‘', '«', '「', '„', '’']) && wide(text.trim())
}

/// Where the text ends without its closing punctuation.
fn end(text: &str) -> usize {
    let whole = text.len();
    if text.contains(CODE) {
        return whole;
    }
    let rest = text.trim_end_matches(|c: char| is_closing(c) || c.is_whitespace());
    let closing = &text[rest.len()..];
    let Some(last) = rest.chars().next_back() else { return whole };
    // "5!" is a number, and a sign after another is hardly the end of a sentence.
    let sentence = last.is_alphanumeric() || matches!(last, ')' | '"' | '”' | '’' | '\'' | '»' | '」');
    let factorial = closing.contains(['!', '！']) && (last.is_numeric() || last == ')' || is_single_letter(rest));
    if !sentence || factorial || (closing.contains(['?', '？']) && !is_question(rest)) {
        return whole;
    }
    rest.len()
}

fn is_closing(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '．' | '！' | '？' | '｡')
}

fn is_single_letter(text: &str) -> bool {
    let mut chars = text.chars().rev();
    chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none_or(|c| !c.is_alphabetic())
}

/// Whether the sentence is a question without its mark.
fn is_question(text: &str) -> bool {
    // The last sentence is the one that the mark belongs to.
    let sentence = text.rsplit(is_closing).next().unwrap_or(text);
    let mut words = sentence.split_whitespace().map(|word| word.to_lowercase().replace('’', "'"));
    let (Some(first), Some(second)) = (words.next(), words.next()) else { return false };
    if let Some(asking) = first.strip_suffix("'s") {
        return ASKING.contains(&asking) && words.next().is_some();
    }
    if ASKING.contains(&first.as_str()) {
        let counts = first == "how" && ["many", "much", "long", "often", "far", "old"].contains(&second.as_str());
        return VERBS.contains(&second.as_str()) || counts;
    }
    let orders = ["do", "to", "will", "am"].contains(&first.as_str());
    VERBS.contains(&first.as_str()) && !orders && !["be", "do", "have", "not"].contains(&second.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(texts: &[&str]) {
        for text in texts {
            assert_eq!(normalised(text), normalised(texts[0]), "{text:?}");
        }
    }

    #[track_caller]
    fn other(a: &str, b: &str) {
        assert_ne!(normalised(a), normalised(b));
    }

    #[test]
    fn closing_punctuation_and_white_space_do_not_count() {
        same(&["What is Rust", "What is Rust?", " What  is Rust ?\n", "What\u{a0}is Rust??", "What is Rust？"]);
        same(&["Tell me a joke", "Tell me a joke.", "Tell me a joke!", "Tell me a joke...", "Tell me a joke…"]);
        same(&["yes", "yes!", "yes."]);
        same(&["Is it late", "Is it late?"]);
        same(&["Ｗhat is １２?", "What is 12?"]);
        same(&["What's up with C", "What's up with C?"]);
        same(&["caf\u{e9}", "cafe\u{301}"]);
        same(&["今日は晴れ。", "今日は晴れ"]);
    }

    #[test]
    fn a_mark_that_makes_the_question_counts() {
        other("You are sure?", "You are sure.");
        other("Really?", "Really");
        other("Do it?", "Do it.");
        other("Could be?", "Could be.");
        other("I am late. You are sure?", "I am late. You are sure.");
        other("What is 5!", "What is 5");
        other("What is n!", "What is n");
    }

    #[test]
    fn what_bears_meaning_counts() {
        for (a, b) in [
            ("x²", "x2"),
            ("10⁵", "105"),
            ("H₂O", "H2O"),
            ("½", "1/2"),
            ("①", "1"),
            ("C#", "C"),
            ("C++", "C"),
            ("What is Rust", "What is rust"),
            ("print 'a  b'", "print 'a b'"),
            ("a\n  b", "a b"),
            ("if x:\n\ty", "if x: y"),
            ("roses are red\nviolets", "roses are red violets"),
            ("match ab.", "match `ab."),
            ("What does [ab]?", "What does [ab]"),
            ("???", "."),
            ("-", "–"),
        ] {
            other(a, b);
        }
    }

    #[test]
    fn a_text_that_is_normal_is_not_copied() {
        assert!(matches!(normalised("What is Rust?"), Cow::Borrowed("What is Rust")));
        assert!(matches!(normalised(""), Cow::Borrowed("")));
        assert!(matches!(normalised("..."), Cow::Borrowed("...")));
    }

    #[test]
    fn normalising_twice_changes_nothing() {
        for text in ["  What   is it?! ", "You are sure?", "a. b. c...", "x² ", "Why? ?", "so . . ."] {
            assert_eq!(normalised(&normalised(text)), normalised(text), "{text}");
        }
    }
}

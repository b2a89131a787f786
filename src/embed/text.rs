//! What of a text the model can see, so that tokenising a megabyte costs what tokenising a page does.

/// Words after which nothing more is read: each gives at least one token, and none is left for a further one.
const MAX_WORDS: usize = super::model::MAX_TOKENS;

/// Bytes after which nothing more is read, however few words they hold.
pub(super) const MAX_BYTES: usize = 32 << 10;

/// How far before a cut its word's beginning is looked for. Less than the model reads at once, of which each token
/// takes a byte or more, so that who goes on from a cut gets further.
const LONGEST_WORD: usize = 128;

/// Which end of a text is kept where it is longer than the model reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// Its first tokens.
    Head,
    /// Its last.
    Tail,
}

/// A part of a text that is little longer than the model reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut<'a> {
    pub(super) text: &'a str,
    /// Its first byte in the whole text.
    pub(super) at: usize,
    /// What of it the model reads.
    pub(super) end: End,
}

// === impl End ===

impl End {
    /// The beginning or the ending of `text` that gives the same first or last tokens as all of it.
    ///
    /// It is the same unless the outermost 32 KiB hold fewer tokens than the model reads, that is unless they average
    /// more than 128 bytes a token: long runs of white space, of invisible characters, or of words beyond WordPiece's
    /// 100 characters, each of which is one unknown token.
    pub(super) fn of(self, text: &str) -> &str {
        match self {
            Self::Head => {
                let text = &text[..floor(text, MAX_BYTES)];
                &text[..enough_words(text.split_inclusive(char::is_whitespace)).unwrap_or(text.len())]
            }
            Self::Tail => {
                let text = &text[ceil(text, text.len().saturating_sub(MAX_BYTES))..];
                let words = text.split_inclusive(char::is_whitespace).rev();
                &text[enough_words(words).map_or(0, |bytes| text.len() - bytes)..]
            }
        }
    }
}

// === impl Cut ===

impl<'a> Cut<'a> {
    /// What the model can see of `text`'s beginning.
    pub(super) fn head(text: &'a str) -> Self {
        Self { text: End::Head.of(text), at: 0, end: End::Head }
    }

    /// What it can see of `text` from the word on that holds the byte `from`.
    pub(super) fn within(text: &'a str, from: usize) -> Self {
        let at = word_start(text, from);
        Self { text: End::Head.of(&text[at..]), at, end: End::Head }
    }

    /// What it can see of `text`'s ending, no further back than the word that holds the byte `from`.
    pub(super) fn tail(text: &'a str, from: usize) -> Self {
        let tail = End::Tail.of(&text[word_start(text, from)..]);
        Self { text: tail, at: text.len() - tail.len(), end: End::Tail }
    }

    /// `text` from the byte `at` on, whole words as far as `bytes` go.
    pub(super) fn segment(text: &'a str, at: usize, bytes: usize) -> Self {
        let far = floor(text, at + bytes);
        let end = if far < text.len() { word_start(text, far) } else { far };
        Self { text: &text[at..if end > at { end } else { far }], at, end: End::Head }
    }

    /// What follows in it where the model read no further than to the byte `read`; None where nothing but white space
    /// does.
    pub(super) fn after(self, read: usize) -> Option<Self> {
        let from = resume(self.text, read);
        let text = &self.text[from..];
        (read > 0 && !self.text[read..].trim().is_empty()).then_some(Self { text, at: self.at + from, ..self })
    }
}

/// How many bytes of `words` hold as many as the model reads; None where all of them do not.
fn enough_words<'a>(words: impl Iterator<Item = &'a str>) -> Option<usize> {
    // Only what surely gives a token counts; some characters vanish in normalisation.
    let sure = |word: &str| usize::from(word.bytes().any(|byte| byte.is_ascii_graphic()));
    let sums = words.scan((0, 0), |(bytes, count), word| {
        *bytes += word.len();
        *count += sure(word);
        Some((*bytes, *count))
    });
    sums.into_iter().find(|(_, count)| *count == MAX_WORDS).map(|(bytes, _)| bytes)
}

/// Where to go on in a text that was read from its beginning to the byte `read`: at the word that the reading broke off,
/// unless that is where it began.
pub(super) fn resume(text: &str, read: usize) -> usize {
    match word_start(text, read) {
        0 => read,
        from => from,
    }
}

/// Where the word that holds the byte `from` begins; that byte's own character where it is white space, or where nothing
/// near it begins a word.
fn word_start(text: &str, from: usize) -> usize {
    let from = floor(text, from);
    if text[from..].starts_with(char::is_whitespace) {
        return from;
    }
    let near = ceil(text, from.saturating_sub(LONGEST_WORD));
    let space = text[near..from].char_indices().rev().find(|(_, character)| character.is_whitespace());
    match space {
        Some((space, character)) => near + space + character.len_utf8(),
        None if near == 0 => 0,
        None => from,
    }
}

/// The last byte up to `at` that begins a character or ends the text.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// The first byte from `at` on that begins a character or ends the text.
fn ceil(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [End; 2] = [End::Head, End::Tail];

    #[test]
    fn short_texts_are_read_whole() {
        for text in ["", " ", "a b c", "日本語"] {
            assert_eq!(BOTH.map(|end| end.of(text)), [text, text]);
        }
    }

    #[test]
    fn a_text_of_many_words_is_cut_between_words() {
        let text = (0..1000).map(|number| format!("word{number}  ")).collect::<String>();
        let [head, tail] = BOTH.map(|end| end.of(&text));
        assert_eq!([head, tail].map(|seen| seen.split_whitespace().count()), [MAX_WORDS; 2]);
        assert!(head.starts_with("word0 ") && head.ends_with("word255 "));
        assert!(tail.starts_with("word744 ") && tail.ends_with("word999  "));
    }

    #[test]
    fn words_that_may_vanish_do_not_count() {
        let vanishing = "\u{300} ".repeat(1000);
        assert_eq!(End::Head.of(&format!("{vanishing}end")), format!("{vanishing}end"));
        assert_eq!(End::Tail.of(&format!("end {vanishing}")), format!("end {vanishing}"));
    }

    #[test]
    fn a_text_without_words_ends_at_a_character() {
        let text = "字".repeat(1 << 20);
        for end in BOTH {
            let seen = end.of(&text);
            assert!(seen.len() <= MAX_BYTES && seen.len() > MAX_BYTES - 3);
        }
    }

    #[test]
    fn what_was_cut_stays_as_it_is_when_cut_again() {
        for text in ["word  ".repeat(1000), "字".repeat(1 << 20), "a".repeat(1 << 20), " x".repeat(1 << 15)] {
            for end in BOTH {
                assert_eq!(end.of(end.of(&text)), end.of(&text));
            }
        }
    }

    #[test]
    fn a_cut_within_begins_with_a_word() {
        let text = "eins zwei drei";
        for (from, rest) in [(0, text), (3, text), (4, " zwei drei"), (5, "zwei drei"), (8, "zwei drei"), (99, "drei")]
        {
            for cut in [Cut::within(text, from), Cut::tail(text, from)] {
                assert_eq!((cut.text, cut.at), (rest, text.len() - rest.len()), "{from}");
            }
        }
        let unbroken = "字".repeat(1000);
        assert_eq!([Cut::within(&unbroken, 400).at, Cut::tail(&unbroken, 400).at], [399; 2], "no word begins near");
    }

    #[test]
    fn what_follows_a_reading_begins_with_the_word_that_it_broke_off() {
        let cut = Cut { at: 100, ..Cut::head("eins zwei  ") };
        let after = |read| cut.after(read).map(|rest| (rest.text, rest.at));
        assert_eq!(after(6), Some(("zwei  ", 105)));
        assert_eq!(after(4), Some((" zwei  ", 104)));
        assert_eq!(after(9), None);
    }
}

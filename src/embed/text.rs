//! What of a text the model can see, so that tokenising a megabyte costs what tokenising a page does.

/// Words after which nothing more is read: each gives at least one token, and none is left for a further one.
const MAX_WORDS: usize = super::model::MAX_TOKENS;

/// Bytes after which nothing more is read, however few words they hold.
const MAX_BYTES: usize = 32 << 10;

/// The beginning of `text` that gives the same first tokens as all of it.
///
/// It is the same unless the first 32 KiB hold fewer tokens than the model reads, that is unless they average more
/// than 128 bytes a token: long runs of white space, of invisible characters, or of words beyond WordPiece's 100
/// characters, each of which is one unknown token.
pub(super) fn readable(text: &str) -> &str {
    let text = beginning(text, MAX_BYTES);
    let mut start = 0;
    let mut words = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        start += word.len();
        // Only what surely gives a token counts; some characters vanish in normalisation.
        words += usize::from(word.bytes().any(|byte| byte.is_ascii_graphic()));
        if words == MAX_WORDS {
            return &text[..start];
        }
    }
    text
}

/// At most `bytes` of `text`, cut between characters.
fn beginning(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_are_read_whole() {
        for text in ["", " ", "a b c", "日本語"] {
            assert_eq!(readable(text), text);
        }
    }

    #[test]
    fn a_text_of_many_words_ends_after_a_whole_word() {
        let text = "word  ".repeat(1000);
        let seen = readable(&text);
        assert_eq!(seen.split_whitespace().count(), MAX_WORDS);
        assert!(seen.ends_with("word "));
    }

    #[test]
    fn words_that_may_vanish_do_not_count() {
        let text = format!("{}end", "\u{300} ".repeat(1000));
        assert_eq!(readable(&text), text);
    }

    #[test]
    fn a_text_without_words_ends_at_a_character() {
        let text = "字".repeat(1 << 20);
        let seen = readable(&text);
        assert!(seen.len() <= MAX_BYTES && seen.len() > MAX_BYTES - 3);
    }
}

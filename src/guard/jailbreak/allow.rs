//! Phrases that are no evidence here, such as the name of a product or a sentence of an operator's own template.

use aho_corasick::{AhoCorasick, MatchKind};

use super::views::{fold, is_letter_or_digit};

/// Put where a phrase was: as far apart as two paragraphs, so that what stood around it does not become a phrase itself.
const GAP: &str = " \n\n ";

/// Phrases to be taken out of texts before these are judged. Only that evidence goes; whatever else a text has stays.
#[derive(Debug, Clone, Default)]
pub struct Allow {
    phrases: Option<AhoCorasick>,
}

// === impl Allow ===

impl Allow {
    /// Whole words, compared as texts are folded. Empty phrases mean nothing.
    pub fn new(phrases: &[String]) -> Self {
        let folded: Vec<String> = phrases
            .iter()
            .map(|phrase| fold(phrase).text.trim().to_owned())
            .filter(|phrase| !phrase.is_empty())
            .collect();
        if folded.is_empty() {
            return Self::default();
        }
        // Fails only for more states than 32 bits number; then nothing is allowed.
        Self { phrases: AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(folded).ok() }
    }

    /// `text`, which is folded, without the phrases; nothing where it has none.
    pub(crate) fn without(&self, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut copied = 0;
        let whole = |start: usize, end: usize| !is_joined(text, start) && !is_joined(text, end);
        for hit in self.phrases.as_ref()?.find_iter(text).filter(|hit| whole(hit.start(), hit.end())) {
            out.push_str(&text[copied..hit.start()]);
            out.push_str(GAP);
            copied = hit.end();
        }
        (copied > 0).then(|| out + &text[copied..])
    }
}

/// Whether letters or digits stand on both sides of `at`.
fn is_joined(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_some_and(is_letter_or_digit)
        && text[at..].chars().next().is_some_and(is_letter_or_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(phrases: &[&str], text: &str) -> Option<String> {
        let phrases: Vec<String> = phrases.iter().map(|&phrase| phrase.to_owned()).collect();
        Allow::new(&phrases).without(&fold(text).text).map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn whole_words_are_taken_out_in_whatever_case() {
        assert_eq!(without(&["DAN Murphy's"], "Is Dan Murphy’s open?").as_deref(), Some("is open?"));
        assert_eq!(without(&["dan"], "A dance in Jordan."), None);
        assert_eq!(without(&["dan"], "Dan and DAN").as_deref(), Some("and"));
    }

    #[test]
    fn the_longest_phrase_goes() {
        assert_eq!(
            without(&["developer mode", "developer mode guide"], "the developer mode guide").as_deref(),
            Some("the")
        );
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        assert_eq!(without(&[], "anything"), None);
        assert_eq!(without(&["", "  "], "any thing"), None);
    }
}

//! One list of keywords: what must be in a text, and what must not.

use std::sync::Arc;

use super::super::Pattern;
use super::fold::fold;

/// What must be in a text, and what must not. It holds where one of `any` and `regex` is there (if there are any), all of
/// `all`, and none of `none`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct List {
    /// Its name in `router.signals.keywords`; none where it stands in a rule itself.
    pub name: Option<Arc<str>>,
    /// Words and phrases of which one is enough.
    pub any: Vec<String>,
    /// Those that must all be there.
    pub all: Vec<String>,
    /// Those that must not.
    pub none: Vec<String>,
    /// Expressions of which one is enough, as one of `any` is. They read the text as it came.
    pub regex: Vec<Pattern>,
    /// Wrong letters that a long word may have: 0, 1 (from five letters on) or 2 (from eight).
    pub typos: u8,
    /// Whether they may be parts of longer words.
    pub parts: bool,
}

/// A word or phrase as it is searched for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Term {
    /// Folded.
    pub(crate) text: String,
    pub(crate) typos: u8,
    pub(crate) parts: bool,
}

// === impl List ===

impl List {
    /// One of these is enough.
    pub fn any<T: Into<String>>(words: impl IntoIterator<Item = T>) -> Self {
        Self { any: words.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// How `word` of this list is searched for.
    pub(crate) fn term(&self, word: &str) -> Term {
        Term { text: fold(word), typos: self.typos, parts: self.parts }
    }
}

// === impl Term ===

impl Term {
    /// Whether `other` is in every text that this is in. Not known of all that are.
    pub(crate) fn implies(&self, other: &Self) -> bool {
        let looser = self.typos <= other.typos && (other.parts || !self.parts);
        if self.text == other.text {
            return looser;
        }
        // Edges within this text are edges wherever it stands, and those around it are, as it is whole itself.
        let contains = || {
            let starts = self.text.match_indices(&*other.text).map(|(start, _)| start);
            let is_whole = |start: usize| {
                let is_edge = |at| super::fold::is_edge(&self.text, at);
                other.parts || is_edge(start) && is_edge(start + other.text.len())
            };
            starts.into_iter().any(is_whole)
        };
        self.typos == 0 && (other.parts || !self.parts) && contains()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_or_stricter_term_implies_a_shorter_or_looser_one() {
        let term = |text: &str, typos, parts| Term { text: text.into(), typos, parts };
        let join = term("inner join", 0, false);
        assert!(join.implies(&join) && join.implies(&term("join", 0, false)) && join.implies(&term("join", 1, false)));
        assert!(join.implies(&term("nner", 0, true)) && !join.implies(&term("nner", 0, false)));
        assert!(!term("join", 0, false).implies(&join));
        assert!(!term("join", 0, true).implies(&term("join", 0, false)));
        assert!(!term("inner join", 1, false).implies(&term("join", 0, false)));
    }
}

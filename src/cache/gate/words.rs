//! What words mean to the gate.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::lemma::lemma;
use super::tables;

/// What is known of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// The word that stands for all that mean the same.
    pub(super) word: &'static str,
    pub(super) class: Class,
}

/// What a word does in a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Bears no meaning of its own here.
    Silent,
    Person(Person),
    Preposition(Marker),
    Conjunction(Conjunction),
    Asking(Wh),
    Modal(Modal),
    /// some, any: nothing, unless the other text has the other.
    Weak,
    Content(Content),
}

/// What a difference in a word would be a difference in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Number,
    /// A number that counts releases.
    Version,
    Unit,
    Date,
    Negation,
    Quantifier,
    Language,
    /// How the answer is to look.
    Constraint,
    Code,
    /// Wherever it stands in a sentence: quickly.
    Manner,
    Name,
    Plain,
}

/// Who is spoken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Person {
    I,
    You,
    We,
    He,
    She,
    They,
}

/// How a word is tied to what stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Marker {
    None,
    Of,
    In,
    At,
    On,
    For,
    To,
    From,
    By,
    With,
    About,
    Than,
    As,
    If,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conjunction {
    And,
    Or,
}

/// What is asked for; `what` and `which` are the rule and have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wh {
    Who,
    When,
    Where,
    Why,
    How,
    /// Yes or no.
    Whether,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Modal {
    Can,
    May,
    Must,
    Should,
    Will,
}

/// All words that are known, by their forms.
static WORDS: LazyLock<HashMap<&'static str, Known>> = LazyLock::new(|| {
    let mut words = HashMap::new();
    for &(class, list) in tables::WORDS {
        for word in list.split_whitespace() {
            words.insert(word, Known { word, class });
        }
    }
    for &(class, groups) in tables::GROUPS {
        for group in groups.lines() {
            let mut group = group.split_whitespace();
            let Some(word) = group.next() else { continue };
            for form in group.chain([word]) {
                words.insert(form, Known { word, class });
            }
        }
    }
    words
});

/// Pairs of opposites, each way.
static OPPOSITES: LazyLock<HashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let mut opposites: HashMap<_, Vec<_>> = HashMap::new();
    for line in tables::OPPOSITES.lines() {
        let (left, right) = line.split_once('/').unwrap_or((line, ""));
        for a in left.split_whitespace() {
            for b in right.split_whitespace() {
                opposites.entry(canonical(a)).or_default().push(canonical(b));
                opposites.entry(canonical(b)).or_default().push(canonical(a));
            }
        }
    }
    opposites
});

/// Two words that are one.
static PAIRS: LazyLock<HashMap<(&'static str, &'static str), &'static str>> =
    LazyLock::new(|| tables::PAIRS.iter().map(|&(first, second, joined)| ((first, second), joined)).collect());

/// The word that two make together.
pub(super) fn pair(first: &str, second: &str) -> Option<&'static str> {
    PAIRS.get(&(first, second)).copied()
}

/// What is known of `word`, in lower case, as it is or without its ending.
pub(super) fn known(word: &str) -> Option<Known> {
    if let Some(known) = WORDS.get(word) {
        return Some(*known);
    }
    let stem = lemma(word);
    let cut = word.ends_with("ed") || word.ends_with("ing");
    let known = if stem == word { None } else { WORDS.get(stem.as_ref()) };
    // Where -ed or -ing was cut off, an e may be missing.
    known.or_else(|| if cut { WORDS.get((stem.into_owned() + "e").as_str()) } else { None }).copied()
}

/// Whether two canonical words are opposites.
pub(super) fn are_opposite(a: &str, b: &str) -> bool {
    OPPOSITES.get(a).is_some_and(|others| others.contains(&b))
}

/// Whether one canonical word is the other with a prefix that denies it.
pub(super) fn are_denied(a: &str, b: &str) -> bool {
    let denies = |long: &str, short: &str| {
        let prefix = long.strip_suffix(short).unwrap_or("");
        ["un", "in", "im", "il", "ir", "dis", "non", "ab", "a", "mis", "de"].contains(&prefix)
    };
    denies(a, b) || denies(b, a)
}

fn canonical(word: &'static str) -> &'static str {
    known(word).map_or(word, |known| known.word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_has_two_meanings() {
        let mut seen = HashMap::new();
        let lists =
            tables::WORDS.iter().flat_map(|(class, list)| list.split_whitespace().map(move |word| (word, class)));
        let groups =
            tables::GROUPS.iter().flat_map(|(class, groups)| groups.split_whitespace().map(move |word| (word, class)));
        for (word, class) in lists.chain(groups) {
            assert!(seen.insert(word, class).is_none(), "{word} stands twice");
        }
    }

    #[test]
    fn opposites_do_not_mean_the_same() {
        for (a, others) in OPPOSITES.iter() {
            assert!(others.iter().all(|b| a != b), "{a}");
        }
        assert!(are_opposite(canonical("enable"), canonical("disable")));
        assert!(are_opposite(canonical("buy"), canonical("sell")));
    }

    #[test]
    fn forms_lead_to_the_same_word() {
        for (a, b) in [("deleting", "removes"), ("quickest", "fastest"), ("children", "kid"), ("went", "going")] {
            assert_eq!(known(a).map(|known| known.word), known(b).map(|known| known.word), "{a}, {b}");
        }
    }
}

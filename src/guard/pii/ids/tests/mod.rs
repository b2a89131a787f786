//! Whole matching, as plainly as can be: a candidate stands apart from letters and digits and joins no longer
//! identifier, is valid, and its context is in the text around it.

mod hits;
mod look_alikes;
mod near_misses;

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::RECOGNIZERS;
use crate::guard::finding::{Entity, Recognizer};

/// The score from which a finding counts.
const COUNTS: f32 = 0.5;

/// Each recogniser with its pattern and the words of its context.
static ALL: LazyLock<Vec<(&Recognizer, Regex, Vec<String>)>> = LazyLock::new(|| {
    let compiled = |one: &'static Recognizer| {
        let context = one.context.iter().map(|phrase| words_of(phrase)).collect();
        (one, Regex::new(one.pattern).unwrap(), context)
    };
    RECOGNIZERS.iter().copied().flatten().map(compiled).collect()
});

/// What counts in `text`.
fn found(text: &str) -> Vec<(&'static Entity, Range<usize>)> {
    let words = words_of(text);
    let mut found = Vec::new();
    for (recognizer, regex, context) in ALL.iter() {
        let near = context.iter().any(|phrase| words.contains(phrase));
        if (if near { recognizer.in_context } else { recognizer.alone }) >= COUNTS {
            found.extend(candidates(recognizer, regex, text).into_iter().map(|range| (&recognizer.entity, range)));
        }
    }
    found
}

/// What of `text` is valid by its form.
fn candidates(recognizer: &Recognizer, regex: &Regex, text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(hit) = regex.find_at(text, from) {
        let good = stands_apart(text, &hit.range()) && (recognizer.is_valid)(hit.as_str());
        from =
            if good { hit.end() } else { hit.start() + text[hit.start()..].chars().next().map_or(1, char::len_utf8) };
        if good {
            found.push(hit.range());
        }
    }
    found
}

fn stands_apart(text: &str, range: &Range<usize>) -> bool {
    let joins = |c: char| "-_./:@".contains(c);
    let mut before = text[..range.start].chars().rev();
    let mut after = text[range.end..].chars();
    let apart = |near: Option<char>, next: Option<char>| match near {
        Some(c) if c.is_alphanumeric() => c as u32 > 0x2E80, // scripts without spaces
        Some(c) if joins(c) => !next.is_some_and(char::is_alphanumeric),
        _ => true,
    };
    apart(before.next(), before.next()) && apart(after.next(), after.next())
}

/// The words of `text` with one space around each.
fn words_of(text: &str) -> String {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

/// All kinds that have a recogniser here.
fn kinds() -> Vec<&'static Entity> {
    let mut kinds: Vec<&Entity> = Vec::new();
    for recognizer in RECOGNIZERS.iter().copied().flatten() {
        if !kinds.contains(&&recognizer.entity) {
            kinds.push(&recognizer.entity);
        }
    }
    kinds
}

/// The first context word of `entity`.
fn announced(entity: &Entity) -> &'static str {
    let first = RECOGNIZERS.iter().copied().flatten().find(|one| one.entity == *entity).unwrap();
    first.context[0]
}

#[test]
fn what_is_no_kind_of_its_own_needs_context() {
    for recognizer in RECOGNIZERS.iter().copied().flatten() {
        assert!(recognizer.in_context >= COUNTS && recognizer.in_context > recognizer.alone, "{recognizer:?}");
        assert!(!recognizer.context.is_empty() && recognizer.in_context <= 1.0, "{recognizer:?}");
        let lower = recognizer.context.iter().all(|phrase| phrase.to_lowercase() == *phrase);
        assert!(lower, "{recognizer:?}");
    }
    assert_eq!(kinds().len(), 41);
}

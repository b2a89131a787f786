//! From the probabilities of a text's tokens to what was found in it. Pure.

use std::ops::Range;

use super::labels::Tag;
use crate::guard::finding::{Entity, Finding, Strength};

/// Tokens that are one word: whatever the tokenizer, letters and digits that touch. As such models are trained, the first
/// token decides.
#[derive(Debug)]
struct Word {
    token: usize,
    bytes: Range<usize>,
}

/// What a word most likely is.
#[derive(Debug)]
struct Judgement<'a> {
    /// None for nothing.
    entity: Option<&'a Entity>,
    /// Its probability: the sum of all labels that stand for it.
    score: f32,
    /// Whether an entity rather begins with the word than goes on.
    begins: bool,
}

/// Scripts without spaces between words: a run of letters is no word there. South-East Asia's; the Chinese, Japanese and
/// Yi ones, their compatibility forms, half-width Katakana, and the supplementary planes of ideographs.
const UNSPACED: [std::ops::RangeInclusive<char>; 7] = [
    '\u{0e00}'..='\u{0eff}',
    '\u{1000}'..='\u{109f}',
    '\u{1780}'..='\u{17ff}',
    '\u{2e80}'..='\u{a4cf}',
    '\u{f900}'..='\u{faff}',
    '\u{ff66}'..='\u{ff9f}',
    '\u{20000}'..='\u{3ffff}',
];

/// What is found in `text`, of whose tokens, made of the bytes `offsets`, the first have the probabilities `rows` of the
/// labels `tags`. Neighbouring words of one entity are one finding unless another begins; its score is the mean of theirs.
pub(super) fn find(text: &str, offsets: &[Range<usize>], rows: &[Vec<f32>], tags: &[Tag]) -> Vec<Finding> {
    let mut findings: Vec<(Finding, usize)> = Vec::new();
    let mut is_open = false;
    for Word { token, bytes } in words(text, offsets.get(..rows.len()).unwrap_or(offsets)) {
        let Judgement { entity, score, begins } = judge(&rows[token], tags);
        let Some(entity) = entity else {
            is_open = false;
            continue;
        };
        match findings.last_mut() {
            Some((last, words)) if is_open && !begins && last.entity == *entity => {
                last.range.end = bytes.end;
                last.score += score;
                *words += 1;
            }
            _ => {
                let strength = Strength::Model;
                findings.push((Finding { entity: entity.clone(), range: bytes, score, strength }, 1));
            }
        }
        is_open = true;
    }
    let mean = |(finding, words): (Finding, usize)| Finding { score: finding.score / words as f32, ..finding };
    findings.into_iter().map(mean).collect()
}

/// What a word with the probabilities `row` of the labels `tags` most likely is.
fn judge<'a>(row: &[f32], tags: &'a [Tag]) -> Judgement<'a> {
    let mut judgements: Vec<(Judgement<'a>, f32)> = Vec::new();
    for (probability, tag) in row.iter().zip(tags) {
        let entity = tag.entity.as_ref();
        let beginning = if tag.begins { *probability } else { -probability };
        match judgements.iter_mut().find(|(judgement, _)| judgement.entity == entity) {
            Some((judgement, balance)) => {
                judgement.score += probability;
                *balance += beginning;
            }
            None => judgements.push((Judgement { entity, score: *probability, begins: false }, beginning)),
        }
    }
    let likeliest = judgements.into_iter().max_by(|a, b| a.0.score.total_cmp(&b.0.score));
    likeliest.map_or(Judgement { entity: None, score: 0.0, begins: false }, |(judgement, balance)| Judgement {
        begins: balance > 0.0,
        ..judgement
    })
}

/// The words of `text`, whose tokens are made of the bytes `offsets`; white space is in none.
fn words(text: &str, offsets: &[Range<usize>]) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for (token, bytes) in offsets.iter().enumerate() {
        // A token may hold a part of a character.
        let (start, end) = (text.floor_char_boundary(bytes.start), text.ceil_char_boundary(bytes.end));
        let Some(inner) = text.get(start..end) else { continue };
        let bytes = end - inner.trim_start().len()..start + inner.trim_end().len();
        if bytes.start >= bytes.end {
            continue;
        }
        match words.last_mut() {
            Some(word) if bytes.start < word.bytes.end || is_within_word(text, word.bytes.end, bytes.start) => {
                word.bytes.end = word.bytes.end.max(bytes.end);
            }
            _ => words.push(Word { token, bytes }),
        }
    }
    words
}

/// Whether what ends at one byte and what begins at the other are parts of one word.
fn is_within_word(text: &str, end: usize, start: usize) -> bool {
    let joins = |letter: Option<char>| {
        letter.is_some_and(|letter| letter.is_alphanumeric() && !UNSPACED.iter().any(|script| script.contains(&letter)))
    };
    let (before, after) = text.split_at_checked(start).unwrap_or_default();
    end == start && joins(before.chars().next_back()) && joins(after.chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of `text` where its tokens are these.
    fn words_of<'a>(text: &'a str, tokens: &[&str]) -> Vec<&'a str> {
        let mut at = 0;
        let place = |token: &&str| {
            let start = at + text[at..].find(token).unwrap();
            at = start + token.len();
            start..at
        };
        let offsets: Vec<_> = tokens.iter().map(place).collect();
        words(text, &offsets).iter().map(|word| &text[word.bytes.clone()]).collect()
    }

    #[test]
    fn pieces_that_touch_are_a_word() {
        assert_eq!(
            words_of("Anna-Lena Weber, 2nd", &["An", "na", "-", "Lena", " We", "ber", ",", " 2", "nd"]),
            ["Anna", "-", "Lena", "Weber", ",", "2nd"]
        );
        assert_eq!(
            words_of("김철수는 in 東京", &["김", "철수", "는", " ", "in", " 東", "京"]),
            ["김철수는", "in", "東", "京"]
        );
    }

    #[test]
    fn parts_of_a_character_are_one() {
        let offsets = [0..1, 1..4, 4..5];
        let words = words("a字b", &offsets);
        assert_eq!(words.iter().map(|word| word.bytes.clone()).collect::<Vec<_>>(), [0..1, 1..4, 4..5]);
        let halves = [1..2, 2..4];
        assert_eq!(super::words("a字b", &halves).len(), 1);
    }

    #[test]
    fn labels_of_one_entity_count_together() {
        let tag = |entity: Option<Entity>, begins| Tag { entity, begins };
        let tags = [tag(None, false), tag(Some(Entity::Location), true), tag(Some(Entity::Location), false)];
        let text = "Leeds York";
        let offsets = [0..5, 5..10];
        let found = |second: [f32; 3]| find(text, &offsets, &[vec![0.4, 0.35, 0.25], second.to_vec()], &tags);
        let [one] = &found([0.3, 0.2, 0.5])[..] else { panic!("one goes on") };
        assert_eq!((one.range.clone(), &one.entity, one.strength), (0..10, &Entity::Location, Strength::Model));
        assert!((one.score - 0.65).abs() < 1e-6, "{}", one.score);
        assert_eq!(found([0.3, 0.5, 0.2]).len(), 2, "another begins");
        assert_eq!(found([0.6, 0.2, 0.2]).len(), 1, "the second is none");
        assert_eq!(find(text, &offsets, &[vec![0.0, 1.0, 0.0]], &tags).len(), 1, "the second was not read");
    }
}

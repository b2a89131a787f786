//! Patterns in a text: slots in order, each within some words of the one before.

use super::RuleSet;
use super::lexicon::{LEXICON, Lexicon, Slot, is_unspaced};
use crate::guard::jailbreak::views::is_letter_or_digit;

/// How many words the end of a sentence is worth: what belongs together seldom stands on both sides of one.
const SENTENCE: u32 = 2;

/// Counts words from the left.
struct Counter<'a> {
    text: &'a str,
    /// Bytes counted.
    at: usize,
    count: u32,
    in_word: bool,
    /// Whether the last character may have ended a sentence.
    full_stop: bool,
}

/// How far each pattern has come: the end of what filled each of its slots, in words.
struct Progress {
    /// By pattern, where its slots begin.
    starts: Vec<usize>,
    reached: Vec<Option<u32>>,
    /// By pattern, the end of the last veto.
    vetoed: Vec<Option<u32>>,
}

/// Adds the families of the patterns in `text`, which is squeezed.
pub(super) fn find(text: &str, rules: &mut RuleSet) {
    let Some(lexicon) = &*LEXICON else { return };
    let mut counter = Counter { text, at: 0, count: 0, in_word: false, full_stop: false };
    let mut progress = Progress::new(lexicon);
    for hit in lexicon.automaton.find_overlapping_iter(text) {
        let term = &lexicon.terms[hit.pattern()];
        if !(term.open_start || is_edge(text, hit.start())) || !(term.open_end || is_edge(text, hit.end())) {
            continue;
        }
        let end = counter.upto(hit.end());
        let start = (end + 1).saturating_sub(term.words);
        // From the last slot, so that a word that may fill two in a row does not follow itself.
        for &(pattern, slot) in term.slots.iter().rev() {
            progress.step(lexicon, usize::from(pattern), slot, start, end, rules);
        }
    }
}

/// Words in `text`, as distances are counted.
pub(super) fn count_words(text: &str) -> u32 {
    Counter { text, at: 0, count: 0, in_word: false, full_stop: false }.upto(text.len()).max(1)
}

/// Whether a word may begin or end at `at`.
fn is_edge(text: &str, at: usize) -> bool {
    let is_part = |c: char| is_letter_or_digit(c) && !is_unspaced(c);
    !(text[..at].chars().next_back().is_some_and(is_part) && text[at..].chars().next().is_some_and(is_part))
}

// === impl Counter ===

impl Counter<'_> {
    /// The number of the word that ends at `end`, from one. `end` may not be less than it was.
    fn upto(&mut self, end: usize) -> u32 {
        for c in self.text[self.at.min(end)..end].chars() {
            if is_unspaced(c) && !matches!(c, '\u{600}'..='\u{6ff}' | '\u{900}'..='\u{97f}' | '\u{ac00}'..='\u{d7a3}') {
                self.count += 1;
                self.in_word = false;
            } else if is_letter_or_digit(c) {
                self.count += u32::from(!self.in_word);
                self.in_word = true;
            } else {
                if c == '。' || c == '\n' || c == ' ' && self.full_stop {
                    self.count += SENTENCE;
                }
                // Marks that belong to a letter do not end its word.
                self.in_word = self.in_word && c as u32 > 0x2ff && !c.is_whitespace() && !is_punctuation(c);
            }
            self.full_stop = matches!(c, '.' | '!' | '?');
        }
        self.at = self.at.max(end);
        self.count
    }
}

fn is_punctuation(c: char) -> bool {
    matches!(c, '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff0f}')
}

// === impl Progress ===

impl Progress {
    fn new(lexicon: &Lexicon) -> Self {
        let mut starts = Vec::with_capacity(lexicon.patterns.len());
        let mut slots = 0;
        for pattern in &lexicon.patterns {
            starts.push(slots);
            slots += pattern.slots.len();
        }
        Self { starts, reached: vec![None; slots], vetoed: vec![None; lexicon.patterns.len()] }
    }

    fn step(&mut self, lexicon: &Lexicon, number: usize, slot: Slot, start: u32, end: u32, rules: &mut RuleSet) {
        let pattern = lexicon.patterns[number];
        let first = self.starts[number];
        let Slot::At(slot) = slot else {
            self.vetoed[number] = Some(end);
            self.reached[first..first + pattern.slots.len()].fill(None);
            return;
        };
        let slot = usize::from(slot);
        let follows = match slot.checked_sub(1) {
            None => self.vetoed[number].is_none_or(|veto| start > veto + 1),
            Some(before) => {
                let near = |before: u32| start > before && start - before <= u32::from(pattern.within) + 1;
                self.reached[first + before].is_some_and(near)
            }
        };
        if follows {
            self.reached[first + slot] = Some(end);
            if slot + 1 == pattern.slots.len() {
                rules.insert(pattern.family);
            }
        }
    }
}

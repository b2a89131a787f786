//! All words of all tables in one automaton.

use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::squeeze::squeeze;
use super::tables::{self, Pattern};
use crate::guard::jailbreak::views::fold;

/// A word or phrase of the tables.
pub(super) struct Term {
    /// Words in it, as distances are counted.
    pub(super) words: u32,
    pub(super) open_start: bool,
    pub(super) open_end: bool,
    /// The slots it fills: number of the pattern, and of its slot.
    pub(super) slots: Vec<(u16, Slot)>,
}

/// What a term is to a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// The slot of that number.
    At(u8),
    /// What must not stand directly before, or between.
    Veto,
}

pub(super) struct Lexicon {
    pub(super) automaton: AhoCorasick,
    /// By the automaton's numbers.
    pub(super) terms: Vec<Term>,
    pub(super) patterns: Vec<&'static Pattern>,
}

pub(super) static LEXICON: LazyLock<Option<Lexicon>> = LazyLock::new(Lexicon::new);

/// Whether words of this script stand without spaces, or with endings and articles written to them.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{6ff}' | '\u{900}'..='\u{97f}' | '\u{e00}'..='\u{e7f}' | '\u{1100}'..='\u{11ff}'
        | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}')
}

// === impl Lexicon ===

impl Lexicon {
    fn new() -> Option<Self> {
        let patterns: Vec<&'static Pattern> = tables::all().collect();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut terms: Vec<Term> = Vec::new();
        for (number, pattern) in (0..).zip(&patterns) {
            let slots = (0..).zip(pattern.slots).map(|(at, slot)| (Slot::At(at), *slot));
            for (slot, lists) in slots.chain([(Slot::Veto, pattern.unless)]) {
                for written in lists.iter().flat_map(|list| list.split('|')) {
                    let (text, term) = Term::new(written);
                    let key = format!("{text}\0{}{}", term.open_start, term.open_end);
                    let at = *places.entry(key).or_insert_with(|| {
                        terms.push(term);
                        terms.len() - 1
                    });
                    terms[at].slots.push((number, slot));
                }
            }
        }
        let mut texts = vec![String::new(); terms.len()];
        for (key, at) in places {
            texts[at] = key.split('\0').next().unwrap_or_default().to_owned();
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&texts)
            // Fails only for more states than 32 bits number.
            .ok()?;
        Some(Self { automaton, terms, patterns })
    }
}

// === impl Term ===

impl Term {
    /// The text to look for, and its term. A star on either side leaves that side of the word open.
    fn new(written: &str) -> (String, Self) {
        let written = written.trim();
        let bare = written.trim_start_matches('*').trim_end_matches('*');
        let text = squeeze(&fold(bare).text).trim().replace('‖', "|");
        let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() || is_unspaced(c));
        let term = Self {
            words: super::matching::count_words(&text),
            open_start: written.starts_with('*') || edge(text.chars().next()),
            open_end: written.ends_with('*') || edge(text.chars().next_back()),
            slots: Vec::new(),
        };
        (text, term)
    }
}

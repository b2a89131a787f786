//! The recognisers of the tables, all run at once.
//!
//! One lazily built automaton holds every pattern. It walks from where a group begins, knows at each place which patterns
//! end there, and stops as soon as none can: a few bytes for most groups, whatever the number of recognisers. A number
//! that counts only where a word announces it is looked for only where one may.

use std::ops::Range;

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::hybrid::{BuildError, LazyStateID};
use regex_automata::nfa::thompson;
use regex_automata::util::pool::{Pool, PoolGuard};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

use super::context::Context;
use super::ids::RECOGNIZERS;
use super::patterns::Candidate;
use super::scan::{self, Group};
use crate::guard::finding::{Entity, Recognizer};

/// The most bytes that a number with its separators has.
const LONGEST: usize = 64;
/// The least capacity for the automaton's states, in bytes; where it is spent, states are built anew.
const STATES: usize = 2 << 20;

/// So many groups are read before words are looked for, unless a number asks for one: few numbers mostly need none.
const FEW: usize = 32;

/// The recognisers of the tables.
pub(super) struct Forms {
    recognizers: Vec<&'static Recognizer>,
    /// Those that count without a context word, and all of them.
    alone: Automaton,
    all: Automaton,
    /// Where the first of their context words is among all lists.
    first_list: usize,
    min_score: f32,
}

/// Many recognisers as one automaton.
struct Automaton {
    /// The recognisers by their places.
    places: Vec<usize>,
    dfa: DFA,
    caches: Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync>>,
}

/// An automaton at work on a text.
struct Walker<'a> {
    automaton: &'a Automaton,
    cache: PoolGuard<'a, Cache, Box<dyn Fn() -> Cache + Send + Sync>>,
    /// Where every walk begins, and how often states had been thrown away when that was so.
    start: Option<(LazyStateID, usize)>,
}

// === impl Forms ===

impl Forms {
    /// The recognisers of `wanted` kinds that can score `min_score`.
    ///
    /// # Errors
    /// A pattern that does not compile.
    pub(super) fn new(wanted: &[Entity], first_list: usize, min_score: f32) -> Result<Self, Box<BuildError>> {
        let all = RECOGNIZERS.iter().copied().flatten();
        let all = all.filter(|recognizer| wanted.contains(&recognizer.entity));
        let all = all.filter(|one| one.alone.max(one.in_context) >= min_score).collect();
        Self::of(all, first_list, min_score, STATES)
    }

    fn of(
        recognizers: Vec<&'static Recognizer>,
        first_list: usize,
        min_score: f32,
        states: usize,
    ) -> Result<Self, Box<BuildError>> {
        let alone = (0..recognizers.len()).filter(|place| recognizers[*place].alone >= min_score).collect();
        let all = (0..recognizers.len()).collect();
        let [alone, all] = [alone, all].map(|places| Automaton::of(&recognizers, places, states));
        Ok(Self { alone: alone?, all: all?, recognizers, first_list, min_score })
    }

    /// The lists of context words, in the order of the recognisers.
    pub(super) fn lists(&self) -> impl Iterator<Item = &'static [&'static str]> {
        self.recognizers.iter().map(|recognizer| recognizer.context)
    }

    /// All numbers in `text` that could be one; those that need a context word are looked for only near one.
    pub(super) fn find(&self, text: &str, groups: &[Group], context: &Context<'_>, found: &mut Vec<Candidate>) {
        if self.recognizers.is_empty() {
            return;
        }
        let (mut alone, mut all) = (Walker::new(&self.alone), Walker::new(&self.all));
        let mut begun = 0;
        for (at, group) in groups.iter().enumerate() {
            if may_begin(text, groups, at) && group.len() <= LONGEST && !is_called(text, group) {
                begun += 1;
                let is_near =
                    begun < FEW && !context.is_read() || context.is_near(group.start()..group.start() + LONGEST);
                let walker = if is_near { &mut all } else { &mut alone };
                // The automaton never gives up, so there is nothing to tell.
                let _ = walker.walk(text, group.start(), |end, place| {
                    found.extend(self.candidate(text, groups, at..end, place, context));
                });
            }
        }
    }

    /// What stands from group `at.start` to the byte `at.end`, if the recogniser at `place` takes it and it may
    /// score enough.
    fn candidate(
        &self,
        text: &str,
        groups: &[Group],
        at: Range<usize>,
        place: usize,
        context: &Context<'_>,
    ) -> Option<Candidate> {
        let (recognizer, range) = (self.recognizers[place], groups[at.start].start()..at.end);
        let (words, is_sure) = (self.first_list + place, recognizer.alone >= self.min_score);
        // A word is sooner found missing than a sum is made, once words have been looked for.
        if !is_sure && context.is_read() && !context.speaks(words, &range) {
            return None;
        }
        let matched = &text[range.clone()];
        if !(recognizer.is_valid)(matched) {
            return None;
        }
        let through = groups[at.start..].iter().take_while(|group| group.start() < range.end).count();
        if through > 1 && matched.contains(' ') && scan::is_of_series(groups, at.start..at.start + through) {
            return None;
        }
        if !is_sure && !context.speaks(words, &range) {
            return None;
        }
        let Recognizer { strength, alone, in_context, .. } = *recognizer;
        let alone = if is_sure { alone } else { in_context };
        Some(Candidate { entity: recognizer.entity.clone(), range, strength, alone, in_context, words })
    }
}

// === impl Automaton ===

impl Automaton {
    fn of(recognizers: &[&'static Recognizer], places: Vec<usize>, states: usize) -> Result<Self, Box<BuildError>> {
        let patterns: Vec<&str> = places.iter().map(|place| recognizers[*place].pattern).collect();
        let dfa = DFA::builder()
            .configure(DFA::config().match_kind(MatchKind::All).cache_capacity(states).skip_cache_capacity_check(true))
            .syntax(syntax::Config::new())
            .thompson(thompson::Config::new().which_captures(thompson::WhichCaptures::None).shrink(false))
            .build_many(&patterns)?;
        let caches = {
            let dfa = dfa.clone();
            Pool::new(Box::new(move || dfa.create_cache()) as Box<dyn Fn() -> Cache + Send + Sync>)
        };
        Ok(Self { places, dfa, caches })
    }
}

// === impl Walker ===

impl<'a> Walker<'a> {
    fn new(automaton: &'a Automaton) -> Self {
        Self { automaton, cache: automaton.caches.get(), start: None }
    }

    /// Follows the text from `start` to where no pattern goes on, and tells what ends where.
    fn walk(&mut self, text: &str, start: usize, mut ends: impl FnMut(usize, usize)) -> Option<()> {
        let (bytes, dfa, mut state) = (text.as_bytes(), &self.automaton.dfa, self.begin()?);
        for end in start + 1..=bytes.len().min(start + LONGEST) {
            state = dfa.next_state(&mut self.cache, state, bytes[end - 1]).ok()?;
            if state.is_dead() {
                return None;
            }
            if bytes.get(end).is_some_and(u8::is_ascii_alphanumeric) {
                continue;
            }
            let cleared = self.cache.clear_count();
            let last = dfa.next_eoi_state(&mut self.cache, state).ok()?;
            if last.is_match() && text.is_char_boundary(end) && scan::ends(text, end) {
                for nth in 0..dfa.match_len(&self.cache, last) {
                    ends(end, self.automaton.places[dfa.match_pattern(&self.cache, last, nth).as_usize()]);
                }
            }
            // To know the last state, all others may have been thrown away.
            if self.cache.clear_count() != cleared {
                state = self.state(&bytes[start..end])?;
            }
        }
        Some(())
    }

    /// The state after `bytes`.
    fn state(&mut self, bytes: &[u8]) -> Option<LazyStateID> {
        let first = self.begin()?;
        bytes.iter().try_fold(first, |state, byte| self.automaton.dfa.next_state(&mut self.cache, state, *byte).ok())
    }

    /// The state that every walk begins in: no pattern looks at what stands before it.
    fn begin(&mut self) -> Option<LazyStateID> {
        match self.start {
            Some((state, cleared)) if cleared == self.cache.clear_count() => Some(state),
            _ => {
                let input = Input::new("").anchored(Anchored::Yes);
                let state = self.automaton.dfa.start_state_forward(&mut self.cache, &input).ok()?;
                self.start = Some((state, self.cache.clear_count()));
                Some(state)
            }
        }
    }
}

/// Whether a plus stands before a group's digits, as only in telephone numbers.
fn is_called(text: &str, group: &Group) -> bool {
    group.first.is_ascii_digit() && group.start() > 0 && text.as_bytes()[group.start() - 1] == b'+'
}

/// Whether an identifier may begin with this group: it has digits, or such a group follows soon, or it is a bank's code.
fn may_begin(text: &str, groups: &[Group], at: usize) -> bool {
    let group = &groups[at];
    let near =
        |ahead: usize| groups.get(at + ahead).is_some_and(|next| next.digits > 0 && next.start() < group.end() + 12);
    let is_code = || matches!(group.len(), 8 | 11) && group.of(text).bytes().all(|byte| byte.is_ascii_uppercase());
    group.digits > 0 || near(1) || near(2) || is_code()
}

#[cfg(test)]
mod tests {
    use super::super::context::Words;
    use super::*;
    use crate::guard::finding::Strength;

    static TABLE: [Recognizer; 3] = [
        Recognizer {
            entity: Entity::UsSsn,
            pattern: "[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}",
            is_valid: |text| !text.starts_with("000"),
            strength: Strength::Form,
            alone: 0.4,
            in_context: 0.8,
            context: &["ssn"],
        },
        Recognizer {
            entity: Entity::UkNino,
            pattern: "(?i:[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D])",
            is_valid: |_| true,
            strength: Strength::Specific,
            alone: 0.6,
            in_context: 0.9,
            context: &["nino"],
        },
        Recognizer {
            entity: Entity::BicCode,
            pattern: "[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?",
            is_valid: |_| true,
            strength: Strength::Form,
            alone: 0.2,
            in_context: 0.9,
            context: &["bic"],
        },
    ];

    fn found(text: &str) -> Vec<&str> {
        found_with(text, STATES)
    }

    fn found_with(text: &str, states: usize) -> Vec<&str> {
        let forms = Forms::of(TABLE.iter().collect(), 0, 0.0, states).unwrap();
        let words = Words::new(&[]).unwrap();
        let mut found = Vec::new();
        forms.find(text, &scan::groups(text), &Context::new(&words, text), &mut found);
        found.into_iter().map(|candidate| &text[candidate.range]).collect()
    }

    #[test]
    fn numbers_stand_alone() {
        assert_eq!(found("123-45-6789, (123 45 6789) ssn:123456789."), ["123-45-6789", "123 45 6789", "123456789"]);
        assert_eq!(found("Ask QQ 12 34 56 C or qq123456c!"), ["QQ 12 34 56 C", "qq123456c"]);
        assert_eq!(found("to DEUTDEFF or DEUTDEFF500"), ["DEUTDEFF", "DEUTDEFF500"]);
    }

    #[test]
    fn states_that_are_thrown_away_are_made_again() {
        let text = "123-45-6789 QQ 12 34 56 C, 123 45 6789 qq123456c DEUTDEFF DEUTDEFF500 12 34 987654321 ".repeat(20);
        assert_eq!(found(&text).len(), 140);
        assert_eq!(found_with(&text, 0), found(&text));
    }

    #[test]
    fn parts_of_something_longer_are_none() {
        for text in [
            "x123456789",
            "1123-45-6789",
            "123-45-6789-1",
            "a_123456789",
            "v1.123456789",
            "123456789/4",
            "1234567890",
            "550e8400-e29b-41d4-a716-123456789",
            "000-12-3456",
            "123456789:80",
            "12 123 45 67890",
            "+123 45 6789",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}

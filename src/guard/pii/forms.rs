//! The recognisers of the tables, all run at once.
//!
//! One lazily built automaton holds every pattern. It walks from where a group begins, knows at each place which patterns
//! end there, and stops as soon as none can: a few bytes for most groups, whatever the number of recognisers.

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::pool::Pool;
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};

use super::ids::RECOGNIZERS;
use super::patterns::Candidate;
use super::scan::{self, Group};
use crate::guard::finding::{Entity, Recognizer};

/// The most bytes that a number with its separators has.
const LONGEST: usize = 64;
/// The least capacity for the automaton's states, in bytes; where it is spent, states are built anew.
const STATES: usize = 2 << 20;

/// Many recognisers as one automaton.
pub(super) struct Forms {
    recognizers: Vec<&'static Recognizer>,
    dfa: DFA,
    caches: Pool<Cache, Box<dyn Fn() -> Cache + Send + Sync>>,
    /// Where the first of their context words is among all lists.
    first_list: usize,
}

// === impl Forms ===

impl Forms {
    /// The recognisers of `wanted` kinds.
    ///
    /// # Errors
    /// A pattern that does not compile.
    pub(super) fn new(wanted: &[Entity], first_list: usize) -> Result<Self, Box<regex_automata::hybrid::BuildError>> {
        let all = RECOGNIZERS.iter().copied().flatten();
        Self::of(all.filter(|recognizer| wanted.contains(&recognizer.entity)).collect(), first_list)
    }

    fn of(
        recognizers: Vec<&'static Recognizer>,
        first_list: usize,
    ) -> Result<Self, Box<regex_automata::hybrid::BuildError>> {
        let patterns: Vec<&str> = recognizers.iter().map(|recognizer| recognizer.pattern).collect();
        let dfa = DFA::builder()
            .configure(DFA::config().match_kind(MatchKind::All).cache_capacity(STATES).skip_cache_capacity_check(true))
            .syntax(syntax::Config::new())
            .thompson(thompson::Config::new().which_captures(thompson::WhichCaptures::None).shrink(false))
            .build_many(&patterns)?;
        let caches = {
            let dfa = dfa.clone();
            Pool::new(Box::new(move || dfa.create_cache()) as Box<dyn Fn() -> Cache + Send + Sync>)
        };
        Ok(Self { recognizers, dfa, caches, first_list })
    }

    /// The lists of context words, in the order of the recognisers.
    pub(super) fn lists(&self) -> impl Iterator<Item = &'static [&'static str]> {
        self.recognizers.iter().map(|recognizer| recognizer.context)
    }

    /// All numbers in `text` that could be one.
    pub(super) fn find(&self, text: &str, groups: &[Group], found: &mut Vec<Candidate>) {
        if self.recognizers.is_empty() {
            return;
        }
        let mut cache = self.caches.get();
        for (at, group) in groups.iter().enumerate() {
            if may_begin(text, groups, at) && group.len() <= LONGEST {
                // The automaton never gives up, so there is nothing to tell.
                let _ = self.walk(text, groups, at, &mut cache, found);
            }
        }
    }

    /// Follows the text from where a group begins to where no pattern goes on.
    fn walk(
        &self,
        text: &str,
        groups: &[Group],
        at: usize,
        cache: &mut Cache,
        found: &mut Vec<Candidate>,
    ) -> Option<()> {
        let (bytes, start) = (text.as_bytes(), groups[at].start);
        let input = Input::new(text).anchored(Anchored::Yes).range(start..);
        let mut state = self.dfa.start_state_forward(cache, &input).ok()?;
        for end in start + 1..=bytes.len().min(start + LONGEST) {
            state = self.dfa.next_state(cache, state, bytes[end - 1]).ok()?;
            if state.is_dead() {
                return None;
            }
            if bytes.get(end).is_some_and(u8::is_ascii_alphanumeric) {
                continue;
            }
            let last = self.dfa.next_eoi_state(cache, state).ok()?;
            if last.is_match() && text.is_char_boundary(end) && scan::ends(text, end) {
                let ending = (0..self.dfa.match_len(cache, last)).map(|nth| self.dfa.match_pattern(cache, last, nth));
                for pattern in ending {
                    self.candidate(text, groups, at, end, pattern.as_usize(), found);
                }
            }
        }
        Some(())
    }

    fn candidate(
        &self,
        text: &str,
        groups: &[Group],
        at: usize,
        end: usize,
        pattern: usize,
        found: &mut Vec<Candidate>,
    ) {
        let (recognizer, range) = (self.recognizers[pattern], groups[at].start..end);
        let matched = &text[range.clone()];
        if !(recognizer.is_valid)(matched) {
            return;
        }
        let through = groups[at..].iter().take_while(|group| group.start < end).count();
        if through > 1 && matched.contains(' ') && scan::is_of_series(groups, at..at + through) {
            return;
        }
        found.push(Candidate {
            entity: recognizer.entity.clone(),
            range,
            strength: recognizer.strength,
            alone: recognizer.alone,
            in_context: recognizer.in_context,
            words: self.first_list + pattern,
        });
    }
}

/// Whether an identifier may begin with this group: it has digits, or such a group follows soon, or it is one of a bank's
/// codes, which may have none.
fn may_begin(text: &str, groups: &[Group], at: usize) -> bool {
    let group = &groups[at];
    let near = |ahead: usize| groups.get(at + ahead).is_some_and(|next| next.digits > 0 && next.start < group.end + 12);
    let is_code = || matches!(group.len(), 8 | 11) && group.of(text).bytes().all(|byte| byte.is_ascii_uppercase());
    group.digits > 0 || near(1) || near(2) || is_code()
}

#[cfg(test)]
mod tests {
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
        let forms = Forms::of(TABLE.iter().collect(), 0).unwrap();
        let mut found = Vec::new();
        forms.find(text, &scan::groups(text), &mut found);
        found.into_iter().map(|candidate| &text[candidate.range]).collect()
    }

    #[test]
    fn numbers_stand_alone() {
        assert_eq!(found("123-45-6789, (123 45 6789) ssn:123456789."), ["123-45-6789", "123 45 6789", "123456789"]);
        assert_eq!(found("Ask QQ 12 34 56 C or qq123456c!"), ["QQ 12 34 56 C", "qq123456c"]);
        assert_eq!(found("to DEUTDEFF or DEUTDEFF500"), ["DEUTDEFF", "DEUTDEFF500"]);
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
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}

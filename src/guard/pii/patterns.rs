//! All recognisers at work on one text.
//!
//! A text is cut into groups once; the recognisers look only at those with digits, at `@`, at `://` and at the prefixes of
//! keys. What they find is a candidate, and what stands near decides how much it counts.

use std::collections::HashSet;
use std::ops::Range;

use super::context::{Context, Words};
use super::custom::{Compiled, Custom};
use super::forms::Forms;
use super::plain::Plain;
use super::secrets::Secrets;
use super::words::List;
use super::{card, crypto, email, iban, ip, mac, phone, scan, url};
use crate::guard::finding::{Entity, Finding, Strength};

/// Recognisers ready for use; one for a config, shared by all threads.
pub struct Patterns {
    wanted: HashSet<Entity>,
    forms: Forms,
    secrets: Option<Secrets>,
    custom: Vec<Compiled>,
    words: Words,
    allow: HashSet<Box<str>>,
    min_score: f32,
}

/// Why recognisers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// A custom recogniser's name is none.
    #[error("recognizer {0:?}: a name is capitals, digits and _, and begins with a letter")]
    Name(String),
    /// A custom recogniser is named as a known kind.
    #[error("recognizer {0}: this is the name of a kind that is known without it")]
    Known(String),
    /// A custom recogniser's score is none.
    #[error("recognizer {0}: its score is not between 0 and 1")]
    Score(String),
    /// A custom recogniser's pattern does not compile, or takes too much memory.
    #[error("recognizer {0}: {1}")]
    Pattern(String, Box<regex::Error>),
    /// A custom recogniser's pattern matches nothing at all.
    #[error("recognizer {0}: its pattern matches the empty text")]
    Empty(String),
    /// The tables' patterns do not compile.
    #[error("the known patterns cannot be compiled: {0}")]
    Forms(#[from] Box<regex_automata::hybrid::BuildError>),
    /// The literals that are looked for take too much memory.
    #[error("the context words or prefixes cannot be compiled: {0}")]
    Literals(#[from] aho_corasick::BuildError),
}

/// What may be personal data, before it is known what stands near.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub(super) entity: Entity,
    pub(super) range: Range<usize>,
    pub(super) strength: Strength,
    /// The score where nothing else speaks for it.
    pub(super) alone: f32,
    /// The score where a context word stands near.
    pub(super) in_context: f32,
    /// The place of its context words among all lists.
    pub(super) words: usize,
}

// === impl Patterns ===

impl Patterns {
    /// Recognisers of the `wanted` kinds and all of `custom`; what is exactly one of `allow` is never found, nor what
    /// scores less than `min_score`. The higher that is, the less is looked at.
    ///
    /// # Errors
    /// A custom recogniser that cannot be used.
    pub fn new(wanted: &[Entity], custom: Vec<Custom>, allow: &[String], min_score: f32) -> Result<Self, PatternError> {
        let forms = Forms::new(wanted, List::ALL.len(), min_score)?;
        let mut lists: Vec<Vec<String>> = List::ALL.iter().map(|list| owned(list.words())).collect();
        lists.extend(forms.lists().map(owned));
        let mut compiled = Vec::with_capacity(custom.len());
        for one in &custom {
            compiled.push(one.compiled(lists.len())?);
            lists.push(one.context.iter().map(|word| word.to_lowercase()).collect());
        }
        Ok(Self {
            wanted: wanted.iter().cloned().collect(),
            forms,
            secrets: if wanted.contains(&Entity::Secret) { Some(Secrets::new()?) } else { None },
            custom: compiled,
            words: Words::new(&lists)?,
            allow: allow.iter().map(|value| value.trim().into()).collect(),
            min_score,
        })
    }

    /// All that could be personal data in `text` and scores enough, in no order and maybe overlapping.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Finding> {
        let Some(plain) = Plain::of(text) else {
            let context = Context::new(&self.words, text);
            let mut found = self.candidates(text, &context);
            self.custom(text, &mut found);
            return self.findings(found, &context, text, |range| range);
        };
        let context = Context::new(&self.words, &plain.text);
        let found = self.candidates(&plain.text, &context);
        let mut findings = self.findings(found, &context, text, |range| plain.original(range));
        // The operator's own patterns may name any sign, so they see the text as it is.
        if !self.custom.is_empty() {
            let (context, mut found) = (Context::new(&self.words, text), Vec::new());
            self.custom(text, &mut found);
            findings.extend(self.findings(found, &context, text, |range| range));
        }
        findings
    }

    /// What `candidates` are worth, each at its `place` in `text`.
    fn findings(
        &self,
        candidates: Vec<Candidate>,
        context: &Context<'_>,
        text: &str,
        place: impl Fn(Range<usize>) -> Range<usize>,
    ) -> Vec<Finding> {
        let finding = |candidate: Candidate| {
            if candidate.most() < self.min_score {
                return None;
            }
            let raised = candidate.in_context > candidate.alone && context.speaks(candidate.words, &candidate.range);
            let score = if raised { candidate.in_context } else { candidate.alone };
            if score < self.min_score {
                return None;
            }
            let Candidate { entity, range, strength, .. } = candidate;
            let range = place(range);
            let is_allowed = !self.allow.is_empty() && self.allow.contains(text[range.clone()].trim());
            (!is_allowed).then_some(Finding { entity, range, score, strength })
        };
        candidates.into_iter().filter_map(finding).collect()
    }

    fn custom(&self, text: &str, found: &mut Vec<Candidate>) {
        self.custom.iter().for_each(|custom| custom.find(text, found));
    }

    fn candidates(&self, text: &str, context: &Context<'_>) -> Vec<Candidate> {
        let groups = scan::groups(text);
        let mut found = Vec::new();
        self.forms.find(text, &groups, context, &mut found);
        let wanted = |entity| self.wanted.contains(&entity);
        if wanted(Entity::CreditCard) {
            card::find(text, &groups, &mut found);
        }
        if wanted(Entity::IbanCode) {
            iban::find(text, &groups, &mut found);
        }
        if wanted(Entity::IpAddress) {
            ip::find(text, &groups, &mut found);
        }
        if wanted(Entity::MacAddress) {
            mac::find(text, &groups, &mut found);
        }
        if wanted(Entity::Crypto) {
            crypto::find(text, &groups, &mut found);
        }
        if wanted(Entity::PhoneNumber) {
            phone::find(text, &groups, &mut found);
        }
        if wanted(Entity::EmailAddress) {
            email::find(text, &mut found);
        }
        if wanted(Entity::Url) {
            url::find(text, &groups, &mut found);
        }
        if let Some(secrets) = &self.secrets {
            secrets.find(text, &mut found);
        }
        found
    }
}

// === impl Candidate ===

impl Candidate {
    /// A find of a kind that has a form of its own.
    pub(super) fn of(list: List, range: Range<usize>, strength: Strength, scores: (f32, f32)) -> Self {
        let (alone, in_context) = scores;
        Self { entity: list.entity(), range, strength, alone, in_context, words: list as usize }
    }

    /// The highest score that it can have.
    fn most(&self) -> f32 {
        self.alone.max(self.in_context)
    }
}

fn owned(words: &'static [&'static str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
#[path = "patterns_tests.rs"]
mod tests;

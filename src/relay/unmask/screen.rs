//! Personal data that a model makes up, redacted on its way out.
//!
//! What is found in a text of the model's own is replaced by its kind, `[EMAIL_ADDRESS]`. Live placeholders are never
//! touched, since they become the client's own values afterwards, and nor is what the client's values hold, should the model
//! say it as it is.
//!
//! - `flow`: a text that comes in pieces
//! - `hold`: what of it must wait for the next one
//! - `strings`: the same for the strings in JSON

mod flow;
mod hold;
mod strings;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;

use super::scan::Restorer;
use crate::guard::finding::{Entity, Finding};
use crate::guard::mask::Ledger;
use crate::guard::mask::placeholder::{Form, kind};
use crate::guard::pii::overlap::resolved;
use crate::guard::pii::patterns::Patterns;
use flow::Flow;
use strings::Strings;

/// What is redacted in answers; one for a config, shared by all of them.
///
/// A stream is held back so that a value is seen whole before any of it goes out: the last word and the one before it, what
/// may still go on or be announced by what follows, and never more than `hold_back` bytes. Where a value is longer than
/// that, its beginning may have passed before it was known; one that is known by then, as a key block or a web address, is
/// redacted to its end. In JSON, a number that is a value becomes a string. Custom patterns that match across several words
/// without digits, and tables whose head has long passed, are seen better in whole answers.
pub struct Screen {
    patterns: Arc<Patterns>,
    min_score: f32,
    wanted: Option<HashSet<Entity>>,
    hold_back: usize,
}

/// A screen at work on one answer.
pub(super) struct Screener {
    screen: Arc<Screen>,
    restorer: Restorer,
    /// What the client's values are, once that is asked.
    own: Option<Own>,
    redacted: Vec<(Entity, u64)>,
}

/// One of an answer's texts as it goes on.
pub(super) struct Screened(Kind);

enum Kind {
    Text(Flow),
    Json(Strings),
}

/// The values of a ledger.
struct Own {
    values: HashSet<Box<str>>,
    /// As many of them as can be searched for each finding.
    joined: String,
}

/// A piece of a text to be replaced.
struct Cut {
    range: Range<usize>,
    entity: Entity,
}

/// So many bytes of the client's values are searched for what is a part of one; whole values are always known.
const JOINED_MAX: usize = 64 << 10;

// === impl Screen ===

impl Screen {
    /// How many bytes of a stream wait at most, if nothing else is said.
    pub const HOLD_BACK: usize = 256;

    /// Redacts what `patterns` find with a score of at least `min_score`, of the `wanted` kinds or of all, and holds back at
    /// most `hold_back` bytes of each of a stream's texts.
    pub fn new(patterns: Arc<Patterns>, min_score: f32, wanted: Option<HashSet<Entity>>, hold_back: usize) -> Self {
        Self { patterns, min_score, wanted, hold_back }
    }
}

// === impl Screener ===

impl Screener {
    pub(super) fn new(screen: Arc<Screen>, restorer: Restorer) -> Self {
        Self { screen, restorer, own: None, redacted: Vec::new() }
    }

    /// All of `text`, redacted.
    pub(super) fn whole<'t>(&mut self, text: &'t str, form: Form) -> Cow<'t, str> {
        let mut out = String::with_capacity(text.len());
        match form {
            Form::Text => {
                let found = self.found(text);
                let cuts = self.cuts(text, found);
                if cuts.is_empty() {
                    return text.into();
                }
                let mut done = 0;
                for cut in cuts {
                    out.push_str(&text[done..cut.range.start]);
                    self.redact(&cut.entity, &mut out);
                    done = cut.range.end;
                }
                out.push_str(&text[done..]);
            }
            Form::Json => Strings::default().all(self, text, &mut out),
        }
        if out == text { text.into() } else { out.into() }
    }

    /// How many values of each kind were redacted since this was asked last.
    pub(super) fn redacted(&mut self) -> Vec<(Entity, u64)> {
        std::mem::take(&mut self.redacted)
    }

    /// What may be personal data in `text`, whatever its score, but for what touches a live placeholder.
    fn found(&self, text: &str) -> Vec<Finding> {
        let mut found = self.screen.patterns.find(text);
        if let Some(wanted) = &self.screen.wanted {
            found.retain(|finding| wanted.contains(&finding.entity));
        }
        if !found.is_empty() {
            let live = self.restorer.live(text);
            let touches = |finding: &Finding| {
                let first = live.partition_point(|range| range.end <= finding.range.start);
                live.get(first).is_some_and(|range| range.start < finding.range.end)
            };
            found.retain(|finding| !touches(finding));
        }
        found
    }

    /// What of the `found` is to be replaced, in order and apart from each other.
    fn cuts(&mut self, text: &str, mut found: Vec<Finding>) -> Vec<Cut> {
        found.retain(|finding| self.counts(finding));
        if found.is_empty() {
            return Vec::new();
        }
        let own = self.own.get_or_insert_with(|| Own::of(self.restorer.ledger()));
        let cuts = resolved(text, found).into_iter().filter(|finding| !own.has(&text[finding.range.clone()]));
        cuts.map(|finding| Cut { range: finding.range, entity: finding.entity }).collect()
    }

    /// Whether a finding is sure enough.
    fn counts(&self, finding: &Finding) -> bool {
        finding.score >= self.screen.min_score
    }

    /// Writes what stands for a value of this kind, which needs no escape in JSON.
    fn redact(&mut self, entity: &Entity, out: &mut String) {
        out.push('[');
        out.push_str(&kind(entity));
        out.push(']');
        match self.redacted.iter_mut().find(|(other, _)| other == entity) {
            Some((_, count)) => *count += 1,
            None => self.redacted.push((entity.clone(), 1)),
        }
    }
}

// === impl Screened ===

impl Screened {
    /// A text in this form, of which nothing has come.
    pub(super) fn new(form: Form) -> Self {
        Self(match form {
            Form::Text => Kind::Text(Flow::default()),
            Form::Json => Kind::Json(Strings::default()),
        })
    }

    /// Takes in a piece more, and writes what can go out.
    pub(super) fn pass(&mut self, screener: &mut Screener, text: &str, out: &mut String) {
        match &mut self.0 {
            Kind::Text(flow) => {
                flow.push(text);
                flow.pass(screener, out);
            }
            Kind::Json(strings) => strings.pass(screener, text, out),
        }
    }

    /// Writes all that waits. The text may go on all the same.
    pub(super) fn finish(&mut self, screener: &mut Screener, out: &mut String) {
        match &mut self.0 {
            Kind::Text(flow) => flow.finish(screener, out),
            Kind::Json(strings) => strings.finish(screener, out),
        }
    }

    /// Whether nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        match &self.0 {
            Kind::Text(flow) => flow.is_idle(),
            Kind::Json(strings) => strings.is_idle(),
        }
    }
}

// === impl Own ===

impl Own {
    fn of(ledger: &Ledger) -> Self {
        let values: HashSet<Box<str>> = ledger.slots().map(|slot| ledger.value(slot).into()).collect();
        let mut joined = String::new();
        for value in &values {
            if joined.len() + value.len() <= JOINED_MAX {
                joined.push_str(value);
                joined.push('\0');
            }
        }
        Self { values, joined }
    }

    /// Whether `text` is one of the values, or a part of one that stands for itself.
    fn has(&self, text: &str) -> bool {
        let is_apart = |at: usize| {
            let joins = |char: Option<char>| char.is_some_and(char::is_alphanumeric);
            !joins(self.joined[..at].chars().next_back()) && !joins(self.joined[at + text.len()..].chars().next())
        };
        self.values.contains(text) || memmem::find_iter(self.joined.as_bytes(), text).any(is_apart)
    }
}

#[cfg(test)]
mod tests;

//! Keys, tokens and passwords for machines.
//!
//! - `vendors`: those that vendors give a prefix of their own
//! - `blocks`: private keys, JSON web tokens, passwords in connection strings
//! - `assigned`: values that are said to be one, as in `password = …` or "my password is …"
//! - `chance`: what tells a secret from a placeholder or a word

mod assigned;
mod blocks;
mod chance;
mod vendors;

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError, MatchKind};

use super::patterns::Candidate;
use super::words::List;
use crate::guard::finding::Strength;

/// What finds secrets; only where one of its words or prefixes stands is anything read.
pub(super) struct Secrets {
    prefixes: AhoCorasick,
    names: AhoCorasick,
}

// === impl Secrets ===

impl Secrets {
    /// # Errors
    /// The literals take too much memory, which only a longer table could bring about.
    pub(super) fn new() -> Result<Self, BuildError> {
        let mut builder = AhoCorasick::builder();
        builder.kind(Some(AhoCorasickKind::DFA)).match_kind(MatchKind::LeftmostLongest);
        Ok(Self {
            prefixes: builder.build(vendors::VENDORS.iter().map(|vendor| vendor.prefix))?,
            names: builder.ascii_case_insensitive(true).build(assigned::NAMES.iter().map(|name| name.word))?,
        })
    }

    /// The secrets in `text`.
    pub(super) fn find(&self, text: &str, found: &mut Vec<Candidate>) {
        for hit in self.prefixes.find_iter(text) {
            let vendor = &vendors::VENDORS[hit.pattern()];
            found.extend(vendor.token(text, hit.start()).map(|range| secret(range, Strength::Specific, 0.95)));
        }
        blocks::keys(text, |range| found.push(secret(range, Strength::Specific, 1.0)));
        blocks::web_tokens(text, |range| found.push(secret(range, Strength::Specific, 0.95)));
        blocks::passwords(text, |range| found.push(secret(range, Strength::Specific, 0.9)));
        let mut free = 0;
        for hit in self.names.find_iter(text).filter(|hit| hit.end() < text.len()) {
            // A name inside a value that was looked at names nothing; to look again would take the square of the time.
            if hit.start() < free {
                continue;
            }
            let name = &assigned::NAMES[hit.pattern()];
            if let Some((range, score)) = name.value(text, hit.range()) {
                free = range.end;
                found.extend(score.map(|score| secret(range, Strength::Specific, score)));
            }
        }
    }
}

fn secret(range: Range<usize>, strength: Strength, score: f32) -> Candidate {
    Candidate::of(List::Secret, range, strength, (score, score))
}

#[cfg(test)]
mod tests;

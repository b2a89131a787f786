//! What is searched for, and the best that was found.

use std::cmp::Ordering;
use std::sync::Arc;

use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::cache::store::Slot;
use crate::cache::{Millis, Scope};
use crate::similarity::{QUERY_STEPS, Rounding, dot, round};

/// A search for the nearest vectors of a scope.
#[derive(Debug)]
pub(in crate::cache) struct Query<'a> {
    pub(in crate::cache) scope: &'a Scope,
    /// Of length one.
    pub(in crate::cache) embedding: &'a [f32],
    pub(in crate::cache) at_most: usize,
    /// The least similarity, -1 to 1.
    pub(in crate::cache) at_least: f32,
    pub(in crate::cache) now: Millis,
}

/// A search on its way from one group of vectors to the next.
#[derive(Debug)]
pub(super) struct Search<'a> {
    pub(super) query: &'a Query<'a>,
    /// The query's vector in integers.
    pub(super) codes: Vec<i16>,
    pub(super) rounding: Rounding,
    pub(super) bar: Bar,
    pub(super) hits: Vec<Hit>,
}

/// A slot and how similar it is to what was searched for.
#[derive(Debug, Clone)]
pub(in crate::cache) struct Hit {
    pub(in crate::cache) slot: Arc<Slot>,
    pub(in crate::cache) similarity: f32,
}

/// The similarity that a vector must reach to be among the best, as it rises during a search.
#[derive(Debug)]
pub(super) struct Bar {
    /// The greatest of what was offered, the least of them first.
    best: Vec<f32>,
    at_most: usize,
    at_least: f32,
}

// === impl Query ===

impl Query<'_> {
    /// Whether `slot` may be found at all. The index's own opinion of scopes is not asked for.
    pub(super) fn allows(&self, slot: &Slot) -> bool {
        slot.entry.scope == *self.scope && slot.serves(self.now)
    }

    /// `slot` with its similarity as its own vector has it; none below the least.
    pub(super) fn score(&self, slot: &Arc<Slot>) -> Option<Hit> {
        let stored = slot.entry.embedding.as_deref().filter(|stored| stored.len() == self.embedding.len())?;
        let similarity = dot(&floats(stored), self.embedding).clamp(-1.0, 1.0);
        (similarity >= self.at_least).then(|| Hit { slot: slot.clone(), similarity })
    }
}

// === impl Search ===

impl<'a> Search<'a> {
    pub(super) fn new(query: &'a Query<'a>) -> Self {
        let (codes, rounding) = round(query.embedding, QUERY_STEPS);
        Self { query, codes, rounding, bar: Bar::new(query), hits: Vec::new() }
    }

    /// The best, the best first; of equals the one that was stored last.
    pub(super) fn best(mut self) -> Vec<Hit> {
        self.hits.sort_unstable_by(|a, b| Hit::rank(b, a));
        self.hits.dedup_by_key(|hit| hit.slot.key);
        self.hits.truncate(self.query.at_most);
        self.hits
    }
}

// === impl Hit ===

impl Hit {
    fn rank(&self, other: &Self) -> Ordering {
        self.similarity.total_cmp(&other.similarity).then(self.slot.key.cmp(&other.slot.key))
    }
}

// === impl Bar ===

impl Bar {
    pub(super) fn new(query: &Query) -> Self {
        Self { best: Vec::new(), at_most: query.at_most, at_least: query.at_least }
    }

    /// Whoever stays below it is not among the best.
    pub(super) fn height(&self) -> f32 {
        if self.best.len() < self.at_most { self.at_least } else { self.best[0].max(self.at_least) }
    }

    /// A vector is at least as similar as this.
    pub(super) fn raise(&mut self, least: f32) {
        let place = self.best.partition_point(|known| *known < least);
        if self.best.len() < self.at_most {
            self.best.insert(place, least);
        } else if place > 0 {
            self.best[..place].rotate_left(1);
            self.best[place - 1] = least;
        }
    }
}

pub(super) fn floats(stored: &[f16]) -> Vec<f32> {
    let mut floats = vec![0.0; stored.len()];
    stored.convert_to_f32_slice(&mut floats);
    floats
}

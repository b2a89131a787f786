//! The entries in memory, within a budget: found by their text, by their normalised text, or by what they mean.
//!
//! - `slot`: an entry as long as it is stored
//! - `tables`: the entries by what was asked
//! - `eviction`: what has to go when there is too much
//!
//! The meanings are in `index`, beside this module. Lookups take no lock for longer than they need to read; everything that
//! changes the store is done one after another, which takes microseconds.

mod eviction;
mod slot;
mod tables;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

use super::index::{Hit, Index, Limits, Query, promoted_bytes, scanned_bytes};
use super::{Entry, EntryId, Millis, Scope};
use eviction::Ledger;
pub(super) use slot::{Place, Slot};
use tables::Tables;

/// How much a store may hold, and how it is divided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Entries.
    pub entries: usize,
    /// Bytes of all entries, their vectors in the index included.
    pub bytes: usize,
    /// Parts with a lock of their own.
    pub shards: usize,
}

/// Entries in memory. It has a thread that keeps the index, which ends when it is dropped.
pub struct Store {
    settings: Settings,
    tables: Tables,
    ledger: Mutex<Ledger>,
    index: Option<Index>,
    dimensions: usize,
    keys: AtomicU64,
    evicted: AtomicU64,
    expired: AtomicU64,
}

/// An entry that may answer a question that was asked in other words.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The entry.
    pub entry: Arc<Entry>,
    /// The cosine of its embedding, as it is stored, and the question's; -1 to 1.
    pub similarity: f32,
}

/// What a store holds, and what happened to what it held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Entries, those that have ended but are not yet swept out included.
    pub entries: usize,
    /// What they and the index take, in bytes, as it is counted against the budget.
    pub bytes: usize,
    /// Cells that scopes are divided into which are too large to be scanned.
    pub cells: usize,
    /// Entries that had to go for others since the start.
    pub evicted: u64,
    /// Entries that were swept out after their end since the start.
    pub expired: u64,
    /// Entries since the start that only the same text finds, since the index had no room for them.
    pub unindexed: u64,
    /// Graphs of cells that were built anew since the start.
    pub rebuilds: u64,
    /// Searches and changes of a graph that failed since the start; such a search is a miss.
    pub failures: u64,
}

/// Ended entries that an insertion sweeps out.
const SWEPT_BY_INSERTION: usize = 8;

/// Ended entries that are swept out before others get a turn.
const SWEPT_AT_ONCE: usize = 256;

/// Cells as they are when they are made may take one part in so many of the budget.
const CELLS_SHARE: usize = 4;

/// What the index comes to; see `benches/cache` for the figures behind it. Fewer probes miss more of what was stored long
/// before its cell moved on.
const LIMITS: Limits = Limits { promote: 20_000, divided: 0, cell: 512, probes: 32, queue: 65_536 };

// === impl Usage ===

impl Usage {
    /// What was lost since the start, by why: entries, or places in the index.
    pub fn dropped(&self) -> [(&'static str, u64); 4] {
        [("evicted", self.evicted), ("expired", self.expired), ("unindexed", self.unindexed), ("failed", self.failures)]
    }
}

// === impl Store ===

impl Store {
    /// An empty store for embeddings of so many dimensions. Of none, only the same text is found.
    pub fn new(settings: Settings, dimensions: usize) -> Self {
        let divided = settings.bytes / CELLS_SHARE / promoted_bytes(dimensions, &LIMITS);
        Self::with_limits(settings, dimensions, Limits { divided, ..LIMITS })
    }

    fn with_limits(settings: Settings, dimensions: usize, limits: Limits) -> Self {
        Self {
            tables: Tables::new(settings.shards),
            ledger: Mutex::default(),
            index: (dimensions > 0).then(|| Index::new(dimensions, settings.shards, limits)),
            settings,
            dimensions,
            keys: AtomicU64::new(0),
            evicted: AtomicU64::new(0),
            expired: AtomicU64::new(0),
        }
    }

    /// The entry of this id.
    pub fn exact(&self, id: &EntryId, now: Millis) -> Option<Arc<Entry>> {
        served(self.tables.by_id(id), now)
    }

    /// The entry of this normalised text, the one stored last if several have it.
    pub fn normal(&self, normal: &EntryId, now: Millis) -> Option<Arc<Entry>> {
        served(self.tables.by_normal(normal), now)
    }

    /// The entries of `scope` that are most similar to `embedding`, a vector of length one, the best first: `at_most` so
    /// many, and `at_least` so similar. Each counts as asked for. In large scopes some may be missed.
    pub fn nearest(
        &self,
        scope: &Scope,
        embedding: &[f32],
        at_most: usize,
        at_least: f32,
        now: Millis,
    ) -> Vec<Candidate> {
        let Some(index) = &self.index else { return Vec::new() };
        let hits = index.nearest(&Query { scope, embedding, at_most, at_least, now });
        let candidate = |hit: Hit| {
            hit.slot.visit();
            Candidate { entry: hit.slot.entry.clone(), similarity: hit.similarity }
        };
        hits.into_iter().map(candidate).collect()
    }

    /// Stores `entry`, in the place of one with the same id; evicts others if there is too much. [`Self::nearest`] finds it
    /// a little later; whoever inserts very many at once calls [`Self::settle`] in between, or the index leaves some out.
    /// An entry that has ended, or that is larger than the budget, is not stored, but what it was to replace is gone all
    /// the same.
    pub fn insert(&self, entry: Arc<Entry>, now: Millis) {
        let bytes = self.bytes_of(&entry);
        if entry.is_over(now) || bytes > self.settings.bytes || self.settings.entries == 0 {
            self.remove(&entry.id);
            return;
        }
        // What goes is freed when nobody waits any more.
        let mut gone = Vec::new();
        let mut ledger = self.ledger.lock();
        let visits = self.tables.by_id(&entry.id).map_or(0, |old| old.visits());
        let slot = Arc::new(Slot::new(entry, self.keys.fetch_add(1, Relaxed), visits));
        let old = self.tables.put(&slot);
        match &old {
            Some(old) => {
                old.end();
                ledger.replace(old, slot.clone(), bytes);
            }
            None => ledger.add(slot.clone(), bytes),
        }
        if let Some(index) = &self.index
            && index.insert(&slot, old.as_ref().filter(|old| old.is_indexed()))
        {
            slot.set_indexed();
        }
        gone.extend(old);
        gone.extend(self.expire(&mut ledger, now, SWEPT_BY_INSERTION));
        self.make_room(&mut ledger, now, &mut gone);
        drop(ledger);
    }

    /// Takes out the entry of this id; gives it if it was there.
    pub fn remove(&self, id: &EntryId) -> Option<Arc<Entry>> {
        let mut ledger = self.ledger.lock();
        let slot = self.tables.by_id(id)?;
        ledger.remove(&slot);
        self.unlink(&slot);
        Some(slot.entry.clone())
    }

    /// Takes out the entries that are not to be kept; gives how many they were. `keep` sees entries that may just have
    /// been replaced.
    pub fn retain(&self, keep: impl Fn(&Entry) -> bool) -> usize {
        let mut removed = 0;
        for part in 0..self.tables.parts() {
            for slot in self.tables.part(part, |slot| !keep(&slot.entry)) {
                let mut ledger = self.ledger.lock();
                if self.tables.by_id(&slot.entry.id).is_some_and(|there| Arc::ptr_eq(&there, &slot)) {
                    ledger.remove(&slot);
                    self.unlink(&slot);
                    removed += 1;
                }
            }
        }
        removed
    }

    /// Takes out what has ended at `now`; gives how many entries that were. Without it they stay until insertions have
    /// swept them out.
    pub fn sweep(&self, now: Millis) -> usize {
        let mut swept = 0;
        loop {
            let gone = {
                let mut ledger = self.ledger.lock();
                self.expire(&mut ledger, now, SWEPT_AT_ONCE)
            };
            swept += gone.len();
            if gone.len() < SWEPT_AT_ONCE {
                return swept;
            }
        }
    }

    /// All entries as they were at one moment or another while they were read, in no order.
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        let parts = (0..self.tables.parts()).flat_map(|part| self.tables.part(part, |_| true));
        parts.map(|slot| slot.entry.clone()).collect()
    }

    /// What it holds.
    pub fn usage(&self) -> Usage {
        let (entries, bytes) = {
            let ledger = self.ledger.lock();
            (ledger.len(), self.bytes(&ledger))
        };
        let of_index = |figure: fn(&Index) -> u64| self.index.as_ref().map_or(0, figure);
        Usage {
            entries,
            bytes,
            cells: self.index.as_ref().map_or(0, Index::cells),
            evicted: self.evicted.load(Relaxed),
            expired: self.expired.load(Relaxed),
            unindexed: of_index(Index::unindexed),
            rebuilds: of_index(Index::rebuilds),
            failures: of_index(Index::failures),
        }
    }

    /// Waits until the index has taken in everything that was inserted before.
    pub fn settle(&self) {
        if let Some(index) = &self.index {
            index.settle();
        }
    }

    /// Takes out at most so many entries that have ended.
    fn expire(&self, ledger: &mut Ledger, now: Millis, at_most: usize) -> Vec<Arc<Slot>> {
        let gone: Vec<_> = std::iter::from_fn(|| ledger.expired(now)).take(at_most).collect();
        gone.iter().for_each(|slot| self.unlink(slot));
        self.expired.fetch_add(gone.len() as u64, Relaxed);
        gone
    }

    fn make_room(&self, ledger: &mut Ledger, now: Millis, gone: &mut Vec<Arc<Slot>>) {
        while ledger.len() > self.settings.entries || self.bytes(ledger) > self.settings.bytes {
            let (slot, counter) = match ledger.expired(now) {
                Some(slot) => (slot, &self.expired),
                None => match ledger.victim() {
                    Some(slot) => (slot, &self.evicted),
                    None => return,
                },
            };
            self.unlink(&slot);
            counter.fetch_add(1, Relaxed);
            gone.push(slot);
        }
    }

    /// Ends a slot that the ledger has no more.
    fn unlink(&self, slot: &Arc<Slot>) {
        slot.end();
        self.tables.take(slot);
        if let Some(index) = self.index.as_ref().filter(|_| slot.is_indexed()) {
            index.remove(slot);
        }
    }

    fn bytes(&self, ledger: &Ledger) -> usize {
        ledger.bytes() + self.index.as_ref().map_or(0, Index::cell_bytes)
    }

    /// What an entry counts for, its share of the cells apart.
    fn bytes_of(&self, entry: &Entry) -> usize {
        let indexed = self.index.is_some() && entry.embedding.is_some();
        entry.bytes() + if indexed { scanned_bytes(self.dimensions) } else { 0 }
    }
}

/// The entry of `slot`, which was asked for, unless it has ended.
fn served(slot: Option<Arc<Slot>>, now: Millis) -> Option<Arc<Entry>> {
    let slot = slot.filter(|slot| slot.serves(now))?;
    slot.visit();
    Some(slot.entry.clone())
}

#[cfg(test)]
mod tests;

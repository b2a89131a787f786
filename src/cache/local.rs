//! The entries of this instance, and what it knows to be flushed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::RwLock;

use super::store::{Candidate, Settings, Store, Usage};
use super::{Apply, Change, Entry, EntryId, Epoch, Epochs, Millis, Scope};

/// Entries that may wait for the index at once; a quarter of what it has room for.
const BULK: usize = 16_384;

/// Entries in memory, of which those that were flushed are as good as gone.
pub struct Local {
    store: Store,
    /// Entries that came in bulk since the index was last waited for.
    in_bulk: AtomicUsize,
    epochs: RwLock<Epochs>,
}

// === impl Local ===

impl Local {
    /// Nothing yet. Embeddings have `dimensions` floats.
    pub fn new(settings: Settings, dimensions: usize) -> Self {
        Self { store: Store::new(settings, dimensions), in_bulk: AtomicUsize::new(0), epochs: RwLock::default() }
    }

    /// The present of `route`: what an answer that is asked for now is stored under.
    pub fn epoch(&self, route: &str) -> Epoch {
        self.epochs.read().of(route)
    }

    /// The entry `id`, or else the one of the same normalised text.
    pub fn same(&self, id: &EntryId, normal: &EntryId) -> Option<Arc<Entry>> {
        let now = Millis::now();
        let entry = self.store.exact(id, now).or_else(|| self.store.normal(normal, now))?;
        self.is_valid(&entry).then_some(entry)
    }

    /// Up to `at_most` entries of `scope` whose cosine to `embedding` is `at_least`, the best first.
    pub fn nearest(&self, scope: &Scope, embedding: &[f32], at_most: usize, at_least: f32) -> Vec<Candidate> {
        let mut found = self.store.nearest(scope, embedding, at_most, at_least, Millis::now());
        found.retain(|candidate| self.is_valid(&candidate.entry));
        found
    }

    /// Takes an entry in, unless it was flushed while it was on its way.
    pub fn put(&self, entry: Arc<Entry>) -> bool {
        let now = Millis::now();
        let is_wanted = self.is_valid(&entry) && !entry.is_over(now);
        if is_wanted {
            self.store.insert(entry, now);
        }
        is_wanted
    }

    /// Takes in one of many entries, and waits for the index now and then: what it has no room for would not be found by
    /// its meaning. Not for the way of a request.
    pub fn put_in_bulk(&self, entry: Arc<Entry>) -> bool {
        if self.in_bulk.fetch_add(1, Ordering::Relaxed) >= BULK {
            self.in_bulk.store(0, Ordering::Relaxed);
            self.store.settle();
        }
        self.put(entry)
    }

    /// Gives an entry up.
    pub fn remove(&self, id: &EntryId) -> Option<Arc<Entry>> {
        self.store.remove(id)
    }

    /// Flushes `route` or everything: no older entry is served from here on. Returns what is known to be flushed now.
    pub fn flush(&self, route: Option<&str>) -> Epochs {
        let mut epochs = self.epochs.write();
        epochs.flush(route);
        epochs.clone()
    }

    /// Learns of flushes elsewhere.
    pub fn learn(&self, epochs: &Epochs) -> bool {
        self.epochs.write().merge(epochs)
    }

    /// Frees the memory of what was flushed; returns how many entries that were. Visits all of them.
    pub fn sweep(&self) -> usize {
        self.store.retain(|entry| self.is_valid(entry))
    }

    /// Frees the memory of what has ended; returns how many entries that were.
    pub fn expire(&self) -> usize {
        self.store.sweep(Millis::now())
    }

    /// All entries that may still be served.
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        let (mut entries, now) = (self.store.entries(), Millis::now());
        entries.retain(|entry| !entry.is_over(now) && self.is_valid(entry));
        entries
    }

    /// What the store holds.
    pub fn usage(&self) -> Usage {
        self.store.usage()
    }

    fn is_valid(&self, entry: &Entry) -> bool {
        self.epochs.read().of(&entry.route) == entry.epoch
    }
}

impl Apply for Local {
    fn apply(&self, change: Change) {
        match change {
            Change::Put(entry) => {
                self.put_in_bulk(entry);
            }
            Change::Remove(_, id) => drop(self.remove(&id)),
            Change::Flush(epochs) => {
                if self.learn(&epochs) {
                    self.sweep();
                }
            }
        }
    }

    fn epochs(&self) -> Epochs {
        self.epochs.read().clone()
    }
}

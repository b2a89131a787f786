//! The search for what was asked in other words: the vectors of each scope, all of which are scanned, or only the cells
//! that are near. A thread of its own does all the writing, so that nobody waits for it.
//!
//! - `query`: what is searched for
//! - `flat`: vectors that are scanned
//! - `cells`: those of a large scope, divided
//! - `divide`: vectors in two halves
//! - `graph`: a usearch index, which finds the cells
//! - `partition`: the vectors of one scope, divided or not
//! - `queue`: what the writer is told

mod cells;
mod divide;
mod flat;
mod graph;
mod partition;
mod query;
mod queue;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::thread::{self, JoinHandle};

use half::f16;
use parking_lot::RwLock;

use cells::cell_bytes;
use graph::GRAPH_BYTES;
use partition::{Partition, Size};
pub(super) use query::Hit;
pub(super) use query::Query;
use queue::{Change, Queue};

use super::Scope;
use super::store::Slot;

/// Vectors by scope. Its thread ends when it is dropped.
pub(super) struct Index {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

/// What an index may come to.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    /// A scope of more vectors is divided into cells.
    pub(super) promote: usize,
    /// Scopes that may be.
    pub(super) divided: usize,
    /// Vectors of a cell.
    pub(super) cell: usize,
    /// Cells that are scanned for one search.
    pub(super) probes: usize,
    /// Changes that may wait for the writer.
    pub(super) queue: usize,
}

type Shard = RwLock<HashMap<Scope, Arc<Partition>>>;

/// What a vector of so many dimensions takes, in bytes: one a number, its line, and the room for the next; or a small
/// scope's own place.
pub(super) fn scanned_bytes(dimensions: usize) -> usize {
    dimensions * 9 / 8 + 150
}

/// What cells take, in bytes, that have just been made for a scope that grew beyond `limits`.
pub(super) fn promoted_bytes(dimensions: usize, limits: &Limits) -> usize {
    GRAPH_BYTES + 4 * limits.promote / limits.cell.max(1) * cell_bytes(dimensions)
}

struct Shared {
    dimensions: usize,
    limits: Limits,
    shards: Box<[Shard]>,
    queue: Queue,
    divided: AtomicUsize,
    cells: AtomicUsize,
    cell_bytes: AtomicUsize,
    unindexed: AtomicU64,
    rebuilds: AtomicU64,
    failures: AtomicU64,
}

/// The thread's own hold on it.
struct Writer(Arc<Shared>);

// === impl Index ===

impl Index {
    /// An index of vectors of so many dimensions, in so many parts.
    pub(super) fn new(dimensions: usize, shards: usize, limits: Limits) -> Self {
        let shared = Arc::new(Shared {
            dimensions,
            shards: (0..shards.max(1)).map(|_| RwLock::default()).collect(),
            queue: Queue::new(limits.queue),
            limits,
            divided: AtomicUsize::new(0),
            cells: AtomicUsize::new(0),
            cell_bytes: AtomicUsize::new(0),
            unindexed: AtomicU64::new(0),
            rebuilds: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        });
        let writer = Writer(shared.clone());
        let writer = thread::Builder::new().name("cache-index".into()).spawn(|| writer.run());
        if let Err(error) = &writer {
            tracing::error!(%error, "The cache's index has no thread; only equal questions will hit");
            shared.queue.close();
        }
        Self { shared, writer: writer.ok() }
    }

    /// Adds a slot, in the place of `old` where there is one. Whether the writer was told of it; where it was not, the slot
    /// is not found.
    pub(super) fn insert(&self, slot: &Arc<Slot>, old: Option<&Arc<Slot>>) -> bool {
        let fits = slot.entry.embedding.as_ref().is_some_and(|embedding| self.shared.compares(embedding));
        let change = match old {
            Some(old) if old.entry.scope == slot.entry.scope && old.entry.embedding == slot.entry.embedding => {
                Change::Replace(old.clone(), slot.clone())
            }
            Some(old) => {
                self.remove(old);
                Change::Insert(slot.clone())
            }
            None => Change::Insert(slot.clone()),
        };
        if !fits {
            self.shared.unindexed.fetch_add(u64::from(slot.entry.embedding.is_some()), Relaxed);
            return false;
        }
        self.shared.queue.offer(change).map_err(|change| self.leave_out(change)).is_ok()
    }

    fn leave_out(&self, change: Change) {
        self.shared.unindexed.fetch_add(1, Relaxed);
        if let Change::Replace(old, _) = change {
            self.remove(&old);
        }
    }

    /// Removes a slot that was inserted.
    pub(super) fn remove(&self, slot: &Arc<Slot>) {
        self.shared.queue.push(Change::Remove(slot.clone()));
    }

    /// The best of the query's scope, the best first. Whatever goes wrong is a miss.
    pub(super) fn nearest(&self, query: &Query) -> Vec<Hit> {
        if query.embedding.len() != self.shared.dimensions || query.at_most == 0 {
            return Vec::new();
        }
        let partition = self.shared.shard(query.scope).read().get(query.scope).cloned();
        let Some(partition) = partition else { return Vec::new() };
        partition.search(query, &self.shared.limits).unwrap_or_else(|error| {
            self.shared.failures.fetch_add(1, Relaxed);
            tracing::debug!(%error, "A graph of the cache's index was not searched");
            Vec::new()
        })
    }

    /// Waits until the writer has nothing to do.
    pub(super) fn settle(&self) {
        self.shared.queue.settle();
    }

    /// Cells that large scopes are divided into.
    pub(super) fn cells(&self) -> usize {
        self.shared.cells.load(Relaxed)
    }

    /// What the cells take in bytes beyond [`scanned_bytes`] a vector. A graph that is built anew is there twice meanwhile.
    pub(super) fn cell_bytes(&self) -> usize {
        self.shared.cell_bytes.load(Relaxed)
    }

    /// Vectors that were left out so far.
    pub(super) fn unindexed(&self) -> u64 {
        self.shared.unindexed.load(Relaxed)
    }

    /// Graphs that were built anew so far.
    pub(super) fn rebuilds(&self) -> u64 {
        self.shared.rebuilds.load(Relaxed)
    }

    /// Searches and changes that failed so far.
    pub(super) fn failures(&self) -> u64 {
        self.shared.failures.load(Relaxed)
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        self.shared.queue.close();
        if let Some(writer) = self.writer.take() {
            // It panicked if this fails, and there is nothing left to do about it.
            let _ = writer.join();
        }
    }
}

// === impl Shared ===

impl Shared {
    fn shard(&self, scope: &Scope) -> &Shard {
        // A scope is a hash already.
        &self.shards[usize::from(scope.as_bytes()[0]) % self.shards.len()]
    }

    fn partition(&self, scope: &Scope) -> Option<Arc<Partition>> {
        self.shard(scope).read().get(scope).cloned()
    }

    /// Whether this can be compared with others: one number that is none would spoil a centre.
    fn compares(&self, embedding: &[f16]) -> bool {
        embedding.len() == self.dimensions && embedding.iter().all(|x| x.is_finite())
    }

    fn promotable(&self) -> bool {
        self.divided.load(Relaxed) < self.limits.divided
    }
}

// === impl Writer ===

impl Writer {
    fn run(self) {
        while let Some(changes) = self.0.queue.take() {
            changes.into_iter().for_each(|change| self.apply(change));
        }
    }

    fn apply(&self, change: Change) {
        let (shared, limits) = (&self.0, &self.0.limits);
        let scope = match &change {
            Change::Insert(slot) | Change::Replace(_, slot) | Change::Remove(slot) => slot.entry.scope,
        };
        let partition = match (shared.partition(&scope), &change) {
            (Some(partition), _) => partition,
            (None, Change::Remove(_)) => return,
            (None, _) => shared.shard(&scope).write().entry(scope).or_default().clone(),
        };
        let before = partition.size();
        let done = match change {
            Change::Insert(slot) => partition.insert(slot, limits, shared.promotable()),
            Change::Replace(old, new) => partition.replace(&old, new, limits, shared.promotable()),
            Change::Remove(slot) => partition.remove(&slot, limits),
        };
        match done {
            Ok(rebuilds) => drop(shared.rebuilds.fetch_add(rebuilds as u64, Relaxed)),
            Err(error) => {
                shared.failures.fetch_add(1, Relaxed);
                tracing::warn!(%error, "Cells of the cache's index could not be divided; they are slower to search");
            }
        }
        self.count(before, partition.size());
        self.forget_if_empty(&scope, &partition);
    }

    /// Notes what came to a scope's cells, or went.
    fn count(&self, before: Size, after: Size) {
        let of = |counter: &AtomicUsize, before, after| {
            counter.fetch_add(after, Relaxed);
            counter.fetch_sub(before, Relaxed);
        };
        of(&self.0.divided, usize::from(before.cells > 0), usize::from(after.cells > 0));
        of(&self.0.cells, before.cells, after.cells);
        of(&self.0.cell_bytes, before.bytes, after.bytes);
    }

    fn forget_if_empty(&self, scope: &Scope, partition: &Partition) {
        if partition.is_empty() {
            let mut shard = self.0.shard(scope).write();
            shard.remove(scope);
            if shard.capacity() > 4 * shard.len().max(64) {
                let room = 2 * shard.len();
                shard.shrink_to(room);
            }
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Also where it panicked: nothing is to wait for it.
        self.0.queue.close();
    }
}

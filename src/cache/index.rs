//! The search for what was asked in other words: the vectors of each scope, scanned or in a graph. A thread of its own
//! does all the writing, so that nobody waits for it.
//!
//! - `query`: what is searched for
//! - `flat`: vectors that are scanned
//! - `graph`: a usearch index
//! - `partition`: the vectors of one scope, and their way between the two
//! - `queue`: what the writer is told

mod flat;
mod graph;
mod partition;
mod query;
mod queue;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::thread::{self, JoinHandle};

use parking_lot::RwLock;

use graph::GRAPH_BYTES;
use partition::{Done, Partition};
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
    /// A scope of more vectors has a graph.
    pub(super) promote: usize,
    /// Scopes that may have one.
    pub(super) graphs: usize,
    /// Vectors that a graph takes over before the writer looks for news.
    pub(super) slice: usize,
    /// Changes that may wait for the writer.
    pub(super) queue: usize,
}

type Shard = RwLock<HashMap<Scope, Arc<Partition>>>;

/// What a scanned vector of so many dimensions takes, in bytes: one a number, its line, and the unused ends of vectors; or
/// a small scope's own place.
pub(super) fn scanned_bytes(dimensions: usize) -> usize {
    dimensions * 3 / 2 + 100
}

/// What a graph's node takes, in bytes: two a number, the links, and its places in tables.
fn node_bytes(dimensions: usize) -> usize {
    2 * dimensions + 500
}

/// What a graph takes that has just been made for a scope that grew beyond `promote` vectors.
pub(super) fn promoted_bytes(dimensions: usize, promote: usize) -> usize {
    GRAPH_BYTES + promote * node_bytes(dimensions)
}

struct Shared {
    dimensions: usize,
    limits: Limits,
    shards: Box<[Shard]>,
    queue: Queue,
    graphs: AtomicUsize,
    graph_bytes: AtomicUsize,
    unindexed: AtomicU64,
    rebuilds: AtomicU64,
    failures: AtomicU64,
}

/// The thread's own state: the scopes in which there is something to do.
struct Writer {
    shared: Arc<Shared>,
    due: VecDeque<Scope>,
    known: HashSet<Scope>,
}

// === impl Index ===

impl Index {
    /// An index of vectors of so many dimensions, in so many parts.
    pub(super) fn new(dimensions: usize, shards: usize, limits: Limits) -> Self {
        let shared = Arc::new(Shared {
            dimensions,
            shards: (0..shards.max(1)).map(|_| RwLock::default()).collect(),
            queue: Queue::new(limits.queue),
            limits,
            graphs: AtomicUsize::new(0),
            graph_bytes: AtomicUsize::new(0),
            unindexed: AtomicU64::new(0),
            rebuilds: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        });
        let writer = Writer { shared: shared.clone(), due: VecDeque::new(), known: HashSet::new() };
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
        let fits = slot.entry.embedding.as_ref().is_some_and(|embedding| embedding.len() == self.shared.dimensions);
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
        partition.search(query).unwrap_or_else(|(hits, error)| {
            self.shared.failures.fetch_add(1, Relaxed);
            tracing::debug!(%error, "A graph of the cache's index was not searched");
            hits
        })
    }

    /// Waits until the writer has nothing to do.
    pub(super) fn settle(&self) {
        self.shared.queue.settle();
    }

    /// Scopes that have a graph.
    pub(super) fn graphs(&self) -> usize {
        self.shared.graphs.load(Relaxed)
    }

    /// What the graphs take in bytes beyond [`scanned_bytes`] a vector. One that is built anew is there twice meanwhile.
    pub(super) fn graph_bytes(&self) -> usize {
        self.shared.graph_bytes.load(Relaxed)
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

    fn promotable(&self) -> bool {
        self.graphs.load(Relaxed) < self.limits.graphs
    }
}

// === impl Writer ===

impl Writer {
    fn run(mut self) {
        while let Some(changes) = self.shared.queue.take(!self.due.is_empty()) {
            changes.into_iter().for_each(|change| self.apply(change));
            self.work();
        }
    }

    fn apply(&mut self, change: Change) {
        let scope = match &change {
            Change::Insert(slot) | Change::Replace(_, slot) | Change::Remove(slot) => slot.entry.scope,
        };
        let partition = match (self.shared.partition(&scope), &change) {
            (Some(partition), _) => partition,
            (None, Change::Remove(_)) => return,
            (None, _) => self.shared.shard(&scope).write().entry(scope).or_default().clone(),
        };
        let before = partition.graph_bytes(self.shared.dimensions);
        match change {
            Change::Insert(slot) => partition.insert(slot),
            Change::Replace(old, new) => partition.replace(&old, new),
            Change::Remove(slot) => partition.remove(&slot),
        }
        self.count(before, &partition);
        self.look_at(scope, &partition);
    }

    /// Notes what came to a scope's graphs, or went.
    fn count(&self, before: usize, partition: &Partition) {
        self.shared.graph_bytes.fetch_add(partition.graph_bytes(self.shared.dimensions), Relaxed);
        self.shared.graph_bytes.fetch_sub(before, Relaxed);
    }

    /// Notes what there is to do in a scope, and forgets it where it is empty.
    fn look_at(&mut self, scope: Scope, partition: &Partition) {
        if partition.has_work(&self.shared.limits, self.shared.promotable()) {
            if self.known.insert(scope) {
                self.due.push_back(scope);
            }
        } else if partition.is_empty() {
            let mut shard = self.shared.shard(&scope).write();
            shard.remove(&scope);
            if shard.capacity() > 4 * shard.len().max(64) {
                let room = 2 * shard.len();
                shard.shrink_to(room);
            }
        }
    }

    /// A little work in the scope whose turn it is.
    fn work(&mut self) {
        let Some(scope) = self.due.pop_front() else { return };
        self.known.remove(&scope);
        let Some(partition) = self.shared.partition(&scope) else { return };
        let (shared, before) = (&self.shared, partition.graph_bytes(self.shared.dimensions));
        match partition.work(&shared.limits, shared.dimensions, shared.promotable()) {
            Done::Nothing | Done::Something => {}
            Done::Promoted => drop(shared.graphs.fetch_add(1, Relaxed)),
            Done::Demoted => drop(shared.graphs.fetch_sub(1, Relaxed)),
            Done::Rebuilt => drop(shared.rebuilds.fetch_add(1, Relaxed)),
            Done::Failed(vectors) => {
                shared.failures.fetch_add(1, Relaxed);
                shared.unindexed.fetch_add(vectors as u64, Relaxed);
                tracing::warn!(vectors, "A graph of the cache's index could not be made or did not take all vectors");
            }
        }
        self.count(before, &partition);
        self.look_at(scope, &partition);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Also where it panicked: nothing is to wait for it.
        self.shared.queue.close();
    }
}

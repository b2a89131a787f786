//! A graph over the centres of a large scope's cells (HNSW, by usearch). What it says is a hint: its keys are looked up, and
//! the cells' vectors compared, by whoever asks.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard};
use usearch::{IndexOptions, MetricKind, ScalarKind};

/// Vectors by keys that are never used again. One thread adds, any number search.
pub(super) struct Graph {
    /// Written to only to make room, which nothing else may happen beside.
    index: RwLock<usearch::Index>,
    /// Keys that were added, whether they still mean anything or not.
    added: AtomicUsize,
}

/// The graph could not do it.
#[derive(Debug, thiserror::Error)]
pub(super) enum GraphError {
    #[error("usearch: {0}")]
    Usearch(String),
    #[error("the graph is being enlarged")]
    Busy,
}

/// What a graph takes however little it holds, in bytes: the threads' working memory and the unused ends of its arenas.
/// usearch itself says 17 MB, most of which is never touched.
pub(super) const GRAPH_BYTES: usize = 2_500_000;

/// Neighbours of a node; twice as many in the lowest layer.
const CONNECTIVITY: usize = 32;

/// Candidates that are kept while a place for a new node is looked for, and while searching.
const EXPANSION_ADD: usize = 200;
const EXPANSION_SEARCH: usize = 128;

/// Threads that may use a graph at once; a search beyond them fails.
const THREADS: usize = 64;

/// How long a search waits for a graph to be enlarged, which takes milliseconds up to 100,000 vectors and tens of them at
/// a million.
const PATIENCE: Duration = Duration::from_millis(5);

// === impl Graph ===

impl Graph {
    /// For so many vectors, and soon more, of so many dimensions.
    pub(super) fn new(dimensions: usize, vectors: usize) -> Result<Self, GraphError> {
        let options = IndexOptions {
            dimensions,
            metric: MetricKind::IP,
            quantization: ScalarKind::F16,
            connectivity: CONNECTIVITY,
            expansion_add: EXPANSION_ADD,
            expansion_search: EXPANSION_SEARCH,
            multi: false,
        };
        let index = guarded(|| {
            let index = usearch::Index::new(&options)?;
            index.reserve_capacity_and_threads(2 * vectors.max(1), THREADS).map(|()| index)
        })?;
        Ok(Self { index: RwLock::new(index), added: AtomicUsize::new(0) })
    }

    /// Adds a vector of length one.
    pub(super) fn add(&self, key: u64, vector: &[f32]) -> Result<(), GraphError> {
        let index = self.index.upgradable_read();
        // It never grows by itself.
        if index.size() < index.capacity() {
            guarded(|| index.add(key, vector))?;
        } else {
            let index = RwLockUpgradableReadGuard::upgrade(index);
            guarded(|| index.reserve_capacity_and_threads(index.capacity() * 2, THREADS))?;
            let index = RwLockWriteGuard::downgrade(index);
            guarded(|| index.add(key, vector))?;
        }
        self.added.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// The keys of about the nearest vectors, the nearest first.
    pub(super) fn search(&self, query: &[f32], count: usize) -> Result<Vec<u64>, GraphError> {
        let index = self.index.try_read_for(PATIENCE).ok_or(GraphError::Busy)?;
        guarded(|| index.search(query, count)).map(|matches| matches.keys)
    }

    pub(super) fn dimensions(&self) -> usize {
        self.index.read().dimensions()
    }

    pub(super) fn added(&self) -> usize {
        self.added.load(Ordering::Relaxed)
    }
}

/// Runs `call`, and turns whatever goes wrong in it into an error.
fn guarded<T, E: Display>(call: impl FnOnce() -> Result<T, E>) -> Result<T, GraphError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| GraphError::Usearch(error.to_string())),
        Err(_) => Err(GraphError::Usearch("panicked".into())),
    }
}

//! Milvus behind the memory, for more entries than memory has room for: a request looks there for what is not in memory,
//! for a bounded time, and not at all while that fails.
//!
//! A thread of its own keeps the connections, makes the collection where it is missing, writes what [`Milvus::publish`]
//! was given, sweeps what has ended and tells all instances of flushes and removals within seconds. An answer that is larger than Milvus allows a text
//! to be (about 48 KiB with its question) is not stored there.
//!
//! - `settings`: where it is and how to get in
//! - `client`: the calls, without the vendor's library: that is built with a compiler for protobuf and brings second
//!   versions of the TLS, HTTP and gRPC stacks for the ten calls that are needed
//! - `proto`: the messages of these calls
//! - `rows`: entries as rows, and the filters that find them
//! - `keep`: what the thread does

mod client;
mod keep;
mod proto;
mod rows;
mod settings;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use prost::Message;
use sha2::{Digest, Sha256};
use tokio::sync::{Notify, oneshot};

use self::client::{CallError, Client};
use self::keep::Keeper;
use self::proto::{
    ANY_TIME, BOOLEAN, EVENTUALLY, FLOAT_VECTOR, PlaceholderGroup, PlaceholderValue, QueryRequest, SearchRequest,
};
pub use self::settings::{BadSettings, Settings};
use super::remote::{Apply, Breaker, Health, Part, Queue, State};
use super::{Change, Entry, EntryId, Epoch, Millis, Scope};

/// The way to Milvus; ends when dropped.
#[derive(Debug)]
pub struct Milvus {
    shared: Arc<Shared>,
    /// The thread ends when this is gone.
    _alive: oneshot::Sender<()>,
}

/// Why there is no way to Milvus.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings mean nothing.
    #[error(transparent)]
    Settings(#[from] BadSettings),
    /// There is no thread for it.
    #[error("cannot start the thread for Milvus: {0}")]
    Thread(#[from] std::io::Error),
}

/// Milvus can't be asked, or did not answer in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Milvus is not available")]
pub struct Unavailable;

/// What has happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Whether it works.
    pub state: State,
    /// Changes that wait to be written.
    pub queued: usize,
    /// Changes written.
    pub written: u64,
    /// Changes lost, since too many waited or one was too large.
    pub dropped: u64,
    /// Lookups that were answered.
    pub answered: u64,
    /// Lookups that were not, whether they were sent or not.
    pub unavailable: u64,
    /// Rows left out, since they are broken or not ours.
    pub skipped: u64,
    /// Calls that failed, lookups included.
    pub errors: u64,
}

/// What the thread and its owner both see.
#[derive(Debug)]
struct Shared {
    client: Client,
    database: String,
    collection: String,
    dimensions: usize,
    timeout: std::time::Duration,
    queue: Queue,
    health: Health,
    breaker: Breaker,
    /// The collection is there and can be searched.
    ready: AtomicBool,
    /// A lookup failed: is it?
    doubt: Notify,
    written: AtomicU64,
    answered: AtomicU64,
    unavailable: AtomicU64,
    skipped: AtomicU64,
    errors: AtomicU64,
}

// === impl Milvus ===

impl Milvus {
    /// Starts to keep a collection, on a thread of its own; a server that is away is waited for there. `namespace` keeps
    /// apart what must not be mixed: it names the embedder and whatever else makes entries comparable. `dimensions` is the
    /// length of its embeddings. `local` learns of what others flush
    /// and remove, not of what they put.
    pub fn start(
        settings: &Settings,
        namespace: &str,
        dimensions: usize,
        local: Arc<dyn Apply>,
    ) -> Result<Self, StartError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = {
            // The connections live on this runtime, whoever uses them.
            let _here = runtime.enter();
            Arc::new(Shared::new(settings, namespace, dimensions)?)
        };
        let keeper = Keeper::new(shared.clone(), local);
        let (_alive, gone) = oneshot::channel::<()>();
        let work = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = keeper.run() => {}
                    _ = gone => {}
                }
            });
            // A name that is still being looked up is not waited for.
            runtime.shutdown_background();
        };
        thread::Builder::new().name("cache-milvus".into()).spawn(work)?;
        Ok(Self { shared, _alive })
    }

    /// Has a change written. Never waits: where too much waits already, the oldest entries are dropped. An entry that
    /// memory merely has no room for is not removed here.
    pub fn publish(&self, change: Change) {
        self.shared.queue.push(change);
    }

    /// The entry of this id, or else one of this normalised text, that is of `epoch` and has not ended.
    pub async fn exact(&self, id: EntryId, normal: EntryId, epoch: Epoch) -> Result<Option<Entry>, Unavailable> {
        let entries = self.shared.look(self.shared.query(rows::with_id(&id, &normal, epoch))).await?;
        let mut fitting: Vec<Entry> = entries
            .into_iter()
            .filter(|entry| (entry.id == id || entry.normal == normal) && is_valid(entry, epoch))
            .collect();
        fitting.sort_by_key(|entry| (entry.id != id, entry.stored_at));
        Ok(fitting.into_iter().next())
    }

    /// The entries of `scope` and `epoch` that have not ended and are nearest to `embedding`, the nearest first: `at_most`
    /// so many, with their cosine similarities, none below `at_least`.
    pub async fn nearest(
        &self,
        scope: &Scope,
        epoch: Epoch,
        embedding: &[f32],
        at_most: usize,
        at_least: f32,
    ) -> Result<Vec<(f32, Entry)>, Unavailable> {
        let entries = self.shared.look(self.shared.search(scope, epoch, embedding, at_most)).await?;
        let fitting = entries.into_iter().filter(|entry| entry.scope == *scope && is_valid(entry, epoch));
        // Milvus may have compared with fewer digits; our own copy decides.
        let mut near: Vec<(f32, Entry)> = fitting
            .filter_map(|entry| Some((similarity(&entry, embedding)?, entry)))
            .filter(|(similarity, _)| *similarity >= at_least)
            .collect();
        near.sort_by(|(left, _), (right, _)| right.total_cmp(left));
        near.truncate(at_most);
        Ok(near)
    }

    /// What has happened so far.
    pub fn status(&self) -> Status {
        let Shared { queue, health, .. } = &*self.shared;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Status {
            state: health.state(),
            queued: queue.len(),
            written: count(&self.shared.written),
            dropped: queue.dropped(),
            answered: count(&self.shared.answered),
            unavailable: count(&self.shared.unavailable),
            skipped: count(&self.shared.skipped),
            errors: count(&self.shared.errors),
        }
    }
}

// === impl Shared ===

impl Shared {
    fn new(settings: &Settings, namespace: &str, dimensions: usize) -> Result<Self, BadSettings> {
        let hash = Sha256::digest(namespace);
        let hash: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let (breaker, ready, doubt) = Default::default();
        let (written, answered, unavailable, skipped, errors) = Default::default();
        Ok(Self {
            client: Client::new(settings)?,
            database: settings.database.clone(),
            collection: format!("{}_{hash}", settings.collection),
            dimensions,
            timeout: settings.timeout,
            queue: Queue::new(settings.queue),
            health: Health::new("the cache's Milvus"),
            breaker,
            ready,
            doubt,
            written,
            answered,
            unavailable,
            skipped,
            errors,
        })
    }

    /// A lookup, unless there is no sense in one.
    async fn look(
        &self,
        asking: impl Future<Output = Result<Vec<Option<Entry>>, CallError>>,
    ) -> Result<Vec<Entry>, Unavailable> {
        let ready = self.ready.load(Ordering::Relaxed);
        let Some(pass) = ready.then(|| self.breaker.enter()).flatten() else {
            count(&self.unavailable, 1);
            return Err(Unavailable);
        };
        match asking.await {
            Ok(entries) => {
                pass.succeed();
                self.health.works(Part::Read);
                count(&self.answered, 1);
                count(&self.skipped, entries.iter().filter(|entry| entry.is_none()).count());
                Ok(entries.into_iter().flatten().collect())
            }
            Err(error) => {
                pass.fail();
                count(&self.errors, 1);
                count(&self.unavailable, 1);
                if self.breaker.is_open() {
                    self.health.fails(Part::Read, error.fault(), &error.to_string());
                }
                self.doubt.notify_one();
                Err(Unavailable)
            }
        }
    }

    async fn query(&self, expr: String) -> Result<Vec<Option<Entry>>, CallError> {
        let request = QueryRequest {
            db_name: self.database.clone(),
            collection_name: self.collection.clone(),
            expr,
            output_fields: vec![rows::ENTRY.to_owned()],
            guarantee_timestamp: ANY_TIME,
            // That of the same text, and some of the same normalised text.
            query_params: vec![rows::pair("limit", "8")],
            consistency_level: EVENTUALLY,
        };
        let results = self.client.query(request, Some(self.timeout)).await?;
        Ok(rows::read_entries(&results.fields_data).collect())
    }

    async fn search(
        &self,
        scope: &Scope,
        epoch: Epoch,
        embedding: &[f32],
        at_most: usize,
    ) -> Result<Vec<Option<Entry>>, CallError> {
        let floats = embedding.iter().flat_map(|float| float.to_le_bytes()).collect();
        let place = PlaceholderValue { tag: "$0".to_owned(), kind: FLOAT_VECTOR, values: vec![floats] };
        let parameters = [("anns_field", rows::EMBEDDING), ("metric_type", "COSINE"), ("params", "{}")];
        let mut search_params: Vec<_> = parameters.iter().map(|(key, value)| rows::pair(key, value)).collect();
        search_params.push(rows::pair("topk", &at_most.max(1).to_string()));
        let request = SearchRequest {
            db_name: self.database.clone(),
            collection_name: self.collection.clone(),
            dsl: rows::in_scope(scope, epoch),
            placeholder_group: PlaceholderGroup { placeholders: vec![place] }.encode_to_vec(),
            dsl_type: BOOLEAN,
            output_fields: vec![rows::ENTRY.to_owned()],
            search_params,
            guarantee_timestamp: ANY_TIME,
            nq: 1,
            consistency_level: EVENTUALLY,
        };
        let results = self.client.search(request, self.timeout).await?.results.unwrap_or_default();
        Ok(rows::read_entries(&results.fields_data).collect())
    }

    /// A call failed that no request waited for.
    fn fail(&self, error: &CallError) {
        count(&self.errors, 1);
        self.health.fails(Part::Write, error.fault(), &error.to_string());
    }
}

/// Whether an entry may be served.
fn is_valid(entry: &Entry, epoch: Epoch) -> bool {
    entry.epoch == epoch && !entry.is_over(Millis::now())
}

/// The cosine similarity; none where they can't be compared.
fn similarity(entry: &Entry, embedding: &[f32]) -> Option<f32> {
    let own = entry.embedding.as_ref().filter(|own| own.len() == embedding.len())?;
    let (mut dot, mut left, mut right) = (0.0, 0.0, 0.0);
    for (own, other) in own.iter().map(|float| float.to_f32()).zip(embedding) {
        dot += own * other;
        left += own * own;
        right += other * other;
    }
    Some(dot / (left * right).sqrt()).filter(|similarity| similarity.is_finite())
}

/// Counts so many more.
fn count(counter: &AtomicU64, more: usize) {
    counter.fetch_add(more as u64, Ordering::Relaxed);
}

//! Redis beside the memory: what is stored here outlives the process and is heard by the other instances, and nothing on
//! the way of a request waits for it.
//!
//! A thread of its own writes what [`Redis::publish`] was given and tells of it in a stream; on another connection it
//! follows that stream. On start, and after an outage wherever the stream no longer reaches back to what was heard last,
//! it reads all entries. Both ends come back by themselves, however long the server was away.
//!
//! - `settings`: where it is and how to get in
//! - `server`: connections to a single server, to a master found by Sentinel, and to a Cluster
//! - `names`: keys and messages
//! - `script`: what has to happen at the server in one step
//! - `write`: from the queue to the server
//! - `follow`: from the server to the memory
//! - `fault`: what an error means

mod fault;
mod follow;
mod names;
mod script;
mod server;
mod settings;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tokio::sync::oneshot;

use self::follow::Follower;
use self::names::Names;
use self::server::Server;
pub use self::settings::{BadSettings, Settings};
use self::write::Writer;
use super::Change;
use super::remote::{Apply, Health, Queue, State};

/// The way to Redis; ends when dropped.
#[derive(Debug)]
pub struct Redis {
    shared: Arc<Shared>,
    /// The thread ends when this is gone.
    _alive: oneshot::Sender<()>,
}

/// Why there is no way to Redis.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings mean nothing.
    #[error(transparent)]
    Settings(#[from] BadSettings),
    /// There is no thread for it.
    #[error("cannot start the thread for Redis: {0}")]
    Thread(#[from] std::io::Error),
}

/// What has happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Whether it works.
    pub state: State,
    /// Changes that wait to be written.
    pub queued: usize,
    /// Changes written, and told to the others.
    pub written: u64,
    /// Changes lost, since too many waited or one was too large.
    pub dropped: u64,
    /// Entries read on start and after outages.
    pub loaded: u64,
    /// Changes heard of from others.
    pub received: u64,
    /// Entries and messages left out, since they are broken or not ours.
    pub skipped: u64,
    /// Attempts to read or write that failed.
    pub errors: u64,
}

/// What the thread and its owner both see.
#[derive(Debug)]
struct Shared {
    queue: Queue,
    health: Health,
    written: AtomicU64,
    loaded: AtomicU64,
    received: AtomicU64,
    skipped: AtomicU64,
    errors: AtomicU64,
}

/// A larger entry, in bytes, is not written, since all others would wait for it.
const LARGEST: usize = 4 << 20;

// === impl Redis ===

impl Redis {
    /// Starts to read and to write, on a thread of its own; a server that is away is waited for there. `namespace` keeps
    /// apart what must not be mixed: it names the embedder and whatever else makes entries comparable.
    pub fn start(settings: &Settings, namespace: &str, local: Arc<dyn Apply>) -> Result<Self, StartError> {
        let server = Arc::new(Server::new(settings)?);
        let names = Arc::new(Names::new(&settings.prefix, namespace));
        let shared = Arc::new(Shared::new(settings.queue));
        let follower = Follower::new(server.clone(), names.clone(), shared.clone(), local);
        let writer = Writer::new(server, names, shared.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (_alive, gone) = oneshot::channel::<()>();
        let work = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = follower.run() => {}
                    () = writer.run() => {}
                    _ = gone => {}
                }
            });
            // A name that is still being looked up is not waited for.
            runtime.shutdown_background();
        };
        thread::Builder::new().name("cache-redis".into()).spawn(work)?;
        Ok(Self { shared, _alive })
    }

    /// Has a change written and told to the other instances. Never waits: where too much waits already, the oldest
    /// entries are dropped. An entry that memory merely has no room for is not removed here.
    pub fn publish(&self, change: Change) {
        match &change {
            Change::Put(entry) if entry.bytes() > LARGEST => self.shared.queue.lose(1),
            _ => self.shared.queue.push(change),
        }
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
            loaded: count(&self.shared.loaded),
            received: count(&self.shared.received),
            skipped: count(&self.shared.skipped),
            errors: count(&self.shared.errors),
        }
    }
}

// === impl Shared ===

impl Shared {
    fn new(room: usize) -> Self {
        let (written, loaded, received, skipped, errors) = Default::default();
        Self {
            queue: Queue::new(room),
            health: Health::new("the cache's Redis"),
            written,
            loaded,
            received,
            skipped,
            errors,
        }
    }
}

/// Counts one more.
fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

//! An instance: a memory that records what it hears, and its way to Redis.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use half::f16;
use parking_lot::Mutex;
use pointsman::cache::redis::{Redis, Settings, Status};
use pointsman::cache::{Apply, Change, Entry, EntryId, Epochs, Fault, Millis, Scope, State};

use crate::support::eventually;

/// A memory and its way to Redis.
pub(crate) struct Instance {
    pub(crate) memory: Arc<Memory>,
    redis: Redis,
}

/// Records what it hears.
#[derive(Default)]
pub(crate) struct Memory {
    entries: Mutex<HashMap<EntryId, Arc<Entry>>>,
    epochs: Mutex<Epochs>,
}

/// The namespace that instances have unless a test is about it.
const NAMESPACE: &str = "minilm";

// === impl Instance ===

impl Instance {
    /// Starts with an empty memory.
    pub(crate) fn start(url: &str) -> Self {
        Self::with(&settings(url), NAMESPACE)
    }

    pub(crate) fn with(settings: &Settings, namespace: &str) -> Self {
        let memory = Arc::<Memory>::default();
        let redis = Redis::start(settings, namespace, memory.clone()).expect("it starts");
        Self { memory, redis }
    }

    /// Stores an entry here and publishes it.
    pub(crate) fn put(&self, text: &str) -> Arc<Entry> {
        self.put_entry(entry(text, &self.memory.epochs()))
    }

    pub(crate) fn put_entry(&self, entry: Entry) -> Arc<Entry> {
        let entry = Arc::new(entry);
        self.memory.entries.lock().insert(entry.id, entry.clone());
        self.redis.publish(Change::Put(entry.clone()));
        entry
    }

    pub(crate) fn remove(&self, entry: &Entry) {
        self.memory.entries.lock().remove(&entry.id);
        self.redis.publish(Change::Remove(entry.scope, entry.id));
    }

    pub(crate) fn flush(&self, route: Option<&str>) {
        let mut epochs = self.memory.epochs.lock();
        epochs.flush(route);
        self.redis.publish(Change::Flush(epochs.clone()));
    }

    pub(crate) fn status(&self) -> Status {
        self.redis.status()
    }

    /// Waits until its memory has this entry.
    pub(crate) async fn has(&self, entry: &Entry) {
        let known = async || self.memory.get(entry).filter(|known| *known == *entry);
        eventually(&format!("{} at {:?}", entry.text, self.status()), known).await;
    }

    /// Waits until its memory has this entry no more.
    pub(crate) async fn lacks(&self, entry: &Entry) {
        eventually("an entry is gone", async || self.memory.get(entry).is_none().then_some(())).await;
    }

    /// Waits until it knows of these flushes.
    pub(crate) async fn knows(&self, epochs: &Epochs) {
        eventually("the epochs", async || (self.memory.epochs() == *epochs).then_some(())).await;
    }

    /// Waits for something of its status.
    pub(crate) async fn until(&self, what: &str, probe: impl Fn(&Status) -> bool) {
        eventually(what, async || probe(&self.status()).then_some(())).await;
    }

    pub(crate) async fn is_up(&self) {
        self.until("up", |status| status.state == State::Up).await;
    }

    pub(crate) async fn is_down(&self, wanted: Fault) {
        self.until(
            &format!("down: {wanted}"),
            |status| matches!(status.state, State::Down { why, .. } if why == wanted),
        )
        .await;
    }

    /// Waits until all that was published is written.
    pub(crate) async fn has_written(&self, changes: u64) {
        self.until("written", |status| status.written >= changes && status.queued == 0).await;
    }
}

// === impl Memory ===

impl Memory {
    pub(crate) fn get(&self, entry: &Entry) -> Option<Entry> {
        self.entries.lock().get(&entry.id).map(|entry| Entry::clone(entry))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.lock().len()
    }
}

impl Apply for Memory {
    fn apply(&self, change: Change) {
        match change {
            Change::Put(entry) => drop(self.entries.lock().insert(entry.id, entry)),
            Change::Remove(_, id) => drop(self.entries.lock().remove(&id)),
            Change::Flush(epochs) => drop(self.epochs.lock().merge(&epochs)),
        }
    }

    fn epochs(&self) -> Epochs {
        self.epochs.lock().clone()
    }
}

/// Settings with little patience.
pub(crate) fn settings(url: &str) -> Settings {
    Settings { timeout: Duration::from_millis(500), ..Settings::new(url) }
}

/// An entry that lives for an hour; texts share a few scopes.
pub(crate) fn entry(text: &str, epochs: &Epochs) -> Entry {
    let scope = Scope::from_bytes([text.len() as u8; 32]);
    let now = Millis::now();
    Entry {
        id: EntryId::of(&scope, text),
        normal: EntryId::of(&scope, &text.to_lowercase()),
        scope,
        text: text.into(),
        embedding: Some(vec![f16::from_f32(0.05); 384].into()),
        answer: format!(r#"{{"choices":[{{"message":{{"content":"to {text}"}}}}]}}"#).into(),
        route: "chat".into(),
        backend: "fast".into(),
        epoch: epochs.of("chat"),
        stored_at: now,
        expires_at: now.after(Duration::from_secs(3600)),
    }
}

//! An instance: what it knows of flushes, and its way to Milvus.

use std::sync::Arc;
use std::time::Duration;

use half::f16;
use parking_lot::Mutex;
use pointsman::cache::milvus::{Milvus, Settings, Status, Unavailable};
use pointsman::cache::{Apply, Change, Entry, EntryId, Epochs, Fault, Millis, Scope, State};

use crate::support::eventually;

/// What it knows of flushes, and its way to Milvus.
pub(crate) struct Instance {
    known: Arc<Known>,
    pub(crate) milvus: Milvus,
}

#[derive(Default)]
struct Known {
    epochs: Mutex<Epochs>,
    removed: Mutex<Vec<EntryId>>,
}

/// Floats of an embedding, in these tests.
pub(crate) const DIMENSIONS: usize = 4;

// === impl Instance ===

impl Instance {
    pub(crate) fn start(uri: &str) -> Self {
        Self::with(&settings(uri), "minilm")
    }

    pub(crate) fn with(settings: &Settings, namespace: &str) -> Self {
        let known = Arc::<Known>::default();
        let milvus = Milvus::start(settings, namespace, DIMENSIONS, known.clone()).expect("it starts");
        Self { known, milvus }
    }

    /// Stores an entry.
    pub(crate) fn put(&self, entry: Entry) -> Arc<Entry> {
        let entry = Arc::new(entry);
        self.milvus.publish(Change::Put(entry.clone()));
        entry
    }

    pub(crate) fn flush(&self, route: Option<&str>) {
        let mut epochs = self.known.epochs.lock();
        epochs.flush(route);
        self.milvus.publish(Change::Flush(epochs.clone()));
    }

    pub(crate) fn epochs(&self) -> Epochs {
        self.known.epochs()
    }

    /// What it was told that others removed.
    pub(crate) fn removed(&self) -> Vec<EntryId> {
        self.known.removed.lock().clone()
    }

    pub(crate) fn status(&self) -> Status {
        self.milvus.status()
    }

    /// The entry with this one's id or normalised text, in the present epoch.
    pub(crate) async fn exact(&self, entry: &Entry) -> Result<Option<Entry>, Unavailable> {
        self.milvus.exact(entry.id, entry.normal, self.epochs().of(&entry.route)).await
    }

    /// The texts of the entries in a scope that are at least half as near as can be, the nearest first.
    pub(crate) async fn nearest(&self, scope: u8, embedding: [f32; DIMENSIONS], at_most: usize) -> Vec<String> {
        let epoch = self.epochs().of("chat");
        let found = self.milvus.nearest(&Scope::from_bytes([scope; 32]), epoch, &embedding, at_most, 0.5).await;
        found.expect("it is up").into_iter().map(|(_, entry)| entry.text.into()).collect()
    }

    /// Waits for something of its status.
    pub(crate) async fn until(&self, what: &str, probe: impl Fn(&Status) -> bool) {
        eventually(what, async || probe(&self.status()).then_some(())).await;
    }

    pub(crate) async fn is_up(&self) {
        self.until("up", |status| status.state == State::Up).await;
    }

    pub(crate) async fn is_down(&self, wanted: Fault) {
        let down = |status: &Status| matches!(status.state, State::Down { why, .. } if why == wanted);
        self.until(&format!("down: {wanted}"), down).await;
    }

    pub(crate) async fn has_written(&self, changes: u64) {
        self.until("written", |status| status.written >= changes && status.queued == 0).await;
    }

    /// Waits until the entry is found, or is not.
    pub(crate) async fn finds(&self, entry: &Entry, there: bool) {
        let found = async || self.exact(entry).await.ok().filter(|found| found.is_some() == there);
        let found = eventually("the entry, or none", found).await;
        assert_eq!(found.as_ref(), there.then_some(entry));
    }
}

// === impl Known ===

impl Apply for Known {
    fn apply(&self, change: Change) {
        match change {
            Change::Flush(epochs) => drop(self.epochs.lock().merge(&epochs)),
            Change::Remove(_, id) => self.removed.lock().push(id),
            Change::Put(entry) => panic!("{entry:?} is not for the memory"),
        }
    }

    fn epochs(&self) -> Epochs {
        self.epochs.lock().clone()
    }
}

/// Settings with much patience, for a machine that has other things to do.
pub(crate) fn settings(uri: &str) -> Settings {
    Settings { timeout: Duration::from_secs(5), ..Settings::new(uri) }
}

/// An entry that lives for an hour, with this meaning.
pub(crate) fn entry(text: &str, scope: u8, embedding: Option<[f32; DIMENSIONS]>) -> Entry {
    let scope = Scope::from_bytes([scope; 32]);
    let now = Millis::now();
    Entry {
        id: EntryId::of(&scope, text),
        normal: EntryId::of(&scope, &text.to_lowercase()),
        scope,
        text: text.into(),
        embedding: embedding.map(|floats| floats.map(f16::from_f32).to_vec().into()),
        answer: r#"{"choices":[]}"#.into(),
        route: "chat".into(),
        backend: "fast".into(),
        epoch: Epochs::default().of("chat"),
        stored_at: now,
        expires_at: now.after(Duration::from_secs(3600)),
    }
}

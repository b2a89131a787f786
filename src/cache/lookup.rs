//! The cache as a request meets it: the same text first, then one of the same meaning that passes the gate.

use std::sync::Arc;

use half::f16;

use super::flight::{Boarding, Flights};
use super::gate::{Facts, Rule};
use super::local::Local;
use super::milvus::Milvus;
use super::redis::Redis;
use super::store::{Candidate, Usage};
use super::text::normalised;
use super::{Change, Entry, EntryId, Epoch, Place, Question, Scope, State};

/// Candidates that the gate is shown at most.
const CANDIDATES: usize = 8;

/// Answers that were given, for those who ask the same.
pub struct Cache {
    local: Arc<Local>,
    flights: Arc<Flights>,
    remote: Remote,
}

/// Where entries live beside memory.
pub enum Remote {
    /// Nowhere.
    None,
    /// In Redis, from where every instance has them in memory too.
    Redis(Redis),
    /// In Milvus, which is asked for what memory has not.
    Milvus(Milvus),
}

/// What a question is found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys {
    /// What an answer may be served in.
    pub scope: Scope,
    /// The text.
    pub id: EntryId,
    /// The normalised text.
    pub normal: EntryId,
}

/// What was found near a question.
#[derive(Debug, Default)]
pub struct Near {
    /// The best candidate that may be served.
    pub hit: Option<Candidate>,
    /// Better ones that may not, and why.
    pub refused: Vec<(Candidate, Rule)>,
}

/// How Redis or Milvus is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which of the two.
    pub kind: &'static str,
    /// Whether it works.
    pub state: State,
    /// What has happened so far, and what waits.
    pub counts: Vec<(&'static str, u64)>,
}

// === impl Cache ===

impl Cache {
    /// A cache over `local`, which lives in `remote` too.
    pub fn new(local: Arc<Local>, remote: Remote) -> Self {
        Self { local, flights: Arc::default(), remote }
    }

    /// The present of `route`: what an answer that is asked for now is stored under.
    pub fn epoch(&self, route: &str) -> Epoch {
        self.local.epoch(route)
    }

    /// The answer to the same text on `route`.
    pub async fn same(&self, keys: &Keys, route: &str) -> Option<Arc<Entry>> {
        if let Some(entry) = self.local.same(&keys.id, &keys.normal) {
            return Some(entry);
        }
        let Remote::Milvus(milvus) = &self.remote else { return None };
        let entry = milvus.exact(keys.id, keys.normal, self.local.epoch(route)).await.ok()??;
        let entry = Arc::new(entry);
        // Next time it is here.
        self.local.put(entry.clone()).then_some(entry)
    }

    /// The answer to a text of the same meaning: the nearest whose cosine is at least `threshold` and which the gate lets
    /// pass.
    pub async fn near(&self, keys: &Keys, route: &str, text: &str, embedding: &[f32], threshold: f32) -> Near {
        let near = choose(text, self.local.nearest(&keys.scope, embedding, CANDIDATES, threshold));
        let (None, Remote::Milvus(milvus)) = (&near.hit, &self.remote) else { return near };
        let epoch = self.local.epoch(route);
        let Ok(found) = milvus.nearest(&keys.scope, epoch, embedding, CANDIDATES, threshold).await else { return near };
        let found = found.into_iter().map(|(similarity, entry)| Candidate { entry: Arc::new(entry), similarity });
        choose(text, found.collect())
    }

    /// Joins those who ask the same at this moment.
    pub fn board(&self, id: EntryId) -> Boarding {
        self.flights.board(id)
    }

    /// Keeps an answer.
    pub fn put(&self, entry: Arc<Entry>) {
        if self.local.put(entry.clone()) {
            self.tell(Change::Put(entry));
        }
    }

    /// Gives an answer up, here and elsewhere. Whether it was here.
    pub fn remove(&self, id: &EntryId) -> bool {
        let removed = self.local.remove(id);
        if let Some(entry) = &removed {
            self.tell(Change::Remove(entry.scope, *id));
        }
        removed.is_some()
    }

    /// Flushes a route, or everything, here and elsewhere; returns how many entries that were here. Visits all of them.
    pub fn flush(&self, route: Option<&str>) -> usize {
        self.tell(Change::Flush(self.local.flush(route)));
        self.local.sweep()
    }

    /// The entries of this instance.
    pub fn local(&self) -> &Local {
        &self.local
    }

    /// Where entries live beside memory.
    pub fn remote(&self) -> &Remote {
        &self.remote
    }

    /// What memory holds.
    pub fn usage(&self) -> Usage {
        self.local.usage()
    }

    fn tell(&self, change: Change) {
        match &self.remote {
            Remote::None => {}
            Remote::Redis(redis) => redis.publish(change),
            Remote::Milvus(milvus) => milvus.publish(change),
        }
    }
}

/// Shows the gate one candidate after another.
fn choose(text: &str, candidates: Vec<Candidate>) -> Near {
    let mut near = Near::default();
    if candidates.is_empty() {
        return near;
    }
    let asked = Facts::of(text);
    for candidate in candidates {
        match asked.conflict(&Facts::of(&candidate.entry.text)) {
            None => {
                near.hit = Some(candidate);
                break;
            }
            Some(rule) => near.refused.push((candidate, rule)),
        }
    }
    near
}

// === impl Remote ===

impl Remote {
    /// How it is doing; none where there is none.
    pub fn report(&self) -> Option<Report> {
        match self {
            Self::None => None,
            Self::Redis(redis) => {
                let status = redis.status();
                let counts = vec![
                    ("queued", status.queued as u64),
                    ("written", status.written),
                    ("dropped", status.dropped),
                    ("loaded", status.loaded),
                    ("received", status.received),
                    ("skipped", status.skipped),
                    ("errors", status.errors),
                ];
                Some(Report { kind: "redis", state: status.state, counts })
            }
            Self::Milvus(milvus) => {
                let status = milvus.status();
                let counts = vec![
                    ("queued", status.queued as u64),
                    ("written", status.written),
                    ("dropped", status.dropped),
                    ("answered", status.answered),
                    ("unavailable", status.unavailable),
                    ("skipped", status.skipped),
                    ("errors", status.errors),
                ];
                Some(Report { kind: "milvus", state: status.state, counts })
            }
        }
    }
}

// === impl Keys ===

impl Keys {
    /// The keys of `question` at `place`.
    pub fn of(question: &Question, place: Place) -> Self {
        let scope = question.scope(place);
        let text = &question.text;
        Self { scope, id: EntryId::of(&scope, text), normal: EntryId::of(&scope, &normalised(text)) }
    }
}

/// An embedding as entries keep it.
pub fn halves(embedding: &[f32]) -> Box<[f16]> {
    embedding.iter().copied().map(f16::from_f32).collect()
}

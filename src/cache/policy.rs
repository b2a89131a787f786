//! What the config says of the cache: which one it is, and how it is used for each route.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};

use super::disk;
use super::local::Local;
use super::lookup::Remote;
use super::milvus::{self, Milvus};
use super::redis::{self, Redis};
use super::{Apply, Cache, store};

/// The cache in force, and how it is used.
pub struct Caching {
    /// The cache.
    pub cache: Arc<Cache>,
    /// Which one it is.
    pub choice: Choice,
    /// The largest answer that is kept, in bytes.
    pub max_answer: usize,
    /// Whether who asks what is being answered already waits for that answer.
    pub single_flight: bool,
    /// Whether hits are only counted, and everything is answered afresh.
    pub shadow: bool,
    /// The share of semantic hits that are answered afresh, to compare the two answers.
    pub audit: f64,
    /// How routes without a policy of their own are treated.
    pub policy: Policy,
    /// The others, by name.
    pub routes: HashMap<Arc<str>, Policy>,
}

/// How a route's answers are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Policy {
    /// Whether they are.
    pub enabled: bool,
    /// For how long.
    pub ttl: Duration,
    /// The least cosine of a semantic hit.
    pub threshold: f32,
    /// Whether requests that ask for a temperature above 0 are served too.
    pub sampled: bool,
}

/// Which cache it is: one of another choice is another cache.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// What memory holds.
    pub store: store::Settings,
    /// Where entries live beside it.
    pub backing: Backing,
    /// What embeds, and how exactly: entries of another do not count.
    pub embedder: Arc<str>,
    /// Floats in an embedding; 0 where nothing is embedded.
    pub dimensions: usize,
    /// The file that outlives a restart.
    pub snapshot: Option<PathBuf>,
}

/// Where entries live beside memory.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Backing {
    Memory,
    Redis(redis::Settings),
    Milvus(milvus::Settings),
}

// === impl Caching ===

impl Caching {
    /// How `route` is treated.
    pub fn policy(&self, route: &str) -> Policy {
        self.routes.get(route).copied().unwrap_or(self.policy)
    }

    /// Saves the entries for the next start, where the config names a file.
    pub fn save(&self) {
        let Some(path) = &self.choice.snapshot else { return };
        let (local, shown) = (self.cache.local(), path.display());
        let entries = local.entries();
        match disk::save(path, &self.choice.embedder, &local.epochs(), &entries) {
            Ok(()) => info!("Saved {} cache entries to {shown}", entries.len()),
            Err(error) => warn!("cannot save the cache to {shown}: {error}"),
        }
    }
}

// === impl Choice ===

impl Choice {
    /// The cache of `previous` where that is the same, or else a new one with the entries of the old, or of the last run.
    ///
    /// # Errors
    /// Settings of Redis or Milvus that mean nothing, or no thread for them.
    pub fn open(&self, previous: Option<&Caching>) -> anyhow::Result<Arc<Cache>> {
        if let Some(before) = previous.filter(|before| before.choice == *self) {
            return Ok(before.cache.clone());
        }
        let local = Arc::new(Local::new(self.store.clone(), self.dimensions));
        match previous {
            Some(before) => {
                local.learn(&before.cache.local().epochs());
                for entry in before.cache.local().entries() {
                    local.put_in_bulk(entry);
                }
            }
            None => self.restore(&local),
        }
        let remote = match &self.backing {
            Backing::Memory => Remote::None,
            Backing::Redis(settings) => Remote::Redis(Redis::start(settings, &self.embedder, local.clone())?),
            Backing::Milvus(settings) => {
                Remote::Milvus(Milvus::start(settings, &self.embedder, self.dimensions, local.clone())?)
            }
        };
        Ok(Arc::new(Cache::new(local, remote)))
    }

    /// Loads what the last run saved.
    fn restore(&self, local: &Local) {
        let Some(path) = self.snapshot.as_ref().filter(|path| path.exists()) else { return };
        let shown = path.display();
        match disk::load(path, &self.embedder) {
            Ok(saved) => {
                local.learn(&saved.epochs);
                let kept =
                    saved.entries.into_iter().map(Arc::new).filter(|entry| local.put_in_bulk(entry.clone())).count();
                info!("Loaded {kept} cache entries from {shown}");
                // What is removed or flushed from here on must not come back from it.
                if let Err(error) = fs::remove_file(path) {
                    warn!("cannot remove {shown}: {error}");
                }
            }
            Err(error) => warn!("{shown} is not used as a cache: {error}"),
        }
    }
}

//! The config in force: loaded at the start, and replaced whole by a reload that succeeds.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, watch};
use tracing::{error, info, warn};

use super::load::{Loaded, load};
use super::snapshot::{Snapshot, Startup};
use crate::metrics::Metrics;
use crate::upstream::{Backend, Directory, warm_up};

/// How long a reload waits for the first answers of backends that it brings in.
const WARM_UP: Duration = Duration::from_secs(2);

/// The config in force, and the way to a newer one.
pub struct Live {
    path: PathBuf,
    snapshot: ArcSwap<Snapshot>,
    /// What the file held at the start.
    first_text: Arc<[u8]>,
    /// What the process runs with, whatever later snapshots say.
    startup: Startup,
    directory: Arc<Directory>,
    metrics: Arc<Metrics>,
    changed: watch::Sender<u64>,
    one_at_a_time: Mutex<()>,
}

// === impl Live ===

impl Live {
    /// Puts the first config in force: what was `loaded` from `path`.
    pub fn start(path: PathBuf, mut loaded: Loaded, metrics: Arc<Metrics>) -> anyhow::Result<Self> {
        let first_text = std::mem::take(&mut loaded.source).into();
        let directory = Arc::<Directory>::default();
        let snapshot = Snapshot::compile(loaded, None, &directory)?;
        snapshot.warnings.iter().for_each(|warning| warn!("{}: {warning}", path.display()));
        metrics.config_loaded_at.set(now());
        Ok(Self {
            path,
            first_text,
            startup: snapshot.startup.clone(),
            snapshot: ArcSwap::from_pointee(snapshot),
            directory,
            metrics,
            changed: watch::Sender::new(0),
            one_at_a_time: Mutex::new(()),
        })
    }

    /// The newest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// The file that the config is read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every file that the config in force comes from, and what it held when it was first read.
    pub(super) fn files(&self) -> Vec<(PathBuf, Arc<[u8]>)> {
        let own = (self.path.clone(), self.first_text.clone());
        [own].into_iter().chain(self.snapshot().peers_files.clone()).collect()
    }

    /// Tells of every new snapshot.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Reads the file again and puts it in force; where that fails, the old config stays and the error is logged.
    pub async fn reload(&self, why: &str) -> Result<(), Arc<anyhow::Error>> {
        let _one = self.one_at_a_time.lock().await;
        match self.replace().await {
            Ok(()) => {
                self.metrics.reloads.inc();
                self.metrics.config_loaded_at.set(now());
                self.changed.send_modify(|generation| *generation += 1);
                info!("Config reloaded ({why})");
                Ok(())
            }
            Err(refused) => {
                self.metrics.reload_failures.inc();
                for line in format!("{refused:#}").lines() {
                    error!("Config refused ({why}), the old one stays: {line}");
                }
                Err(Arc::new(refused))
            }
        }
    }

    /// Compiles off the way, gets to know new backends, and only then swaps.
    async fn replace(&self) -> anyhow::Result<()> {
        let (path, directory, before) = (self.path.clone(), self.directory.clone(), self.snapshot());
        let compiled = tokio::task::spawn_blocking(move || Snapshot::compile(load(&path)?, Some(&before), &directory));
        let snapshot = compiled.await??;
        let before = self.snapshot();
        let is_new = |backend: &&Arc<Backend>| !before.backends.iter().any(|known| Arc::ptr_eq(known, backend));
        let new: Vec<Arc<Backend>> = snapshot.backends.iter().filter(is_new).cloned().collect();
        warm_up(&new, WARM_UP).await;
        if self.startup != snapshot.startup {
            warn!("listeners, threads, log, embedding and shutdown change at the next restart; the rest is in force");
        }
        for warning in snapshot.warnings.iter().filter(|warning| !before.warnings.contains(warning)) {
            warn!("{}: {warning}", self.path.display());
        }
        self.snapshot.store(Arc::new(snapshot));
        Ok(())
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

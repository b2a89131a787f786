//! Notices that the config file or a file of peers has changed, however that was done: written in place, renamed over, or
//! behind a symlink that now points elsewhere.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tracing::warn;

use super::live::Live;
use super::load::read_bounded;

/// A file that is being written changes again within this; it is read once it has come to rest.
const QUIET: Duration = Duration::from_millis(100);

/// Something else in its folder may change without end; the file is looked at all the same.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where the system tells nothing (some network file systems), the file is looked at this often.
const POLL: Duration = Duration::from_secs(5);

/// Reloads `live` whenever a file that it comes from holds something else than before.
pub async fn watch(live: Arc<Live>) {
    let (events, mut happened) = mpsc::channel(1);
    // Held here too: without a watcher the channel would close, and a closed channel waits for nothing.
    let mut folders = Folders::new(events.clone());
    let mut seen = HashMap::new();
    let mut wait = Duration::ZERO;
    loop {
        // An edit since a file was first read is one to be noticed.
        let files: Vec<PathBuf> = live
            .files()
            .into_iter()
            .map(|(file, held)| {
                seen.entry(file.clone()).or_insert(held);
                file
            })
            .collect();
        folders.follow(&files);
        let _ = tokio::time::timeout(wait, happened.recv()).await;
        wait = POLL;
        let quiet =
            async { while tokio::time::timeout(QUIET, happened.recv()).await.is_ok_and(|event| event.is_some()) {} };
        let _ = tokio::time::timeout(PATIENCE, quiet).await;
        let mut changed = false;
        for file in files {
            // One that is gone for a moment is on its way back under the same name.
            let Some(content) = read(file.clone()).await else { continue };
            changed |= seen.insert(file, content.clone()).is_some_and(|before| before != content);
        }
        if changed {
            let _ = live.reload("the file changed").await;
        }
    }
}

async fn read(file: PathBuf) -> Option<Arc<[u8]>> {
    let read = tokio::task::spawn_blocking(move || read_bounded(&file)).await;
    read.ok()?.ok().map(Arc::from)
}

/// The folders in which a change may show: the files' own, and those that their symlinks lead to.
struct Folders {
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
}

// === impl Folders ===

impl Folders {
    fn new(events: mpsc::Sender<()>) -> Self {
        // One waiting event says all there is to say.
        let tell = move |event: notify::Result<notify::Event>| {
            // Reading the file is an event too, and we are the ones who read it.
            if event.map_or(true, |event| !event.kind.is_access()) {
                let _ = events.try_send(());
            }
        };
        let watcher = notify::recommended_watcher(tell).inspect_err(|error| {
            warn!("cannot watch the config's files, looking at them every {POLL:?} instead: {error}")
        });
        Self { watcher: watcher.ok(), watched: BTreeSet::new() }
    }

    /// Watches the folders that matter now, and no others.
    fn follow(&mut self, files: &[PathBuf]) {
        let Some(watcher) = &mut self.watcher else { return };
        let parent = |path: &Path| match path.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let mut wanted: BTreeSet<PathBuf> = files.iter().map(|file| parent(file)).collect();
        wanted.extend(files.iter().filter_map(|file| file.canonicalize().ok()).map(|target| parent(&target)));
        for gone in self.watched.difference(&wanted) {
            let _ = watcher.unwatch(gone);
        }
        self.watched.retain(|folder| wanted.contains(folder));
        for folder in wanted {
            if !self.watched.contains(&folder) && watcher.watch(&folder, RecursiveMode::NonRecursive).is_ok() {
                self.watched.insert(folder);
            }
        }
    }
}

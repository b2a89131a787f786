//! From the queue to the server.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::{StreamExt, TryStreamExt, stream};
use redis::{Pipeline, RedisError, RedisResult};

use super::super::remote::{Backoff, Fault, Part};
use super::super::{Change, Entry, Millis};
use super::names::{Names, News, REMEMBERED};
use super::server::{Link, Server};
use super::{Shared, count, fault, script};

/// Writes changes and tells of them.
pub(super) struct Writer {
    server: Arc<Server>,
    names: Arc<Names>,
    shared: Arc<Shared>,
    link: Option<Link>,
    backoff: Backoff,
}

/// Changes that are written together.
const TOGETHER: usize = 64;

/// The bytes of their entries; the last one may exceed it.
const BYTES: usize = 1 << 20;

// === impl Writer ===

impl Writer {
    pub(super) fn new(server: Arc<Server>, names: Arc<Names>, shared: Arc<Shared>) -> Self {
        Self { server, names, shared, link: None, backoff: Backoff::default() }
    }

    /// Writes for ever.
    pub(super) async fn run(mut self) {
        loop {
            self.shared.queue.arrival().await;
            if let Err(error) = self.turn().await {
                count(&self.shared.errors);
                let (fault, detail) = fault::classify(&error);
                self.shared.health.fails(Part::Write, fault, &detail);
                tokio::time::sleep(self.backoff.fail()).await;
            }
        }
    }

    /// Writes some of what waits; after a failure a single change on a new connection, to see whether it works again.
    async fn turn(&mut self) -> RedisResult<()> {
        let link = match self.link.take() {
            Some(link) => link,
            None => self.server.connect(self.server.timeout()).await?,
        };
        let most = if self.backoff.is_failing() { 1 } else { TOGETHER };
        let batch = self.shared.queue.take(most, BYTES);
        match self.write(&link, &batch).await {
            Ok(written) => self.shared.written.fetch_add(written as u64, Ordering::Relaxed),
            Err(error) => {
                self.keep(batch, &error);
                return Err(error);
            }
        };
        self.link = Some(link);
        self.backoff.succeed();
        self.shared.health.works(Part::Write);
        Ok(())
    }

    /// What was not written waits on, but for an entry that failed alone, and for its own sake as it seems.
    fn keep(&self, batch: Vec<Change>, error: &RedisError) {
        let own = matches!(fault::classify(error).0, Fault::Timeout | Fault::Failed);
        match batch.as_slice() {
            [Change::Put(_)] if own && self.backoff.is_failing() => self.shared.queue.lose(1),
            _ => self.shared.queue.give_back(batch),
        }
    }

    /// Writes all of them or says why not; how many were worth it.
    async fn write(&self, link: &Link, batch: &[Change]) -> RedisResult<usize> {
        // Flushes first: the entries beside them may be of the new epoch.
        let mut written = 0;
        for change in batch {
            if let Change::Flush(epochs) = change {
                link.ask::<()>(&script::agree(&self.names, epochs)).await?;
                written += 1;
            }
        }
        let storing = stream::iter(batch).map(|change| self.store(link, change)).buffered(TOGETHER);
        let news: Vec<News> = storing.try_filter_map(async |news| Ok(news)).try_collect().await?;
        if !news.is_empty() {
            link.ask_all(&self.messages(&news)).await?;
        }
        Ok(written + news.len())
    }

    fn messages(&self, news: &[News]) -> Pipeline {
        let mut messages = Pipeline::new();
        for news in news {
            messages.cmd("XADD").arg(self.names.changes()).arg("MAXLEN").arg("~").arg(REMEMBERED).arg("*");
            messages.arg("from").arg(&self.names.instance);
            for (field, value) in news.fields() {
                messages.arg(field).arg(value);
            }
        }
        messages
    }

    async fn store(&self, link: &Link, change: &Change) -> RedisResult<Option<News>> {
        match change {
            Change::Put(entry) => self.put(link, entry).await,
            Change::Remove(scope, id) => {
                link.ask::<()>(&script::remove(&self.names, scope, id)).await?;
                Ok(Some(News::Remove(*scope, *id)))
            }
            Change::Flush(_) => Ok(None),
        }
    }

    async fn put(&self, link: &Link, entry: &Entry) -> RedisResult<Option<News>> {
        let left = entry.expires_at.since(Millis::now()).as_millis() as u64;
        if left == 0 {
            return Ok(None);
        }
        let mut command = redis::cmd("SET");
        command.arg(self.names.entry(&entry.scope, &entry.id)).arg(entry.to_bytes()).arg("PX").arg(left);
        link.ask::<()>(&command).await?;
        Ok(Some(News::Put(entry.scope, entry.id)))
    }
}

//! How texts are embedded: for routing, for guardrails, for their askers, and ahead of time.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::executor::block_on;
use futures::future::try_join_all;
use futures::{StreamExt, stream};
use pointsman_engine::Workspace;

use super::memo::Memo;
use super::model::{EmbedError, Model, Tokens};
use super::queue::{EncodeError, Engine, Lane, Queue, Reading, Settings, Terms};
use super::stats::{Stats, Use};
use super::text::{Cut, End};
use super::{Embedding, windows};

/// A model and the threads that run it. Dropping it ends the threads once they are done with what they are at.
#[derive(Debug)]
pub struct Encoder {
    queue: Queue,
    memo: Memo,
    stats: Arc<Stats>,
    timeout: Duration,
    windows: usize,
    dimensions: usize,
    identity: Arc<str>,
}

/// What a text means, and whether all of it was read for that at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Meaning {
    /// The meaning.
    pub embedding: Embedding,
    /// Whether the model read the whole text in one window: nothing was left out, and nothing pooled.
    pub is_whole: bool,
}

/// A text as it was seen in windows one after another.
#[derive(Debug, Clone, PartialEq)]
pub struct Windows {
    /// The meaning of each window, from the text's beginning on.
    pub embeddings: Vec<Embedding>,
    /// Bytes of the text that none of them holds.
    pub unread: usize,
}

/// Who asks for a text.
enum Asker {
    /// A request: for all of it by one deadline, and let in or turned away but once.
    Request { deadline: Instant, is_in: AtomicBool },
    /// Somebody who has time.
    Patient,
}

/// Texts under way at once ahead of time. Enough to keep every thread busy; what bounds memory.
const AHEAD: usize = 256;

// === impl Encoder ===

impl Encoder {
    /// Starts the threads.
    pub fn start(model: Arc<Model>, settings: Settings) -> Arc<Self> {
        let stats = Arc::<Stats>::default();
        let (dimensions, identity) = (model.dimensions(), model.identity().into());
        Arc::new(Self {
            queue: Queue::start(&settings, Arc::clone(&stats), model),
            memo: Memo::new(settings.memo),
            stats,
            timeout: settings.timeout,
            windows: settings.windows,
            dimensions,
            identity,
        })
    }

    /// Embeds `text` for routing: what the model reads of its head and, where that is not all, of up to
    /// [`Settings::windows`] parts, pooled. What was asked before comes from the memo. Whoever drops the future gives up the
    /// place in the queue.
    pub async fn embed(&self, text: &str) -> Result<Meaning, EncodeError> {
        self.sample(text, &self.request()).await
    }

    /// As [`Self::embed`], but behind all requests, in a place even in a full queue, and as long as it takes. For load
    /// time and offline work, whose callers bound what they have under way.
    pub async fn embed_patiently(&self, text: &str) -> Result<Embedding, EncodeError> {
        self.sample(text, &Asker::Patient).await.map(|meaning| meaning.embedding)
    }

    /// Embeds each of `texts` as [`Self::embed_patiently`] does, many at once, while the caller blocks; never call it on
    /// an async worker.
    pub fn embed_all(&self, texts: &[&str]) -> Vec<Result<Embedding, EncodeError>> {
        let embeddings = stream::iter(texts).map(|text| self.embed_patiently(text)).buffered(AHEAD);
        block_on(embeddings.collect())
    }

    /// Reads the first 256 tokens of `text`, behind all requests and as long as it takes; [`EncodeError::Busy`] where
    /// too many wait already.
    pub async fn read_head(&self, text: &str) -> Result<Reading, EncodeError> {
        let terms = Terms { lane: Lane::Bulk, bounded: true, deadline: None };
        let reading = self.queue.run(&Cut::head(text), terms).await?;
        self.stats.count_unread(Use::Embeddings, windows::unread(text, vec![reading.read.clone()]));
        Ok(reading)
    }

    /// Embeds all of `text` in windows one after another, up to `at_most`; those that were seen before, in this text or
    /// in another, come from the memo. Within [`Settings::timeout`] together.
    pub async fn windows(&self, text: &str, at_most: usize) -> Result<Windows, EncodeError> {
        let asker = self.request();
        let mut next: Vec<Cut> = windows::segments(text).take(at_most).collect();
        let mut seen: Vec<(Range<usize>, Embedding)> = Vec::new();
        while !next.is_empty() {
            let readings = try_join_all(next.iter().map(|cut| self.read(cut, &asker))).await?;
            let mut rest = Vec::new();
            for (cut, reading) in next.into_iter().zip(readings) {
                seen.push((placed(&cut, &reading), reading.embedding));
                // A segment of more tokens than most is not read to its end at once.
                rest.extend(cut.after(reading.read.end));
            }
            rest.truncate(at_most - seen.len());
            next = rest;
        }
        seen.sort_by_key(|(range, _)| range.start);
        let (read, embeddings) = seen.into_iter().unzip();
        Ok(Windows { embeddings, unread: windows::unread(text, read) })
    }

    /// What embeds, and how exactly: embeddings of another say nothing next to these.
    pub fn identity(&self) -> &Arc<str> {
        &self.identity
    }

    /// Floats in an embedding.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Texts that may wait for [`Self::read_head`].
    pub fn capacity(&self) -> usize {
        self.queue.capacity()
    }

    /// Pieces of texts that wait for a thread.
    pub fn depth(&self) -> usize {
        self.queue.depth()
    }

    /// What has happened so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    fn request(&self) -> Asker {
        Asker::Request { deadline: Instant::now() + self.timeout, is_in: AtomicBool::new(false) }
    }

    /// The meaning of `text` by its head and, where that is not all, by further windows, handed in together.
    async fn sample(&self, text: &str, asker: &Asker) -> Result<Meaning, EncodeError> {
        let text = text.trim();
        let cut = Cut::head(text);
        let head = self.read(&cut, asker).await?;
        let cuts = windows::sample(text, head.read.end, self.windows.saturating_sub(1));
        let others = try_join_all(cuts.iter().map(|cut| self.read(cut, asker))).await?;
        let mut seen = vec![placed(&cut, &head)];
        seen.extend(cuts.iter().zip(&others).map(|(cut, reading)| placed(cut, reading)));
        let unread = windows::unread(text, seen);
        self.stats.count_unread(Use::Routing, unread);
        let is_whole = unread == 0 && others.is_empty();
        let all: Vec<_> = [head].into_iter().chain(others).map(|reading| (reading.embedding, reading.tokens)).collect();
        let embedding = windows::pool(&all).ok_or(EncodeError::Failed)?;
        Ok(Meaning { embedding, is_whole })
    }

    async fn read(&self, cut: &Cut<'_>, asker: &Asker) -> Result<Reading, EncodeError> {
        match asker {
            Asker::Request { deadline, is_in } => self.recall(cut, *deadline, is_in).await,
            Asker::Patient => {
                let terms = Terms { lane: Lane::Ahead, bounded: false, deadline: None };
                self.queue.run(cut, terms).await
            }
        }
    }

    /// What `cut` gave when it was asked for last, or what it gives now.
    async fn recall(&self, cut: &Cut<'_>, deadline: Instant, is_in: &AtomicBool) -> Result<Reading, EncodeError> {
        let key = self.memo.key(cut);
        if let Some(key) = &key {
            let known = self.memo.get(key);
            let counter = if known.is_some() { &self.stats.hits } else { &self.stats.misses };
            counter.fetch_add(1, Ordering::Relaxed);
            if let Some(known) = known {
                return Ok(known);
            }
        }
        // A text that was let in is read to its end: half of it would have been work for nothing.
        let bounded = !is_in.swap(true, Ordering::Relaxed);
        let terms = Terms { lane: Lane::Request, bounded, deadline: Some(deadline) };
        let reading = self.queue.run(cut, terms).await?;
        if let Some(key) = key {
            self.memo.put(key, reading.clone());
        }
        Ok(reading)
    }
}

/// The bytes of the whole text that were read of `cut`.
fn placed(cut: &Cut, reading: &Reading) -> Range<usize> {
    cut.at + reading.read.start..cut.at + reading.read.end
}

// === impl Model ===

impl Engine for Model {
    fn tokenize(&self, text: &str, end: End) -> Result<Tokens, EmbedError> {
        self.tokenize(text, end)
    }

    type Workspace = Workspace;

    fn encode(&self, batch: &[Tokens], workspace: &mut Workspace) -> Result<Vec<Embedding>, EmbedError> {
        self.encode(batch, workspace)
    }
}

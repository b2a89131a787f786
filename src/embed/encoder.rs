//! How texts are embedded: for routing, for guardrails, for their askers, and ahead of time.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::executor::block_on;
use futures::future::try_join_all;
use futures::{StreamExt, stream};
use pointsman_engine::Workspace;

use super::memo::Memo;
use super::model::{EmbedError, Encoded, Model, Tokens};
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

/// Who asks for a text.
pub(super) enum Asker {
    /// A request: for all of it by one deadline, with how much of it has been handed in. It is let in or turned away but
    /// once.
    Request { deadline: Instant, handed_in: AtomicUsize },
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
        self.sample(text, &Asker::until(Instant::now() + self.timeout)).await
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
        let terms = Terms { lane: Lane::Bulk, bounded: true, deadline: None, spans: false };
        let reading = self.queue.run(&Cut::head(text), terms).await?;
        self.stats.count_unread(Use::Embeddings, windows::unread(text, vec![reading.read.clone()]));
        Ok(reading)
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

    /// Parts of a text that its meaning is made of, at most.
    pub(super) fn windows(&self) -> usize {
        self.windows.max(1)
    }

    /// The meaning of `text` by its head and, where that is not all, by further windows, handed in together.
    async fn sample(&self, text: &str, asker: &Asker) -> Result<Meaning, EncodeError> {
        let text = text.trim();
        let cut = Cut::head(text);
        let head = self.read(&cut, asker).await?;
        let cuts = windows::sample(text, head.read.end, self.windows() - 1);
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

    /// Reads `cut`, or remembers it.
    pub(super) async fn read(&self, cut: &Cut<'_>, asker: &Asker) -> Result<Reading, EncodeError> {
        match asker {
            Asker::Request { deadline, handed_in } => self.recall(cut, *deadline, handed_in).await,
            Asker::Patient => {
                let terms = Terms { lane: Lane::Ahead, bounded: false, deadline: None, spans: false };
                self.queue.run(cut, terms).await
            }
        }
    }

    /// What `cut` gave when it was asked for last, or what it gives now. It has spans in either case, where the model
    /// finds any: who asks for a meaning alone may come before who asks for both.
    async fn recall(&self, cut: &Cut<'_>, deadline: Instant, handed_in: &AtomicUsize) -> Result<Reading, EncodeError> {
        let key = self.memo.key(cut);
        if let Some(key) = &key {
            let known = self.memo.get(key);
            let counter = if known.is_some() { &self.stats.hits } else { &self.stats.misses };
            counter.fetch_add(1, Ordering::Relaxed);
            if let Some(known) = known {
                return Ok(known);
            }
        }
        let before = handed_in.fetch_add(1, Ordering::Relaxed);
        // As much of a request goes first as routing reads of one. Others wait no longer for one with more to read, and
        // what it has more goes on while none of them is waiting.
        let lane = if before < self.windows() { Lane::Request } else { Lane::Further };
        // A request that was let in is read to its end: half of it would have been work for nothing.
        let terms = Terms { lane, bounded: before == 0, deadline: Some(deadline), spans: true };
        let reading = self.queue.run(cut, terms).await?;
        if let Some(key) = key {
            self.memo.put(key, reading.clone());
        }
        Ok(reading)
    }
}

// === impl Asker ===

impl Asker {
    /// A request that has until `deadline`.
    pub(super) fn until(deadline: Instant) -> Self {
        Self::Request { deadline, handed_in: AtomicUsize::new(0) }
    }
}

/// The bytes of the whole text that were read of `cut`.
pub(super) fn placed(cut: &Cut, reading: &Reading) -> Range<usize> {
    cut.at + reading.read.start..cut.at + reading.read.end
}

// === impl Model ===

impl Engine for Model {
    type Workspace = Workspace;

    fn tokenize(&self, text: &str, end: End, spans: bool) -> Result<Tokens, EmbedError> {
        if spans { self.tokenize_for_spans(text, end) } else { self.tokenize(text, end) }
    }

    fn encode(&self, batch: &[Tokens], workspace: &mut Workspace) -> Result<Vec<Encoded>, EmbedError> {
        self.encode(batch, workspace)
    }
}

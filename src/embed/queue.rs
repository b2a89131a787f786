//! Inference threads behind a bounded queue: a full queue says so at once, those who wait go together, and who has left
//! is skipped.

mod line;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use self::line::{Batch, Job, Line};
pub(super) use self::line::{Lane, Terms};
use super::Embedding;
use super::model::{EmbedError, Encoded, Tokens};
use super::stats::Stats;
use super::tags::Span;
use super::text::{Cut, End};

/// How an encoder runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Inference threads; 0 means half the cores, at least one.
    pub threads: usize,
    /// Texts that may wait for a thread, on the way of a request and otherwise.
    pub queue: usize,
    /// How long a text may wait and be encoded, together.
    pub timeout: Duration,
    /// Parts of a text that are read, each of what the model reads at once; at least one.
    pub windows: usize,
    /// Texts whose embeddings are kept for the next time; 0 for none.
    pub memo: usize,
}

/// Why there is no embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The queue is full; said at once.
    #[error("the encoder's queue is full")]
    Busy,
    /// It took longer than [`Settings::timeout`].
    #[error("the encoder took too long")]
    Timeout,
    /// Inference failed or panicked; the log says how.
    #[error("the encoder failed")]
    Failed,
}

/// What the model made of one piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Its meaning.
    pub embedding: Embedding,
    /// Tokens that were read, the two that mark the ends included.
    pub tokens: usize,
    /// The bytes of the piece that were read.
    pub read: Range<usize>,
    /// What they name, where that was asked for and the model has a head for it.
    pub spans: Arc<[Span]>,
}

/// What the threads run.
pub(super) trait Engine: Send + Sync + 'static {
    /// What each thread keeps from batch to batch.
    type Workspace: Default;

    /// What is read at one end of `text`, and whether for its spans too.
    fn tokenize(&self, text: &str, end: End, spans: bool) -> Result<Tokens, EmbedError>;

    /// What each of `batch` becomes, in its order; an error is one of them all.
    fn encode(&self, batch: &[Tokens], workspace: &mut Self::Workspace) -> Result<Vec<Encoded>, EmbedError>;
}

/// The threads' side of the encoder; knows nothing of models.
#[derive(Debug)]
pub(super) struct Queue {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    hall: Mutex<Hall>,
    arrived: Condvar,
    capacity: usize,
    stats: Arc<Stats>,
}

/// Where jobs wait for threads, and threads for jobs.
#[derive(Debug, Default)]
struct Hall {
    line: Line,
    /// Threads with nothing to do.
    idle: usize,
    closed: bool,
}

// === impl Settings ===

impl Settings {
    fn threads(&self) -> usize {
        match self.threads {
            0 => thread::available_parallelism().map_or(1, |cores| cores.get() / 2).max(1),
            threads => threads,
        }
    }
}

// === impl Queue ===

impl Queue {
    /// Starts the threads.
    pub(super) fn start(settings: &Settings, stats: Arc<Stats>, engine: Arc<impl Engine>) -> Self {
        let (hall, arrived) = Default::default();
        let shared = Arc::new(Shared { hall, arrived, capacity: settings.queue, stats });
        for number in 0..settings.threads() {
            let (shared, engine) = (Arc::clone(&shared), Arc::clone(&engine));
            let work = move || compute_alone(|| shared.work(&*engine));
            if let Err(error) = thread::Builder::new().name(format!("encoder-{number}")).spawn(work) {
                // With fewer threads it is slower; with none every text times out, and the router degrades.
                tracing::error!("cannot start the encoder's thread {number}: {error}");
            }
        }
        Self { shared }
    }

    /// Hands in `cut` at once; the future waits for its reading. Who drops it gives up the place.
    pub(super) fn run(&self, cut: &Cut, terms: Terms) -> impl Future<Output = Result<Reading, EncodeError>> + use<> {
        let (job, answer) = Job::new(cut, terms);
        let queued = self.shared.push(job, terms);
        let shared = Arc::clone(&self.shared);
        async move {
            queued?;
            let Some(deadline) = terms.deadline else { return answer.await.unwrap_or(Err(EncodeError::Failed)) };
            match tokio::time::timeout_at(deadline.into(), answer).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_dropped)) if Instant::now() < deadline => Err(EncodeError::Failed),
                // The time is up: by our timer or, a moment earlier, by the thread that skipped the job for it.
                Ok(Err(_)) | Err(_) => {
                    count(&shared.stats.timeouts, 1);
                    Err(EncodeError::Timeout)
                }
            }
        }
    }

    /// Jobs that may wait in a lane.
    pub(super) fn capacity(&self) -> usize {
        self.shared.capacity
    }

    pub(super) fn depth(&self) -> usize {
        self.shared.hall.lock().line.len()
    }
}

impl Drop for Queue {
    /// The threads end by themselves; whoever still waits is told that the encoder failed.
    fn drop(&mut self) {
        let mut hall = self.shared.hall.lock();
        hall.closed = true;
        hall.line.clear();
        self.shared.arrived.notify_all();
    }
}

// === impl Shared ===

impl Shared {
    fn push(&self, job: Job, Terms { lane, bounded, .. }: Terms) -> Result<(), EncodeError> {
        let line = &mut self.hall.lock().line;
        let is_full = |line: &Line| bounded && line.waiting(lane) >= self.capacity;
        if is_full(line) {
            // Those who have left hold no place against those who are here.
            count(&self.stats.departed, line.forget_departed(lane));
        }
        if is_full(line) {
            count(&self.stats.busy, 1);
            return Err(EncodeError::Busy);
        }
        line.push(lane, job);
        self.arrived.notify_one();
        Ok(())
    }

    /// A thread's life.
    fn work<E: Engine>(&self, engine: &E) {
        let mut workspace = Default::default();
        while let Some(jobs) = self.next() {
            self.answer(engine, jobs, &mut workspace);
        }
    }

    /// The next jobs that somebody still waits for; None when the queue is closed.
    fn next(&self) -> Option<Vec<Job>> {
        let mut hall = self.hall.lock();
        loop {
            let idle = hall.idle;
            let Batch { jobs, departed } = hall.line.next(idle, Instant::now());
            count(&self.stats.departed, departed);
            if !jobs.is_empty() {
                return Some(jobs);
            }
            if hall.closed {
                return None;
            }
            hall.idle += 1;
            self.arrived.wait(&mut hall);
            hall.idle -= 1;
        }
    }

    fn answer<E: Engine>(&self, engine: &E, jobs: Vec<Job>, workspace: &mut E::Workspace) {
        let (mut askers, mut read) = (Vec::new(), Vec::new());
        for job in jobs {
            match survive(|| engine.tokenize(&job.text, job.end, job.spans)) {
                Ok(tokens) => {
                    askers.push(job);
                    read.push(tokens);
                }
                Err(trouble) => self.fail(job, &trouble),
            }
        }
        if !askers.is_empty() {
            self.encode(engine, askers, read, workspace);
        }
    }

    /// Runs a batch, or its texts one by one where that fails: the one to blame must not take its neighbours with it.
    fn encode<E: Engine>(&self, engine: &E, mut askers: Vec<Job>, read: Vec<Tokens>, workspace: &mut E::Workspace) {
        count(&self.stats.batches, 1);
        match survive(|| engine.encode(&read, workspace)) {
            Ok(all) => {
                for ((job, tokens), encoded) in askers.into_iter().zip(read).zip(all) {
                    self.succeed(job, tokens, encoded);
                }
            }
            Err(trouble) if askers.len() == 1 => askers.drain(..).for_each(|job| self.fail(job, &trouble)),
            Err(_) => {
                for (job, tokens) in askers.into_iter().zip(read) {
                    self.encode(engine, vec![job], vec![tokens], workspace);
                }
            }
        }
    }

    fn succeed(&self, job: Job, Tokens { ids, read, .. }: Tokens, Encoded { embedding, spans }: Encoded) {
        count(&self.stats.encoded, 1);
        // An asker who left meanwhile is no concern of ours.
        let _ = job.reply.send(Ok(Reading { embedding, tokens: ids.len(), read, spans }));
    }

    fn fail(&self, job: Job, trouble: &str) {
        tracing::error!("embedding failed: {trouble}");
        count(&self.stats.failed, 1);
        let _ = job.reply.send(Err(EncodeError::Failed));
    }
}

/// What `step` gives, or what went wrong. A workspace that a panic left half done is overwritten by
/// the next batch.
fn survive<T>(step: impl FnOnce() -> Result<T, EmbedError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_panic) => Err("inference panicked; that text is lost, the thread goes on".into()),
    }
}

fn count(counter: &AtomicU64, more: usize) {
    counter.fetch_add(more as u64, Ordering::Relaxed);
}

/// Runs `work` so that what it computes stays on this thread.
///
/// candle spreads its matrix products, softmax and layer norm over rayon's pool, by default as many threads as there
/// are cores: one long prompt would take them all from the proxy's workers, and several would queue for them. As the
/// only member of a pool of its own, a thread is all that rayon finds.
///
/// Two things only the environment can do, and `RAYON_NUM_THREADS=1` does both: it spares the matrix products the
/// preparations for several threads (a fifth of the time), and it keeps candle's element-wise operations on more than
/// 64 Ki values, those of prompts beyond some 40 tokens, from a second pool whose threads wait by spinning.
pub(crate) fn compute_alone(work: impl FnOnce()) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
    if let Err(error) = &pool {
        tracing::warn!("inference will share all cores: {error}");
    }
    work();
}

#[cfg(test)]
mod tests;

//! Inference threads behind a bounded queue: a full queue says so at once, and who has left is skipped.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::Embedding;
use super::model::EmbedError;

/// How an encoder runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Inference threads; 0 means half the cores, at least one.
    pub threads: usize,
    /// Texts that may wait for a thread.
    pub queue: usize,
    /// How long a text may wait and be encoded, together.
    pub timeout: Duration,
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

/// What an encoder has done, since it started.
#[derive(Debug, Default)]
pub struct Stats {
    /// Texts embedded.
    pub encoded: AtomicU64,
    /// Texts turned away by a full queue.
    pub busy: AtomicU64,
    /// Texts whose askers were told [`EncodeError::Timeout`].
    pub timeouts: AtomicU64,
    /// Texts on which inference failed or panicked.
    pub failed: AtomicU64,
    /// Texts skipped because their askers had left.
    pub departed: AtomicU64,
}

/// The threads' side of the encoder; knows nothing of models.
#[derive(Debug)]
pub(super) struct Queue {
    shared: Arc<Shared>,
    timeout: Duration,
}

#[derive(Debug)]
struct Shared {
    line: Mutex<Line>,
    arrived: Condvar,
    capacity: usize,
    stats: Stats,
}

/// Those who wait.
#[derive(Debug, Default)]
struct Line {
    jobs: VecDeque<Job>,
    closed: bool,
}

#[derive(Debug)]
struct Job {
    text: Arc<str>,
    /// None where the asker waits as long as it takes.
    deadline: Option<Instant>,
    reply: oneshot::Sender<Result<Embedding, EncodeError>>,
}

// === impl Stats ===

impl Stats {
    /// Each count under its name in metrics.
    pub fn counts(&self) -> [(&'static str, u64); 5] {
        let counts = [
            ("encoded", &self.encoded),
            ("busy", &self.busy),
            ("timeout", &self.timeouts),
            ("failed", &self.failed),
            ("departed", &self.departed),
        ];
        counts.map(|(name, count)| (name, count.load(Ordering::Relaxed)))
    }
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
    /// Starts the threads, each of which calls `engine` for one text at a time.
    pub(super) fn start<F>(settings: Settings, engine: F) -> Self
    where
        F: Fn(&str) -> Result<Embedding, EmbedError> + Send + Sync + 'static,
    {
        let shared = Arc::new(Shared {
            line: Mutex::default(),
            arrived: Condvar::new(),
            capacity: settings.queue,
            stats: Stats::default(),
        });
        let engine = Arc::new(engine);
        for number in 0..settings.threads() {
            let (shared, engine) = (Arc::clone(&shared), Arc::clone(&engine));
            let work = move || compute_alone(|| shared.work(&*engine));
            if let Err(error) = thread::Builder::new().name(format!("encoder-{number}")).spawn(work) {
                // With fewer threads it is slower; with none every text times out, and the router degrades.
                tracing::error!("cannot start the encoder's thread {number}: {error}");
            }
        }
        Self { shared, timeout: settings.timeout }
    }

    /// Runs `text` if the queue has room, within the timeout.
    pub(super) async fn run(&self, text: Arc<str>) -> Result<Embedding, EncodeError> {
        let deadline = Instant::now() + self.timeout;
        let (job, answer) = Job::new(text, Some(deadline));
        self.shared.push(job, self.shared.capacity)?;
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_dropped)) if Instant::now() < deadline => Err(EncodeError::Failed),
            // The time is up: by our timer or, a moment earlier, by the thread that skipped the job for it.
            Ok(Err(_)) | Err(_) => {
                self.shared.stats.timeouts.fetch_add(1, Ordering::Relaxed);
                Err(EncodeError::Timeout)
            }
        }
    }

    /// Runs `text` however many wait and however long it takes.
    pub(super) fn run_patiently(&self, text: Arc<str>) -> impl Future<Output = Result<Embedding, EncodeError>> + use<> {
        let (job, answer) = Job::new(text, None);
        let queued = self.shared.push(job, usize::MAX);
        async move {
            queued?;
            answer.await.unwrap_or(Err(EncodeError::Failed))
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.shared.line.lock().jobs.len()
    }

    pub(super) fn stats(&self) -> &Stats {
        &self.shared.stats
    }
}

impl Drop for Queue {
    /// The threads end by themselves; whoever still waits is told that the encoder failed.
    fn drop(&mut self) {
        let mut line = self.shared.line.lock();
        line.closed = true;
        line.jobs.clear();
        self.shared.arrived.notify_all();
    }
}

// === impl Shared ===

impl Shared {
    fn push(&self, job: Job, capacity: usize) -> Result<(), EncodeError> {
        let mut line = self.line.lock();
        if line.jobs.len() >= capacity {
            // Those who have left hold no place against those who are here.
            let waiting = line.jobs.len();
            line.jobs.retain(|job| !job.reply.is_closed());
            self.count_departed(waiting - line.jobs.len());
        }
        if line.jobs.len() >= capacity {
            self.stats.busy.fetch_add(1, Ordering::Relaxed);
            return Err(EncodeError::Busy);
        }
        line.jobs.push_back(job);
        self.arrived.notify_one();
        Ok(())
    }

    /// A thread's life.
    fn work(&self, engine: &impl Fn(&str) -> Result<Embedding, EmbedError>) {
        while let Some(job) = self.next() {
            let answer = self.encode(engine, &job.text);
            // An asker who left meanwhile is no concern of ours.
            let _ = job.reply.send(answer);
        }
    }

    /// The next job that somebody still waits for; None when the queue is closed.
    fn next(&self) -> Option<Job> {
        let mut line = self.line.lock();
        loop {
            match line.jobs.pop_front() {
                Some(job) if job.reply.is_closed() => self.count_departed(1),
                // Its asker takes that, as its own timer, for the end of its time.
                Some(job) if job.deadline.is_some_and(|deadline| deadline <= Instant::now()) => {}
                Some(job) => return Some(job),
                None if line.closed => return None,
                None => self.arrived.wait(&mut line),
            }
        }
    }

    fn encode(
        &self,
        engine: &impl Fn(&str) -> Result<Embedding, EmbedError>,
        text: &str,
    ) -> Result<Embedding, EncodeError> {
        // The engine keeps nothing between texts that a panic could leave half done.
        let outcome = catch_unwind(AssertUnwindSafe(|| engine(text)));
        match outcome {
            Ok(Ok(embedding)) => {
                self.stats.encoded.fetch_add(1, Ordering::Relaxed);
                return Ok(embedding);
            }
            Ok(Err(error)) => tracing::error!("embedding failed: {error}"),
            Err(_panic) => {
                tracing::error!("inference panicked; that text is lost, the thread goes on")
            }
        }
        self.stats.failed.fetch_add(1, Ordering::Relaxed);
        Err(EncodeError::Failed)
    }

    fn count_departed(&self, jobs: usize) {
        self.stats.departed.fetch_add(jobs as u64, Ordering::Relaxed);
    }
}

// === impl Job ===

impl Job {
    fn new(text: Arc<str>, deadline: Option<Instant>) -> (Self, oneshot::Receiver<Result<Embedding, EncodeError>>) {
        let (reply, answer) = oneshot::channel();
        (Self { text, deadline, reply }, answer)
    }
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
fn compute_alone(work: impl FnOnce()) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
    if let Err(error) = &pool {
        tracing::warn!("inference will share all cores: {error}");
    }
    work();
}

#[cfg(test)]
mod tests;

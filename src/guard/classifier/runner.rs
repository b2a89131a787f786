//! Threads of classifiers' own behind a bounded queue: a full queue says so at once, and who has left is skipped.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::{Classifier, ClassifyError, Outcome};
use crate::embed::{EncodeError, compute_alone};

/// A classifier that runs on threads of its own; they end with it.
pub struct Runner<M: Classifier> {
    shared: Arc<Shared<M>>,
}

struct Shared<M: Classifier> {
    model: M,
    hall: Mutex<Hall<M::Output>>,
    arrived: Condvar,
    capacity: usize,
}

/// Where jobs wait for threads.
struct Hall<T> {
    jobs: VecDeque<Job<T>>,
    closed: bool,
}

/// Texts, and who waits for what is made of them.
struct Job<T> {
    texts: Vec<Arc<str>>,
    at_most: usize,
    deadline: Instant,
    reply: oneshot::Sender<Result<Vec<Outcome<T>>, EncodeError>>,
}

// === impl Runner ===

impl<M: Classifier> Runner<M> {
    /// Starts the threads; as many jobs as `capacity` may wait for them. At least one of each.
    pub fn start(model: M, threads: usize, capacity: usize) -> Arc<Self> {
        let hall = Mutex::new(Hall { jobs: VecDeque::new(), closed: false });
        let shared = Arc::new(Shared { model, hall, arrived: Condvar::new(), capacity: capacity.max(1) });
        for number in 0..threads.max(1) {
            let shared = Arc::clone(&shared);
            let work = move || compute_alone(|| shared.work());
            if let Err(error) = thread::Builder::new().name(format!("classifier-{number}")).spawn(work) {
                // With fewer threads it is slower; with none every job times out.
                tracing::error!("cannot start the classifier's thread {number}: {error}");
            }
        }
        Arc::new(Self { shared })
    }

    /// What is made of each of `texts`, of the first `at_most` windows of it, in their order. Fails for all where it fails
    /// for one. Who drops the future gives up the place.
    pub async fn run(
        &self,
        texts: Vec<Arc<str>>,
        at_most: usize,
        deadline: Instant,
    ) -> Result<Vec<Outcome<M::Output>>, EncodeError> {
        let (reply, answer) = oneshot::channel();
        self.shared.push(Job { texts, at_most, deadline, reply })?;
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_dropped)) if Instant::now() < deadline => Err(EncodeError::Failed),
            // The time is up: by our timer or, a moment earlier, by the thread that gave the job up for it.
            Ok(Err(_)) | Err(_) => Err(EncodeError::Timeout),
        }
    }

    /// Jobs that wait for a thread.
    pub fn depth(&self) -> usize {
        self.shared.hall.lock().jobs.len()
    }
}

impl<M: Classifier> Drop for Runner<M> {
    fn drop(&mut self) {
        let mut hall = self.shared.hall.lock();
        hall.closed = true;
        hall.jobs.clear();
        self.shared.arrived.notify_all();
    }
}

impl<M: Classifier> std::fmt::Debug for Runner<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Runner").field("capacity", &self.shared.capacity).field("depth", &self.depth()).finish()
    }
}

// === impl Shared ===

impl<M: Classifier> Shared<M> {
    fn push(&self, job: Job<M::Output>) -> Result<(), EncodeError> {
        let jobs = &mut self.hall.lock().jobs;
        if jobs.len() >= self.capacity {
            // Those who have left hold no place against those who are here.
            jobs.retain(|job| job.is_wanted());
        }
        if jobs.len() >= self.capacity {
            return Err(EncodeError::Busy);
        }
        jobs.push_back(job);
        self.arrived.notify_one();
        Ok(())
    }

    /// A thread's life.
    fn work(&self) {
        while let Some(job) = self.next() {
            self.answer(job);
        }
    }

    /// The next job that somebody still waits for; None when the queue is closed.
    fn next(&self) -> Option<Job<M::Output>> {
        let mut hall = self.hall.lock();
        loop {
            while let Some(job) = hall.jobs.pop_front() {
                if job.is_wanted() {
                    return Some(job);
                }
            }
            if hall.closed {
                return None;
            }
            self.arrived.wait(&mut hall);
        }
    }

    fn answer(&self, job: Job<M::Output>) {
        let classify = |text: &Arc<str>| self.model.classify(text, job.at_most, &|| job.is_wanted());
        let all = || job.texts.iter().map(classify).collect::<Result<Vec<_>, _>>();
        let answer = match catch_unwind(AssertUnwindSafe(all)) {
            Ok(Ok(outcomes)) => Ok(outcomes),
            Ok(Err(ClassifyError::GivenUp)) => return,
            Ok(Err(error)) => {
                tracing::error!("classifying failed: {error}");
                Err(EncodeError::Failed)
            }
            Err(_panic) => {
                tracing::error!("classifying panicked; that text is lost, the thread goes on");
                Err(EncodeError::Failed)
            }
        };
        // An asker who left meanwhile is no concern of ours.
        let _ = job.reply.send(answer);
    }
}

// === impl Job ===

impl<T> Job<T> {
    /// Whether somebody waits for it, and there is time left.
    fn is_wanted(&self) -> bool {
        !self.reply.is_closed() && Instant::now() < self.deadline
    }
}

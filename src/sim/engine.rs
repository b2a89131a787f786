//! The pretended engine: slots, a bounded queue, and the load that they make, all counted by ownership.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::prefix::{BLOCK_TOKENS, Prefix, Prompt};

/// The engine, and what it has to tell.
pub(super) struct Engine {
    slots: Arc<Semaphore>,
    max_queued: usize,
    kv_blocks: usize,
    prefix: Mutex<Prefix>,
    pub(super) running: AtomicUsize,
    pub(super) waiting: AtomicUsize,
    /// Tokens that running requests hold.
    kv_tokens: AtomicUsize,
    pub(super) counters: Counters,
}

/// What only ever grows.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) prompt_tokens: AtomicU64,
    pub(super) generation_tokens: AtomicU64,
    pub(super) prefix_queries: AtomicU64,
    pub(super) prefix_hits: AtomicU64,
    pub(super) rejected: AtomicU64,
    /// By [`Finish`].
    pub(super) finished: [AtomicU64; 4],
}

/// Why a request ended, as vLLM's metric has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finish {
    /// It said all it had to say.
    Stop,
    /// It reached its token budget.
    Length,
    /// Its client left.
    Abort,
    /// It failed.
    Error,
}

/// A request that was let in.
pub(super) enum Ticket {
    /// It has its slot.
    Seated(Seat),
    /// It waits for one.
    Queued(Waiting),
}

/// A place in the queue.
pub(super) struct Waiting(Arc<Engine>);

/// A slot, and the load of the request in it.
pub(super) struct Seat {
    engine: Arc<Engine>,
    held_tokens: usize,
    finish: Finish,
    _permit: OwnedSemaphorePermit,
}

/// All slots and the queue are taken.
#[derive(Debug)]
pub(super) struct Busy;

// === impl Engine ===

impl Engine {
    /// Runs `slots` requests at once, lets `max_queued` more wait, and has `kv_blocks` blocks of cache.
    pub(super) fn new(slots: usize, max_queued: usize, kv_blocks: usize) -> Self {
        Self {
            slots: Arc::new(Semaphore::new(slots.clamp(1, Semaphore::MAX_PERMITS))),
            max_queued,
            kv_blocks,
            prefix: Mutex::new(Prefix::new(kv_blocks)),
            running: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            kv_tokens: AtomicUsize::new(0),
            counters: Counters::default(),
        }
    }

    /// Lets a request in, to a slot or to the queue.
    ///
    /// # Errors
    /// [`Busy`] when both are full.
    pub(super) fn enter(self: &Arc<Self>) -> Result<Ticket, Busy> {
        if let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() {
            return Ok(Ticket::Seated(Seat::new(self, permit)));
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.max_queued {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.counters.rejected.fetch_add(1, Ordering::Relaxed);
            return Err(Busy);
        }
        Ok(Ticket::Queued(Waiting(Arc::clone(self))))
    }

    /// The share of the cache that running requests hold, `0.0..=1.0`.
    pub(super) fn kv_usage(&self) -> f64 {
        let capacity = (self.kv_blocks * BLOCK_TOKENS).max(1);
        (self.kv_tokens.load(Ordering::Relaxed) as f64 / capacity as f64).min(1.0)
    }
}

// === impl Ticket ===

impl Ticket {
    /// Waits for the slot. Dropping the future gives the place in the queue back.
    pub(super) async fn seat(self) -> Seat {
        match self {
            Self::Seated(seat) => seat,
            Self::Queued(waiting) => loop {
                // The semaphore is never closed.
                if let Ok(permit) = Arc::clone(&waiting.0.slots).acquire_owned().await {
                    break Seat::new(&waiting.0, permit);
                }
            },
        }
    }
}

// === impl Waiting ===

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

// === impl Seat ===

impl Seat {
    fn new(engine: &Arc<Engine>, permit: OwnedSemaphorePermit) -> Self {
        engine.running.fetch_add(1, Ordering::Relaxed);
        Self { engine: Arc::clone(engine), held_tokens: 0, finish: Finish::Abort, _permit: permit }
    }

    /// Takes the prompt in; returns how many of its tokens were not in the prefix cache.
    pub(super) fn prefill(&mut self, prompt: &Prompt) -> usize {
        let hits = self.engine.prefix.lock().admit(prompt);
        let counters = &self.engine.counters;
        counters.prompt_tokens.fetch_add(prompt.tokens as u64, Ordering::Relaxed);
        counters.prefix_queries.fetch_add(prompt.tokens as u64, Ordering::Relaxed);
        counters.prefix_hits.fetch_add(hits as u64, Ordering::Relaxed);
        self.hold(prompt.tokens);
        prompt.tokens - hits
    }

    /// Counts generated tokens.
    pub(super) fn generated(&mut self, tokens: usize) {
        self.engine.counters.generation_tokens.fetch_add(tokens as u64, Ordering::Relaxed);
        self.hold(tokens);
    }

    /// Gives the slot back; a seat that is only dropped was aborted.
    pub(super) fn finish(mut self, finish: Finish) {
        self.finish = finish;
    }

    fn hold(&mut self, tokens: usize) {
        self.engine.kv_tokens.fetch_add(tokens, Ordering::Relaxed);
        self.held_tokens += tokens;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.engine.running.fetch_sub(1, Ordering::Relaxed);
        self.engine.kv_tokens.fetch_sub(self.held_tokens, Ordering::Relaxed);
        self.engine.counters.finished[self.finish as usize].fetch_add(1, Ordering::Relaxed);
    }
}

// === impl Finish ===

impl Finish {
    /// All of them, in the order of their counters.
    pub(super) const ALL: [Self; 4] = [Self::Stop, Self::Length, Self::Abort, Self::Error];

    /// vLLM's word for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::Abort => "abort",
            Self::Error => "error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(engine: &Engine) -> (usize, usize) {
        (engine.running.load(Ordering::Relaxed), engine.waiting.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn slots_and_places_in_the_queue_are_given_back_by_drop() {
        let engine = Arc::new(Engine::new(1, 1, 16));
        let first = engine.enter().unwrap().seat().await;
        let second = engine.enter().unwrap();
        assert!(engine.enter().is_err());
        assert_eq!(load(&engine), (1, 1));

        let mut queued = Box::pin(second.seat());
        assert!(futures::poll!(&mut queued).is_pending());
        drop(queued);
        assert_eq!(load(&engine), (1, 0));

        let third = engine.enter().unwrap();
        first.finish(Finish::Stop);
        let mut seat = third.seat().await;
        assert_eq!(load(&engine), (1, 0));

        let mut prompt = Prompt::new();
        prompt.ids(&[7; 64]);
        assert_eq!(seat.prefill(&prompt), 64);
        seat.generated(64);
        assert_eq!(engine.kv_usage(), 0.5);
        drop(seat);
        assert_eq!((load(&engine), engine.kv_usage()), ((0, 0), 0.0));
        let finished = Finish::ALL.map(|finish| engine.counters.finished[finish as usize].load(Ordering::Relaxed));
        assert_eq!(finished, [1, 0, 1, 0]);
    }
}

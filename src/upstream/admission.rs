//! Who may wait for a free place, and who has it next: by priority, then tenants take turns.
//!
//! The queue does not know what a place is. Each waiter brings a closure that takes one for it, or none; it runs under
//! the queue's lock, so that no newcomer passes those who wait. All that the lock holder takes out of the queue, and
//! all that was granted to somebody who has left, is dropped after the lock: what is granted may call
//! [`Queue::advance`] when it goes. A closure that takes something and drops it again does so under the lock; that one
//! call changes nothing and is ignored.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::ReentrantMutex;
use tokio::sync::oneshot::{self, error::TryRecvError};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

pub use self::order::Rank;
use self::order::{Order, Ticket};
use self::rate::Rate;

mod order;
mod rate;

/// How often a waiter looks by itself: places are also free again without a call, as when a peer recovers.
const RETRY: Duration = Duration::from_millis(200);

/// All look for each waiter's sake, so that looks closer than this are one too many.
const SWEEP_GAP: Duration = Duration::from_millis(100);

/// How many waiters in a row may get nothing of a freed place before it stays free.
const MISSES: usize = 16;

/// The same for the waiters' own looks, which find a place also for those behind.
const SWEEP_MISSES: usize = 1024;

/// Takes a free place for one waiter; none where there is none for it. Runs under the queue's lock: it must be quick,
/// must not [`enter`](Queue::enter) the same queue, and what it locks must not be locked around a call of the queue.
pub(super) type TryGrant<G> = Box<dyn FnMut() -> Option<G> + Send>;

/// Those who wait for a `G`.
pub(super) struct Queue<G> {
    /// Reentrant, so that a call from within a closure is seen and refused instead of blocking for ever.
    state: ReentrantMutex<RefCell<State<G>>>,
    waiting: AtomicUsize,
}

/// What a newcomer gets.
#[derive(Debug)]
#[must_use]
pub(super) enum Entered<G> {
    /// A place at once.
    Granted(G),
    /// A place in the queue.
    Waiting(Waiting<G>),
}

/// A place in the queue, given up when dropped.
#[derive(Debug)]
pub(super) struct Waiting<G> {
    queue: Arc<Queue<G>>,
    ticket: Ticket,
    answer: oneshot::Receiver<Answer<G>>,
}

/// Why somebody got nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// As many wait as may, and nobody had to make room.
    Full,
    /// It had to make room for a newcomer.
    Displaced,
    /// It waited for as long as it may.
    TimedOut,
}

type Answer<G> = Result<G, Refused>;

struct State<G> {
    order: Order<Waiter<G>>,
    freed: Rate,
    swept: Option<Instant>,
}

struct Waiter<G> {
    try_grant: TryGrant<G>,
    answer: oneshot::Sender<Answer<G>>,
}

/// What is left of a waiter that has its answer; also the answer where nobody took it. To be dropped without the lock.
type Spent<G> = (TryGrant<G>, Option<Answer<G>>);

// === impl Queue ===

impl<G> Default for Queue<G> {
    fn default() -> Self {
        let state = State { order: Order::default(), freed: Rate::default(), swept: None };
        Self { state: ReentrantMutex::new(RefCell::new(state)), waiting: AtomicUsize::new(0) }
    }
}

impl<G> fmt::Debug for Queue<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}

impl<G> Queue<G> {
    /// Takes a place at once, behind those who wait already, or waits for one where fewer than `size` wait. Where as
    /// many wait as may, the newcomer displaces one of a worse priority or of a tenant that has at least two more
    /// waiters than its own; otherwise it is [`Refused::Full`]. With `size` 0 it never waits.
    pub(super) fn enter(
        self: &Arc<Self>,
        size: usize,
        rank: Rank,
        try_grant: TryGrant<G>,
    ) -> Result<Entered<G>, Refused> {
        let (sender, mut answer) = oneshot::channel();
        let waiter = Waiter { try_grant, answer: sender };
        let entered = self.locked(|state| state.enter(size, rank, waiter));
        let Some((ticket, _spent)) = entered else { return Err(Refused::Full) };
        match answer.try_recv() {
            Ok(answer) => answer.map(Entered::Granted),
            Err(TryRecvError::Empty) => Ok(Entered::Waiting(Waiting { queue: self.clone(), ticket, answer })),
            Err(TryRecvError::Closed) => Err(Refused::Full),
        }
    }

    /// Gives free places to those who wait. To be called once for each place that is freed, after it is: the calls
    /// are what [`retry_after`](Self::retry_after) reckons with.
    pub(super) fn advance(&self) {
        drop(self.locked(|state| {
            state.freed.count(Instant::now());
            state.serve(MISSES)
        }));
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// When a newcomer would have its turn if all went in turn, in whole seconds between 1 and 60: those who wait, and
    /// the newcomer, at the rate at which places were freed of late. 1 s if none was in the last 90 s.
    pub(super) fn retry_after(&self) -> Duration {
        let now = Instant::now();
        let per_second = self.locked(|state| state.freed.per_second(now)).flatten();
        let seconds = per_second.map_or(1.0, |per_second| (self.waiting() as f64 + 1.0) / per_second);
        Duration::from_secs(seconds.ceil().clamp(1.0, 60.0) as u64)
    }

    /// Looks for places that became free without a call.
    fn sweep(&self) {
        drop(self.locked(|state| {
            let now = Instant::now();
            let due = state.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= SWEEP_GAP);
            due.then(|| {
                state.swept = Some(now);
                state.serve(SWEEP_MISSES)
            })
        }));
    }

    /// Acts on the state alone; not at all if called from within.
    fn locked<T>(&self, act: impl FnOnce(&mut State<G>) -> T) -> Option<T> {
        let guard = self.state.lock();
        let mut state = guard.try_borrow_mut().ok()?;
        let outcome = act(&mut state);
        self.waiting.store(state.order.len(), Ordering::Relaxed);
        Some(outcome)
    }
}

// === impl Waiting ===

impl<G> Waiting<G> {
    /// Waits for `patience` at most. Whoever is gone before that is out of the queue at once.
    pub(super) async fn wait(mut self, patience: Duration) -> Result<G, Refused> {
        let mut looks = interval_at(Instant::now() + RETRY, RETRY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let answered = async {
            loop {
                tokio::select! {
                    biased;
                    // A waiter is lost without an answer only by a panic in a closure.
                    answer = &mut self.answer => return answer.unwrap_or(Err(Refused::Displaced)),
                    _ = looks.tick() => self.queue.sweep(),
                }
            }
        };
        match timeout(patience, answered).await {
            Ok(answer) => answer,
            Err(_) => self.give_up().unwrap_or(Err(Refused::TimedOut)),
        }
    }

    /// Leaves the queue. An answer that was on its way comes back; there is none after this.
    fn give_up(&mut self) -> Option<Answer<G>> {
        let waiter = self.queue.locked(|state| state.order.remove(&self.ticket));
        drop(waiter);
        self.answer.close();
        self.answer.try_recv().ok()
    }
}

impl<G> Drop for Waiting<G> {
    fn drop(&mut self) {
        if let Some(Ok(granted)) = self.give_up() {
            drop(granted);
            drop(self.queue.locked(|state| state.serve(MISSES)));
        }
    }
}

// === impl Refused ===

impl Refused {
    /// The `why` label of `pointsman_queue_refused_total`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Displaced => "displaced",
            Self::TimedOut => "timeout",
        }
    }
}

// === impl State ===

impl<G> State<G> {
    /// Takes in a newcomer, serves all who are to be, and makes room again if one is too many then.
    fn enter(&mut self, size: usize, rank: Rank, newcomer: Waiter<G>) -> (Ticket, Vec<Spent<G>>) {
        let ticket = self.order.push(rank, newcomer);
        let mut spent = self.serve(MISSES);
        if self.order.len() > size && self.order.contains(&ticket) {
            let victim = if size == 0 { None } else { self.order.victim() }.unwrap_or_else(|| ticket.clone());
            let refused = if victim == ticket { Refused::Full } else { Refused::Displaced };
            spent.extend(self.order.remove(&victim).map(|waiter| waiter.tell(Err(refused))));
        }
        (ticket, spent)
    }

    fn serve(&mut self, misses: usize) -> Vec<Spent<G>> {
        let served = self.order.serve(misses, |waiter| (waiter.try_grant)());
        served.into_iter().map(|(waiter, granted)| waiter.tell(Ok(granted))).collect()
    }
}

// === impl Waiter ===

impl<G> Waiter<G> {
    fn tell(self, answer: Answer<G>) -> Spent<G> {
        (self.try_grant, self.answer.send(answer).err())
    }
}

#[cfg(test)]
mod tests;

//! What was spent within a span of time: exact sums, which threads add to without waiting for each other.
//!
//! The span is cut into steps. A sum over all of them stands beside the steps' own, and whoever comes first in a new step
//! takes what has become too old out of both. Others meanwhile go on in the step before and with what they see, which is more
//! than was spent of late and never less.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Steps in the span: any two moments in it are so many steps apart, or fewer.
const STEPS: u64 = 60;

/// One more for the step that has just begun, and one that is clean for the next.
const SLOTS: usize = STEPS as usize + 2;

/// What was spent within the last `span`, and up to a sixtieth longer.
#[derive(Debug)]
pub(super) struct Window {
    began: Instant,
    step: Duration,
    /// What all the slots hold.
    sum: AtomicI64,
    slots: [AtomicI64; SLOTS],
    /// The newest step.
    newest: AtomicU64,
    /// Held while slots are given to other steps.
    turning: Mutex<()>,
}

/// The step that something was spent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step(u64);

// === impl Window ===

impl Window {
    /// A window over `span` that begins at `now` with nothing spent.
    pub(super) fn new(span: Duration, now: Instant) -> Self {
        Self {
            began: now,
            step: span / STEPS as u32,
            sum: AtomicI64::new(0),
            slots: std::array::from_fn(|_| AtomicI64::new(0)),
            newest: AtomicU64::new(0),
            turning: Mutex::new(()),
        }
    }

    /// Spends `amount` where less than `limit` is spent; what is spent may so exceed it once, by the last of them.
    pub(super) fn spend_within(&self, limit: i64, amount: i64, now: Instant) -> Option<Step> {
        self.turn(now);
        let spend = |spent: i64| (spent < limit).then(|| spent.saturating_add(amount));
        self.sum.fetch_update(Ordering::AcqRel, Ordering::Acquire, spend).ok()?;
        Some(self.enter(amount))
    }

    /// Spends `amount` in any case.
    pub(super) fn spend(&self, amount: i64, now: Instant) -> Step {
        self.turn(now);
        self.sum.fetch_add(amount, Ordering::AcqRel);
        self.enter(amount)
    }

    /// Gives back `amount` of what was spent in `step`, unless that is forgotten already.
    pub(super) fn give_back(&self, amount: i64, step: Step, now: Instant) {
        self.turn(now);
        let _turning = self.turning.lock();
        if step.0 + STEPS >= self.newest.load(Ordering::Acquire) {
            self.slot(step).fetch_sub(amount, Ordering::AcqRel);
            self.sum.fetch_sub(amount, Ordering::AcqRel);
        }
    }

    /// What is spent.
    pub(super) fn spent(&self, now: Instant) -> i64 {
        self.turn(now);
        self.sum.load(Ordering::Acquire)
    }

    /// How long until the first of what is spent is forgotten; none where nothing is.
    pub(super) fn relief(&self, now: Instant) -> Option<Duration> {
        let Step(newest) = self.turn(now);
        let oldest = newest.saturating_sub(STEPS);
        let first = (oldest..=newest).find(|step| self.slot(Step(*step)).load(Ordering::Acquire) > 0)?;
        let over = self.began + self.step.saturating_mul((first + STEPS + 1).try_into().unwrap_or(u32::MAX));
        Some(over.saturating_duration_since(now))
    }

    /// Enters what the sum holds already under the newest step: not under one that was it before the sum was seen, as what
    /// made room for it may have been forgotten only since.
    fn enter(&self, amount: i64) -> Step {
        let step = self.newest();
        self.slot(step).fetch_add(amount, Ordering::AcqRel);
        step
    }

    /// Forgets what has become too old, unless somebody is at it. A `now` from before the newest step, as another thread may
    /// bring, counts as in it.
    fn turn(&self, now: Instant) -> Step {
        let passed = now.saturating_duration_since(self.began).as_nanos() / self.step.as_nanos().max(1);
        let due = u64::try_from(passed).unwrap_or(u64::MAX - 1);
        let Step(seen) = self.newest();
        if due <= seen {
            return Step(seen);
        }
        // The step before will do for what comes at the same time, but none from before a pause.
        let turning = if due == seen + 1 { self.turning.try_lock() } else { Some(self.turning.lock()) };
        let Step(newest) = self.newest();
        if turning.is_none() || due <= newest {
            return Step(newest);
        }
        (newest + 2..=due).take(SLOTS).for_each(|step| self.clean(Step(step)));
        // Now that its slot is clean; and what follows is seen by nobody who does not see this.
        self.newest.store(due, Ordering::Release);
        self.clean(Step(due + 1));
        Step(due)
    }

    fn clean(&self, step: Step) {
        let old = self.slot(step).swap(0, Ordering::AcqRel);
        self.sum.fetch_sub(old, Ordering::AcqRel);
    }

    fn newest(&self) -> Step {
        Step(self.newest.load(Ordering::Acquire))
    }

    fn slot(&self, Step(step): Step) -> &AtomicI64 {
        &self.slots[(step % SLOTS as u64) as usize]
    }
}

#[cfg(test)]
mod tests;

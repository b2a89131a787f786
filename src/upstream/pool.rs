//! What a backend's pool has under way, across snapshots: slots taken and waited for, and the budget for retries.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use super::admission::Queue;
use super::budget::Budget;
use super::choice::NoLease;
use super::peer::Lease;
use super::pick::Turns;

/// The live state of a backend's pool, by its name.
#[derive(Debug, Default)]
pub struct PoolState {
    in_flight: AtomicUsize,
    /// Who waits for a slot.
    pub(super) queue: Arc<Queue<Result<Lease, NoLease>>>,
    budget: Mutex<Budget>,
    failed_scrapes: AtomicU64,
    /// Held while a peer is being ejected, so that two at once do not both count on the other's staying.
    pub(super) ejecting: Mutex<()>,
    pub(super) turns: Turns,
}

/// One request's slot in a pool, given back when dropped.
#[derive(Debug)]
pub struct Slot {
    pool: Arc<PoolState>,
    /// Whether anybody may wait for it.
    limited: bool,
}

// === impl PoolState ===

impl PoolState {
    /// Requests in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Requests that wait for a slot.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Whether `slot` is one of this pool's.
    pub(super) fn owns(self: &Arc<Self>, slot: &Slot) -> bool {
        Arc::ptr_eq(self, &slot.pool)
    }

    /// Counts one request more, unless there are as many as `limit`.
    pub(super) fn slot(self: &Arc<Self>, limit: Option<usize>, limited: bool) -> Option<Slot> {
        let one_more = |count| (limit.is_none_or(|limit| count < limit)).then_some(count + 1);
        self.in_flight.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(Slot { pool: self.clone(), limited })
    }

    /// Scrapes of its peers that failed.
    pub fn failed_scrapes(&self) -> u64 {
        self.failed_scrapes.load(Ordering::Relaxed)
    }

    pub(super) fn count_failed_scrape(&self) {
        self.failed_scrapes.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request, as retries may be a share of them.
    pub fn count_request(&self) {
        self.budget.lock().deposit(Instant::now());
    }

    /// Whether one more retry is within `share` of the requests; it is counted then.
    #[must_use]
    pub fn may_retry(&self, share: f64) -> bool {
        self.budget.lock().withdraw(share, Instant::now())
    }
}

// === impl Slot ===

impl Drop for Slot {
    fn drop(&mut self) {
        self.pool.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.limited {
            self.pool.queue.advance();
        }
    }
}

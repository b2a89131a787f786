//! A stored entry's place in the tables, the eviction's order and the index.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use crate::cache::{Entry, Millis};

/// An entry as long as it is stored. Another answer to the same question has another slot.
#[derive(Debug)]
pub(in crate::cache) struct Slot {
    pub(in crate::cache) entry: Arc<Entry>,
    /// Rises with each insertion and is never used again.
    pub(in crate::cache) key: u64,
    visits: AtomicU8,
    gone: AtomicBool,
    /// The index was told of it.
    indexed: AtomicBool,
    /// A [`Place`]; the index's writer alone reads and writes it.
    place: AtomicU64,
}

/// Where the index keeps a slot's vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cache) enum Place {
    Nowhere,
    /// At a position among the vectors of a cell; a scope that is not divided is its own cell.
    At {
        cell: u32,
        position: u32,
    },
}

/// More visits than these count no more: what was asked for often once is not kept for ever.
const MOST_VISITS: u8 = 3;

const NOWHERE: u64 = u64::MAX;

// === impl Slot ===

impl Slot {
    pub(in crate::cache) fn new(entry: Arc<Entry>, key: u64, visits: u8) -> Self {
        Self {
            entry,
            key,
            visits: AtomicU8::new(visits),
            gone: AtomicBool::new(false),
            indexed: AtomicBool::new(false),
            place: AtomicU64::new(NOWHERE),
        }
    }

    /// Whether its answer may be given at `now`.
    pub(in crate::cache) fn serves(&self, now: Millis) -> bool {
        !self.gone.load(Ordering::Acquire) && !self.entry.is_over(now)
    }

    /// It was asked for.
    pub(in crate::cache) fn visit(&self) {
        let visits = self.visits();
        // Racing visits may count as one; a line that is written anew with each hit would travel between cores.
        if visits < MOST_VISITS {
            self.visits.store(visits + 1, Ordering::Relaxed);
        }
    }

    pub(super) fn visits(&self) -> u8 {
        self.visits.load(Ordering::Relaxed)
    }

    /// Takes `visits` of its visits, all if there are fewer; whether there was any.
    pub(super) fn forget(&self, visits: u8) -> bool {
        let before = self.visits();
        self.visits.store(before.saturating_sub(visits), Ordering::Relaxed);
        before > 0
    }

    /// It is not served from now on.
    pub(super) fn end(&self) {
        self.gone.store(true, Ordering::Release);
    }

    pub(super) fn is_indexed(&self) -> bool {
        self.indexed.load(Ordering::Relaxed)
    }

    pub(super) fn set_indexed(&self) {
        self.indexed.store(true, Ordering::Relaxed);
    }

    pub(in crate::cache) fn place(&self) -> Place {
        match self.place.load(Ordering::Relaxed) {
            NOWHERE => Place::Nowhere,
            place => Place::At { cell: (place >> 32) as u32, position: place as u32 },
        }
    }

    pub(in crate::cache) fn set_place(&self, place: Place) {
        let place = match place {
            Place::Nowhere => NOWHERE,
            Place::At { cell, position } => u64::from(cell) << 32 | u64::from(position),
        };
        self.place.store(place, Ordering::Relaxed);
    }
}

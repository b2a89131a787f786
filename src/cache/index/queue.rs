//! What the index's writer is told to do.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::cache::store::Slot;

/// Changes in the order in which they happened.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// There is something to do, or nothing will be any more.
    changed: Condvar,
    /// Everything has been done.
    idle: Condvar,
    capacity: usize,
}

#[derive(Debug)]
pub(super) enum Change {
    Insert(Arc<Slot>),
    /// The second in the place of the first.
    Replace(Arc<Slot>, Arc<Slot>),
    Remove(Arc<Slot>),
}

#[derive(Debug, Default)]
struct State {
    changes: VecDeque<Change>,
    busy: bool,
    closed: bool,
}

// === impl Queue ===

impl Queue {
    /// A queue that takes no further insertions where so many changes wait.
    pub(super) fn new(capacity: usize) -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), idle: Condvar::new(), capacity }
    }

    /// Adds an insertion or replacement; gives it back where the queue is full.
    pub(super) fn offer(&self, change: Change) -> Result<(), Change> {
        let mut state = self.state.lock();
        if state.changes.len() >= self.capacity || state.closed {
            return Err(change);
        }
        state.changes.push_back(change);
        self.changed.notify_one();
        Ok(())
    }

    /// Adds a removal, for which there is always room: no more can be removed than was inserted.
    pub(super) fn push(&self, change: Change) {
        let mut state = self.state.lock();
        if !state.closed {
            state.changes.push_back(change);
            self.changed.notify_one();
        }
    }

    /// All that waits. Where nothing does, waits for it. None when the queue is closed.
    pub(super) fn take(&self) -> Option<VecDeque<Change>> {
        let mut state = self.state.lock();
        while state.changes.is_empty() && !state.closed {
            state.busy = false;
            self.idle.notify_all();
            self.changed.wait(&mut state);
        }
        state.busy = true;
        (!state.closed).then(|| mem::take(&mut state.changes))
    }

    /// Waits until everything has been done, or will never be.
    pub(super) fn settle(&self) {
        let mut state = self.state.lock();
        while (state.busy || !state.changes.is_empty()) && !state.closed {
            self.idle.wait(&mut state);
        }
    }

    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.changes.clear();
        self.changed.notify_all();
        self.idle.notify_all();
    }
}

//! What waits to be written.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::super::{Change, EntryId};

/// A bounded queue of changes. Nobody waits to get in: of too many entries the oldest are dropped, but what was removed
/// or flushed is not forgotten for an entry's sake.
#[derive(Debug)]
pub(in crate::cache) struct Queue {
    waiting: Mutex<VecDeque<Change>>,
    arrived: Notify,
    room: usize,
    dropped: AtomicU64,
}

// === impl Queue ===

impl Queue {
    /// With room for so many changes, at least one.
    pub(in crate::cache) fn new(room: usize) -> Self {
        Self { waiting: Mutex::default(), arrived: Notify::new(), room: room.max(1), dropped: AtomicU64::new(0) }
    }

    /// Lets one more wait.
    pub(in crate::cache) fn push(&self, change: Change) {
        let mut waiting = self.waiting.lock();
        match &change {
            // An entry that is gone need not be written first.
            Change::Remove(_, id) => waiting.retain(|other| written(other) != Some(*id)),
            Change::Flush(epochs) => {
                let earlier = waiting.iter_mut().find_map(|other| match other {
                    Change::Flush(earlier) => Some(earlier),
                    _ => None,
                });
                if let Some(earlier) = earlier {
                    earlier.merge(epochs);
                    return;
                }
            }
            Change::Put(_) => {}
        }
        waiting.push_back(change);
        self.shrink(&mut waiting);
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Puts back, before all others, what could not be written.
    pub(in crate::cache) fn give_back(&self, changes: Vec<Change>) {
        let mut waiting = self.waiting.lock();
        changes.into_iter().rev().for_each(|change| waiting.push_front(change));
        self.shrink(&mut waiting);
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Waits until something is there to be taken.
    pub(in crate::cache) async fn arrival(&self) {
        while self.waiting.lock().is_empty() {
            self.arrived.notified().await;
        }
    }

    /// Takes the first `most` changes, or fewer where their entries exceed `bytes`, but at least one; of several with the
    /// same entry only the last.
    pub(in crate::cache) fn take(&self, most: usize, bytes: usize) -> Vec<Change> {
        let mut waiting = self.waiting.lock();
        let (mut taken, mut size) = (Vec::new(), 0);
        while taken.len() < most && size < bytes {
            let Some(change) = waiting.pop_front() else { break };
            if let Change::Put(entry) = &change {
                size += entry.bytes();
            }
            taken.push(change);
        }
        drop(waiting);
        let mut seen = HashSet::new();
        let mut last: Vec<Change> =
            taken.into_iter().rev().filter(|change| named(change).is_none_or(|id| seen.insert(id))).collect();
        last.reverse();
        last
    }

    /// Counts changes that are not written.
    pub(in crate::cache) fn lose(&self, changes: usize) {
        self.dropped.fetch_add(changes as u64, Ordering::Relaxed);
    }

    /// How many wait.
    pub(in crate::cache) fn len(&self) -> usize {
        self.waiting.lock().len()
    }

    /// How many were dropped.
    pub(in crate::cache) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn shrink(&self, waiting: &mut VecDeque<Change>) {
        while waiting.len() > self.room {
            let oldest = waiting.iter().position(|change| matches!(change, Change::Put(_))).unwrap_or(0);
            waiting.remove(oldest);
            self.lose(1);
        }
    }
}

/// The entry that is put.
fn written(change: &Change) -> Option<EntryId> {
    match change {
        Change::Put(entry) => Some(entry.id),
        _ => None,
    }
}

/// The entry that is put or removed.
fn named(change: &Change) -> Option<EntryId> {
    match change {
        Change::Put(entry) => Some(entry.id),
        Change::Remove(_, id) => Some(*id),
        Change::Flush(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::super::{Entry, Epoch, Epochs, Millis, Scope};
    use super::*;

    fn scope() -> Scope {
        Scope::from_bytes([1; 32])
    }

    fn put(text: &str) -> Change {
        let scope = scope();
        let id = EntryId::of(&scope, text);
        let (text, empty) = (text.into(), || "".into());
        let (epoch, stored_at, expires_at) = (Epoch::default(), Millis(0), Millis(1));
        let (answer, route, backend) = (empty(), empty(), empty());
        let embedding = None;
        let entry =
            Entry { id, normal: id, scope, text, embedding, answer, route, backend, epoch, stored_at, expires_at };
        Change::Put(Arc::new(entry))
    }

    fn remove(text: &str) -> Change {
        Change::Remove(scope(), EntryId::of(&scope(), text))
    }

    /// What is taken: `+` with an entry's text, `-`, or `flush`.
    fn all(queue: &Queue) -> Vec<String> {
        let tell = |change| match change {
            Change::Put(entry) => format!("+{}", entry.text),
            Change::Remove(..) => "-".into(),
            Change::Flush(epochs) => format!("flush {}", epochs.all),
        };
        queue.take(usize::MAX, usize::MAX).into_iter().map(tell).collect()
    }

    #[test]
    fn the_oldest_entries_make_room_and_what_is_removed_stays() {
        let queue = Queue::new(3);
        [remove("x"), put("a"), put("b"), put("c"), put("d")].into_iter().for_each(|change| queue.push(change));
        assert_eq!((queue.len(), queue.dropped()), (3, 2));
        assert_eq!(all(&queue), ["-", "+c", "+d"]);
    }

    #[test]
    fn only_the_last_change_of_an_entry_counts() {
        let queue = Queue::new(9);
        [put("a"), put("b"), put("a"), remove("b")].into_iter().for_each(|change| queue.push(change));
        assert_eq!(all(&queue), ["+a", "-"]);
        [remove("a"), put("a")].into_iter().for_each(|change| queue.push(change));
        assert_eq!(all(&queue), ["+a"]);
    }

    #[test]
    fn flushes_become_one() {
        let queue = Queue::new(9);
        [1, 3, 2].into_iter().for_each(|all| queue.push(Change::Flush(Epochs { all, ..Epochs::default() })));
        assert_eq!(all(&queue), ["flush 3"]);
    }

    #[test]
    fn what_comes_back_is_first_again() {
        let queue = Queue::new(2);
        [put("a"), put("b")].into_iter().for_each(|change| queue.push(change));
        let taken = queue.take(1, usize::MAX);
        queue.push(put("c"));
        queue.give_back(taken);
        assert_eq!((queue.dropped(), all(&queue)), (1, vec!["+b".into(), "+c".into()]));
    }

    #[test]
    fn large_entries_go_alone() {
        let queue = Queue::new(9);
        [put("a"), put("b")].into_iter().for_each(|change| queue.push(change));
        assert_eq!(queue.take(9, 1).len(), 1);
        assert_eq!(queue.take(9, 1).len(), 1);
        assert_eq!(queue.take(9, 1).len(), 0);
    }
}

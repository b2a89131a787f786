//! What has to go when there is too much: what has ended, then what was not asked for again (S3-FIFO, Yang et al., "FIFO
//! queues are all you need for cache eviction", SOSP 2023). New entries wait in a small queue, and only those that are hit
//! there reach the main one; so a crowd of questions that are asked once pushes nothing out that is asked for.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use super::slot::Slot;
use crate::cache::{EntryId, Millis};

/// All slots by when they end and by when their turn comes, and what they take.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    nodes: BTreeMap<End, Node>,
    small: BTreeMap<u64, End>,
    main: BTreeMap<u64, End>,
    ghosts: Ghosts,
    /// The next turn to be given.
    turns: u64,
    bytes: usize,
}

/// When a slot ends, and its key.
type End = (Millis, u64);

#[derive(Debug)]
struct Node {
    slot: Arc<Slot>,
    bytes: usize,
    queue: Queue,
    turn: u64,
}

#[derive(Debug, Clone, Copy)]
enum Queue {
    Small,
    Main,
}

/// The ids that left the small queue last without a hit: whoever comes again was evicted too soon.
#[derive(Debug, Default)]
struct Ghosts {
    order: VecDeque<EntryId>,
    ids: HashSet<EntryId>,
}

/// The small queue's share of all entries is one in so many.
const SMALL_SHARE: usize = 10;

/// Slots that are passed over for one victim, so that an insertion does not wait for a round over all of them.
const MOST_PASSED: usize = 1000;

// === impl Ledger ===

impl Ledger {
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A slot that takes so many bytes.
    pub(super) fn add(&mut self, slot: Arc<Slot>, bytes: usize) {
        let queue = if self.ghosts.take(&slot.entry.id) { Queue::Main } else { Queue::Small };
        let end = end(&slot);
        self.bytes += bytes;
        let turn = self.enqueue(queue, end);
        self.nodes.insert(end, Node { slot, bytes, queue, turn });
    }

    /// `new` in the place and with the rank of `old`.
    pub(super) fn replace(&mut self, old: &Slot, new: Arc<Slot>, bytes: usize) {
        let queue = self.take(end(old)).map_or(Queue::Small, |node| node.queue);
        let end = end(&new);
        self.bytes += bytes;
        let turn = self.enqueue(queue, end);
        self.nodes.insert(end, Node { slot: new, bytes, queue, turn });
    }

    pub(super) fn remove(&mut self, slot: &Slot) {
        self.take(end(slot));
    }

    /// Takes out a slot that has ended at `now`.
    pub(super) fn expired(&mut self, now: Millis) -> Option<Arc<Slot>> {
        let (&end, _) = self.nodes.first_key_value().filter(|((expires_at, _), _)| *expires_at <= now)?;
        self.take(end).map(|node| node.slot)
    }

    /// Takes out the slot that is worth least.
    pub(super) fn victim(&mut self) -> Option<Arc<Slot>> {
        let mut passed = 0;
        loop {
            let small_is_full = self.small.len() * SMALL_SHARE >= self.len();
            let queue = if small_is_full || self.main.is_empty() { Queue::Small } else { Queue::Main };
            let (turn, end) = self.queue(queue).pop_first()?;
            let visited = self.nodes.get(&end).is_some_and(|node| match queue {
                Queue::Small => node.slot.forget(u8::MAX),
                Queue::Main => node.slot.forget(1),
            });
            if visited && passed < MOST_PASSED {
                self.requeue(end);
                passed += 1;
                continue;
            }
            // Back where it was for a moment, so that all are taken out in one way.
            self.queue(queue).insert(turn, end);
            let node = self.take(end)?;
            if matches!(queue, Queue::Small) {
                self.ghosts.add(node.slot.entry.id, self.nodes.len());
            }
            return Some(node.slot);
        }
    }

    /// To the main queue's end.
    fn requeue(&mut self, end: End) {
        let turn = self.enqueue(Queue::Main, end);
        if let Some(node) = self.nodes.get_mut(&end) {
            (node.queue, node.turn) = (Queue::Main, turn);
        }
    }

    fn enqueue(&mut self, queue: Queue, end: End) -> u64 {
        let turn = self.turns;
        self.turns += 1;
        self.queue(queue).insert(turn, end);
        turn
    }

    fn take(&mut self, end: End) -> Option<Node> {
        let node = self.nodes.remove(&end)?;
        self.queue(node.queue).remove(&node.turn);
        self.bytes -= node.bytes;
        Some(node)
    }

    fn queue(&mut self, queue: Queue) -> &mut BTreeMap<u64, End> {
        match queue {
            Queue::Small => &mut self.small,
            Queue::Main => &mut self.main,
        }
    }
}

fn end(slot: &Slot) -> End {
    (slot.entry.expires_at, slot.key)
}

// === impl Ghosts ===

impl Ghosts {
    /// Remembers `id` among `most`, the last of them.
    fn add(&mut self, id: EntryId, most: usize) {
        if self.ids.insert(id) {
            self.order.push_back(id);
        }
        while self.order.len() > most {
            let Some(oldest) = self.order.pop_front() else { break };
            self.ids.remove(&oldest);
        }
    }

    fn take(&mut self, id: &EntryId) -> bool {
        // Its place in the order stays, and ends with its turn.
        self.ids.remove(id)
    }
}

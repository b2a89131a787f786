//! The entries by what was asked, for questions that are the same.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::slot::Slot;
use crate::cache::EntryId;

/// Slots by their entries' ids and by those of the normalised texts. Any thread reads; the store sees to it that one
/// alone writes, so that the two agree.
#[derive(Debug)]
pub(super) struct Tables {
    ids: Table,
    normals: Table,
}

/// A table in parts, each behind a lock of its own.
#[derive(Debug)]
struct Table(Box<[Shard]>);

type Shard = RwLock<HashMap<EntryId, Arc<Slot>>>;

// === impl Tables ===

impl Tables {
    pub(super) fn new(shards: usize) -> Self {
        Self { ids: Table::new(shards), normals: Table::new(shards) }
    }

    pub(super) fn by_id(&self, id: &EntryId) -> Option<Arc<Slot>> {
        self.ids.shard(id).read().get(id).cloned()
    }

    /// The latest of those that have this normalised text.
    pub(super) fn by_normal(&self, normal: &EntryId) -> Option<Arc<Slot>> {
        self.normals.shard(normal).read().get(normal).cloned()
    }

    /// Puts `slot` in the place of the one with the same id, and gives that one.
    pub(super) fn put(&self, slot: &Arc<Slot>) -> Option<Arc<Slot>> {
        let entry = &slot.entry;
        let old = self.ids.shard(&entry.id).write().insert(entry.id, slot.clone());
        self.normals.shard(&entry.normal).write().insert(entry.normal, slot.clone());
        if let Some(old) = old.as_ref().filter(|old| old.entry.normal != entry.normal) {
            self.normals.take(&old.entry.normal, old);
        }
        old
    }

    /// Takes `slot` out, if it is still there.
    pub(super) fn take(&self, slot: &Arc<Slot>) {
        self.ids.take(&slot.entry.id, slot);
        self.normals.take(&slot.entry.normal, slot);
    }

    /// How many parts there are for [`Self::part`].
    pub(super) fn parts(&self) -> usize {
        self.ids.0.len()
    }

    /// Those of a part's slots that `wanted` wants.
    pub(super) fn part(&self, part: usize, wanted: impl Fn(&Slot) -> bool) -> Vec<Arc<Slot>> {
        self.ids.0[part].read().values().filter(|slot| wanted(slot)).cloned().collect()
    }
}

// === impl Table ===

impl Table {
    fn new(shards: usize) -> Self {
        Self((0..shards.max(1)).map(|_| RwLock::default()).collect())
    }

    fn shard(&self, id: &EntryId) -> &Shard {
        // An id is a hash already.
        &self.0[usize::from(id.as_bytes()[0]) % self.0.len()]
    }

    fn take(&self, id: &EntryId, slot: &Arc<Slot>) {
        let mut shard = self.shard(id).write();
        if shard.get(id).is_some_and(|there| Arc::ptr_eq(there, slot)) {
            shard.remove(id);
            if shard.capacity() > 4 * shard.len().max(64) {
                let room = 2 * shard.len();
                shard.shrink_to(room);
            }
        }
    }
}

//! The vectors of one scope: all in one place while they are few, and divided into cells where they are many.

use std::mem;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Limits;
use super::cells::Cells;
use super::flat::Flat;
use super::graph::GraphError;
use super::query::{Hit, Query, Search};
use crate::cache::store::{Place, Slot};

/// A scope's vectors. Any thread searches; one alone does everything else.
#[derive(Default)]
pub(super) struct Partition(RwLock<Vectors>);

enum Vectors {
    Whole(Flat),
    Divided(Arc<Cells>),
}

/// What the cells of a scope come to, in bytes beyond their vectors; nothing where it is not divided.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) cells: usize,
    pub(super) bytes: usize,
}

/// A scope is put together again where it holds less than one in so many of what it was divided at.
const DEMOTION: usize = 4;

// === impl Partition ===

impl Partition {
    /// The best of the scope, the best first.
    pub(super) fn search(&self, query: &Query, limits: &Limits) -> Result<Vec<Hit>, GraphError> {
        let mut search = Search::new(query);
        let cells = match &*self.0.read() {
            Vectors::Whole(flat) => {
                flat.search(&mut search);
                None
            }
            Vectors::Divided(cells) => Some(cells.clone()),
        };
        if let Some(cells) = cells {
            cells.search(&mut search, limits)?;
        }
        Ok(search.best())
    }

    /// Adds a slot. If the scope becomes too large for that, it is divided where it is `promotable`. How often its graph was
    /// built anew for it.
    pub(super) fn insert(&self, slot: Arc<Slot>, limits: &Limits, promotable: bool) -> Result<usize, GraphError> {
        if let Some(cells) = self.cells() {
            return cells.insert(slot, limits);
        }
        if let Vectors::Whole(flat) = &mut *self.0.write() {
            flat.push(slot);
            if flat.len() <= limits.promote || !promotable {
                return Ok(0);
            }
        }
        self.divide(limits)
    }

    /// Puts `new` in the place of `old`; both have the same vector.
    pub(super) fn replace(
        &self,
        old: &Slot,
        new: Arc<Slot>,
        limits: &Limits,
        promotable: bool,
    ) -> Result<usize, GraphError> {
        let Place::At { cell, position } = old.place() else { return self.insert(new, limits, promotable) };
        if let Some(cells) = self.cells() {
            cells.replace(cell, position, new);
        } else if let Vectors::Whole(flat) = &mut *self.0.write() {
            flat.replace(position as usize, new);
        }
        old.set_place(Place::Nowhere);
        Ok(0)
    }

    /// Takes a slot out. How often the graph was built anew for it.
    pub(super) fn remove(&self, slot: &Slot, limits: &Limits) -> Result<usize, GraphError> {
        let Place::At { cell, position } = slot.place() else { return Ok(0) };
        let Some(cells) = self.cells() else {
            if let Vectors::Whole(flat) = &mut *self.0.write() {
                flat.remove(position as usize);
            }
            return Ok(0);
        };
        let done = cells.remove(cell, position, limits);
        if cells.len() < limits.promote / DEMOTION {
            let flat = cells.flat();
            *self.0.write() = Vectors::Whole(flat);
        }
        done
    }

    pub(super) fn size(&self) -> Size {
        self.cells().map_or(Size::default(), |cells| cells.size())
    }

    pub(super) fn is_empty(&self) -> bool {
        match &*self.0.read() {
            Vectors::Whole(flat) => flat.len() == 0,
            Vectors::Divided(cells) => cells.len() == 0,
        }
    }

    fn divide(&self, limits: &Limits) -> Result<usize, GraphError> {
        let graph = match &*self.0.read() {
            Vectors::Whole(flat) => Cells::graph_of(flat, limits)?,
            Vectors::Divided(_) => return Ok(0),
        };
        let cells = {
            let mut vectors = self.0.write();
            let Vectors::Whole(flat) = &mut *vectors else { return Ok(0) };
            let cells = Arc::new(Cells::new(mem::take(flat), graph));
            *vectors = Vectors::Divided(cells.clone());
            cells
        };
        cells.fit([0], limits)
    }

    pub(super) fn cells(&self) -> Option<Arc<Cells>> {
        match &*self.0.read() {
            Vectors::Whole(_) => None,
            Vectors::Divided(cells) => Some(cells.clone()),
        }
    }
}

// === impl Vectors ===

impl Default for Vectors {
    fn default() -> Self {
        Self::Whole(Flat::default())
    }
}

//! The vectors of a large scope in cells, each of them near a centre (an inverted file, as SPANN has it: Chen et al.,
//! "SPANN: Highly-efficient billion-scale approximate nearest neighborhood search", NeurIPS 2021). A graph finds the cells
//! whose centres are nearest, and these are scanned. A vector is in one cell.
//!
//! One thread writes. It makes new cells beside the old ones and exchanges them at once, so that a search waits for no
//! more than an addition to a cell. Whoever searches the old ones meanwhile finds in them what they held, less what has
//! ended.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use parking_lot::RwLock;

use super::Limits;
use super::divide::{centre_of, halves};
use super::flat::{Flat, vector};
use super::graph::{GRAPH_BYTES, Graph, GraphError};
use super::partition::Size;
use super::query::{Search, floats};
use crate::cache::store::Slot;
use crate::similarity::dot;

/// A large scope's vectors. Any thread searches; one alone does everything else.
pub(super) struct Cells {
    directory: RwLock<Directory>,
    vectors: AtomicUsize,
}

struct Directory {
    /// The centres, those of cells that are no more included.
    graph: Arc<Graph>,
    cells: HashMap<u32, Arc<Cell>>,
    /// The next cell's number. Numbers are not used again.
    next: u32,
    /// Rises by two whenever vectors move from cell to cell, and is odd while a centre is added to the graph.
    version: u64,
}

type Cell = RwLock<Flat>;

/// How often a search looks for its cells where they change meanwhile.
const ATTEMPTS: usize = 8;

/// Nearest centres that are looked at for the place of a new vector.
const NEAREST: usize = 8;

/// A cell is given up where it holds less than one in so many of what it may.
const LEAST_SHARE: usize = 8;

/// The graph is built anew where it has more than one dead centre for so many live ones, and a few more.
const DEAD_SHARE: usize = 2;
const DEAD_AT_LEAST: usize = 64;

/// Vectors that tell where the first cell's centre is.
const SAMPLE: usize = 1024;

/// What a cell takes, in bytes, beside its vectors: twice its centre, and its places in tables.
pub(super) fn cell_bytes(dimensions: usize) -> usize {
    6 * dimensions + 1_000
}

// === impl Cells ===

impl Cells {
    /// A graph that has the centre of `flat`, which is to be the first cell.
    pub(super) fn graph_of(flat: &Flat, limits: &Limits) -> Result<Graph, GraphError> {
        let sample: Vec<_> = flat.slots().iter().take(SAMPLE).map(|slot| floats(vector(slot))).collect();
        let centre = centre_of(sample.iter());
        let graph = Graph::new(centre.len(), 4 * flat.len() / limits.cell.max(1))?;
        graph.add(0, &centre)?;
        Ok(graph)
    }

    /// One cell, which [`Self::fit`] divides.
    pub(super) fn new(flat: Flat, graph: Graph) -> Self {
        let vectors = AtomicUsize::new(flat.len());
        let cells = HashMap::from([(0, Arc::new(RwLock::new(flat)))]);
        Self { directory: RwLock::new(Directory { graph: Arc::new(graph), cells, next: 1, version: 0 }), vectors }
    }

    /// All vectors in one place again.
    pub(super) fn flat(&self) -> Flat {
        let mut flat = Flat::around(0, Box::default(), self.len());
        for cell in self.directory.read().cells.values() {
            cell.read().slots().iter().for_each(|slot| flat.push(slot.clone()));
        }
        flat
    }

    pub(super) fn len(&self) -> usize {
        self.vectors.load(Relaxed)
    }

    pub(super) fn size(&self) -> Size {
        let directory = self.directory.read();
        let (cells, added) = (directory.cells.len(), directory.graph.added());
        Size { cells, bytes: GRAPH_BYTES + added.max(cells) * cell_bytes(directory.graph.dimensions()) }
    }

    /// Scans the cells nearest to what is searched for.
    pub(super) fn search(&self, search: &mut Search, limits: &Limits) -> Result<(), GraphError> {
        for cell in self.nearest(search.query.embedding, limits.probes)? {
            cell.read().search(search);
        }
        Ok(())
    }

    /// So many cells, the nearest first.
    fn nearest(&self, embedding: &[f32], count: usize) -> Result<Vec<Arc<Cell>>, GraphError> {
        for _ in 0..ATTEMPTS {
            let (graph, version) = {
                let directory = self.directory.read();
                (directory.graph.clone(), directory.version)
            };
            // While a centre is linked, others may not be found.
            if version % 2 == 1 {
                thread::yield_now();
                continue;
            }
            let keys = graph.search(embedding, count.saturating_add(count / DEAD_SHARE).min(graph.added()))?;
            let directory = self.directory.read();
            // Otherwise what was near may be in a cell whose centre was not there yet.
            if directory.version == version {
                return Ok(directory.known(&keys).take(count).map(|(_, cell)| cell.clone()).collect());
            }
        }
        Err(GraphError::Busy)
    }

    /// Adds a slot. How often the graph was built anew for it.
    pub(super) fn insert(&self, slot: Arc<Slot>, limits: &Limits) -> Result<usize, GraphError> {
        let Some((number, cell)) = self.home(&floats(vector(&slot)), None) else { return Ok(0) };
        cell.write().push(slot);
        self.vectors.fetch_add(1, Relaxed);
        self.fit([number], limits)
    }

    /// Puts `slot`, which has the same vector, in a place.
    pub(super) fn replace(&self, cell: u32, position: u32, slot: Arc<Slot>) {
        if let Some(cell) = self.directory.read().cells.get(&cell) {
            cell.write().replace(position as usize, slot);
        }
    }

    /// Removes the slot in this place. How often the graph was built anew for it.
    pub(super) fn remove(&self, number: u32, position: u32, limits: &Limits) -> Result<usize, GraphError> {
        let (cell, is_last) = {
            let directory = self.directory.read();
            let Some(cell) = directory.cells.get(&number) else { return Ok(0) };
            (cell.clone(), directory.cells.len() == 1)
        };
        cell.write().remove(position as usize);
        self.vectors.fetch_sub(1, Relaxed);
        let is_small = cell.read().len() < limits.cell / LEAST_SHARE;
        if is_small && !is_last { self.dissolve(number, &cell, limits) } else { Ok(0) }
    }

    /// Moves the vectors of a cell into others.
    fn dissolve(&self, number: u32, cell: &Cell, limits: &Limits) -> Result<usize, GraphError> {
        let mut homes = Vec::new();
        // They stay in this one too, which others may be searching.
        for slot in cell.read().slots() {
            if let Some((home, cell)) = self.home(&floats(vector(slot)), Some(number)) {
                cell.write().push(slot.clone());
                homes.push(home);
            }
        }
        {
            let mut directory = self.directory.write();
            directory.cells.remove(&number);
            directory.version += 2;
        }
        Ok(self.fit(homes, limits)? + self.renew()?)
    }

    /// The nearest cell, which is not `except`, with its number.
    fn home(&self, embedding: &[f32], except: Option<u32>) -> Option<(u32, Arc<Cell>)> {
        let graph = self.directory.read().graph.clone();
        let keys = graph.search(embedding, NEAREST).unwrap_or_default();
        let directory = self.directory.read();
        let mut near = directory.known(&keys).filter(|(number, _)| Some(*number) != except);
        let nearest = near.next().or_else(|| {
            let others = directory.cells.iter().filter(|(number, _)| Some(**number) != except);
            let similarity = |cell: &Cell| dot(cell.read().centre(), embedding);
            others.map(|(number, cell)| (*number, cell)).max_by(|a, b| similarity(a.1).total_cmp(&similarity(b.1)))
        });
        nearest.map(|(number, cell)| (number, cell.clone()))
    }

    /// Divides those of these cells that have become too large. How often the graph was built anew for it.
    pub(super) fn fit(&self, numbers: impl Into<Vec<u32>>, limits: &Limits) -> Result<usize, GraphError> {
        let (mut numbers, mut rebuilds) = (numbers.into(), 0);
        while let Some(number) = numbers.pop() {
            let Some(cell) = self.directory.read().cells.get(&number).cloned() else { continue };
            if cell.read().len() > limits.cell.max(1) {
                numbers.extend(self.split(number, &cell)?);
                rebuilds += self.renew()?;
            }
        }
        Ok(rebuilds)
    }

    /// Puts two cells in the place of one; gives their numbers.
    fn split(&self, number: u32, cell: &Cell) -> Result<[u32; 2], GraphError> {
        let cell = cell.read();
        let halves = halves(cell.len(), |member| floats(vector(&cell.slots()[member])));
        let (graph, next) = {
            let mut directory = self.directory.write();
            directory.version += 1;
            (directory.graph.clone(), directory.next)
        };
        let numbers = [next, next + 1];
        // The graph knows them before they are there: what it names in vain does no harm.
        let added =
            numbers.iter().zip(&halves).try_for_each(|(number, half)| graph.add(u64::from(*number), &half.centre));
        self.directory.write().version += 1;
        added?;
        let parts = numbers.into_iter().zip(halves).map(|(number, half)| (number, cell.part(number, half)));
        let parts: Vec<_> = parts.map(|(number, flat)| (number, Arc::new(RwLock::new(flat)))).collect();
        let mut directory = self.directory.write();
        directory.cells.extend(parts);
        directory.cells.remove(&number);
        directory.next += 2;
        directory.version += 2;
        Ok(numbers)
    }

    /// Builds the graph anew where too many of its centres are dead. How often it did.
    fn renew(&self) -> Result<usize, GraphError> {
        let (old, cells): (_, Vec<_>) = {
            let directory = self.directory.read();
            let (live, added) = (directory.cells.len(), directory.graph.added());
            if added <= live + live / DEAD_SHARE + DEAD_AT_LEAST {
                return Ok(0);
            }
            (directory.graph.clone(), directory.cells.iter().map(|(number, cell)| (*number, cell.clone())).collect())
        };
        let graph = Graph::new(old.dimensions(), cells.len())?;
        for (number, cell) in cells {
            graph.add(u64::from(number), cell.read().centre())?;
        }
        let mut directory = self.directory.write();
        directory.graph = Arc::new(graph);
        directory.version += 2;
        drop(directory);
        // `old` ends here, where nobody waits for it.
        Ok(1)
    }
}

// === impl Directory ===

impl Directory {
    /// Those of the cells that are still there, in the order of `keys`.
    fn known(&self, keys: &[u64]) -> impl Iterator<Item = (u32, &Arc<Cell>)> {
        keys.iter().filter_map(|key| self.cells.get_key_value(&(*key as u32))).map(|(number, cell)| (*number, cell))
    }
}

#[cfg(test)]
mod tests;

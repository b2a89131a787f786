//! The vectors of one scope. A small scope is scanned. A large one has a graph as well, which takes the vectors over a few
//! at a time; whatever it has not taken yet goes on being scanned, so that nothing is missed meanwhile.

use std::collections::HashMap;
use std::sync::Arc;
use std::{iter, mem};

use half::f16;
use parking_lot::RwLock;

use super::flat::Flat;
use super::graph::{GRAPH_BYTES, Graph, GraphError};
use super::query::{Hit, Query};
use super::{Limits, node_bytes, scanned_bytes};
use crate::cache::store::{Place, Slot};

/// A scope's vectors. Any thread searches; one alone does everything else.
#[derive(Default)]
pub(super) struct Partition(RwLock<Vectors>);

#[derive(Default)]
struct Vectors {
    flat: Flat,
    large: Option<Box<Large>>,
    /// No graph could be made, so that the scope stays as it is.
    refused: bool,
}

/// What a large scope has beside its scanned vectors.
struct Large {
    graph: Arc<Graph>,
    /// The graph's nodes that still mean something.
    nodes: HashMap<u64, Arc<Slot>>,
    rebuild: Option<Rebuild>,
}

/// A graph without the nodes that mean nothing any more, on its way to take the other's place.
struct Rebuild {
    graph: Arc<Graph>,
    /// Nodes of the old graph that it does not have yet.
    missing: Vec<u64>,
}

/// What there is to do.
enum Task {
    Promote,
    Demote,
    StartRebuild,
    /// The graphs take a few vectors over.
    Advance,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Nothing,
    Something,
    Promoted,
    Demoted,
    Rebuilt,
    /// So many vectors cannot be searched.
    Failed(usize),
}

/// How many of the graph's nearest are looked at, and how many where too many of those may not be found.
const NEAREST: usize = 32;
const NEAREST_AT_MOST: usize = 512;

/// How many more are compared than are asked for, and how many that are not similar enough.
const SPARE: usize = 4;

/// A scope gives its graph up where it holds less than one in so many of what a graph is made for.
const DEMOTION: usize = 4;

/// A graph is built anew where it has more than one dead node for so many live ones.
const DEAD_SHARE: usize = 2;

// === impl Partition ===

impl Partition {
    /// The best of the scope, the best first.
    pub(super) fn search(&self, query: &Query) -> Result<Vec<Hit>, (Vec<Hit>, GraphError)> {
        let mut hits = Vec::new();
        let codes = query.codes();
        // The scan comes first: what the graph takes over in between is found twice rather than never.
        let graph = {
            let vectors = self.0.read();
            vectors.flat.search(query, &codes, &mut hits);
            vectors.large.as_ref().map(|large| large.graph.clone())
        };
        match graph.map_or(Ok(()), |graph| self.search_graph(&graph, query, &mut hits)) {
            Ok(()) => Ok(query.best(hits)),
            Err(error) => Err((query.best(hits), error)),
        }
    }

    fn search_graph(&self, graph: &Graph, query: &Query, hits: &mut Vec<Hit>) -> Result<(), GraphError> {
        let mut count = query.at_most.clamp(NEAREST, NEAREST_AT_MOST);
        loop {
            let (keys, before) = (graph.search(query.embedding, count)?, hits.len());
            let (mut found, mut below) = (0, 0);
            for key in &keys {
                let Some(slot) = self.node(*key).filter(|slot| query.allows(slot)) else { continue };
                match query.score(&slot) {
                    Some(hit) => hits.push(hit),
                    None => below += 1,
                }
                found = hits.len() - before;
                // The graph has sorted them, though not by quite the same similarity.
                if found >= query.at_most.saturating_add(SPARE) || below >= SPARE {
                    return Ok(());
                }
            }
            if found >= query.at_most || below > 0 || keys.len() < count || count >= NEAREST_AT_MOST {
                return Ok(());
            }
            // All were near enough, but some may not be found: those behind them may.
            count = NEAREST_AT_MOST;
        }
    }

    fn node(&self, key: u64) -> Option<Arc<Slot>> {
        self.0.read().large.as_ref()?.nodes.get(&key).cloned()
    }

    pub(super) fn insert(&self, slot: Arc<Slot>) {
        self.0.write().flat.push(slot);
    }

    /// Puts `new` in the place of `old`; both have the same vector.
    pub(super) fn replace(&self, old: &Slot, new: Arc<Slot>) {
        let mut vectors = self.0.write();
        match (old.place(), &mut vectors.large) {
            (Place::Flat(position), _) => vectors.flat.replace(position, new),
            (Place::Graph(node), Some(large)) => {
                new.set_place(Place::Graph(node));
                large.nodes.insert(node, new);
            }
            _ => vectors.flat.push(new),
        }
        old.set_place(Place::Nowhere);
    }

    pub(super) fn remove(&self, slot: &Slot) {
        let mut vectors = self.0.write();
        match (slot.place(), &mut vectors.large) {
            (Place::Flat(position), _) => vectors.flat.remove(position),
            (Place::Graph(node), Some(large)) => drop(large.nodes.remove(&node)),
            _ => {}
        }
        slot.set_place(Place::Nowhere);
    }

    /// What the graphs take beyond what their vectors would take if they were scanned, in bytes; dead nodes included.
    pub(super) fn graph_bytes(&self, dimensions: usize) -> usize {
        self.0.read().large.as_ref().map_or(0, |large| {
            let added = large.graph.added() + large.rebuild.as_ref().map_or(0, |rebuild| rebuild.graph.added());
            GRAPH_BYTES + (added * node_bytes(dimensions)).saturating_sub(large.nodes.len() * scanned_bytes(dimensions))
        })
    }

    fn nodes(&self) -> usize {
        self.0.read().large.as_ref().map_or(0, |large| large.nodes.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        let vectors = self.0.read();
        vectors.flat.len() == 0 && vectors.large.is_none()
    }

    /// Whether [`Self::work`] has something to do; `promotable` tells whether another graph may be.
    pub(super) fn has_work(&self, limits: &Limits, promotable: bool) -> bool {
        self.0.read().task(limits, promotable).is_some()
    }

    /// Does a little of what there is to do.
    pub(super) fn work(&self, limits: &Limits, dimensions: usize, promotable: bool) -> Done {
        let task = self.0.read().task(limits, promotable);
        match task {
            None => Done::Nothing,
            Some(Task::Promote) => self.promote(dimensions),
            Some(Task::Demote) => self.demote(),
            Some(Task::StartRebuild) => self.start_rebuild(dimensions),
            Some(Task::Advance) => {
                let failed = self.grow(limits.slice) + self.advance_rebuild(limits.slice);
                if failed > 0 { Done::Failed(failed) } else { self.end_rebuild() }
            }
        }
    }

    fn promote(&self, dimensions: usize) -> Done {
        let graph = Graph::new(dimensions, self.0.read().flat.len());
        let mut vectors = self.0.write();
        let Ok(graph) = graph else {
            vectors.refused = true;
            return Done::Failed(0);
        };
        vectors.large = Some(Box::new(Large { graph: Arc::new(graph), nodes: HashMap::new(), rebuild: None }));
        Done::Promoted
    }

    fn demote(&self) -> Done {
        let mut vectors = self.0.write();
        let Some(large) = vectors.large.take() else { return Done::Nothing };
        large.nodes.values().for_each(|slot| vectors.flat.push(slot.clone()));
        drop(vectors);
        // `large` ends here, where nobody waits for it.
        Done::Demoted
    }

    fn start_rebuild(&self, dimensions: usize) -> Done {
        let graph = Graph::new(dimensions, self.nodes());
        let mut vectors = self.0.write();
        let Ok(graph) = graph else {
            vectors.refused = true;
            return Done::Failed(0);
        };
        if let Some(large) = &mut vectors.large {
            let missing = large.nodes.keys().copied().collect();
            large.rebuild = Some(Rebuild { graph: Arc::new(graph), missing });
        }
        Done::Something
    }

    /// The graphs take over so many of the scanned vectors. How many of them could not be.
    fn grow(&self, count: usize) -> usize {
        let (graphs, slots): (Vec<_>, Vec<_>) = {
            let vectors = self.0.read();
            let Some(large) = &vectors.large else { return 0 };
            let rebuild = large.rebuild.as_ref().map(|rebuild| rebuild.graph.clone());
            (iter::once(large.graph.clone()).chain(rebuild).collect(), vectors.flat.last(count).to_vec())
        };
        let add = |slot: &Arc<Slot>| graphs.iter().all(|graph| graph.add(slot.key, vector(slot)).is_ok());
        let added: Vec<_> = slots.iter().map(add).collect();
        let mut vectors = self.0.write();
        let Vectors { flat, large: Some(large), .. } = &mut *vectors else { return 0 };
        for (slot, added) in slots.into_iter().zip(&added).rev() {
            flat.remove(flat.len() - 1);
            if *added {
                slot.set_place(Place::Graph(slot.key));
                large.nodes.insert(slot.key, slot);
            }
        }
        added.iter().filter(|added| !**added).count()
    }

    /// The new graph takes over so many of the old one's nodes. How many of them could not be.
    fn advance_rebuild(&self, count: usize) -> usize {
        let (graph, nodes): (_, Vec<_>) = {
            let mut vectors = self.0.write();
            let Some(Large { nodes, rebuild: Some(rebuild), .. }) = vectors.large.as_deref_mut() else { return 0 };
            let rest = rebuild.missing.len().saturating_sub(count);
            let missing = rebuild.missing.drain(rest..);
            (rebuild.graph.clone(), missing.filter_map(|node| Some((node, nodes.get(&node)?.clone()))).collect())
        };
        let failed: Vec<_> = nodes.iter().filter(|(node, slot)| graph.add(*node, vector(slot)).is_err()).collect();
        if !failed.is_empty()
            && let Some(large) = &mut self.0.write().large
        {
            for (node, slot) in &failed {
                large.nodes.remove(node);
                slot.set_place(Place::Nowhere);
            }
        }
        failed.len()
    }

    /// The new graph takes the old one's place if it has all of its nodes.
    fn end_rebuild(&self) -> Done {
        let mut vectors = self.0.write();
        let Some(large) = vectors.large.as_deref_mut() else { return Done::Something };
        let Some(rebuild) = large.rebuild.take_if(|rebuild| rebuild.missing.is_empty()) else { return Done::Something };
        let old = mem::replace(&mut large.graph, rebuild.graph);
        drop(vectors);
        // Freed where nobody waits for it, unless somebody still searches it.
        drop(old);
        Done::Rebuilt
    }
}

// === impl Vectors ===

impl Vectors {
    fn task(&self, limits: &Limits, promotable: bool) -> Option<Task> {
        let Some(large) = &self.large else {
            let promote = promotable && !self.refused && self.flat.len() > limits.promote;
            return promote.then_some(Task::Promote);
        };
        let live = large.nodes.len();
        let dead = large.graph.added() - live.min(large.graph.added());
        if live + self.flat.len() < limits.promote / DEMOTION {
            return Some(Task::Demote);
        }
        match &large.rebuild {
            None if !self.refused && dead > (live / DEAD_SHARE).max(limits.promote / DEMOTION) => {
                Some(Task::StartRebuild)
            }
            None => (self.flat.len() > 0).then_some(Task::Advance),
            Some(_) => Some(Task::Advance),
        }
    }
}

fn vector(slot: &Slot) -> &[f16] {
    slot.entry.embedding.as_deref().unwrap_or_default()
}

//! Vectors that are compared one after another: all of a small scope, or those of a large one that are near one another.

use std::ops::Range;
use std::sync::Arc;

use half::f16;

use super::divide::Half;
use super::query::{Search, floats};
use crate::cache::store::{Place, Slot};
use crate::similarity::{BLOCK, Rounding, STORED_STEPS, bounds, coarse_dots, dot, round};

/// Vectors side by side, one byte a number. Each of the slots knows its position.
#[derive(Debug, Default)]
pub(super) struct Flat {
    /// What the slots' places call it.
    cell: u32,
    /// Of length one, and near the vectors; empty where they have nothing in common.
    centre: Box<[f32]>,
    offsets: Vec<Offset>,
    /// The first numbers of each vector, which tell that most are not near enough. The others are not read then: it is
    /// memory that takes the time.
    heads: Vec<i8>,
    tails: Vec<i8>,
    lines: Vec<Line>,
    slots: Vec<Arc<Slot>>,
}

/// What is known of a vector beside its codes.
#[derive(Debug, Clone, Copy)]
struct Line {
    rounding: Rounding,
    /// The length of what is in the tail, unrounded.
    tail: f32,
}

/// A vector as it lies to the centre: how far along it, and how far off its line.
#[derive(Debug, Clone, Copy)]
struct Offset {
    along: f32,
    across: f32,
}

/// Vectors that are compared before the next are looked at.
const STRETCH: usize = 1024;

/// One number in so many is in the head.
const HEAD_SHARE: usize = 3;

/// Room is made for one vector in so many at a time: more would lie idle in each cell.
const GROWTH: usize = 8;

/// More than arithmetic takes from the square of a length of about one.
const SLACK: f32 = 1e-5;

// === impl Flat ===

impl Flat {
    /// Room for so many vectors around `centre`.
    pub(super) fn around(cell: u32, centre: Box<[f32]>, vectors: usize) -> Self {
        let mut flat = Self { cell, centre, ..Self::default() };
        flat.slots.reserve_exact(vectors);
        flat
    }

    /// Some of the vectors, which are nearer to a centre of their own.
    pub(super) fn part(&self, cell: u32, half: Half) -> Self {
        let mut part = Self::around(cell, half.centre, half.members.len());
        let [head, tail] = [&self.heads, &self.tails].map(|codes| codes.len() / self.len().max(1));
        for member in half.members {
            let slot = &self.slots[member];
            slot.set_place(Place::At { cell, position: part.slots.len() as u32 });
            part.make_room(head, tail);
            part.heads.extend_from_slice(&self.heads[member * head..][..head]);
            part.tails.extend_from_slice(&self.tails[member * tail..][..tail]);
            part.lines.push(self.lines[member]);
            part.offsets.push(Offset::of(&floats(vector(slot)), &part.centre));
            part.slots.push(slot.clone());
        }
        part
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn centre(&self) -> &[f32] {
        &self.centre
    }

    pub(super) fn slots(&self) -> &[Arc<Slot>] {
        &self.slots
    }

    /// Adds a slot that has an embedding.
    pub(super) fn push(&mut self, slot: Arc<Slot>) {
        let floats = floats(vector(&slot));
        let (codes, rounding) = round(&floats, STORED_STEPS);
        let (head, tail) = codes.split_at(head_of(codes.len()));
        slot.set_place(Place::At { cell: self.cell, position: self.slots.len() as u32 });
        self.make_room(head.len(), tail.len());
        self.heads.extend(head.iter().map(|code| *code as i8));
        self.tails.extend(tail.iter().map(|code| *code as i8));
        self.lines.push(Line { rounding, tail: tail_length(&floats, head.len()) });
        self.offsets.push(Offset::of(&floats, &self.centre));
        self.slots.push(slot);
    }

    /// Puts `slot`, which has the same vector, in the place of another.
    pub(super) fn replace(&mut self, position: usize, slot: Arc<Slot>) {
        slot.set_place(Place::At { cell: self.cell, position: position as u32 });
        self.slots[position] = slot;
    }

    /// Takes a slot out; the last takes its place.
    pub(super) fn remove(&mut self, position: usize) {
        let count = self.slots.len();
        for codes in [&mut self.heads, &mut self.tails] {
            let width = codes.len() / count;
            codes.copy_within((count - 1) * width.., position * width);
            codes.truncate((count - 1) * width);
        }
        self.lines.swap_remove(position);
        self.offsets.swap_remove(position);
        self.slots.swap_remove(position).set_place(Place::Nowhere);
        if let Some(moved) = self.slots.get(position) {
            moved.set_place(Place::At { cell: self.cell, position: position as u32 });
        }
        self.shrink();
    }

    /// Adds those that may be among the best to what was found.
    pub(super) fn search(&self, search: &mut Search) {
        let (head, tail) = search.codes.split_at(head_of(search.codes.len()));
        let query = search.query;
        let (query_tail, offset) =
            (tail_length(query.embedding, head.len()), Offset::of(query.embedding, &self.centre));
        let mut race: Vec<(f32, &Arc<Slot>)> = Vec::new();
        for start in (0..self.len()).step_by(STRETCH) {
            let stretch = start..self.len().min(start + STRETCH);
            let (near, dots) = self.near(stretch, offset, search.bar.height(), head);
            for (position, head_dot) in near.into_iter().zip(dots) {
                // Cauchy-Schwarz bounds what the tails can add, and the whole vector's rounding the head's.
                let line = &self.lines[position];
                let (_, most) = bounds(line.rounding, search.rounding, head_dot);
                if most + line.tail * query_tail < search.bar.height() {
                    continue;
                }
                let stored = &self.tails[position * tail.len()..][..tail.len()];
                let dot = head_dot + coarse_dots([stored].into_iter(), tail)[0];
                let (least, most) = bounds(line.rounding, search.rounding, dot);
                let slot = &self.slots[position];
                // Whoever may not be found must not raise the bar for others.
                if most >= search.bar.height() && query.allows(slot) {
                    search.bar.raise(least);
                    race.push((most, slot));
                }
            }
        }
        let in_the_race = race.into_iter().filter(|(most, _)| *most >= search.bar.height());
        search.hits.extend(in_the_race.filter_map(|(_, slot)| query.score(slot)));
    }

    /// Those of a stretch that may reach the bar, as they and the query lie to the centre, and the products of their heads.
    fn near(&self, stretch: Range<usize>, query: Offset, bar: f32, query_head: &[i16]) -> (Vec<usize>, Vec<i32>) {
        let width = query_head.len();
        let heads = &self.heads[stretch.start * width..stretch.end * width];
        if self.centre.is_empty() {
            return (stretch.collect(), coarse_dots(heads.chunks_exact(width), query_head));
        }
        let (mut near, mut count) = (vec![0; stretch.len()], 0);
        // Without branches, which nobody could foretell.
        for (position, offset) in stretch.clone().zip(&self.offsets[stretch]) {
            near[count] = position;
            count += usize::from(offset.most(query) >= bar);
        }
        near.truncate(count);
        let heads = near.iter().map(|position| &self.heads[position * width..][..width]);
        let dots = coarse_dots(heads, query_head);
        (near, dots)
    }

    /// Makes room for another vector, whose head and tail are so long.
    fn make_room(&mut self, head: usize, tail: usize) {
        if self.lines.len() == self.lines.capacity() {
            let more = (self.len() / GROWTH).max(self.slots.capacity() - self.len()).max(4);
            self.heads.reserve_exact(more * head);
            self.tails.reserve_exact(more * tail);
            self.lines.reserve_exact(more);
            self.offsets.reserve_exact(more);
            self.slots.reserve_exact(more);
        }
    }

    /// Gives memory back where most of it lies idle.
    fn shrink(&mut self) {
        let count = self.slots.len();
        if self.slots.capacity() > 4 * count.max(8) {
            for codes in [&mut self.heads, &mut self.tails] {
                let room = 2 * codes.len();
                codes.shrink_to(room);
            }
            self.lines.shrink_to(2 * count);
            self.offsets.shrink_to(2 * count);
            self.slots.shrink_to(2 * count);
        }
    }
}

// === impl Offset ===

impl Offset {
    fn of(vector: &[f32], centre: &[f32]) -> Self {
        let along = dot(vector, centre);
        Self { along, across: (dot(vector, vector) - along * along + SLACK).max(0.0).sqrt() }
    }

    /// The most that the product of two vectors can be: what lies along the centre is known, and Cauchy-Schwarz bounds the
    /// rest.
    fn most(self, other: Self) -> f32 {
        self.along * other.along + self.across * other.across
    }
}

/// A slot's embedding; empty where it has none.
pub(super) fn vector(slot: &Slot) -> &[f16] {
    slot.entry.embedding.as_deref().unwrap_or_default()
}

/// How many of so many codes are in the head.
fn head_of(codes: usize) -> usize {
    (codes / HEAD_SHARE).next_multiple_of(BLOCK).min(codes)
}

/// The length of `vector` behind its head, a little more for what arithmetic rounds off.
fn tail_length(vector: &[f32], head: usize) -> f32 {
    let tail = vector.get(head..).unwrap_or_default();
    dot(tail, tail).sqrt() * 1.000_01
}

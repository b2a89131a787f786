//! Vectors that are compared one after another: all of a small scope, and of a large one those that no graph has yet.

use std::sync::Arc;

use super::query::{Bar, Codes, Hit, Query, floats};
use crate::cache::store::{Place, Slot};
use crate::similarity::{BLOCK, Rounding, STORED_STEPS, bounds, coarse_dots, dot, round};

/// Vectors side by side, one byte a number. Each of the slots knows its position.
#[derive(Debug, Default)]
pub(super) struct Flat {
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

/// Vectors that are compared before the next are looked at.
const STRETCH: usize = 1024;

/// One number in so many is in the head.
const HEAD_SHARE: usize = 3;

// === impl Flat ===

impl Flat {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Adds a slot that has an embedding.
    pub(super) fn push(&mut self, slot: Arc<Slot>) {
        let Some(embedding) = slot.entry.embedding.as_deref() else { return };
        let floats = floats(embedding);
        let (codes, rounding) = round(&floats, STORED_STEPS);
        let (head, tail) = codes.split_at(head_of(codes.len()));
        slot.set_place(Place::Flat(self.slots.len()));
        self.heads.extend(head.iter().map(|code| *code as i8));
        self.tails.extend(tail.iter().map(|code| *code as i8));
        self.lines.push(Line { rounding, tail: tail_length(&floats, head.len()) });
        self.slots.push(slot);
    }

    /// Puts `slot`, which has the same vector, in the place of another.
    pub(super) fn replace(&mut self, position: usize, slot: Arc<Slot>) {
        slot.set_place(Place::Flat(position));
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
        self.slots.swap_remove(position).set_place(Place::Nowhere);
        if let Some(moved) = self.slots.get(position) {
            moved.set_place(Place::Flat(position));
        }
        self.shrink();
    }

    /// The last slots, so many at most.
    pub(super) fn last(&self, count: usize) -> &[Arc<Slot>] {
        &self.slots[self.slots.len().saturating_sub(count)..]
    }

    /// Adds those of the best to `hits`.
    pub(super) fn search(&self, query: &Query, codes: &Codes, hits: &mut Vec<Hit>) {
        let mut bar = Bar::new(query);
        let mut race = Vec::new();
        let (head, tail) = codes.codes.split_at(head_of(codes.codes.len()));
        let query_tail = tail_length(query.embedding, head.len());
        let stretches = self.heads.chunks(STRETCH * head.len());
        for (stretch, (lines, heads)) in self.lines.chunks(STRETCH).zip(stretches).enumerate() {
            let dots = coarse_dots(heads, head);
            for (offset, (line, head_dot)) in lines.iter().zip(dots).enumerate() {
                // Cauchy-Schwarz bounds what the tails can add, and the whole vector's rounding the head's.
                let (_, most) = bounds(line.rounding, codes.rounding, head_dot);
                if most + line.tail * query_tail < bar.height() {
                    continue;
                }
                let position = stretch * STRETCH + offset;
                let stored = &self.tails[position * tail.len()..][..tail.len()];
                let dot = head_dot + coarse_dots(stored, tail).first().copied().unwrap_or(0);
                let (least, most) = bounds(line.rounding, codes.rounding, dot);
                let slot = &self.slots[position];
                // Whoever may not be found must not raise the bar for others.
                if most >= bar.height() && query.allows(slot) {
                    bar.raise(least);
                    race.push((most, slot));
                }
            }
        }
        let in_the_race = race.into_iter().filter(|(most, _)| *most >= bar.height());
        hits.extend(in_the_race.filter_map(|(_, slot)| query.score(slot)));
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
            self.slots.shrink_to(2 * count);
        }
    }
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

//! Where context words stand in a text, by what part of it is asked about.

use std::ops::Range;

/// Bytes of a block of a text, by which hits are found.
const BLOCK: usize = 64;
/// The context words of a text, by where they end.
pub(super) struct Hits {
    all: Vec<Hit>,
    /// For each block of bytes, the first hit that does not end before it. Mostly none ends near a candidate, and that is
    /// all there is to know.
    firsts: Box<[u32]>,
}

/// A context word in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) phrase: usize,
}

// === impl Hits ===

impl Hits {
    /// `all` hits of a text of so many bytes, by where they end.
    pub(super) fn new(all: Vec<Hit>, bytes: usize) -> Self {
        let mut firsts = vec![u32::MAX; bytes / BLOCK + 2].into_boxed_slice();
        for (hit, nth) in all.iter().zip(0..) {
            let first = &mut firsts[hit.end / BLOCK];
            *first = nth.min(*first);
        }
        let mut next = all.len() as u32;
        for first in firsts.iter_mut().rev() {
            next = next.min(*first);
            *first = next;
        }
        Self { all, firsts }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Those that `within` told.
    pub(super) fn of(&self, places: &Range<usize>) -> &[Hit] {
        &self.all[places.clone()]
    }

    /// Whether a hit ends in `range`, which may go beyond the text, or close to it.
    pub(super) fn has_end(&self, range: &Range<usize>) -> bool {
        let last = self.firsts.len() - 1;
        self.firsts[(range.start / BLOCK).min(last)] < self.firsts[(range.end / BLOCK + 1).min(last)]
    }

    /// Those hits that end in `range`.
    pub(super) fn within(&self, range: Range<usize>) -> Range<usize> {
        let mut first = self.firsts[range.start / BLOCK] as usize;
        first += self.all[first..].iter().take_while(|hit| hit.end <= range.start).count();
        first..first + self.all[first..].iter().take_while(|hit| hit.end <= range.end).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_found_by_where_they_end() {
        let hit = |end| Hit { start: end - 3, end, phrase: 0 };
        let hits = Hits::new([10, 64, 65, 300].map(hit).to_vec(), 400);
        let ends = |range| hits.of(&hits.within(range)).iter().map(|hit| hit.end).collect::<Vec<_>>();
        assert_eq!(ends(0..400), [10, 64, 65, 300]);
        assert_eq!((ends(10..64), ends(64..299), ends(65..300)), (vec![64], vec![65], vec![300]));
        assert!(ends(300..400).is_empty() && ends(11..63).is_empty());
        assert!(hits.has_end(&(0..12)) && hits.has_end(&(290..5000)));
        assert!(
            !hits.has_end(&(128..250)) && !hits.has_end(&(384..5000)) && !Hits::new(Vec::new(), 0).has_end(&(0..9))
        );
    }
}

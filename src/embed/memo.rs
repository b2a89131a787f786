//! What was read before, by the text's hash: no text is kept, and of its names no more than where they stand.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;

use lru::LruCache;
use parking_lot::Mutex;

use super::queue::Reading;
use super::text::Cut;

/// The readings of the texts that were asked for last. Nobody can choose texts that collide: the hashes' keys are drawn
/// at the start.
#[derive(Debug)]
pub(super) struct Memo {
    /// None where nothing is to be kept.
    readings: Option<Mutex<LruCache<Key, Reading>>>,
    keys: [RandomState; 2],
}

/// 128 bits of a text and of which end of it is read.
pub(super) type Key = [u64; 2];

// === impl Memo ===

impl Memo {
    /// A memo of at most `capacity` readings.
    pub(super) fn new(capacity: usize) -> Self {
        let readings = NonZeroUsize::new(capacity).map(|capacity| Mutex::new(LruCache::new(capacity)));
        Self { readings, keys: [RandomState::new(), RandomState::new()] }
    }

    /// The key of `cut`, wherever in its text it stands; None where nothing is kept.
    pub(super) fn key(&self, cut: &Cut) -> Option<Key> {
        self.readings.as_ref()?;
        Some([0, 1].map(|half: usize| self.keys[half].hash_one((cut.text, cut.end))))
    }

    pub(super) fn get(&self, key: &Key) -> Option<Reading> {
        self.readings.as_ref()?.lock().get(key).cloned()
    }

    pub(super) fn put(&self, key: Key, reading: Reading) {
        if let Some(readings) = &self.readings {
            readings.lock().put(key, reading);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tags::{Span, TokenLabel};
    use super::super::text::End;
    use super::*;

    fn cut(text: &str, end: End) -> Cut<'_> {
        Cut { text, at: 0, end }
    }

    fn reading(float: f32) -> Reading {
        let span = Span { range: 0..1, label: TokenLabel::Person, score: 0.9 };
        Reading { embedding: vec![float].into(), tokens: 3, read: 0..1, spans: [span].into() }
    }

    #[test]
    fn what_was_asked_last_is_kept_up_to_a_bound() {
        let memo = Memo::new(2);
        let [a, b, c] = ["a", "b", "c"].map(|text| memo.key(&cut(text, End::Head)).unwrap());
        memo.put(a, reading(1.0));
        memo.put(b, reading(2.0));
        assert_eq!(memo.get(&a), Some(reading(1.0)), "and so it is newer than b");
        memo.put(c, reading(3.0));
        assert_eq!([a, b, c].map(|key| memo.get(&key)), [Some(reading(1.0)), None, Some(reading(3.0))]);
    }

    #[test]
    fn a_text_is_known_wherever_it_stands_and_by_the_end_that_is_read() {
        let memo = Memo::new(8);
        let key = memo.key(&cut("text", End::Head));
        assert_eq!(memo.key(&Cut { at: 7, ..cut("text", End::Head) }), key);
        assert_ne!(memo.key(&cut("text", End::Tail)), key);
        assert_ne!(memo.key(&cut("texts", End::Head)), key);
    }

    #[test]
    fn a_memo_of_nothing_has_no_keys() {
        assert_eq!(Memo::new(0).key(&cut("text", End::Head)), None);
    }
}

//! Which conversation is on which backend.
//!
//! A table of fixed size: each turn's name belongs to one set of eight places, and takes the place of the one in it that was
//! asked for longest ago. So the memory is bounded, 16 bytes an entry, and taken as it fills; every turn that is kept is an
//! entry, so that a conversation can be gone on with from any of its turns. It is in this process alone: behind several
//! routers a conversation stays where it is as long as it comes through the same one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::hash::mix;
use crate::intake::Turns;

/// Which conversation is where.
#[derive(Debug)]
pub struct Conversations {
    shards: Vec<Mutex<Vec<Set>>>,
    /// Every backend's name that has been kept, by its number. They are few, and none is ever taken out.
    names: Mutex<Vec<Arc<str>>>,
    began: Instant,
    /// In seconds.
    lasts: u32,
}

/// Places of names that are alike in a part of their bits.
type Set = [Entry; PLACES];

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Entry {
    turn: u64,
    /// Its backend's number.
    name: u32,
    /// The second in which it was asked for last, from 1; 0 where the place is free.
    used: u32,
}

const PLACES: usize = 8;

/// Parts of the table that are locked apart.
const SHARDS: usize = 64;

// === impl Conversations ===

impl Conversations {
    /// A table for a quarter of a million turns, which takes 4 MiB when it is full; each lasts a day.
    pub fn of_usual_size(now: Instant) -> Self {
        Self::new(1 << 18, 24 * 3_600, now)
    }

    /// A table of about so many `entries`, each of which `lasts` so many seconds after it was asked for last.
    pub fn new(entries: usize, lasts: u32, now: Instant) -> Self {
        let sets = entries.div_ceil(SHARDS * PLACES).max(1);
        let shard = || Mutex::new(vec![Set::default(); sets]);
        Self { shards: (0..SHARDS).map(|_| shard()).collect(), names: Mutex::default(), began: now, lasts }
    }

    /// The backend that the turn before was kept on.
    pub fn find(&self, turns: &Turns, now: Instant) -> Option<Arc<str>> {
        let (turn, now) = (turns.before?, self.second(now));
        let name = self.within(turn, |set| {
            let entry = set.iter_mut().find(|entry| entry.turn == turn && entry.is_fresh(self.lasts, now))?;
            entry.used = entry.used.max(now);
            Some(entry.name)
        })?;
        self.names.lock().get(name as usize).cloned()
    }

    /// Keeps this turn on the backend called `name`.
    pub fn keep(&self, turns: &Turns, name: &Arc<str>, now: Instant) {
        let (Some(turn), now) = (turns.now, self.second(now)) else { return };
        let name = self.number(name);
        self.within(turn, |set| {
            let same = set.iter().position(|entry| entry.turn == turn && entry.used > 0);
            let oldest = || set.iter().enumerate().min_by_key(|(_, entry)| entry.used).map_or(0, |(place, _)| place);
            let place = same.unwrap_or_else(oldest);
            set[place] = Entry { turn, name, used: now };
        });
    }

    /// The memory that it takes at most, in bytes.
    pub fn memory(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len() * size_of::<Set>()).sum()
    }

    fn within<T>(&self, turn: u64, act: impl FnOnce(&mut Set) -> T) -> T {
        let place = mix(turn) as usize;
        let mut sets = self.shards[place % SHARDS].lock();
        let set = place / SHARDS % sets.len();
        act(&mut sets[set])
    }

    fn number(&self, name: &Arc<str>) -> u32 {
        let mut names = self.names.lock();
        let known = names.iter().position(|known| known == name).unwrap_or_else(|| {
            names.push(name.clone());
            names.len() - 1
        });
        known as u32
    }

    fn second(&self, now: Instant) -> u32 {
        let passed = now.saturating_duration_since(self.began) + Duration::from_secs(1);
        passed.as_secs().try_into().unwrap_or(u32::MAX)
    }
}

// === impl Entry ===

impl Entry {
    fn is_fresh(&self, lasts: u32, now: u32) -> bool {
        self.used > 0 && now.saturating_sub(self.used) <= lasts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u32 = 24 * 3_600;

    fn before(turn: u64) -> Turns {
        Turns { conversation: None, before: Some(turn), now: None }
    }

    fn now(turn: u64) -> Turns {
        Turns { conversation: None, before: None, now: Some(turn) }
    }

    #[test]
    fn what_was_kept_is_found_until_nobody_has_asked_for_long() {
        let start = Instant::now();
        let table = Conversations::new(1_000, 100, start);
        let at = |seconds| start + Duration::from_secs(seconds);
        let name: Arc<str> = "a".into();
        table.keep(&now(7), &name, at(0));
        assert_eq!(table.find(&before(7), at(100)), Some(name.clone()));
        assert_eq!(table.find(&before(7), at(200)), Some(name.clone()), "it was asked for");
        assert_eq!(table.find(&before(7), at(301)), None);
        assert_eq!(table.find(&before(8), at(0)), None);
        assert_eq!(table.find(&now(7), at(0)), None, "a first turn is nobody's");
        table.keep(&now(7), &"b".into(), at(301));
        assert_eq!(table.find(&before(7), at(301)).as_deref(), Some("b"));
        table.keep(&before(0), &name, at(0));
        assert_eq!(table.find(&before(0), at(0)), None, "a free place is nobody's");
    }

    #[test]
    fn it_takes_sixteen_bytes_an_entry_and_never_more() {
        assert_eq!(size_of::<Entry>(), 16);
        let start = Instant::now();
        let table = Conversations::new(100_000, DAY, start);
        let memory = table.memory();
        assert!((1_600_000..1_610_000).contains(&memory), "{memory}");
        let names = ["a", "b"].map(Arc::from);
        (0..300_000).for_each(|turn| table.keep(&now(turn), &names[turn as usize % 2], start));
        assert_eq!(table.memory(), memory);
        assert_eq!(table.names.lock().len(), 2);
    }

    #[test]
    fn the_latest_are_found_when_it_is_full() {
        let start = Instant::now();
        let table = Conversations::new(10_000, DAY, start);
        let name: Arc<str> = "a".into();
        for turn in 0..50_000 {
            table.keep(&now(turn), &name, start + Duration::from_millis(turn * 10));
        }
        let later = start + Duration::from_secs(500);
        let found = |turns: std::ops::Range<u64>| {
            let all = turns.end - turns.start;
            turns.filter(|turn| table.find(&before(*turn), later).is_some()).count() as f64 / all as f64
        };
        // A set holds eight, so that some lose their places early: with half as many newer ones, hardly any.
        assert!(found(45_000..50_000) > 0.95);
        assert_eq!(found(0..10_000), 0.0);
    }
}

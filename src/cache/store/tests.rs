use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::thread;

use half::f16;

use super::*;
use crate::cache::Epoch;
use crate::similarity::dot;

const WIDTH: usize = 32;
const NOW: Millis = Millis(1_000);
const LATER: Millis = Millis(2_000);
const NEVER: Millis = Millis(u64::MAX);

/// Cells for scopes of more than a few entries.
const SMALL: Limits = Limits { promote: 100, divided: 100, cell: 32, probes: 64, queue: 100_000 };

fn settings(entries: usize) -> Settings {
    Settings { entries, bytes: usize::MAX, shards: 4 }
}

fn small(entries: usize) -> Store {
    Store::with_limits(settings(entries), WIDTH, SMALL)
}

fn scope(number: u8) -> Scope {
    Scope::from_bytes([number; 32])
}

/// A direction that depends on `seed` alone.
fn direction(seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    let floats: Vec<f32> = (0..WIDTH).map(|_| random.f32() - 0.5).collect();
    let length = dot(&floats, &floats).sqrt();
    floats.into_iter().map(|x| x / length).collect()
}

fn id(scope: Scope, number: u64) -> EntryId {
    EntryId::of(&scope, &format!("question {number}"))
}

/// Pairs of questions have the same normalised text.
fn normal(scope: Scope, number: u64) -> EntryId {
    EntryId::of(&scope, &format!("normal {}", number / 2))
}

fn entry(scope: Scope, number: u64, answer: &str, expires_at: Millis) -> Arc<Entry> {
    Arc::new(Entry {
        id: id(scope, number),
        normal: normal(scope, number),
        scope,
        text: format!("question {number}").into(),
        embedding: Some(direction(number).into_iter().map(f16::from_f32).collect()),
        answer: answer.into(),
        route: "route".into(),
        backend: "backend".into(),
        epoch: Epoch::default(),
        stored_at: NOW,
        expires_at,
    })
}

fn put(store: &Store, scope: Scope, numbers: impl IntoIterator<Item = u64>) {
    numbers.into_iter().for_each(|number| store.insert(entry(scope, number, "", NEVER), NOW));
    store.settle();
}

/// The answer that the nearest question has.
fn answer(store: &Store, scope: Scope, number: u64, now: Millis) -> Option<Box<str>> {
    let found = store.nearest(&scope, &direction(number), 1, 0.99, now);
    found.first().map(|found| found.entry.answer.clone())
}

/// What comparing with all entries of the scope finds.
fn brute_force(store: &Store, scope: Scope, query: &[f32], at_most: usize, at_least: f32) -> Vec<f32> {
    let entries = store.entries();
    let similarity = |entry: &Arc<Entry>| {
        let stored: Vec<f32> = entry.embedding.as_deref().unwrap().iter().map(|x| x.to_f32()).collect();
        dot(&stored, query).clamp(-1.0, 1.0)
    };
    let mut all: Vec<f32> = entries.iter().filter(|entry| entry.scope == scope).map(similarity).collect();
    all.retain(|similarity| *similarity >= at_least);
    all.sort_by(|a, b| b.total_cmp(a));
    all.truncate(at_most);
    all
}

/// How many of so many questions find themselves.
fn found(store: &Store, scope: Scope, numbers: impl Iterator<Item = u64>) -> usize {
    let is_found = |number: &u64| {
        let found = store.nearest(&scope, &direction(*number), 1, 0.99, NOW);
        found.first().is_some_and(|found| found.entry.id == id(scope, *number))
    };
    numbers.filter(is_found).count()
}

#[test]
fn an_entry_is_found_by_its_text_its_normalised_text_and_its_meaning() {
    let store = Store::new(settings(10), WIDTH);
    let stored = entry(scope(1), 1, "an answer", NEVER);
    store.insert(stored.clone(), NOW);
    assert_eq!(store.exact(&stored.id, NOW), Some(stored.clone()));
    assert_eq!(store.normal(&stored.normal, NOW), Some(stored.clone()));
    assert_eq!(store.exact(&stored.normal, NOW), None);
    store.settle();
    let found = store.nearest(&scope(1), &direction(1), 4, 0.9, NOW);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].entry, stored);
    assert!((found[0].similarity - 1.0).abs() < 1e-3, "{}", found[0].similarity);
    assert_eq!(store.nearest(&scope(1), &direction(2), 4, 0.9, NOW).len(), 0, "nothing is similar");
    assert_eq!(store.remove(&stored.id), Some(stored.clone()));
    assert_eq!(store.remove(&stored.id), None);
    assert_eq!(store.exact(&stored.id, NOW).or(store.normal(&stored.normal, NOW)), None);
    assert!(store.nearest(&scope(1), &direction(1), 4, 0.9, NOW).is_empty(), "before the writer knows of it");
    assert_eq!((store.usage().entries, store.usage().bytes), (0, 0));
}

#[test]
fn no_scope_sees_what_another_holds() {
    let store = small(1000);
    put(&store, scope(1), 0..300);
    put(&store, scope(2), 0..3);
    for seed in [1, 2, 200] {
        for at in [scope(1), scope(2), scope(3)] {
            let found = store.nearest(&at, &direction(seed), 400, -1.0, NOW);
            assert!(found.iter().all(|found| found.entry.scope == at));
            assert_eq!(found.is_empty(), at == scope(3));
        }
    }
    assert_eq!(answer(&store, scope(2), 200, NOW), None);
    assert!(answer(&store, scope(1), 200, NOW).is_some());
}

#[test]
fn a_later_answer_takes_the_earlier_one_s_place() {
    let store = small(1000);
    for (number, is_divided) in [(5, false), (250, true)] {
        put(&store, scope(1), 0..=number);
        assert_eq!(store.usage().cells > 0, is_divided);
        for answered in ["second", "third"] {
            store.insert(entry(scope(1), 5, answered, NEVER), NOW);
            assert_eq!(&*store.exact(&id(scope(1), 5), NOW).unwrap().answer, answered);
            assert_eq!(&*store.normal(&normal(scope(1), 5), NOW).unwrap().answer, answered);
            store.settle();
            assert_eq!(answer(&store, scope(1), 5, NOW), Some(answered.into()));
        }
        // The same text may have come to mean something else, where the model changed.
        let changed = Entry {
            embedding: entry(scope(1), 1_000, "", NEVER).embedding.clone(),
            ..(*entry(scope(1), 5, "moved", NEVER)).clone()
        };
        store.insert(changed.into(), NOW);
        store.settle();
        assert_eq!(answer(&store, scope(1), 5, NOW), None);
        assert_eq!(answer(&store, scope(1), 1_000, NOW), Some("moved".into()));
        assert_eq!(store.usage().entries as u64, number + 1);
    }
}

#[test]
fn answering_one_question_again_and_again_buries_nothing() {
    let store = small(1000);
    put(&store, scope(1), 0..300);
    for round in 0..1_000 {
        store.insert(entry(scope(1), 7, &round.to_string(), NEVER), NOW);
    }
    store.settle();
    assert_eq!(answer(&store, scope(1), 7, NOW), Some("999".into()));
    assert_eq!(found(&store, scope(1), 0..300), 300);
}

#[test]
fn what_has_ended_is_neither_served_nor_kept() {
    for count in [3, 300] {
        let store = small(1000);
        put(&store, scope(1), 10..10 + count);
        store.insert(entry(scope(1), 1, "", LATER), NOW);
        store.insert(entry(scope(1), 2, "", NOW), NOW);
        store.settle();
        let (ending, before) = (id(scope(1), 1), Millis(LATER.0 - 1));
        assert_eq!(store.exact(&id(scope(1), 2), NOW), None, "it had ended before");
        assert!(store.exact(&ending, before).is_some() && answer(&store, scope(1), 1, before).is_some());
        assert!(store.exact(&ending, LATER).is_none() && store.normal(&normal(scope(1), 1), LATER).is_none());
        assert_eq!(answer(&store, scope(1), 1, LATER), None);
        assert_eq!(store.sweep(before), 0);
        assert_eq!((store.sweep(LATER), store.usage().expired), (1, 1));
        assert_eq!(store.exact(&ending, before), None);
        assert_eq!(store.usage().entries as u64, count);
    }
}

#[test]
fn what_has_ended_goes_before_anything_else_does() {
    let store = small(10);
    store.insert(entry(scope(1), 0, "", LATER), NOW);
    (1..10).for_each(|number| store.insert(entry(scope(1), number, "", NEVER), NOW));
    (0..3).for_each(|_| drop(store.exact(&id(scope(1), 0), NOW)));
    store.insert(entry(scope(1), 10, "", NEVER), LATER);
    assert_eq!((store.usage().expired, store.usage().evicted), (1, 0));
    assert!((1..=10).all(|number| store.exact(&id(scope(1), number), LATER).is_some()));
}

#[test]
fn what_is_asked_for_outlives_a_crowd_that_is_not() {
    let store = small(100);
    put(&store, scope(1), 0..100);
    let asked = |number| store.exact(&id(scope(1), number), NOW).is_some();
    assert!((0..30).all(asked));
    assert_eq!(found(&store, scope(1), 30..50), 20);
    for crowd in 0..20 {
        put(&store, scope(2), crowd * 100..crowd * 100 + 100);
        if crowd % 2 == 0 {
            assert!((0..30).all(asked), "crowd {crowd}");
            assert_eq!(found(&store, scope(1), 30..50), 20, "a semantic hit is a hit, too");
        }
    }
    assert_eq!(found(&store, scope(1), 50..100), 0, "nobody asked for these");
    assert_eq!(store.usage().entries, 100);
}

#[test]
fn what_comes_again_after_its_eviction_is_kept() {
    let store = small(100);
    put(&store, scope(1), 0..100);
    assert!((10..100).all(|number| store.exact(&id(scope(1), number), NOW).is_some()));
    put(&store, scope(1), 100..111);
    assert!(store.exact(&id(scope(1), 0), NOW).is_none(), "nobody asked for it in time");
    put(&store, scope(1), [0]);
    put(&store, scope(2), 0..80);
    assert!(store.exact(&id(scope(1), 0), NOW).is_some());
}

#[test]
fn what_is_larger_than_the_budget_is_not_stored() {
    let bytes = 100_000;
    let store = Store::new(Settings { entries: 10, bytes, shards: 1 }, WIDTH);
    put(&store, scope(1), 0..5);
    store.insert(entry(scope(1), 1, &"x".repeat(bytes), NEVER), NOW);
    assert!(store.exact(&id(scope(1), 1), NOW).is_none(), "its earlier answer is not the right one either");
    assert_eq!((store.usage().entries, store.usage().evicted), (4, 0));
    let none = Store::new(settings(0), WIDTH);
    put(&none, scope(1), 0..5);
    assert_eq!(none.usage(), Usage::default());
}

#[test]
fn without_dimensions_only_the_same_text_is_found() {
    let store = Store::new(settings(10), 0);
    put(&store, scope(1), 0..5);
    assert!(store.exact(&id(scope(1), 1), NOW).is_some() && store.normal(&normal(scope(1), 1), NOW).is_some());
    assert!(store.nearest(&scope(1), &direction(1), 1, 0.0, NOW).is_empty());
}

#[test]
fn what_the_index_cannot_take_is_counted_and_found_by_its_text() {
    let store = Store::with_limits(settings(10), WIDTH, Limits { queue: 0, ..SMALL });
    put(&store, scope(1), 0..3);
    let narrow = Entry { embedding: Some(vec![f16::ONE].into()), ..(*entry(scope(1), 3, "", NEVER)).clone() };
    store.insert(narrow.into(), NOW);
    let without = Entry { embedding: None, ..(*entry(scope(1), 4, "", NEVER)).clone() };
    store.insert(without.into(), NOW);
    store.settle();
    assert_eq!(store.usage().unindexed, 4, "an entry without an embedding is not missed");
    assert!((0..5).all(|number| store.exact(&id(scope(1), number), NOW).is_some()));
    assert_eq!(found(&store, scope(1), 0..5), 0);
    assert!((0..5).all(|number| store.remove(&id(scope(1), number)).is_some()));
}

#[test]
fn a_query_that_compares_with_nothing_finds_nothing() {
    let store = small(1000);
    for count in [3, 300] {
        put(&store, scope(1), 0..count);
        for query in [vec![f32::NAN; WIDTH], vec![1.0], vec![]] {
            assert!(store.nearest(&scope(1), &query, 3, -1.0, NOW).is_empty(), "{query:?}");
        }
        assert!(store.nearest(&scope(1), &direction(1), 0, -1.0, NOW).is_empty());
        assert!(!store.nearest(&scope(1), &direction(1), usize::MAX, 0.9, NOW).is_empty());
    }
}

#[test]
fn a_scan_finds_what_comparing_everything_finds() {
    let store = Store::new(settings(10_000), WIDTH);
    put(&store, scope(1), 0..3_000);
    (0..3_000).step_by(7).for_each(|number| drop(store.remove(&id(scope(1), number))));
    store.settle();
    for seed in 0..100 {
        let query = direction(10_000 + seed);
        for (at_most, at_least) in [(1, -1.0), (5, 0.3), (100, 0.5), (5_000, -1.0)] {
            let found: Vec<_> =
                store.nearest(&scope(1), &query, at_most, at_least, NOW).iter().map(|found| found.similarity).collect();
            assert_eq!(found, brute_force(&store, scope(1), &query, at_most, at_least), "{at_most} of {at_least}");
        }
    }
}

#[test]
fn a_scope_is_divided_and_put_together_again_and_nothing_is_lost() {
    let store = small(100_000);
    put(&store, scope(1), 0..2_000);
    assert!(store.usage().cells > 2_000 / 32, "{:?}", store.usage());
    let recall = |numbers: std::ops::Range<u64>| {
        let (count, found) = (numbers.clone().count(), found(&store, scope(1), numbers));
        assert!(found * 100 >= count * 99, "{found} of {count}");
    };
    recall(0..2_000);
    (0..1_500).for_each(|number| drop(store.remove(&id(scope(1), number))));
    store.settle();
    assert!((500 / 32..89).contains(&store.usage().cells) && store.usage().rebuilds > 0, "{:?}", store.usage());
    recall(1_500..2_000);
    assert_eq!(found(&store, scope(1), 0..1_500), 0);
    put(&store, scope(1), 2_000..3_000);
    recall(1_500..3_000);
    assert_eq!(store.retain(|entry| entry.id == id(scope(1), 1_999)), 1_499);
    store.settle();
    assert_eq!((store.usage().cells, found(&store, scope(1), 0..3_000)), (0, 1));
    put(&store, scope(1), 0..1_000);
    assert!(store.usage().cells > 0);
    recall(0..1_000);
    let usage = store.usage();
    assert_eq!((usage.unindexed, usage.failures), (0, 0));
}

#[test]
fn lookups_miss_nothing_uncounted_while_cells_change() {
    let store = small(100_000);
    put(&store, scope(1), 0..90);
    let ended = AtomicBool::new(false);
    let missed = thread::scope(|threads| {
        let reader = threads.spawn(|| {
            let mut missed = 0;
            loop {
                let last = ended.load(Relaxed);
                missed += 90 - found(&store, scope(1), 0..90);
                if last {
                    return missed;
                }
            }
        });
        put(&store, scope(1), 90..1_500);
        (1_000..1_500).for_each(|number| drop(store.remove(&id(scope(1), number))));
        store.settle();
        ended.store(true, Relaxed);
        reader.join().unwrap()
    });
    let usage = store.usage();
    assert!(usage.cells > 0);
    assert_eq!(found(&store, scope(1), 0..90), 90);
    assert!(missed as u64 <= usage.failures, "{missed} of {usage:?}");
}

#[test]
fn a_small_budget_has_no_room_for_cells() {
    let store = Store::with_limits(settings(1_000), WIDTH, Limits { divided: 0, ..SMALL });
    put(&store, scope(1), 0..300);
    assert_eq!((store.usage().cells, found(&store, scope(1), 0..300)), (0, 300));
}

/// A store that forgets nothing but what it is told to forget.
#[derive(Default)]
struct Model {
    entries: HashMap<EntryId, (u64, Arc<Entry>)>,
    normals: HashMap<EntryId, EntryId>,
}

impl Model {
    fn insert(&mut self, number: u64, entry: &Arc<Entry>) {
        self.entries.insert(entry.id, (number, entry.clone()));
        self.normals.insert(entry.normal, entry.id);
    }

    fn remove(&mut self, id: &EntryId) {
        if let Some((_, entry)) = self.entries.remove(id)
            && self.normals.get(&entry.normal) == Some(id)
        {
            self.normals.remove(&entry.normal);
        }
    }

    fn exact(&self, id: &EntryId, now: Millis) -> Option<Arc<Entry>> {
        self.entries.get(id).map(|(_, entry)| entry).filter(|entry| !entry.is_over(now)).cloned()
    }
}

/// Random changes to a store and a model; gives how often the store had what the model has, and how often it had not.
fn compare(store: &Store, entries: usize, bytes: usize, seed: u64) -> (usize, usize) {
    let (mut model, mut random, mut now) = (Model::default(), fastrand::Rng::with_seed(seed), NOW);
    let (mut same, mut missing) = (0, 0);
    let mut check = |found: Option<Arc<Entry>>, expected: Option<Arc<Entry>>| match (&found, &expected) {
        (None, Some(_)) => missing += 1,
        _ => {
            assert_eq!(found, expected);
            same += 1;
        }
    };
    for step in 0..4_000 {
        let (at, number) = (scope(random.u8(..3)), random.u64(..150));
        let id = id(at, number);
        match random.u8(..20) {
            0..=9 => {
                let life = if random.bool() { NEVER } else { Millis(now.0 + random.u64(1..400)) };
                let entry = entry(at, number, &"x".repeat(random.usize(..500)), life);
                store.insert(entry.clone(), now);
                model.insert(number, &entry);
            }
            10..=11 => {
                let removed = store.remove(&id);
                assert!(removed.is_none() || removed == model.entries.get(&id).map(|(_, entry)| entry.clone()));
                model.remove(&id);
            }
            12 => now = Millis(now.0 + 50),
            13 if random.u8(..40) == 0 => {
                store.retain(|entry| entry.scope != at);
                let gone: Vec<_> = model
                    .entries
                    .values()
                    .map(|(_, entry)| entry)
                    .filter(|entry| entry.scope == at)
                    .map(|entry| entry.id)
                    .collect();
                gone.iter().for_each(|id| model.remove(id));
            }
            13..=15 => check(store.exact(&id, now), model.exact(&id, now)),
            _ => {
                let normal = normal(at, number);
                let expected = model.normals.get(&normal).and_then(|id| model.exact(id, now));
                check(store.normal(&normal, now), expected);
            }
        }
        let usage = store.usage();
        assert!(usage.entries <= entries && usage.bytes <= bytes, "{usage:?}");
        for found in store.nearest(&at, &direction(number), 3, 0.2, now) {
            let entry = &found.entry;
            let known = model.exact(&entry.id, now);
            // Its latest answer may not have been taken in yet, but then the earlier is not served either.
            assert_eq!(known.as_ref(), Some(entry), "step {step}");
            assert_eq!(entry.scope, at);
        }
    }
    store.settle();
    for (number, entry) in model.entries.values().filter(|(_, entry)| !entry.is_over(now)) {
        let nearest = store.nearest(&entry.scope, &direction(*number), 1, 0.99, now);
        assert_eq!(nearest.first().map(|found| found.entry.clone()), store.exact(&entry.id, now), "question {number}");
        check(store.exact(&entry.id, now), Some(entry.clone()));
    }
    (same, missing)
}

#[test]
fn nothing_is_served_that_should_not_be_and_nothing_missed_that_there_is_room_for() {
    for seed in 0..4 {
        let store = small(10_000);
        let (same, missing) = compare(&store, 10_000, usize::MAX, seed);
        assert!(same > 500 && missing == 0, "{same} {missing}");
        assert_eq!(store.usage().evicted, 0);
    }
}

#[test]
fn budgets_are_kept_whatever_happens() {
    let bytes = 100 * (1_000 + scanned_bytes(WIDTH));
    for (entries, bytes) in [(100, usize::MAX), (usize::MAX, bytes), (1, usize::MAX)] {
        let store = Store::with_limits(Settings { entries, bytes, shards: 3 }, WIDTH, Limits { divided: 0, ..SMALL });
        let (same, missing) = compare(&store, entries, bytes, 7);
        assert!(same > 100 && missing > 10, "{same} {missing}");
        assert!(store.usage().evicted > 100);
    }
}

#[test]
fn many_threads_at_once_do_not_confuse_it() {
    let store = small(600);
    let work = |seed: u64| {
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..3_000 {
            let (at, number) = (scope(random.u8(..2)), random.u64(..500));
            match random.u8(..10) {
                0..=3 => store.insert(entry(at, number, &seed.to_string(), NEVER), NOW),
                4 => drop(store.remove(&id(at, number))),
                5 if random.u8(..100) == 0 => drop(store.retain(|entry| entry.scope != at)),
                5..=6 => assert!(store.exact(&id(at, number), NOW).is_none_or(|found| found.id == id(at, number))),
                _ => {
                    for found in store.nearest(&at, &direction(number), 2, 0.9, NOW) {
                        assert_eq!((found.entry.scope, &found.entry.id), (at, &id(at, number)));
                    }
                }
            }
        }
    };
    thread::scope(|threads| (0..4).for_each(|seed| drop(threads.spawn(move || work(seed)))));
    store.settle();
    let entries = store.entries();
    assert_eq!(entries.len(), store.usage().entries);
    assert!(entries.len() <= 600);
    for entry in entries {
        let number: u64 = entry.text.strip_prefix("question ").unwrap().parse().unwrap();
        let nearest = store.nearest(&entry.scope, &direction(number), 1, 0.99, NOW);
        assert_eq!(nearest.first().map(|found| &found.entry), Some(&entry));
    }
    let count = store.usage().entries;
    assert_eq!(store.retain(|_| false), count);
    store.settle();
    assert_eq!((store.usage().entries, store.usage().bytes), (0, 0), "nothing is left behind");
}

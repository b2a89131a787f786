//! The cache's store: what lookups take, how often the nearest is found, and what an entry takes in memory.
//!
//! `cargo bench --bench cache -- SIZE…` takes the numbers of entries in one scope (1000 to 100000 by default), and
//! `-- --soak SECONDS` instead watches the memory while everything changes all the time.
#![allow(clippy::expect_used, reason = "a benchmark ends where it fails")]

mod data;
mod soak;

use std::env;
use std::hint::black_box;
use std::time::{Duration, Instant};

use data::{Data, resident};
use pointsman::cache::store::{Settings, Store};
use pointsman::cache::{Entry, EntryId, Millis, Scope};

/// What one scope of so many entries may take, in µs at the median.
const LIMITS: [(usize, f64); 2] = [(10_000, 120.0), (1_000_000, 500.0)];
const LEAST_RECALL: f64 = 0.99;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// Entries and scopes, where there are many scopes.
const MANY: (usize, usize) = (100_000, 20_000);

/// Lookups of each kind, and those that are compared with a search of everything.
const LOOKUPS: usize = 2_000;
const COMPARED: usize = 500;

/// What the cache asks for.
const AT_MOST: usize = 4;
const AT_LEAST: f32 = 0.9;

/// Insertions before the index may catch up.
const BATCH: usize = 4_000;

const NOW: Millis = Millis(1);

fn main() {
    let args: Vec<String> = env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let data = Data::load();
    if let [soak, seconds] = args.as_slice()
        && soak == "--soak"
    {
        return soak::run(&data, Duration::from_secs(seconds.parse().expect("seconds")));
    }
    let mut sizes: Vec<usize> = args.iter().map(|size| size.parse().expect("a number of entries")).collect();
    if sizes.is_empty() {
        sizes = SIZES.to_vec();
    }
    sizes.sort_unstable();
    let ok = one_scope(&data, &sizes);
    many_scopes(&data);
    if !ok {
        std::process::exit(1);
    }
}

/// A scope that grows to one size after another. Whether it stays within the limits.
fn one_scope(data: &Data, sizes: &[usize]) -> bool {
    let most = sizes.last().copied().unwrap_or(0);
    let scope = Scope::from_bytes([1; 32]);
    let before = resident();
    let store = Store::new(Settings { entries: most, bytes: usize::MAX, shards: 16 }, data::WIDTH);
    println!("\none scope: µs at the median and the 99th percentile of {LOOKUPS}; recall@1 of {COMPARED}");
    println!(
        "{:>9}{:>16}{:>16}{:>16}{:>9}{:>9}{:>12}{:>12}{:>12}",
        "entries", "nearest", "exact", "insert", "recall", "cells", "counted/B", "resident/B", "indexed/s"
    );
    let (mut ok, mut filled) = (true, 0);
    for &size in sizes {
        let start = Instant::now();
        let inserts = insert(&store, filled..size, |number| data.entry(number, scope));
        let seconds = start.elapsed().as_secs_f64();
        let (nearest, exact) = (time_nearest(&store, data, size, |_| scope), time_exact(&store, data, size, |_| scope));
        let recall = recall(&store, data, size, scope);
        let usage = store.usage();
        println!(
            "{size:>9}{nearest:>16}{exact:>16}{inserts:>16}{recall:>9.4}{:>9}{:>12}{:>12}{:>12.0}",
            usage.cells,
            usage.bytes / size,
            (resident() - before) / size,
            (size - filled) as f64 / seconds,
        );
        assert_eq!((usage.entries, usage.unindexed, usage.failures), (size, 0, 0), "everything is there");
        let limit = LIMITS.iter().find(|(of, _)| *of == size);
        if limit.is_some_and(|(_, limit)| nearest.p50 > *limit) || recall < LEAST_RECALL {
            println!("{:>9}over the limit: {limit:?} µs, recall {LEAST_RECALL}", "");
            ok = false;
        }
        filled = size;
    }
    ok
}

/// Many scopes of a few entries each.
fn many_scopes(data: &Data) {
    let (entries, scopes) = MANY;
    let scope = |number: usize| data::scope(number % scopes);
    let before = resident();
    let store = Store::new(Settings { entries, bytes: usize::MAX, shards: 16 }, data::WIDTH);
    let inserts = insert(&store, 0..entries, |number| data.entry(number, scope(number)));
    let (nearest, exact) = (time_nearest(&store, data, entries, scope), time_exact(&store, data, entries, scope));
    println!("\n{entries} entries in {scopes} scopes: nearest {nearest} µs, exact {exact} µs, insert {inserts} µs");
    println!("{} bytes an entry counted, {} resident", store.usage().bytes / entries, (resident() - before) / entries);
}

fn insert(store: &Store, numbers: std::ops::Range<usize>, entry: impl Fn(usize) -> Entry) -> Times {
    let mut times = Vec::new();
    for number in numbers {
        let entry = entry(number).into();
        let start = Instant::now();
        store.insert(entry, NOW);
        times.push(start.elapsed());
        if number % BATCH == BATCH - 1 {
            store.settle();
        }
    }
    store.settle();
    Times::of(times)
}

fn time_nearest(store: &Store, data: &Data, size: usize, scope: impl Fn(usize) -> Scope) -> Times {
    let lookup = |lookup: usize| {
        let number = data::shuffled(lookup) % size;
        let query = data.paraphrase(number, lookup);
        let start = Instant::now();
        black_box(store.nearest(&scope(number), &query, AT_MOST, AT_LEAST, NOW));
        start.elapsed()
    };
    Times::of((0..LOOKUPS).map(lookup).collect())
}

fn time_exact(store: &Store, data: &Data, size: usize, scope: impl Fn(usize) -> Scope) -> Times {
    let lookup = |lookup: usize| {
        let number = data::shuffled(lookup) % size;
        let id = EntryId::of(&scope(number), &data.text(number));
        let start = Instant::now();
        let found = store.exact(&id, NOW);
        let time = start.elapsed();
        assert!(found.is_some(), "entry {number} is there");
        time
    };
    Times::of((0..LOOKUPS).map(lookup).collect())
}

/// How often the nearest of all is found.
fn recall(store: &Store, data: &Data, size: usize, scope: Scope) -> f64 {
    let queries: Vec<_> = (0..COMPARED).map(|lookup| data.paraphrase(data::shuffled(lookup) % size, lookup)).collect();
    let mut best = vec![f32::NEG_INFINITY; queries.len()];
    for entry in store.entries() {
        let stored = data::floats(&entry);
        for (best, query) in best.iter_mut().zip(&queries) {
            *best = best.max(data::dot(&stored, query));
        }
    }
    let found = queries.iter().zip(best).filter(|(query, best)| {
        let found = store.nearest(&scope, query, 1, -1.0, NOW);
        found.first().is_some_and(|found| found.similarity >= best - 1e-5)
    });
    found.count() as f64 / queries.len() as f64
}

/// A median and a 99th percentile, in µs.
struct Times {
    p50: f64,
    p99: f64,
}

// === impl Times ===

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: usize| times.get(times.len() * share / 100).map_or(0.0, |time| 1e6 * time.as_secs_f64());
        Self { p50: at(50), p99: at(99) }
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.pad(&format!("{:.1} / {:.1}", self.p50, self.p99))
    }
}

//! Everything changes all the time, at the budget: the memory is to stay what it is. One scope is large enough for cells,
//! which are split and given up; the others are small.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use pointsman::cache::store::{Settings, Store};
use pointsman::cache::{EntryId, Millis, Scope};

use crate::data::{self, Data, resident};

const THREADS: u64 = 2;

/// What the store may hold. It comes to its bytes first.
const ENTRIES: usize = 2_000_000;
const BYTES: usize = 1_200_000_000;

/// One question in so many is asked in the large scope; the others in so many scopes.
const LARGE_SHARE: usize = 16;
const SMALL: usize = 20_000;

/// Entries end within this.
const LIFE: Duration = Duration::from_secs(1800);

/// Until the allocator has what it needs, which also takes as many evictions as there are entries.
const WARM_UP: Duration = Duration::from_secs(60);
const WINDOW: Duration = Duration::from_secs(10);
const SAMPLE: Duration = Duration::from_millis(50);

/// How far the memory may move.
const MOST: f64 = 0.05;

/// Runs for so long; ends the program with an error where the memory moved.
pub(crate) fn run(data: &Data, duration: Duration) {
    let store = Store::new(Settings { entries: ENTRIES, bytes: BYTES, shards: 16 }, data::WIDTH);
    let (ended, questions) = (AtomicBool::new(false), AtomicUsize::new(0));
    let moved = thread::scope(|scope| {
        for seed in 0..THREADS {
            let churn = Churn { store: &store, data, questions: &questions, random: fastrand::Rng::with_seed(seed) };
            scope.spawn(|| churn.run(&ended));
        }
        // Filled by those who will empty it: what one thread frees, the allocator gives to no other.
        while store.usage().evicted == 0 {
            thread::sleep(SAMPLE);
        }
        let moved = watch(&store, Instant::now(), duration);
        ended.store(true, Relaxed);
        moved
    });
    println!("\nthe memory moved by {:.1} % at most, {:.0} % are allowed", 100.0 * moved, 100.0 * MOST);
    if moved > MOST {
        std::process::exit(1);
    }
}

/// Prints what is used, window by window; gives how far the median moved from the first one's after the warm-up.
fn watch(store: &Store, start: Instant, duration: Duration) -> f64 {
    let (mut first, mut moved) = (None, 0.0f64);
    println!(
        "{:>6}{:>14}{:>14}{:>12}{:>12}{:>8}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "s",
        "median/MB",
        "greatest/MB",
        "counted/MB",
        "entries",
        "cells",
        "rebuilds",
        "evicted",
        "expired",
        "left out",
        "failures"
    );
    while start.elapsed() < duration {
        let (window, mut samples) = (Instant::now(), Vec::new());
        while window.elapsed() < WINDOW {
            thread::sleep(SAMPLE);
            samples.push(resident() as f64 / 1e6);
        }
        samples.sort_unstable_by(f64::total_cmp);
        let (median, greatest) = (samples[samples.len() / 2], samples[samples.len() - 1]);
        let usage = store.usage();
        println!(
            "{:>6}{median:>14.1}{greatest:>14.1}{:>12.1}{:>12}{:>8}{:>10}{:>10}{:>10}{:>10}{:>10}",
            start.elapsed().as_secs(),
            usage.bytes as f64 / 1e6,
            usage.entries,
            usage.cells,
            usage.rebuilds,
            usage.evicted,
            usage.expired,
            usage.unindexed,
            usage.failures,
        );
        if start.elapsed() > WARM_UP && usage.evicted > usage.entries as u64 {
            let first = *first.get_or_insert(median);
            moved = moved.max((median / first - 1.0).abs());
        }
    }
    moved
}

/// One thread's part in it.
struct Churn<'a> {
    store: &'a Store,
    data: &'a Data,
    /// The number of the next question that is new.
    questions: &'a AtomicUsize,
    random: fastrand::Rng,
}

// === impl Churn ===

impl Churn<'_> {
    fn run(mut self, ended: &AtomicBool) {
        while self.store.usage().evicted == 0 {
            self.insert();
        }
        while !ended.load(Relaxed) {
            self.insert();
            (0..4).for_each(|_| self.look_up());
            if self.random.usize(..10) == 0 {
                self.remove();
            }
            if self.random.usize(..5_000) == 0 {
                let flushed = data::scope(1 + self.random.usize(..SMALL));
                self.store.retain(|entry| entry.scope != flushed);
            }
        }
    }

    /// A new question, or one in ten times an old one that is answered anew.
    fn insert(&mut self) {
        let new = self.questions.fetch_add(1, Relaxed);
        let number = if self.random.usize(..10) == 0 { self.recent() } else { new };
        let now = Millis::now();
        let mut entry = self.data.entry(number, self.scope(number));
        entry.expires_at = now.after(LIFE.mul_f32(self.random.f32()));
        entry.answer = "x".repeat(self.random.usize(100..2_000)).into();
        self.store.insert(entry.into(), now);
    }

    fn look_up(&mut self) {
        let (number, now) = (self.recent(), Millis::now());
        let scope = self.scope(number);
        let id = EntryId::of(&scope, &self.data.text(number));
        if self.store.exact(&id, now).is_none() {
            let query = self.data.paraphrase(number, self.random.usize(..));
            for found in self.store.nearest(&scope, &query, 4, 0.9, now) {
                assert!(found.entry.scope == scope && !found.entry.is_over(now), "it may be served");
            }
        }
    }

    fn remove(&mut self) {
        let number = self.recent();
        self.store.remove(&EntryId::of(&self.scope(number), &self.data.text(number)));
    }

    /// A question that is probably still stored, the later ones rather than the earlier.
    fn recent(&mut self) -> usize {
        let asked = self.questions.load(Relaxed);
        asked.saturating_sub(1 + (self.random.f32().powi(2) * 500_000.0) as usize)
    }

    /// Where question `number` is asked.
    fn scope(&self, number: usize) -> Scope {
        data::scope(if number.is_multiple_of(LARGE_SHARE) { 0 } else { 1 + number % SMALL })
    }
}

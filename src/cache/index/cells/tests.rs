use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::AtomicBool;
use std::thread;

use half::f16;

use super::*;
use crate::cache::index::partition::Partition;
use crate::cache::index::query::{Hit, Query};
use crate::cache::store::Place;
use crate::cache::{Entry, EntryId, Epoch, Millis, Scope};

const WIDTH: usize = 96;

/// Cells of a few vectors, and a few of them for a search.
const FEW: Limits = Limits { promote: 200, divided: 1, cell: 32, probes: 12, queue: 0 };
const ALL: Limits = Limits { probes: usize::MAX, ..FEW };

fn scope() -> Scope {
    Scope::from_bytes([1; 32])
}

fn random_vector(random: &mut fastrand::Rng) -> Vec<f32> {
    unit((0..WIDTH).map(|_| random.f32() - 0.5).collect())
}

fn unit(vector: Vec<f32>) -> Vec<f32> {
    let length = dot(&vector, &vector).sqrt();
    vector.into_iter().map(|x| x / length).collect()
}

/// `vector` with noise of this length.
fn near(vector: &[f32], noise: f32, random: &mut fastrand::Rng) -> Vec<f32> {
    unit(vector.iter().zip(random_vector(random)).map(|(x, other)| x + noise * other).collect())
}

/// Vectors like those of texts: some subjects, and much about each.
fn clustered(count: usize, random: &mut fastrand::Rng) -> Vec<Vec<f32>> {
    let subjects: Vec<_> = (0..40).map(|_| random_vector(random)).collect();
    (0..count).map(|number| near(&subjects[number % subjects.len()], 0.2 + random.f32(), random)).collect()
}

fn slot(key: u64, vector: &[f32]) -> Arc<Slot> {
    let id = EntryId::of(&scope(), &key.to_string());
    let entry = Entry {
        id,
        normal: id,
        scope: scope(),
        text: key.to_string().into(),
        embedding: Some(vector.iter().map(|x| f16::from_f32(*x)).collect()),
        answer: "".into(),
        route: "".into(),
        backend: "".into(),
        epoch: Epoch::default(),
        stored_at: Millis(0),
        expires_at: Millis(u64::MAX),
    };
    Arc::new(Slot::new(entry.into(), key, 0))
}

fn search(partition: &Partition, vector: &[f32], at_most: usize, limits: &Limits) -> Vec<Hit> {
    let query = Query { scope: &scope(), embedding: vector, at_most, at_least: -1.0, now: Millis(0) };
    partition.search(&query, limits).unwrap_or_default()
}

/// The best similarities that comparing with all of `slots` finds.
fn brute_force<'a>(slots: impl Iterator<Item = &'a Arc<Slot>>, query: &[f32], at_most: usize) -> Vec<f32> {
    let mut all: Vec<_> = slots.map(|slot| dot(&floats(vector(slot)), query).clamp(-1.0, 1.0)).collect();
    all.sort_by(|a, b| b.total_cmp(a));
    all.truncate(at_most);
    all
}

fn divided(vectors: &[Vec<f32>]) -> (Partition, Vec<Arc<Slot>>) {
    let partition = Partition::default();
    let slots: Vec<_> = vectors.iter().enumerate().map(|(key, vector)| slot(key as u64, vector)).collect();
    slots.iter().for_each(|slot| assert!(partition.insert(slot.clone(), &FEW, true).is_ok()));
    (partition, slots)
}

/// Holds that each of `slots` is in one cell, where its place says, and nothing else is anywhere.
fn check_places<'a>(cells: &Cells, slots: impl Iterator<Item = &'a Arc<Slot>>) {
    let slots: Vec<_> = slots.collect();
    let directory = cells.directory.read();
    for slot in &slots {
        let Place::At { cell, position } = slot.place() else { panic!("{} is nowhere", slot.key) };
        assert!(Arc::ptr_eq(&directory.cells[&cell].read().slots()[position as usize], slot), "{}", slot.key);
    }
    let held: usize = directory.cells.values().map(|cell| cell.read().len()).sum();
    assert_eq!((held, cells.len()), (slots.len(), slots.len()));
    assert!(directory.cells.values().all(|cell| cell.read().len() <= FEW.cell));
}

#[test]
fn a_few_of_many_cells_have_what_is_nearest() {
    let mut random = fastrand::Rng::with_seed(1);
    let vectors = clustered(4_000, &mut random);
    let (partition, slots) = divided(&vectors);
    assert!(partition.size().cells > 10 * FEW.probes, "{:?}", partition.size());
    let mut found = 0;
    for _ in 0..300 {
        let query = near(&vectors[random.usize(..vectors.len())], 0.25, &mut random);
        let nearest = search(&partition, &query, 1, &FEW);
        found += usize::from(nearest[0].similarity == brute_force(slots.iter(), &query, 1)[0]);
    }
    assert!(found >= 297, "{found} of 300");
}

#[test]
fn what_is_there_is_found_and_what_is_gone_is_not_whatever_changes() {
    let mut random = fastrand::Rng::with_seed(2);
    let vectors = clustered(3_000, &mut random);
    let (partition, mut there) = (Partition::default(), BTreeMap::new());
    let (mut most, mut least) = (0, usize::MAX);
    for step in 0..4_500 {
        // It grows, and shrinks, and grows again.
        let insertions = if (1_500..3_000).contains(&step) { 2 } else { 8 };
        let any = there.keys().nth(random.usize(..there.len().max(1))).copied();
        let new = slot(step, &vectors[random.usize(..vectors.len())]);
        match (random.u8(..10), any) {
            (9, Some(any)) => {
                let old: Arc<Slot> = there.remove(&any).unwrap();
                let new = Arc::new(Slot::new(old.entry.clone(), step, 0));
                there.insert(step, new.clone());
                partition.replace(&old, new, &FEW, true).unwrap();
            }
            (dice, Some(any)) if dice > insertions => {
                partition.remove(&there.remove(&any).unwrap(), &FEW).unwrap();
            }
            _ => {
                there.insert(step, new.clone());
                partition.insert(new, &FEW, true).unwrap();
            }
        }
        if step % 75 == 0 {
            let query = near(&vectors[random.usize(..vectors.len())], 0.5, &mut random);
            for at_most in [1, 5, usize::MAX] {
                let found = search(&partition, &query, at_most, &ALL);
                assert!(found.iter().all(|hit| there.contains_key(&hit.slot.key)), "step {step}");
                let found: Vec<_> = found.iter().map(|hit| hit.similarity).collect();
                assert_eq!(found, brute_force(there.values(), &query, at_most), "step {step}");
            }
            let cells = partition.size().cells;
            (most, least) = (most.max(cells), least.min(if most > 0 { cells } else { usize::MAX }));
            partition.cells().iter().for_each(|cells| check_places(cells, there.values()));
        }
    }
    assert!(most > 10 && least < most / 3, "cells came and went: {least} to {most}");
}

#[test]
fn what_is_the_same_does_not_end_in_one_cell() {
    let vector = random_vector(&mut fastrand::Rng::with_seed(3));
    let (partition, slots) = divided(&vec![vector.clone(); 1_000]);
    check_places(&partition.cells().unwrap(), slots.iter());
    assert_eq!(search(&partition, &vector, usize::MAX, &ALL).len(), 1_000);
}

#[test]
fn searches_miss_nothing_while_everything_moves() {
    let mut random = fastrand::Rng::with_seed(4);
    let vectors = clustered(800, &mut random);
    let (partition, ended) = (Partition::default(), AtomicBool::new(false));
    let kept = &vectors[..40];
    let slots: Vec<_> = vectors.iter().enumerate().map(|(key, vector)| slot(key as u64, vector)).collect();
    slots[..40].iter().for_each(|slot| assert!(partition.insert(slot.clone(), &FEW, true).is_ok()));
    let sizes = thread::scope(|threads| {
        let reader = || {
            let mut seen = HashSet::new();
            while !ended.load(Relaxed) {
                for (key, vector) in kept.iter().enumerate() {
                    let query =
                        Query { scope: &scope(), embedding: vector, at_most: 1, at_least: 0.99, now: Millis(0) };
                    // A search that cells change under again and again says so.
                    if let Ok(found) = partition.search(&query, &ALL) {
                        assert_eq!(found.first().map(|hit| hit.slot.key), Some(key as u64));
                        seen.insert(partition.size().cells);
                    }
                }
            }
            assert!(seen.len() > 3, "{seen:?}");
        };
        threads.spawn(reader);
        let mut sizes = Vec::new();
        for _ in 0..2 {
            let insert = |slot: &Arc<Slot>| partition.insert(slot.clone(), &FEW, true).is_ok();
            sizes.push((slots[40..].iter().all(insert), partition.size().cells));
            let remove = |slot: &Arc<Slot>| partition.remove(slot, &FEW).is_ok();
            sizes.push((slots[40..].iter().all(remove), partition.size().cells));
        }
        ended.store(true, Relaxed);
        sizes
    });
    let is_right = |(round, (done, cells)): (usize, &(bool, usize))| *done && (*cells > 20) == (round % 2 == 0);
    assert!(sizes.iter().enumerate().all(is_right), "{sizes:?}");
}

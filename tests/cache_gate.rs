//! The cache's gate behind the shipped encoder: of pairs of questions that are near each other, which are served.
//! `--nocapture` shows those that could be served and are not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use pointsman::cache::{gate, normalised};
use pointsman::embed::{Embedding, Model, Precision, locate};
use serde::Deserialize;

/// Two questions, and whether the answer to one may be served to the other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    class: String,
    a: String,
    b: String,
    hit: bool,
}

/// The default threshold.
const THRESHOLD: f32 = 0.95;

static PAIRS: LazyLock<Vec<Pair>> = LazyLock::new(|| {
    let file = fs::read_to_string(root().join("tests/data/cache_pairs.jsonl")).unwrap();
    file.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
});

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The cosine of each pair.
fn cosines() -> Vec<f32> {
    let dir = locate("sentence-transformers/all-MiniLM-L6-v2", Some(&root().join("models"))).unwrap();
    let model = Model::load(&dir, Precision::Int8).unwrap();
    let mut known: HashMap<&str, Embedding> = HashMap::new();
    for text in PAIRS.iter().flat_map(|pair| [&pair.a, &pair.b]) {
        known.entry(text).or_insert_with(|| model.embed(text).unwrap());
    }
    let dot = |a: &Embedding, b: &Embedding| a.iter().zip(b.iter()).map(|(x, y)| x * y).sum();
    PAIRS.iter().map(|pair| dot(&known[&*pair.a], &known[&*pair.b])).collect()
}

#[test]
fn what_must_miss_is_never_served_and_most_of_what_may_hit_is() {
    let (mut wrong, mut served, mut may) = (Vec::new(), 0, 0);
    for (pair, cosine) in PAIRS.iter().zip(cosines()) {
        let verdict = gate::judge(&pair.a, &pair.b);
        let is_served = normalised(&pair.a) == normalised(&pair.b) || (cosine >= THRESHOLD && verdict.is_ok());
        may += usize::from(pair.hit);
        match (pair.hit, is_served) {
            (false, true) => wrong.push(pair),
            (true, true) => served += 1,
            (true, false) => println!("{cosine:.3} {verdict:?} {:?} / {:?}", pair.a, pair.b),
            (false, false) => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(10 * served >= 7 * may, "{served} of {may}");
}

/// Operators may lower the threshold, so the gate has to hold without it.
#[test]
fn the_gate_alone_refuses_what_must_miss() {
    let passed: Vec<_> = PAIRS.iter().filter(|pair| !pair.hit && gate::judge(&pair.a, &pair.b).is_ok()).collect();
    assert!(passed.is_empty(), "{passed:#?}");
}

#[test]
fn the_verdict_is_the_same_both_ways() {
    for Pair { a, b, .. } in PAIRS.iter() {
        assert_eq!(gate::judge(a, b).is_ok(), gate::judge(b, a).is_ok(), "{a:?} / {b:?}");
    }
}

#[test]
fn the_pairs_are_many_and_none_comes_twice() {
    let mut seen = HashSet::new();
    for Pair { a, b, .. } in PAIRS.iter() {
        assert_ne!(a, b);
        let (first, second) = if a < b { (a, b) } else { (b, a) };
        assert!(seen.insert((first, second)), "{a:?} / {b:?}");
    }
    let hits: Vec<_> = PAIRS.iter().filter(|pair| pair.hit).collect();
    assert!(hits.len() >= 220 && PAIRS.len() - hits.len() >= 420);
    let plain = |text: &str| text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), "");
    let surface = hits.iter().filter(|pair| plain(&pair.a) == plain(&pair.b)).count();
    assert!(3 * surface <= hits.len(), "{surface} of {} differ in their signs alone", hits.len());
    let classes: HashSet<_> = PAIRS.iter().map(|pair| &pair.class).collect();
    assert!(classes.len() >= 14, "{classes:?}");
}

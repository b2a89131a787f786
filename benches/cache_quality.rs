//! What the semantic cache would serve, rightly and wrongly, at the shipped encoder's default precision: by the classes of
//! tests/data/cache_pairs.jsonl, and over the pairs of the file that `QQP` names (`-` is standard input): JSON lines of
//! `{"a": …, "b": …, "label": 0 | 1}`, where 1 says that both ask the same.
#![allow(clippy::expect_used, reason = "a benchmark ends where it fails")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::thread::{available_parallelism, scope};
use std::{env, io};

use pointsman::cache::{gate, normalised};
use pointsman::embed::{Embedding, Model, Precision, locate};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A pair of the suite.
#[derive(Deserialize)]
struct Pair {
    class: String,
    a: String,
    b: String,
    hit: bool,
}

/// A pair of questions, and whether people held them for the same.
#[derive(Deserialize)]
struct Labelled {
    a: String,
    b: String,
    label: u8,
}

/// What came of the pairs of a class.
#[derive(Default)]
struct Outcome {
    pairs: usize,
    served: usize,
    /// How often each rule refused, and how often they were not near enough.
    refused: BTreeMap<&'static str, usize>,
}

/// What is known of a pair before the threshold.
struct Judged {
    cosine: f32,
    same: bool,
    verdict: Result<(), gate::Rule>,
}

/// The default threshold.
const THRESHOLD: f32 = 0.95;
const THRESHOLDS: [f32; 3] = [0.90, THRESHOLD, 0.97];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = locate("sentence-transformers/all-MiniLM-L6-v2", Some(&root.join("models"))).expect("the shipped model");
    let model = Model::load(&dir, Precision::Int8).expect("a model");
    let suite = File::open(root.join("tests/data/cache_pairs.jsonl")).expect("the suite");
    suite_by_class(&model, &lines(BufReader::new(suite)));
    match env::var("QQP").ok().filter(|path| !path.is_empty()).as_deref() {
        Some("-") => labelled(&model, &lines(io::stdin().lock())),
        Some(path) => labelled(&model, &lines(BufReader::new(File::open(path).expect("the file that QQP names")))),
        None => {}
    }
}

fn lines<T: DeserializeOwned>(file: impl BufRead) -> Vec<T> {
    let parse = |line: io::Result<String>| serde_json::from_str(&line.expect("a line")).expect("a pair");
    file.lines().map(parse).collect()
}

/// Judges pairs, each text embedded once.
fn judge(model: &Model, pairs: &[(&str, &str)]) -> Vec<Judged> {
    let texts: HashSet<&str> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    let texts: Vec<&str> = texts.into_iter().collect();
    let share = texts.len().div_ceil(available_parallelism().map_or(1, usize::from)).max(1);
    let embedded: HashMap<&str, Embedding> = scope(|threads| {
        let embed = |text: &&'_ str| model.embed(text).expect("an embedding");
        let workers: Vec<_> = texts
            .chunks(share)
            .map(|texts| threads.spawn(move || texts.iter().map(embed).collect::<Vec<_>>()))
            .collect();
        let vectors = workers.into_iter().flat_map(|worker| worker.join().expect("a worker's vectors"));
        texts.iter().copied().zip(vectors).collect()
    });
    let cosine = |a: &str, b: &str| embedded[a].iter().zip(embedded[b].iter()).map(|(x, y)| x * y).sum();
    let judged = |&(a, b): &(&str, &str)| Judged {
        cosine: cosine(a, b),
        same: normalised(a) == normalised(b),
        verdict: gate::judge(a, b),
    };
    pairs.iter().map(judged).collect()
}

fn suite_by_class(model: &Model, pairs: &[Pair]) {
    let texts: Vec<_> = pairs.iter().map(|pair| (&*pair.a, &*pair.b)).collect();
    let mut classes: BTreeMap<(bool, &str), Outcome> = BTreeMap::new();
    for (pair, judged) in pairs.iter().zip(judge(model, &texts)) {
        for class in [pair.class.as_str(), "ALL"] {
            classes.entry((pair.hit, class)).or_default().count(&judged);
        }
    }
    for (hit, of, served) in [(false, "that must miss", "wrong hits"), (true, "that may hit", "served")] {
        println!("pairs {of}, at {THRESHOLD}:");
        println!("  {:<14}{:>6}{:>12}  95 % bounds     refused by", "class", "pairs", served);
        for ((_, class), outcome) in classes.iter().filter(|((kind, _), _)| *kind == hit) {
            println!("  {class:<14}{outcome}");
        }
    }
}

fn labelled(model: &Model, pairs: &[Labelled]) {
    let texts: Vec<_> = pairs.iter().map(|pair| (&*pair.a, &*pair.b)).collect();
    let judged = judge(model, &texts);
    println!("{} labelled pairs, served without and with the gate (many labels are wrong):", pairs.len());
    println!("  threshold  label    pairs  gate off   gate on  95 % bounds");
    for threshold in THRESHOLDS {
        for label in [0, 1] {
            let of_label =
                || pairs.iter().zip(&judged).filter(|(pair, _)| pair.label == label).map(|(_, judged)| judged);
            let near = of_label().filter(|judged| judged.same || judged.cosine >= threshold).count();
            let served = of_label().filter(|judged| judged.is_served(threshold)).count();
            let all = of_label().count();
            let (low, high) = wilson(served, all);
            println!("  {threshold:<9}  {label:>5}  {all:>7}  {near:>8}  {served:>8}  {low:.2}–{high:.2} %");
        }
    }
}

/// The 95 % bounds of a share in per cent, by Wilson's score interval.
fn wilson(count: usize, of: usize) -> (f64, f64) {
    const Z: f64 = 1.96;
    let (share, n) = (count as f64 / of as f64, of as f64);
    let middle = share + Z * Z / (2.0 * n);
    let reach = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let bound = |x: f64| 100.0 * (x / (1.0 + Z * Z / n)).clamp(0.0, 1.0);
    (bound(middle - reach), bound(middle + reach))
}

// === impl Outcome ===

impl Outcome {
    fn count(&mut self, judged: &Judged) {
        self.pairs += 1;
        if judged.is_served(THRESHOLD) {
            self.served += 1;
        } else {
            let rule = judged.verdict.as_ref().err().map_or("(too far)", |rule| rule.as_str());
            *self.refused.entry(rule).or_default() += 1;
        }
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let (low, high) = wilson(self.served, self.pairs);
        write!(f, "{:>6}{:>12}  {:>5.1}–{:>5.1} %  ", self.pairs, self.served, low, high)?;
        let mut refused: Vec<_> = self.refused.iter().collect();
        refused.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        refused.into_iter().try_for_each(|(rule, count)| write!(f, " {rule} {count}"))
    }
}

// === impl Judged ===

impl Judged {
    fn is_served(&self, threshold: f32) -> bool {
        self.same || (self.cosine >= threshold && self.verdict.is_ok())
    }
}

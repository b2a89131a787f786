//! The encoder beside candle's f32 and ONNX Runtime's int8 on one thread, what batches are worth on two, and how near
//! int8 stays to f32. Contestants take turns, so that a noisy machine is noisy for all of them.
#![allow(clippy::expect_used, reason = "a benchmark ends where it fails")]

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs};

use futures::future::join_all;
use pointsman::embed::{Encoder, End, Model, Precision, Settings};
use pointsman_engine::Workspace;
use serde_json::Value;

/// What a text of so many tokens may take.
struct Limit {
    tokens: usize,
    ms: f64,
    /// Times faster than candle in f32.
    speedup: f64,
}

/// What each contestant took for one text, in every run.
struct Timings {
    text: String,
    ours: Vec<Duration>,
    candle: Vec<Duration>,
}

const LIMITS: [Limit; 4] = [
    Limit { tokens: 6, ms: 0.75, speedup: 11.0 },
    Limit { tokens: 13, ms: 0.9, speedup: 13.0 },
    Limit { tokens: 110, ms: 5.5, speedup: 8.0 },
    Limit { tokens: 252, ms: 14.0, speedup: 11.0 },
];

/// Words that are one token each.
const WORDS: &str =
    "the train to the north leaves the old station at noon and comes back with the mail before night falls";

/// Rounds over all texts and contestants, and each one's runs in a round: candle takes ten times as long.
const ROUNDS: usize = 30;
const RUNS: usize = 20;
const CANDLE_RUNS: usize = 4;

/// What onnx.py exits with where one of its modules is missing.
const NOT_INSTALLED: i32 = 3;

/// Prompts under way at once, how often they are asked, and how much more throughput that is to give.
const TOGETHER: usize = 8;
const TIMES: usize = 1000;
const GAIN: f64 = 1.6;

fn main() {
    // Without it candle uses all cores (see `compute_alone` in src/embed/queue.rs), and a program that sets its own
    // environment is unsafe; so another one runs with it.
    if env::var("RAYON_NUM_THREADS").as_deref() != Ok("1") {
        let this = env::current_exe().expect("a path to this program");
        let status = Command::new(this).args(env::args_os().skip(1)).env("RAYON_NUM_THREADS", "1").status();
        std::process::exit(status.expect("this program runs").code().unwrap_or(1));
    }
    // And this thread does all of rayon's work itself.
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global().expect("no pool yet");
    let [ours, candle] = [Precision::Int8, Precision::F32].map(|precision| {
        Arc::new(Model::load(&root().join("models/all-MiniLM-L6-v2"), precision).expect("the model loads"))
    });
    latency(&ours, &candle);
    throughput(&ours);
    quality(&ours, &candle);
}

/// From a text to its embedding, on one thread.
fn latency(ours: &Model, candle: &Model) {
    let mut timings = LIMITS.map(|limit| Timings::of(text(limit.tokens, ours)));
    let mut workspace = Workspace::default();
    let mut round = || timings.iter_mut().for_each(|timings| timings.round(ours, candle, &mut workspace));
    (0..ROUNDS / 2).for_each(|_| round());
    let onnx = onnx_runtime();
    (0..ROUNDS / 2).for_each(|_| round());

    println!("\none text on one thread, p50 in ms of {} runs (candle: {})", ROUNDS * RUNS, ROUNDS * CANDLE_RUNS);
    println!("tokenizing included, but for ONNX Runtime");
    println!(
        "{:>6}{:>22}{:>14}{:>14}{:>20}{:>22}",
        "tokens",
        ours.engine(),
        "candle f32",
        "times faster",
        "ONNX Runtime int8",
        "limit"
    );
    for (Limit { tokens, ms, speedup }, timings) in LIMITS.iter().zip(&mut timings) {
        let [ours, candle] = [&mut timings.ours, &mut timings.candle].map(|times| 1e3 * p50(times).as_secs_f64());
        let onnx = onnx.get(tokens).map_or("-".to_owned(), |ms| format!("{ms:.2}"));
        let limit = format!("{ms} ms, {speedup} times");
        println!("{tokens:>6}{ours:>22.2}{candle:>14.2}{:>14.1}{onnx:>20}{limit:>22}", candle / ours);
    }
}

/// Short prompts through an encoder of two threads: one at a time, and as many together as come in at once.
fn throughput(model: &Arc<Model>) {
    let settings = Settings { threads: 2, queue: 64, timeout: Duration::from_secs(10), windows: 1, memo: 0 };
    let encoder = Encoder::start(Arc::clone(model), settings);
    let words: Vec<&str> = WORDS.split(' ').collect();
    let prompts: Vec<String> = (0..TOGETHER).map(|first| words[first..first + 11].join(" ")).collect();
    for prompt in &prompts {
        assert_eq!(model.tokenize(prompt, End::Head).expect("a short text").ids.len(), 13, "{prompt}");
    }
    let (mut alone, mut together) = (Vec::new(), Vec::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    for _ in 0..TIMES {
        let start = Instant::now();
        for prompt in &prompts {
            runtime.block_on(encoder.embed(prompt)).expect("an embedding");
        }
        alone.push(start.elapsed());
        let start = Instant::now();
        for embedding in runtime.block_on(join_all(prompts.iter().map(|prompt| encoder.embed(prompt)))) {
            embedding.expect("an embedding");
        }
        together.push(start.elapsed());
    }
    let [alone, together] = [&mut alone, &mut together].map(|times| TOGETHER as f64 / p50(times).as_secs_f64());
    println!("\nprompts of 13 tokens through two threads, prompts/s by the p50 of {TIMES} times {TOGETHER}");
    println!("{:>18}{:>18}{:>14}{:>12}", "one at a time", "eight together", "times more", "limit");
    println!("{alone:>18.0}{together:>18.0}{:>14.2}{GAIN:>12}", together / alone);
}

/// The cosines of int8 to f32.
fn quality(ours: &Model, candle: &Model) {
    let file = fs::read_to_string(root().join("tests/data/varied_texts.jsonl")).expect("the texts");
    let cosine = |line: &str| {
        let text: String = serde_json::from_str(line).expect("a text");
        let [a, b] = [ours, candle].map(|model| model.embed(&text).expect("an embedding"));
        a.iter().zip(b.iter()).map(|(a, b)| a * b).sum()
    };
    let mut cosines: Vec<f32> = file.lines().map(cosine).collect();
    cosines.sort_by(f32::total_cmp);
    let mean = cosines.iter().sum::<f32>() / cosines.len() as f32;
    println!("\ncosines of {} to f32, over {} varied texts", ours.engine(), cosines.len());
    println!("{:>10}{:>18}{:>10}", "mean", "1st percentile", "least");
    println!("{mean:>10.4}{:>18.4}{:>10.4}", cosines[cosines.len() / 100], cosines[0]);
}

// === impl Timings ===

impl Timings {
    fn of(text: String) -> Self {
        Self { text, ours: Vec::new(), candle: Vec::new() }
    }

    fn round(&mut self, ours: &Model, candle: &Model, workspace: &mut Workspace) {
        for (model, runs, times) in [(ours, RUNS, &mut self.ours), (candle, CANDLE_RUNS, &mut self.candle)] {
            for _ in 0..runs {
                let start = Instant::now();
                let tokens = model.tokenize(black_box(&self.text), End::Head).expect("tokens");
                black_box(model.encode(&[tokens], workspace).expect("an embedding"));
                times.push(start.elapsed());
            }
        }
    }
}

/// ONNX Runtime's p50 in ms for each number of tokens; none where it isn't installed, as the script says then.
fn onnx_runtime() -> HashMap<usize, f64> {
    let python = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let script = Command::new(python).arg(root().join("benches/onnx.py")).stderr(Stdio::inherit()).output();
    let output = match script {
        Ok(output) if output.status.code() == Some(NOT_INSTALLED) => return HashMap::new(),
        Ok(output) => output,
        Err(error) => {
            eprintln!("no Python, so no ONNX Runtime: {error}");
            return HashMap::new();
        }
    };
    assert!(output.status.success(), "onnx.py: {}", output.status);
    let lines = String::from_utf8(output.stdout).expect("lines of JSON");
    let figure = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        (line["tokens"].as_u64().expect("tokens") as usize, line["p50_ms"].as_f64().expect("p50_ms"))
    };
    lines.lines().map(figure).collect()
}

/// The words as often as it takes for so many tokens, those that mark the ends included.
fn text(tokens: usize, model: &Model) -> String {
    let words: Vec<&str> = WORDS.split(' ').cycle().take(tokens - 2).collect();
    let text = words.join(" ");
    assert_eq!(model.tokenize(&text, End::Head).expect("tokens").ids.len(), tokens);
    text
}

fn p50(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

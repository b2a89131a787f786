//! What the token head costs beside the encoder: in the engine, for several sizes, and around it, from tokens to spans.
//! Contestants take turns, so that a noisy machine is noisy for all of them.
#![allow(clippy::expect_used, reason = "a benchmark ends where it fails")]

#[path = "../tests/support/token_head.rs"]
mod head_file;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use pointsman::embed::{End, Model, Precision, TokenHead};
use pointsman_engine::{Activation, Head, HeadWeights, MARKS, Network, Shape, Workspace};

/// MiniLM's.
const SHAPE: Shape = Shape {
    vocab_size: 1000,
    hidden_size: 384,
    num_hidden_layers: 6,
    num_attention_heads: 12,
    intermediate_size: 1536,
    max_position_embeddings: 512,
    type_vocab_size: 2,
    layer_norm_eps: 1e-12,
    hidden_act: Activation::Gelu,
};

const LAYERS: [&[usize]; 3] = [&[6], &[3, 6], &[0, 3, 6]];
const HIDDEN: [usize; 2] = [64, 128];
const OUTPUTS: usize = 9;
const TOKENS: [usize; 2] = [30, 252];
const RUNS: usize = 400;

/// Words with and without capitals.
const WORDS: &str =
    "Ann Hill of the Northern Railway lives at 12 Elm Street in the old town of Berlin and comes by train";

fn main() {
    engine();
    around();
}

/// The network with a head and without.
fn engine() {
    let mut random = fastrand::Rng::with_seed(1);
    let mut floats = |count: usize| -> Vec<f32> { (0..count).map(|_| 0.1 * (random.f32() - 0.5)).collect() };
    let network = Network::build(SHAPE, |name| Ok::<_, String>(floats(length(name)))).expect("a network");
    println!("\nthe engine ({}), the least ms of {RUNS} runs; beyond the network alone", network.kernel().name());
    println!("{:>8}{:>12}{:>10}{:>8}{:>12}", "tokens", "network", "layers", "hidden", "head");
    for tokens in TOKENS {
        let ids: Vec<u32> = (0..tokens as u32).collect();
        let marks = vec![0b1000_0010; tokens];
        for layers in LAYERS {
            for hidden in HIDDEN {
                let head = HeadWeights {
                    width: SHAPE.hidden_size,
                    layers,
                    hidden: &floats(hidden * (layers.len() * SHAPE.hidden_size + MARKS)),
                    hidden_bias: &floats(hidden),
                    output: &floats(OUTPUTS * hidden),
                    output_bias: &floats(OUTPUTS),
                };
                let head = Head::build(head).expect("a head");
                let mut workspace = Workspace::default();
                let (mut alone, mut with) = (Vec::new(), Vec::new());
                for _ in 0..RUNS {
                    let start = Instant::now();
                    black_box(network.encode(black_box(&[&ids]), &mut workspace).expect("means"));
                    alone.push(start.elapsed());
                    let start = Instant::now();
                    let tagged = network.encode_with(black_box(&[&ids]), &head, &marks, &mut workspace);
                    black_box(tagged.expect("logits"));
                    with.push(start.elapsed());
                }
                let [alone, with] = [least(&alone), least(&with)];
                println!("{tokens:>8}{alone:>12.3}{:>10}{hidden:>8}{:>12.3}", layers.len(), with - alone);
            }
        }
    }
}

/// The shipped encoder from text to embedding, and to spans as well.
fn around() {
    let load = || {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/all-MiniLM-L6-v2");
        Model::load(&dir, Precision::Int8).expect("the model loads")
    };
    let head = TokenHead::load(&head_file::HeadFile::shipped().bytes()).expect("a head");
    let [bare, tagging] = [load(), load().with_token_head(head).expect("it goes with the model")];
    let text = WORDS.split(' ').cycle().take(250).collect::<Vec<_>>().join(" ");
    let mut workspace = Workspace::default();
    let mut times = [const { Vec::new() }; 3];
    let mut spans = 0;
    for _ in 0..RUNS {
        let start = Instant::now();
        let tokens = bare.tokenize(black_box(&text), End::Head).expect("tokens");
        black_box(bare.encode(&[tokens], &mut workspace).expect("an embedding"));
        times[0].push(start.elapsed());
        let start = Instant::now();
        let tokens = tagging.tokenize_for_spans(black_box(&text), End::Head).expect("tokens");
        spans = tagging.encode(&[tokens], &mut workspace).expect("spans")[0].spans.len();
        times[1].push(start.elapsed());
        let start = Instant::now();
        black_box(bare.tokenize(black_box(&text), End::Head).expect("tokens"));
        times[2].push(start.elapsed());
    }
    let [bare, tagging, tokens] = times.each_ref().map(|times| least(times));
    println!("\nthe shipped encoder on 250 words, {spans} spans, the least ms of {RUNS} runs");
    println!("{:>14}{:>12}{:>12}{:>12}", "tokens alone", "embedding", "with spans", "more");
    println!("{tokens:>14.3}{bare:>12.3}{tagging:>12.3}{:>12.3}", tagging - bare);
}

/// Numbers that the published tensor `name` has.
fn length(name: &str) -> usize {
    let (hidden, inner) = (SHAPE.hidden_size, SHAPE.intermediate_size);
    match name {
        "embeddings.word_embeddings.weight" => SHAPE.vocab_size * hidden,
        "embeddings.position_embeddings.weight" => SHAPE.max_position_embeddings * hidden,
        "embeddings.token_type_embeddings.weight" => SHAPE.type_vocab_size * hidden,
        _ if name.ends_with("intermediate.dense.bias") => inner,
        _ if name.contains("LayerNorm") || name.ends_with(".bias") => hidden,
        _ if name.contains("attention") => hidden * hidden,
        _ => hidden * inner,
    }
}

/// The least: what is measured is small beside what other programs take away.
fn least(times: &[Duration]) -> f64 {
    1e3 * times.iter().min().map_or(f64::NAN, Duration::as_secs_f64)
}

//! The decision, given the embedding: 50 routes of 50 samples, at MiniLM's width. The budget is 50 µs. `auto` asks for the
//! nearest samples only of routes that could still win, so what a prompt is like matters: one of a route leaves few, one of
//! none leaves all.

use std::convert::Infallible;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pointsman::embed::Embedding;
use pointsman::route::classifier::{Mode, Query};
use pointsman::route::{RouteSettings, Settings, Table, Threshold};

const ROUTES: usize = 50;
const SAMPLES: usize = 50;
const WIDTH: usize = 384;

/// How far a route's centre is from what all have in common, and a prompt from its route's centre, in each dimension.
const APART: f32 = 0.1;
const ABOUT: f32 = 0.08;

/// A direction about `centre` that depends on `seed` alone, of length one.
fn near(centre: &[f32], spread: f32, seed: &str) -> Vec<f32> {
    let mut state = seed.bytes().fold(2_166_136_261u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    let noise = centre.iter().map(|x| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        x + spread * ((state >> 8) as f32 / (1 << 23) as f32 - 1.0)
    });
    let floats: Vec<f32> = noise.collect();
    let length = floats.iter().map(|x| x * x).sum::<f32>().sqrt();
    floats.iter().map(|x| x / length).collect()
}

/// What all texts have in common.
fn common() -> Vec<f32> {
    near(&[0.0; WIDTH], 1.0, "common")
}

/// A text `ROUTE/NUMBER`, about its route's centre.
fn embedding(text: &str) -> Embedding {
    let (route, _) = text.split_once('/').unwrap_or((text, ""));
    near(&near(&common(), APART, route), ABOUT, text).into()
}

/// A prompt of usual length that means this. Its words are the samples', so that none is passed over.
fn query(embedding: &Embedding) -> Query<'_> {
    const TEXT: &str = "0/0 1/1 2/2 3/3 4/4 5/5 6/6 7/7 8/8 9/9 10/10 11/11 12/12 13/13 14/14 15/15";
    Query { embedding, text: TEXT }
}

fn table(classifier: Mode) -> Table {
    let routes = (0..ROUTES)
        .map(|route| RouteSettings {
            name: format!("route-{route}").into(),
            backend: route,
            samples: (0..SAMPLES).map(|sample| format!("{route}/{sample}")).collect(),
            threshold: Threshold::Auto,
        })
        .collect();
    let settings = Settings { routes, default_backend: 0, classifier };
    let embed = |samples: &[&str]| samples.iter().map(|sample| Ok::<_, Infallible>(embedding(sample))).collect();
    Table::compile(settings, embed, None).unwrap_or_else(|error| panic!("{error}"))
}

fn decide(c: &mut Criterion) {
    let of_routes: Vec<_> = (0..ROUTES).map(|route| embedding(&format!("{route}/prompt"))).collect();
    let of_none: Vec<Embedding> =
        (0..ROUTES).map(|i| near(&common(), APART, &format!("stranger {i}")).into()).collect();
    for mode in [Mode::Auto, Mode::Nearest, Mode::Trained] {
        let table = table(mode);
        for (what, prompts) in [("of a route", &of_routes), ("of none", &of_none)] {
            let name =
                format!("decide {ROUTES} routes x {SAMPLES} samples x {WIDTH}, {}, prompts {what}", mode.as_str());
            let mut next = (0..prompts.len()).cycle();
            c.bench_function(&name, |b| b.iter(|| table.decide(&black_box(query(&prompts[next.next().unwrap_or(0)])))));
        }
    }
}

criterion_group!(benches, decide);
criterion_main!(benches);

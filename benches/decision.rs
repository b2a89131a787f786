//! The decision, given the embedding: 50 routes of 50 samples, at MiniLM's width. The budget is 50 µs.

use std::convert::Infallible;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pointsman::embed::Embedding;
use pointsman::route::{RouteSettings, Settings, Table};

const ROUTES: usize = 50;
const SAMPLES: usize = 50;
const WIDTH: usize = 384;

/// A direction that depends on `seed` alone, of length one.
fn embedding(seed: &str) -> Embedding {
    let mut state = seed.bytes().fold(2_166_136_261u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    let mut floats = vec![0.0f32; WIDTH];
    for float in &mut floats {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *float = (state >> 8) as f32 / (1 << 23) as f32 - 1.0;
    }
    let length = floats.iter().map(|x| x * x).sum::<f32>().sqrt();
    floats.iter().map(|x| x / length).collect::<Vec<_>>().into()
}

fn table() -> Table {
    let routes = (0..ROUTES)
        .map(|route| RouteSettings {
            name: format!("route-{route}").into(),
            backend: route,
            samples: (0..SAMPLES).map(|sample| format!("{route}/{sample}")).collect(),
            threshold: Some(0.5),
        })
        .collect();
    let settings = Settings { routes, default_backend: 0 };
    let embed = |samples: &[&str]| samples.iter().map(|sample| Ok::<_, Infallible>(embedding(sample))).collect();
    Table::compile(settings, embed, None).unwrap_or_else(|error| panic!("{error}"))
}

fn decide(c: &mut Criterion) {
    let (table, prompt) = (table(), embedding("a prompt"));
    c.bench_function("decide 50 routes x 50 samples x 384", |b| b.iter(|| table.decide(black_box(&prompt))));
}

criterion_group!(benches, decide);
criterion_main!(benches);

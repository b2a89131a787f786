//! The decision, given the embedding: 50 routes of 50 samples, at MiniLM's width. The budget is 50 µs. `auto` asks for the
//! nearest samples only of routes that could still win, so what a prompt is like matters: one of a route leaves few, one of
//! none leaves all. The same where 200 rules of keywords go before: with a table that is read from a config, by all that a
//! request goes through once its text is known.

#[allow(dead_code, reason = "the other benchmark has the prompts that a keyword decides")]
#[path = "keyword/table.rs"]
mod keywords;

use std::convert::Infallible;
use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use futures::executor::block_on;
use pointsman::config;
use pointsman::embed::{self, Embedding, Encoder, Meaning};
use pointsman::route::classifier::{Mode, Query};
use pointsman::route::signal::Guarded;
use pointsman::route::{
    Asked, Names, Nowhere, Pace, Reading, Reason, RouteSettings, Router, Settings, Table, Threshold,
};

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

fn decide_by_rules(c: &mut Criterion) {
    let router = router().unwrap_or_else(|error| panic!("{error:#}"));
    let encoder = router.encoder.clone().unwrap_or_else(|| panic!("it routes by meaning"));
    for length in [0, 500, 2000] {
        let texts: Vec<String> =
            (0..ROUTES).map(|route| format!("{}{}", keywords::about(route, 99), keywords::filler(length))).collect();
        let meanings = encoder.embed_all(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let prompts: Vec<_> = texts.iter().zip(meanings.into_iter().flatten()).collect();
        assert_eq!(prompts.len(), ROUTES);
        let bytes = prompts[0].0.len();
        let mut next = (0..prompts.len()).cycle();
        c.bench_function(&format!("decide the same after 200 rules of keywords, prompts of {bytes} bytes"), |b| {
            b.iter(|| {
                let (text, embedding) = &prompts[next.next().unwrap_or(0)];
                let (reading, meaning) = (Reading::of(text), Meaning { embedding: embedding.clone(), is_whole: true });
                let said = reading.said();
                let request = reading.request(Some(text), &said, &Nowhere);
                let asked =
                    Asked { request, ahead: reading.ahead(), guarded: Guarded::default(), meaning: Some(meaning) };
                let decided = block_on(router.decide(black_box(&asked), Pace::Patient));
                assert!(decided.is_ok_and(|decision| decision.reason == Reason::Semantic));
            });
        });
    }
}

/// A router by the config that `keyword` serves, too.
fn router() -> anyhow::Result<Router> {
    let mut config = tempfile::NamedTempFile::new()?;
    write!(config, "version: v1\n{}", keywords::config("http://127.0.0.1:9/v1"))?;
    let file = config::load::load(config.path())?.file;
    let settings = embed::Settings { threads: 2, queue: 0, timeout: Duration::ZERO, windows: 8, memo: 0 };
    let encoder = Encoder::start(Arc::new(config::load_model(&file)?), settings);
    let table = Table::compile(config::route_settings(&file)?, |samples| encoder.embed_all(samples), None)?;
    let rules = config::rules(&file, Some(&encoder))?;
    let labelers = config::networks(&file, rules.as_ref(), None)?;
    Ok(Router { names: Names::default(), table: Arc::new(table), rules, encoder: Some(encoder), labelers })
}

criterion_group!(benches, decide, decide_by_rules);
criterion_main!(benches);

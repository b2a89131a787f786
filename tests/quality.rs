//! What int8 changes against f32: the same texts, samples and routes in both. `--nocapture` shows the figures.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;
use std::time::Duration;

use candle_core::{Device, Tensor};
use pointsman::embed::{Embedding, Encoder, Model, Precision, Settings, locate};
use serde_json::Value;

/// Texts, each in f32 and in int8.
struct Texts {
    /// The route of each, by its number; empty where they belong to none.
    routes: Vec<usize>,
    f32: Vec<Embedding>,
    int8: Vec<Embedding>,
}

/// All texts in use.
struct Data {
    /// Of all lengths, languages and kinds.
    varied: Texts,
    samples: Texts,
    /// Four for each route, in other words than its samples.
    prompts: Texts,
}

/// What is compared with the samples.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Varied,
    /// Those that belong to one of the table's routes.
    RoutePrompts,
    /// Each sample, itself left out.
    Samples,
}

/// The samples that prompts are nearest to, f32 against int8, each precision on both sides.
#[derive(Debug, Default)]
struct Comparison {
    prompts: usize,
    /// Prompts whose nearest sample is the same.
    same_sample: usize,
    /// Prompts whose nearest sample is of the same route.
    same_route: usize,
    /// What int8's sample falls short of the nearest one by, in f32's cosines; the most over all prompts.
    loss: f32,
    /// What the score, the nearest sample's cosine, changes by; the most over all prompts.
    drift: f32,
}

/// Routes in the tables; each table is the beginning of the next.
const TABLES: [usize; 3] = [5, 20, 50];

static DATA: LazyLock<Data> = LazyLock::new(Data::embed);

// === impl Texts ===

impl Texts {
    /// The cosines of all in f32 and of all in int8: `[self][samples]`.
    fn cosines(&self, samples: &Self) -> [Vec<Vec<f32>>; 2] {
        // By candle, which is optimised in debug builds too.
        let matrix = |rows: &[Embedding]| {
            let floats: Vec<f32> = rows.iter().flat_map(|row| row.iter().copied()).collect();
            Tensor::from_vec(floats, (rows.len(), rows[0].len()), &Device::Cpu).unwrap()
        };
        [(&self.f32, &samples.f32), (&self.int8, &samples.int8)]
            .map(|(these, those)| matrix(these).matmul(&matrix(those).t().unwrap()).unwrap().to_vec2().unwrap())
    }

    /// For each text, the cosine of its two embeddings; the least first.
    fn fidelity(&self) -> Vec<f32> {
        let pairs = self.f32.iter().zip(&self.int8);
        let mut cosines: Vec<f32> = pairs.map(|(a, b)| a.iter().zip(b.iter()).map(|(a, b)| a * b).sum()).collect();
        cosines.sort_by(f32::total_cmp);
        cosines
    }
}

// === impl Data ===

impl Data {
    fn embed() -> Self {
        let varied: Vec<String> =
            read("varied_texts.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (names, samples) = of_routes("route_tables.json", "samples");
        let (same_names, prompts) = of_routes("route_prompts.json", "prompts");
        assert_eq!(names, same_names);
        let sets = [(Vec::new(), varied), samples.into_iter().unzip(), prompts.into_iter().unzip()];
        let all: Vec<&str> = sets.iter().flat_map(|(_, texts)| texts).map(String::as_str).collect();
        let [mut f32, mut int8] = [Precision::F32, Precision::Int8].map(|precision| embed(&all, precision).into_iter());
        let [varied, samples, prompts] = sets.map(|(routes, texts)| Texts {
            routes,
            f32: f32.by_ref().take(texts.len()).collect(),
            int8: int8.by_ref().take(texts.len()).collect(),
        });
        Self { varied, samples, prompts }
    }

    /// Compares the prompts of a kind with the samples of the first `routes` routes.
    fn compare(&self, kind: Kind, routes: usize) -> Comparison {
        let texts = match kind {
            Kind::Varied => &self.varied,
            Kind::RoutePrompts => &self.prompts,
            Kind::Samples => &self.samples,
        };
        let [f32, int8] = texts.cosines(&self.samples);
        let in_table = self.samples.routes.partition_point(|route| *route < routes);
        let mut comparison = Comparison::default();
        for prompt in (0..f32.len()).filter(|prompt| texts.routes.get(*prompt).is_none_or(|route| *route < routes)) {
            let nearest = |cosines: &[f32]| {
                let others = (0..in_table).filter(|sample| kind != Kind::Samples || *sample != prompt);
                others.max_by(|a, b| cosines[*a].total_cmp(&cosines[*b])).unwrap()
            };
            let [exact, ours] = [nearest(&f32[prompt]), nearest(&int8[prompt])];
            comparison.prompts += 1;
            comparison.same_sample += usize::from(exact == ours);
            comparison.same_route += usize::from(self.samples.routes[exact] == self.samples.routes[ours]);
            comparison.loss = comparison.loss.max(f32[prompt][exact] - f32[prompt][ours]);
            comparison.drift = comparison.drift.max((f32[prompt][exact] - int8[prompt][ours]).abs());
        }
        println!("{kind:?}, {routes} routes: {comparison:?}");
        comparison
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join("tests/data").join(file)).unwrap()
}

/// The names of the routes in `file`, and the texts that they have under `key`, each with its route's number.
fn of_routes(file: &str, key: &str) -> (Vec<String>, Vec<(usize, String)>) {
    let file: Value = read(file).parse().unwrap();
    let routes = file["routes"].as_array().unwrap();
    let string = |value: &Value| value.as_str().unwrap().to_owned();
    let texts = |(number, route): (usize, &Value)| -> Vec<_> {
        route[key].as_array().unwrap().iter().map(|text| (number, string(text))).collect()
    };
    (routes.iter().map(|route| string(&route["name"])).collect(), routes.iter().enumerate().flat_map(texts).collect())
}

/// Embeds the heads of `texts`, on all cores.
fn embed(texts: &[&str], precision: Precision) -> Vec<Embedding> {
    let dir = locate("sentence-transformers/all-MiniLM-L6-v2", Some(&root().join("models"))).unwrap();
    let model = Arc::new(Model::load(&dir, precision).unwrap());
    let threads = available_parallelism().unwrap().get();
    let settings = Settings { threads, queue: 1, timeout: Duration::ZERO, windows: 1, memo: 0 };
    Encoder::start(model, settings).embed_all(texts).into_iter().map(Result::unwrap).collect()
}

#[test]
fn embeddings_in_int8_are_nearly_those_in_f32() {
    for (name, texts) in [("varied", &DATA.varied), ("samples", &DATA.samples), ("prompts", &DATA.prompts)] {
        let cosines = texts.fidelity();
        let (least, mean) = (cosines[0], cosines.iter().sum::<f32>() / cosines.len() as f32);
        println!(
            "{name}: {} cosines, mean {mean}, 1st percentile {}, least {least}",
            cosines.len(),
            cosines[cosines.len() / 100]
        );
        assert!(mean >= 0.9993 && least >= 0.996, "{name}: mean {mean}, least {least}");
    }
    assert_eq!(DATA.varied.f32.len(), 1000);
}

#[test]
fn int8_takes_another_sample_only_where_f32_sees_two_as_near() {
    for kind in [Kind::Varied, Kind::RoutePrompts, Kind::Samples] {
        for routes in TABLES {
            let comparison = DATA.compare(kind, routes);
            // So wherever f32's nearest leads by 0.02, it is int8's nearest too.
            assert!(comparison.loss < 0.02 && comparison.drift < 0.02, "{comparison:?}");
            // Most of the varied texts are far from all samples, where many of these are about as near.
            let [same_sample, same_route] = [comparison.same_sample, comparison.same_route].map(|same| same * 100);
            assert!(same_sample >= comparison.prompts * 95 && same_route >= comparison.prompts * 96, "{comparison:?}");
        }
    }
}

#[test]
fn int8_routes_what_belongs_to_a_route_as_f32_does() {
    for routes in TABLES {
        let comparison = DATA.compare(Kind::RoutePrompts, routes);
        assert_eq!(comparison.prompts, 4 * routes);
        // Those that differ are ties: f32's own choice leads by less than a hundredth.
        assert!(comparison.loss < 0.01 && comparison.same_route * 100 >= comparison.prompts * 97, "{comparison:?}");
    }
}

//! The shipped model against what the published one says in another implementation (models/reference.py).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use pointsman::embed::{Encoder, Model, Settings, locate};
use serde_json::Value;

static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let dir = locate("sentence-transformers/all-MiniLM-L6-v2", Some(&root().join("models"))).unwrap();
    Arc::new(Model::load(&dir).unwrap())
});

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

fn text_of(case: &Value) -> String {
    match &case["text"] {
        Value::String(text) => text.clone(),
        long => long["repeat"].as_str().unwrap().repeat(long["times"].as_u64().unwrap() as usize),
    }
}

fn vector_of(case: &Value) -> Vec<f32> {
    let floats = case["vector"].as_array().unwrap();
    floats.iter().map(|x| x.as_f64().unwrap() as f32).collect()
}

#[test]
fn embeddings_are_those_of_the_published_model() {
    let file = std::fs::read_to_string(root().join("tests/data/minilm_reference.json")).unwrap();
    let reference: Value = serde_json::from_str(&file).unwrap();
    let cases = reference["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 50);
    for case in cases {
        let ours = MODEL.embed(&text_of(case)).unwrap();
        let cosine = cosine(&ours, &vector_of(case));
        assert!(cosine >= 0.9999, "{}: cosine {cosine}", case["name"]);
    }
}

#[test]
fn an_embedding_has_the_model_s_dimensions_and_length_one() {
    assert_eq!((MODEL.name(), MODEL.dimensions()), ("all-MiniLM-L6-v2", 384));
    let vector = MODEL.embed("Tell me a joke.").unwrap();
    assert_eq!(vector.len(), 384);
    let length: f32 = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    assert!((length - 1.0).abs() < 1e-5, "{length}");
}

#[test]
fn text_beyond_what_the_model_reads_changes_nothing() {
    let long = "the train to the north leaves platform nine at noon, ".repeat(500);
    let longer = format!("{long}{}", "and now for something completely different ".repeat(20_000));
    assert_eq!(MODEL.embed(&long).unwrap(), MODEL.embed(&longer).unwrap());
}

#[test]
fn a_text_without_end_takes_no_longer_than_a_page() {
    let time = |text: String| {
        let start = Instant::now();
        MODEL.embed(&text).unwrap();
        start.elapsed()
    };
    for piece in ["word ", "a", " ", "字", "!", "supercalifragilistic "] {
        let page = time(piece.repeat((32 << 10) / piece.len()));
        let endless = time(piece.repeat((16 << 20) / piece.len()));
        // Tokenizing 16 MiB takes four seconds at the least.
        assert!(endless < 4 * page + Duration::from_secs(1), "{piece:?}: {endless:?} against {page:?}");
    }
}

#[tokio::test]
async fn the_encoder_gives_what_its_model_gives() {
    let settings = Settings { threads: 2, queue: 64, timeout: Duration::from_secs(60) };
    let encoder = Encoder::start(Arc::clone(&MODEL), settings);
    let texts: Vec<String> = (0..20).map(|number| format!("prompt number {number}")).collect();
    let answers = futures::future::join_all(texts.iter().map(|text| encoder.embed(text.as_str()))).await;
    for (text, answer) in texts.iter().zip(answers) {
        assert!(cosine(&answer.unwrap(), &MODEL.embed(text).unwrap()) > 0.999_999, "{text}");
    }
}

#[test]
fn a_folder_that_is_no_model_says_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let error = Model::load(dir.path()).unwrap_err().to_string();
    assert!(error.contains("config.json"), "{error}");
    for file in ["config.json", "tokenizer.json"] {
        std::fs::copy(root().join("models/all-MiniLM-L6-v2").join(file), dir.path().join(file)).unwrap();
    }
    std::fs::write(dir.path().join("model.safetensors"), b"not weights").unwrap();
    let error = Model::load(dir.path()).unwrap_err().to_string();
    assert!(error.contains("model.safetensors"), "{error}");
}

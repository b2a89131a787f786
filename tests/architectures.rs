//! Tiny models of each architecture against what PyTorch says (models/architectures.py).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Path as UrlPath;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use pointsman::embed::{Encoder, End, LoadError, Model, Precision, Settings, Text};
use serde_json::{Value, json};
use support::launch::Launch;
use support::{eventually, free_port};
use tempfile::TempDir;

const ARCHITECTURES: [&str; 4] = ["bert", "distilbert", "roberta", "xlm-roberta"];

/// A model's folder with changes.
struct Edited(TempDir);

impl Edited {
    fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in ["config.json", "tokenizer.json", "model.safetensors"] {
            std::fs::copy(folder_of(name).join(file), folder.path().join(file)).unwrap();
        }
        Self(folder)
    }

    /// With another file in it.
    fn with(self, file: &str, content: Value) -> Self {
        let path = self.0.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content.to_string()).unwrap();
        self
    }

    /// With `key` of its config changed; null removes it.
    fn with_config(self, key: &str, value: Value) -> Self {
        let text = std::fs::read_to_string(self.0.path().join("config.json")).unwrap();
        let mut config: Value = serde_json::from_str(&text).unwrap();
        config.as_object_mut().unwrap().remove(key);
        if !value.is_null() {
            config[key] = value;
        }
        self.with("config.json", config)
    }

    fn load(&self, precision: Precision) -> Result<Model, LoadError> {
        Model::load(self.0.path(), precision)
    }

    fn error(&self) -> String {
        self.load(Precision::default()).unwrap_err().to_string()
    }
}

fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/architectures")
}

fn folder_of(name: &str) -> PathBuf {
    models().join(name)
}

fn cosine(a: &[f32], b: &Value) -> f64 {
    let b = b.as_array().unwrap();
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(x, y)| f64::from(*x) * y.as_f64().unwrap()).sum()
}

/// Compares `model` with PyTorch's vectors (`mean` or `first`) for all the texts of `name`.
fn assert_near(model: &Model, name: &str, vectors: &str, least: f64) {
    let text = std::fs::read_to_string(folder_of(name).join("reference.json")).unwrap();
    let reference: Value = serde_json::from_str(&text).unwrap();
    let cases = reference["cases"].as_array().unwrap();
    assert!(cases.iter().any(|case| case["tokens"] == reference["limit"]), "some texts are cut");
    for case in cases {
        let text = match &case["text"] {
            Value::String(text) => text.clone(),
            long => long["repeat"].as_str().unwrap().repeat(long["times"].as_u64().unwrap() as usize),
        };
        let tokens = model.tokenize(&text, End::Head).unwrap().ids.len();
        assert_eq!(case["tokens"], tokens, "{name}: {text}");
        let cosine = cosine(&model.embed(&text).unwrap(), &case[vectors]);
        assert!(cosine >= least, "{name}, {vectors}, {}: cosine {cosine} for {text:?}", model.engine());
    }
}

#[test]
fn every_architecture_gives_in_f32_what_pytorch_gives() {
    for name in ARCHITECTURES {
        let model = Model::load(&folder_of(name), Precision::F32).unwrap();
        assert_eq!((model.engine().as_str(), model.dimensions()), ("f32", 32));
        assert_near(&model, name, "mean", 0.9999);
    }
}

#[test]
fn a_bert_in_int8_is_near_it() {
    let model = Model::load(&folder_of("bert"), Precision::Int8).unwrap();
    assert!(model.engine().starts_with("int8"));
    assert_near(&model, "bert", "mean", 0.99);
}

#[test]
fn the_first_token_is_the_embedding_where_the_model_says_so() {
    let older = json!({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false, "include_prompt": true});
    let newer = json!({"embedding_dimension": 32, "pooling_mode": "cls"});
    for pooling in [older, newer] {
        for name in ARCHITECTURES {
            let folder = Edited::new(name).with("1_Pooling/config.json", pooling.clone());
            assert_near(&folder.load(Precision::F32).unwrap(), name, "first", 0.9999);
        }
        let folder = Edited::new("bert").with("1_Pooling/config.json", pooling);
        assert_near(&folder.load(Precision::Int8).unwrap(), "bert", "first", 0.99);
    }
}

#[test]
fn a_batch_in_int8_takes_each_text_s_own_first_token() {
    let pooling = json!({"pooling_mode": "cls"});
    let model = Edited::new("bert").with("1_Pooling/config.json", pooling).load(Precision::Int8).unwrap();
    let texts = ["the train", "", "a load balancer that reads the prompt", "json"];
    let batch = texts.map(|text| model.tokenize(text, End::Head).unwrap());
    let together = model.encode(&batch, &mut Default::default()).unwrap();
    let together: Vec<_> = together.into_iter().map(|encoded| encoded.embedding).collect();
    assert_eq!(together, texts.map(|text| model.embed(text).unwrap()));
}

#[test]
fn a_model_that_says_the_mean_in_any_words_gives_it() {
    let modules = json!([
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]);
    for pooling in [
        json!({"word_embedding_dimension": 32, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}),
        json!({"pooling_mode_mean_sqrt_len_tokens": true, "pooling_mode_mean_tokens": false}),
        json!({"embedding_dimension": 32, "pooling_mode": "mean"}),
    ] {
        let folder = Edited::new("bert").with("modules.json", modules.clone()).with("1_Pooling/config.json", pooling);
        assert_near(&folder.load(Precision::F32).unwrap(), "bert", "mean", 0.9999);
    }
}

#[test]
fn what_would_give_other_vectors_than_the_model_s_is_refused() {
    for (pooling, named) in [
        (json!({"pooling_mode_max_tokens": true, "pooling_mode_mean_tokens": false}), "max_tokens"),
        (json!({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}), "cls_token + mean_tokens"),
        (json!({"pooling_mode": "lasttoken"}), "lasttoken"),
        (json!({"pooling_mode": ["cls", "mean"]}), "cls"),
    ] {
        let error = Edited::new("bert").with("1_Pooling/config.json", pooling).error();
        assert!(error.contains("1_Pooling/config.json") && error.contains(named), "{error}");
    }
    let module =
        |class: &str, path: &str| json!([{"type": format!("sentence_transformers.models.{class}"), "path": path}]);
    for (class, path) in [("Dense", "2_Dense"), ("Pooling", "3_Pooling"), ("Transformer", "0_Transformer")] {
        let error = Edited::new("bert").with("modules.json", module(class, path)).error();
        assert!(error.contains("modules.json") && error.contains(class) && error.contains(path), "{error}");
    }
    let error = Edited::new("bert").with("modules.json", json!({})).error();
    assert!(error.contains("modules.json"), "{error}");
}

#[test]
fn an_architecture_that_does_not_run_is_refused_by_its_name() {
    let error = Edited::new("bert").with_config("model_type", json!("mpnet")).error();
    for part in ["config.json", "\"mpnet\"", "bert, distilbert, roberta and xlm-roberta"] {
        assert!(error.contains(part), "{error}");
    }
    for name in ARCHITECTURES {
        let error = Edited::new(name).with_config("position_embedding_type", json!("relative_key")).error();
        assert!(error.contains("relative_key"), "{error}");
    }
}

#[test]
fn a_config_without_a_type_is_a_bert_s() {
    let model = Edited::new("bert").with_config("model_type", Value::Null).load(Precision::default()).unwrap();
    assert!(model.engine().starts_with("int8"));
    assert_near(&model, "bert", "mean", 0.99);
}

#[test]
fn a_shape_that_int8_does_not_know_is_computed_in_f32() {
    let model = Edited::new("bert").with_config("num_hidden_layers", json!(0)).load(Precision::Int8).unwrap();
    assert_eq!(model.engine(), "f32");
    assert_eq!(model.embed("the train to the north").unwrap().len(), 32);
}

#[tokio::test]
async fn all_of_a_text_is_seen_by_any_tokenizer() {
    for name in ARCHITECTURES {
        let model = Arc::new(Model::load(&folder_of(name), Precision::default()).unwrap());
        let settings = Settings { threads: 1, queue: 999, timeout: Duration::from_secs(60), windows: 4, memo: 0 };
        let encoder = Encoder::start(model, settings);
        // One character may be several tokens, of which a window ends within.
        let text = "Weichen 🚂 stellen, 東京 ﬁn naïve a\u{301} 👨‍👩‍👧‍👦! ".repeat(20);
        let deadline = Instant::now() + Duration::from_secs(60);
        let seen = encoder.examine(&[Text { text: &text, is_routed: true }], 10_000, deadline).await.unwrap();
        assert_eq!(seen[0].unread, 0, "{name}");
        assert!(encoder.embed(&text).await.is_ok(), "{name}");
    }
}

/// The log of a router with the model `name` of `models`, up to where it has been loaded or could not be.
async fn log_of(models: &Path, name: &str, rest: &str, environment: &[(&str, &str)]) -> String {
    let (client, admin) = (free_port(), free_port());
    let config = format!(
        "version: v1\nlisten: \"127.0.0.1:{client}\"\nadmin: {{listen: \"127.0.0.1:{admin}\"}}\nmodels_dir: {models:?}\n\
         backends: [{{name: solo, url: \"http://127.0.0.1:9/v1\", model: m}}]\nrouter: {{embedding_model: \"tiny/{name}\", \
         routes: [{{name: hello, backend: solo, samples: [hello]}}]}}\n{rest}\n"
    );
    let launch = Launch::start(&config, environment);
    eventually("whether the model is there", || async {
        let log = launch.log();
        (log.contains("Embedding with") || log.contains("was not found")).then_some(log)
    })
    .await
}

fn warnings(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains(" WARN ") && line.contains("f32")).collect()
}

#[tokio::test]
async fn what_int8_cannot_compute_is_computed_in_f32_with_one_warning() {
    for name in ["distilbert", "roberta", "xlm-roberta"] {
        let log = log_of(&models(), name, "", &[]).await;
        let prefix = name.trim_start_matches("xlm-");
        let [warning] = warnings(&log)[..] else { panic!("{log}") };
        assert!(warning.contains("fifteen times as slow") && warning.contains(prefix), "{warning}");
        assert!(log.contains(&format!("Embedding with tiny/{name}, f32, the mean over all tokens")), "{log}");
    }
    let log = log_of(&models(), "roberta", "embedding: {precision: f32}", &[]).await;
    assert!(warnings(&log).is_empty(), "it was asked for: {log}");
    let log = log_of(&models(), "bert", "", &[]).await;
    assert!(warnings(&log).is_empty() && log.contains("Embedding with tiny/bert, int8 ("), "{log}");
}

/// A file as the Hub gives it to hf-hub. `tiny/first` is pooled by its first token, and how `tiny/broken` is cannot be
/// told.
async fn hub_file(UrlPath((name, file)): UrlPath<(String, String)>) -> axum::response::Response {
    let bytes = match (name.as_str(), file.as_str()) {
        ("first", "1_Pooling/config.json") => json!({"pooling_mode": "cls"}).to_string().into_bytes(),
        ("broken", "1_Pooling/config.json") => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => match std::fs::read(folder_of("bert").join(&file)) {
            Ok(bytes) => bytes,
            Err(_) => return StatusCode::NOT_FOUND.into_response(),
        },
    };
    let mut headers = HeaderMap::new();
    headers.insert("x-repo-commit", "0123abcd".parse().unwrap());
    headers.insert("etag", format!("\"{}\"", file.replace('/', "-")).parse().unwrap());
    headers.insert("content-range", format!("bytes 0-0/{}", bytes.len()).parse().unwrap());
    (StatusCode::PARTIAL_CONTENT, headers, bytes).into_response()
}

/// The URL of a Hub with those models, until the test ends.
async fn hub() -> String {
    let hub = Router::new().route("/tiny/{name}/resolve/main/{*file}", get(hub_file));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, hub).await });
    endpoint
}

#[tokio::test]
async fn what_the_hub_says_of_pooling_is_fetched_too() {
    let endpoint = hub().await;
    let [home, nothing] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let environment = [("HF_HOME", home.path().to_str().unwrap()), ("HF_ENDPOINT", &endpoint)];
    for (name, pooling) in [("first", "the first token's state"), ("plain", "the mean over all tokens")] {
        let log = log_of(nothing.path(), name, "", &environment).await;
        assert!(log.contains("Fetching") && log.contains(pooling), "{log}");
        // It is all in the cache now.
        let log = log_of(nothing.path(), name, "", &[environment[0], ("HF_ENDPOINT", "http://127.0.0.1:9")]).await;
        assert!(!log.contains("Fetching") && log.contains(pooling), "{log}");
    }
    // A mean in its place would be wrong if it asked for another.
    let log = log_of(nothing.path(), "broken", "", &environment).await;
    assert!(log.contains(&format!("{endpoint} did not give it")) && log.contains("500"), "{log}");
}

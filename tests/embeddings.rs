//! `/v1/embeddings`: OpenAI's answers, by the router's own encoder.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::join_all;
use serde_json::{Value, json};
use support::wire::{Answer, Wire, ask, post};
use support::{Child, Router, Stand, eventually};

const PATH: &str = "/v1/embeddings";
const CHAT: &str = "/v1/chat/completions";
const WHOLE: &str = "sentence-transformers/all-MiniLM-L6-v2";
const LAST: &str = "all-MiniLM-L6-v2";

/// One backend, `solo` with the model `m`, and whatever else the file is to say; `router` holds more keys of it.
fn config(sim: &Child, router: &str, sections: &str) -> String {
    format!("backends: [{{name: solo, url: {:?}, model: m}}]\nrouter: {{{router}}}\n{sections}\n", sim.url)
}

/// A router that embeds.
fn embedding(sections: &str) -> (Router, Child) {
    let sim = Child::sim(&[]);
    (Router::start(&config(&sim, "mode: semantic", sections)), sim)
}

async fn embed(router: &Router, body: impl ToString) -> Answer {
    ask(router.address(), post(PATH, "", body.to_string())).await
}

fn asking(input: impl Into<Value>) -> Value {
    json!({ "model": WHOLE, "input": input.into() })
}

/// The vectors of a good answer, whichever way they are written, with all around them checked.
fn vectors(answer: &Answer) -> Vec<Vec<f32>> {
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{answer:?}");
    let list = answer.json();
    assert_eq!((&list["object"], &list["model"]), (&"list".into(), &WHOLE.into()));
    assert_eq!(list["usage"]["prompt_tokens"], list["usage"]["total_tokens"]);
    let entries = list["data"].as_array().unwrap().iter().enumerate();
    let vectors = entries.map(|(index, entry)| {
        assert_eq!((&entry["object"], &entry["index"]), (&"embedding".into(), &index.into()));
        match &entry["embedding"] {
            Value::String(text) => {
                let bytes = STANDARD.decode(text).unwrap();
                bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
            }
            floats => floats.as_array().unwrap().iter().map(|float| float.as_f64().unwrap() as f32).collect(),
        }
    });
    vectors.inspect(|vector: &Vec<f32>| assert_eq!(vector.len(), 384)).collect()
}

fn tokens(answer: &Answer) -> u64 {
    answer.json()["usage"]["prompt_tokens"].as_u64().unwrap()
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// A text that the published model was asked for, with what it said.
struct Reference {
    name: String,
    text: String,
    tokens: u64,
    vector: Vec<f32>,
}

/// All but the empty text, which OpenAI takes as little.
fn references() -> Vec<Reference> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/minilm_reference.json");
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let read = |case: &Value| Reference {
        name: case["name"].as_str().unwrap().to_owned(),
        text: match &case["text"] {
            Value::String(text) => text.clone(),
            long => long["repeat"].as_str().unwrap().repeat(long["times"].as_u64().unwrap() as usize),
        },
        tokens: case["tokens"].as_u64().unwrap(),
        vector: case["vector"].as_array().unwrap().iter().map(|float| float.as_f64().unwrap() as f32).collect(),
    };
    let all = file["cases"].as_array().unwrap().iter().map(read);
    all.filter(|reference| !reference.text.is_empty()).collect()
}

/// A text that keeps the encoder busy.
fn long(number: usize) -> String {
    format!("{number} tells of wind and water ").repeat(60)
}

#[tokio::test]
async fn vectors_are_the_published_model_s_in_either_format() {
    let (router, sim) = embedding("");
    let references = references();
    assert_eq!(references.len(), 49);
    let texts: Vec<&str> = references.iter().map(|reference| &*reference.text).collect();
    let mut asked = asking(texts);
    let plain = embed(&router, &asked).await;
    asked["encoding_format"] = "base64".into();
    let base64 = embed(&router, &asked).await;
    assert!(plain.json()["data"][0]["embedding"].is_array() && base64.json()["data"][0]["embedding"].is_string());
    for ((ours, coded), reference) in vectors(&plain).iter().zip(vectors(&base64)).zip(&references) {
        let found = cosine(ours, &reference.vector);
        assert!(found >= 0.98, "{}: cosine {found}", reference.name);
        assert!(cosine(ours, &coded) >= 0.9999, "{}", reference.name);
    }
    let counted = references.iter().map(|reference| reference.tokens).sum::<u64>();
    assert_eq!((tokens(&plain), tokens(&base64)), (counted, counted));
    assert_eq!(sim.total_seen().await, 0, "no backend is asked");
}

#[tokio::test]
async fn a_hundred_texts_keep_their_order() {
    let (router, _sim) = embedding("embedding: {threads: 2}");
    let references = references();
    // Long and short ones in turn, so that they are done in another order than they came in.
    let order: Vec<&Reference> = (0..100).map(|number| &references[number * 24 % references.len()]).collect();
    let texts: Vec<&str> = order.iter().map(|reference| &*reference.text).collect();
    let answer = embed(&router, asking(texts)).await;
    let vectors = vectors(&answer);
    assert_eq!(vectors.len(), 100);
    for (place, (vector, reference)) in vectors.iter().zip(order).enumerate() {
        assert!(cosine(vector, &reference.vector) >= 0.98, "{place}: {}", reference.name);
    }
}

#[tokio::test]
async fn a_string_is_a_list_of_one_by_either_name() {
    let (router, _sim) = embedding("");
    let one = embed(&router, json!({ "model": LAST, "input": "Tell me a joke.", "user": "u", "more": [1] })).await;
    let listed = embed(&router, asking(vec!["Tell me a joke."])).await;
    assert_eq!((tokens(&one), tokens(&listed)), (7, 7));
    assert!(cosine(&vectors(&one)[0], &vectors(&listed)[0]) >= 0.9999);
}

#[tokio::test]
async fn what_is_beyond_256_tokens_changes_nothing() {
    let (router, _sim) = embedding("");
    // Each word is a token, and two mark the ends.
    let words = |count: usize| "north wind ".repeat(count / 2);
    let beyond = "a joke about cats ".repeat(20_000);
    let texts = [words(254), words(254) + &beyond, words(252)];
    let answer = embed(&router, asking(texts.to_vec())).await;
    let vectors = vectors(&answer);
    assert!(cosine(&vectors[0], &vectors[1]) >= 0.9999);
    assert_eq!(tokens(&answer), 256 + 256 + 254);
    let unread = async |what: &str| router.metric(&format!("pointsman_encoder_unread_{what}")).await;
    assert_eq!(unread("texts{use=\"embeddings\"}").await, 1.0);
    let bytes = unread("bytes{use=\"embeddings\"}").await;
    assert!((bytes - beyond.len() as f64).abs() <= 1.0, "{bytes}, but for the spaces around");
    assert_eq!(unread("texts{use=\"routing\"}").await, 0.0);
}

#[tokio::test]
async fn an_answer_made_here_names_no_backend_and_is_logged_without_its_text() {
    let (router, _sim) = embedding("");
    let body = asking(vec!["sesame", "open sesame"]).to_string();
    let answer = ask(router.address(), post(PATH, "x-request-id: embedded-1\r\n", body)).await;
    assert_eq!((answer.status, answer.header("x-request-id")), (200, Some("embedded-1")));
    assert!(!answer.head.contains("x-pointsman-"), "{}", answer.head);
    let line = eventually("its line", || async {
        router.log().lines().find(|line| line.contains("embedded-1")).map(String::from)
    })
    .await;
    let counted = format!(" INFO Embedded | Texts: 2 | Tokens: {} ", tokens(&answer));
    assert!(line.contains(&counted) && line.contains("status=200") && line.contains("tenant=\"default\""), "{line}");
    assert!(!router.log().contains("sesame"));
    let series = "pointsman_requests_total{backend=\"none\",route=\"none\",status=\"2xx\"}";
    assert_eq!(router.metric(series).await, 1.0);
    assert!(router.metric("pointsman_encoder_jobs{outcome=\"encoded\"}").await >= 2.0);
}

#[tokio::test]
async fn what_cannot_be_embedded_is_refused_with_the_reason() {
    let (router, sim) = embedding("");
    let refused = async |body: String, status: u16, code: &str, param: Value, words: &str| {
        let answer = embed(&router, &body).await;
        assert_eq!((answer.status, &*answer.error()), (status, code), "{body}");
        let error = &answer.json()["error"];
        assert_eq!(error["param"], param, "{body}");
        assert!(error["message"].as_str().unwrap().contains(words), "{body}: {error}");
    };
    for (keys, param, words) in [
        (r#""input":[1,2,3]"#, "input", "token ids"),
        (r#""input":[[1,2],[3]]"#, "input", "token ids"),
        (r#""input":"""#, "input", "input must not be empty"),
        (r#""input":["a",""]"#, "input", "input[1] must not be empty"),
        (r#""input":[]"#, "input", "input must not be empty"),
        (r#""user":"u""#, "input", "input must be given"),
        (r#""input":"a","encoding_format":"int8""#, "encoding_format", "\"base64\""),
        (r#""input":"a","dimensions":256"#, "dimensions", "384"),
    ] {
        let body = format!(r#"{{"model":"{LAST}",{keys}}}"#);
        refused(body, 400, "invalid_request", param.into(), words).await;
    }
    let many = asking(vec!["a"; 2049]).to_string();
    refused(many, 400, "invalid_request", "input".into(), "2048").await;
    refused(r#"{"input":"a"}"#.into(), 400, "invalid_request", "model".into(), "model").await;
    refused(r#"{"model":"m","input":"a","input":"b"}"#.into(), 400, "duplicate_key", Value::Null, "\"input\"").await;
    refused("{".into(), 400, "invalid_json", Value::Null, "JSON").await;
    for (model, words) in [("auto", WHOLE), ("solo", WHOLE), ("m", WHOLE), ("other", "GET /v1/models")] {
        let body = json!({ "model": model, "input": "a" }).to_string();
        refused(body, 404, "model_not_found", "model".into(), words).await;
    }
    let get = ask(router.address(), format!("GET {PATH} HTTP/1.1\r\nhost: h\r\n\r\n")).await;
    assert_eq!((get.status, &*get.error(), get.header("allow")), (405, "method_not_allowed", Some("post")));
    assert_eq!(sim.total_seen().await, 0);
    assert!(!router.log().contains("panic"));
}

#[tokio::test]
async fn the_bounds_on_requests_hold_here_too() {
    let sim = Child::sim(&[]);
    let sections = "limits: {max_in_flight: 1, body_size: 2KiB}\nauth: {keys: [{name: app, key_env: APP_KEY}]}";
    let router = Router::start_with(&config(&sim, "mode: semantic", sections), &[("APP_KEY", "sk-app")]);
    let body = asking("a").to_string();
    let key = "authorization: Bearer sk-app\r\n";
    let send = async |headers: &str, body: &str| ask(router.address(), post(PATH, headers, body)).await;
    // A request ends a moment after its answer was read.
    let idle = async || {
        eventually("none in flight", || async {
            (router.metric("pointsman_requests_in_flight").await == 0.0).then_some(())
        })
        .await;
    };
    let stranger = send("", &body).await;
    assert_eq!((stranger.status, &*stranger.error()), (401, "invalid_api_key"));
    idle().await;
    let large = send(key, &asking("word ".repeat(500)).to_string()).await;
    assert_eq!((large.status, &*large.error()), (413, "body_too_large"));
    idle().await;
    assert_eq!(vectors(&send(key, &body).await).len(), 1);
    idle().await;

    let mut held = Wire::connect(router.address()).await;
    let chat = r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#;
    held.send(post(CHAT, &format!("{key}x-sim-fault: {{\"kind\":\"hang\"}}\r\n"), chat)).await;
    eventually("one in flight", || async { (sim.total_seen().await == 1).then_some(()) }).await;
    let more = send(key, &body).await;
    assert_eq!((more.status, &*more.error(), more.header("retry-after")), (429, "overloaded", Some("1")));
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_back() {
    let (router, _sim) = embedding("embedding: {threads: 1, queue: 1}");
    let asks = (0..32).map(|number| embed(&router, asking(long(number))));
    let (mut served, mut refused) = (0, 0);
    for answer in join_all(asks.collect::<Vec<_>>()).await {
        match answer.status {
            200 => served += vectors(&answer).len(),
            _ => {
                assert_eq!((answer.status, &*answer.error()), (429, "overloaded"), "{answer:?}");
                assert_eq!(answer.header("retry-after"), Some("1"));
                refused += 1;
            }
        }
    }
    assert!(served >= 1 && refused >= 1, "{served} served, {refused} refused");
    assert_eq!(router.metric("pointsman_failures_total{reason=\"overloaded\"}").await, f64::from(refused));
    // A list by itself fills no queue, however small.
    let list: Vec<String> = (0..8).map(|number| format!("number {number}")).collect();
    assert_eq!(vectors(&embed(&router, asking(list)).await).len(), 8);
}

#[tokio::test]
async fn a_client_that_leaves_is_worked_for_no_longer() {
    let (router, _sim) = embedding("embedding: {threads: 1}");
    let texts: Vec<String> = (0..1000).map(long).collect();
    let mut wire = Wire::connect(router.address()).await;
    wire.send(post(PATH, "x-request-id: leaver\r\n", asking(texts).to_string())).await;
    let encoded = async || router.metric("pointsman_encoder_jobs{outcome=\"encoded\"}").await;
    eventually("the first texts are embedded", || async { (encoded().await >= 1.0).then_some(()) }).await;
    assert!(router.metric("pointsman_encoder_waiting").await <= 16.0, "one request takes no more of the queue");
    drop(wire);
    eventually("nobody is served", || async {
        (router.metric("pointsman_requests_in_flight").await == 0.0).then_some(())
    })
    .await;
    eventually("none waits", || async { (router.metric("pointsman_encoder_waiting").await == 0.0).then_some(()) })
        .await;
    let encoded = encoded().await;
    assert!(encoded < 900.0, "{encoded} were embedded for nobody");
    eventually("it is said to have left", || async {
        router.log().lines().any(|line| line.contains("Client left [none]") && line.contains("leaver")).then_some(())
    })
    .await;
    assert_eq!(vectors(&embed(&router, asking("and on")).await).len(), 1);
}

async fn listed(router: &Router) -> Vec<String> {
    let list = ask(router.address(), "GET /v1/models HTTP/1.1\r\nhost: h\r\n\r\n").await.json();
    list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_model_is_listed_and_takes_no_chats() {
    let (router, sim) = embedding("");
    assert_eq!(listed(&router).await, ["router-gateway", "auto", "MoM", "solo", "m", WHOLE]);
    for model in [WHOLE, LAST] {
        let chat = json!({ "model": model, "messages": [{ "role": "user", "content": "hi" }] });
        let completion = json!({ "model": model, "prompt": "hi" });
        for (path, body) in [(CHAT, chat), ("/v1/completions", completion)] {
            let answer = ask(router.address(), post(path, "", body.to_string())).await;
            assert_eq!((answer.status, &*answer.error()), (404, "model_not_found"), "{path} {model}");
            assert!(answer.json()["error"]["message"].as_str().unwrap().contains(PATH), "{answer:?}");
        }
    }
    assert_eq!(sim.total_seen().await, 0);
}

#[tokio::test]
async fn without_an_encoder_there_are_no_embeddings() {
    let stand = Stand::start();
    let answer = embed(&stand.router, asking("a")).await;
    assert_eq!((answer.status, &*answer.error()), (404, "unknown_path"));
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("router.mode: semantic"), "{message}");
    assert!(!listed(&stand.router).await.contains(&WHOLE.to_owned()));
    let chat = json!({ "model": WHOLE, "messages": [{ "role": "user", "content": "hi" }] });
    let answer = ask(stand.address(), post(CHAT, "", chat.to_string())).await;
    assert_eq!((answer.status, &*answer.error()), (404, "model_not_found"));
    stand.is_well().await;
}

#[tokio::test]
async fn the_path_can_be_a_backend_s_instead() {
    let sim = Child::sim(&[]);
    let handed = |mode: &str, path: &str| {
        let keys = format!("mode: \"{mode}\", passthrough: [{{path: \"{path}\", backend: solo}}]");
        Router::start(&config(&sim, &keys, ""))
    };
    let body = r#"{"model": "bge", "input":"a", "dimensions": 8} "#;
    for (mode, path) in [("semantic", PATH), ("off", PATH), ("off", "/v1/*")] {
        let router = handed(mode, path);
        let answer = embed(&router, body).await;
        let went = ["x-pointsman-route", "x-pointsman-backend"].map(|name| answer.header(name));
        assert_eq!(went, [Some("passthrough"), Some("solo")], "{mode} {path}: {answer:?}");
        let seen = sim.last_seen().await;
        assert_eq!((seen.method(), seen.path(), seen.body()), ("POST", PATH, body));
        assert!(!listed(&router).await.contains(&WHOLE.to_owned()), "{mode} {path}");
    }
    // A prefix is for what the router does not serve itself.
    let router = handed("semantic", "/v1/*");
    let before = sim.total_seen().await;
    assert_eq!(vectors(&embed(&router, asking("a")).await).len(), 1);
    assert_eq!(sim.total_seen().await, before);
    assert!(listed(&router).await.contains(&WHOLE.to_owned()));
}

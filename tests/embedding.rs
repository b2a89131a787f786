//! The shipped model against what the published one says in another implementation (models/reference.py).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use futures::future::join_all;
use pointsman::embed::{Encoder, End, Model, Precision, Settings, locate};
use serde_json::Value;

static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| {
    let dir = locate("sentence-transformers/all-MiniLM-L6-v2", Some(&root().join("models"))).unwrap();
    Arc::new(Model::load(&dir, Precision::F32).unwrap())
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
    let time = |text: String, end| {
        let start = Instant::now();
        MODEL.tokenize(&text, end).unwrap();
        start.elapsed()
    };
    for piece in ["word ", "a", " ", "字", "!", "supercalifragilistic "] {
        for end in [End::Head, End::Tail] {
            let page = time(piece.repeat((32 << 10) / piece.len()), end);
            let endless = time(piece.repeat((16 << 20) / piece.len()), end);
            // Tokenizing 16 MiB takes four seconds at the least.
            assert!(endless < 4 * page + Duration::from_secs(1), "{piece:?} {end:?}: {endless:?} against {page:?}");
        }
    }
}

#[test]
fn tokens_tell_which_bytes_they_are_made_of() {
    let text = "Grüße, 東京! Unbelievable. ".repeat(200);
    let [head, tail] = [End::Head, End::Tail].map(|end| MODEL.tokenize(&text, end).unwrap());
    for tokens in [&head, &tail] {
        assert_eq!(tokens.ids.len(), 256);
        assert_eq!((tokens.ids[0], tokens.ids[255]), (101, 102), "the marks of both ends");
        let again = MODEL.tokenize(&text[tokens.read.clone()], End::Head).unwrap();
        assert_eq!((again.ids.len(), again.read), (256, 0..tokens.read.len()), "no token more, and none less");
    }
    assert_eq!((head.read.start, tail.read.end), (0, text.trim_end().len() + 1));
    let short = MODEL.tokenize(" Tell me a joke. ", End::Tail).unwrap();
    assert_eq!((short.ids.len(), short.read), (7, 0..17));
}

#[test]
fn each_token_tells_which_bytes_of_the_original_it_is_made_of() {
    let text = "Zoë naïvely\tfled\u{200b} 東京, a\u{301}lso 🚂!";
    for (text, end, at) in
        [(text.to_owned(), End::Head, 0), (format!("{}{text}", "far ".repeat(20_000)), End::Tail, 80_000)]
    {
        let tokens = MODEL.tokenize(&text, end).unwrap();
        assert_eq!(tokens.offsets.len(), tokens.ids.len());
        assert_eq!((tokens.offsets.first(), tokens.offsets.last()), (Some(&(0..0)), Some(&(0..0))), "the marks");
        let pieces: Vec<&str> =
            tokens.offsets.iter().filter(|piece| piece.start >= at).map(|piece| &text[piece.clone()]).collect();
        let pieces: Vec<&str> = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
        assert_eq!(pieces.concat().chars().filter(|c| c.is_alphabetic()).collect::<String>(), "Zoënaïvelyfled東京also");
        assert!(pieces.starts_with(&["Zoë"]) && pieces.contains(&"東") && pieces.contains(&","), "{pieces:?}");
    }
}

fn encoder(windows: usize, memo: usize) -> Arc<Encoder> {
    let settings = Settings { threads: 2, queue: 64, timeout: Duration::from_secs(60), windows, memo };
    Encoder::start(Arc::clone(&MODEL), settings)
}

/// How many pieces of text the encoder's model has read.
fn encoded(encoder: &Encoder) -> u64 {
    encoder.stats().encoded.load(Ordering::Relaxed)
}

fn unread(encoder: &Encoder) -> Vec<(&'static str, u64, u64)> {
    encoder.stats().unread().to_vec()
}

#[tokio::test]
async fn the_encoder_gives_what_its_model_gives() {
    let encoder = encoder(4, 0);
    let texts: Vec<String> = (0..20).map(|number| format!("prompt number {number}")).collect();
    let answers = join_all(texts.iter().map(|text| encoder.embed(text.as_str()))).await;
    let ahead = tokio::task::spawn_blocking({
        let (encoder, texts) = (Arc::clone(&encoder), texts.clone());
        move || encoder.embed_all(&texts.iter().map(String::as_str).collect::<Vec<_>>())
    });
    let ahead = ahead.await.unwrap();
    for ((text, answer), ahead) in texts.iter().zip(answers).zip(ahead) {
        let expected = MODEL.embed(text).unwrap();
        assert!(cosine(&answer.unwrap().embedding, &expected) > 0.999_999, "{text}");
        assert!(cosine(&ahead.unwrap(), &expected) > 0.999_999, "{text}");
    }
}

#[tokio::test]
async fn a_long_text_is_seen_through_windows() {
    let sentences =
        ["The ship sails at dawn. ", "My printer is out of ink again. ", "How do I sort a list in Python? "];
    let text = sentences.map(|sentence| sentence.repeat(100)).concat();
    let parts = sentences.map(|sentence| MODEL.embed(&sentence.repeat(100)).unwrap());
    let [all, head] = [encoder(3, 0), encoder(1, 0)];
    let [seen, first] = [all.embed(&text).await.unwrap(), head.embed(&text).await.unwrap()];
    assert!(!seen.is_whole && !first.is_whole, "more than one window, or not all of it");
    let [seen, first] = [seen, first].map(|meaning| meaning.embedding);
    assert!(cosine(&first, &parts[0]) > 0.999, "one window is the head");
    for part in &parts {
        assert!(cosine(&seen, part) > 0.5, "{}", cosine(&seen, part));
    }
    assert_eq!((encoded(&all), encoded(&head)), (3, 1));
    assert_eq!(all.embed_patiently(&text).await.unwrap(), seen, "the same offline");

    let [(_, texts, bytes), _] = unread(&head)[..] else { panic!() };
    let rest = text.len() - MODEL.tokenize(&text, End::Head).unwrap().read.end;
    assert_eq!((texts, bytes), (1, rest as u64 - 2), "all but the head and the spaces around the rest");
}

#[tokio::test]
async fn what_was_asked_before_is_not_embedded_again() {
    let encoder = encoder(4, 8);
    let long = "My printer is out of ink again. ".repeat(300);
    for text in ["Tell me a joke.", &long] {
        let before = encoded(&encoder);
        let first = encoder.embed(text).await.unwrap();
        assert_eq!(first.is_whole, text != long);
        let pieces = encoded(&encoder) - before;
        let hits = encoder.stats().hits.load(Ordering::Relaxed);
        assert_eq!(encoder.embed(text).await.unwrap(), first);
        assert_eq!(encoded(&encoder) - before, pieces, "nothing new");
        assert!(encoder.stats().hits.load(Ordering::Relaxed) >= hits + pieces);
    }
}

#[tokio::test]
async fn a_head_is_read_as_far_as_the_model_goes() {
    let encoder = encoder(4, 8);
    let short = encoder.read_head("Tell me a joke.").await.unwrap();
    assert_eq!((short.tokens, short.read), (7, 0..15));
    assert_eq!(unread(&encoder)[1], ("embeddings", 0, 0));
    let text = "word ".repeat(1000);
    let long = encoder.read_head(&text).await.unwrap();
    assert_eq!((long.tokens, long.read), (256, 0..254 * 5 - 1));
    assert!(cosine(&long.embedding, &MODEL.embed(&text).unwrap()) > 0.999_999);
    assert_eq!(unread(&encoder), [("routing", 0, 0), ("embeddings", 1, (1000 - 254) * 5 - 1)]);
}

#[test]
fn a_folder_that_is_no_model_says_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let error = Model::load(dir.path(), Precision::default()).unwrap_err().to_string();
    assert!(error.contains("config.json"), "{error}");
    for file in ["config.json", "tokenizer.json"] {
        std::fs::copy(root().join("models/all-MiniLM-L6-v2").join(file), dir.path().join(file)).unwrap();
    }
    std::fs::write(dir.path().join("model.safetensors"), b"not weights").unwrap();
    let error = Model::load(dir.path(), Precision::default()).unwrap_err().to_string();
    assert!(error.contains("model.safetensors"), "{error}");
}

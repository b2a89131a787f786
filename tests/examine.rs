//! Texts read whole, window after window, and the names in them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/token_head.rs"]
mod token_head;

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use pointsman::embed::{
    EncodeError, Encoder, Examined, Misfit, Model, Precision, Settings, Text, TokenHead, TokenLabel,
};
use safetensors::Dtype;
use token_head::HeadFile;

static BARE: LazyLock<Arc<Model>> = LazyLock::new(|| Arc::new(load(Precision::Int8)));

static WITH_HEAD: LazyLock<Arc<Model>> =
    LazyLock::new(|| Arc::new(load(Precision::Int8).with_token_head(head(&HeadFile::shipped())).unwrap()));

fn load(precision: Precision) -> Model {
    Model::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models/all-MiniLM-L6-v2"), precision).unwrap()
}

fn head(file: &HeadFile) -> TokenHead {
    TokenHead::load(&file.bytes()).unwrap()
}

fn encoder(model: &Arc<Model>, windows: usize, memo: usize) -> Arc<Encoder> {
    let settings = Settings { threads: 1, queue: 4, timeout: Duration::from_secs(60), windows, memo };
    Encoder::start(Arc::clone(model), settings)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn routed(text: &str) -> Text<'_> {
    Text { text, is_routed: true }
}

async fn one(encoder: &Encoder, text: &str, at_most: usize) -> Examined {
    encoder.examine(&[routed(text)], at_most, soon()).await.unwrap().pop().unwrap()
}

/// How many windows the encoder's model has read.
fn encoded(encoder: &Encoder) -> u64 {
    encoder.stats().encoded.load(Ordering::Relaxed)
}

fn varied_texts() -> Vec<String> {
    let file = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/varied_texts.jsonl"));
    file.unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// What each span names, in `text`.
fn named<'a>(text: &'a str, examined: &Examined) -> Vec<(&'a str, TokenLabel)> {
    let spans = examined.windows.iter().flat_map(|window| window.spans.iter());
    spans.map(|span| (&text[span.range.clone()], span.label)).collect()
}

/// Prose, then what has a token for almost every byte.
fn long_text() -> String {
    let prose = (0..200).map(|day| format!("My printer is out of ink again on day {day}. "));
    let dense = (0..200).map(|number| format!("{number};2,3.4-5+6 "));
    prose.chain(dense).collect()
}

#[tokio::test]
async fn names_are_found_where_they_stand() {
    use TokenLabel::{Address, Person};
    let encoder = encoder(&WITH_HEAD, 4, 100);
    let text = "\n\t when Zoë Łukasiewicz-Müller 東京 met McKay, at 221b baker street.\r\n";
    let seen = one(&encoder, text, 9).await;
    let expected = ["Zoë", "Łukasiewicz", "Müller", "McKay"].map(|name| (name, Person));
    let expected = expected.into_iter().chain([("221b", Address)]);
    assert_eq!(named(text, &seen), expected.collect::<Vec<_>>());
    let [window] = &seen.windows[..] else { panic!("{seen:?}") };
    assert_eq!(&text[window.range.clone()], text.trim());
    // 8 more than O's logit of 8, and 16 more than that of the other labels: the softmax of (16, 8, 0 × 7).
    let score = 1.0 / (1.0 + (-8.0f32).exp() + 7.0 * (-16.0f32).exp());
    assert!(window.spans.iter().all(|span| (span.score - score).abs() < 0.01), "{:?}", window.spans);
}

#[tokio::test]
async fn names_beyond_the_first_window_have_their_place_in_the_whole_text() {
    let encoder = encoder(&WITH_HEAD, 2, 1000);
    let text = format!("  {}", "nothing to see here and then Anna waves. ".repeat(100));
    let seen = one(&encoder, &text, 100).await;
    assert!(seen.windows.len() > 3 && seen.unread == 0, "{}", seen.windows.len());
    assert_eq!(named(&text, &seen), [("Anna", TokenLabel::Person); 100]);
    let again = one(&encoder, &text, 100).await;
    assert_eq!(again, seen, "remembered as they were");
    let elsewhere = format!("{text} More.");
    assert_eq!(named(&elsewhere, &one(&encoder, &elsewhere, 100).await)[..100], [("Anna", TokenLabel::Person); 100]);
}

#[tokio::test]
async fn a_text_of_one_window_means_what_it_means_to_routing() {
    for model in [&BARE, &WITH_HEAD] {
        let encoder = encoder(model, 4, 2000);
        for text in varied_texts().iter().step_by(19).map(String::as_str).chain(["", "  ", " Tell me a joke.\n"]) {
            let expected = encoder.embed(text).await.unwrap();
            let before = encoded(&encoder);
            let seen = one(&encoder, text, 100).await;
            let bare = BARE.embed(text.trim()).unwrap();
            if expected.is_whole {
                assert_eq!((seen.windows.len(), seen.unread), (1, 0), "{text}");
                assert_eq!(seen.windows[0].embedding, bare, "to the last bit: {text}");
                assert_eq!((seen.meaning, encoded(&encoder)), (Some(expected), before), "{text}");
            } else {
                let seen = seen.meaning.unwrap();
                assert!(!seen.is_whole && seen.embedding != bare, "{text}");
            }
        }
    }
}

#[tokio::test]
async fn a_long_text_means_about_what_it_means_to_routing() {
    let encoder = encoder(&BARE, 4, 10_000);
    let texts = varied_texts();
    for first in 0..4 {
        let text = texts[70 * first..].iter().take(70).map(|text| format!("{text}\n\n")).collect::<String>();
        let expected = encoder.embed(&text).await.unwrap();
        let seen = one(&encoder, &text, 1000).await;
        let cosine = cosine(&seen.meaning.unwrap().embedding, &expected.embedding);
        assert!(cosine > 0.7 && seen.unread == 0, "{first}: {cosine}");
    }
    let question = "How do I cook rice? ".repeat(40);
    let text = format!("{}{question}", "The harbour of the old town lies quiet in the morning. ".repeat(200));
    let [expected, question] = [encoder.embed(&text).await.unwrap().embedding, BARE.embed(&question).unwrap()];
    let seen = one(&encoder, &text, 1000).await.meaning.unwrap().embedding;
    let [expected, seen] = [expected, seen].map(|meaning| cosine(&meaning, &question));
    assert!(seen > 0.3 && (seen - expected).abs() < 0.1, "its end is seen: {seen} {expected}");
}

#[tokio::test]
async fn all_windows_of_a_growing_text_are_seen_and_kept() {
    let encoder = encoder(&BARE, 4, 1000);
    let text = long_text();
    let seen = one(&encoder, &text, 1000).await;
    assert_eq!(seen.unread, 0);
    assert!(seen.windows.windows(2).all(|two| two[0].range.start < two[1].range.start));
    assert!(seen.windows.iter().skip(1).all(|window| window.range.len() <= 768));
    assert_eq!(seen.windows[0].embedding, BARE.embed(&text).unwrap(), "the head as routing reads it");
    let first = encoded(&encoder);
    assert_eq!(first, seen.windows.len() as u64);

    let grown = one(&encoder, &format!("{text}Thank you!"), 1000).await;
    assert!(encoded(&encoder) <= first + 2, "only what is new at the end");
    let shared = seen.windows.len() - 2;
    assert_eq!(grown.windows[..shared], seen.windows[..shared]);
}

#[tokio::test]
async fn what_does_not_fit_is_left_unread() {
    let encoder = encoder(&BARE, 4, 0);
    let text = long_text();
    let all = one(&encoder, &text, 1000).await.windows;
    let few = one(&encoder, &text, 3).await;
    assert_eq!(few.windows, all[..3]);
    assert_eq!(few.unread, text[few.windows[2].range.end..].trim().len());
    assert!(!few.meaning.unwrap().is_whole);
    let none = one(&encoder, &text, 0).await;
    assert_eq!((none.windows, none.unread, none.meaning), (vec![], text.trim_end().len(), None));
}

#[tokio::test]
async fn the_routed_text_is_read_before_the_others_and_those_in_their_order() {
    let encoder = encoder(&BARE, 4, 0);
    let long = long_text();
    let other = |text| Text { text, is_routed: false };
    let texts = [other("the first"), other(&long), other(" \n"), other("the last"), routed(&long[..3000])];
    let windows = async |at_most| -> Vec<usize> {
        let seen = encoder.examine(&texts, at_most, soon()).await.unwrap();
        let unread = seen.iter().zip(&texts).filter(|(seen, _)| seen.windows.is_empty());
        assert!(unread.into_iter().all(|(seen, Text { text, .. })| seen.unread == text.trim().len()));
        seen.iter().map(|seen| seen.windows.len()).collect()
    };
    let [_, second, _, _, routed] = windows(1000).await[..] else { panic!() };
    assert_eq!(windows(routed).await, [0, 0, 0, 0, routed]);
    assert_eq!(windows(routed + 1).await, [1, 0, 0, 0, routed]);
    assert_eq!(windows(routed + 3).await, [1, 2, 0, 0, routed]);
    assert_eq!(windows(routed + 1 + second + 1).await, [1, second, 0, 1, routed], "white space takes none");
    assert_eq!(encoder.examine(&[], 9, soon()).await, Ok(vec![]));
}

#[tokio::test]
async fn what_is_not_read_in_time_is_a_timeout_unless_it_is_remembered() {
    let encoder = encoder(&BARE, 4, 100);
    let text = "a short text";
    let late = Instant::now();
    assert_eq!(encoder.examine(&[routed(text)], 9, late).await, Err(EncodeError::Timeout));
    let in_time = one(&encoder, text, 9).await;
    assert_eq!(encoder.examine(&[routed(text)], 9, late).await, Ok(vec![in_time]));
}

#[tokio::test]
async fn a_request_is_let_in_once_and_others_pass_its_further_windows() {
    let encoder = encoder(&BARE, 4, 0);
    let text = "My printer is out of ink again. ".repeat(3000);
    let long = tokio::spawn({
        let (encoder, text) = (Arc::clone(&encoder), text.clone());
        async move { one(&encoder, &text, 100).await }
    });
    // It has its head read, and more waits than the four places that there are.
    while encoder.depth() < 90 {
        tokio::task::yield_now().await;
    }
    assert!(encoder.embed("a short prompt").await.is_ok(), "there is room for others");
    assert!(!long.is_finished() && encoder.depth() > 0, "they need not wait for all of it");
    assert_eq!(long.await.unwrap().windows.len(), 100);
}

#[tokio::test]
async fn only_requests_are_asked_for_names() {
    let encoder = encoder(&WITH_HEAD, 4, 100);
    assert!(encoder.read_head("Anna").await.unwrap().spans.is_empty(), "an embedding is all that was asked for");
    let embedding = encoder.embed("Anna").await.unwrap().embedding;
    let seen = one(&encoder, "Anna", 9).await;
    assert_eq!((seen.windows[0].spans.len(), &seen.windows[0].embedding), (1, &embedding));
    assert_eq!(encoded(&encoder), 2, "who asked for the meaning first left the names as well");
}

#[test]
fn a_head_that_does_not_go_with_the_model_is_refused_and_the_model_given_back() {
    let refused = |model: Model, file: &HeadFile| {
        let refused = model.with_token_head(head(file)).unwrap_err();
        assert!(!refused.model.has_token_head());
        assert!(refused.model.embed("still there").is_ok());
        (*refused.model, refused.reason)
    };
    let (trained, name) = ("other".to_owned(), "all-MiniLM-L6-v2".to_owned());
    let (model, reason) = refused(load(Precision::Int8), &HeadFile::shipped().with("encoder", "other"));
    assert_eq!(reason, Misfit::Encoder { trained, model: name.clone() });
    let (model, reason) = refused(model, &HeadFile::new(&name, 380, &[6]));
    assert_eq!(reason, Misfit::States(name.clone()));
    let (model, reason) = refused(model, &HeadFile::new(&name, 384, &[7]));
    assert_eq!(reason, Misfit::States(name.clone()));
    assert!(model.with_token_head(head(&HeadFile::new(&name, 384, &[0]))).unwrap().has_token_head());
    assert_eq!(refused(load(Precision::F32), &HeadFile::shipped()).1, Misfit::Precision);
    assert!(WITH_HEAD.has_token_head() && !BARE.has_token_head());
}

#[test]
fn a_file_that_is_no_head_says_what_is_wrong() {
    let why = |bytes: &[u8]| TokenHead::load(bytes).unwrap_err().to_string();
    let told = |file: HeadFile, parts: &[&str]| {
        let why = why(&file.bytes());
        assert!(parts.iter().all(|part| why.contains(part)), "{why}");
    };
    assert!(why(b"no head").contains("safetensors"));
    for key in ["encoder", "layers", "labels", "surface", "form"] {
        let mut file = HeadFile::shipped();
        file.metadata.remove(key);
        told(file, &[key, "nothing"]);
    }
    told(HeadFile::shipped().with("form", "2"), &["form", "\"2\"", "\"1\""]);
    told(HeadFile::shipped().with("layers", "[1, 2, 3, 4, 5]"), &["hidden.weight"]);
    told(HeadFile::shipped().with("layers", "[]"), &["hidden.weight"]);
    told(HeadFile::shipped().with("labels", r#"["O", "B-PERSON"]"#), &["labels"]);
    told(HeadFile::shipped().with("bias", r#"{"PEOPLE": 1}"#), &["bias", "PEOPLE"]);
    told(HeadFile::shipped().with("bias.PERSON", "1"), &["bias"]);
    let changed = |change: fn(&mut HeadFile)| {
        let mut file = HeadFile::shipped();
        change(&mut file);
        file
    };
    told(changed(|file| file.tensors[1].0 = "hidden.shift"), &["hidden.shift"]);
    told(changed(|file| drop(file.tensors.pop())), &["hidden.bias, hidden.weight, output.weight"]);
    told(changed(|file| file.tensors[0].1 = Dtype::F32), &["hidden.weight", "F32[4, 784]", "F16[4, 784]"]);
    told(changed(|file| file.tensors[3].3[0] = f32::NAN), &["no number"]);
    told(changed(|file| file.tensors[2].2 = vec![4, 9]), &["output.weight", "[4, 9]", "[9, 4]"]);
}

#[tokio::test]
async fn a_bias_holds_a_type_of_names_back() {
    let file = HeadFile::shipped().with("bias", r#"{"PERSON": 9.5, "ADDRESS": -1}"#);
    let model = Arc::new(load(Precision::Int8).with_token_head(head(&file)).unwrap());
    let text = "Anna lives at 5";
    assert_eq!(named(text, &one(&encoder(&model, 4, 0), text, 9).await), [("5", TokenLabel::Address)]);
}

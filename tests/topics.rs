//! The signals that networks tell of a prompt's meaning: how often the heads that ship are right, on questions that were kept
//! apart from training, and how well examples tell hard prompts from easy ones. `--nocapture` shows the figures.
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use pointsman::embed::{Embedding, Encoder, Model, Precision, Settings, locate};
use pointsman::route::signal::{Contrast, DOMAINS, INTENTS};
use pointsman::route::topics::{self, Head};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// A labelled text of one of the sets.
#[derive(Debug, Clone, Deserialize)]
struct Question {
    text: String,
    label: String,
    /// Which part of the set it belongs to.
    source: String,
}

/// As the program embeds by default.
static ENCODER: LazyLock<Arc<Encoder>> = LazyLock::new(|| {
    let dir = locate(&format!("sentence-transformers/{}", topics::ENCODER), Some(&root().join("models"))).unwrap();
    let model = Arc::new(Model::load(&dir, Precision::Int8).unwrap());
    let threads = available_parallelism().unwrap().get();
    Encoder::start(model, Settings { threads, queue: 1, timeout: Duration::ZERO, windows: 1, memo: 0 })
});

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn questions(set: &str) -> Vec<Question> {
    let file = std::fs::read_to_string(root().join(format!("tests/data/topics/{set}.jsonl"))).unwrap();
    file.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn embed(questions: &[Question]) -> Vec<Embedding> {
    let texts: Vec<&str> = questions.iter().map(|question| question.text.as_str()).collect();
    ENCODER.embed_all(&texts).into_iter().map(Result::unwrap).collect()
}

/// How often `head` is right, by part of the set; with all of it under "all".
fn accuracy(head: &Head, questions: &[Question]) -> BTreeMap<String, f64> {
    let mut hits: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    for (question, embedding) in questions.iter().zip(embed(questions)) {
        let is_right = head.judge(&embedding).unwrap().name == question.label;
        for part in [question.source.as_str(), "all"] {
            hits.entry(part.into()).or_default().push(is_right);
        }
    }
    let share = |hits: Vec<bool>| hits.iter().filter(|hit| **hit).count() as f64 / hits.len() as f64;
    hits.into_iter().map(|(part, hits)| (part, share(hits))).collect()
}

#[test]
fn domain_is_right_on_seven_of_ten_questions_of_fourteen_subjects() {
    let questions = questions("domain");
    for label in DOMAINS {
        assert!(questions.iter().filter(|question| question.label == label).count() >= 20, "{label}");
    }
    let accuracy = accuracy(&topics::shipped().unwrap().domain, &questions);
    println!("domain, {} questions: {accuracy:.3?}", questions.len());
    for part in ["all", "own-exam", "own-user", "own-blind", "own-fresh"] {
        assert!(accuracy[part] >= 0.70, "{part}: {accuracy:?}");
    }
}

#[test]
fn intent_is_right_on_nineteen_of_twenty_prompts_of_math_coding_and_chat() {
    let all = questions("intent");
    assert!(all.iter().all(|question| INTENTS.contains(&question.label.as_str())));
    let (other, three): (Vec<_>, Vec<_>) = all.into_iter().partition(|question| question.label == "other");
    let head = &topics::shipped().unwrap().intent;
    let (of_three, of_other) = (accuracy(head, &three), accuracy(head, &other));
    println!("intent, {} prompts of three: {of_three:.3?}; {} of other: {of_other:.3?}", three.len(), other.len());
    assert!(of_three["all"] >= 0.95 && of_three["own-fresh"] >= 0.95, "{of_three:?}");
    // What is none of the three must not all be sent to them.
    assert!(of_other["all"] >= 0.80, "{of_other:?}");
}

#[test]
fn a_prompt_s_language_or_case_does_not_take_its_topic_away() {
    let topics = topics::shipped().unwrap();
    for (text, domain, intent) in [
        ("WRITE A PYTHON FUNCTION THAT SORTS A LIST OF NUMBERS", "computer science", "coding"),
        ("Wie leitet man f(x) = x^2 sin x ab?", "math", "math"),
        ("What were the main causes of the Thirty Years' War?", "history", "other"),
    ] {
        let question = Question { text: text.into(), label: domain.into(), source: String::new() };
        let embedding = embed(&[question]).remove(0);
        let (told, wanted) = (topics.domain.judge(&embedding).unwrap(), topics.intent.judge(&embedding).unwrap());
        assert_eq!((told.name, wanted.name), (domain, intent), "{text}: {told:?} {wanted:?}");
    }
}

#[test]
fn a_head_takes_microseconds() {
    let embedding = embed(&questions("domain")[..1]).remove(0);
    let domain = &topics::shipped().unwrap().domain;
    let mut times: Vec<Duration> = (0..1000)
        .map(|_| {
            let begun = Instant::now();
            std::hint::black_box(domain.judge(std::hint::black_box(&embedding)));
            begun.elapsed()
        })
        .collect();
    times.sort();
    println!("domain, given the embedding: {:?} at the median of 1,000", times[500]);
}

/// How often a hard prompt scores above an easy one.
fn auroc(hard: &[f64], easy: &[f64]) -> f64 {
    let wins = hard.iter().flat_map(|hard| easy.iter().map(move |easy| f64::from(hard > easy)));
    wins.sum::<f64>() / (hard.len() * easy.len()) as f64
}

#[test]
fn eight_examples_of_each_kind_tell_hard_prompts_from_easy_ones() {
    let questions = questions("complexity");
    let part = |source: &str, label: &str| -> Vec<Question> {
        questions.iter().filter(|question| question.source == source && question.label == label).cloned().collect()
    };
    let vectors = |of: &[Question]| embed(of).iter().map(|embedding| embedding.to_vec()).collect::<Vec<_>>();
    let (easy, hard) = (part("example", "easy"), part("example", "hard"));
    assert_eq!((easy.len(), hard.len()), (8, 8));
    let contrast = Contrast::new(vectors(&easy), vectors(&hard));
    let scores = |label: &str| -> Vec<f64> {
        vectors(&part("unseen", label)).iter().map(|embedding| contrast.of(embedding).unwrap()).collect()
    };
    let (easy, hard) = (scores("easy"), scores("hard"));
    let auroc = auroc(&hard, &easy);
    println!("complexity, 8 + 8 examples, {} + {} prompts: AUROC {auroc:.3}", easy.len(), hard.len());
    println!("easy {easy:.3?}\nhard {hard:.3?}");
    assert!(auroc >= 0.85, "{auroc}");
}

#[test]
fn the_card_is_of_the_heads_that_are_shipped() {
    let card = std::fs::read_to_string(root().join("models/train/topics/card.md")).unwrap();
    for head in ["domain", "intent"] {
        let head = std::fs::read(root().join(format!("models/topics/{head}.safetensors"))).unwrap();
        let digest: String = Sha256::digest(&head).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(card.contains(&digest), "{digest}");
        assert!(head.len() < 64 << 10, "{}", head.len());
    }
}

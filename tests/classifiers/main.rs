//! Tiny classifiers of each architecture against what PyTorch says (models/classifiers.py).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod edited;
mod labels;
mod refusals;
mod runner;

use std::path::{Path, PathBuf};

use edited::{Edited, stored_as};
use pointsman::guard::classifier::{Sequence, Token};
use pointsman::guard::finding::{Entity, Strength};
use serde_json::{Value, json};

const ARCHITECTURES: [&str; 3] = ["bert", "modernbert", "deberta-v2"];

/// Windows enough for all of any text here.
const ALL: usize = 1000;

fn folder_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/classifiers").join(name)
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The texts of a model, with what PyTorch says of each.
fn cases(name: &str) -> Vec<(String, Value)> {
    let text = |case: &Value| match &case["text"] {
        Value::String(text) => text.clone(),
        long => long["repeat"].as_str().unwrap().repeat(long["times"].as_u64().unwrap() as usize),
    };
    let reference = read(&folder_of(name).join("reference.json"));
    reference["cases"].as_array().unwrap().iter().map(|case| (text(case), case.clone())).collect()
}

fn is_near(ours: f32, theirs: f64, tolerance: f64) -> bool {
    (f64::from(ours) - theirs).abs() <= tolerance
}

/// Compares each label's probability, over all windows and over the first, with what PyTorch says; the windows are in
/// `key`.
fn assert_sequences(folder: &Path, name: &str, key: &str, tolerance: f64) {
    let config = read(&folder.join("config.json"));
    let mut compared = 0;
    for (id, label) in config["id2label"].as_object().unwrap() {
        let id: usize = id.parse().unwrap();
        let model = Sequence::load(folder, &[label.as_str().unwrap().into()]).unwrap();
        for (text, case) in cases(name) {
            let windows: Vec<f64> =
                case[key].as_array().unwrap().iter().map(|window| window[id].as_f64().unwrap()).collect();
            for at_most in [1, ALL] {
                let expected = windows.iter().take(at_most).fold(0.0, |most: f64, x| most.max(*x));
                let score = model.score(&text, at_most).unwrap();
                assert!(is_near(score.value, expected, tolerance), "{name} {label}: {score:?}, {expected} of {text:?}");
                assert_eq!(score.unread == 0, at_most == ALL || windows.len() <= at_most, "{name}: {text:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 20, "{name}: {compared}");
}

/// Compares what is found with what PyTorch's probabilities make of it.
fn assert_tokens(folder: &Path, name: &str, tolerance: f64) {
    let model = Token::load(folder, &[]).unwrap();
    let mut compared = 0;
    for (text, case) in cases(name) {
        let outcome = model.find(&text, ALL).unwrap();
        assert_eq!(outcome.unread, 0);
        let expected = case["findings"].as_array().unwrap();
        for (finding, expected) in outcome.value.iter().zip(expected) {
            let found = json!([finding.range.start, finding.range.end, finding.entity.name()]);
            assert_eq!(found.as_array().unwrap()[..], expected.as_array().unwrap()[..3], "{name}: {text:?}");
            assert!(
                is_near(finding.score, expected[3].as_f64().unwrap(), tolerance),
                "{name}: {finding:?}, {expected}"
            );
            assert!(text.get(finding.range.clone()).is_some() && finding.strength == Strength::Model);
            compared += 1;
        }
        assert_eq!(outcome.value.len(), expected.len(), "{name}: {text:?}");
    }
    assert!(compared > 50, "{name}: {compared}");
}

#[test]
fn every_sequence_classifier_gives_what_pytorch_gives() {
    for name in ARCHITECTURES.map(|name| format!("{name}-sequence")) {
        assert_sequences(&folder_of(&name), &name, "windows", 1e-4);
    }
}

#[test]
fn every_token_classifier_gives_what_pytorch_gives() {
    for name in ARCHITECTURES.map(|name| format!("{name}-token")) {
        assert_tokens(&folder_of(&name), &name, 1e-4);
    }
}

#[test]
fn weights_may_be_of_any_float() {
    // In bf16, of eight bits, they are nearly the same.
    for (dtype, tolerance) in [("F32", 1e-4), ("BF16", 0.1)] {
        let folder = Edited::new("bert-sequence").with_weights(|tensor| Some(stored_as(dtype, tensor)));
        assert_sequences(folder.path(), "bert-sequence", "windows", tolerance);
    }
    let integers = Edited::new("bert-sequence").with_weights(|tensor| Some(stored_as("I8", tensor)));
    let error = integers.error("sequence");
    assert!(error.contains("model.safetensors") && error.contains("I8"), "{error}");
}

#[test]
fn modernbert_pools_as_its_config_says() {
    for pooling in [json!("cls"), Value::Null] {
        let folder = Edited::new("modernbert-sequence").with_config("classifier_pooling", pooling);
        assert_sequences(folder.path(), "modernbert-sequence", "other", 1e-4);
    }
}

#[test]
fn modernbert_is_read_in_its_older_and_newer_words() {
    let name = "modernbert-sequence";
    let rope = |theta: f64| json!({"rope_type": "default", "rope_theta": theta});
    let older = Edited::new(name)
        .with_config("rope_parameters", Value::Null)
        .with_config("layer_types", Value::Null)
        .with_config("global_rope_theta", json!(160_000.0))
        .with_config("local_rope_theta", json!(10_000.0));
    assert_sequences(older.path(), name, "windows", 1e-4);
    let newer = Edited::new(name).with_config("global_attn_every_n_layers", Value::Null);
    assert_sequences(newer.path(), name, "windows", 1e-4);
    // They are read, not passed over.
    let scores = |folder: &Edited| {
        let model = Sequence::load(folder.path(), &[]).unwrap();
        cases(name).iter().map(|(text, _)| model.score(text, 1).unwrap().value).collect::<Vec<_>>()
    };
    for other in [
        Edited::new(name).with_config("rope_parameters", json!({"full_attention": rope(50.0)})),
        Edited::new(name).with_config("rope_parameters", json!({"sliding_attention": rope(50.0)})),
        Edited::new(name).with_config("rope_parameters", Value::Null).with_config("global_rope_theta", json!(50.0)),
        Edited::new(name).with_config("rope_parameters", Value::Null).with_config("local_rope_theta", json!(50.0)),
        Edited::new(name).with_config("layer_types", json!(vec!["full_attention"; 3])),
        Edited::new(name).with_config("local_attention", json!(2)),
        Edited::new(name).with_config("norm_eps", json!(0.1)),
    ] {
        let differs = |(ours, theirs): (&f32, &f32)| (ours - theirs).abs() > 1e-3;
        assert!(scores(&newer).iter().zip(&scores(&other)).any(differs), "{:?}", read(&other.file("config.json")));
    }
}

#[test]
fn several_labels_are_attacks_together() {
    let name = "modernbert-sequence";
    let model = Sequence::load(&folder_of(name), &[]).unwrap();
    for (text, case) in cases(name) {
        let windows = case["windows"].as_array().unwrap().iter();
        let expected = windows.map(|x| 1.0 - x[0].as_f64().unwrap()).fold(0.0, f64::max);
        assert!(is_near(model.score(&text, ALL).unwrap().value, expected, 1e-4), "{text:?}");
    }
}

#[test]
fn entities_are_what_the_operator_says() {
    let labels = ["O", "FIRSTNAME", "LASTNAME", "CITY", "SHOESIZE", "EMAIL", "PHONENUMBER"];
    let folder = Edited::new("modernbert-token").with_labels(&labels);
    let error = folder.error("token");
    for part in ["config.json", "SHOESIZE", "pii.labels"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(!error.contains("CITY"), "{error}");
    let size = Entity::Custom("SIZE".into());
    let said = [("shoesize".into(), Some(size.clone())), ("CITY".into(), None)];
    let model = Token::load(folder.path(), &said).unwrap();
    let (text, _) = cases("modernbert-token").pop().unwrap();
    let entities: Vec<Entity> = model.find(&text, ALL).unwrap().value.into_iter().map(|found| found.entity).collect();
    assert!(entities.contains(&size) && entities.contains(&Entity::Person));
    assert!(!entities.contains(&Entity::Location) && !entities.contains(&Entity::Address), "{entities:?}");
}

#[test]
fn what_no_window_holds_is_reported() {
    for name in ARCHITECTURES {
        let model = Token::load(&folder_of(&format!("{name}-token")), &[]).unwrap();
        let text = "the train to the north leaves at nine ".repeat(500);
        let mut last = text.trim().len() + 1;
        for at_most in 0..4 {
            let outcome = model.find(&text, at_most).unwrap();
            assert!(outcome.unread < last, "{name}: {} with {at_most} windows", outcome.unread);
            let read = text.trim_end().len() - outcome.unread;
            assert!(outcome.value.iter().all(|found| found.range.end <= read), "{name}");
            last = outcome.unread;
        }
        assert_eq!(model.find(&text, 0).unwrap().unread, text.trim().len());
        assert_eq!(model.find("  \n", 1).unwrap().unread, 0);
        // However many bytes come, what is tokenized is bounded.
        let endless = " ".repeat(1 << 20) + "Anna Weber";
        assert_eq!(model.find(&endless, 1).unwrap().unread, "Anna Weber".len(), "{name}");
    }
}

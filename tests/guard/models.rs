//! Classifiers of the operator's own. Those here have random weights: what they say of a text is in their references.

use std::path::Path;
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::echo::Echoing;

fn folder(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/classifiers").join(name).to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_classifier_judges_in_the_shipped_heads_place() {
    let guardrails = format!("jailbreak_detection: true, jailbreak: {{model: {:?}}}", folder("bert-sequence"));
    let stand = Echoing::with(&guardrails).await;
    let refused = stand.say("Hi, how are you?").await;
    assert_eq!((refused.status, refused.header("x-pointsman-jailbreak")), (400, "block"));
    assert_eq!(stand.say("a").await.status, 200);
    let strict =
        format!("jailbreak_detection: true, jailbreak: {{model: {:?}, threshold: 0.9}}", folder("bert-sequence"));
    assert_eq!(Echoing::with(&strict).await.say("Hi, how are you?").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_classifier_finds_names_in_the_shipped_heads_place() {
    let guardrails = format!("pii_masking: true, pii: {{model: {:?}, entities: [ORGANIZATION]}}", folder("bert-token"));
    let stand = Echoing::with(&guardrails).await;
    let answer = stand.say("a").await;
    assert_eq!((answer.header("x-pointsman-pii"), answer.said()), ("masked", "a".into()));
    assert!(stand.heard().starts_with("<ORGANIZATION_1_"), "{}", stand.heard());
}

#[test]
fn a_model_that_cannot_be_used_stops_the_start_and_says_why() {
    let start = |guardrails: String| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.yaml");
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let config = format!(
            "version: v1\nlisten: \"127.0.0.1:1\"\nmodels_dir: {models:?}\nbackends: [{{name: a, url: \"http://127.0.0.1:1/v1\", model: m}}]\nrouter: {{mode: \"off\"}}\nmiddleware: {{guardrails: {{{guardrails}}}}}\n"
        );
        std::fs::write(&path, config).unwrap();
        let output =
            Command::new(env!("CARGO_BIN_EXE_pointsman")).args(["serve", "--config"]).arg(&path).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = start(format!("jailbreak_detection: true, jailbreak: {{model: {:?}}}", folder("bert-token")));
    assert!(said.contains("guardrails.jailbreak.model") && said.contains("bert-token"), "{said}");
    let said = start(format!(
        "jailbreak_detection: true, jailbreak: {{model: {:?}, attack_labels: [NASTY]}}",
        folder("bert-sequence")
    ));
    assert!(said.contains("NASTY") && said.contains("INJECTION"), "{said}");
    let said = start("pii_masking: true, pii: {model: \"/nowhere\"}".into());
    assert!(said.contains("guardrails.pii.model") && said.contains("/nowhere"), "{said}");
}

#[test]
fn the_cards_are_of_the_heads_that_are_shipped() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let mut bytes = 0;
    for (head, card) in [("jailbreak", "jailbreak"), ("tokens", "names")] {
        let head = std::fs::read(models.join(format!("guard/{head}.safetensors"))).unwrap();
        let digest: String = Sha256::digest(&head).iter().map(|byte| format!("{byte:02x}")).collect();
        let card = std::fs::read_to_string(models.join(format!("train/{card}/card.md"))).unwrap();
        assert!(card.contains(&digest), "{digest}");
        bytes += head.len();
    }
    assert!(bytes < 2 << 20, "{bytes}");
}

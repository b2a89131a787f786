//! The three classifiers, as a user meets them: what they decide, how well, and what a reload makes of them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use reqwest::Client;
use serde_json::{Value, json};
use support::clinc::{Clinc, Labelled};
use support::{Child, Router, eventually};

const REFERENCE: &str = include_str!("../conf/reasoning-budget.yaml");
const AUTO: &str = "  classifier: auto\n";
const NEAREST: &str = "  classifier: nearest\n";

/// Runs `pointsman COMMAND --config FILE ARGS`, where the file holds `config`.
fn pointsman(command: &str, config: &str, args: &[&str], input: &str) -> Output {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(config.as_bytes()).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_pointsman"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([command, "--config"])
        .arg(file.path())
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// What `pointsman route --json` says of each text.
fn routed(config: &str, texts: &[&str]) -> Vec<Value> {
    let input: String = texts.iter().map(|text| json!({ "text": text }).to_string() + "\n").collect();
    let output = pointsman("route", config, &["--json"], &input);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    str::from_utf8(&output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What `pointsman eval --json` says of the excerpt's prompts.
fn evaluated(clinc: &Clinc, router: &str, route: &str) -> Value {
    let mut prompts = tempfile::NamedTempFile::new().unwrap();
    for Labelled { text, route } in &clinc.prompts {
        writeln!(prompts, "{}", json!({ "text": text, "route": route })).unwrap();
    }
    let config = format!("version: v1\n{}", clinc.config("http://127.0.0.1:1/v1", router, route));
    let output = pointsman("eval", &config, &["--json", prompts.path().to_str().unwrap()], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What the running router says of a text.
async fn explained(router: &Router, text: &str) -> Value {
    let request = Client::new().post(router.admin("/route")).json(&json!({ "text": text }));
    request.send().await.unwrap().json().await.unwrap()
}

/// The route that serves a chat's request.
async fn served(router: &Router, text: &str) -> Value {
    let body = json!({ "messages": [{ "role": "user", "content": text }] });
    let response = Client::new().post(router.at("/v1/chat/completions")).json(&body).send().await.unwrap();
    assert_eq!(response.status(), 200, "{text}");
    match response.headers()["x-pointsman-route"].to_str().unwrap() {
        "default" => Value::Null,
        route => json!(route),
    }
}

#[tokio::test]
async fn a_reload_from_nearest_to_auto_and_back_decides_otherwise_without_a_restart() {
    let (clinc, sim) = (Clinc::of(10), Child::sim(&["--model", "m", "--model", "n"]));
    let config = |router: &str| clinc.config(&format!("{}/v1", sim.url), router, "");
    let router = Router::start(&config(NEAREST));
    let known: Vec<&str> =
        clinc.prompts.iter().filter(|prompt| prompt.route.is_some()).map(|prompt| prompt.text.as_str()).collect();
    let mut decided = Vec::new();
    for (classifier, scale) in [("nearest", "cosine"), ("auto", "chance"), ("nearest", "cosine")] {
        router.change_to(&config(&format!("  classifier: {classifier}\n"))).await;
        let mut routes = Vec::new();
        for text in &known {
            let explained = explained(&router, text).await;
            assert_eq!((&explained["classifier"], &explained["scale"]), (&json!(classifier), &json!(scale)));
            routes.push(explained["route"].clone());
        }
        decided.push(routes);
        let differing = decided[0].iter().zip(decided.last().unwrap()).position(|(first, last)| first != last);
        let sample = differing.unwrap_or(0);
        assert_eq!(served(&router, known[sample]).await, decided.last().unwrap()[sample], "{classifier}");
    }
    let differing = decided[0].iter().zip(&decided[1]).filter(|(nearest, auto)| nearest != auto).count();
    assert!(differing > 0, "auto decides as nearest does");
    assert_eq!(decided[0], decided[2]);
}

#[tokio::test]
async fn a_threshold_by_the_samples_refuses_what_belongs_nowhere() {
    let (clinc, sim) = (Clinc::of(10), Child::sim(&["--model", "m", "--model", "n"]));
    let router = Router::start(&clinc.config(&format!("{}/v1", sim.url), "", ", threshold: auto"));
    for (text, route) in [
        ("what is my checking account balance", json!("banking")),
        ("how many vacation days do i have left", json!("work")),
        ("book me a flight to denver", json!("travel")),
        ("who is the coach of the chicago bulls", Value::Null),
        ("how do black holes evaporate", Value::Null),
    ] {
        let explained = explained(&router, text).await;
        assert_eq!(explained["route"], route, "{text}: {explained}");
        assert_eq!(served(&router, text).await, route, "{text}");
        assert_eq!((&explained["classifier"], &explained["scale"]), (&json!("auto"), &json!("chance")));
        let thresholds = explained["thresholds"].as_object().unwrap();
        assert!(thresholds.values().all(|least| least.as_f64().is_some_and(|least| (0.0..1.0).contains(&least))));
        let score = explained["score"].as_f64().unwrap();
        match route.as_str() {
            Some(route) => {
                assert_eq!(explained["scores"][route], explained["score"], "{explained}");
                assert!(score >= thresholds[route].as_f64().unwrap(), "{explained}");
            }
            None => assert!(explained["out_of_scope"].as_f64().unwrap() > 0.5, "{explained}"),
        }
    }
}

#[tokio::test]
async fn a_reload_that_leaves_the_samples_alone_learns_nothing_anew() {
    let (clinc, sim) = (Clinc::of(10), Child::sim(&["--model", "m", "--model", "n"]));
    let config = |route: &str| clinc.config(&format!("{}/v1", sim.url), AUTO, route) + "log: {level: debug}\n";
    let router = Router::start(&config(""));
    let fits = || router.log().matches("Fitted the classifier").count();
    router.change_to(&config(", threshold: 0.99999")).await;
    router.logs("Config reloaded").await;
    assert_eq!(fits(), 1);
    assert_eq!(explained(&router, "who coaches the chicago bulls").await["route"], Value::Null, "the threshold is new");
    router.change_to(&config("").replace("oil changes are typical done how often", "how often is oil changed")).await;
    eventually("a second fit", || async { (fits() == 2).then_some(()) }).await;
}

#[test]
fn auto_is_right_more_often_than_nearest_and_knows_how_often() {
    let clinc = Clinc::read();
    let (auto, nearest) = (evaluated(&clinc, "", ""), evaluated(&clinc, NEAREST, ""));
    let number = |report: &Value, pointer: &str| report.pointer(pointer).and_then(Value::as_f64).unwrap();
    assert_eq!((&auto["classifier"], &auto["scale"]), (&json!("auto"), &json!("chance")));
    assert_eq!((&nearest["classifier"], &nearest["scale"]), (&json!("nearest"), &json!("cosine")));
    let figures = format!("{} {}\n{} {}", auto["in_scope"], auto["auroc"], nearest["in_scope"], nearest["auroc"]);
    println!("{figures}\n{}", auto["reliability"]);
    let accuracy = "/in_scope/accuracy";
    assert!(number(&auto, accuracy) > number(&nearest, accuracy) && number(&auto, accuracy) >= 0.82, "{figures}");
    assert!(number(&auto, "/auroc") >= 0.9, "{figures}");
    assert!(number(&auto, "/reliability/error") < 0.15, "{}", auto["reliability"]);
    let bins = auto["reliability"]["bins"].as_array().unwrap();
    let counted: u64 = bins.iter().map(|bin| bin["n"].as_u64().unwrap()).sum();
    assert_eq!(counted as usize, clinc.prompts.len());
    assert_eq!(nearest["reliability"], Value::Null, "a cosine is no chance");
    assert_eq!((&auto["out_of_scope"]["n"], &auto["out_of_scope"]["accuracy"]), (&json!(60), &json!(0.0)));
    let refusing = evaluated(&clinc, "", ", threshold: auto");
    assert!(number(&refusing, "/out_of_scope/accuracy") > 0.6, "{refusing}");
    assert!(number(&refusing, accuracy) > 0.65 && number(&refusing, "/accuracy") > number(&auto, "/accuracy"));
    assert_eq!(refusing["auroc"], auto["auroc"], "what is learnt is the same each time");
}

#[test]
fn the_reference_config_means_what_it_did() {
    let texts =
        ["Tell me a joke.", "Good morning!", "My C program dumps core in malloc.", "Cement exports of Paraguay", ""];
    let classified = |classifier: &str| REFERENCE.replace("router:\n", &format!("router:\n{classifier}"));
    let answers = routed(REFERENCE, &texts);
    // With so few samples each is the nearest.
    for classifier in [NEAREST, AUTO, "  classifier: trained\n"] {
        assert_eq!(routed(&classified(classifier), &texts), answers, "{classifier}");
    }
    for answer in &answers {
        assert_eq!((&answer["classifier"], &answer["scale"]), (&json!("nearest"), &json!("cosine")));
        assert_eq!(answer["thresholds"], json!({ "chitchat": null, "complex-tasks": null }));
    }
    assert_eq!(answers[0]["route"], "chitchat");
    assert!(answers[0]["score"].as_f64().unwrap() > 0.999, "a sample's own cosine: {}", answers[0]);
    assert!(answers[0]["out_of_scope"].as_f64().unwrap() < 0.001, "{}", answers[0]);
    assert_eq!((&answers[4]["route"], &answers[4]["out_of_scope"]), (&Value::Null, &Value::Null), "nothing to compare");
}

#[test]
fn numbers_that_were_chosen_as_cosines_remain_cosines() {
    let clinc = Clinc::read();
    let config =
        |router: &str| format!("version: v1\n{}", clinc.config("http://127.0.0.1:1/v1", router, ", threshold: 0.4"));
    let text = ["how do i book a flight"];
    let (unsaid, nearest, auto) =
        (routed(&config(""), &text), routed(&config(NEAREST), &text), routed(&config(AUTO), &text));
    assert_eq!(unsaid, nearest);
    assert_eq!((&unsaid[0]["scale"], &auto[0]["scale"]), (&json!("cosine"), &json!("chance")));
    let people = pointsman("route", &config(AUTO), &text, "");
    let people = String::from_utf8(people.stdout).unwrap();
    assert!(people.starts_with("Route travel to backend known: it is the likeliest\n*"), "{people}");
    assert!(people.contains("travel, threshold 0.400, nearest sample \""), "{people}");
    assert!(
        people.lines().last().unwrap().starts_with("Classifier auto: scores are chances; out of scope 0."),
        "{people}"
    );
}

#[tokio::test]
async fn a_head_that_has_too_few_samples_is_warned_of_and_the_nearest_serves() {
    let sim = Child::sim(&[]);
    let config = REFERENCE
        .replace("version: \"v1\"", "")
        .replace("http://vllm-small:8000", &sim.url)
        .replace("http://vllm-large:8000", &sim.url)
        .replace("router:\n", "router:\n  classifier: trained\n");
    let router = Router::start(&config);
    let told = "router.classifier: \"trained\" needs two routes of five different samples at least";
    assert_eq!(router.log().matches(told).count(), 1, "{}", router.log());
    let explained = explained(&router, "Tell me a joke.").await;
    assert_eq!((&explained["route"], &explained["classifier"]), (&json!("chitchat"), &json!("nearest")));
}

#[tokio::test]
async fn what_was_said_before_changes_no_score_of_the_last_message() {
    let (clinc, sim) = (Clinc::of(10), Child::sim(&["--model", "m", "--model", "n"]));
    let config = clinc.config(&format!("{}/v1", sim.url), "", ", threshold: auto");
    // A rule, beside which long bodies are read ahead.
    let router = Router::start(
        &config.replace("  routes:\n", "  routes:\n    - {name: rule, backend: known, when: {header: {x-a: b}}}\n"),
    );
    for text in ["what is my checking account balance", "how many vacation days do i have left"] {
        let alone = explained(&router, text).await;
        let long = json!({ "messages": [
            { "role": "user", "content": "Tell me all about it." },
            { "role": "assistant", "content": "There is much to tell. ".repeat(3000) },
            { "role": "user", "content": text },
        ] });
        let request = Client::new().post(router.admin("/route")).json(&long);
        let behind: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!((&alone["route"], &alone["score"]), (&behind["route"], &behind["score"]));
        let route = alone["route"].as_str().unwrap();
        assert_eq!(behind["score"], behind["scores"][route], "what is told is what decided");
    }
}

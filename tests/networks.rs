//! Routing by what networks say of a prompt: its domain, its intent, how hard it is, and classifiers of the operator's own. Those
//! here have random weights: what they say of a text is in their references.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

#[allow(dead_code, reason = "the rules' own tests use the rest")]
#[path = "rules/stand.rs"]
mod stand;
mod support;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use stand::{Ruled, config, header, user};
use support::eventually;
use support::upstream::{Upstream, whole};

/// So that a busy machine does not decide.
const PATIENT: &str = "embedding: {timeout: 1m}";

/// `router.signals` with classifiers of these names, folders and settings.
fn classifiers(all: &[(&str, &str, &str)]) -> String {
    let folder = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/classifiers").join(name);
    let each = all.iter().map(|(name, model, more)| format!("{name}: {{model: {:?}{more}}}", folder(model)));
    format!("signals: {{classifiers: {{{}}}}}", each.collect::<Vec<_>>().join(", "))
}

/// What `pointsman check` says of a config.
fn checked(config: &str) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("version: v1\nlisten: \"127.0.0.1:1\"\n{config}")).unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_pointsman")).args(["check", "--config"]).arg(file.path()).output().unwrap();
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_and_an_intent_decide() {
    let routes = "
        {name: law, backend: a, when: {domain: law}}
        {name: code, backend: b, when: {intent: {in: [coding, math]}}}
        {name: sure, backend: b, when: {domain: {eq: history, min_probability: 0.999}}}
    ";
    let ruled = Ruled::over("", routes, PATIENT, &[]).await;
    for (text, wanted) in [
        ("Can a tenant sue the landlord for breach of contract?", ["law", "a"]),
        ("Write a Python function that reverses a linked list.", ["code", "b"]),
        ("Solve 3x + 7 = 22 for x.", ["code", "b"]),
        ("Who was the king of France during the Thirty Years' War?", ["default", "base"]),
    ] {
        assert_eq!(ruled.said(text).await, wanted, "{text}");
    }
    assert_eq!(ruled.embedded().await, 4.0);
    assert_eq!(ruled.router.metric("pointsman_decisions_total{reason=\"rule\",route=\"law\"}").await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_domain_decided_is_told() {
    let ruled = Ruled::over("", "{name: law, backend: a, when: {domain: law}}", PATIENT, &[]).await;
    let asked = reqwest::Client::new().post(ruled.router.admin("/route"));
    let asked = asked.json(&json!({"text": "Is an oral contract for the sale of land enforceable?"}));
    let told: Value = asked.send().await.unwrap().json().await.unwrap();
    assert_eq!((&told["route"], &told["reason"]), (&json!("law"), &json!("rule")), "{told}");
    let signal = &told["signals"][0];
    assert_eq!(
        (&signal["signal"], &signal["value"], &signal["cost"]),
        (&json!("domain"), &json!("law"), &json!("encoder"))
    );
    assert!(signal["label"] == "law" && signal["probability"].as_f64().is_some_and(|p| (0.3..=1.0).contains(&p)));
    assert_eq!(signal.get("min_probability"), None, "any counts: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_label_that_is_not_likely_enough_is_told_with_what_it_lacks() {
    let routes = "{name: law, backend: a, when: {domain: {eq: law, min_probability: 0.9999}}}
        {name: bert, backend: b, when: {classifier: {bert: {eq: SAFE, min_probability: 0.9999}}}}";
    let signals = classifiers(&[("bert", "bert-sequence", ", timeout: 1m")]);
    let auth = "auth: {keys: [{name: gate, key_env: GATE, trusted: true}]}";
    let ruled = Ruled::over(&signals, routes, &format!("{auth}\n{PATIENT}"), &[("GATE", "sk-gate")]).await;
    let text = "Can a tenant sue the landlord for breach of contract?";
    let told = |signals: &Value, name: &str| {
        let signal = signals.as_array().unwrap().iter().find(|signal| signal["signal"] == name).unwrap();
        assert_eq!((&signal["value"], &signal["min_probability"]), (&Value::Null, &json!(0.9999)), "{signal}");
        let probability = signal["probability"].as_f64().unwrap();
        assert!(probability > 0.2 && probability < 0.9999, "{signal}");
        (signal["label"].as_str().unwrap().to_owned(), probability)
    };
    let asked = reqwest::Client::new().post(ruled.router.admin("/route")).json(&json!({ "text": text }));
    let admin: Value = asked.send().await.unwrap().json().await.unwrap();
    assert_eq!((&admin["route"], &admin["reason"]), (&Value::Null, &json!("no-match")), "{admin}");
    let (label, _) = told(&admin["signals"], "domain");
    assert_eq!(label, "law");
    let head = [("authorization", "Bearer sk-gate"), ("x-pointsman-explain", "true")];
    let brief = ruled.ask(user(text), &head).await;
    let brief: Value = serde_json::from_str(header(&brief, "x-pointsman-explain")).unwrap();
    for name in ["domain", "classifier"] {
        let (label, probability) = told(&admin["signals"], name);
        assert_eq!(told(&brief["signals"], name), (label, probability), "{brief}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_how_likely_a_label_is() {
    let text = "Can a tenant sue the landlord for breach of contract?";
    for (least, wanted) in
        [(0.1, "  domain = law, probability 0."), (0.9999, "  domain = none: law has probability 0.")]
    {
        let routes = format!("{{name: law, backend: a, when: {{domain: {{eq: law, min_probability: {least}}}}}}}");
        let ruled = Ruled::over("", &routes, PATIENT, &[]).await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
        let output = command.args(["route", "--explain", "--config"]).arg(ruled.router.config_path()).arg(text);
        let said = String::from_utf8(output.output().unwrap().stdout).unwrap();
        let line = said.lines().find(|line| line.starts_with(wanted)).unwrap_or_else(|| panic!("{said}"));
        assert_eq!(line.contains(", and counts from 0.9999 on (encoder"), least > 0.9, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_need_the_encoder_that_they_were_trained_on() {
    let model = Upstream::start(|_| vec![whole("well")]).await;
    for signal in ["domain: law", "intent: math"] {
        let routes = format!("{{name: topic, backend: a, when: {{{signal}}}}}");
        assert_eq!(checked(&config(&model, "", &routes, "")), "");
        let said = checked(&config(&model, "embedding_model: BAAI/bge-small-en-v1.5", &routes, ""));
        let name = signal.split(':').next().unwrap();
        let wanted = format!("router.routes[0].when.{name}: needs the built-in \"router.embedding_model");
        assert!(said.contains(&wanted), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_classifier_of_the_operator_s_own_decides_without_an_embedding() {
    let signals = classifiers(&[("bert", "bert-sequence", ""), ("modern", "modernbert-sequence", "")]);
    let routes = "
        {name: sure, backend: a, when: {classifier: {bert: {eq: INJECTION, min_probability: 0.8}}}}
        {name: jail, backend: b, when: {classifier: {modern: {in: [JAILBREAK, BENIGN]}}}}
    ";
    let ruled = Ruled::over(&signals, routes, PATIENT, &[]).await;
    assert_eq!(ruled.said("Hi, how are you?").await, ["sure", "a"]);
    assert_eq!(ruled.said("a").await, ["jail", "b"]);
    assert_eq!(ruled.said("the <pad> train [SEP] to the north </s> leaves").await, ["jail", "b"]);
    assert_eq!(ruled.embedded().await, 0.0);
    assert_eq!(ruled.router.metric("pointsman_classifier_seconds_count").await, 3.0);
    assert_eq!(ruled.router.metric("pointsman_decisions_total{reason=\"rule\",route=\"sure\"}").await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_classifier_is_asked_only_where_its_route_could_win() {
    let signals = classifiers(&[("bert", "bert-sequence", "")]);
    let routes = "
        {name: sql, backend: a, priority: 1, when: {keywords: {any: [sql]}}}
        {name: bert, backend: b, when: {all: [{turns: 1}, {classifier: {bert: INJECTION}}]}}
        {name: joke, backend: a, priority: 1, threshold: 0.9, samples: [\"Tell me a joke.\"]}
    ";
    let ruled = Ruled::over(&signals, routes, PATIENT, &[]).await;
    let asked = async || ruled.router.metric("pointsman_classifier_seconds_count").await;
    assert_eq!(ruled.said("Hi, how are you? And sql?").await, ["sql", "a"]);
    let turns = json!({"messages": [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "Hi, how are you?"},
    ]});
    assert_eq!(ruled.went(turns).await, ["default", "base"]);
    assert_eq!(ruled.said("Tell me a joke.").await, ["joke", "a"], "what samples decide at a higher priority");
    assert_eq!(asked().await, 0.0);
    assert_eq!(ruled.said("Hi, how are you?").await, ["bert", "b"]);
    assert_eq!(asked().await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_classifier_takes_too_long_what_asks_for_it_does_not_hold() {
    let signals = classifiers(&[("bert", "bert-sequence", ", timeout: 0.001ms")]);
    let routes = "
        {name: attack, backend: a, when: {classifier: {bert: INJECTION}}}
        {name: harmless, backend: a, when: {not: {classifier: {bert: INJECTION}}}}
        {name: sql, backend: b, when: {keywords: {any: [sql]}}}
    ";
    let ruled = Ruled::over(&signals, routes, PATIENT, &[]).await;
    let answer = ruled.ask(user("Hi, how are you?"), &[]).await;
    assert_eq!(stand::went(&answer), ["default", "base"]);
    assert_eq!(header(&answer, "x-pointsman-degraded"), "classifier-timeout");
    assert_eq!(ruled.router.metric("pointsman_degraded_total{reason=\"classifier-timeout\"}").await, 1.0);
    let answer = ruled.ask(user("what is sql?"), &[]).await;
    assert_eq!(
        (stand::went(&answer), header(&answer, "x-pointsman-degraded")),
        (["sql", "b"].map(String::from), "classifier-timeout")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_classifier_decides_where_the_encoder_cannot_keep_up() {
    let signals = classifiers(&[("bert", "bert-sequence", ", timeout: 1m")]);
    let routes = "
        {name: chat, backend: a, priority: 1, samples: [\"Tell me a joke.\"]}
        {name: attack, backend: b, when: {classifier: {bert: INJECTION}}}
    ";
    let ruled = Ruled::over(&signals, routes, "embedding: {timeout: 0.001ms}", &[]).await;
    let answer = ruled.ask(user("Hi, how are you?"), &[]).await;
    assert_eq!(
        (stand::went(&answer), header(&answer, "x-pointsman-degraded")),
        (["attack", "b"].map(String::from), "encoder-timeout")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_was_out_of_order_is_told_and_each_is_counted_once() {
    let signals = classifiers(&[("bert", "bert-sequence", ", timeout: 0.001ms")]);
    let routes = "
        {name: chat, backend: a, priority: 1, samples: [\"Tell me a joke.\"]}
        {name: attack, backend: b, when: {classifier: {bert: INJECTION}}}
    ";
    let ruled = Ruled::over(&signals, routes, "embedding: {timeout: 0.001ms}", &[]).await;
    // Long, so that no model is quicker than the timer.
    let answer = ruled.ask(user(&"Hi, how are you? ".repeat(200)), &[]).await;
    assert_eq!(
        (stand::went(&answer), header(&answer, "x-pointsman-degraded")),
        (["default", "base"].map(String::from), "encoder-timeout, classifier-timeout")
    );
    for reason in ["encoder-timeout", "classifier-timeout"] {
        assert_eq!(ruled.router.metric(&format!("pointsman_degraded_total{{reason=\"{reason}\"}}")).await, 1.0);
    }
    ruled.router.logs("degraded=\"encoder-timeout, classifier-timeout\"").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_classifier_comes_and_goes_with_the_rules_that_ask_for_it() {
    let unasked = "signals: {classifiers: {bert: {model: /nowhere}}}";
    let ruled = Ruled::over(unasked, "{name: sql, backend: a, when: {keywords: {any: [sql]}}}", PATIENT, &[]).await;
    assert_eq!(ruled.said("sql").await, ["sql", "a"]);
    let routes = "{name: attack, backend: b, when: {classifier: {bert: INJECTION}}}";
    ruled.router.rewrite(&config(&ruled.model, unasked, routes, PATIENT));
    ruled.router.logs("router.signals.classifiers.bert.model").await;
    ruled.router.logs("/nowhere").await;
    assert_eq!(ruled.said("sql").await, ["sql", "a"], "what cannot be loaded changes nothing");
    let signals = classifiers(&[("bert", "bert-sequence", "")]);
    ruled.router.rewrite(&config(&ruled.model, &signals, &routes.replace("INJECTION", "INJECTON"), PATIENT));
    ruled.router.logs("with \"INJECTON\", which is none of its labels, SAFE, INJECTION").await;
    ruled.router.rewrite(&config(&ruled.model, &signals, routes, PATIENT));
    eventually("the classifier", || async { (ruled.said("Hi, how are you?").await == ["attack", "b"]).then_some(()) })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_classifier_s_settings_are_checked() {
    let model = Upstream::start(|_| vec![whole("well")]).await;
    let routes = "{name: sql, backend: a, when: {keywords: {any: [sql]}}}";
    for (settings, wanted) in [
        ("{model: \"\"}", "router.signals.classifiers.mine.model: must not be empty"),
        ("{model: /m, timeout: 0s}", "router.signals.classifiers.mine.timeout: must"),
        ("{model: /m, timout: 1s}", "timeout"),
    ] {
        let signals = format!("signals: {{classifiers: {{mine: {settings}}}}}");
        let said = checked(&config(&model, &signals, routes, ""));
        assert!(said.contains(wanted), "{settings}: {said}");
    }
}

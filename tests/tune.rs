//! `pointsman tune`: thresholds that decide better on prompts that it has not seen, and samples that look wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use support::clinc::{Clinc, Labelled};

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).args(args);
    command
}

fn pointsman(args: &[&str]) -> Output {
    let output = command(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn json_of(args: &[&str]) -> Value {
    serde_json::from_slice(&pointsman(args).stdout).unwrap()
}

/// A folder with a config, and the excerpt's prompts in two halves.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(clinc: &Clinc, router: &str, route: &str) -> Self {
        let this = Self(tempfile::tempdir().unwrap());
        fs::write(this.path("config.yaml"), config(clinc, router, route)).unwrap();
        for half in 0..2 {
            let lines = clinc.prompts.iter().skip(half).step_by(2);
            let lines =
                lines.map(|Labelled { text, route }| json!({ "text": text, "route": route }).to_string() + "\n");
            fs::write(this.path(&format!("half{half}.jsonl")), lines.collect::<String>()).unwrap();
        }
        this
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// The share of right decisions on the half that was not tuned on.
    fn accuracy(&self) -> f64 {
        let report = json_of(&["eval", "--json", "--config", &self.path("config.yaml"), &self.path("half1.jsonl")]);
        report["accuracy"].as_f64().unwrap()
    }

    /// Gives each route the threshold that is proposed for it.
    fn adopt(&self, clinc: &Clinc, report: &Value) {
        let mut config = config(clinc, &format!("  classifier: {}\n", report["classifier"]), "");
        for route in report["routes"].as_array().unwrap() {
            let threshold = route["proposed"]["threshold"].as_f64().unwrap();
            let name = route["route"].as_str().unwrap();
            let unset = format!("{{name: {name}, backend: known,");
            assert!(config.contains(&unset));
            config = config.replace(&unset, &format!("{unset} threshold: {threshold:.3},"));
        }
        fs::write(self.path("config.yaml"), config).unwrap();
    }
}

fn config(clinc: &Clinc, router: &str, route: &str) -> String {
    format!("version: v1\n{}", clinc.config("http://127.0.0.1:1/v1", router, route))
}

#[test]
fn what_lines_propose_decides_better_on_others() {
    for classifier in ["", "  classifier: nearest\n"] {
        let clinc = Clinc::of(10);
        let folder = Folder::with(&clinc, classifier, "");
        let before = folder.accuracy();
        let (config, data) = (folder.path("config.yaml"), folder.path("half0.jsonl"));
        let written = fs::read(&config).unwrap();
        let report = json_of(&["tune", "--json", "--config", &config, "--data", &data]);
        assert_eq!(fs::read(&config).unwrap(), written, "the config is never written");
        assert_eq!(report["evidence"], json!({"by": "lines", "in_scope": 60, "out_of_scope": 30}));
        folder.adopt(&clinc, &report);
        let after = folder.accuracy();
        println!("{classifier:?}: {before} before, {after} after; {}", report["decisions"]);
        assert!(after > before + 0.05, "{before} before, {after} after");
    }
}

#[test]
fn what_samples_propose_decides_better_too() {
    let clinc = Clinc::of(10);
    let folder = Folder::with(&clinc, "", "");
    let before = folder.accuracy();
    let report = json_of(&["tune", "--json", "--config", &folder.path("config.yaml")]);
    assert_eq!(report["evidence"], json!({"by": "samples", "in_scope": 100, "out_of_scope": 100}));
    assert_eq!((&report["classifier"], &report["scale"]), (&json!("auto"), &json!("chance")));
    folder.adopt(&clinc, &report);
    let after = folder.accuracy();
    println!("{before} before, {after} after; {}", report["decisions"]);
    assert!(after > before + 0.05, "{before} before, {after} after");
    let again = json_of(&["tune", "--json", "--config", &folder.path("config.yaml")]);
    assert_eq!(again["routes"][0]["today"]["threshold"], report["routes"][0]["proposed"]["threshold"]);
    assert_eq!(again["decisions"]["proposed"], Value::Null, "nothing is better than what is in force");
    assert!(again["notes"][0].as_str().unwrap().contains("No thresholds are proposed"));
}

#[test]
fn samples_in_the_wrong_route_are_named() {
    let mut clinc = Clinc::of(10);
    let stray = clinc.samples["banking"][4].clone();
    clinc.samples.get_mut("travel").unwrap().push(stray.clone());
    clinc.samples.insert("tiny".into(), vec!["abracadabra".into()]);
    let misplaced = clinc.samples.get_mut("credit_cards").unwrap().pop().unwrap();
    clinc.samples.get_mut("home").unwrap().push(misplaced.clone());
    let folder = Folder::with(&clinc, "", "");
    let config = folder.path("config.yaml");
    let ruled = "    - {name: ruled, backend: known, when: {tools: true}}\n";
    fs::write(&config, fs::read_to_string(&config).unwrap() + ruled).unwrap();
    let report = json_of(&["tune", "--json", "--config", &config]);
    let suspects = report["samples"]["suspects"].as_array().unwrap();
    let suspect = |sample: &str, route: &str| {
        let of_route = |suspect: &&Value| suspect["sample"] == sample && suspect["route"] == route;
        suspects.iter().find(of_route).unwrap_or_else(|| panic!("{sample}: {suspects:?}"))
    };
    let conflicting = suspect(&stray, "travel");
    assert_eq!((&conflicting["likelier"], &conflicting["conflicts_with"]), (&json!("banking"), &json!(stray)));
    assert!(conflicting["likelier_score"].as_f64().unwrap() > conflicting["score"].as_f64().unwrap());
    assert_eq!(suspect(&misplaced, "home")["likelier"], "credit_cards", "{misplaced}");
    let twins = report["samples"]["twins"].as_array().unwrap();
    assert!(twins.iter().any(|pair| pair["samples"] == json!([stray, stray])
        && pair["routes"] == json!(["banking", "travel"])
        && pair["cosine"].as_f64().unwrap() > 0.999));
    assert_eq!(report["samples"]["few"], json!([{"route": "tiny", "samples": 1}]), "a rule alone takes no samples");
    let people = String::from_utf8(pointsman(&["tune", "--config", &config]).stdout).unwrap();
    assert!(people.contains(&format!("  {stray:?} of travel (")), "{people}");
    assert!(people.contains(&format!("; {stray:?} there says the same")), "{people}");
    assert!(people.contains("  tiny has 1 different samples") && !people.contains("ruled"), "{people}");
}

#[test]
fn people_get_lines_to_paste() {
    let clinc = Clinc::of(10);
    let folder = Folder::with(&clinc, "", ", threshold: 0.999");
    // Numbers are cosines unless something else is said.
    let (config, data) = (folder.path("config.yaml"), folder.path("half0.jsonl"));
    let report = json_of(&["tune", "--json", "--config", &config, "--data", &data]);
    assert_eq!((&report["classifier"], &report["scale"]), (&json!("nearest"), &json!("cosine")));
    let people = String::from_utf8(pointsman(&["tune", "--config", &config, "--data", &data]).stdout).unwrap();
    let yaml = people.split("\n\n").find(|part| part.starts_with("router:")).expect(&people);
    let yaml: Value = serde_yaml::from_str(yaml).unwrap();
    assert_eq!(yaml["router"]["classifier"], "nearest");
    let routes = yaml["router"]["routes"].as_array().unwrap();
    assert_eq!(routes.len(), 10);
    for (route, proposed) in routes.iter().zip(report["routes"].as_array().unwrap()) {
        assert_eq!(route["name"], proposed["route"]);
        let close = route["threshold"].as_f64().unwrap() - proposed["proposed"]["threshold"].as_f64().unwrap();
        assert!(close.abs() < 1e-6, "{route} {proposed}");
        assert!((proposed["today"]["threshold"].as_f64().unwrap() - 0.999).abs() < 1e-6);
        for state in ["today", "proposed"] {
            let keys: Vec<_> = proposed[state].as_object().unwrap().keys().cloned().collect();
            assert_eq!(keys, ["precision", "recall", "strangers", "threshold"]);
        }
    }
    let right = |state: &str| report["decisions"][state]["right"].as_f64().unwrap();
    assert!(right("proposed") > right("today") && report["decisions"]["kept_out"].as_f64().unwrap() > right("today"));
}

#[test]
fn no_threshold_is_sought_for_a_route_whose_rule_fails() {
    let clinc = Clinc::of(10);
    let folder = Folder::with(&clinc, "", ", when: {stream: true}");
    let data = folder.path("half0.jsonl");
    let report = json_of(&["tune", "--json", "--config", &folder.path("config.yaml"), "--data", &data]);
    assert_eq!(report["evidence"]["by"], "samples", "no score decided a line");
    let note = report["notes"][0].as_str().unwrap();
    assert!(note.starts_with("The file has 0 lines of a route and 0 of none"), "{note}");
}

#[test]
fn too_little_proposes_nothing_and_says_so() {
    let help = String::from_utf8(pointsman(&["tune", "--help"]).stdout).unwrap();
    assert!(help.contains("the most decisions are right") && help.contains("it takes 50 lines"), "{help}");
    let report = json_of(&["tune", "--json", "--config", "conf/reasoning-budget.yaml"]);
    assert_eq!(report["decisions"]["proposed"], Value::Null);
    assert!(report["routes"].as_array().unwrap().iter().all(|route| route["proposed"].is_null()));
    assert!(report["notes"][0].as_str().unwrap().contains("it takes 50"), "{report}");
    let few = tempfile::NamedTempFile::new().unwrap();
    let args = ["tune", "--config", "conf/reasoning-budget.yaml", "--data", few.path().to_str().unwrap()];
    let output = command(&args).output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "an empty file is no evidence");
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no labelled prompt"));
    fs::write(few.path(), "{\"text\": \"hi\", \"route\": \"chitchat\"}\n").unwrap();
    let data = few.path().to_str().unwrap();
    let report = json_of(&["tune", "--json", "--config", "conf/reasoning-budget.yaml", "--data", data]);
    assert_eq!(report["evidence"]["by"], "samples");
    assert!(
        report["notes"][0].as_str().unwrap().starts_with("The file has 1 lines of a route and 0 of none"),
        "{report}"
    );
}

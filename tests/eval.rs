//! `pointsman eval`, as a user meets it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

/// Runs `eval` on the reference config and a file that holds `data`.
fn eval(data: &str, args: &[&str]) -> Output {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(data.as_bytes()).unwrap();
    Command::new(env!("CARGO_BIN_EXE_pointsman"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .args(["eval", "--config", "conf/reasoning-budget.yaml"])
        .args(args)
        .arg(file.path())
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> &str {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    str::from_utf8(&output.stdout).unwrap()
}

/// Three right, one that its label calls wrong, and one for which no route is right.
fn labelled() -> String {
    [
        json!({"text": "Tell me a joke.", "route": "chitchat", "source": "ignored"}),
        json!({"text": "What is the weather?", "route": "chitchat"}),
        json!({"text": "Debug this segfault trace.", "route": "complex-tasks"}),
        json!({"text": "Hi, how are you?", "route": "complex-tasks"}),
        json!({"text": "Hi, how are you?", "route": null}),
    ]
    .map(|line| format!("{line}\n"))
    .concat()
}

#[test]
fn the_report_counts_what_was_routed() {
    let report: Value = serde_json::from_str(stdout(&eval(&labelled(), &["--json"]))).unwrap();
    assert_eq!((&report["n"], &report["accuracy"]), (&json!(5), &json!(0.6)));
    let confusion = json!({
        "chitchat": {"chitchat": 2},
        "complex-tasks": {"chitchat": 1, "complex-tasks": 1},
        "default": {"chitchat": 1},
    });
    assert_eq!(report["confusion"], confusion);
    let scores = json!({"n": 2, "precision": 0.5, "recall": 1.0, "f1": 2.0 / 3.0});
    assert_eq!(report["by_route"]["chitchat"], scores);
    assert_eq!(report["in_scope"], json!({"n": 4, "accuracy": 0.75}));
    assert_eq!(report["out_of_scope"], json!({"n": 1, "accuracy": 0.0}));
    assert!((0.0..=1.0).contains(&report["auroc"].as_f64().unwrap()), "{report}");
    assert_eq!((&report["classifier"], &report["scale"]), (&json!("nearest"), &json!("cosine")));
    assert_eq!(report["reliability"], Value::Null, "a cosine is no chance");
    assert_eq!(report["by_route"]["default"], json!({"n": 1, "precision": 0.0, "recall": 0.0, "f1": 0.0}));
}

#[test]
fn people_get_tables() {
    let output = eval(&labelled(), &[]);
    let report = stdout(&output);
    assert!(report.starts_with("5 prompts, accuracy 0.6000"), "{report}");
    assert!(report.contains("complex-tasks went to chitchat"), "{report}");
}

#[test]
fn a_prompt_without_text_is_right_where_no_route_is() {
    let report = eval("{\"text\": \" \", \"route\": null}\n", &["--json"]);
    let report: Value = serde_json::from_str(stdout(&report)).unwrap();
    assert_eq!((&report["accuracy"], &report["auroc"]), (&json!(1.0), &Value::Null));
}

#[test]
fn a_share_of_nothing_is_a_dash() {
    let output = eval("{\"text\": \"Tell me a joke.\", \"route\": null}\n", &[]);
    let report = stdout(&output);
    assert!(
        report.contains("\nin scope: 0 prompts, accuracy -\nout of scope: 1 prompts, accuracy 0.0000\n"),
        "{report}"
    );
    let row = |route: &str| -> Vec<&str> {
        let line = report.lines().find(|line| line.starts_with(&format!("{route} ")));
        line.unwrap_or_else(|| panic!("{report}")).split_whitespace().collect()
    };
    assert_eq!(row("chitchat"), ["chitchat", "0", "0.0000", "-", "0.0000"]);
    assert_eq!(row("default"), ["default", "1", "-", "0.0000", "0.0000"]);
}

#[test]
fn nothing_compared_is_off_by_nothing() {
    let ruled = "version: v1
backends: [{name: small, url: \"http://127.0.0.1:1/v1\", model: m}]
router:
  default_backend: small
  classifier: trained
  routes:
    - {name: b, backend: small, samples: [Hello, Hi, Hey, Good day, Good evening, Greetings, Hi there, Welcome]}
    - {name: c, backend: small, samples: [Buy it, Pay it, Sell it, Order it, Cancel it, Return it, Pack it, Send it]}
";
    let folder = tempfile::tempdir().unwrap();
    let paths = ["conf.yaml", "data.jsonl"].map(|name| folder.path().join(name));
    std::fs::write(&paths[0], ruled).unwrap();
    std::fs::write(&paths[1], "{\"text\": \" \", \"route\": null}\n").unwrap();
    for (args, wanted) in [(&[][..], "off by 0.0000 on average"), (&["--json"], "\"error\":0.0,")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
        command.current_dir(env!("CARGO_MANIFEST_DIR")).arg("eval").args(args).arg("--config").args(&paths);
        let output = command.output().unwrap();
        assert!(stdout(&output).contains(wanted), "{}", stdout(&output));
    }
}

#[test]
fn a_bad_line_is_named() {
    let bad_lines = [
        ("{\"text\": \"hi\", \"route\": \"chit-chat\"}", "chit-chat"),
        ("{\"text\": \"hi\"}", "route"),
        ("{\"route\": null}", "text"),
        ("hi", "expected value"),
    ];
    for (bad, reason) in bad_lines {
        let output = eval(&format!("{{\"text\": \"hi\", \"route\": null}}\n{bad}\n"), &["--json"]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty(), "{bad}");
        assert!(error.contains("line 2") && error.contains(reason), "{bad}: {error}");
        assert!(!error.contains("line 1"), "one place alone, that in the file: {error}");
    }
}

#[test]
fn a_file_without_a_labelled_line_is_an_error() {
    for empty in ["", "\n \n"] {
        for args in [&[][..], &["--json"]] {
            let output = eval(empty, args);
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success() && output.stdout.is_empty(), "{empty:?} {args:?}");
            assert!(error.contains("there is no labelled prompt; each line is to be {\"text\": "), "{error}");
        }
    }
}

#[test]
fn a_file_that_is_missing_is_an_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_pointsman"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .args(["eval", "--config", "conf/reasoning-budget.yaml", "no-such-file.jsonl"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("no-such-file.jsonl"));
}

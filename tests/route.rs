//! `pointsman route`, as a user meets it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The reference config, in the repository's root.
const REFERENCE: &str = "conf/reasoning-budget.yaml";

/// The reference config with an edit, in a folder of its own.
struct Edited {
    dir: tempfile::TempDir,
}

impl Edited {
    fn new(edit: impl Fn(String) -> String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let text = std::fs::read_to_string(root().join(REFERENCE)).unwrap();
        let edited = edit(text.clone());
        assert_ne!(edited, text, "the edit found nothing to change");
        std::fs::write(dir.path().join("config.yaml"), edited).unwrap();
        Self { dir }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("config.yaml")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pointsman(config: impl AsRef<Path>, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.current_dir(root()).arg("route").arg("--config").arg(config.as_ref()).args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(mut command: Command, input: &str) -> Output {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // On a thread: a child that stops reading must not block a test that has yet to read.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join().unwrap();
    output
}

fn stdout(output: &Output) -> &str {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    str::from_utf8(&output.stdout).unwrap()
}

fn failure(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json_lines(output: &Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_reference_config_routes_real_prompts() {
    let prompts = [
        ("Good morning! How is your day going?", "chitchat", "fast-chat"),
        ("Tell me something funny.", "chitchat", "fast-chat"),
        ("Will it rain in Hamburg tomorrow?", "chitchat", "fast-chat"),
        ("Write a Rust function that parses a CSV file.", "complex-tasks", "heavy-reasoner"),
        ("Derive the gradient of softmax cross-entropy.", "complex-tasks", "heavy-reasoner"),
        ("My C program dumps core in malloc, find out why.", "complex-tasks", "heavy-reasoner"),
    ];
    let input: String = prompts.map(|(text, ..)| serde_json::json!({"text": text}).to_string() + "\n").concat();
    let answers = json_lines(&run(pointsman(REFERENCE, &["--json"]), &input));
    assert_eq!(answers.len(), prompts.len());
    for (answer, (text, route, backend)) in answers.iter().zip(prompts) {
        assert_eq!((&answer["route"], &answer["backend"]), (&route.into(), &backend.into()), "{text}");
        assert_eq!(answer["score"], answer["scores"][route], "{text}");
        assert_eq!(answer["scores"].as_object().unwrap().len(), 2, "{text}");
    }
}

#[test]
fn a_prompt_is_explained_to_people() {
    let output = run(pointsman(REFERENCE, &["Tell me a joke."]), "");
    let explained = stdout(&output);
    let first = explained.lines().next().unwrap();
    assert!(first.contains("chitchat") && first.contains("fast-chat"), "{explained}");
    let best = explained.lines().nth(1).unwrap();
    assert!(best.starts_with("*  1.000  chitchat") && best.contains("\"Tell me a joke.\""), "{explained}");
    assert!(explained.lines().nth(2).unwrap().contains("complex-tasks"), "{explained}");
}

#[test]
fn a_prompt_may_come_from_standard_input() {
    let output = run(pointsman(REFERENCE, &[]), "Debug this\nsegfault trace.\n");
    assert!(stdout(&output).contains("Route complex-tasks to backend heavy-reasoner"), "{}", stdout(&output));
}

#[test]
fn where_nothing_passes_the_default_backend_serves() {
    let strict = Edited::new(|text| {
        text.replace("      samples:", "      threshold: 0.95\n      samples:")
            .replace("router:\n", "router:\n  default_backend: heavy-reasoner\n")
    });
    let input = "{\"text\": \"Tell me a joke.\"}\n{\"text\": \"Sing a song.\"}\n";
    let answers = json_lines(&run(pointsman(strict.path(), &["--json"]), input));
    assert_eq!((&answers[0]["route"], &answers[0]["backend"]), (&"chitchat".into(), &"fast-chat".into()));
    assert_eq!((&answers[1]["route"], &answers[1]["backend"]), (&Value::Null, &"heavy-reasoner".into()));
    let scores = answers[1]["scores"].as_object().unwrap().values().map(|score| score.as_f64().unwrap());
    assert_eq!(answers[1]["score"].as_f64(), scores.reduce(f64::max), "the best route's score");
    let explained = run(pointsman(strict.path(), &["Sing a song."]), "");
    assert!(stdout(&explained).starts_with("Default backend heavy-reasoner"), "{}", stdout(&explained));
}

#[test]
fn with_routing_off_all_goes_to_the_default_backend() {
    // The model is not even looked for.
    let off = Edited::new(|text| text.replace("\"semantic\"", "\"off\"").replace("all-MiniLM", "no-such-model"));
    let answers = json_lines(&run(pointsman(off.path(), &["--json"]), "{\"text\": \"Tell me a joke.\"}\n"));
    assert_eq!((&answers[0]["route"], &answers[0]["backend"]), (&Value::Null, &"fast-chat".into()));
    assert_eq!((&answers[0]["scores"], &answers[0]["out_of_scope"]), (&serde_json::json!({}), &Value::Null));
    let explained = run(pointsman(off.path(), &["Tell me a joke."]), "");
    assert!(stdout(&explained).contains("routing is off"), "{}", stdout(&explained));
}

#[test]
fn many_lines_come_out_in_order() {
    let input: String = (0..1000)
        .map(|number| match number % 3 {
            0 => "{\"text\": \"Tell me a joke.\", \"id\": 7}\n",
            1 => "{\"text\": \"Debug this segfault trace.\"}\n",
            _ => "{\"text\": \"\"}\n",
        })
        .collect();
    let answers = json_lines(&run(pointsman(REFERENCE, &["--json"]), &input));
    assert_eq!(answers.len(), 1000);
    for (number, answer) in answers.iter().enumerate() {
        let expected = [Value::from("chitchat"), Value::from("complex-tasks"), Value::Null][number % 3].clone();
        assert_eq!(answer["route"], expected, "line {}", number + 1);
    }
}

#[test]
fn a_line_is_answered_before_the_next_is_written() {
    let mut child = pointsman(REFERENCE, &["--json"]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for text in ["Tell me a joke.", "Debug this segfault trace."] {
        writeln!(stdin, "{}", serde_json::json!({"text": text})).unwrap();
        let answer: Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        assert!(answer["score"].as_f64().unwrap() > 0.999, "{answer}");
    }
    drop(stdin);
    assert!(answers.next().is_none());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_malformed_line_is_named_after_those_before_it_are_answered() {
    for bad in ["{\"text\": 7}", "{\"prompt\": \"x\"}", "not json", "[]"] {
        let input = format!("{{\"text\": \"hi\"}}\n\n{bad}\n{{\"text\": \"hi\"}}\n");
        let output = run(pointsman(REFERENCE, &["--json"]), &input);
        assert!(failure(&output).contains("line 3: ") && !failure(&output).contains("line 1"), "{}", failure(&output));
        assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 1);
    }
}

#[test]
fn a_config_that_does_not_load_is_an_error() {
    let output = run(pointsman("conf/no-such-file.yaml", &["hi"]), "");
    assert!(failure(&output).contains("no-such-file.yaml"), "{}", failure(&output));
}

#[test]
fn a_model_that_is_nowhere_is_an_error_that_names_every_place() {
    let absent = Edited::new(|text| text.replace("all-MiniLM-L6-v2", "no-such-model"));
    let home = tempfile::tempdir().unwrap();
    let mut command = pointsman(absent.path(), &["hi"]);
    // Nobody listens on the discard port of loopback.
    command.env("HF_HOME", home.path()).env("HF_ENDPOINT", "http://127.0.0.1:9");
    let error = failure(&run(command, ""));
    let cache = home.path().join("hub/models--sentence-transformers--no-such-model");
    for place in ["models/no-such-model", cache.to_str().unwrap(), "http://127.0.0.1:9"] {
        assert!(error.contains(place), "{place}: {error}");
    }
}

#[test]
fn a_model_in_the_hugging_face_cache_is_used() {
    let home = tempfile::tempdir().unwrap();
    let repo = home.path().join("hub/models--sentence-transformers--cached-model");
    let snapshot = repo.join("snapshots/0123abcd");
    std::fs::create_dir_all(repo.join("refs")).unwrap();
    std::fs::create_dir_all(&snapshot).unwrap();
    std::fs::write(repo.join("refs/main"), "0123abcd").unwrap();
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        std::os::unix::fs::symlink(root().join("models/all-MiniLM-L6-v2").join(file), snapshot.join(file)).unwrap();
    }
    let cached = Edited::new(|text| text.replace("all-MiniLM-L6-v2", "cached-model"));
    let mut command = pointsman(cached.path(), &["Tell me a joke."]);
    command.env("HF_HOME", home.path()).env("HF_ENDPOINT", "http://127.0.0.1:9");
    assert!(stdout(&run(command, "")).contains("Route chitchat"));
}

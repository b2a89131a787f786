//! Why a request goes where it goes: on the admin listener, by the command, and in an answer's head.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::stand::{Ruled, header, user};

const ROUTES: &str = "
    {name: chat, backend: a, samples: [\"Hi, how are you?\", \"Tell me a joke.\"]}
    {name: sql, backend: b, priority: 2, when: {keywords: {any: [sql]}, any: [{tools: true}, {header: {x-team: blue}}]}}
";

fn signal<'a>(explained: &'a Value, name: &str) -> &'a Value {
    let signals = explained["signals"].as_array().unwrap();
    signals.iter().find(|signal| signal["signal"] == name).unwrap_or_else(|| panic!("{explained}"))
}

async fn explained(ruled: &Ruled, body: Value) -> Value {
    let request = reqwest::Client::new().post(ruled.router.admin("/route")).json(&body);
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_listener_tells_every_signal_rule_and_score() {
    let ruled = Ruled::with(ROUTES).await;
    let ask = async |body: Value| -> Value {
        let request = reqwest::Client::new().post(ruled.router.admin("/route")).header("x-team", "blue").json(&body);
        request.send().await.unwrap().json().await.unwrap()
    };
    let told = ask(user("What is SQL?")).await;
    assert_eq!((&told["route"], &told["backend"], &told["reason"]), (&json!("sql"), &json!("b"), &json!("rule")));
    let keywords = signal(&told, "keywords");
    assert_eq!(
        (&keywords["value"], &keywords["cost"], &keywords["found"]),
        (&json!(true), &json!("cheap"), &json!(["sql"]))
    );
    assert_eq!((&signal(&told, "tools")["value"], &signal(&told, "header")["value"]), (&json!(0), &json!("blue")));
    let rule = &told["rules"][1];
    assert_eq!((&rule["rule"], &rule["priority"], &rule["samples"]), (&json!("true"), &json!(2), &json!(false)));
    assert_eq!(rule["when"]["all"][0]["any"][0], json!({ "is": "false", "condition": "tools >= 1" }));
    assert!(told["scores"]["chat"].as_f64().unwrap() > 0.0, "the meaning is asked for, to tell it: {told}");
    let told = ask(json!({ "text": "Hello, how are you?" })).await;
    assert_eq!((&told["route"], &told["reason"]), (&json!("chat"), &json!("semantic")));
    assert_eq!(told["rules"][1]["rule"], "false");
    let told = ask(json!({ "prompt": "sql", "model": "m-a" })).await;
    assert_eq!((&told["reason"], told.get("rules")), (&json!("direct"), None));
    assert_eq!(ruled.model.seen(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_tells_the_same_of_a_text() {
    let ruled = Ruled::with(&ROUTES.replace("tools: true", "turns: 1")).await;
    let route = |args: &[&str], input: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
        command.arg("route").arg("--config").arg(ruled.router.config_path()).args(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let told = route(&["What is SQL?"], "");
    assert!(told.starts_with("Route sql to backend b: its rule holds\n") && !told.contains("Signals"), "{told}");
    let told = route(&["--explain", "What is SQL?"], "");
    assert!(told.starts_with("Route sql to backend b: its rule holds\n"), "{told}");
    for line in [
        "keywords {any: [\"sql\"]} = true, found [\"sql\"] (cheap",
        "header x-team = none (free",
        "sql (priority 2): true: all true [",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let told = route(&["--json"], "{\"text\": \"my sql\"}\n{\"text\": \"Hello, how are you?\"}\n");
    let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&lines[0]["route"], &lines[0]["reason"], &lines[0]["score"]),
        (&json!("sql"), &json!("rule"), &json!(1.0))
    );
    assert_eq!((&lines[1]["route"], &lines[1]["reason"]), (&json!("chat"), &json!("semantic")));
    assert_eq!(signal(&lines[0], "keywords")["found"], json!(["sql"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_rule_a_list_out_are_told_apart() {
    let rule = "keywords: {any: [sql, SQL, table], all: [sql], none: [join]}";
    let ruled = Ruled::with(&format!("{{name: sql, backend: b, when: {{{rule}}}}}")).await;
    let told = explained(&ruled, user("sql, table, inner join")).await;
    let keywords = signal(&told, "keywords");
    assert_eq!((&keywords["value"], &keywords["found"]), (&json!(false), &json!(["sql", "table"])));
    assert_eq!(keywords["ruled_out_by"], json!(["join"]));
    assert_eq!(keywords["of"], "{any: [\"sql\", …], all: [\"sql\"], none: [\"join\"]}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_decided_stays_where_the_head_is_cut() {
    let words: Vec<String> = (0..400).map(|i| format!("keyword{i:03}")).collect();
    let rule = format!("{{keywords: {{any: [{}]}}, header: {{x-team: {{matches: ^a}}}}}}", words.join(", "));
    let routes = format!("{{name: kw, backend: b, when: {rule}}}\n{{name: other, backend: a, when: {{turns: 7}}}}");
    let auth = "auth: {keys: [{name: gate, key_env: GATE, trusted: true}]}";
    let ruled = Ruled::over("", &routes, auth, &[("GATE", "sk-gate")]).await;
    let team = "a".repeat(5000);
    let headers = [("authorization", "Bearer sk-gate"), ("x-team", &*team), ("x-pointsman-explain", "true")];
    let response = ruled.ask(user(&words.join(" ")), &headers).await;
    let told = header(&response, "x-pointsman-explain");
    assert!(told.len() <= 4096, "{told}");
    let told: Value = serde_json::from_str(told).unwrap();
    assert_eq!((&told["route"], &told["cut"], &told["held"][0]["route"]), (&json!("kw"), &json!(true), &json!("kw")));
    assert_eq!(
        (&signal(&told, "keywords")["found"][0], &signal(&told, "turns")["value"]),
        (&json!("keyword000"), &json!(1))
    );
    let team = signal(&told, "header")["value"].as_str().unwrap();
    assert!(team.starts_with("aaa") && team.ends_with('…'), "{team}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_client_is_told_in_the_answers_head_and_nobody_else() {
    let auth = "auth: {keys: [{name: app, key_env: APP}, {name: gate, key_env: GATE, trusted: true}]}";
    let ruled = Ruled::over("", ROUTES, auth, &[("APP", "sk-app"), ("GATE", "sk-gate")]).await;
    let ask = async |key: &str, text: &str, explain: &str| {
        let authorization = format!("Bearer {key}");
        let headers = [("authorization", &*authorization), ("x-team", "blue"), ("x-pointsman-explain", explain)];
        let response = ruled.ask(user(text), &headers).await;
        header(&response, "x-pointsman-explain").to_owned()
    };
    let told = ask("sk-gate", "A secret größe in SQL", "true").await;
    assert!(told.len() <= 4096 && told.is_ascii() && !told.contains("secret"), "{told}");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["route"], &told["reason"], &told["score"]), (&json!("sql"), &json!("rule"), &json!(1.0)));
    assert_eq!(signal(&told, "keywords")["found"], json!(["sql"]));
    assert_eq!((&told["held"][0]["route"], &told["held"][0]["priority"]), (&json!("sql"), &json!(2)));
    assert_eq!(told.get("scores"), None, "nothing was embedded to tell it");
    let told: Value = serde_json::from_str(&ask("sk-gate", "Hello, how are you?", "true").await).unwrap();
    assert!(told["reason"] == "semantic" && told["scores"]["chat"].as_f64().unwrap() > 0.5, "{told}");
    assert_eq!(ask("sk-app", "my sql", "true").await, "");
    assert_eq!(ask("sk-gate", "my sql", "false").await, "");
    assert!(ruled.model.seen().iter().all(|seen| !seen.head.contains("x-pointsman-explain")));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_routes_that_were_compared_have_scores() {
    let auth = "auth: {keys: [{name: gate, key_env: GATE, trusted: true}]}";
    let ruled = Ruled::over("", ROUTES, auth, &[("GATE", "sk-gate")]).await;
    let chat = |map: &Value| assert_eq!(map.as_object().unwrap().keys().collect::<Vec<_>>(), ["chat"], "{map}");
    let told = explained(&ruled, user("my sql")).await;
    chat(&told["scores"]);
    chat(&told["thresholds"]);
    let head = [("authorization", "Bearer sk-gate"), ("x-pointsman-explain", "true")];
    let told = ruled.ask(user("Hello, how are you?"), &head).await;
    let told: Value = serde_json::from_str(header(&told, "x-pointsman-explain")).unwrap();
    chat(&told["scores"]);
    chat(&told["thresholds"]);
    for body in [json!({ "text": "" }), json!({ "prompt": "sql", "model": "m-a" })] {
        let told = explained(&ruled, body).await;
        assert_eq!(
            (&told["scores"], &told["out_of_scope"]),
            (&json!({}), &Value::Null),
            "nothing was compared: {told}"
        );
    }
    let ruled = Ruled::with("{name: sql, backend: b, when: {keywords: {any: [sql]}}}").await;
    let told = explained(&ruled, user("my sql")).await;
    assert_eq!((&told["scores"], &told["thresholds"], &told["out_of_scope"]), (&json!({}), &json!({}), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_in_a_long_text_is_told_as_of_a_short_one() {
    let auth = "auth: {keys: [{name: gate, key_env: GATE, trusted: true}]}";
    let keywords = r#"{any: [sql], regex: ["create\\s+table", "drop\\s+table", "zz*", "()"]}"#;
    let routes = format!("{{name: sql, backend: b, when: {{keywords: {keywords}}}}}");
    let ruled = Ruled::over("", &routes, auth, &[("GATE", "sk-gate")]).await;
    let found = json!(["sql", "create\\s+table", "drop\\s+table", "()"]);
    let long = format!("Do not DROP  TABLE here. {} Create table in SQL.", "An ordinary sentence. ".repeat(20_000));
    for text in ["Do not drop table, create table: SQL!", &*long] {
        for body in [json!({ "text": text }), user(text), json!({ "prompt": text })] {
            let told = explained(&ruled, body).await;
            assert_eq!((&told["route"], &signal(&told, "keywords")["found"]), (&json!("sql"), &found));
        }
        let head = [("authorization", "Bearer sk-gate"), ("x-pointsman-explain", "true")];
        let told = ruled.ask(user(text), &head).await;
        let told: Value = serde_json::from_str(header(&told, "x-pointsman-explain")).unwrap();
        assert_eq!(signal(&told, "keywords")["found"], found);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_keys_nobody_is_trusted() {
    let ruled = Ruled::with(ROUTES).await;
    let response = ruled.ask(user("my sql"), &[("x-pointsman-explain", "true")]).await;
    assert_eq!(header(&response, "x-pointsman-explain"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_rules_there_is_nothing_of_them_to_tell() {
    let ruled = Ruled::with("{name: chat, backend: a, samples: [\"Hi, how are you?\"]}").await;
    let request = reqwest::Client::new().post(ruled.router.admin("/route")).json(&user("Hi!"));
    let told: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!((&told["route"], told.get("signals"), told.get("rules")), (&json!("chat"), None, None));
}

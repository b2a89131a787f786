//! What nobody may ever read: keys and prompts, in whatever the process says anywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;

use support::wire::{Wire, ask, post};
use support::{Child, Router, eventually};

const CHAT: &str = "/v1/chat/completions";

/// Each holds this, whoever knows it and wherever it comes from.
const SECRET: &str = "hush5150";
const PROMPT: &str = "whisper2077";

fn config(sim: &Child, key_file: &std::path::Path, log: &str) -> String {
    format!(
        "log: {log}\n\
         auth:\n  keys:\n    - {{name: app, key_env: APP_KEY, tenant: apps}}\n    - {{name: gate, key_file: {key_file:?}, trusted: true}}\n\
         backends:\n  - {{name: by-env, url: {url:?}, model: m, api_key_env: UP_KEY}}\n\
         \x20 - {{name: by-file, url: {url:?}, model: n, api_key_file: {key_file:?}}}\n\
         \x20 - {{name: forwards, url: {url:?}, model: o, forward_auth: true}}\n\
         \x20 - {{name: gone, url: \"http://127.0.0.1:1\", model: p, api_key_env: UP_KEY}}\n\
         \x20 - {{name: echoes, url: {echo:?}, model: echo, api_key_env: UP_KEY}}\n\
         router: {{mode: \"off\", passthrough: [{{path: /tokenize, backend: by-env}}]}}\n",
        url = sim.url,
        echo = echo(),
    )
}

/// A healthy peer that answers a POST with what it got, in a head that is not HTTP.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = vec![0; 4096];
            let Ok(length) = stream.read(&mut request) else { continue };
            let _ = match request.starts_with(b"GET") {
                true => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
                false => stream.write_all(&[b"HTTP/1.1 200 OK\r\n\x01", &request[..length], b"\r\n\r\n"].concat()),
            };
        }
    });
    url
}

/// Every way to ask, right and wrong; what the answers of the router itself say.
async fn use_everything(router: &Router) -> String {
    let mut said = String::new();
    let own = format!("authorization: Bearer app-{SECRET}\r\n");
    let user = format!(r#""messages":[{{"role":"user","content":"{PROMPT}"}}]"#);
    let bodies = ["m", "n", "o", "p", "nobody"].map(|model| format!(r#"{{"model":"{model}",{user}}}"#));
    let broken = [
        format!("{{{user}"),
        format!("{{{user},\"model\":1}}"),
        format!("{{{user},{user}}}"),
        format!(r#"{{"messages":"{PROMPT}"}}"#),
        format!(r#"{{"messages":[{{"role":"user","content":"{PROMPT} \ud800"}}]}}"#),
        format!(r#"{{"messages":[{{"role":"{PROMPT}","role":"x"}}]}}"#),
        format!(r#"{{{user},"stream":true,"max_tokens":1}}"#),
        format!("\"{PROMPT}\""),
    ];
    for body in bodies.iter().chain(&broken) {
        let answer = ask(router.address(), post(CHAT, &own, body)).await;
        if answer.status >= 400 {
            said += &String::from_utf8_lossy(&answer.body);
        }
        said += &answer.head;
    }
    for (path, lines, body) in [
        (CHAT, &*format!("authorization: Bearer wrong-{SECRET}\r\n"), &*bodies[0]),
        (CHAT, &*format!("authorization: Bearer gate-{SECRET}\r\nx-pointsman-tenant: t\r\n"), &bodies[1]),
        ("/v1/completions", &own, &format!(r#"{{"prompt":"{PROMPT}"}}"#)),
        ("/tokenize", &own, &format!(r#"{{"model":"m","prompt":"{PROMPT}"}}"#)),
        (CHAT, &format!("{own}x-sim-fault: {{\"kind\":\"cut\"}}\r\n"), &bodies[0]),
        (CHAT, &format!("{own}x-sim-fault: {{\"kind\":\"status\",\"status\":500}}\r\n"), &bodies[0]),
        (CHAT, &format!("{own}x-sim-fault: {{\"kind\":\"garbage\"}}\r\n"), &bodies[0]),
        (CHAT, &format!("{own}content-encoding: gzip\r\n"), &bodies[0]),
        (CHAT, &own, &bodies[0].replace("\"m\"", "\"echo\"")),
    ] {
        said += &ask(router.address(), post(path, lines, body)).await.head;
    }
    // One that leaves in the middle, and heads that cannot be read.
    let mut leaver = Wire::connect(router.address()).await;
    leaver.send(&post(CHAT, &own, &bodies[0])[..200]).await;
    drop(leaver);
    for head in [format!("authorization: Bearer {SECRET}\r\n bad header\r\n"), format!("{SECRET}\u{0}: x\r\n")] {
        let mut wire = Wire::connect(router.address()).await;
        wire.send(format!("POST {CHAT} HTTP/1.1\r\n{head}content-length: 3\r\n\r\n{PROMPT}")).await;
        said += &wire.answer().await.map_or(String::new(), |answer| format!("{answer:?}"));
    }
    said
}

async fn admin_says(router: &Router) -> String {
    let mut said = String::new();
    for path in ["/config", "/metrics", "/backends", "/readyz"] {
        said += &reqwest::get(router.admin(path)).await.unwrap().text().await.unwrap();
    }
    let reload = reqwest::Client::new().post(router.admin("/reload"));
    said + &reload.send().await.unwrap().text().await.unwrap()
}

/// Configs that are refused, each with a secret near the fault.
fn broken_configs(good: &str, folder: &std::path::Path) -> Vec<String> {
    let (empty, control) = (folder.join("empty"), folder.join("control"));
    std::fs::write(&empty, "\n").unwrap();
    std::fs::write(&control, format!("{SECRET}\u{1}{SECRET}")).unwrap();
    vec![
        good.replace("UP_KEY", "NOT_SET"),
        good.replace("api_key_env: UP_KEY", "api_key_env: sk-hush5150"),
        good.replace("api_key_env: UP_KEY", "api_key_env: hush5150"),
        good.replace("forward_auth: true", &format!("api_key_file: {control:?}")),
        good.replace("forward_auth: true", &format!("api_key_file: {empty:?}")),
        good.replace("forward_auth: true", "retries: \"${UP_KEY}\""),
        good.replace("mode: \"off\"", "mode: \"${UP_KEY}\""),
        good.replace("model: n", "model: \"${UP_KEY}\", model: x"),
        good.replace("backend: by-env", "backend: \"${UP_KEY}\""),
        good.replace("http://127.0.0.1:1", "${UP_KEY}"),
        good.replace("http://127.0.0.1:1", "http://user:hush5150@127.0.0.1:1"),
        good.replace("name: gate", "name: \"${APP_KEY} \\x01\""),
        good.replace("name: app", "name: \"${APP_KEY}\", nmae: x"),
    ]
}

async fn run_with(log: &str) {
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("key");
    std::fs::write(&key_file, format!("gate-{SECRET}\n")).unwrap();
    let sim = Child::sim(&["--model", "n", "--model", "o", "--record", "256"]);
    let good = config(&sim, &key_file, log);
    let environment = [("APP_KEY", &*format!("app-{SECRET}")), ("UP_KEY", &*format!("up-{SECRET}"))];
    let router = Router::start_with(&good, &environment);
    let mut said = use_everything(&router).await;
    let received: String = sim
        .seen()
        .await
        .iter()
        .flat_map(|seen| seen.header("authorization").concat().chars().collect::<Vec<_>>())
        .collect();
    for whole in ["up-", "gate-", "app-"] {
        assert!(received.contains(&format!("Bearer {whole}{SECRET}")), "the secrets were in use");
    }
    said += &admin_says(&router).await;
    for (index, broken) in broken_configs(&good, folder.path()).iter().enumerate() {
        assert_ne!(*broken, good, "broken config {index}");
        router.rewrite(broken);
        let before = router.metric("pointsman_config_reload_failures_total").await;
        said += &admin_says(&router).await;
        let after = router.metric("pointsman_config_reload_failures_total").await;
        assert!(after > before, "config {index} was refused:\n{broken}");
    }
    router.signal("HUP");
    eventually("the refusal by signal", || async { router.log().contains("SIGHUP").then_some(()) }).await;
    said += &router.log();
    for word in [SECRET, PROMPT] {
        let place = said.lines().find(|line| line.contains(word));
        assert!(place.is_none(), "with log {log}, {word} was said in:\n{}", place.unwrap_or_default());
    }
}

#[tokio::test]
async fn no_secret_and_no_prompt_is_ever_said() {
    run_with("{level: info}").await;
}

#[tokio::test]
async fn not_even_at_the_finest_log_level() {
    run_with("{level: trace, format: json}").await;
}

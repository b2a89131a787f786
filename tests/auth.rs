//! Who is let in, whose request it is, and whose key goes upstream.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use support::launch::Launch;
use support::wire::{Answer, ask, post};
use support::{Child, Router, Stand, eventually, free_port, listeners};

const CHAT: &str = "/v1/chat/completions";
const BODY: &str = r#"{"messages":[{"role":"user","content":"hi"}]}"#;

struct Guarded {
    router: Router,
    sim: Child,
    _keys: tempfile::TempDir,
}

impl Guarded {
    /// Two clients: `app` by a variable, and the trusted `gate` by a file.
    fn start() -> Self {
        let keys = tempfile::tempdir().unwrap();
        let file = keys.path().join("gate");
        std::fs::write(&file, "sk-gate-secret\n").unwrap();
        let auth = format!(
            "auth:\n  keys:\n    - {{name: app, key_env: APP_KEY, tenant: apps}}\n    \
             - {{name: gate, key_file: {file:?}, trusted: true}}\n"
        );
        let sim = Child::sim(&[]);
        let router = Router::start_with(&Stand::config(&sim, &auth), &[("APP_KEY", "sk-app-secret")]);
        Self { router, sim, _keys: keys }
    }

    async fn with(&self, lines: &str) -> Answer {
        ask(self.router.address(), post(CHAT, lines, BODY)).await
    }
}

#[tokio::test]
async fn who_has_no_key_learns_nothing_else() {
    let guarded = Guarded::start();
    for head in ["GET /v1/chat/completions", "DELETE /v1/models", "POST /v1/models/", "GET /nothing", "POST /health"] {
        let answer = ask(guarded.router.address(), format!("{head} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        assert_eq!((answer.status, &*answer.error()), (401, "invalid_api_key"), "{head}");
    }
}

#[test]
fn two_keys_may_not_hold_the_same_secret() {
    let keys = "auth: {keys: [{name: a, key_env: SAME}, {name: b, key_env: SAME, trusted: true}]}\n";
    let config = listeners(free_port(), free_port())
        + keys
        + "backends: [{name: b, url: \"http://127.0.0.1:1\", model: m}]\nrouter: {mode: \"off\"}\n";
    let mut launch = Launch::start(&config, &[("SAME", "sk-one-and-only")]);
    assert!(!launch.end().success());
    let log = launch.log();
    assert!(log.contains("auth keys \"a\" and \"b\" hold the same secret") && !log.contains("one-and-only"), "{log}");
}

#[tokio::test]
async fn only_known_keys_are_let_in() {
    let guarded = Guarded::start();
    for lines in [
        "",
        "authorization: Bearer sk-app-secre\r\n",
        "authorization: Bearer sk-app-secrett\r\n",
        "authorization: Bearer SK-APP-SECRET\r\n",
        "authorization: Bearer sk-other\r\n",
        "authorization: Bearer \r\n",
        "authorization: Bearer\r\n",
        "authorization: sk-app-secret\r\n",
        "authorization: Basic sk-app-secret\r\n",
        "authorization: Bearer sk-app-secret\u{e9}\r\n",
        "authorization: Bearer sk-wrong\r\nauthorization: Bearer sk-app-secret\r\n",
        "x-api-key: sk-app-secret\r\n",
        "x-pointsman-tenant: apps\r\n",
        "proxy-authorization: Bearer sk-app-secret\r\n",
    ] {
        let answer = guarded.with(lines).await;
        assert_eq!((answer.status, &*answer.error()), (401, "invalid_api_key"), "{lines}");
        assert_eq!(answer.header("www-authenticate"), Some("bearer"), "{lines}");
        assert_eq!(answer.json()["error"]["type"], "authentication_error");
        assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
    }
    assert_eq!(guarded.sim.total_seen().await, 0, "nothing of it went upstream");
    for key in ["Bearer sk-app-secret", "bearer sk-gate-secret", "BEARER  sk-app-secret "] {
        assert_eq!(guarded.with(&format!("authorization: {key}\r\n")).await.status, 200, "{key}");
    }
}

#[tokio::test]
async fn everything_but_health_asks_for_a_key() {
    let guarded = Guarded::start();
    for (path, without, with) in
        [("/health", 200, 200), ("/v1/models", 401, 200), ("/v1/nothing", 401, 404), ("/metrics", 401, 404)]
    {
        for (line, status) in [("", without), ("authorization: Bearer sk-app-secret\r\n", with)] {
            let request = format!("GET {path} HTTP/1.1\r\nhost: h\r\n{line}\r\n");
            assert_eq!(ask(guarded.router.address(), request).await.status, status, "{path} {line}");
        }
    }
}

#[tokio::test]
async fn a_refused_client_with_a_large_body_can_read_its_answer() {
    let guarded = Guarded::start();
    let answer = ask(guarded.router.address(), post(CHAT, "", vec![b' '; 8 << 20])).await;
    assert_eq!((answer.status, answer.header("connection")), (401, Some("close")));
}

#[tokio::test]
async fn a_tenant_header_counts_only_from_a_trusted_key() {
    let guarded = Guarded::start();
    for (key, header, tenant) in [
        ("sk-app-secret", "", "apps"),
        ("sk-app-secret", "x-pointsman-tenant: acme\r\n", "apps"),
        ("sk-gate-secret", "", "gate"),
        ("sk-gate-secret", "x-pointsman-tenant: acme\r\n", "acme"),
        ("sk-gate-secret", "x-pointsman-tenant: \r\n", "gate"),
    ] {
        let id = format!("{}-{}", &key[3..6], header.len());
        let lines = format!("authorization: Bearer {key}\r\nx-request-id: {id}\r\n{header}");
        assert_eq!(guarded.with(&lines).await.status, 200);
        let seen = guarded.sim.last_seen().await;
        assert!(seen.header("x-pointsman-tenant").is_empty() && seen.header("authorization").is_empty());
        let line = eventually("the log line", || async { line_of(&guarded.router, &id) }).await;
        assert!(line.contains(&format!("tenant=\"{tenant}\"")), "{line}");
    }
}

fn line_of(router: &Router, id: &str) -> Option<String> {
    router.log().lines().find(|line| line.contains(&format!("request_id=\"{id}\""))).map(String::from)
}

#[tokio::test]
async fn without_keys_there_is_one_tenant_and_nobody_is_trusted() {
    let stand = Stand::start();
    let lines = "authorization: Bearer x\r\nx-request-id: open\r\nx-pointsman-tenant: acme\r\n";
    assert_eq!(ask(stand.address(), post(CHAT, lines, BODY)).await.status, 200);
    let line = eventually("the log line", || async { line_of(&stand.router, "open") }).await;
    assert!(line.contains("tenant=\"default\""), "{line}");
}

#[tokio::test]
async fn each_backend_gets_its_own_key_or_none() {
    let models = ["plain", "by-env", "by-file", "forwards"].map(|model| ["--model", model]).concat();
    let sim = Child::sim(&models);
    let keys = tempfile::tempdir().unwrap();
    let file = keys.path().join("key");
    std::fs::write(&file, "  up-file\n").unwrap();
    let backend = |name: &str, more: &str| format!("  - {{name: b-{name}, url: {:?}, model: {name}{more}}}\n", sim.url);
    let backends = [
        backend("plain", ""),
        backend("by-env", ", api_key_env: UP_KEY"),
        backend("by-file", &format!(", api_key_file: {file:?}")),
        backend("forwards", ", forward_auth: true"),
    ];
    let config = format!("router: {{mode: \"off\"}}\nbackends:\n{}", backends.concat());
    let router = Router::start_with(&config, &[("UP_KEY", "up-env")]);
    let client = "authorization: Bearer sk-client\r\n";
    for (model, lines, expected) in [
        ("plain", client, vec![]),
        ("plain", "", vec![]),
        ("by-env", client, vec!["Bearer up-env"]),
        ("by-env", "authorization: a\r\nauthorization: b\r\n", vec!["Bearer up-env"]),
        ("by-file", "", vec!["Bearer up-file"]),
        ("forwards", client, vec!["Bearer sk-client"]),
        ("forwards", "", vec![]),
    ] {
        let body = BODY.replacen('{', &format!("{{\"model\":\"{model}\","), 1);
        let answer = ask(router.address(), post(CHAT, lines, body)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(sim.last_seen().await.header("authorization"), expected, "{model} {lines}");
    }
}

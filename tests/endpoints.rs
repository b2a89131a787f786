//! What the listener serves, under which methods, and that it serves nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use support::wire::{Answer, ask, post};
use support::{Child, Router, Stand, eventually};

async fn request(address: &str, method: &str, path: &str) -> Answer {
    // A HEAD's answer has a length and no body: it must be the connection's last.
    ask(address, format!("{method} {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")).await
}

#[tokio::test]
async fn models_lists_the_aliases_and_every_backend() {
    let sim = Child::sim(&[]);
    let config = format!(
        "backends:\n  - {{name: a, url: {url:?}, model: org/A}}\n  - {{name: same, url: {url:?}, model: same}}\n\
         router: {{mode: \"off\", aliases: [smart, auto]}}\n",
        url = sim.url
    );
    let router = Router::start(&config);
    let answer = request(router.address(), "GET", "/v1/models").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let list = answer.json();
    assert_eq!(list["object"], "list");
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["smart", "auto", "a", "org/A", "same"]);
    for model in list["data"].as_array().unwrap() {
        assert!(model["object"] == "model" && model["created"].is_u64() && model["owned_by"].is_string(), "{model}");
        let body = format!(r#"{{"model":{},"messages":[{{"role":"user","content":"x"}}]}}"#, model["id"]);
        let answer = ask(router.address(), post("/v1/chat/completions", "", body)).await;
        assert!(answer.header("x-pointsman-backend").is_some(), "{model} is listed, so it leads somewhere: {answer:?}");
    }
}

#[tokio::test]
async fn the_default_aliases_are_listed() {
    let stand = Stand::start();
    let list = request(stand.address(), "GET", "/v1/models?limit=1").await.json();
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["router-gateway", "auto", "MoM", "solo", "m"]);
    assert_eq!(stand.sim.total_seen().await, 0, "no peer is asked");
}

#[tokio::test]
async fn health_answers_balancers_and_turns_them_away_while_draining() {
    let stand = Stand::with("shutdown: {delay: 30s}");
    for (method, path) in [("GET", "/health"), ("HEAD", "/health"), ("GET", "/health?probe=1")] {
        let answer = request(stand.address(), method, path).await;
        assert_eq!(answer.status, 200, "{method} {path}");
        assert_eq!(answer.body.is_empty(), method == "HEAD");
    }
    stand.router.signal("TERM");
    let address = stand.address();
    eventually("503 while draining", || async {
        (request(address, "GET", "/health").await.status == 503).then_some(())
    })
    .await;
    let good = post("/v1/chat/completions", "", r#"{"messages":[{"role":"user","content":"hi"}]}"#);
    assert_eq!(ask(address, good).await.status, 200, "whoever still comes is served");
}

#[tokio::test]
async fn nothing_else_is_served() {
    let stand = Stand::start();
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v1/chat/completions/",
        "//v1/chat/completions",
        "/v1//chat/completions",
        "/V1/models",
        "/v1/chat/completions%20",
        "/v1/%63hat/completions",
        "/v1/x/../models",
        "/v1/embeddings/",
        "/models",
        "/chat/completions",
        "/metrics",
        "/config",
        "/backends",
        "/reload",
        "/tokenize",
        "/v1/fine_tuning/jobs",
        "/sim/requests",
        "/health/",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = request(stand.address(), method, path).await;
            assert_eq!((answer.status, &*answer.error()), (404, "unknown_path"), "{method} {path}");
        }
    }
    assert_eq!(stand.sim.total_seen().await, 0, "nothing of it went upstream");
    stand.is_well().await;
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_one() {
    let stand = Stand::start();
    for (path, allowed) in [
        ("/v1/chat/completions", "post"),
        ("/v1/completions", "post"),
        ("/v1/embeddings", "post"),
        ("/v1/models", "get, head"),
        ("/health", "get, head"),
    ] {
        let wrong = if allowed == "post" { "GET" } else { "POST" };
        for method in [wrong, "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
            let answer = request(stand.address(), method, path).await;
            assert_eq!((answer.status, &*answer.error()), (405, "method_not_allowed"), "{method} {path}");
            assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
        }
    }
    assert_eq!(stand.sim.total_seen().await, 0);
}

/// `/tokenize` and all below `/v1/` go to `second`; chats go to `first`.
fn passing() -> (Router, Child) {
    let sim = Child::sim(&["--model", "n"]);
    let config = format!(
        "backends:\n  - {{name: first, url: {url:?}, model: m}}\n  - {{name: second, url: {url:?}, model: n}}\n\
         router:\n  mode: \"off\"\n  passthrough:\n    - {{path: /tokenize, backend: second}}\n    \
         - {{path: \"/v1/*\", backend: second}}\n",
        url = sim.url
    );
    (Router::start(&config), sim)
}

#[tokio::test]
async fn a_listed_path_is_handed_on_as_it_is() {
    let (router, sim) = passing();
    let body = "{\"model\": \"n\",\"prompt\":\"hi\"} ";
    let answer = ask(router.address(), post("/tokenize?x=1&y=%20", "", body)).await;
    assert_eq!((answer.status, answer.header("x-pointsman-backend")), (200, Some("second")), "{answer:?}");
    assert_eq!(answer.header("x-pointsman-route"), Some("passthrough"));
    let seen = sim.last_seen().await;
    assert_eq!((seen.method(), seen.path(), seen.body()), ("POST", "/tokenize?x=1&y=%20", body));
    for (method, path) in [("GET", "/v1/models/Qwen%2FQwen3?a=b"), ("DELETE", "/v1/files/1"), ("POST", "/v1/audio")] {
        let answer = request(router.address(), method, path).await;
        assert_eq!(answer.header("x-pointsman-backend"), Some("second"), "{answer:?}");
        let seen = sim.last_seen().await;
        assert_eq!((seen.method(), seen.path()), (method, path));
    }
    for (path, backend) in [("/v1/chat/completions", Some("first")), ("/tokenize/x", None), ("/v1", None)] {
        let body = r#"{"messages":[{"role":"user","content":"x"}]}"#;
        let answer = ask(router.address(), post(path, "", body)).await;
        assert_eq!(answer.header("x-pointsman-backend"), backend, "{path}");
    }
    assert_eq!(request(router.address(), "GET", "/v1/models").await.json()["data"][0]["id"], "router-gateway");
}

#[tokio::test]
async fn a_listed_path_is_no_way_around_the_prompts_being_read() {
    let (router, sim) = passing();
    for path in [
        "/v1/%63hat/completions",
        "/v1/chat%2Fcompletions",
        "/v1/chat%2fcompletions",
        "/v1/./completions",
        "/v1//completions",
        "/v1/chat/completions/",
        "/v1/x/../completions",
        "/v1/x/%2e%2E/completions",
        "/v1/../tokenize",
        "/v1/..%2fmetrics",
    ] {
        let body = r#"{"messages":[{"role":"user","content":"x"}],"model":"n"}"#;
        let answer = ask(router.address(), post(path, "", body)).await;
        assert_eq!((answer.status, &*answer.error()), (404, "unknown_path"), "{path}");
    }
    assert_eq!(sim.total_seen().await, 0, "nothing of it went upstream");
}

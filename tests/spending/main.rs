//! What answers cost, what may be spent, and where conversations stay.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod budgets;
mod config;
mod money;
mod settled;
mod sticky;
mod sticky_routes;

#[path = "../support/mod.rs"]
mod support;

use serde_json::{Value, json};
use support::Router;
use support::fickle::Fickle;
use support::pool::{client, header, metric_becomes};
use support::upstream::{Act, Seen, Upstream, answer};

/// A chat's answer as the client has it.
#[derive(Debug)]
struct Said {
    status: u16,
    route: String,
    backend: String,
    degraded: String,
    text: String,
}

/// What an answer of ours takes: prompt, answer, and how much of the prompt was cached.
type Usage = (u64, u64, u64);

// === impl Said ===

impl Said {
    /// Who answered, and what was out of order.
    fn by(&self) -> (u16, &str, &str) {
        (self.status, &self.backend, &self.degraded)
    }
}

/// A backend that says "a b c" and took this much, as vLLM would say it: in a stream only where it is asked for.
async fn backend(usage: Usage) -> Upstream {
    Upstream::start(move |seen| says(seen, usage)).await
}

fn says(seen: &Seen, (prompt, completion, cached): Usage) -> Vec<Act> {
    let asked: Value = serde_json::from_slice(&seen.body).unwrap();
    let usage = json!({
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        "prompt_tokens_details": { "cached_tokens": cached },
    });
    if asked["stream"] != true {
        let message = json!({ "role": "assistant", "content": "a b c" });
        let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
        let body = json!({ "id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage });
        return vec![answer(200, "content-type: application/json\r\n", &body.to_string())];
    }
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({ "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices, "usage": usage });
        format!("data: {chunk}\n\n")
    };
    let mut events: Vec<String> = ["a", " b", " c"]
        .map(|text| chunk(json!([{ "index": 0, "delta": { "content": text }, "finish_reason": null }]), Value::Null))
        .into();
    events.push(chunk(json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]), Value::Null));
    if asked["stream_options"]["include_usage"] == true {
        events.push(chunk(json!([]), usage));
    }
    events.push("data: [DONE]\n\n".into());
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    vec![Act::Say(format!("{head}{}", events.concat()).into_bytes()), Act::Close]
}

/// A config's backend of this name, whose model is `model-NAME`, with further keys in YAML's flow style.
fn entry(name: &str, url: &str, keys: &str) -> String {
    let comma = if keys.is_empty() { "" } else { ", " };
    format!("  - {{name: {name}, url: \"{url}/v1\", model: model-{name}, health: {{interval: 1h}}{comma}{keys}}}\n")
}

/// A config in which nothing is embedded, and the first backend is the default.
fn plain(entries: &[String]) -> String {
    format!("router: {{mode: \"off\"}}\nbackends:\n{}", entries.concat())
}

/// A config with the route `all`, which every prompt takes, with these keys.
fn routed(route: &str, entries: &[String]) -> String {
    format!("router: {{routes: [{{name: all, samples: [anything], {route}}}]}}\nbackends:\n{}", entries.concat())
}

fn chat(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "one two" }] })
}

async fn ask(router: &Router, body: &Value) -> Said {
    ask_with(router, body, "x-nothing", "").await
}

async fn ask_with(router: &Router, body: &Value, name: &str, value: &str) -> Said {
    let request = client().post(router.at("/v1/chat/completions")).header(name, value).json(body);
    let response = request.send().await.expect("the router answers");
    let [route, backend, degraded] =
        ["route", "backend", "degraded"].map(|name| header(&response, &format!("x-pointsman-{name}")).to_owned());
    Said { status: response.status().as_u16(), route, backend, degraded, text: response.text().await.unwrap() }
}

/// Who answers so many requests in a row.
async fn served(router: &Router, model: &str, times: usize) -> String {
    let mut served = String::new();
    for _ in 0..times {
        let said = ask(router, &chat(model)).await;
        assert_eq!(said.status, 200, "{said:?}");
        assert_eq!(said.degraded == "over-budget", said.backend == "over", "{said:?}");
        served += if served.is_empty() { "" } else { " " };
        served += &said.backend;
    }
    served
}

/// Waits until so many answers of `backend` have been counted.
async fn counted(router: &Router, backend: &str, route: &str, answers: f64) {
    let series = format!(r#"pointsman_requests_total{{backend="{backend}",route="{route}",status="2xx"}}"#);
    metric_becomes(router, &series, answers).await;
}

/// What `pointsman_METRIC` says of a backend and a route.
async fn amount(router: &Router, metric: &str, backend: &str, route: &str) -> f64 {
    let amount = router.metric(&format!(r#"pointsman_{metric}{{backend="{backend}",route="{route}"}}"#)).await;
    (amount * 1e9).round() / 1e9
}

/// How much of a budget is used.
async fn used(router: &Router, kind: &str, owner: &str, unit: &str) -> f64 {
    router.metric(&used_series(kind, owner, unit)).await
}

fn used_series(kind: &str, owner: &str, unit: &str) -> String {
    format!(r#"pointsman_budget_used{{kind="{kind}",owner="{owner}",unit="{unit}"}}"#)
}

/// A backend that does as it is told.
async fn fickle(acts: Vec<Act>) -> Fickle {
    Fickle::start(acts).await
}

//! Streams through the router: at once, unchanged, and honest about their end.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use reqwest::{Client, Response};
use serde_json::{Value, json};
use support::sse::{BOTH, Events, Speaks, broken, chat, completion, step};
use support::upstream::{Act, Upstream};
use support::{Child, Router, eventually};

const CHAT: &str = "/v1/chat/completions";
const COMPLETIONS: &str = "/v1/completions";

fn config(url: &str) -> String {
    format!(
        "backends: [{{name: b, url: \"{url}/v1\", model: m, timeouts: {{first_byte: 400ms, idle: 400ms}}}}]\nrouter: {{mode: \"off\"}}\n"
    )
}

/// A router before one simulator, which waits long for whatever its backend does.
fn patient(sim: &Child) -> Router {
    Router::start(&config(&sim.url).replace("400ms", "300s"))
}

async fn post(client: &Client, url: String, fault: &str, body: &Value) -> Response {
    let request = client.post(url).header("x-request-id", "id-1").json(body);
    let request = if fault.is_empty() { request } else { request.header("x-sim-fault", fault) };
    request.send().await.unwrap()
}

async fn leases(router: &Router) -> Value {
    let backends: Value = reqwest::get(router.admin("/backends")).await.unwrap().json().await.unwrap();
    backends[0]["peers"][0]["leases"].clone()
}

// === as it comes ===

#[tokio::test]
async fn each_event_is_forwarded_before_the_next_is_sent() {
    let sim = Child::sim(&["--fault", r#"{"kind":"stepped"}"#]);
    let router = patient(&sim);
    let more = json!({ "stream": true, "max_tokens": 4, "stream_options": { "include_usage": true } });
    for speaks in BOTH {
        for (path, body, count) in [(CHAT, chat(more.clone()), 7), (COMPLETIONS, completion(more.clone()), 6)] {
            let mut events = Events::of(post(&speaks.client(), router.at(path), "", &body).await);
            for nth in 0..count {
                let event = events.must().await;
                assert!(event.starts_with("data: "), "{speaks:?} {path} {nth}: {event}");
                assert!(events.unread().is_empty(), "{speaks:?} {path} {nth}: more than was stepped");
                assert_eq!(event.contains("[DONE]"), nth == count - 1, "{speaks:?} {path} {nth}: {event}");
                step(&sim).await;
            }
            assert_eq!(events.next().await.unwrap(), None, "{speaks:?} {path}");
            // The last step was for nobody.
            let cleared = Client::new().put(sim.at("/sim/fault")).json(&json!({ "kind": "stepped" })).send();
            cleared.await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_streams_head_comes_before_its_first_token_and_says_how_it_was_made() {
    let sim = Child::sim(&[]);
    let router = patient(&sim);
    let late = r#"{"kind":"late-token","delay":"1h"}"#;
    for speaks in BOTH {
        let response = post(&speaks.client(), router.at(CHAT), late, &chat(json!({ "stream": true }))).await;
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(response.status(), 200);
        for (name, value) in [
            ("content-type", Some("text/event-stream; charset=utf-8")),
            ("x-pointsman-route", Some("default")),
            ("x-pointsman-backend", Some("b")),
            ("x-pointsman-cache", Some("bypass")),
            ("x-request-id", Some("id-1")),
            ("content-length", None),
            ("content-encoding", None),
            ("transfer-encoding", (speaks == Speaks::H1).then_some("chunked")),
        ] {
            assert_eq!(header(name), value, "{speaks:?} {name}");
        }
    }
}

/// A body without what differs from one asking to the next.
fn comparable(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut parts = text.split("\"created\":");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' '))
}

#[tokio::test]
async fn answers_are_the_same_bytes_as_from_the_backend_itself() {
    let sim = Child::sim(&[]);
    let router = patient(&sim);
    let usage = json!({ "stream": true, "stream_options": { "include_usage": true } });
    let tools = json!([{ "type": "function", "function": { "name": "look", "parameters": {} } }]);
    let stream = json!({ "stream": true });
    for (what, path, fault, body) in [
        ("JSON", CHAT, "", chat(json!({}))),
        ("JSON, two choices", COMPLETIONS, "", completion(json!({ "n": 2 }))),
        ("usage and [DONE]", CHAT, "", chat(usage.clone())),
        ("usage and [DONE]", COMPLETIONS, "", completion(usage)),
        ("tool calls", CHAT, "", chat(json!({ "stream": true, "tools": tools, "tool_choice": "required" }))),
        ("2000 events", CHAT, "", chat(json!({ "stream": true, "max_tokens": 2000 }))),
        ("vLLM's own error event", CHAT, r#"{"kind":"error-event","after":2,"message":"out"}"#, chat(stream.clone())),
        ("an event that is no JSON", CHAT, r#"{"kind":"garbage","after":2}"#, chat(stream.clone())),
        ("a refusal", CHAT, r#"{"kind":"status","status":400,"message":"no"}"#, chat(stream.clone())),
        ("a dead engine", CHAT, r#"{"kind":"status","status":500}"#, chat(stream)),
    ] {
        for speaks in BOTH {
            let mut named = body.clone();
            named["model"] = "m".into();
            let direct = post(&Client::new(), sim.at(path), fault, &named).await;
            let through = post(&speaks.client(), router.at(path), fault, &body).await;
            assert_eq!(through.status(), direct.status(), "{what} {speaks:?}");
            assert_eq!(through.headers()["content-type"], direct.headers()["content-type"], "{what} {speaks:?}");
            let (direct, through) = (direct.bytes().await.unwrap(), through.bytes().await.unwrap());
            assert!(!direct.is_empty(), "{what}");
            assert_eq!(comparable(&through), comparable(&direct), "{what} {speaks:?}");
            assert_eq!(through.len(), direct.len(), "{what} {speaks:?}");
        }
    }
    assert_eq!(router.metric("pointsman_broken_streams_total{backend=\"b\"}").await, 0.0);
}

// === clients that leave ===

#[tokio::test]
async fn a_client_that_leaves_cancels_upstream_and_frees_the_lease() {
    let sim = Child::sim(&[]);
    let router = patient(&sim);
    let mut asked = 0;
    for speaks in BOTH {
        for (what, fault, stream) in [
            ("amid a stream that waits", r#"{"kind":"stall","after":2}"#, true),
            ("before the first token", r#"{"kind":"late-token","delay":"1h"}"#, true),
            ("before a stream's head", r#"{"kind":"hang"}"#, true),
            ("before a whole answer", r#"{"kind":"hang"}"#, false),
            ("amid a whole answer", r#"{"kind":"stall","after":1}"#, false),
        ] {
            let what = format!("{what}, {speaks:?}");
            let client = speaks.client();
            let request = client.post(router.at(CHAT)).header("x-sim-fault", fault);
            let request = request.json(&chat(json!({ "stream": stream }))).send();
            let asking = tokio::spawn(async move {
                let mut response = request.await.unwrap();
                while response.chunk().await.unwrap().is_some() {}
            });
            asked += 1;
            eventually(&what, || async { (sim.total_seen().await == asked).then_some(()) }).await;
            eventually(&what, || async { (leases(&router).await == 1).then_some(()) }).await;
            asking.abort();
            drop(client);
            eventually(&what, || async { sim.last_seen().await.aborted().then_some(()) }).await;
            eventually(&what, || async { (leases(&router).await == 0).then_some(()) }).await;
            let in_flight = || async { (router.metric("pointsman_requests_in_flight").await == 0.0).then_some(()) };
            eventually(&what, in_flight).await;
        }
    }
    assert_eq!(router.metric("pointsman_broken_streams_total{backend=\"b\"}").await, 0.0);
    assert_eq!(router.metric("pointsman_retries_total{backend=\"b\",reason=\"reset\"}").await, 0.0);
    eventually("the log", || async { (router.log().matches("Client left [b]").count() == 10).then_some(()) }).await;
}

// === backends that die ===

/// Reads a stream that must end in one error event of ours, and returns what came before it.
async fn broken_stream(what: &str, response: Response, code: &str) -> Vec<String> {
    let (events, message) = broken(what, response, code).await;
    assert!(message.contains("\"b\""), "{what}: {message}");
    events
}

async fn one_more_broken(router: &Router, count: f64) {
    let series = "pointsman_broken_streams_total{backend=\"b\"}";
    eventually("the metric", || async { (router.metric(series).await == count).then_some(()) }).await;
    eventually("the lease back", || async { (leases(router).await == 0).then_some(()) }).await;
}

#[tokio::test]
async fn a_stream_that_its_backend_breaks_off_ends_in_an_error_event_and_no_done() {
    let sim = Child::sim(&[]);
    let router = Router::start(&config(&sim.url));
    let mut count = 0.0;
    for (fault, code, events) in [
        (r#"{"kind":"cut","after":3}"#, "upstream_failed", 3),
        (r#"{"kind":"cut","after":3,"reset":true}"#, "upstream_failed", 3),
        (r#"{"kind":"cut","after":1}"#, "upstream_failed", 1),
        (r#"{"kind":"stall","after":3}"#, "upstream_timeout", 3),
        (r#"{"kind":"late-token","delay":"1h"}"#, "upstream_timeout", 0),
    ] {
        for speaks in BOTH {
            for (path, body) in
                [(CHAT, chat(json!({ "stream": true }))), (COMPLETIONS, completion(json!({ "stream": true })))]
            {
                let what = format!("{fault} {speaks:?} {path}");
                let response = post(&speaks.client(), router.at(path), fault, &body).await;
                let before = broken_stream(&what, response, code).await;
                // A reset may overtake what was sent before it.
                let may_lose = fault.contains("reset");
                assert!(before.len() == events || may_lose && before.len() < events, "{what}: {before:?}");
                count += 1.0;
                one_more_broken(&router, count).await;
            }
        }
    }
    assert_eq!(router.metric("pointsman_failures_total{reason=\"upstream_timeout\"}").await, 8.0);
    assert_eq!(router.metric("pointsman_failures_total{reason=\"upstream_failed\"}").await, 12.0);
    assert_eq!(router.metric("pointsman_requests_total{backend=\"b\",route=\"default\",status=\"2xx\"}").await, count);
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const EVENT: &str = "data: {\"choices\":[]}\n\n";

/// A backend that answers with these bytes, and then with nothing more. It needs a thread of the test's runtime while the
/// router starts.
async fn says(answer: String, end: Act) -> Upstream {
    Upstream::start(move |_| vec![Act::Say(answer.clone().into_bytes()), end.clone()]).await
}

/// One chunk of a chunked body.
fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_break_in_the_middle_of_a_line_or_of_the_framing_still_ends_in_an_event_of_its_own() {
    let whole = chunk(EVENT);
    for (what, body, end, before) in [
        ("cut in a line", whole.clone() + &chunk("data: {\"cho"), Act::Close, "data: {\"cho\n\n"),
        ("cut in \"data: \"", whole.clone() + &chunk("dat"), Act::Close, "dat\n\n"),
        ("cut after a line", whole.clone() + &chunk("data: {}\n"), Act::Close, "data: {}\n\n"),
        ("cut in a chunk", whole.clone() + "ff\r\ndata: {\"half", Act::Close, "data: {\"half\n\n"),
        ("silent in a line", whole.clone() + &chunk("data: {\"cho"), Act::Hang, "data: {\"cho\n\n"),
        ("broken framing", whole.clone() + "this is no chunk\r\n", Act::Hang, ""),
        ("a negative chunk", whole.clone() + "-5\r\nhello\r\n", Act::Hang, ""),
    ] {
        let backend = says(format!("{HEAD}{body}"), end).await;
        let router = Router::start(&config(&backend.url()));
        let code = if what.starts_with("silent") { "upstream_timeout" } else { "upstream_failed" };
        for (count, speaks) in [1.0, 2.0].into_iter().zip(BOTH) {
            let what = format!("{what} {speaks:?}");
            let body = chat(json!({ "stream": true }));
            let response = post(&speaks.client(), router.at(CHAT), "", &body).await;
            let events = broken_stream(&what, response, code).await;
            assert_eq!(events.first().map(String::as_str), Some(EVENT), "{what}: {events:?}");
            assert_eq!(events[1..].concat(), before, "{what}: {events:?}");
            one_more_broken(&router, count).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_answer_that_is_cut_stays_visibly_broken() {
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let half = "{\"choices\":[{\"message\":{\"content\":\"half";
    // Complete to the eye: only the framing says that more was to come.
    let looks_whole = "{\"choices\":[]}";
    for (what, answer, end) in [
        ("by its length", format!("{json}content-length: 500\r\n\r\n{half}"), Act::Close),
        ("by its chunks", format!("{json}transfer-encoding: chunked\r\n\r\n{}", chunk(half)), Act::Close),
        ("after a brace", format!("{json}transfer-encoding: chunked\r\n\r\n{}", chunk(looks_whole)), Act::Close),
        ("in a chunk", format!("{json}transfer-encoding: chunked\r\n\r\nff\r\n{looks_whole}"), Act::Close),
        ("by silence", format!("{json}transfer-encoding: chunked\r\n\r\n{}", chunk(looks_whole)), Act::Hang),
        ("by silence before its end", format!("{json}content-length: 500\r\n\r\n{half}"), Act::Hang),
    ] {
        let backend = says(answer, end).await;
        let router = Router::start(&config(&backend.url()));
        for speaks in BOTH {
            let response = post(&speaks.client(), router.at(CHAT), "", &chat(json!({}))).await;
            assert_eq!(response.status(), 200, "{what}");
            let read = response.bytes().await;
            assert!(read.is_err(), "{what} {speaks:?}: a clean end after {read:?}");
        }
        let failed = || async { (router.log().matches("Failed [b]").count() == 2).then_some(()) };
        eventually("the log", failed).await;
    }
}

//! Faults on demand.

use std::time::{Duration, Instant};

use futures::StreamExt;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::ask::{
    ask, chat, events, get, last_is_aborted, metric_becomes, raw, read_until, requests, set_faults, text_of, try_ask,
};
use crate::support::{Child, PATIENCE, eventually};

#[tokio::test]
async fn a_status_is_given_as_often_as_it_says() {
    let sim = Child::sim(&["--fault", r#"{"kind":"status","status":429,"retry_after":7,"times":2}"#]);
    for _ in 0..2 {
        let response = ask(&sim, json!({})).await;
        assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &"7".parse().unwrap()));
    }
    assert_eq!(ask(&sim, json!({})).await.status(), 200);
    assert_eq!(get(&sim, "/sim/fault").await.json::<Value>().await.unwrap(), json!([]));
}

#[tokio::test]
async fn a_fault_that_makes_no_sense_is_refused() {
    let sim = Child::sim(&[]);
    let put = |fault: Value| Client::new().put(sim.at("/sim/fault")).json(&fault).send();
    assert_eq!(put(json!({ "kind": "flood" })).await.unwrap().status(), 400);
    assert_eq!(put(json!({ "kind": "cut", "aftr": 1 })).await.unwrap().status(), 400);
    set_faults(&sim, json!([{ "kind": "hang" }, { "kind": "dead" }])).await;
    let cleared = Client::new().delete(sim.at("/sim/fault")).send().await.unwrap();
    assert_eq!(cleared.json::<Value>().await.unwrap(), json!([]));
    assert_eq!(ask(&sim, json!({})).await.status(), 200);
}

#[tokio::test]
async fn a_dead_engine_fails_health_and_completions_only() {
    let sim = Child::sim(&["--fault", r#"{"kind":"dead"}"#]);
    assert_eq!(get(&sim, "/health").await.status(), 503);
    let response = ask(&sim, json!({})).await;
    assert_eq!(response.status(), 500);
    assert_eq!(response.json::<Value>().await.unwrap()["error"]["type"], "InternalServerError");
    assert_eq!(get(&sim, "/v1/models").await.status(), 200);

    set_faults(&sim, json!({ "kind": "status", "status": 503, "path": "/health" })).await;
    assert_eq!(get(&sim, "/health").await.status(), 503);
    assert_eq!(ask(&sim, json!({})).await.status(), 200);
}

#[tokio::test]
async fn heads_and_tokens_can_be_late() {
    let sim = Child::sim(&[]);
    let late = Duration::from_millis(150);
    let timed = |fault: &'static str| {
        let request = Client::new().post(sim.at("/v1/chat/completions")).header("x-sim-fault", fault);
        let request = request.json(&chat(json!({ "stream": true }))).timeout(PATIENCE);
        async move {
            let start = Instant::now();
            let response = request.send().await.unwrap();
            let head = start.elapsed();
            response.text().await.unwrap();
            (head, start.elapsed())
        }
    };
    let (head, _) = timed(r#"{"kind":"slow","delay":"150ms"}"#).await;
    assert!(head >= late);
    // An hour: the head is there although the token never will be.
    let request = Client::new().post(sim.at("/v1/chat/completions")).timeout(PATIENCE);
    let request = request.header("x-sim-fault", r#"{"kind":"late-token","delay":"1h"}"#);
    assert_eq!(request.json(&chat(json!({ "stream": true }))).send().await.unwrap().status(), 200);
    let (_, whole) = timed(r#"{"kind":"late-token","delay":"150ms"}"#).await;
    assert!(whole >= late);
}

#[tokio::test]
async fn a_stall_keeps_the_connection_and_says_no_more() {
    let sim = Child::sim(&["--fault", r#"{"kind":"stall","after":3}"#]);
    let mut socket = raw(&sim, &chat(json!({ "stream": true }))).await;
    let seen = read_until(&mut socket, "\" m\"").await;
    assert_eq!(seen.matches("data: ").count(), 3);
    let mut more = [0; 1];
    let silence = timeout(Duration::from_millis(100), socket.read(&mut more)).await;
    assert!(silence.is_err(), "it goes on: {silence:?}");
    drop(socket);
    last_is_aborted(&sim).await;

    // Half of a body that is not streamed.
    let mut socket = raw(&sim, &chat(json!({}))).await;
    let half = read_until(&mut socket, "[sim] m").await;
    assert!(!half.contains("usage"), "{half}");
    let silence = timeout(Duration::from_millis(100), socket.read(&mut more)).await;
    assert!(silence.is_err(), "it goes on: {silence:?}");
}

#[tokio::test]
async fn a_cut_ends_the_connection_where_it_says() {
    let sim = Child::sim(&[]);
    for (reset, kind) in [(false, None), (true, Some(std::io::ErrorKind::ConnectionReset))] {
        set_faults(&sim, json!({ "kind": "cut", "after": 3, "reset": reset })).await;
        let mut socket = raw(&sim, &chat(json!({ "stream": true }))).await;
        let mut seen = Vec::new();
        let end = timeout(PATIENCE, socket.read_to_end(&mut seen)).await.unwrap();
        assert_eq!(end.err().map(|error| error.kind()), kind);
        let text = String::from_utf8(seen).unwrap();
        assert_eq!(text.matches("data: ").count(), 3, "{text}");
        assert!(!text.contains("\r\n0\r\n"), "the last chunk came: {text}");
    }
    for (reset, kind) in [(false, None), (true, Some(std::io::ErrorKind::ConnectionReset))] {
        set_faults(&sim, json!({ "kind": "cut", "reset": reset })).await;
        let mut socket = raw(&sim, &chat(json!({}))).await;
        let mut seen = Vec::new();
        let end = timeout(PATIENCE, socket.read_to_end(&mut seen)).await.unwrap();
        assert_eq!((end.err().map(|error| error.kind()), seen.len()), (kind, 0));
    }
    let whole = try_ask(&sim, json!({}), r#"{"kind":"cut","after":1}"#).await;
    assert!(whole.is_err_and(|error| error.is_body() || error.is_decode()));
    assert!(requests(&sim).await.iter().all(|request| request["aborted"] == false));
    metric_becomes(&sim, "num_requests_running", 0.0).await;
}

#[tokio::test]
async fn garbage_takes_the_place_of_a_head_an_event_or_a_body() {
    let sim = Child::sim(&[]);
    let not_http = try_ask(&sim, json!({}), r#"{"kind":"garbage"}"#).await;
    assert!(not_http.is_err_and(|error| error.is_request()));

    let after = r#"{"kind":"garbage","after":2}"#;
    let request = Client::new().post(sim.at("/v1/chat/completions")).header("x-sim-fault", after);
    let stream = request.json(&chat(json!({ "stream": true, "max_tokens": 3 }))).send().await.unwrap();
    let bytes = stream.bytes().await.unwrap();
    assert!(std::str::from_utf8(&bytes).is_err());
    let text = String::from_utf8_lossy(&bytes);
    let events = events(&text);
    assert_eq!((events.len(), text_of(&events).as_str()), (6, "[sim] m one"));
    assert!(serde_json::from_str::<Value>(events[2]).is_err());

    let body = try_ask(&sim, json!({}), after).await.unwrap();
    assert!(serde_json::from_str::<Value>(&body).is_err());
}

#[tokio::test]
async fn an_error_event_ends_a_stream_as_vllm_ends_it() {
    let sim = Child::sim(&[]);
    let fault = r#"{"kind":"error-event","after":2,"message":"out of luck"}"#;
    let text = try_ask(&sim, json!({ "stream": true }), fault).await.unwrap();
    let events = events(&text);
    assert_eq!(events.len(), 4, "{text}");
    let error = r#"{"error": {"message": "out of luck", "type": "InternalServerError", "param": null, "code": 500}}"#;
    assert_eq!(events[2..], [error, "[DONE]"]);
    let whole: Value = serde_json::from_str(&try_ask(&sim, json!({}), fault).await.unwrap()).unwrap();
    assert_eq!(whole["error"]["code"], 500);
}

#[tokio::test]
async fn a_hang_takes_the_request_and_never_answers() {
    let sim = Child::sim(&["--fault", r#"{"kind":"hang"}"#]);
    let mut socket = raw(&sim, &chat(json!({}))).await;
    eventually("the request", || async { (requests(&sim).await.len() == 1).then_some(()) }).await;
    let mut byte = [0; 1];
    assert!(timeout(Duration::from_millis(100), socket.read(&mut byte)).await.is_err());
    drop(socket);
    last_is_aborted(&sim).await;
}

#[tokio::test]
async fn a_stepped_stream_waits_for_each_step() {
    let sim = Child::sim(&["--fault", r#"{"kind":"stepped"}"#]);
    let mut stream = ask(&sim, json!({ "stream": true, "max_tokens": 2 })).await.bytes_stream();
    let first = stream.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("\"role\""));
    for expected in ["[sim]", " m", "[DONE]"] {
        assert!(timeout(Duration::from_millis(30), stream.next()).await.is_err(), "{expected} came unasked");
        Client::new().post(sim.at("/sim/step")).send().await.unwrap();
        let event = timeout(PATIENCE, stream.next()).await.unwrap().unwrap().unwrap();
        let text = String::from_utf8_lossy(&event);
        assert!(text.contains(expected) && text.matches("data: ").count() == 1, "{text}");
    }
    assert!(timeout(PATIENCE, stream.next()).await.unwrap().is_none());
}

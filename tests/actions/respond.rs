//! A route that answers itself.

use serde_json::{Value, json};

use crate::stand::{Parts, Stand, send};
use crate::support::pool::{header, logs, metric_becomes, refused};
use crate::support::wire::{ask, post};

const SAYS: &str = "respond: {content: \"Please call us.\"}";

async fn stand(route: &str) -> Stand {
    Stand::of(Parts { route, ..Parts::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_says_what_it_is_told_and_asks_nobody() {
    let stand = stand(SAYS).await;
    let answer = ask(
        stand.router.address(),
        post("/v1/chat/completions", "", r#"{"model":"auto","messages":[{"role":"user","content":"Hi"}]}"#),
    )
    .await;
    assert_eq!(answer.status, 200);
    let headers = ["content-type", "x-pointsman-route", "x-pointsman-cache", "x-pointsman-backend"];
    let headers = headers.map(|name| answer.header(name));
    assert_eq!(headers, [Some("application/json"), Some("all"), Some("bypass"), None]);
    let body = answer.json();
    let choice = json!({ "index": 0, "message": { "role": "assistant", "content": "Please call us." }, "logprobs": null, "finish_reason": "stop" });
    assert_eq!(
        (&body["object"], &body["model"], &body["choices"][0]),
        (&json!("chat.completion"), &json!("auto"), &choice)
    );
    assert!(body["id"].as_str().unwrap().starts_with("chatcmpl-") && body["created"].is_u64());
    assert_eq!(body["usage"], json!({ "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0 }));

    let response = send(stand.post("/v1/completions"), r#"{"prompt":"Hi"}"#).await;
    let body: Value = response.json().await.unwrap();
    assert_eq!((&body["object"], &body["choices"][0]["text"]), (&json!("text_completion"), &json!("Please call us.")));
    assert!(stand.one.peer.seen().is_empty() && stand.two.peer.seen().is_empty());
    let series = r#"pointsman_requests_total{backend="none",route="all",status="2xx"}"#;
    metric_becomes(&stand.router, series, 2.0).await;
    logs(&stand.router, &["Answered by the route", "route=\"all\""]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_says_the_same_and_its_usage_where_that_is_asked_for() {
    let stand = stand(SAYS).await;
    for include_usage in [false, true] {
        let options = json!({ "stream": true, "stream_options": { "include_usage": include_usage } });
        let response = stand.say("Hi", options).await;
        assert_eq!(header(&response, "content-type"), "text/event-stream; charset=utf-8");
        let text = response.text().await.unwrap();
        let events: Vec<&str> =
            text.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").unwrap()).collect();
        let (done, chunks) = events.split_last().unwrap();
        assert_eq!(*done, "[DONE]");
        let chunks: Vec<Value> = chunks.iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect();
        let said: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(said, "Please call us.");
        assert_eq!(chunks.iter().filter(|chunk| chunk["usage"].is_object()).count(), usize::from(include_usage));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_has_openais_shape_even_for_a_stream() {
    let stand = stand("respond: {status: 403, content: Not here.}").await;
    let response = stand.say("Hi", json!({ "stream": true })).await;
    assert_eq!(
        (header(&response, "x-pointsman-route"), header(&response, "content-type")),
        ("all", "application/json")
    );
    assert_eq!(refused(response, 403, "route_response").await, "Not here.");
    let series = r#"pointsman_requests_total{backend="none",route="all",status="4xx"}"#;
    metric_becomes(&stand.router, series, 1.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guardrails_come_first_and_a_named_backend_is_asked_all_the_same() {
    let sections = "middleware: {guardrails: {jailbreak_detection: true, jailbreak: {threshold: 0.0}}}";
    let strict = Stand::of(Parts { route: SAYS, sections, ..Parts::default() }).await;
    refused(strict.say("Hi there, how are you doing today?", json!({})).await, 400, "content_filter").await;
    let stand = stand(SAYS).await;
    let response = stand.say("Hi", json!({ "model": "two" })).await;
    assert_eq!((header(&response, "x-pointsman-backend"), header(&response, "x-pointsman-route")), ("two", "direct"));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_changes_with_the_config() {
    let stand = stand(SAYS).await;
    stand.becomes(Parts { route: "backend: one", ..Parts::default() }).await;
    let response = stand.say("Hi", json!({})).await;
    assert_eq!(header(&response, "x-pointsman-backend"), "one");
    stand.becomes(Parts { route: SAYS, ..Parts::default() }).await;
    assert!(stand.say("Hi", json!({})).await.text().await.unwrap().contains("Please call us."));
}

//! `pointsman sim`, from outside: shapes, load, faults, and what it tells tests.
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

mod support;

use std::time::{Duration, Instant};

use futures::StreamExt;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use support::{Child, PATIENCE, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

fn chat(more: Value) -> Value {
    let mut body = json!({ "model": "m", "messages": [{ "role": "user", "content": "one two" }] });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

async fn post(sim: &Child, path: &str, body: &Value) -> Response {
    Client::new().post(sim.at(path)).json(body).timeout(PATIENCE).send().await.unwrap()
}

async fn ask(sim: &Child, more: Value) -> Response {
    post(sim, "/v1/chat/completions", &chat(more)).await
}

/// Like [`ask`], where a failure is what is looked for.
async fn try_ask(sim: &Child, more: Value, fault: &str) -> Result<String, reqwest::Error> {
    let request = Client::new().post(sim.at("/v1/chat/completions")).json(&chat(more)).timeout(PATIENCE);
    request.header("x-sim-fault", fault).send().await?.text().await
}

async fn get(sim: &Child, path: &str) -> Response {
    Client::new().get(sim.at(path)).timeout(PATIENCE).send().await.unwrap()
}

async fn set_faults(sim: &Child, faults: Value) {
    let response = Client::new().put(sim.at("/sim/fault")).json(&faults).send().await.unwrap();
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
}

/// The events of a stream, without their `data: `.
fn events(text: &str) -> Vec<&str> {
    text.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect()
}

fn text_of(events: &[&str]) -> String {
    let delta = |event: &&str| {
        serde_json::from_str::<Value>(event).ok()?["choices"][0]["delta"]["content"].as_str().map(String::from)
    };
    events.iter().filter_map(delta).collect()
}

/// A sample of `/metrics`, by its name and, where it has any, its further labels.
async fn metric(sim: &Child, name: &str) -> f64 {
    let text = get(sim, "/metrics").await.text().await.unwrap();
    let line = text.lines().find(|line| line.starts_with(&format!("vllm:{name}")));
    let line = line.unwrap_or_else(|| panic!("no {name} in {text}"));
    assert!(line.contains("engine=\"0\",model_name=\"m\""), "{line}");
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

async fn metric_becomes(sim: &Child, name: &str, value: f64) {
    eventually(&format!("{name} = {value}"), || async move { (metric(sim, name).await == value).then_some(()) }).await;
}

async fn requests(sim: &Child) -> Vec<Value> {
    let tape: Value = get(sim, "/sim/requests").await.json().await.unwrap();
    tape["requests"].as_array().unwrap().clone()
}

async fn last_is_aborted(sim: &Child) {
    let probe = || async { (requests(sim).await.last()?["aborted"] == true).then_some(()) };
    eventually("an aborted request", probe).await;
}

/// Sends `body` on a socket of its own and leaves the rest to the caller.
async fn raw(sim: &Child, body: &Value) -> TcpStream {
    let mut socket = TcpStream::connect(sim.address()).await.unwrap();
    send(&mut socket, body).await;
    socket
}

async fn send(socket: &mut TcpStream, body: &Value) {
    let body = body.to_string();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: sim\r\ncontent-type: application/json\r\n";
    let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    socket.write_all(request.as_bytes()).await.unwrap();
}

/// Reads until `marker` has come.
async fn read_until(socket: &mut TcpStream, marker: &str) -> String {
    let mut seen = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&seen).contains(marker) {
            assert_ne!(socket.read_buf(&mut seen).await.unwrap(), 0, "closed before {marker}");
        }
    };
    timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("no {marker}"));
    String::from_utf8_lossy(&seen).into_owned()
}

// === answers ===

#[tokio::test]
async fn a_whole_chat_answer_has_vllms_shape() {
    let sim = Child::sim(&["--name", "left"]);
    let request = Client::new().post(sim.at("/v1/chat/completions")).header("x-request-id", "abc");
    let body = chat(json!({ "max_tokens": 4, "n": 2 }));
    let response = request.json(&body).send().await.unwrap();
    assert_eq!((response.status(), &response.headers()["x-sim-name"]), (StatusCode::OK, &"left".parse().unwrap()));
    let answer: Value = response.json().await.unwrap();
    assert_eq!((&answer["id"], &answer["object"]), (&json!("chatcmpl-abc"), &json!("chat.completion")));
    for (index, choice) in answer["choices"].as_array().unwrap().iter().enumerate() {
        assert_eq!(choice["index"], index);
        assert_eq!(choice["message"]["content"], "[left] m one two");
        assert_eq!(choice["finish_reason"], "length");
    }
    // "user" is not counted; "one two" are 7 bytes and so 2 tokens, and the message costs 4.
    let usage = json!({ "prompt_tokens": 6, "total_tokens": 14, "completion_tokens": 8,
        "prompt_tokens_details": null, "completion_tokens_details": null });
    assert_eq!(answer["usage"], usage);
}

#[tokio::test]
async fn without_max_tokens_an_answer_has_the_default_length_and_stops() {
    let sim = Child::sim(&["--tokens", "7"]);
    let answer: Value = ask(&sim, json!({})).await.json().await.unwrap();
    assert_eq!(answer["usage"]["completion_tokens"], 7);
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn a_stream_has_one_event_a_token_and_its_usage() {
    let sim = Child::sim(&[]);
    let more = json!({ "max_tokens": 5, "stream": true, "stream_options": { "include_usage": true } });
    let response = ask(&sim, more).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    let text = response.text().await.unwrap();
    let events = events(&text);
    assert_eq!(events.len(), 1 + 5 + 1 + 1, "{text}");
    let parsed: Vec<Value> = events[..7].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    assert_eq!(parsed[0]["choices"][0]["delta"], json!({ "role": "assistant", "content": "" }));
    assert_eq!(text_of(&events), "[sim] m one two one");
    assert_eq!(parsed[4]["choices"][0]["finish_reason"], Value::Null);
    assert_eq!(parsed[5]["choices"][0]["finish_reason"], "length");
    assert_eq!(parsed[6]["choices"], json!([]));
    assert_eq!(parsed[6]["usage"], json!({ "prompt_tokens": 6, "total_tokens": 11, "completion_tokens": 5 }));
    assert_eq!(events[7], "[DONE]");
    assert!(parsed.iter().all(|event| event["id"] == parsed[0]["id"] && event["object"] == "chat.completion.chunk"));
}

#[tokio::test]
async fn text_completions_come_whole_and_streamed() {
    let sim = Child::sim(&[]);
    let whole: Value = post(&sim, "/v1/completions", &json!({ "model": "m", "prompt": ["a b", "c"], "max_tokens": 3 }))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(whole["object"], "text_completion");
    assert!(whole["id"].as_str().unwrap().starts_with("cmpl-"));
    assert_eq!(
        whole["choices"][1],
        json!({ "index": 1, "text": "[sim] m a", "logprobs": null,
        "finish_reason": "length", "stop_reason": null, "token_ids": null, "prompt_logprobs": null,
        "prompt_token_ids": null, "routed_experts": null })
    );
    let body = json!({ "model": "m", "prompt": [1, 2, 3], "max_tokens": 3, "stream": true });
    let text = post(&sim, "/v1/completions", &body).await.text().await.unwrap();
    let events = events(&text);
    assert_eq!(events.len(), 3 + 1, "{text}");
    let last: Value = serde_json::from_str(events[2]).unwrap();
    assert_eq!(last["choices"][0]["text"], " ok");
    assert_eq!(last["choices"][0]["finish_reason"], "length");
}

#[tokio::test]
async fn a_required_tool_is_called_whole_and_streamed() {
    let sim = Child::sim(&[]);
    let tools = json!([{ "type": "function", "function": { "name": "look", "parameters": {} } }]);
    let more = json!({ "max_tokens": 6, "tools": tools, "tool_choice": "required" });
    let answer: Value = ask(&sim, more.clone()).await.json().await.unwrap();
    let choice = &answer["choices"][0];
    assert_eq!((&choice["finish_reason"], &choice["message"]["content"]), (&json!("tool_calls"), &Value::Null));
    let function = &choice["message"]["tool_calls"][0]["function"];
    assert_eq!(function["name"], "look");
    let arguments: Value = serde_json::from_str(function["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(arguments, json!({ "text": "[sim] m one two one" }));

    let mut streamed = more;
    streamed["stream"] = true.into();
    let text = ask(&sim, streamed).await.text().await.unwrap();
    let mut events = events(&text);
    assert_eq!(events.pop(), Some("[DONE]"));
    let parsed: Vec<Value> = events.iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let part = |event: &Value| {
        event["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str().map(String::from)
    };
    let joined: String = parsed.iter().filter_map(part).collect();
    assert_eq!(serde_json::from_str::<Value>(&joined).unwrap(), arguments);
    assert_eq!(parsed.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
}

#[tokio::test]
async fn refusals_are_vllms_own() {
    let sim = Child::sim(&["--model", "alias", "--max-model-len", "64"]);
    let error = |body: Value| {
        let sim = &sim;
        async move {
            let response = post(sim, "/v1/chat/completions", &body).await;
            let status = response.status().as_u16();
            let error: Value = response.json().await.unwrap();
            assert_eq!(error["error"]["code"], status);
            let text = |key: &str| error["error"][key].as_str().unwrap_or("-").to_string();
            (status, text("type"), text("param"), text("message"))
        }
    };
    let (status, kind, param, message) = error(chat(json!({ "model": "nope" }))).await;
    assert_eq!((status, kind.as_str(), param.as_str()), (404, "NotFoundError", "model"));
    assert_eq!(message, "The model `nope` does not exist. Valid aliases: m, alias.");
    let (status, kind, param, message) = error(chat(json!({ "max_tokens": 65 }))).await;
    assert_eq!((status, kind.as_str(), param.as_str()), (400, "BadRequestError", "max_tokens"));
    assert!(message.starts_with("max_tokens=65 cannot be greater than max_model_len=64."), "{message}");
    let long = json!({ "messages": [{ "role": "user", "content": "x".repeat(400) }] });
    let (status, _, param, message) = error(chat(long)).await;
    assert_eq!((status, param.as_str()), (400, "input_tokens"));
    assert!(message.starts_with("This model's maximum context length is 64 tokens."), "{message}");
    let (status, kind, param, _) = error(json!({ "model": "m" })).await;
    assert_eq!((status, kind.as_str(), param.as_str()), (400, "Bad Request", "body.messages"));

    let client = Client::new();
    let response = client.get(sim.at("/v1/chat/completions")).send().await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (405, &"POST".parse().unwrap()));
    let response = client.post(sim.at("/v1/chat/completions")).header("content-type", "text/plain").body("{}");
    assert_eq!(response.send().await.unwrap().status(), 400);
    assert_eq!(get(&sim, "/v1/nothing").await.json::<Value>().await.unwrap(), json!({ "detail": "Not Found" }));
    let served: Value = ask(&sim, json!({ "model": "alias", "max_tokens": 2 })).await.json().await.unwrap();
    assert_eq!(served["choices"][0]["message"]["content"], "[sim] alias");
}

#[tokio::test]
async fn the_endpoints_around_completions_answer() {
    let sim = Child::sim(&["--model", "alias"]);
    let models: Value = get(&sim, "/v1/models").await.json().await.unwrap();
    let ids: Vec<_> = models["data"].as_array().unwrap().iter().map(|model| &model["id"]).collect();
    assert_eq!(ids, ["m", "alias"]);
    for path in ["/health", "/ping"] {
        let response = get(&sim, path).await;
        assert_eq!((response.status().as_u16(), response.content_length()), (200, Some(0)));
    }
    assert_eq!(get(&sim, "/version").await.json::<Value>().await.unwrap()["version"], "0.32.0");
    let tokens = post(&sim, "/tokenize", &json!({ "model": "m", "prompt": "12345678" })).await;
    assert_eq!(tokens.json::<Value>().await.unwrap()["count"], 2);
}

// === load ===

#[tokio::test]
async fn beyond_slots_and_queue_there_is_a_503_and_the_gauges_say_so() {
    let sim = Child::sim(&["--max-num-seqs", "1", "--max-queued", "1", "--kv-blocks", "1"]);
    set_faults(&sim, json!({ "kind": "stall", "after": 2 })).await;
    let body = chat(json!({ "stream": true }));
    let mut running = raw(&sim, &body).await;
    read_until(&mut running, "[sim]").await;
    let mut waiting = raw(&sim, &body).await;
    // The head comes before the slot.
    read_until(&mut waiting, "text/event-stream").await;
    metric_becomes(&sim, "num_requests_waiting", 1.0).await;
    assert_eq!(metric(&sim, "num_requests_running").await, 1.0);
    // The prompt's 6 tokens and 1 more, of 16.
    assert_eq!(metric(&sim, "kv_cache_usage_perc").await, 7.0 / 16.0);

    let refused = ask(&sim, json!({ "stream": true })).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().get("retry-after").is_none());
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["type"], "Service Unavailable");
    assert_eq!(metric(&sim, "admission_rejections_total").await, 1.0);

    // Whoever leaves mid-stream makes room for who waits.
    drop(running);
    read_until(&mut waiting, "[sim]").await;
    assert_eq!(metric(&sim, "num_requests_waiting").await, 0.0);
    drop(waiting);
    metric_becomes(&sim, "num_requests_running", 0.0).await;
    assert_eq!(metric(&sim, "kv_cache_usage_perc").await, 0.0);
}

#[tokio::test]
async fn a_client_that_leaves_gives_all_back_wherever_it_is() {
    let sim = Child::sim(&["--max-num-seqs", "1", "--ttft", "1h"]);
    for stream in [false, true] {
        let body = chat(json!({ "stream": stream }));
        let before_first_token = raw(&sim, &body).await;
        metric_becomes(&sim, "num_requests_running", 1.0).await;
        let queued = raw(&sim, &body).await;
        metric_becomes(&sim, "num_requests_waiting", 1.0).await;
        drop(queued);
        metric_becomes(&sim, "num_requests_waiting", 0.0).await;
        last_is_aborted(&sim).await;
        assert_eq!(metric(&sim, "num_requests_running").await, 1.0);
        drop(before_first_token);
        metric_becomes(&sim, "num_requests_running", 0.0).await;
    }
    let aborted = requests(&sim).await.iter().filter(|request| request["aborted"] == true).count();
    assert_eq!(aborted, 4);
}

#[tokio::test]
async fn counters_count_tokens_and_prefix_hits() {
    let sim = Child::sim(&[]);
    let content = "x".repeat(400);
    let more = json!({ "messages": [{ "role": "user", "content": content }], "max_tokens": 3 });
    for _ in 0..2 {
        assert_eq!(ask(&sim, more.clone()).await.status(), 200);
    }
    assert_eq!(metric(&sim, "prompt_tokens_total").await, 2.0 * 104.0);
    assert_eq!(metric(&sim, "generation_tokens_total").await, 6.0);
    assert_eq!(metric(&sim, "prefix_cache_queries_total").await, 2.0 * 104.0);
    assert_eq!(metric(&sim, "prefix_cache_hits_total").await, 96.0);
    let text = get(&sim, "/metrics").await.text().await.unwrap();
    let line = "vllm:request_success_total{engine=\"0\",model_name=\"m\",finished_reason=\"length\"} 2.0";
    assert!(text.contains(line), "{text}");
}

#[tokio::test]
async fn time_passes_as_it_was_set() {
    let sim = Child::sim(&["--ttft", "100ms", "--itl", "20ms", "--prefill", "1ms"]);
    let content = "x".repeat(400);
    let more = json!({ "messages": [{ "role": "user", "content": content }], "max_tokens": 6, "stream": true });
    // 104 prompt tokens the first time, 8 of them the second.
    for least in [100 + 104 + 5 * 20, 100 + 8 + 5 * 20] {
        let start = Instant::now();
        let text = ask(&sim, more.clone()).await.text().await.unwrap();
        assert!(text.ends_with("data: [DONE]\n\n"));
        assert!(start.elapsed() >= Duration::from_millis(least - 1), "{:?} of {least} ms", start.elapsed());
    }
}

// === what was received ===

#[tokio::test]
async fn the_tape_shows_exactly_what_came() {
    let sim = Child::sim(&["--record", "2"]);
    let body = "{ \"model\" : \"nope\" }";
    for path in ["/old", "/v1/chat/completions?a=b%20c", "/blob"] {
        let bytes = if path == "/blob" { b"\xff\x00\x01".to_vec() } else { body.into() };
        let request = Client::new().post(sim.at(path)).header("X-One", "1").header("content-type", "application/json");
        request.body(bytes).send().await.unwrap();
    }
    let tape: Value = get(&sim, "/sim/requests").await.json().await.unwrap();
    assert_eq!(tape["total"], 3);
    let [chat, blob] = tape["requests"].as_array().unwrap().as_slice() else { panic!("{tape}") };
    assert_eq!((&chat["method"], &chat["path"]), (&json!("POST"), &json!("/v1/chat/completions?a=b%20c")));
    assert!(chat["headers"].as_array().unwrap().contains(&json!(["x-one", "1"])));
    assert_eq!((&chat["body"], &chat["body_length"]), (&json!(body), &json!(body.len())));
    assert_eq!((&chat["finished"], &chat["aborted"]), (&json!(true), &json!(false)));
    assert_eq!((&blob["body_base64"], &blob["fnv1a"]), (&json!("/wAB"), &json!("f9210a1be4164051")));

    Client::new().delete(sim.at("/sim/requests")).send().await.unwrap();
    assert!(requests(&sim).await.is_empty());
}

#[tokio::test]
async fn bodies_up_to_64_mib_are_taken() {
    let sim = Child::sim(&["--record", "0"]);
    let send = |size: usize| {
        Client::new().post(sim.at("/v1/chat/completions")).body(vec![b' '; size]).timeout(PATIENCE).send()
    };
    assert_eq!(send(64 << 20).await.unwrap().status(), 400);
    // All but the last bytes have been read by then, so that the answer is not lost to a reset.
    assert!(send((64 << 20) + 1).await.is_ok_and(|response| response.status() == 413));
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_an_abort() {
    let sim = Child::sim(&[]);
    let mut socket = TcpStream::connect(sim.address()).await.unwrap();
    let half = b"POST /v1/chat/completions HTTP/1.1\r\nhost: sim\r\ncontent-length: 100\r\n\r\n{\"model\"";
    socket.write_all(half).await.unwrap();
    drop(socket);
    last_is_aborted(&sim).await;
}

// === faults ===

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

// === connections and the process ===

#[tokio::test]
async fn idle_connections_are_closed_and_busy_ones_are_not() {
    let sim = Child::sim(&["--keep-alive", "100ms", "--ttft", "250ms"]);
    let mut socket = raw(&sim, &chat(json!({ "max_tokens": 2 }))).await;
    // The answer takes longer than a connection may be idle.
    read_until(&mut socket, "\"metrics\":null}").await;
    let answered = Instant::now();
    send(&mut socket, &chat(json!({ "max_tokens": 2 }))).await;
    read_until(&mut socket, "\"metrics\":null}").await;
    let mut rest = Vec::new();
    assert_eq!(timeout(PATIENCE, socket.read_to_end(&mut rest)).await.unwrap().unwrap(), 0);
    assert!(answered.elapsed() >= Duration::from_millis(349), "{:?}", answered.elapsed());
}

#[tokio::test]
async fn it_ends_cleanly_on_a_signal_even_with_answers_that_never_end() {
    for name in ["TERM", "INT"] {
        let mut sim = Child::sim(&["--fault", r#"{"kind":"hang"}"#, "--grace", "50ms"]);
        let _hanging = raw(&sim, &chat(json!({}))).await;
        eventually("the request", || async { (requests(&sim).await.len() == 1).then_some(()) }).await;
        sim.signal(name);
        assert!(sim.wait().success());
    }
}

//! Asking a simulator, and reading what it says.

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::{Child, PATIENCE, eventually};

pub(crate) fn chat(more: Value) -> Value {
    let mut body = json!({ "model": "m", "messages": [{ "role": "user", "content": "one two" }] });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

pub(crate) async fn post(sim: &Child, path: &str, body: &Value) -> Response {
    Client::new().post(sim.at(path)).json(body).timeout(PATIENCE).send().await.unwrap()
}

pub(crate) async fn ask(sim: &Child, more: Value) -> Response {
    post(sim, "/v1/chat/completions", &chat(more)).await
}

/// Like [`ask`], where a failure is what is looked for.
pub(crate) async fn try_ask(sim: &Child, more: Value, fault: &str) -> Result<String, reqwest::Error> {
    let request = Client::new().post(sim.at("/v1/chat/completions")).json(&chat(more)).timeout(PATIENCE);
    request.header("x-sim-fault", fault).send().await?.text().await
}

pub(crate) async fn get(sim: &Child, path: &str) -> Response {
    Client::new().get(sim.at(path)).timeout(PATIENCE).send().await.unwrap()
}

pub(crate) async fn set_faults(sim: &Child, faults: Value) {
    let response = Client::new().put(sim.at("/sim/fault")).json(&faults).send().await.unwrap();
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
}

/// The events of a stream, without their `data: `.
pub(crate) fn events(text: &str) -> Vec<&str> {
    text.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect()
}

pub(crate) fn text_of(events: &[&str]) -> String {
    let delta = |event: &&str| {
        serde_json::from_str::<Value>(event).ok()?["choices"][0]["delta"]["content"].as_str().map(String::from)
    };
    events.iter().filter_map(delta).collect()
}

/// A sample of `/metrics`, by its name and, where it has any, its further labels.
pub(crate) async fn metric(sim: &Child, name: &str) -> f64 {
    let text = get(sim, "/metrics").await.text().await.unwrap();
    let line = text.lines().find(|line| line.starts_with(&format!("vllm:{name}")));
    let line = line.unwrap_or_else(|| panic!("no {name} in {text}"));
    assert!(line.contains("engine=\"0\",model_name=\"m\""), "{line}");
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

pub(crate) async fn metric_becomes(sim: &Child, name: &str, value: f64) {
    eventually(&format!("{name} = {value}"), || async move { (metric(sim, name).await == value).then_some(()) }).await;
}

pub(crate) async fn requests(sim: &Child) -> Vec<Value> {
    let tape: Value = get(sim, "/sim/requests").await.json().await.unwrap();
    tape["requests"].as_array().unwrap().clone()
}

pub(crate) async fn last_is_aborted(sim: &Child) {
    let probe = || async { (requests(sim).await.last()?["aborted"] == true).then_some(()) };
    eventually("an aborted request", probe).await;
}

/// Sends `body` on a socket of its own and leaves the rest to the caller.
pub(crate) async fn raw(sim: &Child, body: &Value) -> TcpStream {
    let mut socket = TcpStream::connect(sim.address()).await.unwrap();
    send(&mut socket, body).await;
    socket
}

pub(crate) async fn send(socket: &mut TcpStream, body: &Value) {
    let body = body.to_string();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: sim\r\ncontent-type: application/json\r\n";
    let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    socket.write_all(request.as_bytes()).await.unwrap();
}

/// Reads until `marker` has come.
pub(crate) async fn read_until(socket: &mut TcpStream, marker: &str) -> String {
    let mut seen = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&seen).contains(marker) {
            assert_ne!(socket.read_buf(&mut seen).await.unwrap(), 0, "closed before {marker}");
        }
    };
    timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("no {marker}"));
    String::from_utf8_lossy(&seen).into_owned()
}

//! A router on one pool, and requests to it.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::upstream::{Act, Seen, ok};
use super::{PATIENCE, Router, eventually};

/// A config with one backend, `b`, on `peers`: an idle router takes the first of them that may serve. Checks are
/// made at the start and then hardly ever, unless `settings` (more keys of the backend, a line each) say otherwise.
pub(crate) fn config(peers: &[String], settings: &str) -> String {
    let weights = [1000, 100, 10, 5, 1];
    let peers = peers.iter().zip(weights).map(|(url, weight)| format!("{{url: {url:?}, weight: {weight}}}"));
    with_peers(&peers.collect::<Vec<_>>().join(", "), settings)
}

/// The same with the list of peers as YAML.
pub(crate) fn with_peers(peers: &str, settings: &str) -> String {
    let health = if settings.contains("health:") { "" } else { "    health: {interval: 1h}\n" };
    let settings: String = settings.lines().map(|line| format!("    {}\n", line.trim())).collect();
    let router = r#"router: {mode: "off", passthrough: [{path: /raw, backend: b}]}"#;
    format!("{router}\nbackends:\n  - name: b\n    model: m\n    peers: [{peers}]\n{health}{settings}")
}

/// A body for `/v1/chat/completions`.
pub(crate) fn chat(stream: bool) -> Value {
    json!({ "model": "m", "stream": stream, "messages": [{ "role": "user", "content": "one two" }] })
}

/// A client that reuses no connection.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().pool_max_idle_per_host(0).timeout(3 * PATIENCE).build().unwrap()
}

/// The same over h2c.
pub(crate) fn client_h2() -> reqwest::Client {
    reqwest::Client::builder().http2_prior_knowledge().timeout(3 * PATIENCE).build().unwrap()
}

/// Asks for a chat completion.
pub(crate) async fn ask(router: &Router, stream: bool) -> reqwest::Response {
    let request = client().post(router.at("/v1/chat/completions")).json(&chat(stream));
    request.send().await.expect("the router answers")
}

/// A header of an answer, or nothing.
pub(crate) fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Checks that the router itself answered with this error, in OpenAI's shape; returns its message.
pub(crate) async fn refused(response: reqwest::Response, status: u16, code: &str) -> String {
    let (got, body) = (response.status(), response.text().await.unwrap());
    assert_eq!(got, status, "{body}");
    let error = serde_json::from_str::<Value>(&body).unwrap()["error"].clone();
    assert_eq!(error["code"], code, "{body}");
    assert!(error["type"].is_string() && error.get("param").is_some(), "{body}");
    error["message"].as_str().expect("a message").to_owned()
}

/// Every peer's entry of the admin listener's `/backends`.
pub(crate) async fn peers(router: &Router) -> Vec<Value> {
    let backends: Value = reqwest::get(router.admin("/backends")).await.unwrap().json().await.unwrap();
    let peers = backends.as_array().unwrap().iter().flat_map(|backend| backend["peers"].as_array().unwrap().clone());
    peers.collect()
}

/// Has the peer at `address` drained or resumed, by that word; the status and what was answered.
pub(crate) async fn tell_peer(router: &Router, address: &str, word: &str) -> (u16, Value) {
    let url = router.admin(&format!("/backends/b/peers/{address}/{word}"));
    let response = client().post(url).send().await.expect("an answer");
    (response.status().as_u16(), response.json().await.expect("JSON"))
}

/// A script: requests with the header `x-hold` are held, the others answered.
pub(crate) fn hold(seen: &Seen) -> Vec<Act> {
    if seen.header("x-hold").is_empty() { ok() } else { vec![Act::Hang] }
}

/// Sends a request that will be held, and waits until it is counted beside the `before` others.
pub(crate) async fn occupy(router: &Router, before: u64) -> AbortHandle {
    occupy_with(router, before, &chat(false)).await
}

/// The same with a body of the caller's.
pub(crate) async fn occupy_with(router: &Router, before: u64, body: &Value) -> AbortHandle {
    let request = client().post(router.at("/v1/chat/completions")).header("x-hold", "1").json(body);
    let handle = tokio::spawn(request.send()).abort_handle();
    leases_become(router, before + 1).await;
    handle
}

/// Waits until the peers' health is this, in their order.
pub(crate) async fn health_becomes(router: &Router, wanted: &[&str]) {
    let probe =
        || async { peers(router).await.iter().map(|peer| &peer["health"]).eq(wanted.iter().copied()).then_some(()) };
    eventually(&format!("health {wanted:?}"), probe).await;
}

/// The entry of the peer at `address` in `/backends`.
pub(crate) async fn entry(router: &Router, address: impl ToString) -> Value {
    let address = address.to_string();
    peers(router).await.into_iter().find(|peer| peer["address"] == *address).expect("the peer is listed")
}

/// Waits until the `key` of that entry is `wanted`.
pub(crate) async fn entry_becomes(router: &Router, address: impl ToString, key: &str, wanted: impl Into<Value>) {
    let (address, wanted) = (address.to_string(), wanted.into());
    let probe = || async { (entry(router, &address).await[key] == wanted).then_some(()) };
    eventually(&format!("{key} {wanted} at {address}"), probe).await;
}

/// Waits until the peer at `address` is in this state.
pub(crate) async fn state_becomes(router: &Router, address: impl ToString, state: &str) {
    entry_becomes(router, address, "state", state).await;
}

/// Waits until the metric whose line begins with `series` has this value.
pub(crate) async fn metric_becomes(router: &Router, series: &str, value: f64) {
    let probe = || async { (router.metric(series).await == value).then_some(()) };
    eventually(&format!("{series} {value}"), probe).await;
}

/// How many outcomes of this kind were observed at the backend `b`.
pub(crate) async fn outcomes(router: &Router, outcome: &str) -> f64 {
    router.metric(&format!(r#"pointsman_outcomes_total{{backend="b",outcome="{outcome}"}}"#)).await
}

/// Waits until so many outcomes of this kind were observed at the backend `b`; some are a moment after the client's answer.
pub(crate) async fn outcomes_become(router: &Router, outcome: &str, count: f64) {
    let probe = || async { (outcomes(router, outcome).await == count).then_some(()) };
    eventually(&format!("{count} of outcome {outcome}"), probe).await;
}

/// Waits for a line of the log with all of these words; lines are written a moment after what they tell of.
pub(crate) async fn logs(router: &Router, words: &[&str]) {
    let probe =
        || async { router.log().lines().any(|line| words.iter().all(|words| line.contains(words))).then_some(()) };
    eventually(&format!("{words:?} in the log"), probe).await;
}

/// Waits until no request is counted anywhere.
pub(crate) async fn all_leases_are_back(router: &Router) {
    let probe = || async {
        let text = reqwest::get(router.admin("/metrics")).await.unwrap().text().await.unwrap();
        let mut loads = text.lines().filter(|line| {
            line.starts_with("pointsman_peer_leases{") || line.starts_with("pointsman_requests_in_flight ")
        });
        assert!(text.contains("pointsman_peer_leases{"), "{text}");
        loads.all(|line| line.ends_with(" 0")).then_some(())
    };
    eventually("all leases given back", probe).await;
}

/// Waits until this many requests are counted on the pool.
pub(crate) async fn leases_become(router: &Router, wanted: u64) {
    let probe = || async {
        let total: u64 = peers(router).await.iter().map(|peer| peer["leases"].as_u64().unwrap()).sum();
        (total == wanted).then_some(())
    };
    eventually(&format!("{wanted} leases"), probe).await;
}

/// Sends a request on a socket of its own, which the caller may close whenever it likes.
pub(crate) async fn raw_chat(router: &Router, stream: bool) -> TcpStream {
    let mut socket = TcpStream::connect(router.address()).await.unwrap();
    let body = chat(stream).to_string();
    let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: router\r\ncontent-type: application/json\r\n";
    let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

/// Reads until `marker` has come, and gives all that was read.
pub(crate) async fn read_until(socket: &mut TcpStream, marker: &str) -> String {
    let mut seen = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&seen).contains(marker) {
            let taken = socket.read_buf(&mut seen).await.unwrap();
            assert_ne!(taken, 0, "closed before {marker:?}: {}", String::from_utf8_lossy(&seen));
        }
    };
    timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("no {marker:?}"));
    String::from_utf8_lossy(&seen).into_owned()
}

/// Reads to the end.
pub(crate) async fn read_all(socket: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    let _ = timeout(PATIENCE, socket.read_to_end(&mut seen)).await.expect("the connection ends");
    String::from_utf8_lossy(&seen).into_owned()
}

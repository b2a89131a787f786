//! Asking for answers and reading streams event by event.

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Child, PATIENCE};

/// The protocols that clients speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    H1,
    H2c,
}

/// Both of them.
pub(crate) const BOTH: [Speaks; 2] = [Speaks::H1, Speaks::H2c];

/// A stream of events that is being read.
pub(crate) struct Events {
    response: Response,
    seen: Vec<u8>,
}

/// A chat's body for the model `auto`, with `more` keys.
pub(crate) fn chat(more: Value) -> Value {
    with(json!({ "model": "auto", "messages": [{ "role": "user", "content": "one two" }] }), more)
}

/// A completion's body for the model `auto`, with `more` keys.
pub(crate) fn completion(more: Value) -> Value {
    with(json!({ "model": "auto", "prompt": "one two" }), more)
}

fn with(mut body: Value, more: Value) -> Value {
    for (key, value) in more.as_object().expect("keys and values") {
        body[key] = value.clone();
    }
    body
}

/// Reads a stream that must end in one error event of the router's with this code. Returns what came before it, and its
/// message.
pub(crate) async fn broken(what: &str, response: Response, code: &str) -> (Vec<String>, String) {
    assert_eq!(response.status(), 200, "{what}");
    let mut events = Events::of(response).rest().await;
    let last = events.pop().unwrap_or_else(|| panic!("{what}: no event"));
    assert!(last.ends_with("\n\n"), "{what}: {last:?}");
    let error: Value = serde_json::from_str(last.strip_prefix("data: ").unwrap_or_default().trim_end())
        .unwrap_or_else(|error| panic!("{what}: {error} in {last:?}"));
    assert_eq!(error["error"]["code"], code, "{what}");
    assert_eq!(error["error"]["type"], "server_error", "{what}");
    assert!(!events.concat().contains("[DONE]") && !events.concat().contains("\"error\""), "{what}: {events:?}");
    (events, error["error"]["message"].as_str().expect("a message").to_owned())
}

/// Lets the simulator send one more event of its stepped streams.
pub(crate) async fn step(sim: &Child) {
    Client::new().post(sim.at("/sim/step")).send().await.expect("a step");
}

// === impl Speaks ===

impl Speaks {
    /// A client with connections of its own.
    pub(crate) fn client(self) -> Client {
        let builder = Client::builder().timeout(PATIENCE);
        match self {
            Self::H1 => builder.http1_only(),
            Self::H2c => builder.http2_prior_knowledge(),
        }
        .build()
        .expect("a client")
    }
}

// === impl Events ===

impl Events {
    /// Reads `response`'s events.
    pub(crate) fn of(response: Response) -> Self {
        Self { response, seen: Vec::new() }
    }

    /// The next event with its `data: ` and its blank line; `None` at a clean end of the stream.
    pub(crate) async fn next(&mut self) -> Result<Option<String>, reqwest::Error> {
        loop {
            if let Some(end) = self.seen.windows(2).position(|bytes| bytes == b"\n\n") {
                let event: Vec<u8> = self.seen.drain(..end + 2).collect();
                return Ok(Some(String::from_utf8_lossy(&event).into_owned()));
            }
            match timeout(PATIENCE, self.response.chunk()).await.expect("more of the stream")? {
                Some(chunk) => self.seen.extend_from_slice(&chunk),
                None if self.seen.is_empty() => return Ok(None),
                None => return Ok(Some(String::from_utf8_lossy(&std::mem::take(&mut self.seen)).into_owned())),
            }
        }
    }

    /// The next event, which must come.
    pub(crate) async fn must(&mut self) -> String {
        self.next().await.expect("no break").expect("no end")
    }

    /// All events to a clean end.
    pub(crate) async fn rest(&mut self) -> Vec<String> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await.expect("a clean end") {
            events.push(event);
        }
        events
    }

    /// Bytes that came with the last event and belong to none that was read.
    pub(crate) fn unread(&self) -> &[u8] {
        &self.seen
    }
}

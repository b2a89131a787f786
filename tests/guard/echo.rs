//! A model that says what it was told last, whole or in pieces, and a router with guardrails in front of it.

use reqwest::Response;
use serde_json::{Value, json};

use crate::support::Router;
use crate::support::upstream::{Act, Upstream, answer};

/// A router with guardrails in front of a model that echoes.
pub(crate) struct Echoing {
    pub(crate) router: Router,
    pub(crate) model: Upstream,
}

/// What a client gets.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

// === impl Echoing ===

impl Echoing {
    /// With these keys of `middleware.guardrails`, in YAML's flow style.
    pub(crate) async fn with(guardrails: &str) -> Self {
        Self::over(guardrails, "", 3).await
    }

    /// With further keys of `middleware`, and a model whose streams come `letters` characters at a time.
    pub(crate) async fn over(guardrails: &str, middleware: &str, letters: usize) -> Self {
        Self::start(guardrails, middleware, "mode: \"off\"", letters).await
    }

    /// Where what prompts mean counts: for routes, and for the cache.
    pub(crate) async fn meaning(guardrails: &str, middleware: &str) -> Self {
        let route = "{name: elsewhere, backend: other, samples: [\"Sing me a song about the sea.\"]}";
        Self::start(guardrails, middleware, &format!("default_backend: solo, routes: [{route}]"), 3).await
    }

    async fn start(guardrails: &str, middleware: &str, router: &str, letters: usize) -> Self {
        let model = Upstream::start(move |seen| vec![echo(&seen.body, letters)]).await;
        let config = format!(
            "backends:
  - {{name: solo, url: \"{0}/v1\", model: m}}
  - {{name: other, url: \"{0}/other/v1\", model: o}}
router: {{{router}}}
embedding: {{timeout: 1m}}
middleware:
  guardrails: {{{guardrails}}}
{middleware}
",
            model.url()
        );
        Self { router: Router::start(&config), model }
    }

    pub(crate) async fn chat(&self, body: Value) -> Answered {
        self.post("/v1/chat/completions", body).await
    }

    /// One user message.
    pub(crate) async fn say(&self, text: &str) -> Answered {
        self.chat(json!({ "messages": [{ "role": "user", "content": text }] })).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answered {
        let response = reqwest::Client::new().post(self.router.at(path)).json(&body).send().await.unwrap();
        Answered::read(response).await
    }

    /// A chat's body as it is written.
    pub(crate) async fn write(&self, body: String) -> Answered {
        let request = reqwest::Client::new().post(self.router.at("/v1/chat/completions"));
        Answered::read(request.header("content-type", "application/json").body(body).send().await.unwrap()).await
    }

    /// The last body that the model got.
    pub(crate) fn told(&self) -> String {
        String::from_utf8(self.model.seen().pop().expect("the model was asked").body).unwrap()
    }

    /// The last user text that the model got.
    pub(crate) fn heard(&self) -> String {
        let body: Value = serde_json::from_str(&self.told()).unwrap();
        last_text(&body)
    }
}

// === impl Answered ===

impl Answered {
    pub(crate) async fn read(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// What the model said, of an answer that is whole or a stream.
    pub(crate) fn said(&self) -> String {
        assert_eq!(self.status, 200, "{self:?}");
        if !self.header("content-type").starts_with("text/event-stream") {
            return self.json()["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
        }
        let events = self.text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
        let delta = |data: &str| -> Option<String> {
            let event: Value = serde_json::from_str(data).unwrap();
            Some(event["choices"][0]["delta"]["content"].as_str()?.to_owned())
        };
        events.filter_map(delta).collect()
    }
}

/// The last message's text, or the prompt.
fn last_text(body: &Value) -> String {
    let last = body["messages"].as_array().and_then(|messages| messages.last());
    let text = last.map_or(&body["prompt"], |message| &message["content"]);
    text.as_str().unwrap_or_default().to_owned()
}

/// The calls of the last message that has some.
fn last_calls(body: &Value) -> Option<&Value> {
    body["messages"].as_array()?.iter().rev().map(|message| &message["tool_calls"]).find(|calls| !calls.is_null())
}

/// Says the last text again, and calls the last tools.
fn echo(body: &[u8], letters: usize) -> Act {
    let body: Value = serde_json::from_slice(body).unwrap();
    let text = last_text(&body);
    if body["stream"] == true {
        return events(&text, letters);
    }
    let mut message = json!({ "role": "assistant", "content": text });
    if let Some(calls) = last_calls(&body) {
        message["tool_calls"] = calls.clone();
    }
    let whole = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"],
        "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
    });
    answer(200, "content-type: application/json\r\n", &whole.to_string())
}

/// `text` as a stream, so many characters at a time.
fn events(text: &str, letters: usize) -> Act {
    let event = |delta: Value, finish: Value| {
        let chunk = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
        });
        format!("data: {chunk}\n\n")
    };
    let characters: Vec<char> = text.chars().collect();
    let mut stream = event(json!({ "role": "assistant", "content": "" }), Value::Null);
    for piece in characters.chunks(letters) {
        stream += &event(json!({ "content": piece.iter().collect::<String>() }), Value::Null);
    }
    stream += &event(json!({}), json!("stop"));
    stream += "data: [DONE]\n\n";
    let chunked = format!("{:x}\r\n{stream}\r\n0\r\n\r\n", stream.len());
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    Act::Say(format!("{head}{chunked}").into_bytes())
}

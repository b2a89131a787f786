//! A router with one route, `all`, and two backends that write down what they are asked.

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::support::fickle::Fickle;
use crate::support::upstream::{Seen, whole};
use crate::support::{Router, pool};

/// The backends `one` and `two`, whose models are `model-one` and `model-two`.
pub(crate) struct Stand {
    pub(crate) router: Router,
    pub(crate) one: Fickle,
    pub(crate) two: Fickle,
}

/// A config of these parts; each is YAML's flow style without its braces, but for `sections`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Parts<'a> {
    /// Of the route.
    pub(crate) route: &'a str,
    /// Of the backend `one`, and of `two`.
    pub(crate) one: &'a str,
    pub(crate) two: &'a str,
    /// Of the router.
    pub(crate) router: &'a str,
    /// Further sections.
    pub(crate) sections: &'a str,
}

// === impl Stand ===

impl Stand {
    /// With these keys of the route, which `one` serves.
    pub(crate) async fn with(route: &str) -> Self {
        Self::of(Parts { route: &format!("backend: one, {route}"), ..Parts::default() }).await
    }

    pub(crate) async fn of(parts: Parts<'_>) -> Self {
        let (one, two) = (Fickle::start(vec![whole("from one")]).await, Fickle::start(vec![whole("from two")]).await);
        let router = Router::start(&config(&one, &two, parts));
        Self { router, one, two }
    }

    /// Puts other parts in force.
    pub(crate) async fn becomes(&self, parts: Parts<'_>) {
        self.router.change_to(&config(&self.one, &self.two, parts)).await;
    }

    /// Asks for a chat with this body.
    pub(crate) async fn chat(&self, body: &str) -> Response {
        send(self.post("/v1/chat/completions"), body).await
    }

    /// The same for a user's message, with `more` keys.
    pub(crate) async fn say(&self, text: &str, more: Value) -> Response {
        let mut body = json!({ "messages": [{ "role": "user", "content": text }] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.chat(&body.to_string()).await
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        pool::client().post(self.router.at(path)).header("content-type", "application/json")
    }

    /// The last body that `one` got for a chat with this body.
    pub(crate) async fn sent(&self, body: &str) -> String {
        let response = self.chat(body).await;
        assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
        last(&self.one)
    }

    /// The same as JSON, for `body` as JSON.
    pub(crate) async fn sent_json(&self, body: Value) -> Value {
        serde_json::from_str(&self.sent(&body.to_string()).await).unwrap()
    }
}

pub(crate) async fn send(request: RequestBuilder, body: &str) -> Response {
    request.body(body.to_owned()).send().await.expect("the router answers")
}

/// The last body that a backend got.
pub(crate) fn last(backend: &Fickle) -> String {
    text(&backend.peer.seen().pop().expect("it was asked"))
}

pub(crate) fn text(seen: &Seen) -> String {
    String::from_utf8(seen.body.clone()).unwrap()
}

fn config(one: &Fickle, two: &Fickle, Parts { route, one: first, two: second, router, sections }: Parts) -> String {
    let backend = |name: &str, backend: &Fickle, keys: &str| {
        let model = if keys.contains("model:") { String::new() } else { format!("model: model-{name}, ") };
        format!("  - {{name: {name}, {model}url: \"{}/v1\", health: {{interval: 1h}}, {keys}}}\n", backend.peer.url())
    };
    let samples = if route.contains("samples:") || route.contains("when:") { "" } else { "samples: [anything], " };
    format!(
        "router: {{default_backend: one, {router}{}routes: [{{name: all, {samples}{route}}}]}}\nbackends:\n{}{}{sections}\n",
        if router.is_empty() { "" } else { ", " },
        backend("one", one, first),
        backend("two", two, second)
    )
}

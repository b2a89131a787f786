//! A router with rules in front of three backends that answer anything.

use std::path::Path;

use reqwest::Response;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::Router;
use crate::support::upstream::{Upstream, whole};

/// The router and the server behind all of its backends: `base`, the default one, `a` and `b`.
pub(crate) struct Ruled {
    pub(crate) router: Router,
    pub(crate) model: Upstream,
}

// === impl Ruled ===

impl Ruled {
    /// With these routes, one a line, in YAML's flow style.
    pub(crate) async fn with(routes: &str) -> Self {
        Self::over("", routes, "", &[]).await
    }

    /// With further keys of `router`, further sections, and variables, too.
    pub(crate) async fn over(keys: &str, routes: &str, sections: &str, environment: &[(&str, &str)]) -> Self {
        let model = Upstream::start(|_| vec![whole("well")]).await;
        let config = config(&model, keys, routes, sections);
        Self { router: Router::start_with(&config, environment), model }
    }

    /// Where a user's text goes: its route and its backend.
    pub(crate) async fn said(&self, text: &str) -> [String; 2] {
        self.went(user(text)).await
    }

    /// Where a chat's body goes.
    pub(crate) async fn went(&self, body: Value) -> [String; 2] {
        went(&self.ask(body, &[]).await)
    }

    /// The answer to a chat's body with these headers.
    pub(crate) async fn ask(&self, body: Value, headers: &[(&str, &str)]) -> Response {
        let request = reqwest::Client::new().post(self.router.at("/v1/chat/completions")).json(&body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        response
    }

    /// How many prompts were embedded.
    pub(crate) async fn embedded(&self) -> f64 {
        self.router.metric("pointsman_embedding_seconds_count").await
    }
}

/// The config in front of `model`.
pub(crate) fn config(model: &Upstream, keys: &str, routes: &str, sections: &str) -> String {
    let lines = |text: &str, indent: &str| -> String {
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| format!("{indent}{line}\n")).collect()
    };
    format!(
        "backends:
  - {{name: base, url: \"{0}/v1\", model: m-base}}
  - {{name: a, url: \"{0}/a/v1\", model: m-a}}
  - {{name: b, url: \"{0}/b/v1\", model: m-b}}
router:
  default_backend: base
{1}  routes:
{2}{sections}
",
        model.url(),
        lines(keys, "  "),
        lines(routes, "    - ")
    )
}

/// A router that routes by another model than its guardrails read with: to `bye`, to `hello` and by `route`. With it comes
/// the home of that model.
pub(crate) async fn of_two_models(route: &str) -> (Ruled, TempDir) {
    let home = tempfile::tempdir().unwrap();
    let cached = home.path().join("hub/models--tiny--bert");
    std::fs::create_dir_all(cached.join("refs")).unwrap();
    std::fs::create_dir_all(cached.join("snapshots")).unwrap();
    std::fs::write(cached.join("refs/main"), "0123abcd").unwrap();
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/architectures/bert");
    std::os::unix::fs::symlink(tiny, cached.join("snapshots/0123abcd")).unwrap();
    let routes = format!(
        "{{name: bye, backend: a, samples: [\"good bye\", \"see you\"]}}
        {{name: hello, backend: b, samples: [\"hello there\", \"good morning\"]}}
        {route}"
    );
    let guardrails = "middleware: {guardrails: {timeout: 1m, jailbreak_detection: true, jailbreak: {action: flag}, pii_masking: true}}\n";
    let environment = [("HF_HOME", home.path().to_str().unwrap())];
    (Ruled::over("embedding_model: tiny/bert", &routes, guardrails, &environment).await, home)
}

/// What the admin listener says of a text.
pub(crate) async fn told(ruled: &Ruled, text: &str) -> Value {
    let request = reqwest::Client::new().post(ruled.router.admin("/route")).json(&json!({ "text": text }));
    request.send().await.unwrap().json().await.unwrap()
}

/// A user's text, as a chat.
pub(crate) fn user(text: &str) -> Value {
    json!({ "messages": [{ "role": "user", "content": text }] })
}

/// The route and the backend of an answer.
pub(crate) fn went(response: &Response) -> [String; 2] {
    ["x-pointsman-route", "x-pointsman-backend"].map(|name| header(response, name).to_owned())
}

pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

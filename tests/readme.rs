//! The README's examples of routing do what the README says, word for word as they stand there.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use reqwest::{Client, Response};
use serde_json::{Value, json};
use support::Router;
use support::upstream::{Upstream, whole};

const README: &str = include_str!("../README.md");

/// A router on one of the examples, and the server behind all of its backends.
struct Example {
    router: Router,
    model: Upstream,
}

/// The YAML blocks of the chapter's examples: the backends that all share, then the five.
fn blocks() -> Vec<String> {
    let chapter = README.split("\n## Routing\n").nth(1).unwrap();
    let examples = chapter.split("\n### Samples\n").next().unwrap();
    let blocks = examples.split("```yaml\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

// === impl Example ===

impl Example {
    async fn start(number: usize) -> Self {
        let model = Upstream::start(|_| vec![whole("well")]).await;
        let blocks = blocks();
        let backends = blocks[0].replace("version: v1\n", "");
        let backends = ["gpu1:8000", "gpu2:8000", "gpu3:8000"]
            .into_iter()
            .fold(backends, |config, host| config.replace(host, &model.address.to_string()));
        Self { router: Router::start(&format!("{backends}{}", blocks[number])), model }
    }

    async fn ask(&self, body: &Value, headers: &[(&str, &str)]) -> Response {
        let request = Client::new().post(self.router.at("/v1/chat/completions")).json(body);
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().await.unwrap()
    }

    /// The route and the backend of a user's text.
    async fn went(&self, text: &str) -> [String; 2] {
        went(&self.ask(&user(text), &[]).await)
    }

    /// What the server was sent, in order, as JSON.
    fn all_sent(&self) -> Vec<Value> {
        let bodies = self.model.seen().into_iter().map(|seen| seen.body).filter(|body| !body.is_empty());
        bodies.map(|body| serde_json::from_slice(&body).unwrap()).collect()
    }

    /// The last of it.
    fn sent(&self) -> Value {
        self.all_sent().pop().unwrap()
    }
}

fn user(text: &str) -> Value {
    json!({ "messages": [{ "role": "user", "content": text }] })
}

fn went(response: &Response) -> [String; 2] {
    ["x-pointsman-route", "x-pointsman-backend"]
        .map(|name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default())
}

fn to(route: &str, backend: &str) -> [String; 2] {
    [route.into(), backend.into()]
}

#[test]
fn there_are_five_examples() {
    assert_eq!(blocks().len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_meaning() {
    let example = Example::start(1).await;
    assert_eq!(
        example.went("Which clause of the lease lets the landlord raise the rent?").await,
        to("contracts", "large")
    );
    assert_eq!(example.went("Tell me a joke about trains.").await, to("default", "small"));
}

#[tokio::test(flavor = "multi_thread")]
async fn by_rule() {
    let example = Example::start(2).await;
    let tool = json!({ "type": "function", "function": { "name": "f", "parameters": { "type": "object" } } });
    let mut body = user("Book a table for two.");
    body["tools"] = json!([tool]);
    assert_eq!(went(&example.ask(&body, &[]).await), to("agents", "large"));
    assert_eq!(example.went(&"Once upon a time there was a king. ".repeat(1500)).await, to("agents", "large"));
    let best = example.ask(&user("Hello."), &[("x-quality", "best")]).await;
    assert_eq!(went(&best), to("agents", "large"));
    assert_eq!(example.went("Why is this explain analize so slow?").await, to("sql", "large"));
    assert_eq!(example.went("Hello.").await, to("default", "small"));
    assert_eq!(example.router.metric("pointsman_embedding_seconds_count").await, 0.0, "nothing is embedded");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_difficulty() {
    let example = Example::start(3).await;
    let first = "What is the derivative of x squared times the sine of x?";
    assert_eq!(example.went(first).await, to("thinking", "large"));
    assert_eq!(example.sent()["reasoning_effort"], "high");
    assert_eq!(example.went("Write a Python function that reverses a linked list.").await, to("code", "large"));
    assert_eq!(example.sent()["reasoning_effort"], "low");
    assert_eq!(example.went("Good morning! How was your weekend?").await, to("default", "small"));
    let later = json!({ "messages": [
        { "role": "user", "content": first },
        { "role": "assistant", "content": "well" },
        { "role": "user", "content": "Thank you, have a nice evening!" },
    ] });
    assert_eq!(went(&example.ask(&later, &[]).await)[1], "large", "a conversation stays up");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_money() {
    let example = Example::start(4).await;
    let mut served = [0, 0];
    for number in 0..100 {
        let response = example.ask(&user(&format!("Report {number}")), &[("x-app", "reports")]).await;
        let [route, backend] = went(&response);
        assert_eq!(route, "reports");
        served[usize::from(backend == "next")] += 1;
    }
    assert!(served[0] > 70 && served[1] > 0, "{served:?}");
    assert!(example.all_sent().iter().all(|body| body["temperature"] == 0.2), "what clients left out is filled in");
    let mut greedy = user("Report");
    greedy["max_tokens"] = json!(100_000);
    example.ask(&greedy, &[("x-app", "reports")]).await;
    assert!(
        example.all_sent().iter().all(|body| body["max_tokens"] != 100_000),
        "no more is asked for than is allowed"
    );
    assert!(example.router.metric(r#"pointsman_cost_total{backend="large",route="reports"}"#).await > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_policy() {
    let example = Example::start(5).await;
    let card = "Was 4111 1111 1111 1111 charged?";
    assert_eq!(example.went(card).await, to("payments", "small"));
    let sent = example.sent();
    assert_eq!(sent["messages"][0], json!({ "role": "system", "content": "Never repeat a full card number." }));
    assert_eq!(sent["messages"][1]["content"], card, "at home it is not masked");
    let before = example.all_sent().len();
    let answer = example.ask(&user("Which dosge of aspirin is safe?"), &[]).await;
    assert_eq!(went(&answer)[0], "medical");
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], "Please ask a doctor or a pharmacist.");
    assert_eq!(example.all_sent().len(), before, "no backend is asked");
    assert_eq!(example.went("Write to jane.doe@example.com, please.").await, to("default", "large"));
    assert!(!example.sent().to_string().contains("jane.doe"), "{}", example.sent());
}

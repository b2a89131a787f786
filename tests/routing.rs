//! The reference config's routes, served for real: prompts go by meaning, names go straight, the rest is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use serde_json::{Value, json};
use support::{Child, Router};

const FAST: &str = "Qwen/Qwen2.5-7B-Instruct";
const HEAVY: &str = "deepseek-ai/DeepSeek-V3";

/// The reference config with its two hosts on loopback.
struct Reference {
    router: Router,
    _fast: Child,
    _heavy: Child,
}

impl Reference {
    fn start() -> Self {
        let fast = Child::sim(&["--name", "small", "--model", FAST]);
        let heavy = Child::sim(&["--name", "large", "--model", HEAVY]);
        let config = include_str!("../conf/reasoning-budget.yaml")
            .replace("version: \"v1\"", "")
            .replace("http://vllm-small:8000", &fast.url)
            .replace("http://vllm-large:8000", &heavy.url);
        Self { router: Router::start(&config), _fast: fast, _heavy: heavy }
    }

    async fn ask(&self, body: Value) -> reqwest::Response {
        reqwest::Client::new().post(self.router.at("/v1/chat/completions")).json(&body).send().await.unwrap()
    }
}

fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn chat(text: &str) -> Value {
    json!({ "model": "auto", "messages": [{ "role": "user", "content": text }] })
}

#[tokio::test]
async fn prompts_go_by_meaning() {
    let reference = Reference::start();
    for (text, route, backend, sim, model) in [
        ("Hey, how is it going today?", "chitchat", "fast-chat", "small", FAST),
        ("Do you know a funny joke?", "chitchat", "fast-chat", "small", FAST),
        ("My C program crashes with a segmentation fault", "complex-tasks", "heavy-reasoner", "large", HEAVY),
        ("Write some Python code that reads JSON", "complex-tasks", "heavy-reasoner", "large", HEAVY),
    ] {
        let response = reference.ask(chat(text)).await;
        assert_eq!(response.status(), 200, "{text}");
        assert_eq!(header(&response, "x-pointsman-route"), route, "{text}");
        assert_eq!(header(&response, "x-pointsman-backend"), backend, "{text}");
        assert_eq!(header(&response, "x-pointsman-cache"), "bypass", "{text}");
        assert_eq!(header(&response, "x-sim-name"), sim, "{text}");
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["model"], model, "{text}");
    }
}

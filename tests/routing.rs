//! The reference config's routes, served for real: prompts go by meaning, names go straight, the rest is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use serde_json::{Value, json};
use support::wire::error_code;
use support::{Child, Router};

const FAST: &str = "Qwen/Qwen2.5-7B-Instruct";
const HEAVY: &str = "deepseek-ai/DeepSeek-V3";

/// The reference config with its two hosts on loopback.
struct Reference {
    router: Router,
    fast: Child,
    heavy: Child,
}

impl Reference {
    fn start() -> Self {
        Self::with(|config| config)
    }

    /// With an edit of the config's text.
    fn with(edit: impl Fn(String) -> String) -> Self {
        let fast = Child::sim(&["--name", "small", "--model", FAST]);
        let heavy = Child::sim(&["--name", "large", "--model", HEAVY]);
        let config = include_str!("../conf/reasoning-budget.yaml")
            .replace("version: \"v1\"", "")
            .replace("http://vllm-small:8000", &fast.url)
            .replace("http://vllm-large:8000", &heavy.url);
        Self { router: Router::start(&edit(config)), fast, heavy }
    }

    async fn ask(&self, body: Value) -> reqwest::Response {
        self.post("/v1/chat/completions", body).await
    }

    async fn post(&self, path: &str, body: Value) -> reqwest::Response {
        reqwest::Client::new().post(self.router.at(path)).json(&body).send().await.unwrap()
    }

    /// The route and the backend that a body leads to.
    async fn led(&self, path: &str, body: Value) -> (String, String) {
        let response = self.post(path, body.clone()).await;
        assert_eq!(response.status(), 200, "{body}");
        (header(&response, "x-pointsman-route").into(), header(&response, "x-pointsman-backend").into())
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
        assert_eq!(header(&response, "x-pointsman-cache"), "miss", "{text}");
        assert_eq!(header(&response, "x-sim-name"), sim, "{text}");
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["model"], model, "{text}");
    }
}

const CODE: &str = "My C program crashes with a segmentation fault";
const JOKE: &str = "Do you know a funny joke?";
const CHATTED: (&str, &str) = ("chitchat", "fast-chat");
const SOLVED: (&str, &str) = ("complex-tasks", "heavy-reasoner");

fn pair((route, backend): &(String, String)) -> (&str, &str) {
    (route, backend)
}

#[tokio::test]
async fn aliases_and_no_name_are_routed_and_names_go_straight() {
    let reference = Reference::start();
    for model in [json!("auto"), json!("router-gateway"), json!("MoM"), json!(""), Value::Null] {
        let body = json!({ "model": model, "messages": [{ "role": "user", "content": CODE }] });
        assert_eq!(pair(&reference.led("/v1/chat/completions", body).await), SOLVED, "{model}");
    }
    let unnamed = json!({ "messages": [{ "role": "user", "content": CODE }] });
    assert_eq!(pair(&reference.led("/v1/chat/completions", unnamed).await), SOLVED);
    let straight = [("fast-chat", "fast-chat"), (FAST, "fast-chat"), (HEAVY, "heavy-reasoner")];
    for (name, backend) in straight {
        // The text would lead to the other backend.
        let text = if backend == "fast-chat" { CODE } else { JOKE };
        let body = json!({ "model": name, "messages": [{ "role": "user", "content": text }] });
        assert_eq!(pair(&reference.led("/v1/chat/completions", body).await), ("direct", backend), "{name}");
    }
    for (sim, model) in [(&reference.fast, FAST), (&reference.heavy, HEAVY)] {
        for seen in sim.seen().await {
            let body: Value = serde_json::from_str(seen.body()).unwrap();
            assert_eq!(body["model"], model);
        }
    }
}

#[tokio::test]
async fn an_unknown_name_is_a_404_in_openais_shape() {
    let reference = Reference::start();
    for name in ["gpt-4", "Auto", "FAST-CHAT", " auto", "auto\u{0}", "chitchat", "\u{202e}x"] {
        let response = reference.ask(json!({ "model": name, "messages": [{ "role": "user", "content": JOKE }] })).await;
        assert_eq!(response.status(), 404, "{name}");
        assert!(!response.headers().contains_key("x-pointsman-backend"));
        let error: Value = response.json().await.unwrap();
        assert_eq!((error_code(&error).as_str(), &error["error"]["param"]), ("model_not_found", &json!("model")));
        assert!(error["error"]["message"].as_str().unwrap().contains(name), "{error}");
    }
    assert_eq!(reference.fast.total_seen().await + reference.heavy.total_seen().await, 0);
}

#[tokio::test]
async fn the_last_user_message_decides() {
    let reference = Reference::start();
    let user = |content: Value| json!({ "role": "user", "content": content });
    let part = |kind: &str, text: &str| json!({ "type": kind, "text": text });
    let image = json!({ "type": "image_url", "image_url": { "url": CODE } });
    let assistant = json!({ "role": "assistant", "content": CODE });
    let tool = json!({ "role": "tool", "tool_call_id": "1", "content": CODE });
    for (messages, expected) in [
        (json!([user(json!(CODE)), assistant, user(json!(JOKE))]), CHATTED),
        (json!([user(json!(JOKE)), assistant, tool]), CHATTED),
        (json!([user(json!(JOKE)), user(json!(CODE))]), SOLVED),
        (json!([{ "role": "system", "content": CODE }, user(json!([image, part("text", JOKE)]))]), CHATTED),
        (json!([user(json!([part("input_text", CODE), image]))]), SOLVED),
        (json!([user(json!(JOKE)), user(json!([image]))]), ("default", "fast-chat")),
        (json!([{ "role": "assistant", "content": CODE }]), ("default", "fast-chat")),
        (json!([user(json!(CODE)), user(json!(" \n\t"))]), ("default", "fast-chat")),
    ] {
        let led = reference.led("/v1/chat/completions", json!({ "messages": messages })).await;
        assert_eq!(pair(&led), expected, "{messages}");
    }
}

#[tokio::test]
async fn escapes_do_not_hide_the_text_that_the_model_will_read() {
    let reference = Reference::start();
    let escaped: String = CODE.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
    for message in [
        format!(r#"{{"role":"user","content":"{escaped}"}}"#),
        format!(r#"{{"r\u006fle":"us\u0065r","cont\u0065nt":"{CODE}"}}"#),
        format!(r#"{{"role":"user","content":[{{"typ\u0065":"t\u0065xt","t\u0065xt":"{CODE}"}}]}}"#),
    ] {
        let body = format!(r#"{{"m\u0065ssages":[{message}]}}"#);
        let answer =
            support::wire::ask(reference.router.address(), support::wire::post("/v1/chat/completions", "", &body));
        assert_eq!(answer.await.header("x-pointsman-route"), Some("complex-tasks"), "{body}");
    }
}

#[tokio::test]
async fn completions_go_by_their_first_string() {
    let reference = Reference::start();
    for (prompt, expected) in [(json!(CODE), SOLVED), (json!([CODE, JOKE]), SOLVED), (json!([JOKE, CODE]), CHATTED)] {
        let led = reference.led("/v1/completions", json!({ "model": "auto", "prompt": prompt })).await;
        assert_eq!(pair(&led), expected, "{prompt}");
    }
}

#[tokio::test]
async fn token_ids_go_to_the_default_backend_where_no_guardrail_would_have_to_read_them() {
    let unguarded = Reference::with(|config| {
        config
            .replace("jailbreak_detection: true", "jailbreak_detection: false")
            .replace("pii_masking: true", "pii_masking: false")
    });
    let guarded = Reference::start();
    for prompt in [json!([15496, 11, 995]), json!([[15496], [11, 995]])] {
        let body = json!({ "model": "auto", "prompt": prompt });
        let led = unguarded.led("/v1/completions", body.clone()).await;
        assert_eq!(pair(&led), ("default", "fast-chat"), "{prompt}");
        assert_eq!(guarded.post("/v1/completions", body).await.status(), 503, "{prompt}");
    }
}

#[tokio::test]
async fn a_route_below_its_threshold_is_no_choice() {
    let thresholds = |config: String| {
        let high = config.replace("- name: \"complex-tasks\"", "- name: \"complex-tasks\"\n      threshold: 0.98");
        let both = high.replace("- name: \"chitchat\"", "- name: \"chitchat\"\n      threshold: 0.5");
        both.replace("router:\n", "router:\n  default_backend: heavy-reasoner\n")
    };
    let reference = Reference::with(thresholds);
    for (text, expected) in [
        ("Debug this segfault trace.", SOLVED), // a sample, word for word
        (CODE, ("default", "heavy-reasoner")),
        (JOKE, CHATTED),
        ("Quarterly cement exports of Paraguay", ("default", "heavy-reasoner")),
    ] {
        assert_eq!(pair(&reference.led("/v1/chat/completions", chat(text)).await), expected, "{text}");
    }
    assert!(!reference.router.log().contains("default_backend is not set"));
}

#[tokio::test]
async fn the_first_backend_is_the_default_and_the_log_says_so() {
    let reference = Reference::with(|config| config.replace("mode: \"semantic\"", "mode: \"off\""));
    for text in [CODE, JOKE] {
        let led = reference.led("/v1/chat/completions", chat(text)).await;
        assert_eq!(pair(&led), ("default", "fast-chat"), "mode off embeds nothing: {text}");
    }
    assert_eq!(reference.router.metric("pointsman_embedding_seconds_count").await, 0.0);
    let warned = reference.router.log().matches("router.default_backend is not set: \"fast-chat\" serves").count();
    assert_eq!(warned, 1);
}

#[tokio::test]
async fn the_operators_aliases_replace_the_three() {
    let off = |config: String| config.replace("mode: \"semantic\"", "mode: \"off\"\n  aliases: [smart, \"best one\"]");
    let reference = Reference::with(off);
    for (name, status) in [("smart", 200), ("best one", 200), ("auto", 404), ("MoM", 404), ("router-gateway", 404)] {
        let response = reference.ask(json!({ "model": name, "messages": [{ "role": "user", "content": "x" }] })).await;
        assert_eq!(response.status(), status, "{name}");
    }
    let unnamed = json!({ "messages": [{ "role": "user", "content": "x" }] });
    assert_eq!(pair(&reference.led("/v1/chat/completions", unnamed).await), ("default", "fast-chat"));
}

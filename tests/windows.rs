//! Long prompts and repeated ones, as the encoder's metrics tell them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::process::Command;

use support::wire::{Answer, ask, post};
use support::{Child, Router};

const QUESTION: &str = "Why does my C program crash with this segmentation fault? Here is the trace of the core dump. ";
const PROSE: &str = "The harbour of the old town lies quiet in the morning, and the fishermen mend their nets. ";

/// Routes questions on crashes; `fallback` is the default backend.
fn router(sim: &Child, embedding: &str) -> Router {
    Router::start(&format!(
        "backends:\n  - {{name: chosen, url: {url:?}, model: m}}\n  - {{name: fallback, url: {url:?}, model: n}}\n\
         limits: {{body_size: 16MiB}}\nembedding: {{timeout: 1m, {embedding}}}\nrouter:\n  default_backend: fallback\n  \
         routes:\n    - {{name: crashes, backend: chosen, threshold: 0.15, samples: [\"Debug this segfault trace.\"]}}\n",
        url = sim.url
    ))
}

async fn chat(router: &Router, text: &str) -> Answer {
    let body = format!(r#"{{"messages":[{{"role":"user","content":"{text}"}}]}}"#);
    let answer = ask(router.address(), post("/v1/chat/completions", "", body)).await;
    assert_eq!((answer.status, answer.header("x-pointsman-degraded")), (200, None), "{answer:?}");
    answer
}

fn route(answer: &Answer) -> &str {
    answer.header("x-pointsman-route").unwrap()
}

const HITS: &str = r#"pointsman_encoder_memo_total{outcome="hit"}"#;
const MISSES: &str = r#"pointsman_encoder_memo_total{outcome="miss"}"#;
const ENCODED: &str = r#"pointsman_encoder_jobs{outcome="encoded"}"#;
const UNREAD_TEXTS: &str = r#"pointsman_encoder_unread_texts{use="routing"}"#;
const UNREAD_BYTES: &str = r#"pointsman_encoder_unread_bytes{use="routing"}"#;

#[tokio::test]
async fn a_repeated_prompt_is_embedded_once() {
    let sim = Child::sim(&["--model", "n"]);
    for (memo, hits, misses, encoded) in [("memo: 100", 3.0, 2.0, 3.0), ("memo: 0", 0.0, 0.0, 6.0)] {
        let router = router(&sim, memo);
        assert_eq!(router.metric(ENCODED).await, 1.0, "the sample");
        for text in [QUESTION, PROSE, QUESTION, QUESTION, PROSE] {
            let expected = if text == QUESTION { "crashes" } else { "default" };
            assert_eq!(route(&chat(&router, text).await), expected, "{text}");
        }
        assert_eq!([router.metric(HITS).await, router.metric(MISSES).await], [hits, misses], "{memo}");
        assert_eq!(router.metric(ENCODED).await, encoded, "{memo}");
        assert_eq!(router.metric("pointsman_encoder_batches").await, encoded, "{memo}: each came alone");
    }
}

#[tokio::test]
async fn a_question_at_the_end_of_a_long_prompt_is_seen() {
    let sim = Child::sim(&["--model", "n"]);
    let text = format!("{}{}", PROSE.repeat(40), QUESTION.repeat(12));
    let [whole, head] = ["windows: 4", "windows: 1"].map(|windows| router(&sim, windows));
    assert_eq!(route(&chat(&whole, &text).await), "crashes");
    assert_eq!(route(&chat(&head, &text).await), "default", "its head alone tells nothing");
    assert_eq!(head.metric(UNREAD_TEXTS).await, 1.0);
    let unread = head.metric(UNREAD_BYTES).await as usize;
    assert!(unread > text.len() - 2000 && unread < text.len(), "{unread} of {}", text.len());
    for (router, expected) in [(&whole, "Route crashes"), (&head, "Default backend")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
        let output = command.args(["route", "--config"]).arg(router.config_path()).arg(&text).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(told.starts_with(expected), "offline as it is served: {told}");
    }
}

#[tokio::test]
async fn a_prompt_that_was_let_in_is_read_to_its_end() {
    let sim = Child::sim(&["--model", "n"]);
    let router = router(&sim, "threads: 1, queue: 1, windows: 4");
    let text = format!("{}{}", PROSE.repeat(100), QUESTION.repeat(12));
    assert_eq!(route(&chat(&router, &text).await), "crashes", "its windows are more than may wait");
    assert_eq!(router.metric(ENCODED).await, 1.0 + 4.0);
}

#[tokio::test]
async fn a_prompt_of_ten_megabytes_costs_a_few_windows() {
    let sim = Child::sim(&["--model", "n", "--max-model-len", "100000000"]);
    let router = router(&sim, "windows: 4");
    let text = format!("{}{}", PROSE.repeat((10 << 20) / PROSE.len()), QUESTION.repeat(12));
    assert_eq!(route(&chat(&router, &text).await), "crashes");
    assert_eq!(router.metric(ENCODED).await, 1.0 + 4.0, "the sample and four windows");
    assert_eq!(router.metric(UNREAD_TEXTS).await, 1.0);
    let unread = router.metric(UNREAD_BYTES).await as usize;
    assert!(unread > text.len() - 10_000 && unread < text.len(), "{unread} of {}", text.len());
}

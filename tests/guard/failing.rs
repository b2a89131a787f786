//! Guardrails that cannot judge.

use serde_json::{Value, json};

use crate::echo::{Answered, Echoing};

fn tokens() -> Value {
    json!({ "prompt": [1, 2, 3] })
}

fn picture() -> Value {
    json!({ "messages": [{ "role": "user", "content": [
        { "type": "text", "text": "What is this?" },
        { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } }] }] })
}

fn assert_refused(answer: &Answered, why: &str) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.json()["error"]["code"], "guard_unavailable");
    assert_eq!((answer.header("x-pointsman-degraded"), answer.header("x-pointsman-jailbreak")), (why, "unjudged"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_refused_unless_it_may_pass() {
    let stand = Echoing::with("jailbreak_detection: true").await;
    assert_refused(&stand.post("/v1/completions", tokens()).await, "token-ids");
    assert_eq!(stand.model.seen(), []);
    let stand = Echoing::with("jailbreak_detection: true, on_error: allow").await;
    let served = stand.post("/v1/completions", tokens()).await;
    assert_eq!((served.status, served.header("x-pointsman-jailbreak")), (200, "unjudged"));
    assert_eq!(served.header("x-pointsman-degraded"), "token-ids");
    assert_eq!(stand.router.metric(r#"pointsman_degraded_total{reason="token-ids"}"#).await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_pass_unless_they_must_not() {
    let stand = Echoing::with("jailbreak_detection: true").await;
    assert_eq!(stand.chat(picture()).await.status, 200);
    let stand = Echoing::with("jailbreak_detection: true, media: block").await;
    assert_refused(&stand.chat(picture()).await, "media");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_text_than_is_read_is_refused_unless_it_may_pass() {
    let long = "A long and honest report on the weather of this year. ".repeat(200);
    let stand = Echoing::with("jailbreak_detection: true, max_windows: 4").await;
    assert_refused(&stand.say(&long).await, "too-long");
    assert_eq!(stand.say("Short.").await.status, 200);
    let stand = Echoing::with("jailbreak_detection: true, max_windows: 4, on_error: allow").await;
    assert_eq!(stand.say(&long).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_that_is_too_slow_blocks_and_does_not_fall_back() {
    let stand = Echoing::with("jailbreak_detection: true, pii_masking: true, timeout: 1ms").await;
    let long = "Every sentence of this text differs a little from the one before it. ".repeat(400);
    let answer = stand.say(&long).await;
    assert_refused(&answer, "encoder-timeout");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(stand.model.seen(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_stands_twice_where_texts_are_read_is_refused() {
    let stand = Echoing::with("pii_masking: true").await;
    let body = r#"{"messages":[{"role":"user","content":"hi"}],"documents":[{"text":"a","text":"b"}]}"#;
    let request = reqwest::Client::new().post(stand.router.at("/v1/chat/completions")).body(body);
    let answer = Answered::read(request.send().await.unwrap()).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!("duplicate_key")));
}

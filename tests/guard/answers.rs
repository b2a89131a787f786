//! Values given back in every part of an answer, and what a model makes up itself.

use serde_json::{Value, json};

use crate::echo::{Answered, Echoing};
use crate::support::Router;
use crate::support::upstream::{Act, Upstream, answer};

/// A router in front of a model whose answer is made of the placeholder that it was sent.
async fn answering(guardrails: &str, script: impl Fn(&str) -> Act + Send + Sync + 'static) -> (Router, Upstream) {
    let model = Upstream::start(move |seen| {
        let body = String::from_utf8(seen.body.clone()).unwrap();
        let placeholder = body.split('<').nth(1).and_then(|rest| rest.split('>').next());
        vec![script(&placeholder.map_or(String::new(), |name| format!("<{name}>"))), Act::Close]
    })
    .await;
    let config = format!(
        "backends: [{{name: solo, url: \"{}/v1\", model: m}}]\nrouter: {{mode: \"off\"}}\nembedding: {{timeout: 1m}}\nmiddleware: {{guardrails: {{{guardrails}}}}}\n",
        model.url()
    );
    (Router::start(&config), model)
}

async fn ask(router: &Router, stream: bool) -> Answered {
    let body = json!({ "stream": stream, "messages": [{ "role": "user", "content": "Mail \"ann@example.org\"" }] });
    let request = reqwest::Client::new().post(router.at("/v1/chat/completions")).json(&body);
    Answered::read(request.send().await.unwrap()).await
}

fn whole(body: &Value) -> Act {
    answer(200, "content-type: application/json\r\n", &body.to_string())
}

fn stream(events: &[Value]) -> Act {
    let events: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    Act::Say(format!("{head}{events}data: [DONE]\n\n").into_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_a_whole_answer_has_them() {
    let (router, _model) = answering("pii_masking: true", |mark| {
        let spaced = mark.replace('<', "< ").to_lowercase();
        let message = json!({
            "role": "assistant", "content": format!("To {mark}, or {spaced}"), "reasoning_content": format!("It is {mark}"),
            "tool_calls": [{ "id": "c", "type": "function", "function": {
                "name": "send", "arguments": json!({ "to": mark }).to_string() } }],
        });
        let other = json!({ "role": "assistant", "content": mark });
        whole(&json!({ "id": "i", "object": "chat.completion", "created": 1, "model": "m", "choices": [
            { "index": 0, "message": message, "finish_reason": "tool_calls" },
            { "index": 1, "message": other, "finish_reason": "stop" }] }))
    })
    .await;
    let answer = ask(&router, false).await.json();
    let message = &answer["choices"][0]["message"];
    assert_eq!(message["content"], "To ann@example.org, or ann@example.org");
    assert_eq!(message["reasoning_content"], "It is ann@example.org");
    assert_eq!(message["tool_calls"][0]["function"]["arguments"], r#"{"to":"ann@example.org"}"#);
    assert_eq!(answer["choices"][1]["message"]["content"], "ann@example.org");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_part_of_a_stream_has_them() {
    let (router, _model) = answering("pii_masking: true", |mark| {
        let chunk = |index: usize, delta: Value, finish: Value| {
            json!({ "id": "i", "object": "chat.completion.chunk", "created": 1, "model": "m",
                    "choices": [{ "index": index, "delta": delta, "finish_reason": finish }] })
        };
        let call = |text: &str| json!({ "tool_calls": [{ "index": 0, "function": { "arguments": text } }] });
        let (first, last) = mark.split_at(5);
        stream(&[
            chunk(0, json!({ "content": format!("a {first}") }), Value::Null),
            chunk(1, json!({ "content": format!("b {first}") }), Value::Null),
            chunk(0, json!({ "content": format!("{last}!") }), Value::Null),
            chunk(1, json!({ "content": last }), Value::Null),
            chunk(0, json!({ "reasoning_content": first }), Value::Null),
            chunk(0, json!({ "reasoning_content": last }), Value::Null),
            chunk(0, call("{\"to\":\""), Value::Null),
            chunk(0, call(first), Value::Null),
            chunk(0, call(last), Value::Null),
            chunk(0, call("\"}"), Value::Null),
            chunk(1, json!({ "content": " <PERS" }), Value::Null),
            chunk(0, json!({}), json!("tool_calls")),
            chunk(1, json!({}), json!("stop")),
        ])
    })
    .await;
    let answer = ask(&router, true).await;
    let mut said: std::collections::BTreeMap<String, String> = Default::default();
    for data in answer.text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]") {
        let event: Value = serde_json::from_str(data).unwrap();
        let choice = &event["choices"][0];
        for (name, value) in [
            ("content", &choice["delta"]["content"]),
            ("reasoning", &choice["delta"]["reasoning_content"]),
            ("arguments", &choice["delta"]["tool_calls"][0]["function"]["arguments"]),
        ] {
            *said.entry(format!("{} {name}", choice["index"])).or_default() += value.as_str().unwrap_or_default();
        }
    }
    assert_eq!(said["0 content"], "a ann@example.org!");
    assert_eq!(said["1 content"], "b ann@example.org <PERS", "what never became one comes as it was");
    assert_eq!(said["0 reasoning"], "ann@example.org");
    assert_eq!(said["0 arguments"], r#"{"to":"ann@example.org"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_answer_has_them_too() {
    let (router, _model) = answering("pii_masking: true", |mark| {
        let body =
            json!({ "error": { "message": format!("cannot read {mark}"), "type": "BadRequestError", "code": 400 } });
        answer(400, "content-type: application/json\r\n", &body.to_string())
    })
    .await;
    let answer = ask(&router, false).await;
    assert_eq!((answer.status, &answer.json()["error"]["message"]), (400, &json!("cannot read ann@example.org")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_a_stream_has_them_too() {
    for event in
        [r#"{"error":{"message":"cannot read MARK","code":400}}"#, r#"{"object":"error","message":"cannot read MARK"}"#]
    {
        let (router, _model) = answering("pii_masking: true", move |mark| {
            let body = format!("event: error\ndata: {}\n\n", event.replace("MARK", mark));
            answer(200, "content-type: text/event-stream\r\n", &body)
        })
        .await;
        let answer = ask(&router, true).await;
        assert!(answer.text.contains("cannot read ann@example.org"), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_that_quotes_its_input_has_them_too() {
    let (router, _model) = answering("pii_masking: true", |mark| {
        let detail =
            json!({ "detail": [{ "loc": ["body", "messages"], "msg": "too long", "input": [{ "content": mark }] }] });
        answer(422, "content-type: application/json\r\n", &detail.to_string())
    })
    .await;
    let answer = ask(&router, false).await;
    let detail = &answer.json()["detail"][0];
    assert_eq!((answer.status, &detail["input"][0]["content"]), (422, &json!("ann@example.org")));
    assert_eq!(detail["msg"], "too long");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_makes_up_is_kept_back_where_that_is_asked() {
    let say = "Sure: write to bob.miller@example.com or ask <mark>.";
    for (guardrails, wanted) in [
        ("pii_masking: true", "Sure: write to bob.miller@example.com or ask ann@example.org."),
        ("pii_masking: true, pii: {responses: true}", "Sure: write to [EMAIL_ADDRESS] or ask ann@example.org."),
    ] {
        for streamed in [false, true] {
            let (router, _model) = answering(guardrails, move |mark| {
                let text = say.replace("<mark>", mark);
                if !streamed {
                    let message = json!({ "role": "assistant", "content": text });
                    return whole(&json!({ "id": "i", "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }] }));
                }
                let chunk = |delta: Value, finish: Value| json!({ "id": "i", "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] });
                let mut events: Vec<Value> =
                    text.chars().map(|letter| chunk(json!({ "content": letter.to_string() }), Value::Null)).collect();
                events.push(chunk(json!({}), json!("stop")));
                stream(&events)
            })
            .await;
            assert_eq!(ask(&router, streamed).await.said(), wanted, "{guardrails}, streamed: {streamed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http_1_0_client_has_them_as_well() {
    let stand = Echoing::with("pii_masking: true").await;
    let body = r#"{"messages":[{"role":"user","content":"Mail ann@example.org"}]}"#;
    let request = format!(
        "POST /v1/chat/completions HTTP/1.0\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = crate::support::wire::ask(stand.router.address(), request).await;
    assert_eq!(answer.status, 200);
    assert!(String::from_utf8_lossy(&answer.body).contains("Mail ann@example.org"), "{answer:?}");
    assert!(!stand.heard().contains("ann@example.org"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_masked_answer_keeps_the_connection_and_one_that_breaks_off_is_not_whole() {
    let stand = Echoing::with("pii_masking: true").await;
    let body = r#"{"messages":[{"role":"user","content":"Mail ann@example.org"}]}"#;
    let request = crate::support::wire::post("/v1/chat/completions", "", body);
    let answer = crate::support::wire::ask(stand.router.address(), request).await;
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"), "{answer:?}");
    let (router, _model) = answering("pii_masking: true", |_| {
        Act::Say(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{\"choices\":[]".to_vec(),
        )
    })
    .await;
    let request = reqwest::Client::new().post(router.at("/v1/chat/completions")).body(body);
    let broken = request.send().await.unwrap();
    assert!(broken.status() != 200 || broken.bytes().await.is_err(), "half an answer is an error");
}

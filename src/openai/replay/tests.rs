//! What is stored is replayed, captured again, and must be the same.

use fastrand::Rng;
use pingora::http::ResponseHeader;
use serde_json::{Map, Value, json};

use super::*;
use crate::relay::Capture;

fn fresh() -> Fresh {
    Fresh { id: "f00".into(), created: 7 }
}

/// What is captured of `body` when it comes in chunks of `size` bytes.
fn captured(kind: &str, body: &[u8], size: usize) -> Option<Box<str>> {
    let mut head = ResponseHeader::build(200, None).unwrap();
    head.insert_header("content-type", kind.to_owned()).unwrap();
    let mut capture = Capture::begin(&head, 1 << 20).unwrap();
    body.chunks(size).for_each(|chunk| capture.pass(chunk));
    capture.finish()
}

fn stored(answer: &Value) -> Box<str> {
    let answer = answer.to_string();
    captured("application/json", answer.as_bytes(), 1000).unwrap_or_else(|| panic!("{answer}"))
}

/// The payloads of a stream that is framed as vLLM frames it, without `[DONE]`.
fn payloads(events: &[u8]) -> Vec<Value> {
    let events = std::str::from_utf8(events).unwrap();
    let events = events.strip_suffix("data: [DONE]\n\n").unwrap();
    let payload = |event: &str| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
    events.split_terminator("\n\n").map(payload).collect()
}

// === made-up answers ===

fn text(random: &mut Rng) -> String {
    let alphabet =
        ["a", "b", " ", " ", "é", "漢", "😀", "👩‍👩‍👧", "\n", "\"", "\\", "\u{2028}", "\u{0}", "data: [DONE]\n\n", "{}"];
    let length = *random.choice(&[0, 1, 5, 60, 400, 3000]).unwrap();
    (0..random.usize(..=length)).map(|_| *random.choice(&alphabet).unwrap()).collect()
}

fn maybe(random: &mut Rng, value: impl FnOnce(&mut Rng) -> Value) -> Option<Value> {
    match random.u8(..3) {
        0 => None,
        1 => Some(Value::Null),
        _ => Some(value(random)),
    }
}

fn put(object: &mut Value, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        object[name] = value;
    }
}

fn logprobs(random: &mut Rng) -> Value {
    let token =
        |random: &mut Rng| json!({ "token": text(random), "logprob": -random.f64(), "bytes": [1], "top_logprobs": [] });
    json!({ "content": (0..random.usize(..4)).map(|_| token(random)).collect::<Vec<_>>(), "refusal": null })
}

fn calls(random: &mut Rng) -> Value {
    let call = |random: &mut Rng| json!({ "id": text(random) + "i", "type": "function", "function": { "name": text(random) + "n", "arguments": text(random) } });
    (0..random.usize(..4)).map(|_| call(random)).collect()
}

fn message(random: &mut Rng) -> Value {
    let mut message = json!({ "role": "assistant" });
    for name in ["content", "reasoning", "reasoning_content", "refusal"] {
        put(&mut message, name, maybe(random, |random| text(random).into()));
    }
    put(&mut message, "tool_calls", maybe(random, calls));
    put(&mut message, "function_call", maybe(random, |random| json!({ "name": "f", "arguments": text(random) })));
    put(&mut message, "annotations", maybe(random, |random| json!([{ "url": text(random) }])));
    message
}

fn choice(random: &mut Rng, index: usize, is_chat: bool) -> Value {
    let mut choice = json!({ "index": index, "finish_reason": "stop" });
    match is_chat {
        true => choice["message"] = message(random),
        false => choice["text"] = text(random).into(),
    }
    if choice["message"]["tool_calls"].as_array().is_some_and(|calls| !calls.is_empty()) {
        choice["finish_reason"] = "tool_calls".into();
    }
    if !is_chat {
        choice.as_object_mut().unwrap().remove("message");
    }
    put(&mut choice, "logprobs", maybe(random, logprobs));
    put(&mut choice, "stop_reason", maybe(random, |random| text(random).into()));
    put(&mut choice, "token_ids", maybe(random, |random| json!([random.u16(..), random.u16(..)])));
    choice
}

fn answer(random: &mut Rng) -> Value {
    let is_chat = random.u8(..4) > 0;
    let object = if is_chat { "chat.completion" } else { "text_completion" };
    let choices: Vec<_> = (0..random.usize(1..4)).map(|index| choice(random, index, is_chat)).collect();
    let mut answer = json!({ "id": "x", "object": object, "created": 1, "model": text(random), "choices": choices });
    answer["usage"] = json!({ "prompt_tokens": 1, "prompt_tokens_details": { "cached_tokens": 1.5 } });
    for name in ["system_fingerprint", "service_tier", "prompt_logprobs", "kv_transfer_params", "x\"y"] {
        put(
            &mut answer,
            name,
            maybe(random, |random| text(random).into()).filter(|value| name != "kv_transfer_params" || value.is_null()),
        );
    }
    answer
}

// === there and back ===

#[test]
fn a_replayed_stream_is_captured_as_the_answer_that_it_was() {
    let mut random = Rng::with_seed(11);
    for round in 0..40 {
        let stored = stored(&answer(&mut random));
        let body = json(&stored, &fresh()).unwrap();
        assert_eq!(captured("application/json", &body, 100).as_ref(), Some(&stored), "round {round}");
        let events = events(&stored, &fresh(), true).unwrap();
        for size in [1, 3, 100, 8192, events.len()] {
            let again = captured("text/event-stream", &events, size);
            assert_eq!(again.as_ref(), Some(&stored), "round {round} in chunks of {size}");
        }
    }
}

#[test]
fn a_replayed_stream_can_be_cut_anywhere() {
    let mut random = Rng::with_seed(12);
    let stored = iter::repeat_with(|| stored(&answer(&mut random))).find(|stored| stored.len() > 2000).unwrap();
    let events = events(&stored, &fresh(), true).unwrap();
    for size in (1..events.len()).step_by(37) {
        assert_eq!(captured("text/event-stream", &events, size).as_ref(), Some(&stored), "in chunks of {size}");
    }
    for end in (0..events.len()).step_by(37) {
        assert_eq!(captured("text/event-stream", &events[..end], 500), None, "broken off at {end}");
    }
}

/// Puts a delta into what is there as OpenAI's SDK does: texts and lists go on, what has an index goes there.
fn accumulate(there: &mut Map<String, Value>, delta: &Map<String, Value>) {
    for (name, value) in delta {
        let Some(kept) = there.get_mut(name).filter(|kept| !kept.is_null()) else {
            there.insert(name.clone(), value.clone());
            continue;
        };
        match (kept, value) {
            (kept, value) if name == "index" || name == "type" => *kept = value.clone(),
            (Value::String(kept), Value::String(more)) => kept.push_str(more),
            (Value::Object(kept), Value::Object(more)) => accumulate(kept, more),
            (Value::Array(kept), Value::Array(more)) => {
                for element in more {
                    let index = element["index"].as_u64().unwrap() as usize;
                    match kept.get_mut(index) {
                        Some(kept) => accumulate(kept.as_object_mut().unwrap(), element.as_object().unwrap()),
                        None => kept.push(element.clone()),
                    }
                }
            }
            (_, Value::Null) => {}
            (kept, value) => panic!("{name}: {value} after {kept}"),
        }
    }
}

#[test]
fn an_sdk_puts_the_same_message_together() {
    let mut random = Rng::with_seed(13);
    for _ in 0..100 {
        let stored = stored(&answer(&mut random));
        let events = payloads(&events(&stored, &fresh(), false).unwrap());
        let expected: Value = serde_json::from_str(&stored).unwrap();
        for (index, choice) in expected["choices"].as_array().unwrap().iter().enumerate() {
            let mut message = Map::new();
            let mut text = String::new();
            let mut finish = Value::Null;
            for said in events.iter().map(|event| &event["choices"][0]).filter(|said| said["index"] == index) {
                assert!(finish.is_null(), "something after the end");
                match said.get("delta") {
                    Some(delta) => accumulate(&mut message, delta.as_object().unwrap()),
                    None => text.push_str(said["text"].as_str().unwrap()),
                }
                finish = said["finish_reason"].clone();
            }
            for call in message.get_mut("tool_calls").into_iter().flat_map(|calls| calls.as_array_mut().unwrap()) {
                call.as_object_mut().unwrap().remove("index");
            }
            match choice.get("message") {
                Some(expected) => assert_eq!(&Value::Object(message), expected),
                None => assert_eq!(text, choice["text"]),
            }
            assert_eq!(finish, choice["finish_reason"]);
        }
    }
}

// === as a server would send it ===

fn greeting() -> Box<str> {
    stored(&json!({
        "object": "chat.completion", "model": "m", "system_fingerprint": "v", "prompt_logprobs": null,
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "hi" }, "finish_reason": "stop", "stop_reason": null }],
        "usage": { "total_tokens": 3 },
    }))
}

#[test]
fn a_stream_is_what_a_server_would_send() {
    let head = r#"{"id":"chatcmpl-f00","object":"chat.completion.chunk","created":7,"model":"m","#;
    let expected = [
        r#""prompt_logprobs":null,"system_fingerprint":"v","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#,
        r#""system_fingerprint":"v","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}"#,
        r#""system_fingerprint":"v","choices":[{"index":0,"delta":{},"finish_reason":"stop","stop_reason":null}]}"#,
        r#""system_fingerprint":"v","choices":[],"usage":{"total_tokens":3}}"#,
    ]
    .map(|rest| format!("data: {head}{rest}\n\n"));
    let with_usage = events(&greeting(), &fresh(), true).unwrap();
    assert_eq!(std::str::from_utf8(&with_usage).unwrap(), expected.concat() + "data: [DONE]\n\n");
    let without = events(&greeting(), &fresh(), false).unwrap();
    assert_eq!(std::str::from_utf8(&without).unwrap(), expected[..3].concat() + "data: [DONE]\n\n");
}

#[test]
fn choices_take_turns_and_texts_come_in_a_few_pieces() {
    let choice =
        |index: usize, text: &str| json!({ "index": index, "text": text, "logprobs": null, "finish_reason": "stop" });
    let long = "lorem ipsum ".repeat(500);
    let kept = stored(&json!({ "object": "text_completion", "choices": [choice(0, &long), choice(1, "short")] }));
    let events = payloads(&events(&kept, &fresh(), false).unwrap());
    let turns: Vec<_> = events.iter().map(|event| event["choices"][0]["index"].as_u64().unwrap()).collect();
    assert_eq!(turns[..5], [0, 1, 0, 1, 0]);
    assert!((20..60).contains(&turns.len()), "{turns:?}");
    assert!(events.iter().all(|event| event["id"] == "cmpl-f00" && event["object"] == "text_completion"));
    let said = events.iter().filter_map(|event| event["choices"][0]["text"].as_str());
    assert!(said.filter(|text| text.len() > 5).all(|text| text.ends_with(' ')), "pieces end with words");
}

#[test]
fn log_probabilities_come_with_their_text() {
    let lists = json!({ "content": [{ "token": "a", "logprob": -0.1 }] });
    let long = "a ".repeat(200);
    let kept = stored(&json!({ "object": "chat.completion", "choices": [
        { "index": 0, "message": { "content": long, "reasoning": long }, "logprobs": lists, "finish_reason": "stop" },
    ] }));
    let events = payloads(&events(&kept, &fresh(), false).unwrap());
    let told: Vec<_> =
        events.iter().map(|event| &event["choices"][0]).filter(|said| !said["logprobs"].is_null()).collect();
    assert_eq!(told.len(), 1);
    assert_eq!((&told[0]["delta"]["content"], &told[0]["logprobs"]), (&json!(long), &lists));
}

#[test]
fn a_body_has_an_id_and_a_time_of_its_own() {
    assert_eq!(
        json(&greeting(), &fresh()).unwrap(),
        r#"{"id":"chatcmpl-f00","object":"chat.completion","created":7,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop","stop_reason":null}],"usage":{"total_tokens":3},"prompt_logprobs":null,"system_fingerprint":"v"}"#
    );
    let text = stored(
        &json!({ "object": "text_completion", "choices": [{ "index": 0, "text": "", "finish_reason": "stop" }] }),
    );
    assert!(json(&text, &fresh()).unwrap().starts_with(br#"{"id":"cmpl-f00","object":"text_completion","created":7,"#));
    for broken in ["", "{}", r#"{"object":"list"}"#, r#"{"object":"chat.completion.chunk"}"#] {
        assert_eq!(json(broken, &fresh()), None, "{broken}");
        assert_eq!(events(broken, &fresh(), false), None, "{broken}");
    }
}

#[test]
fn a_usage_that_is_not_known_is_not_promised() {
    let kept = stored(
        &json!({ "object": "text_completion", "choices": [{ "index": 0, "text": "", "finish_reason": "stop" }] }),
    );
    assert!(events(&kept, &fresh(), false).is_some());
    assert_eq!(events(&kept, &fresh(), true), None);
}

#[test]
fn tool_calls_are_told_from_talk_of_them() {
    let message = |message: Value| {
        stored(
            &json!({ "object": "chat.completion", "choices": [{ "index": 0, "message": message, "finish_reason": "stop" }] }),
        )
    };
    let function = json!({ "name": "f", "arguments": "{}" });
    let call = json!({ "id": "a", "type": "function", "function": function });
    assert!(has_tool_calls(&message(json!({ "content": "", "tool_calls": [call] }))));
    assert!(has_tool_calls(&message(json!({ "content": "x", "function_call": function }))));
    assert!(!has_tool_calls(&message(json!({ "content": call.to_string(), "tool_calls": [], "function_call": null }))));
    assert!(!has_tool_calls(&message(json!({ "content": r#"{"tool_calls":[{"a":1}],"function_call":{}}"# }))));
}

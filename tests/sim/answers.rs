//! What is answered, in vLLM's shapes.

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::ask::{ask, chat, events, get, post, text_of};
use crate::support::Child;

#[tokio::test]
async fn a_whole_chat_answer_has_vllms_shape() {
    let sim = Child::sim(&["--name", "left"]);
    let request = Client::new().post(sim.at("/v1/chat/completions")).header("x-request-id", "abc");
    let body = chat(json!({ "max_tokens": 4, "n": 2 }));
    let response = request.json(&body).send().await.unwrap();
    assert_eq!((response.status(), &response.headers()["x-sim-name"]), (StatusCode::OK, &"left".parse().unwrap()));
    let answer: Value = response.json().await.unwrap();
    assert_eq!((&answer["id"], &answer["object"]), (&json!("chatcmpl-abc"), &json!("chat.completion")));
    for (index, choice) in answer["choices"].as_array().unwrap().iter().enumerate() {
        assert_eq!(choice["index"], index);
        assert_eq!(choice["message"]["content"], "[left] m one two");
        assert_eq!(choice["finish_reason"], "length");
    }
    // "user" is not counted; "one two" are 7 bytes and so 2 tokens, and the message costs 4.
    let usage = json!({ "prompt_tokens": 6, "total_tokens": 14, "completion_tokens": 8,
        "prompt_tokens_details": null, "completion_tokens_details": null });
    assert_eq!(answer["usage"], usage);
}

#[tokio::test]
async fn without_max_tokens_an_answer_has_the_default_length_and_stops() {
    let sim = Child::sim(&["--tokens", "7"]);
    let answer: Value = ask(&sim, json!({})).await.json().await.unwrap();
    assert_eq!(answer["usage"]["completion_tokens"], 7);
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn a_stream_has_one_event_a_token_and_its_usage() {
    let sim = Child::sim(&[]);
    let more = json!({ "max_tokens": 5, "stream": true, "stream_options": { "include_usage": true } });
    let response = ask(&sim, more).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
    let text = response.text().await.unwrap();
    let events = events(&text);
    assert_eq!(events.len(), 1 + 5 + 1 + 1, "{text}");
    let parsed: Vec<Value> = events[..7].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    assert_eq!(parsed[0]["choices"][0]["delta"], json!({ "role": "assistant", "content": "" }));
    assert_eq!(text_of(&events), "[sim] m one two one");
    assert_eq!(parsed[4]["choices"][0]["finish_reason"], Value::Null);
    assert_eq!(parsed[5]["choices"][0]["finish_reason"], "length");
    assert_eq!(parsed[6]["choices"], json!([]));
    assert_eq!(parsed[6]["usage"], json!({ "prompt_tokens": 6, "total_tokens": 11, "completion_tokens": 5 }));
    assert_eq!(events[7], "[DONE]");
    assert!(parsed.iter().all(|event| event["id"] == parsed[0]["id"] && event["object"] == "chat.completion.chunk"));
}

#[tokio::test]
async fn text_completions_come_whole_and_streamed() {
    let sim = Child::sim(&[]);
    let whole: Value = post(&sim, "/v1/completions", &json!({ "model": "m", "prompt": ["a b", "c"], "max_tokens": 3 }))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(whole["object"], "text_completion");
    assert!(whole["id"].as_str().unwrap().starts_with("cmpl-"));
    assert_eq!(
        whole["choices"][1],
        json!({ "index": 1, "text": "[sim] m a", "logprobs": null,
        "finish_reason": "length", "stop_reason": null, "token_ids": null, "prompt_logprobs": null,
        "prompt_token_ids": null, "routed_experts": null })
    );
    let body = json!({ "model": "m", "prompt": [1, 2, 3], "max_tokens": 3, "stream": true });
    let text = post(&sim, "/v1/completions", &body).await.text().await.unwrap();
    let events = events(&text);
    assert_eq!(events.len(), 3 + 1, "{text}");
    let last: Value = serde_json::from_str(events[2]).unwrap();
    assert_eq!(last["choices"][0]["text"], " ok");
    assert_eq!(last["choices"][0]["finish_reason"], "length");
}

#[tokio::test]
async fn a_required_tool_is_called_whole_and_streamed() {
    let sim = Child::sim(&[]);
    let tools = json!([{ "type": "function", "function": { "name": "look", "parameters": {} } }]);
    let more = json!({ "max_tokens": 6, "tools": tools, "tool_choice": "required" });
    let answer: Value = ask(&sim, more.clone()).await.json().await.unwrap();
    let choice = &answer["choices"][0];
    assert_eq!((&choice["finish_reason"], &choice["message"]["content"]), (&json!("tool_calls"), &Value::Null));
    let function = &choice["message"]["tool_calls"][0]["function"];
    assert_eq!(function["name"], "look");
    let arguments: Value = serde_json::from_str(function["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(arguments, json!({ "text": "[sim] m one two one" }));

    let mut streamed = more;
    streamed["stream"] = true.into();
    let text = ask(&sim, streamed).await.text().await.unwrap();
    let mut events = events(&text);
    assert_eq!(events.pop(), Some("[DONE]"));
    let parsed: Vec<Value> = events.iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let part = |event: &Value| {
        event["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str().map(String::from)
    };
    let joined: String = parsed.iter().filter_map(part).collect();
    assert_eq!(serde_json::from_str::<Value>(&joined).unwrap(), arguments);
    assert_eq!(parsed.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
}

#[tokio::test]
async fn refusals_are_vllms_own() {
    let sim = Child::sim(&["--model", "alias", "--max-model-len", "64"]);
    let error = |body: Value| {
        let sim = &sim;
        async move {
            let response = post(sim, "/v1/chat/completions", &body).await;
            let status = response.status().as_u16();
            let error: Value = response.json().await.unwrap();
            assert_eq!(error["error"]["code"], status);
            let text = |key: &str| error["error"][key].as_str().unwrap_or("-").to_string();
            (status, text("type"), text("param"), text("message"))
        }
    };
    let (status, kind, param, message) = error(chat(json!({ "model": "nope" }))).await;
    assert_eq!((status, kind.as_str(), param.as_str()), (404, "NotFoundError", "model"));
    assert_eq!(message, "The model `nope` does not exist. Valid aliases: m, alias.");
    let (status, kind, param, message) = error(chat(json!({ "max_tokens": 65 }))).await;
    assert_eq!((status, kind.as_str(), param.as_str()), (400, "BadRequestError", "max_tokens"));
    assert!(message.starts_with("max_tokens=65 cannot be greater than max_model_len=64."), "{message}");
    let long = json!({ "messages": [{ "role": "user", "content": "x".repeat(400) }] });
    let (status, _, param, message) = error(chat(long)).await;
    assert_eq!((status, param.as_str()), (400, "input_tokens"));
    assert!(message.starts_with("This model's maximum context length is 64 tokens."), "{message}");
    let (status, kind, param, _) = error(json!({ "model": "m" })).await;
    assert_eq!((status, kind.as_str(), param.as_str()), (400, "Bad Request", "body.messages"));

    let client = Client::new();
    let response = client.get(sim.at("/v1/chat/completions")).send().await.unwrap();
    assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (405, &"POST".parse().unwrap()));
    let response = client.post(sim.at("/v1/chat/completions")).header("content-type", "text/plain").body("{}");
    assert_eq!(response.send().await.unwrap().status(), 400);
    assert_eq!(get(&sim, "/v1/nothing").await.json::<Value>().await.unwrap(), json!({ "detail": "Not Found" }));
    let served: Value = ask(&sim, json!({ "model": "alias", "max_tokens": 2 })).await.json().await.unwrap();
    assert_eq!(served["choices"][0]["message"]["content"], "[sim] alias");
}

#[tokio::test]
async fn the_endpoints_around_completions_answer() {
    let sim = Child::sim(&["--model", "alias"]);
    let models: Value = get(&sim, "/v1/models").await.json().await.unwrap();
    let ids: Vec<_> = models["data"].as_array().unwrap().iter().map(|model| &model["id"]).collect();
    assert_eq!(ids, ["m", "alias"]);
    for path in ["/health", "/ping"] {
        let response = get(&sim, path).await;
        assert_eq!((response.status().as_u16(), response.content_length()), (200, Some(0)));
    }
    assert_eq!(get(&sim, "/version").await.json::<Value>().await.unwrap()["version"], "0.32.0");
    let tokens = post(&sim, "/tokenize", &json!({ "model": "m", "prompt": "12345678" })).await;
    assert_eq!(tokens.json::<Value>().await.unwrap()["count"], 2);
}

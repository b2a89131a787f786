//! Where personal data is looked for: wherever a chat's template could show it to a model.

use serde_json::{Value, json};

use crate::echo::Echoing;

const MAIL: &str = "nanna@example.org";
const CARD: u64 = 4_111_111_111_111_111;
const FORMS: &str = "pii_masking: true, pii: {entities: [EMAIL_ADDRESS, CREDIT_CARD]}";

/// Has the model told `body`, in which every one of those values must have been masked.
async fn told(stand: &Echoing, body: Value) -> Value {
    let answer = stand.chat(body.clone()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let told = stand.told();
    assert!(!told.contains("nanna") && !told.contains("411111"), "{told}");
    assert_eq!(answer.header("x-pointsman-pii"), "masked", "{body}");
    serde_json::from_str(&told).unwrap()
}

fn user(content: Value) -> Value {
    json!({ "role": "user", "content": content })
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_of_tools_are_read() {
    let stand = Echoing::with(FORMS).await;
    for schema in [
        json!({ "description": MAIL }),
        json!({ "properties": { "a": { "default": MAIL } } }),
        json!({ "properties": { "a": { "default": { "to": [MAIL], "name": MAIL, "type": MAIL } } } }),
        json!({ "properties": { "a": { "enum": [{ "to": MAIL }, CARD] } } }),
        json!({ "properties": { "a": { "const": { MAIL: { "id": CARD } } } } }),
        json!({ "examples": [{ "to": MAIL }, [MAIL, CARD]] }),
        json!({ "properties": { "a": { "default": CARD } } }),
        json!({ "$comment": format!("ask {MAIL}") }),
        json!({ "$comment": { "who": MAIL } }),
        json!({ "properties": { "name": { "x-note": [MAIL] } } }),
        json!({ "properties": { MAIL: { "type": "string" } }, "required": [MAIL] }),
    ] {
        let tool = json!({ "type": "function", "function": { "name": "f", "description": "d", "parameters": schema } });
        let told = told(&stand, json!({ "messages": [user(json!("hi"))], "tools": [tool] })).await;
        assert_eq!(
            (&told["tools"][0]["type"], &told["tools"][0]["function"]["name"]),
            (&json!("function"), &json!("f"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_and_template_values_are_read_with_their_keys_and_numbers() {
    let stand = Echoing::with(FORMS).await;
    let keyed = json!({ MAIL: CARD, "text": format!("by {MAIL}"), "deep": [[{ "a": [MAIL, CARD] }]] });
    for (field, value) in [
        ("documents", json!([keyed])),
        ("documents", json!([MAIL])),
        ("documents", json!([[CARD]])),
        ("chat_template_kwargs", keyed.clone()),
        ("chat_template_kwargs", json!({ MAIL: true })),
        ("chat_template_kwargs", json!({ "card": CARD })),
    ] {
        told(&stand, json!({ "messages": [user(json!("hi"))], field: value })).await;
    }
    let told = told(&stand, json!({ "messages": [user(json!(MAIL))], "documents": [keyed] })).await;
    let document = told["documents"][0].as_object().unwrap();
    let mail = told["messages"][0]["content"].as_str().unwrap();
    assert_eq!(document["text"], format!("by {mail}"));
    assert_eq!(document[mail], document["deep"][0][0]["a"][1], "a number is a placeholder in quotes");
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_fields_of_messages_are_read() {
    let stand = Echoing::with(FORMS).await;
    let image = |more: Value| {
        let mut part = json!({ "type": "image_url", "image_url": { "url": "http://x/nobody.png" } });
        part.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        user(json!([part, { "type": "text", "text": "hi" }]))
    };
    for message in [
        json!({ "role": "user", "content": "hi", "name": MAIL }),
        json!({ "role": "user", "content": "hi", "id": MAIL }),
        json!({ "role": "user", "content": "hi", "id": CARD.to_string() }),
        json!({ "role": "user", "content": "hi", "metadata": { "id": MAIL, "card": CARD } }),
        image(json!({ "caption": MAIL })),
        image(json!({ "text": MAIL })),
        image(json!({ "title": MAIL, "alt": [MAIL] })),
        image(json!({ "image_caption": MAIL })),
        image(json!({ "image_url": { "url": "http://x/nobody.png", "alt": MAIL } })),
        user(json!([{ "type": "text", "text": "hi", "image_caption": MAIL, "id": MAIL }])),
        user(json!([{ "type": "note", "note": { "id": MAIL, "type": MAIL } }])),
        user(json!([{ "type": "file", "file": { "filename": MAIL, "text": MAIL, "file_data": "x" } }])),
        json!({ "role": "tool", "content": [{ "type": "tool_result", "content": [{ "type": "text", "text": MAIL }] }] }),
        json!({ "role": "assistant", "content": "hi", "function_call": { "name": "f", "arguments": { "to": MAIL } } }),
        json!({ "role": "assistant", "content": "hi", "tool_calls": [{ "type": "custom", "custom": { "name": "f", "input": MAIL } }] }),
        json!({ "role": "assistant", "content": "hi", "tool_calls": [{ "function": { "name": "f", "arguments": { "id": MAIL, "name": [MAIL] } } }] }),
    ] {
        told(&stand, json!({ "messages": [message, user(json!("go on"))] })).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_protocol_goes_by_stays() {
    let stand = Echoing::with(FORMS).await;
    let body = json!({ "messages": [
        { "role": "assistant", "content": null, "tool_calls": [{ "id": MAIL, "type": "function", "index": 0,
            "function": { "name": "f", "arguments": "{}" } }] },
        { "role": "tool", "tool_call_id": MAIL, "content": "ok" },
        user(json!([{ "type": "image_url", "image_url": { "url": format!("http://x/?{MAIL}"), "detail": "low" } }])),
    ] });
    let answer = stand.chat(body.clone()).await;
    assert_eq!(answer.header("x-pointsman-pii"), "none");
    let told: Value = serde_json::from_str(&stand.told()).unwrap();
    assert_eq!(told["messages"], body["messages"]);
}

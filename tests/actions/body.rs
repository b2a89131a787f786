//! Parameters and the system prompt.

use serde_json::{Value, json};

use crate::stand::{Parts, Stand, last, send};
use crate::support::pool::refused;
use crate::support::upstream::{answer, whole};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_changed_stays_byte_for_byte() {
    let stand = Stand::with("params: {default: {temperature: 0.2}, set: {top_p: 0.9}, cap: {max_tokens: 10}}").await;
    let body = "{ \"x\" : 1.50e0,\r\n\"messages\" : [{\"role\":\"user\",\"content\":\"H\\u0069!\"}], \"top_p\":  1, \
                \"model\":\"auto\", \"max_tokens\" : 11 }";
    assert_eq!(
        stand.sent(body).await,
        "{\"temperature\":0.2, \"x\" : 1.50e0,\r\n\"messages\" : [{\"role\":\"user\",\"content\":\"H\\u0069!\"}], \
         \"top_p\":  0.9, \"model\":\"model-one\", \"max_tokens\" : 10 }"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn defaults_are_filled_in_and_what_is_set_wins() {
    let route = "params: {default: {temperature: 0.2, seed: 7}, set: {top_p: 0.9, chat_template_kwargs.tone: plain}, cap: {n: 2}}";
    let stand = Stand::with(route).await;
    let sent = async |given: Value| {
        let mut body = json!({ "messages": [{ "role": "user", "content": "Hi" }] });
        body.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        stand.sent_json(body).await
    };
    let own =
        sent(json!({ "temperature": 1, "seed": null, "top_p": 0.1, "n": 5, "chat_template_kwargs": { "a": 1 } })).await;
    assert_eq!(
        [&own["temperature"], &own["seed"], &own["top_p"], &own["n"]],
        [&json!(1), &json!(7), &json!(0.9), &json!(2)]
    );
    assert_eq!(own["chat_template_kwargs"], json!({ "a": 1, "tone": "plain" }));
    let none = sent(json!({})).await;
    assert_eq!([&none["temperature"], &none["seed"], &none["top_p"]], [&json!(0.2), &json!(7), &json!(0.9)]);
    assert!(none.get("n").is_none(), "a cap gives nothing where there is a default of one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_holds_whatever_the_limit_is_called() {
    let stand = Stand::with("params: {cap: {max_tokens: 100}}").await;
    for (given, expected) in [
        (json!({ "max_tokens": 99 }), json!({ "max_tokens": 99 })),
        (json!({ "max_tokens": 101 }), json!({ "max_tokens": 100 })),
        (json!({ "max_completion_tokens": 5000 }), json!({ "max_completion_tokens": 100 })),
        (
            json!({ "max_tokens": 5, "max_completion_tokens": "5000" }),
            json!({ "max_tokens": 5, "max_completion_tokens": 100 }),
        ),
        (json!({}), json!({ "max_tokens": 100 })),
    ] {
        let mut body = json!({ "messages": [{ "role": "user", "content": "Hi" }] });
        body.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
        let sent = stand.sent_json(body).await;
        let limits = ["max_tokens", "max_completion_tokens"].into_iter();
        let limits: serde_json::Map<_, _> =
            limits.filter_map(|name| Some((name.to_owned(), sent.get(name)?.clone()))).collect();
        assert_eq!(Value::from(limits), expected, "{given}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_completion_by_token_ids_is_changed_too() {
    let stand = Stand::of(Parts { route: "backend: one", ..Parts::default() }).await;
    // Nothing to route by: the default backend serves, and no route's actions apply.
    let body = r#"{"prompt":[1,2,3],"prompt_token_ids":[1,2],"max_tokens":500}"#;
    assert_eq!(send(stand.post("/v1/completions"), body).await.status(), 200);
    assert_eq!(last(&stand.one), body.replacen('{', r#"{"model":"model-one","#, 1));
    let route =
        "backend: one, params: {cap: {max_tokens: 100}}, system_prompt: {append: \"Be brief.\"}, reasoning: low";
    stand.becomes(Parts { route, ..Parts::default() }).await;
    let body = r#"{"prompt":"Hi","prompt_token_ids":[1,2],"max_tokens":500}"#;
    assert_eq!(send(stand.post("/v1/completions"), body).await.status(), 200);
    let expected = body.replacen('{', r#"{"model":"model-one","#, 1).replace("500", "100");
    assert_eq!(last(&stand.one), expected, "no chat, no template, no system prompt");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_system_prompt_is_said_around_the_clients_or_in_its_place() {
    let own = json!([{ "role": "system", "content": "Own." }, { "role": "user", "content": "Hi" }]);
    let none = json!([{ "role": "user", "content": "Hi" }]);
    let stand = Stand::with("system_prompt: {prepend: Before., append: After.}").await;
    let said = |messages: &Value| {
        let body = json!({ "messages": messages });
        async { stand.sent_json(body).await["messages"].clone() }
    };
    assert_eq!(said(&own).await[0], json!({ "role": "system", "content": "Before.\n\nOwn.\n\nAfter." }));
    let added = said(&none).await;
    assert_eq!(added[0], json!({ "role": "system", "content": "Before.\n\nAfter." }));
    assert_eq!(added[1], none[0]);
    stand.becomes(Parts { route: "backend: one, system_prompt: {replace: Only.}", ..Parts::default() }).await;
    assert_eq!(
        said(&own).await,
        json!([{ "role": "system", "content": "Only." }, { "role": "user", "content": "Hi" }])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_names_a_backend_has_its_own_way() {
    let stand = Stand::with("params: {set: {top_p: 0.9}}, system_prompt: {append: x}, headers: {set: {x-a: b}}").await;
    let body = r#"{"model":"one","messages":[{"role":"user","content":"Hi"}]}"#;
    assert_eq!(stand.sent(body).await, body.replace("\"one\"", "\"model-one\""));
    assert!(stand.one.peer.seen()[0].header("x-a").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_gets_the_same_with_its_own_model() {
    let route = "backends: [one, two], params: {set: {top_p: 0.9}}, headers: {set: {x-a: b}}";
    let stand = Stand::of(Parts { route, ..Parts::default() }).await;
    stand.one.becomes(vec![answer(500, "", "oh")]);
    // One that is edited at once, and one that is edited where that blocks nobody.
    for text in ["Hi".to_owned(), "Hi ".repeat(100_000)] {
        let body = json!({ "messages": [{ "role": "user", "content": text }] }).to_string();
        assert_eq!(stand.chat(&body).await.status(), 200);
        let sent = body.replacen('{', r#"{"top_p":0.9,"model":"model-two","#, 1);
        assert!(last(&stand.two) == sent, "{}", &last(&stand.two)[..100]);
        assert_eq!(stand.two.peer.seen().pop().unwrap().header("x-a"), ["b"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_be_read_in_two_ways_is_refused() {
    let stand = Stand::with("params: {set: {top_p: 0.9}}").await;
    let body = r#"{"messages":[{"role":"user","content":"Hi"}],"top_p":0.1,"top\u005fp":0.2}"#;
    refused(stand.chat(body).await, 400, "duplicate_key").await;
    assert!(stand.one.peer.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_routes_own_words_are_not_taken_for_personal_data_and_the_answer_has_its_values() {
    let sections = "middleware: {guardrails: {pii_masking: true}}";
    let route = "backend: one, system_prompt: {prepend: \"Write to desk@example.org.\"}";
    let stand = Stand::of(Parts { route, sections, ..Parts::default() }).await;
    let body = json!({ "messages": [{ "role": "user", "content": "I am ann@example.net." }] });
    let sent = stand.sent_json(body.clone()).await;
    assert_eq!(sent["messages"][0]["content"], "Write to desk@example.org.");
    let masked = sent["messages"][1]["content"].as_str().unwrap().to_owned();
    assert!(masked.contains("EMAIL_ADDRESS") && !masked.contains("ann@"), "{masked}");
    stand.one.becomes(vec![whole(&masked)]);
    let answer = stand.chat(&body.to_string()).await.text().await.unwrap();
    assert!(answer.contains("I am ann@example.net."), "{answer}");
}

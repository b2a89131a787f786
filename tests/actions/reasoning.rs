//! How hard models are to think, in their own words.

use serde_json::{Value, json};

use crate::stand::{Parts, Stand, last};
use crate::support::pool::header;
use crate::support::upstream::answer;

/// What the body says of reasoning.
const FIELDS: [&str; 3] = ["chat_template_kwargs", "reasoning_effort", "think"];

/// What the backend `one`, with these keys, is told of reasoning where a client says `given`, and what the answer tells.
async fn told(stand: &Stand, given: Value) -> (Value, String) {
    let response = stand.say("Hi", given).await;
    assert_eq!(response.status(), 200);
    let outcome = header(&response, "x-pointsman-reasoning").to_owned();
    let body: Value = serde_json::from_slice(&stand.one.peer.seen().pop().unwrap().body).unwrap();
    let fields = FIELDS.into_iter().filter_map(|field| Some((field.to_owned(), body.get(field)?.clone())));
    (Value::Object(fields.collect()), outcome)
}

async fn stand(reasoning: &str, one: &str) -> Stand {
    let route = format!("backend: one, reasoning: {reasoning}");
    Stand::of(Parts { route: &route, one, ..Parts::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_family_is_told_in_its_own_words() {
    let own = "reasoning_family: {\"off\": {think: false}, high: {think: {budget: 9}}}";
    let thinking = |on: bool| json!({ "chat_template_kwargs": { "enable_thinking": on } });
    let stand = stand("low", "").await;
    for (level, one, expected, outcome) in [
        ("\"off\"", "model: Qwen/Qwen3-8B", thinking(false), "off"),
        ("high", "model: Qwen/Qwen3-8B", thinking(true), "high"),
        ("medium", "reasoning_family: qwen3", thinking(true), "medium"),
        ("off", "model: deepseek-ai/DeepSeek-V3.1", json!({ "chat_template_kwargs": { "thinking": false } }), "off"),
        ("low", "reasoning_family: deepseek", json!({ "chat_template_kwargs": { "thinking": true } }), "low"),
        ("low", "model: openai/gpt-oss-120b", json!({ "reasoning_effort": "low" }), "low"),
        ("off", "reasoning_family: gpt-oss", json!({ "reasoning_effort": "low" }), "low"),
        ("off", own, json!({ "think": false }), "off"),
        ("high", own, json!({ "think": { "budget": 9 } }), "high"),
        ("low", own, json!({}), "none"),
        ("low", "model: Qwen/Qwen3-8B, reasoning_family: none", json!({}), "none"),
        ("low", "", json!({}), "none"),
        ("auto", "reasoning_family: qwen3", json!({}), "unknown"),
    ] {
        let route = format!("backend: one, reasoning: {level}");
        stand.becomes(Parts { route: &route, one, ..Parts::default() }).await;
        assert_eq!(told(&stand, json!({})).await, (expected, outcome.to_owned()), "{level} {one}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clients_own_word_wins_unless_the_route_forces_its_own() {
    let stand = stand("off", "reasoning_family: qwen3").await;
    for own in [
        json!({ "chat_template_kwargs": { "enable_thinking": true } }),
        json!({ "reasoning_effort": "high" }),
        json!({ "chat_template_kwargs": { "enable_thinking": true, "tone": "plain" } }),
    ] {
        assert_eq!(told(&stand, own.clone()).await, (own, "client".to_owned()));
    }
    let with_others = json!({ "chat_template_kwargs": { "tone": "plain" } });
    let merged = json!({ "chat_template_kwargs": { "tone": "plain", "enable_thinking": false } });
    assert_eq!(told(&stand, with_others).await, (merged, "off".to_owned()));
    let route = "backend: one, reasoning: {effort: off, force: true}";
    stand.becomes(Parts { route, one: "reasoning_family: qwen3", ..Parts::default() }).await;
    let own = json!({ "chat_template_kwargs": { "enable_thinking": true } });
    let forced = json!({ "chat_template_kwargs": { "enable_thinking": false } });
    assert_eq!(told(&stand, own).await, (forced, "off".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_of_qwen3_may_say_it_in_words_anywhere_in_the_conversation() {
    let stand = stand("off", "reasoning_family: qwen3").await;
    for (first, system, outcome) in
        [("Why? /think", "s", "client"), ("Why?", "/no_think", "client"), ("Why?", "s", "off")]
    {
        let messages = json!([
            { "role": "system", "content": system },
            { "role": "user", "content": first },
            { "role": "assistant", "content": "/think" },
            { "role": "user", "content": "And?" },
        ]);
        let response = stand.chat(&json!({ "messages": messages }).to_string()).await;
        assert_eq!(header(&response, "x-pointsman-reasoning"), outcome, "{first} {system}");
    }
    let response = stand.say("Why? /think", json!({})).await;
    assert_eq!(header(&response, "x-pointsman-reasoning"), "client");
    let response = stand.say("What does a/think mean?", json!({})).await;
    assert_eq!(header(&response, "x-pointsman-reasoning"), "off");
    for one in ["model: Qwen/Qwen3.5-35B-A3B", "model: Qwen/Qwen3.6-27B, reasoning_family: qwen3"] {
        stand.becomes(Parts { route: "backend: one, reasoning: off", one, ..Parts::default() }).await;
        let response = stand.say("Why? /think", json!({})).await;
        assert_eq!(header(&response, "x-pointsman-reasoning"), "off", "{one} does not know the word");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forced_level_has_the_last_word_over_what_a_user_of_qwen3_writes() {
    let stand = stand("{effort: high, force: true}", "reasoning_family: qwen3").await;
    let body = |text: &str| {
        format!(
            r#"{{ "messages": [{{"role":"user","content":"\u0041 /no_think"}}, {{"role":"user","content":"{text}"}}]}}"#
        )
    };
    let words = r#"{"chat_template_kwargs":{"enable_thinking":true},"model":"model-one","#;
    for (text, sent) in [("And?", "And?\\n\\n/think"), ("And? /think", "And? /think")] {
        let response = stand.chat(&body(text)).await;
        assert_eq!(header(&response, "x-pointsman-reasoning"), "high");
        assert_eq!(last(&stand.one), format!("{words}{}", &body(sent)[1..]));
    }
    let (route, one) = ("backend: one, reasoning: {effort: off, force: true}", "reasoning_family: qwen3");
    stand.becomes(Parts { route, one, ..Parts::default() }).await;
    assert_eq!(
        stand.sent(&body("/think")).await,
        format!("{}{}", words.replace("true", "false"), &body("/think")[1..])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_is_told_in_its_own_familys_words() {
    let route = "backends: [one, two], reasoning: high";
    let (one, two) = ("reasoning_family: qwen3", "reasoning_family: gpt-oss");
    let stand = Stand::of(Parts { route, one, two, ..Parts::default() }).await;
    stand.one.becomes(vec![answer(500, "", "oh")]);
    assert_eq!(stand.say("Hi", json!({})).await.status(), 200);
    let sent = [&stand.one, &stand.two].map(last);
    let rest = r#","messages":[{"content":"Hi","role":"user"}]}"#;
    assert_eq!(sent[0], format!(r#"{{"chat_template_kwargs":{{"enable_thinking":true}},"model":"model-one"{rest}"#));
    assert_eq!(sent[1], format!(r#"{{"reasoning_effort":"high","model":"model-two"{rest}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_goes_by_the_prompts_complexity() {
    const EASY: &str = "What is two plus two?";
    const HARD: &str = "Prove that there are infinitely many primes.";
    let one = "reasoning_family: gpt-oss";
    // By samples, and by a rule that needs no embedding.
    for matches in ["samples: [anything]", "when: {turns: 1}"] {
        let route = format!("backend: one, reasoning: auto, {matches}");
        let router = format!("signals: {{complexity: {{easy: [{EASY:?}], hard: [{HARD:?}]}}}}");
        let stand = Stand::of(Parts {
            route: &route,
            one,
            router: &router,
            sections: "embedding: {timeout: 1m}",
            ..Parts::default()
        })
        .await;
        for (text, expected) in [(EASY, ("low", "low")), (HARD, ("high", "high"))] {
            let response = stand.say(text, json!({})).await;
            let outcome = header(&response, "x-pointsman-reasoning").to_owned();
            let body: Value = serde_json::from_str(&last(&stand.one)).unwrap();
            assert_eq!((body["reasoning_effort"].as_str().unwrap(), &*outcome), expected, "{matches}: {text}");
        }
        let own = stand.say(EASY, json!({ "reasoning_effort": "medium" })).await;
        assert_eq!(header(&own, "x-pointsman-reasoning"), "client");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_routes_own_parameters_say_otherwise_no_level_is_told() {
    let thinking = |on: bool| json!({ "chat_template_kwargs": { "enable_thinking": on } });
    let effort = |effort: &str| json!({ "reasoning_effort": effort });
    let own = "reasoning_family: {low: {think: {budget: 10}}, high: {think: {budget: 90}}}";
    let stand = stand("low", "").await;
    for (params, one, given, expected, outcome) in [
        (
            "set: {chat_template_kwargs.enable_thinking: false}",
            "reasoning_family: qwen3",
            json!({}),
            thinking(false),
            "none",
        ),
        (
            "set: {chat_template_kwargs: {enable_thinking: true}}",
            "reasoning_family: qwen3",
            json!({}),
            thinking(true),
            "high",
        ),
        (
            "set: {chat_template_kwargs.enable_thinking: false}",
            "reasoning_family: qwen3",
            thinking(true),
            thinking(false),
            "none",
        ),
        (
            "set: {chat_template_kwargs.enable_thinking: false}",
            "reasoning_family: qwen3",
            thinking(false),
            thinking(false),
            "client",
        ),
        (
            "default: {chat_template_kwargs.enable_thinking: false}",
            "reasoning_family: qwen3",
            json!({}),
            thinking(true),
            "high",
        ),
        ("set: {top_p: 0.5}", "reasoning_family: qwen3", json!({}), thinking(true), "high"),
        ("set: {reasoning_effort: low}", "reasoning_family: gpt-oss", json!({}), effort("low"), "none"),
        ("set: {reasoning_effort: low}", "reasoning_family: gpt-oss", effort("medium"), effort("low"), "none"),
        ("cap: {think: {budget: 50}}", own, json!({}), json!({ "think": { "budget": 50 } }), "none"),
        ("cap: {think: {budget: 100}}", own, json!({}), json!({ "think": { "budget": 90 } }), "high"),
    ] {
        let route = format!("backend: one, reasoning: high, params: {{{params}}}");
        stand.becomes(Parts { route: &route, one, ..Parts::default() }).await;
        assert_eq!(told(&stand, given).await, (expected, outcome.to_owned()), "{params} {one}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_mapping_is_the_clients_word_and_a_forced_level_takes_its_place() {
    let (one, own) = ("reasoning_family: qwen3", json!({ "chat_template_kwargs": "x" }));
    let stand = stand("high", one).await;
    assert_eq!(told(&stand, own.clone()).await, (own.clone(), "client".to_owned()));
    let route = "backend: one, reasoning: {effort: high, force: true}";
    stand.becomes(Parts { route, one, ..Parts::default() }).await;
    let forced = json!({ "chat_template_kwargs": { "enable_thinking": true } });
    assert_eq!(told(&stand, own).await, (forced, "high".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn words_in_a_system_prompt_that_the_route_replaces_are_not_the_clients() {
    let one = "reasoning_family: qwen3";
    let stand = stand("high", one).await;
    let words = r#"{"chat_template_kwargs":{"enable_thinking":true},"model":"model-one","#;
    let body = |system: &str, user: &str| {
        format!(r#"{{"messages":[{{"role":"system","content":"{system}"}},{{"role":"user","content":"{user}"}}]}}"#)
    };
    for (prompt, (system, user), outcome, (said, asked)) in [
        ("replace: R", ("x /no_think", "Hi"), "high", ("R", "Hi")),
        ("replace: R", ("x", "Hi /no_think"), "client", ("R", "Hi /no_think")),
        ("append: R", ("x /no_think", "Hi"), "client", ("x /no_think\\n\\nR", "Hi")),
        // What the route says itself is not the client's word, and stands against its own level.
        ("append: R /no_think", ("x", "Hi"), "high", ("x\\n\\nR /no_think", "Hi\\n\\n/think")),
    ] {
        let route = format!("backend: one, reasoning: high, system_prompt: {{{prompt}}}");
        stand.becomes(Parts { route: &route, one, ..Parts::default() }).await;
        let response = stand.chat(&body(system, user)).await;
        assert_eq!(header(&response, "x-pointsman-reasoning"), outcome, "{prompt}: {system}, {user}");
        let sent = last(&stand.one);
        if outcome == "high" {
            assert_eq!(sent, format!("{words}{}", &body(said, asked)[1..]));
        } else {
            assert!(sent.ends_with(&body(said, asked)[1..]) && !sent.contains("enable_thinking"), "{sent}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn force_takes_back_what_any_level_of_a_backends_own_mapping_names() {
    let one = "reasoning_family: {\"off\": {think: false}, low: {opts: {effort: 1}}, high: {budget: 8000}}";
    let route = "backend: one, reasoning: {effort: \"off\", force: true}";
    let stand = Stand::of(Parts { route, one, ..Parts::default() }).await;
    let given = json!({ "budget": 100_000, "opts": { "effort": 5, "tone": "plain" } });
    let response = stand.say("Hi", given).await;
    assert_eq!(header(&response, "x-pointsman-reasoning"), "off");
    let body: Value = serde_json::from_str(&last(&stand.one)).unwrap();
    assert_eq!(body["think"], false);
    assert_eq!((&body["budget"], &body["opts"]), (&Value::Null, &json!({ "effort": null, "tone": "plain" })));
}

#[tokio::test(flavor = "multi_thread")]
async fn users_words_are_seen_next_to_other_scripts_and_marks() {
    let stand = stand("high", "reasoning_family: qwen3").await;
    for text in
        ["谁大？/no_think", "谁大/no_think", "**/no_think**", "`/no_think`", "<b>/no_think</b>", "/no_think\u{200b}"]
    {
        let response = stand.say(text, json!({})).await;
        assert_eq!(header(&response, "x-pointsman-reasoning"), "client", "{text}");
    }
    for text in ["a/no_think", "/no_think/x", "http://x/no_think", "</think>", "./think", "/thinking"] {
        let response = stand.say(text, json!({})).await;
        assert_eq!(header(&response, "x-pointsman-reasoning"), "high", "{text}");
    }
}

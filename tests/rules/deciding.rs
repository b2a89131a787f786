//! What is decided by which rule, and what is embedded for it.

use serde_json::{Value, json};

use crate::stand::{Ruled, header, told, user};
use crate::support::eventually;

const CHAT: &str = "{name: chat, backend: a, samples: [\"Hi, how are you?\", \"Tell me a joke.\"]}";
const SQL: &str = "{name: sql, backend: b, when: {keywords: {any: [sql, \"inner join\"]}}}";

#[tokio::test(flavor = "multi_thread")]
async fn a_keyword_decides_without_an_embedding() {
    let ruled = Ruled::with(&format!("{CHAT}\n{SQL}")).await;
    assert_eq!(ruled.said("What does an INNER  JOIN do?").await, ["sql", "b"]);
    assert_eq!(ruled.embedded().await, 0.0);
    assert_eq!(ruled.router.metric("pointsman_decisions_total{reason=\"rule\",route=\"sql\"}").await, 1.0);
    ruled.router.logs("reason=\"rule\"").await;
    assert_eq!(ruled.said("Hello, how is it going?").await, ["chat", "a"]);
    assert_eq!(ruled.embedded().await, 1.0);
    assert_eq!(ruled.router.metric("pointsman_decisions_total{reason=\"semantic\",route=\"chat\"}").await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_samples_are_nothing_is_embedded() {
    let ruled = Ruled::with(SQL).await;
    assert_eq!(ruled.said("Good morning").await, ["default", "base"]);
    assert_eq!(ruled.said("sql").await, ["sql", "b"]);
    assert_eq!(ruled.router.metric("pointsman_decisions_total{reason=\"no-match\",route=\"default\"}").await, 1.0);
    assert_eq!(ruled.router.metric("pointsman_encoder_batches").await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cache_may_ask_for_the_meaning_of_what_a_rule_decided() {
    let cache = "middleware: {sem_cache: {enabled: true}}";
    let ruled = Ruled::over("", &format!("{CHAT}\n{SQL}"), cache, &[]).await;
    assert_eq!(ruled.said("What is sql?").await, ["sql", "b"]);
    let again = ruled.ask(user("What is sql?"), &[]).await;
    assert_eq!((header(&again, "x-pointsman-cache"), header(&again, "x-pointsman-route")), ("hit-exact", "sql"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_that_cannot_tell_is_asked_once_by_a_request_and_told_of_wherever_it_fails() {
    let complexity = "signals: {complexity: {easy: [\"What is 2+2?\"], hard: [\"Prove that 2 is prime.\"]}}";
    let said = "{name: said, backend: a, when: {header: {x-r: said}}, reasoning: auto}";
    let hard = "{name: hard, backend: b, priority: 1, when: {complexity: {gte: 0.9}}}";
    let hurried = "embedding: {timeout: 0.001ms}\nmiddleware: {sem_cache: {enabled: true}}";
    // For the decision, for the reasoning, and for the cache.
    let unread = said.replace(", reasoning: auto", "");
    for routes in [format!("{hard}\n{said}"), said.to_owned(), unread] {
        let ruled = Ruled::over(complexity, &routes, hurried, &[]).await;
        let answer = ruled.ask(user(&"Hi, how are you? ".repeat(100)), &[("x-r", "said")]).await;
        let told = ["x-pointsman-route", "x-pointsman-cache", "x-pointsman-degraded"].map(|name| header(&answer, name));
        assert_eq!(told, ["said", "miss", "encoder-timeout"], "{routes}");
        assert_eq!(ruled.router.metric("pointsman_encoder_jobs{outcome=\"timeout\"}").await, 1.0, "{routes}");
        assert_eq!(ruled.router.metric("pointsman_degraded_total{reason=\"encoder-timeout\"}").await, 1.0, "{routes}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_of_samples_whose_rule_fails_is_not_below_its_threshold() {
    let routes = "{name: lawyers, backend: a, samples: [\"hello\"], when: {domain: {eq: law, min_probability: 0.9}}}";
    let ruled = Ruled::with(routes).await;
    let told = told(&ruled, "hello").await;
    assert_eq!((&told["reason"], &told["score"], &told["route"]), (&json!("no-match"), &json!(0.0), &Value::Null));
    assert!(told["scores"]["lawyers"].as_f64().is_some_and(|score| score > 0.99), "{told}");
    assert_eq!(ruled.said("hello").await, ["default", "base"]);
    assert_eq!(ruled.router.metric("pointsman_decisions_total{reason=\"no-match\",route=\"default\"}").await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn priority_goes_before_the_score_and_the_order() {
    let routes = "
        {name: first, backend: a, when: {keywords: {any: [apple]}}}
        {name: second, backend: b, when: {keywords: {any: [apple, pear]}}}
        {name: urgent, backend: base, priority: 7, when: {keywords: {any: [pear]}}}
        {name: exact, backend: a, priority: 9, threshold: 0.95, samples: [\"A pear, please.\"]}
    ";
    let ruled = Ruled::with(routes).await;
    assert_eq!(ruled.said("an apple").await[0], "first");
    assert_eq!(ruled.said("an apple and a pear").await[0], "urgent");
    assert_eq!(ruled.said("A pear, please.").await[0], "exact", "samples of a higher priority");
    assert_eq!(ruled.embedded().await, 3.0, "which each had to be asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_with_both_needs_both() {
    let routes =
        "{name: blue, backend: a, when: {header: {x-team: blue}}, threshold: 0.5, samples: [\"Tell me a joke.\"]}";
    let ruled = Ruled::with(routes).await;
    let led = async |text: &str, team: &str| {
        let response = ruled.ask(user(text), &[("x-team", team)]).await;
        header(&response, "x-pointsman-route").to_owned()
    };
    assert_eq!(led("Tell me a joke.", "red").await, "default");
    assert_eq!(ruled.embedded().await, 0.0, "its rule fails, so its samples are not asked");
    assert_eq!(led("Tell me a joke.", "blue").await, "blue");
    assert_eq!(led("Quarterly cement exports of Paraguay", "blue").await, "default");
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_are_joined_by_all_any_and_not() {
    let routes = "
        {name: all, backend: a, when: {header: {x-case: all}, all: [{keywords: {any: [apple]}}, {stream: true}]}}
        {name: any, backend: a, when: {header: {x-case: any}, any: [{keywords: {any: [apple]}}, {stream: true}]}}
        {name: not, backend: a, when: {header: {x-case: not}, not: {any: [{keywords: {any: [apple]}}, {stream: true}]}}}
        {name: deep, backend: a, when: {header: {x-case: deep}, any: [{all: [{not: {stream: true}}, {not: {keywords: {any: [apple]}}}]},
          {all: [{stream: true}, {keywords: {any: [apple]}}]}]}}
    "
    .replace(",\n          ", ", ");
    let ruled = Ruled::with(&routes).await;
    let cases = [(true, true), (true, false), (false, true), (false, false)];
    for (case, held) in [
        ("all", [true, false, false, false]),
        ("any", [true, true, true, false]),
        ("not", [false, false, false, true]),
        ("deep", [true, false, false, true]),
    ] {
        for ((apple, stream), held) in cases.into_iter().zip(held) {
            let mut body = user(if apple { "an apple" } else { "a pear" });
            body["stream"] = stream.into();
            let response = ruled.ask(body, &[("x-case", case)]).await;
            let route = header(&response, "x-pointsman-route").to_owned();
            assert_eq!(route == case, held, "{case}: {apple} {stream}: {route}");
        }
    }
    assert_eq!(ruled.embedded().await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_a_backend_goes_straight_whatever_the_rules_say() {
    let ruled = Ruled::with(SQL).await;
    let mut body = user("sql");
    body["model"] = "m-a".into();
    assert_eq!(ruled.went(body).await, ["direct", "a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_text_is_decided_by_rules() {
    let routes = format!("{CHAT}\n{{name: seen, backend: b, when: {{images: {{gte: 1}}}}}}");
    let ruled = Ruled::with(&routes).await;
    let image = serde_json::json!([{ "type": "image_url", "image_url": { "url": "data:," } }]);
    let body = |content: serde_json::Value| serde_json::json!({ "messages": [{ "role": "user", "content": content }] });
    assert_eq!(ruled.went(body(image)).await, ["seen", "b"]);
    assert_eq!(ruled.went(body(serde_json::json!([]))).await, ["default", "base"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_that_takes_too_long_leaves_what_rules_settle() {
    let routes =
        format!("{{name: exact, backend: a, priority: 1, threshold: 0.99, samples: [\"Good night.\"]}}\n{SQL}");
    let ruled = Ruled::over("", &routes, "embedding: {threads: 1, timeout: 1ms, memo: 0}", &[]).await;
    eventually("a text that takes too long", || async {
        let response = ruled.ask(user(&"the tables of sql databases are wide ".repeat(120)), &[]).await;
        assert_eq!(header(&response, "x-pointsman-route"), "sql");
        (header(&response, "x-pointsman-degraded") == "encoder-timeout").then_some(())
    })
    .await;
}

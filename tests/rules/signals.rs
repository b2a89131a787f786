//! Each signal of a request itself, once where it holds and once where it does not.

use serde_json::{Value, json};

use crate::stand::{Ruled, header, user};

/// A request and whether its rule holds.
struct Case {
    name: &'static str,
    when: &'static str,
    holds: Value,
    fails: Value,
}

fn case(name: &'static str, when: &'static str, holds: Value, fails: Value) -> Case {
    Case { name, when, holds, fails }
}

/// `user(text)` with a further key.
fn with(text: &str, key: &str, value: Value) -> Value {
    let mut body = user(text);
    body[key] = value;
    body
}

fn cases() -> Vec<Case> {
    let tool = json!({ "type": "function", "function": { "name": "f", "parameters": {} } });
    let parts = |images: usize| {
        let image = json!({ "type": "image_url", "image_url": { "url": "data:," } });
        let parts = [vec![json!({ "type": "text", "text": "Look." })], vec![image; images]].concat();
        json!({ "messages": [{ "role": "user", "content": parts }] })
    };
    let turns = |turns: usize| {
        let both = [json!({ "role": "user", "content": "q" }), json!({ "role": "assistant", "content": "r" })];
        let all: Vec<Value> = (0..turns).flat_map(|_| both.clone()).collect();
        json!({ "messages": all })
    };
    let (hi, german) = ("Hello, how are you?", "Wie spät ist es, und wann fährt der nächste Zug nach Hamburg?");
    let code = "def add(a, b):\n    return a + b\n\nprint(add(1, 2))";
    vec![
        case("tools", "tools: true", with(hi, "tools", json!([tool])), user(hi)),
        case("two-tools", "tools: {gte: 2}", with(hi, "tools", json!([tool, tool])), with(hi, "tools", json!([tool]))),
        case("images", "images: {gt: 1}", parts(2), parts(1)),
        case("turns", "turns: {gte: 3}", turns(3), turns(2)),
        case("tokens", "tokens: {gte: 500}", user(&"one two three four ".repeat(200)), user(&"one two ".repeat(100))),
        case(
            "history",
            "tokens: {gte: 500}",
            json!({ "messages": [{ "role": "system", "content": "one two three four ".repeat(200) }, { "role": "user", "content": hi }] }),
            json!({ "messages": [{ "role": "system", "content": "one two" }, { "role": "user", "content": hi }] }),
        ),
        case(
            "language",
            "language: [de, fr]",
            user(german),
            user("What is the time, and when does the next train go to Hamburg?"),
        ),
        case("code", "code: true", user(code), user(hi)),
        case(
            "format",
            "format: json_schema",
            with(hi, "response_format", json!({ "type": "json_schema", "json_schema": {} })),
            with(hi, "response_format", json!({ "type": "json_object" })),
        ),
        case("stream", "stream: true", with(hi, "stream", json!(true)), user(hi)),
        case("model", "model: MoM", with(hi, "model", json!("MoM")), with(hi, "model", json!("auto"))),
        case("typos", "keywords: {any: [refund], typos: 1}", user("Where is my refnud?"), user("Where is my friend?")),
        case("typos-whole", "keywords: {any: [refund], typos: 1}", user("(refund)"), user("Which type has refund_id?")),
        case(
            "typos-phrase",
            "keywords: {any: [\"reset my password\"], typos: 1}",
            user("Please rest my  pasword."),
            user("After the rest, my password was wrong."),
        ),
        case(
            "tools-none",
            "tools: true",
            {
                let mut body = with(hi, "tools", json!([tool]));
                body["tool_choice"] = json!("none");
                body
            },
            user(hi),
        ),
        case(
            "expression",
            "keywords: {regex: ['order #\\d+']}",
            user("About ORDER #12: it is late"),
            user("About order #x"),
        ),
        case(
            "without",
            "keywords: {all: [order], none: [cancelled]}",
            user("my order"),
            user("my order was cancelled"),
        ),
        case("tenant", "tenant: default", user(hi), with(hi, "x-case-of", json!("tenant"))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_signal_of_a_request_decides() {
    let cases = cases();
    let route = |Case { name, when, .. }: &Case| {
        format!("{{name: {name}, backend: a, when: {{header: {{x-case: {name}}}, {when}}}}}\n")
    };
    let ruled = Ruled::with(&cases.iter().map(route).collect::<String>()).await;
    for Case { name, when, holds, fails } in cases {
        let led = async |body: Value, case: &str| {
            let response = ruled.ask(body, &[("x-case", case)]).await;
            header(&response, "x-pointsman-route").to_owned()
        };
        assert_eq!(led(holds.clone(), name).await, name, "{when}: {holds}");
        // Of the tenant there is but one here: the other request is another's case.
        let other = if name == "tenant" { "nobodys" } else { name };
        assert_eq!(led(fails.clone(), other).await, "default", "{when}: {fails}");
    }
    assert_eq!(ruled.embedded().await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_body_is_read_like_a_short_one() {
    let routes = "
        {name: end, backend: a, when: {keywords: {any: [\"the very end\"]}, tokens: {gte: 50000}, code: false}}
        {name: long, backend: b, when: {tokens: {gte: 50000}}}
        {name: ids, backend: b, when: {tokens: {gte: 9000}}}
    ";
    let ruled = Ruled::with(routes).await;
    let text = "one two three four ".repeat(20_000);
    assert_eq!(ruled.said(&format!("{text} the very end")).await, ["end", "a"]);
    assert_eq!(ruled.said(&text).await, ["long", "b"]);
    let body = json!({ "prompt": vec![7; 10_000] });
    let response = reqwest::Client::new().post(ruled.router.at("/v1/completions")).json(&body).send().await.unwrap();
    assert_eq!(header(&response, "x-pointsman-route"), "ids");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_a_rule_reads_may_not_stand_twice() {
    let ruled = Ruled::with("{name: tools, backend: a, when: {tools: true}}").await;
    let body = r#"{"messages":[{"role":"user","content":"x"}],"tools":[],"tools":[{}]}"#;
    let request = reqwest::Client::new().post(ruled.router.at("/v1/chat/completions")).body(body);
    assert_eq!(request.send().await.unwrap().status(), 400);
    assert_eq!(ruled.model.seen(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn complexity_is_measured_by_the_operators_examples() {
    let complexity = "signals: {complexity: {easy: [\"What is 2+2?\", \"What is the capital of France?\", \"Say hello.\"], hard: [\"Prove \
        that there are infinitely many primes.\", \"Derive the Euler-Lagrange equation.\", \"Prove the spectral theorem.\"]}}";
    let ruled = Ruled::over(
        complexity,
        "{name: hard, backend: a, when: {complexity: {gt: 0}}}",
        "embedding: {timeout: 1m}",
        &[],
    )
    .await;
    assert_eq!(ruled.said("Prove that the square root of two is irrational.").await, ["hard", "a"]);
    assert_eq!(ruled.said("What is the capital of Italy?").await, ["default", "base"]);
    assert_eq!(ruled.embedded().await, 2.0);
}

//! Whole bodies that are wrong.

use super::support::wire::{ask, post};
use super::support::{Child, Router, Stand};
use super::{CHAT, GOOD};

/// Bodies for an endpoint, all refused by the router with one code.
async fn refused<B: AsRef<[u8]>>(stand: &Stand, path: &str, code: &str, bodies: impl IntoIterator<Item = B>) {
    for body in bodies {
        let body = body.as_ref();
        let shown = String::from_utf8_lossy(&body[..body.len().min(100)]).into_owned();
        let answer = ask(stand.address(), post(path, "", body)).await;
        assert_eq!((answer.status, &*answer.error()), (400, code), "{shown}: {answer:?}");
        assert!(answer.header("x-request-id").is_some());
    }
}

/// Bodies that are the peer's to judge.
async fn passed_on<B: AsRef<[u8]>>(stand: &Stand, path: &str, bodies: impl IntoIterator<Item = B>) {
    for body in bodies {
        let body = body.as_ref();
        let answer = ask(stand.address(), post(path, "", body)).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(100)]).into_owned();
        assert_eq!(answer.header("x-pointsman-backend"), Some("solo"), "{shown}: {answer:?}");
        assert!(answer.status < 500, "{shown}: {answer:?}");
        let length = stand.sim.last_seen().await.checksum().0 as usize;
        assert!(length + 10 >= body.len(), "it arrived whole");
    }
}

#[tokio::test]
async fn what_is_not_json_is_refused() {
    let stand = Stand::start();
    let texts = [
        "",
        " ",
        "{",
        "}",
        "nul",
        "[1,2",
        "{]",
        "\"x",
        "{}{}",
        "{'messages':[]}",
        "{\"messages\":[],}",
        "{\"messages\" []}",
        "messages=x",
        "<xml/>",
        "\u{feff}{}",
        "{\"model\":\"m\",\"messages\":[{}]}x",
        "{\"messages\":[{}]},",
        "//\n{}",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"line\nbreak\"}]}",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"\\x\"}]}",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},]}",
        "{\"messages\":[{}],\"x\":NaN}",
        "{\"messages\":[{}],\"x\":01}",
        "{\"messages\":[{}],\"x\":1.}",
        "{\"messages\":[{}],\"x\":+1}",
        "{\"messages\":[{}],\"x\":.5}",
        "{\"messages\":[{}],\"x\":tru}",
        "{\"messages\":[{}],\"x\":\"\\u12\"}",
        "{\"messages\":[{}] \0}",
        "\0\0\0\0",
    ];
    refused(&stand, CHAT, "invalid_json", texts).await;
    let utf8 = |inside: &[u8]| [br#"{"messages":[{"role":"user","content":"a"#, inside, br#""}]}"#].concat();
    let broken = [&b"\xff"[..], b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"].map(utf8);
    refused(&stand, CHAT, "invalid_json", broken).await;
    refused(&stand, CHAT, "invalid_json", [&b"{\"\xff\":1,\"messages\":[{}]}"[..], b"\xff\xfe{\0}\0"]).await;
    stand.is_well().await;
}

#[tokio::test]
async fn wrong_types_and_missing_messages_are_refused() {
    let stand = Stand::start();
    let wholes =
        ["[]", "null", "1", "\"x\"", "true", "[{\"messages\":[]}]", "{}", "{\"prompt\":\"x\"}", "{\"Messages\":[{}]}"];
    refused(&stand, CHAT, "invalid_request", wholes).await;
    let messages = ["[]", "null", "1", "{}", "\"x\"", "true", "[1]", "[null]", "[\"x\"]", "[[]]", "[{},1]"];
    refused(&stand, CHAT, "invalid_request", messages.map(|value| format!(r#"{{"messages":{value}}}"#))).await;
    let fields = [
        r#""role":1"#,
        r#""role":null"#,
        r#""role":["user"]"#,
        r#""content":1"#,
        r#""content":{}"#,
        r#""content":true"#,
        r#""content":[1]"#,
        r#""content":[null]"#,
        r#""content":[[]]"#,
    ];
    refused(&stand, CHAT, "invalid_request", fields.map(|field| format!(r#"{{"messages":[{{{field}}}]}}"#))).await;
    let models = ["1", "true", "[]", "{}", "[\"m\"]"];
    refused(
        &stand,
        CHAT,
        "invalid_request",
        models.map(|model| GOOD.replacen('{', &format!(r#"{{"model":{model},"#), 1)),
    )
    .await;
    let prompts = ["1", "true", "{}", "{\"a\":1}"];
    refused(&stand, "/v1/completions", "invalid_request", prompts.map(|prompt| format!(r#"{{"prompt":{prompt}}}"#)))
        .await;
    assert_eq!(stand.sim.total_seen().await, 0, "nothing of it went upstream");
    stand.is_well().await;
}

#[tokio::test]
async fn what_only_the_model_can_judge_is_passed_on() {
    let stand = Stand::start();
    let contents = [
        "\"\"",
        "null",
        "[]",
        "\" \"",
        "[{}]",
        r#"[{"type":"text"}]"#,
        r#"[{"type":1}]"#,
        r#"[{"type":"text","text":1}]"#,
        r#"["x"]"#,
    ];
    passed_on(
        &stand,
        CHAT,
        contents.map(|content| format!(r#"{{"messages":[{{"role":"user","content":{content}}}]}}"#)),
    )
    .await;
    let fields = [
        r#""stream":"yes""#,
        r#""stream":1"#,
        r#""temperature":"hot""#,
        r#""max_tokens":-1"#,
        r#""n":1e400"#,
        r#""tools":7"#,
        r#""stop":{}"#,
        r#""":"""#,
        r#""\u0000":1"#,
        r#""prompt":[[[]]]"#,
    ];
    passed_on(&stand, CHAT, fields.map(|field| GOOD.replacen('{', &format!("{{{field},"), 1))).await;
    passed_on(&stand, CHAT, [r#"{"messages":[{}]}"#, r#"{"messages":[{"role":"nobody","content":"x"}]}"#]).await;
    let prompts = ["\"\"", "[]", "null", "[\"\"]", "[1,\"a\"]", "[{}]", "[[\"a\"]]", "[-1]"];
    passed_on(&stand, "/v1/completions", prompts.map(|prompt| format!(r#"{{"prompt":{prompt}}}"#))).await;
    passed_on(&stand, "/v1/completions", ["{}", "{ }", r#"{"messages":7}"#]).await;
    stand.is_well().await;
}

#[tokio::test]
async fn a_key_that_is_read_may_occur_once_however_it_is_spelled() {
    let stand = Stand::start();
    let wholes = [
        r#"{"model":"m","model":"m","messages":[{}]}"#,
        r#"{"model":"m","messages":[{}],"\u006dodel":"solo"}"#,
        r#"{"messages":[{}],"mess\u0061ges":[{}]}"#,
        r#"{"messages":[{}],"x":1,"messages":null}"#,
        r#"{"stream":true,"messages":[{}],"\u0073\u0074\u0072\u0065\u0061\u006D":false}"#,
        r#"{"model":null,"model":"m","messages":[{}]}"#,
        r#"{"priority":1,"messages":[{}],"priority":1}"#,
    ];
    refused(&stand, CHAT, "duplicate_key", wholes).await;
    let messages = [
        r#"{"role":"user","role":"user"}"#,
        r#"{"content":"a","role":"user","c\u006fntent":"b"}"#,
        r#"{"content":null,"content":"b"}"#,
        r#"{"role":"user","content":[{"type":"text","text":"a","te\u0078t":"b"}]}"#,
        r#"{"role":"user","content":[{"type":"text","type":"image_url","text":"a"}]}"#,
        r#"{"role":"system","content":[{"text":"a"},{"text":"a","text":"b"}]}"#,
    ];
    let first = messages.map(|message| format!(r#"{{"messages":[{message},{{"role":"user","content":"z"}}]}}"#));
    refused(&stand, CHAT, "duplicate_key", first).await;
    refused(&stand, "/v1/completions", "duplicate_key", [r#"{"prompt":"a","pr\u006fmpt":"b"}"#]).await;
    assert_eq!(stand.sim.total_seen().await, 0, "nothing of it went upstream");
    passed_on(&stand, CHAT, [r#"{"messages":[{"name":1,"name":2}],"seed":1,"seed":2,"prompt":{"a":1,"a":2}}"#]).await;
    stand.is_well().await;
}

#[tokio::test]
async fn deep_nesting_is_refused_wherever_it_is() {
    let stand = Stand::start();
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
    let places = [
        "{\"messages\":DEEP}",
        "{\"messages\":[{\"content\":DEEP}]}",
        "{\"messages\":[DEEP]}",
        "DEEP",
        "{\"messages\":[{}],\"x\":DEEP}",
        "{\"x\":DEEP,\"messages\":[{}]}",
        "{\"model\":DEEP,\"messages\":[{}]}",
        "{\"messages\":[{\"tool_calls\":DEEP}]}",
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"x\":DEEP}]}]}",
    ];
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[", "")] {
        let deep = deep(open, close);
        refused(&stand, CHAT, "invalid_json", places.map(|place| place.replace("DEEP", &deep))).await;
    }
    refused(&stand, "/v1/completions", "invalid_json", [format!(r#"{{"prompt":{}}}"#, deep("[", "]"))]).await;
    let in_text = format!(r#"{{"messages":[{{"role":"user","content":"\"{}"}}]}}"#, "[{".repeat(5_000));
    passed_on(&stand, CHAT, [in_text]).await;
    stand.is_well().await;
}

#[tokio::test]
async fn a_hundred_thousand_messages_are_passed_on() {
    let stand = Stand::start();
    let many = vec![r#"{"role":"user","content":"x"}"#; 100_000].join(",");
    passed_on(&stand, CHAT, [format!(r#"{{"messages":[{many}]}}"#)]).await;
    refused(&stand, CHAT, "invalid_request", [format!(r#"{{"messages":[{many},1]}}"#)]).await;
    refused(&stand, CHAT, "duplicate_key", [format!(r#"{{"messages":[{many},{{"role":"x","role":"x"}}]}}"#)]).await;
    let parts = vec![r#"{"type":"text","text":"x"}"#; 100_000].join(",");
    passed_on(&stand, CHAT, [format!(r#"{{"messages":[{{"role":"user","content":[{parts}]}}]}}"#)]).await;
    let keys: String = (0..100_000).map(|key| format!(r#""k{key}":{key},"#)).collect();
    passed_on(&stand, CHAT, [GOOD.replacen('{', &format!("{{{keys}"), 1)]).await;
    stand.is_well().await;
}

#[tokio::test]
async fn an_error_names_the_place_and_not_the_text() {
    let stand = Stand::start();
    let body = r#"{"messages":[{"role":"user","content":"fine"},{"role":"user","content":"whisper","content":"x"}]}"#;
    let error = ask(stand.address(), post(CHAT, "", body)).await.json();
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains("messages[1]") && message.contains("\"content\""), "{message}");
    let error = ask(stand.address(), post(CHAT, "", "{\"messages\":\n [whisper]}")).await.json();
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.contains("line 2") && !message.contains("whisper"), "{message}");
}

#[tokio::test]
async fn a_priority_may_occur_once_whether_or_not_one_is_forwarded() {
    for forward in [false, true] {
        let sim = Child::sim(&[]);
        let config = Stand::config(&sim, "").replace("model: m", &format!("model: m, forward_priority: {forward}"));
        let stand = Stand { router: Router::start(&config), sim };
        let twice = [
            r#"{"priority":1,"priority":2,"messages":[{}]}"#,
            r#"{"priority":null,"messages":[{}],"pri\u006frity":-1000}"#,
        ];
        refused(&stand, CHAT, "duplicate_key", twice).await;
        refused(&stand, "/v1/completions", "duplicate_key", [r#"{"prompt":"a","priority":0,"priority":0}"#]).await;
        assert_eq!(stand.sim.total_seen().await, 0, "nothing of it went upstream");
        passed_on(&stand, CHAT, [r#"{"messages":[{"priority":1,"priority":2}],"x":{"priority":1,"priority":2}}"#])
            .await;
        stand.is_well().await;
    }
}

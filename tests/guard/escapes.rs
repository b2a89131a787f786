//! Personal data in JSON that stands in a string: behind escapes, spelled in them, as a number, as a key.

use fastrand::Rng;
use serde_json::{Value, json};

use crate::echo::{Answered, Echoing};

const MAIL: &str = "nanna@example.org";
const CARD: &str = "4111111111111111";

/// Kinds that are found by their form, so that no encoder is needed.
const FORMS: &str = "pii_masking: true, pii: {entities: [EMAIL_ADDRESS, CREDIT_CARD]}";

/// What follows an escape, or is spelled with some.
const SPELLED: [&str; 12] = [
    r#"{"to":"a\nnanna@example.org"}"#,
    r#"{"to":"a\tnanna@example.org\nb"}"#,
    r#"{"to":"a\rnanna@example.org\fb"}"#,
    r#"{"to":"\"nanna@example.org\""}"#,
    r#"{"to":"a\/b nanna@example.org a\/b"}"#,
    r#"{"to":"nanna\u0040example.org"}"#,
    r#"{"to":"\u006eanna@ex\u0061mple\u002eorg"}"#,
    r#"{"to":"\ud83d\ude00nanna@example.org\u00e9"}"#,
    r#"{"to":"\ud83d nanna@example.org \ude00"}"#,
    r#"{"a":{"b":"{\"to\":\"x\\nnanna@example.org\",\"n\":1}"}}"#,
    r#"["x",["nanna@example.org\\"]]"#,
    r#"{"nanna@example.org":{"n\u0061nna@example.org\n":1}}"#,
];

/// A conversation in which a tool was called with `arguments`, and answered `result`.
fn conversation(arguments: &Value, result: &str) -> Value {
    json!({ "messages": [
        { "role": "user", "content": "hi" },
        { "role": "assistant", "content": null, "tool_calls": [
            { "id": "call_1", "type": "function", "function": { "name": "f", "arguments": arguments } }] },
        { "role": "tool", "tool_call_id": "call_1", "content": result },
    ] })
}

fn arguments(answer: &Answered) -> String {
    let message = &answer.json()["choices"][0]["message"];
    message["tool_calls"][0]["function"]["arguments"].as_str().unwrap().to_owned()
}

/// All strings and keys in `json`, and in what is JSON in those.
fn strings(json: &Value, all: &mut Vec<String>) {
    match json {
        Value::String(text) => match serde_json::from_str(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => strings(&inner, all),
            _ => all.push(text.clone()),
        },
        Value::Number(number) => all.push(number.to_string()),
        Value::Array(elements) => elements.iter().for_each(|element| strings(element, all)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            all.push(key.clone());
            strings(value, all);
        }),
        _ => {}
    }
}

/// What the model was told, without a value in any of its spellings.
fn told_without_values(stand: &Echoing) -> Value {
    let told: Value = serde_json::from_str(&stand.told()).unwrap();
    let mut all = Vec::new();
    strings(&told, &mut all);
    for text in all {
        assert!(!text.contains("nanna") && !text.contains("example.org") && !text.contains(CARD), "{text} in {told}");
    }
    told
}

/// JSON with half pairs of surrogates, which are none to serde.
fn lenient(text: &str) -> Value {
    let text = text.replace(r"\ud83d ", "half ").replace(r" \ude00", " half");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_hide_nothing_behind_escapes() {
    let stand = Echoing::with(FORMS).await;
    for spelled in SPELLED {
        let answer = stand.chat(conversation(&spelled.into(), "ok")).await;
        assert_eq!((answer.status, answer.header("x-pointsman-pii")), (200, "masked"), "{spelled}");
        let told: Value = serde_json::from_str(&stand.told()).unwrap();
        let arguments_told = told["messages"][1]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
        let mut all = Vec::new();
        strings(&lenient(arguments_told), &mut all);
        assert!(all.iter().all(|text| !text.contains("anna@") && !text.contains("example")), "{spelled}: {all:?}");
        assert_eq!(lenient(&arguments(&answer)), lenient(spelled), "{spelled}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_hide_nothing_behind_escapes() {
    let stand = Echoing::with(FORMS).await;
    for spelled in SPELLED {
        let answer = stand.chat(conversation(&json!("{}"), spelled)).await;
        let mut all = Vec::new();
        let heard = stand.heard();
        strings(&lenient(&heard), &mut all);
        assert!(all.iter().all(|text| !text.contains("anna@") && !text.contains("example")), "{spelled}: {all:?}");
        assert_eq!(answer.header("x-pointsman-pii"), "masked", "{spelled}");
        // What was not masked is as it came.
        assert!(!spelled.contains(r#""n\""#) || heard.contains(r#"\"n\":1"#), "{heard}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_found_behind_escapes() {
    let stand = Echoing::with("pii_masking: true").await;
    let spelled = r#"{"body":"Dear team,\nMaria Keller,\twho met Jos\u00e9 N\u00fa\u00f1ez in\nMadrid, called."}"#;
    let answer = stand.chat(conversation(&spelled.into(), spelled)).await;
    let told = stand.told();
    for name in ["Maria", "Keller", "Jos", "ez in"] {
        assert!(!told.contains(name), "{name} in {told}");
    }
    assert_eq!(lenient(&arguments(&answer)), lenient(spelled));
    let heard: Value = serde_json::from_str(&stand.heard()).unwrap();
    assert!(heard["body"].as_str().unwrap().starts_with("Dear team,\n<PERSON_"), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_and_keys_are_masked_as_strings_are() {
    let stand = Echoing::with(FORMS).await;
    let spelled = format!(r#"{{"card":{CARD},"all":[{CARD},"{CARD}",-1.5e3],"{MAIL}":"{MAIL}"}}"#);
    for arguments_sent in [json!(spelled), serde_json::from_str(&spelled).unwrap()] {
        stand.chat(conversation(&arguments_sent, &spelled)).await;
        let told = told_without_values(&stand);
        let sent = &told["messages"][1]["tool_calls"][0]["function"]["arguments"];
        let read: Value = sent.as_str().map_or_else(|| sent.clone(), |text| serde_json::from_str(text).unwrap());
        let mark = read["card"].as_str().unwrap();
        assert!(mark.starts_with("<CREDIT_CARD_1_"), "{mark}");
        assert_eq!(read["all"], json!([mark, mark, -1500.0]));
        let (key, value) = read.as_object().unwrap().iter().find(|(key, _)| key.starts_with('<')).unwrap();
        assert_eq!(key, value);
        let result: Value = serde_json::from_str(&stand.heard()).unwrap();
        assert_eq!(result, read);
    }
    let bare = stand.chat(conversation(&json!(CARD), "ok")).await;
    assert_eq!(arguments(&bare), format!("\"{CARD}\""), "arguments stay JSON");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_has_escapes_itself_comes_back_escaped() {
    let badge = r#"pii_masking: true, pii: {entities: [BADGE], recognizers: [{name: BADGE, pattern: "B-[^$]*-E"}]}"#;
    let stand = Echoing::with(badge).await;
    let spelled = r#"{"x":"it is B-\u00e9\"\n\\ \ud83d\ude00-E, yes"}"#;
    let answer = stand.chat(conversation(&spelled.into(), "ok")).await;
    assert!(!stand.told().contains("-E"), "{}", stand.told());
    assert_eq!(lenient(&arguments(&answer)), lenient(spelled));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_for_good_leaves_json() {
    for (operator, mark) in [("redact", "[CREDIT_CARD]"), ("hash", "[CREDIT_CARD:")] {
        let guardrails = format!("pii_masking: true, pii: {{entities: [CREDIT_CARD], operator: {operator}}}");
        let stand = Echoing::with(&guardrails).await;
        let spelled = format!(r#"{{"a":{CARD},"b":"x\n{CARD}","{CARD}":[{CARD}]}}"#);
        let answer = stand.chat(conversation(&json!(spelled), &spelled)).await;
        for json in [arguments(&answer), stand.heard()] {
            let read: Value = serde_json::from_str(&json).unwrap();
            assert!(read["a"].as_str().unwrap().starts_with(mark) && !json.contains(CARD), "{json}");
        }
    }
}

/// A value with what stands around it.
fn text(rng: &mut Rng) -> String {
    let around = ["\n", "\t", "\"", " ", " / ", ": ", "\r\n", " é ", "😀", "\u{8}", "\n\\\n", "<", " \\ "];
    let mut text = String::new();
    for _ in 0..rng.usize(0..4) {
        text += around[rng.usize(..around.len())];
        text += ["plain", MAIL, "", "ann@example.org", CARD][rng.usize(..5)];
        text += around[rng.usize(..around.len())];
    }
    text
}

/// A random value, and what it is once it has come back: masked numbers are strings.
fn value(rng: &mut Rng, depth: usize) -> (Value, Value) {
    let same = |value: Value| (value.clone(), value);
    match rng.usize(..if depth == 0 { 5 } else { 8 }) {
        0 => same(json!(text(rng))),
        1 => same(json!(rng.i32(..1000))),
        2 => same([json!(null), json!(true)][rng.usize(..2)].clone()),
        3 => (json!(4_111_111_111_111_111_u64), json!(CARD)),
        4 => same(json!(["", " ", MAIL][rng.usize(..3)])),
        5 | 6 => {
            let fields = (0..rng.usize(..4)).map(|_| (text(rng), value(rng, depth - 1)));
            let fields: std::collections::BTreeMap<_, _> = fields.collect();
            let side = |second: bool| -> serde_json::Map<String, Value> {
                let pick = |(a, b): &(Value, Value)| if second { b.clone() } else { a.clone() };
                fields.iter().map(|(key, both)| (key.clone(), pick(both))).collect()
            };
            (Value::Object(side(false)), Value::Object(side(true)))
        }
        _ => {
            let elements: Vec<_> = (0..rng.usize(..4)).map(|_| value(rng, depth - 1)).collect();
            let (sent, back): (Vec<Value>, Vec<Value>) = elements.into_iter().unzip();
            (sent.into(), back.into())
        }
    }
}

/// `json` written with escapes wherever the dice say.
fn spelled(rng: &mut Rng, json: &Value) -> String {
    let space = |rng: &mut Rng| [" ", "", "", "\n"][rng.usize(..4)];
    let joined = |parts: Vec<String>, rng: &mut Rng| {
        let comma = format!("{},{}", space(rng), space(rng));
        parts.join(&comma)
    };
    match json {
        Value::String(text) => quoted(rng, text),
        Value::Array(elements) => {
            let elements = elements.iter().map(|element| spelled(rng, element)).collect();
            format!("[{}]", joined(elements, rng))
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| {
                    let (key, value) = (quoted(rng, key), spelled(rng, value));
                    format!("{key}{}:{}{value}", space(rng), space(rng))
                })
                .collect();
            format!("{{{}}}", joined(fields, rng))
        }
        other => other.to_string(),
    }
}

fn quoted(rng: &mut Rng, text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        let plain = serde_json::to_string(&letter).unwrap();
        match rng.usize(..10) {
            0 => letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| quoted += &format!("\\u{unit:04x}")),
            1 if letter == '/' => quoted += "\\/",
            _ => quoted += &plain[1..plain.len() - 1],
        }
    }
    quoted + "\""
}

#[tokio::test(flavor = "multi_thread")]
async fn any_json_comes_back_as_it_meant_and_shows_nothing() {
    let stand = Echoing::with(FORMS).await;
    for seed in 0..150 {
        let rng = &mut Rng::with_seed(seed);
        let (sent, back) = value(rng, 3);
        let written = spelled(rng, &json!({ "a": sent }));
        let body = spelled(rng, &conversation(&json!(written), &written));
        let answer = stand.write(body.clone()).await;
        assert_eq!(answer.status, 200, "seed {seed}: {body}");
        told_without_values(&stand);
        let read: Value =
            serde_json::from_str(&arguments(&answer)).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let wanted = if answer.header("x-pointsman-pii") == "masked" { &back } else { &sent };
        assert_eq!(&read["a"], wanted, "seed {seed}: {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_among_other_text_or_cut_off_hides_nothing() {
    let stand = Echoing::with(FORMS).await;
    for text in [
        r#"The answer was:\n{"body":"x\nnanna@example.org"} and no more"#,
        "```json\n{\"body\": \"x\\tnanna@example.org\"}\n```",
        "{\"a\":\"x\\nnanna@example.org\"}\n{\"a\":\"y\\r\\nnanna@example.org\\n\"}\n",
        r#"{"a":"x\nnanna@example.org","b":"cut o"#,
        r#"{"a":NaN,"b":"x\nnanna@example.org"}"#,
        r#"{'a': 'x\nnanna@example.org', 'b': None}"#,
        r#"level=info msg="say \"x\"\nnanna@example.org" n=1"#,
        r"see nanna\u0040example.org",
        r"print('x\nnanna@example.org')",
        r#"{"a":"\q\nnanna@example.org\"#,
    ] {
        let answer = stand.say(text).await;
        let heard = stand.heard();
        assert!(!heard.contains("anna") && !heard.contains("example"), "{text}: {heard}");
        assert_eq!(answer.said(), text, "all comes back byte for byte");
        let mut called = conversation(&json!(text), text);
        called["messages"].as_array_mut().unwrap().push(json!({ "role": "user", "content": "go on" }));
        stand.chat(called).await;
        assert!(!stand.told().contains("example.org"), "{text}: {}", stand.told());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn placeholders_are_not_forged_by_escapes() {
    let stand = Echoing::with(FORMS).await;
    for text in [r#"{"a":"\u003cPERSON_1\u003e"}"#, r#"{"a":"\u003cPERSON_1\u003e","b":"cut o"#] {
        stand.say(text).await;
        let heard = stand.heard();
        assert!(!heard.contains(r"\u003cPERSON_1\u003e") && !heard.contains("<PERSON_1>"), "{heard}");
    }
    let text = r#"{"a":"\u003cPERSON_1\u003e","b":"cut o"#;
    assert_eq!(stand.say(text).await.said(), text);
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_are_no_escapes() {
    let stand = Echoing::with(FORMS).await;
    let text = r"nanna@example.org has C:\temp\readme and \\host\users\b";
    assert_eq!(stand.say(text).await.said(), text);
    let heard = stand.heard();
    assert!(
        heard.starts_with("<EMAIL_ADDRESS_1_") && heard.ends_with(r" has C:\temp\readme and \\host\users\b"),
        "{heard}"
    );
}

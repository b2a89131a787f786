use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::*;
use crate::failure::Reason;
use crate::intake::json::span;

fn read(whole: &str) -> Draft<'_> {
    Draft::read(whole, "the body").unwrap()
}

#[test]
fn only_what_changes_is_written() {
    let mut draft = read(r#" {"a" : 1.0e0, "b":"\u0041" , "c":{ "x" : 1 },"d":null}"#);
    assert_eq!(draft.finish(), None);
    draft.set("a", "1.0e0");
    assert_eq!(draft.finish(), None, "the same value is no change");
    draft.set("b", "2");
    draft.set("new\"", "3");
    draft.set("second", "4");
    draft.set("new\"", "5");
    assert_eq!(draft.finish().unwrap(), r#" {"new\"":5,"second":4,"a" : 1.0e0, "b":2 , "c":{ "x" : 1 },"d":null}"#);
}

#[test]
fn what_is_read_is_what_was_made_of_it() {
    let mut draft = read(r#"{"\u0061":null}"#);
    assert_eq!((draft.get("a"), draft.given("a"), draft.get("b")), (Some("null"), None, None));
    draft.set("a", "1");
    draft.set("b", "2");
    assert_eq!((draft.given("a"), draft.given("b")), (Some("1"), Some("2")));
    assert_eq!(draft.finish().unwrap(), r#"{"b":2,"\u0061":1}"#);
}

#[test]
fn an_object_inside_is_changed_in_place() {
    let change = |whole: &str| {
        let mut draft = read(whole);
        let within = draft.within("k", |inner| {
            inner.set("x", "true");
            Ok(())
        });
        (within.unwrap().is_some(), draft.finish())
    };
    assert_eq!(change(r#"{"k": { "y" :1.0 }}"#), (true, Some(r#"{"k": {"x":true, "y" :1.0 }}"#.into())));
    assert_eq!(change(r#"{"k": null}"#), (true, Some(r#"{"k": {"x":true}}"#.into())));
    assert_eq!(change("{}"), (true, Some(r#"{"k":{"x":true}}"#.into())));
    assert_eq!(change(r#"{"k": "no object"}"#), (false, None));
    let mut draft = read("{}");
    draft.within("k", |_| Ok(())).unwrap();
    assert_eq!(draft.finish(), None, "nothing came of it");
}

#[test]
fn a_key_that_occurs_twice_is_refused() {
    let reason = |whole: &str| Draft::read(whole.to_owned(), "the body").unwrap_err().reason;
    assert_eq!(reason(r#"{"a":1,"\u0061":2}"#), Reason::DuplicateKey);
    assert_eq!(reason("[]"), Reason::InvalidRequest);
    assert_eq!(reason("{"), Reason::InvalidJson);
    let within = read(r#"{"k":{"a":1,"a":2}}"#).within("k", |_| Ok(())).unwrap_err();
    assert_eq!(within.reason, Reason::DuplicateKey);
}

/// Values of all kinds, as clients write them.
fn value(rng: &mut Rng, depth: usize) -> Value {
    match rng.u8(..if depth == 0 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => rng.bool().into(),
        2 => rng.i32(-5..5).into(),
        3 => (rng.i32(-50..50) as f64 / 4.0).into(),
        4 => ["", "a\"b\\c\n", "é😀", "[{}]"][rng.usize(..4)].into(),
        5 => (0..rng.usize(..3)).map(|_| value(rng, depth - 1)).collect::<Vec<_>>().into(),
        _ => object(rng, depth - 1).into(),
    }
}

fn object(rng: &mut Rng, depth: usize) -> Map<String, Value> {
    (0..rng.usize(..5)).map(|_| (KEYS[rng.usize(..KEYS.len())].into(), value(rng, depth))).collect()
}

const KEYS: [&str; 6] = ["a", "b", "c", "é\"", "max_tokens", "x y"];

/// `value` with white space between its tokens, and now and then a needless escape.
fn written(rng: &mut Rng, value: &Value) -> String {
    let space = |rng: &mut Rng| ["", " ", "\n\t"][rng.usize(..3)];
    let string = |rng: &mut Rng, text: &str| match rng.bool() {
        true => Value::from(text).to_string().replace('a', "\\u0061"),
        false => Value::from(text).to_string(),
    };
    let inside = match value {
        Value::String(text) => string(rng, text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| written(rng, item)).collect();
            format!("[{}{}]", space(rng), items.join(","))
        }
        Value::Object(object) => {
            let fields: Vec<_> =
                object.iter().map(|(key, value)| format!("{}:{}", string(rng, key), written(rng, value))).collect();
            format!("{{{}{}}}", space(rng), fields.join(","))
        }
        other => other.to_string(),
    };
    format!("{}{inside}{}", space(rng), space(rng))
}

/// The text with new values over the old ones, put together without a draft.
fn by_hand(whole: &str, changes: &Map<String, Value>) -> String {
    let fields = crate::intake::json::fields(whole, "the body").unwrap();
    let is_there = |key: &str| fields.iter().any(|(there, _)| there == key);
    let mut text = whole.to_owned();
    for (key, value) in fields.iter().rev() {
        if let Some(new) = changes.get(&**key) {
            text.replace_range(span(whole, value), &new.to_string());
        }
    }
    let new: Vec<_> = changes.iter().filter(|(key, _)| !is_there(key)).collect();
    let new: Vec<_> = new.iter().map(|(key, value)| format!("{}:{value}", Value::from(key.as_str()))).collect();
    let comma = if new.is_empty() || fields.is_empty() { "" } else { "," };
    let brace = text.find('{').unwrap() + 1;
    text.insert_str(brace, &(new.join(",") + comma));
    text
}

#[test]
fn random_changes_are_those_of_a_plain_value_and_all_other_bytes_stay() {
    for seed in 0..3_000 {
        let mut rng = Rng::with_seed(seed);
        let before = object(&mut rng, 3);
        let whole = written(&mut rng, &before.clone().into());
        let changes: Map<_, _> =
            object(&mut rng, 2).into_iter().filter(|(key, value)| before.get(key) != Some(value)).collect();
        let mut draft = read(&whole);
        for (key, value) in &changes {
            draft.set(key, json!(0).to_string());
            draft.set(key, value.to_string());
        }
        let text = draft.finish().unwrap_or_else(|| whole.clone());
        let mut after = before.clone();
        after.extend(changes.clone());
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), Value::from(after), "seed {seed}: {whole}");
        assert_eq!(text, by_hand(&whole, &changes), "seed {seed}");
    }
}

use fastrand::Rng;
use serde_json::json;

use super::*;

fn params(settings: Value) -> Params {
    Params::compile(&serde_json::from_value(settings).unwrap()).unwrap()
}

fn problems(settings: Value) -> Vec<String> {
    let problems = Params::compile(&serde_json::from_value(settings).unwrap()).unwrap_err();
    problems.into_iter().map(|Problem { path, message }| format!("{path}: {message}")).collect()
}

fn applied_to(endpoint: Endpoint, settings: Value, body: &str) -> String {
    let mut draft = Draft::read(body, "the body").unwrap();
    params(settings).apply(endpoint, &mut draft).unwrap();
    draft.finish().unwrap_or_else(|| body.to_owned())
}

fn applied(settings: Value, body: &str) -> String {
    applied_to(Endpoint::Chat, settings, body)
}

#[test]
fn defaults_are_given_where_the_client_gives_none() {
    let settings = json!({"default": {"temperature": 0.2, "top_p": 0.9, "stop": ["a"]}});
    assert_eq!(
        applied(settings.clone(), r#"{"temperature" : 1.0,"top_p":null, "x":1e0}"#),
        r#"{"stop":["a"],"temperature" : 1.0,"top_p":0.9, "x":1e0}"#
    );
    assert_eq!(applied(settings, "{}"), r#"{"stop":["a"],"temperature":0.2,"top_p":0.9}"#);
}

#[test]
fn what_is_set_is_so_in_any_case() {
    let settings = json!({"set": {"seed": 7, "chat_template_kwargs": {"a": 1}, "chat_template_kwargs.b": [{}]}});
    assert_eq!(
        applied(settings, r#"{"chat_template_kwargs": {"x": 1.0, "a":2},"seed":1}"#),
        r#"{"chat_template_kwargs": {"b":[{}],"x": 1.0, "a":1},"seed":7}"#
    );
    assert_eq!(applied(json!({"set": {"seed": 7}}), r#"{"se\u0065d": 1}"#), r#"{"se\u0065d": 7}"#);
}

#[test]
fn caps_hold_whatever_the_client_writes() {
    let cap = |given: &str| applied(json!({"cap": {"temperature": 1.5}}), &format!(r#"{{"temperature":{given}}}"#));
    for kept in ["1.5", "1", "-2", "null", r#""1.25""#, "1.50"] {
        assert_eq!(cap(kept), format!(r#"{{"temperature":{kept}}}"#));
    }
    for capped in ["1.6", "2", "1e99", r#""9""#, r#""9e9""#, "true", "[2]", r#""x""#] {
        assert_eq!(cap(capped), r#"{"temperature":1.5}"#, "{capped}");
    }
    assert_eq!(applied(json!({"cap": {"temperature": 1.5}}), "{}"), "{}");
    assert_eq!(applied(json!({"cap": {"a.b": 1}}), r#"{"a":{"b":2}}"#), r#"{"a":{"b":1}}"#);
    assert_eq!(applied(json!({"cap": {"a.b": 1}}), "{}"), "{}");
}

#[test]
fn the_limit_on_tokens_is_one_under_two_names() {
    for name in LIMITS {
        let other = LIMITS[usize::from(name == LIMITS[0])];
        let cap = json!({"cap": {name: 100}});
        assert_eq!(applied(cap.clone(), "{}"), format!(r#"{{"{name}":100}}"#));
        assert_eq!(applied(cap.clone(), &format!(r#"{{"{other}":500}}"#)), format!(r#"{{"{other}":100}}"#));
        assert_eq!(applied(cap.clone(), &format!(r#"{{"{other}":50}}"#)), format!(r#"{{"{other}":50}}"#));
        assert_eq!(
            applied(cap, r#"{"max_tokens":200, "max_completion_tokens":"300"}"#),
            r#"{"max_tokens":100, "max_completion_tokens":100}"#
        );
        let default = json!({"default": {name: 100}});
        assert_eq!(applied(default, &format!(r#"{{"{other}":7}}"#)), format!(r#"{{"{other}":7}}"#));
        let set = json!({"set": {name: 9}});
        assert_eq!(
            applied(set, &format!(r#"{{"{other}":7}}"#)),
            format!(r#"{{"{name}":9,"{other}":9}}"#),
            "vLLM takes the second name's"
        );
        let both = json!({"default": {name: 50}, "cap": {name: 100}});
        assert_eq!(applied(both, "{}"), format!(r#"{{"{name}":50}}"#));
    }
}

#[test]
fn a_completion_has_a_limit_of_its_own() {
    let applied = |most: u64, body| applied_to(Endpoint::Completions, json!({"cap": {"max_tokens": most}}), body);
    assert_eq!(applied(100, "{}"), "{}", "16 as it is");
    assert_eq!(applied(8, "{}"), r#"{"max_tokens":8}"#);
    assert_eq!(applied(100, r#"{"max_tokens":null}"#), r#"{"max_tokens":100}"#, "which would be none");
    let other = json!({"cap": {"max_completion_tokens": 5}});
    assert_eq!(applied_to(Endpoint::Completions, other, "{}"), r#"{"max_tokens":5}"#);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    assert_eq!(
        problems(json!({"set": {"model": "x", "stream": true, "a": 1, "a.b": 2, "": 1}, "cap": {"n": "2"}})),
        [
            "set.: must not hold an empty key",
            "set.a.b: is at odds with set.a: one is a value, the other a mapping",
            "set.model: is the router's own to write",
            "set.stream: is the router's own to write",
            "cap.n: must be a number",
        ]
    );
    assert_eq!(problems(json!({"set": {"a.b": 1, "a": {"b": 2}}})), ["set.a.b: is given twice"]);
    assert_eq!(
        problems(json!({"default": {"a": 1}, "set": {"a": 2}})),
        ["set.a: is set in any case: \"set\" leaves nothing to \"default\" or \"cap\""]
    );
    assert_eq!(
        problems(json!({"set": {"a": 2}, "cap": {"a": 3}})),
        ["cap.a: is set in any case: \"set\" leaves nothing to \"default\" or \"cap\""]
    );
    assert_eq!(
        problems(json!({"default": {"a": 9}, "cap": {"a": 3}})),
        ["cap.a: must not be less than what \"default\" gives"]
    );
}

#[test]
fn an_object_where_none_is_stays_for_the_server_to_judge() {
    let settings = json!({"set": {"k": {"a": 1}}, "default": {"l": {"a": 1}}});
    assert_eq!(applied(settings, r#"{"k":"x","l":[1]}"#), r#"{"k":"x","l":[1]}"#);
}

/// The same on plain values.
fn by_value(rule: &str, path: &[&str], rule_value: &Value, object: &mut Map<String, Value>) {
    let (key, rest) = path.split_first().unwrap();
    let is_given = object.get(*key).is_some_and(|value| !value.is_null());
    if !rest.is_empty() {
        let mut inner = if is_given { object[*key].clone() } else { json!({}) };
        if let Value::Object(fields) = &mut inner {
            let before = fields.clone();
            by_value(rule, rest, rule_value, fields);
            if before != *fields {
                object.insert((*key).into(), inner);
            }
        }
        return;
    }
    let is_over = |value: &Value| value.as_f64().is_none_or(|number| number > rule_value.as_f64().unwrap());
    let writes = match rule {
        "default" => !is_given,
        "set" => true,
        _ => is_given && is_over(&object[*key]),
    };
    if writes {
        object.insert((*key).into(), rule_value.clone());
    }
}

#[test]
fn random_params_do_what_they_do_to_plain_values() {
    const KEYS: [&str; 4] = ["a", "b", "c", "d"];
    let value = |rng: &mut Rng| match rng.u8(..4) {
        0 => Value::Null,
        1 => json!({"a": rng.i32(..9), "b": null}),
        2 => json!({"a": {"a": rng.i32(..9)}}),
        _ => rng.i32(-9..9).into(),
    };
    for seed in 0..2_000 {
        let mut rng = Rng::with_seed(seed);
        let before: Map<_, _> =
            KEYS.iter().filter(|_| seed % 3 > 0).map(|key| ((*key).into(), value(&mut rng))).collect();
        let mut after = before.clone();
        let mut settings = json!({"default": {}, "set": {}, "cap": {}});
        // One depth for each key, so that none is at odds with another.
        for (rule, keys) in [("default", 0..2), ("set", 2..4), ("cap", 0..2)] {
            for key in keys {
                if rng.bool() {
                    continue;
                }
                let path = &["a"; 3][..key % 3];
                let path: Vec<_> = [KEYS[key]].into_iter().chain(path.iter().copied()).collect();
                let number = if rule == "cap" { rng.i32(5..9) } else { rng.i32(-9..5) };
                settings[rule][path.join(".")] = number.into();
                by_value(rule, &path, &number.into(), &mut after);
            }
        }
        let text = applied(settings, &Value::from(before).to_string());
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), Value::from(after), "seed {seed}");
    }
}

#[test]
fn the_limit_of_an_answer_is_what_the_client_asks_and_the_route_makes_of_it() {
    let limit = |settings: Value, endpoint, asks| params(settings).answer_limit(endpoint, asks);
    let cap = json!({"cap": {"max_tokens": 5}});
    assert_eq!(limit(cap.clone(), Endpoint::Chat, None), Some(5));
    assert_eq!(limit(cap.clone(), Endpoint::Chat, Some(3)), Some(3));
    assert_eq!(limit(cap, Endpoint::Chat, Some(9)), Some(5));
    assert_eq!(limit(json!({"set": {"max_completion_tokens": 2000}}), Endpoint::Chat, Some(1)), Some(2000));
    assert_eq!(limit(json!({"default": {"temperature": 0}}), Endpoint::Chat, None), None);
    assert_eq!(limit(json!({"default": {"temperature": 0}}), Endpoint::Completions, None), Some(16));
}

use fastrand::Rng;
use serde_json::{Value, json};

use super::*;

fn prompt(settings: Value) -> SystemPrompt {
    SystemPrompt::compile(&serde_json::from_value(settings).unwrap()).unwrap()
}

/// `messages` within a body, with the prompt in them.
fn said(settings: Value, messages: &str) -> String {
    let body = format!(r#"{{"x":1.0e0, "messages" :{messages}}}"#);
    let mut draft = Draft::read(body.as_str(), "the body").unwrap();
    prompt(settings).apply(&mut draft).unwrap();
    let text = draft.finish().unwrap_or(body);
    let messages = text.strip_prefix(r#"{"x":1.0e0, "messages" :"#).and_then(|rest| rest.strip_suffix('}'));
    messages.unwrap().to_owned()
}

const USER: &str = r#"{"role":"user","content":"\u0041"}"#;

#[test]
fn words_go_around_the_clients_own() {
    let both = json!({"prepend": "A\"", "append": "Z\n"});
    assert_eq!(
        said(both.clone(), &format!(r#"[ {{"content": "s\u0041" ,"role":"system"}}, {USER}]"#)),
        format!(r#"[ {{"content": "A\"\n\ns\u0041\n\nZ\n" ,"role":"system"}}, {USER}]"#)
    );
    assert_eq!(
        said(json!({"append": "Z"}), &format!(r#"[{USER},{{"role":"d\u0065veloper","content":"d"}}]"#)),
        format!(r#"[{USER},{{"role":"d\u0065veloper","content":"d\n\nZ"}}]"#)
    );
    assert_eq!(
        said(both, r#"[{"role":"system","content":[ {"type":"text","text":"s"} ]}]"#),
        r#"[{"role":"system","content":[{"type":"text","text":"A\""}, {"type":"text","text":"s"} ,{"type":"text","text":"Z\n"}]}]"#
    );
    let second = r#"[{"role":"system","content":"a"},{"role":"system","content":"b"}]"#;
    assert_eq!(said(json!({"prepend": "x"}), second), second.replacen("\"a\"", r#""x\n\na""#, 1));
}

#[test]
fn where_the_client_says_nothing_they_stand_alone() {
    let settings = json!({"prepend": "A", "append": "Z"});
    let alone = r#"{"role":"system","content":"A\n\nZ"}"#;
    assert_eq!(said(settings.clone(), &format!("[ {USER}]")), format!("[{alone}, {USER}]"));
    assert_eq!(said(settings.clone(), "[]"), format!("[{alone}]"));
    for nothing in ["null", "\"\"", "\" \"", "7"] {
        let message = format!(r#"[{{"role":"system","content":{nothing}}}]"#);
        assert_eq!(said(settings.clone(), &message), format!("[{alone}]"), "{nothing}");
    }
    assert_eq!(said(settings.clone(), r#"[{"role":"system"}]"#), r#"[{"content":"A\n\nZ","role":"system"}]"#);
    let parts = r#"[{"role":"system","content":[{"type":"text","text":"A"},{"type":"text","text":"Z"}]}]"#;
    assert_eq!(said(settings, r#"[{"role":"system","content":[]}]"#), parts);
}

#[test]
fn nothing_of_the_clients_stays_where_it_is_replaced() {
    let settings = json!({"replace": "R"});
    assert_eq!(
        said(
            settings.clone(),
            &format!(
                r#"[{{"role":"system","name":"n","content":"a"}}, {USER} , {{"role":"developer","content":[{{}}]}} ,{{"role":"system"}},{USER}]"#
            )
        ),
        format!(r#"[{{"role":"system","name":"n","content":"R"}}, {USER},{USER}]"#)
    );
    assert_eq!(said(settings.clone(), &format!("[{USER}]")), format!(r#"[{{"role":"system","content":"R"}},{USER}]"#));
    assert_eq!(
        said(settings, r#"[{"role":"developer","content":[{"type":"text","text":"a"}]}]"#),
        r#"[{"role":"developer","content":"R"}]"#
    );
}

#[test]
fn a_completion_is_left_alone() {
    let mut draft = Draft::read(r#"{"prompt":"x"}"#, "the body").unwrap();
    prompt(json!({"prepend": "A"})).apply(&mut draft).unwrap();
    assert_eq!(draft.finish(), None);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let refused = |settings| SystemPrompt::compile(&serde_json::from_value(settings).unwrap()).unwrap_err();
    assert_eq!(refused(json!({})), "must have \"prepend\", \"append\" or \"replace\"");
    assert_eq!(refused(json!({"prepend": " "})), "must not hold an empty text");
    assert_eq!(
        refused(json!({"replace": "a", "append": "b"})),
        "must not have \"replace\" beside \"prepend\" or \"append\""
    );
}

/// The same on plain values.
fn by_value(prompt: &SystemPrompt, messages: &mut Vec<Value>) {
    let is_system = |message: &Value| message["role"] == "system" || message["role"] == "developer";
    let Some(first) = messages.iter().position(is_system) else {
        return messages.insert(0, json!({"role": "system", "content": prompt.alone()}));
    };
    let content = &mut messages[first]["content"];
    match (prompt, &mut *content) {
        (SystemPrompt::Around { before, after }, Value::String(text)) if !text.is_empty() => {
            let texts: Vec<&str> = [before.as_deref(), Some(text), after.as_deref()].into_iter().flatten().collect();
            *content = texts.join("\n\n").into();
        }
        (SystemPrompt::Around { before, after }, Value::Array(parts)) => {
            let part = |text: &str| json!({"type": "text", "text": text});
            let parts: Vec<_> = before
                .as_deref()
                .map(part)
                .into_iter()
                .chain(parts.drain(..))
                .chain(after.as_deref().map(part))
                .collect();
            *content = parts.into();
        }
        _ => *content = prompt.alone().into(),
    }
    if let SystemPrompt::Instead(_) = prompt {
        let mut place = 0..;
        messages.retain(|message| place.next() == Some(first) || !is_system(message));
    }
}

#[test]
fn random_messages_become_what_plain_values_become() {
    const TEXTS: [&str; 4] = ["a", "\"\\\n", "é😀", "[{]"];
    const ROLES: [&str; 4] = ["system", "developer", "user", "assistant"];
    for seed in 0..2_000 {
        let mut rng = Rng::with_seed(seed);
        let text = |rng: &mut Rng| TEXTS[rng.usize(..TEXTS.len())];
        let message = |rng: &mut Rng| {
            let content = match rng.u8(..4) {
                0 => Value::Null,
                1 => "".into(),
                2 => (0..rng.usize(..3)).map(|_| json!({"type": "text", "text": text(rng)})).collect(),
                _ => text(rng).into(),
            };
            json!({"role": ROLES[rng.usize(..4)], "content": content})
        };
        let mut messages: Vec<Value> = (0..rng.usize(..5)).map(|_| message(&mut rng)).collect();
        let settings = match rng.u8(..4) {
            0 => json!({"prepend": text(&mut rng)}),
            1 => json!({"append": text(&mut rng)}),
            2 => json!({"prepend": text(&mut rng), "append": text(&mut rng)}),
            _ => json!({"replace": text(&mut rng)}),
        };
        let written = said(settings.clone(), &Value::from(messages.clone()).to_string());
        by_value(&prompt(settings), &mut messages);
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), Value::from(messages), "seed {seed}");
    }
}

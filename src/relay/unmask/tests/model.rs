//! Answers that a model could give, and streams of them cut anywhere, from a seed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use fastrand::Rng;
use serde_json::{Value, json};

use super::super::chunk::{Field, Thread};
use crate::guard::finding::{Entity, Finding, Strength};
use crate::guard::mask::placeholder::Form;
use crate::guard::mask::{Ledger, Operator, Operators, Salt, apply};
use crate::openai::sse::{Event, Position};

/// What a choice says, field by field.
pub(in super::super) type Says = BTreeMap<Thread, String>;

/// An answer: as a model gives it, and as it is to come out.
pub(in super::super) struct Answer {
    pub(in super::super) ledger: Arc<Ledger>,
    pub(in super::super) masked: Says,
    pub(in super::super) meant: Says,
}

/// How a stream is written.
pub(in super::super) struct Style {
    pub(in super::super) line_end: &'static str,
    is_split: bool,
    is_ascii: bool,
}

const KEY: [u8; 32] = [9; 32];

const VALUES: [&str; 9] = [
    "Zoë \"Zed\" O'Neil",
    "Ann",
    "12 High St\nLondon",
    "a\\b",
    "<PERSON_1>",
    "王小明",
    "😀x",
    "\u{1}\u{7f}",
    "\\u0041\\",
];

/// What texts are made of beside values: whatever could be taken for a bracket, an escape or a placeholder.
const PIECES: [&str; 30] = [
    "<",
    ">",
    "&",
    "&lt;",
    "&gt;",
    "&amp;",
    "\\",
    "\\\\",
    "\\u003c",
    "\\u00e9",
    "\"",
    "\n",
    "\r\n",
    "\t",
    "\u{1}",
    "_",
    "1",
    " ",
    "é",
    "👩‍👧",
    "PERSON_1",
    "<PERSON_1>",
    "<PERSON_1_abcd>",
    "< person_2 >",
    "<TEXT_1_k7q2",
    "</p>",
    "{\"a\":1}",
    "x",
    "\u{2028}",
    "[DONE]",
];

fn entity(value: &str) -> Entity {
    match value.len() % 3 {
        0 => Entity::Person,
        1 => Entity::EmailAddress,
        _ => Entity::Custom("own kind".into()),
    }
}

/// A text, and the same with its values masked.
fn text(rng: &mut Rng, ledger: &mut Ledger) -> (String, String) {
    let (mut text, mut findings) = (String::new(), Vec::new());
    for _ in 0..rng.usize(..12) {
        let start = text.len();
        if rng.u8(..3) > 0 {
            text.push_str(PIECES[rng.usize(..PIECES.len())]);
            continue;
        }
        let value = VALUES[rng.usize(..VALUES.len())];
        text.push_str(value);
        findings.push(Finding {
            entity: entity(value),
            range: start..text.len(),
            score: 1.0,
            strength: Strength::Form,
        });
    }
    let operators = Operators::new(Operator::Mask, HashMap::new(), KEY);
    let masked = apply(&text, Form::Text, &findings, &operators, ledger).salted;
    (text, masked)
}

/// An answer of a few choices, in each of which some fields say something.
pub(in super::super) fn answer(rng: &mut Rng) -> Answer {
    let mut ledger = Ledger::new(Salt::of(&KEY, "", &rng.u64(..).to_string()));
    let (mut masked, mut meant) = (Says::new(), Says::new());
    for choice in 0..rng.u64(1..4) {
        let of_chat = [Field::Reasoning, Field::Content, Field::CallArguments(0), Field::CallArguments(1)];
        let fields = if rng.u8(..4) == 0 { &[Field::Text][..] } else { &of_chat };
        for &field in fields {
            if rng.bool() {
                let (mut text, mut other) = text(rng, &mut ledger);
                if let Field::CallArguments(_) = field {
                    [text, other] = [text, other].map(|text| json!({ "a": text, "b": [1, text] }).to_string());
                }
                masked.insert((choice, field), other);
                meant.insert((choice, field), text);
            }
        }
    }
    Answer { ledger: Arc::new(ledger), masked, meant }
}

/// The answer's body with these texts.
pub(in super::super) fn body(says: &Says) -> String {
    let mut choices = BTreeMap::new();
    for ((choice, field), text) in says {
        let choice: &mut Value = choices.entry(choice).or_insert(json!({ "index": choice, "message": {} }));
        let message = &mut choice["message"];
        match field {
            Field::Reasoning => message["reasoning"] = json!(text),
            Field::Content => message["content"] = json!(text),
            Field::Text => choice["text"] = json!(text),
            _ => {
                if message["tool_calls"].is_null() {
                    message["tool_calls"] = json!([]);
                }
                message["tool_calls"].as_array_mut().unwrap().push(json!({ "function": { "arguments": text } }));
            }
        }
    }
    json!({ "id": "<PERSON_1>", "choices": choices.values().collect::<Vec<_>>() }).to_string()
}

/// A choice's chunk that says `text` in a field.
fn delta((choice, field): Thread, text: &str, finish: Option<&str>) -> Value {
    let delta = match field {
        Field::Reasoning => json!({ "reasoning": text }),
        Field::Content => json!({ "content": text }),
        Field::CallArguments(index) => json!({ "tool_calls": [{ "index": index, "function": { "arguments": text } }] }),
        _ => return json!({ "id": "c", "choices": [{ "index": choice, "text": text, "finish_reason": finish }] }),
    };
    json!({ "id": "c", "choices": [{ "index": choice, "delta": delta, "finish_reason": finish }] })
}

/// A stream of chunks that say these texts, cut anywhere: the choices take turns, and so do the calls of one.
pub(in super::super) fn chunks(rng: &mut Rng, says: &Says) -> Vec<Value> {
    let mut left: Vec<(Thread, &str)> = says.iter().map(|(thread, text)| (*thread, &**text)).collect();
    let mut out = Vec::new();
    while !left.is_empty() {
        let at = rng.usize(..left.len());
        let (thread, rest) = left[at];
        let is_call = |field: Field| matches!(field, Field::CallArguments(_));
        let is_later = |(other, _): &(Thread, &str)| {
            other.0 == thread.0 && other.1 < thread.1 && !(is_call(other.1) && is_call(thread.1))
        };
        if left.iter().any(is_later) {
            continue;
        }
        let most = 1 << rng.u8(..6);
        let mut end = rng.usize(..=rest.len().min(most));
        while !rest.is_char_boundary(end) {
            end += 1;
        }
        left[at].1 = &rest[end..];
        if end == rest.len() {
            left.remove(at);
        }
        let is_last = !left.iter().any(|(other, _)| other.0 == thread.0);
        let ends_with_it = is_last && rng.bool();
        out.push(delta(thread, &rest[..end], ends_with_it.then_some("stop")));
        if is_last && !ends_with_it {
            let end = json!({ "index": thread.0, "delta": {}, "finish_reason": "stop" });
            out.push(json!({ "id": "c", "choices": [end] }));
        }
    }
    out.push(json!({ "id": "c", "choices": [], "usage": { "total_tokens": 1 } }));
    out
}

/// JSON with all that is not ASCII escaped.
pub(in super::super) fn ascii(json: &str) -> String {
    let mut units = [0; 2];
    let escaped = |char: char| -> String {
        match char {
            '<' | '>' | '\u{7f}'.. => {
                char.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
            }
            _ => char.to_string(),
        }
    };
    json.chars().map(escaped).collect()
}

impl Style {
    pub(in super::super) fn any(rng: &mut Rng) -> Self {
        Self { line_end: if rng.bool() { "\n" } else { "\r\n" }, is_split: rng.bool(), is_ascii: rng.bool() }
    }

    pub(in super::super) fn write(&self, chunk: &Value) -> String {
        let end = self.line_end;
        let json = if self.is_ascii { ascii(&chunk.to_string()) } else { chunk.to_string() };
        if !self.is_split {
            return format!("data: {json}{end}{end}");
        }
        let json = json.replacen(":[", &format!(":{end}data:["), 1);
        format!(": ping{end}id: 1{end}data: {json}{end}retry: 1{end}{end}")
    }
}

/// What a stream says. What a choice says after it has finished counts as a mistake.
pub(in super::super) fn said(stream: &str) -> Says {
    let (mut said, mut finished, mut rest) = (Says::new(), Vec::new(), stream.as_bytes());
    while let Some(end) = Position::Between.event_end(rest) {
        let (event, after) = rest.split_at(end);
        rest = after;
        let Some(data) = Event::read(event).data.filter(|data| &**data != b"[DONE]") else { continue };
        let chunk: Value = serde_json::from_slice(&data).unwrap();
        for choice in chunk["choices"].as_array().unwrap() {
            let index = choice["index"].as_u64().unwrap();
            assert!(!finished.contains(&index), "a choice that has finished goes on: {stream}");
            let delta = &choice["delta"];
            let call = &delta["tool_calls"][0];
            let field = Field::CallArguments(call["index"].as_u64().unwrap_or_default());
            for (field, text) in [
                (Field::Reasoning, &delta["reasoning"]),
                (Field::Content, &delta["content"]),
                (Field::Text, &choice["text"]),
                (field, &call["function"]["arguments"]),
            ] {
                text.as_str().into_iter().for_each(|text| said.entry((index, field)).or_default().push_str(text));
            }
            finished.extend((!choice["finish_reason"].is_null()).then_some(index));
        }
    }
    assert!(rest.is_empty());
    said
}

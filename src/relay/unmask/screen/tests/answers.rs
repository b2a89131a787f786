//! Whole answers and streams of them, with a screen.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::super::Unmask;
use super::super::super::chunk::Field;
use super::super::super::tests::model::{Says, Style, body, chunks, said};
use super::*;

struct Asked {
    ledger: Arc<Ledger>,
    salted: String,
}

fn asked(values: &[&str]) -> Asked {
    let mut ledger = Ledger::new(Salt::of(&[7; 32], "", ""));
    values.iter().for_each(|value| _ = ledger.placeholder(&Entity::EmailAddress, value));
    let salted = ledger.slots().next().map(|slot| ledger.salted(slot)).unwrap_or_default();
    Asked { ledger: Arc::new(ledger), salted }
}

fn passed(asked: &Asked, kind: &str, input: &str, size: usize) -> (String, Vec<(Entity, u64)>) {
    let mut unmask = Unmask::begin(kind, asked.ledger.clone(), Form::Text, Some(screen(256)));
    let mut out = Vec::new();
    for chunk in input.as_bytes().chunks(size) {
        out.extend_from_slice(&unmask.pass(&Bytes::copy_from_slice(chunk), false));
    }
    out.extend_from_slice(&unmask.pass(&Bytes::new(), true));
    assert!(!unmask.unrestored());
    (String::from_utf8(out).unwrap(), unmask.redacted())
}

/// What an answer says, with values of its own and the client's.
fn says(rng: &mut Rng, salted: &str) -> Says {
    let fields = [Field::Reasoning, Field::Content, Field::CallArguments(0), Field::CallArguments(1)];
    let mut says = Says::new();
    for choice in 0..rng.u64(1..3) {
        for field in fields {
            let mut text = planted(rng) + salted + " " + &planted(rng);
            if let Field::CallArguments(_) = field {
                text = json!({ "a": text, "card": 4111111111111111u64 }).to_string();
            }
            if rng.bool() {
                says.insert((choice, field), text);
            }
        }
    }
    says
}

#[test]
fn streams_and_bodies_say_the_same() {
    for seed in 0..60 {
        let rng = &mut Rng::with_seed(seed);
        let asked = if rng.bool() { asked(&["zoe@example.org"]) } else { asked(&[]) };
        let says = says(rng, &asked.salted);
        let screener = || Screener::new(screen(256), Restorer::new(asked.ledger.clone()));
        let meant: Says = says
            .iter()
            .map(|(thread, text)| {
                let redacted = screener().whole(text, thread.1.form(Form::Text)).into_owned();
                (
                    *thread,
                    if asked.salted.is_empty() { redacted } else { redacted.replace(&asked.salted, "zoe@example.org") },
                )
            })
            .collect();
        let (whole, redacted) = passed(&asked, "application/json", &body(&says), rng.usize(1..200));
        assert_eq!(whole, body(&meant), "seed {seed}");
        let style = Style::any(rng);
        let mut stream: String = chunks(rng, &says).iter().map(|chunk| style.write(chunk)).collect();
        stream.push_str("data: [DONE]\n\n");
        let (streamed, streams) = passed(&asked, "text/event-stream", &stream, stream.len());
        assert_eq!(said(&streamed), meant, "seed {seed}: {stream}");
        let sum = |counts: &[(Entity, u64)]| counts.iter().map(|(_, count)| count).sum::<u64>();
        assert_eq!(sum(&redacted), sum(&streams), "seed {seed}");
        for size in [1, 2, 3, rng.usize(4..300)] {
            assert!(
                passed(&asked, "text/event-stream", &stream, size).0 == streamed,
                "seed {seed}, in chunks of {size}"
            );
        }
    }
}

#[test]
fn what_waits_comes_before_the_end() {
    let event = |delta: Value, finish: Option<&str>| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
        format!("data: {}\n\n", json!({ "id": "c", "choices": [choice] }))
    };
    let begun = event(json!({ "content": "Ask bob@example.com" }), None);
    for end in [
        event(json!({}), Some("stop")),
        event(json!({ "content": "" }), Some("stop")),
        event(json!({ "reasoning": "x\n" }), None),
        "data: [DONE]\n\n".to_owned(),
        "event: error\ndata: out\n\n".to_owned(),
        "data: {\"error\":{\"message\":\"out\"}}\n\n".to_owned(),
        String::new(),
    ] {
        let (out, redacted) = passed(&asked(&[]), "text/event-stream", &format!("{begun}{end}"), 7);
        let at = out.find("Ask [EMAIL_ADDRESS]").unwrap_or_else(|| panic!("{out}"));
        let end_at =
            ["\"stop\"", "[DONE]", "event: error", "\"error\"", "\"reasoning\""].iter().find_map(|end| out.find(end));
        assert!(end_at.is_none_or(|end_at| at < end_at), "{out}");
        assert_eq!(redacted, [(Entity::EmailAddress, 1)]);
    }
}

#[test]
fn events_without_texts_pass_byte_for_byte() {
    let events = [
        ": ping\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"},\"logprobs\":{\"content\":[{\"token\":\"a@b.com\"}]}}]}\n\n",
        "data: { \"choices\":[], \"usage\":{\"x\":\"ann@example.com\"}}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"All of it.\\n\"}}]}\n\n",
        "data: [DONE]\n\n",
    ];
    for size in [1, 5, 1000] {
        assert_eq!(passed(&asked(&[]), "text/event-stream", &events.concat(), size), (events.concat(), Vec::new()));
    }
    let odd = " { \"choices\" : [ {\"message\":{\"content\":\"caf\\u00e9 a@\"}} ] , \"x\": 4111111111111111 }";
    assert_eq!(passed(&asked(&[]), "application/json", odd, 3), (odd.to_owned(), Vec::new()));
}

#[test]
fn what_cannot_be_read_is_told() {
    for (kind, input) in [("text/event-stream", "data: x\n\n"), ("application/json", "{"), ("text/plain", "x")] {
        let mut unmask = Unmask::begin(kind, asked(&[]).ledger, Form::Text, Some(screen(256)));
        assert_eq!(unmask.pass(&Bytes::from(input), true), input);
        assert!(unmask.unrestored(), "{kind}");
    }
}

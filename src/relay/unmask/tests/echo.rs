//! Texts that are masked, said again by a model, and restored: what comes out is what went in.

use fastrand::Rng;
use serde_json::Value;

use super::super::chunk::Field;
use super::model::{Answer, Says, Style, answer, ascii, body, chunks, said};
use super::*;

fn pass(ledger: &Arc<Ledger>, kind: &str, input: &str, size: usize) -> String {
    let mut unmask = Unmask::begin(kind, ledger.clone(), Form::Text, None);
    let mut out = Vec::new();
    for chunk in input.as_bytes().chunks(size) {
        out.extend_from_slice(&unmask.pass(&Bytes::copy_from_slice(chunk), false));
    }
    out.extend_from_slice(&unmask.pass(&Bytes::new(), true));
    assert!(!unmask.unrestored());
    String::from_utf8(out).unwrap()
}

/// The answer with its placeholders spelled as a careless model would.
fn respelled(rng: &mut Rng, answer: &Answer, text: &str) -> String {
    let mut text = text.to_owned();
    for slot in answer.ledger.slots() {
        let salted = answer.ledger.salted(slot);
        let inside = salted.trim_matches(['<', '>']);
        let inside = if rng.bool() { inside.to_lowercase() } else { inside.replace("_1_", " _ 1_ ").to_uppercase() };
        let [open, close] = [["<", ">"], ["&lt;", "&gt;"], ["< ", "  >"], ["\\u003c", "\\u003E"]][rng.usize(..4)];
        text = text.replace(&salted, &format!("{open}{inside}{close}"));
    }
    text
}

#[test]
fn bodies_come_back_byte_for_byte() {
    for seed in 0..250 {
        let rng = &mut Rng::with_seed(seed);
        let answer = answer(rng);
        let (masked, meant) = (body(&answer.masked), body(&answer.meant));
        assert!(answer.ledger.is_empty() == (masked == meant), "seed {seed}");
        let size = rng.usize(1..200);
        assert_eq!(pass(&answer.ledger, JSON, &masked, size), meant, "seed {seed}");
        let respelled = answer.masked.iter().map(|(thread, text)| (*thread, respelled(rng, &answer, text))).collect();
        assert_eq!(pass(&answer.ledger, JSON, &body(&respelled), size), meant, "seed {seed}, respelled");
        let escaped: Value = serde_json::from_str(&pass(&answer.ledger, JSON, &ascii(&masked), size)).unwrap();
        assert_eq!(escaped, serde_json::from_str::<Value>(&meant).unwrap(), "seed {seed}, escaped");
    }
}

#[test]
fn streams_say_the_same_whatever_the_cuts() {
    for seed in 0..150 {
        let rng = &mut Rng::with_seed(seed);
        let answer = answer(rng);
        let says = match rng.bool() {
            true => answer.masked.clone(),
            false => answer.masked.iter().map(|(thread, text)| (*thread, respelled(rng, &answer, text))).collect(),
        };
        let style = Style::any(rng);
        let mut stream: String = chunks(rng, &says).iter().map(|chunk| style.write(chunk)).collect();
        stream.push_str(&format!("data: [DONE]{0}{0}", style.line_end));
        let whole = pass(&answer.ledger, STREAM, &stream, stream.len());
        assert_eq!(said(&whole), answer.meant, "seed {seed}");
        for size in [1, 2, 3, rng.usize(4..300)] {
            assert!(pass(&answer.ledger, STREAM, &stream, size) == whole, "seed {seed}, in chunks of {size}");
        }
    }
}

/// A stream that ends anywhere: what is whole by then is restored, and the rest is as it was.
#[test]
fn placeholders_that_never_end_stay() {
    for seed in 0..250 {
        let rng = &mut Rng::with_seed(seed);
        let answer = answer(rng);
        let mut cut = answer.masked.clone();
        let mut meant = Says::new();
        for (thread, text) in &mut cut {
            let mut end = rng.usize(..=text.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            let form = thread.1.form(Form::Text);
            let values = answer.ledger.slots().map(|slot| {
                let mut value = String::new();
                form.write(answer.ledger.value(slot), &mut value);
                (answer.ledger.salted(slot), value)
            });
            // Placeholders cannot overlap, and no value holds a live one.
            meant.insert(*thread, values.fold(text.clone(), |text, (salted, value)| text.replace(&salted, &value)));
        }
        let style = Style::any(rng);
        let mut chunks = chunks(rng, &cut);
        // With and without an end of their own.
        if rng.bool() {
            let choices = chunks.iter_mut().flat_map(|chunk| chunk["choices"].as_array_mut().unwrap());
            choices.for_each(|choice| choice["finish_reason"] = Value::Null);
        }
        let stream: String = chunks.iter().map(|chunk| style.write(chunk)).collect();
        assert_eq!(said(&pass(&answer.ledger, STREAM, &stream, 50)), meant, "seed {seed}");
    }
}

#[test]
fn no_more_is_held_back_than_must_be() {
    for seed in 0..150 {
        let rng = &mut Rng::with_seed(seed);
        let mut answer = answer(rng);
        answer.masked.retain(|thread, _| *thread == (0, Field::Content));
        if answer.ledger.is_empty() || answer.masked.is_empty() {
            continue;
        }
        let restorer = Restorer::new(answer.ledger.clone());
        let mut unmask = Unmask::begin(STREAM, answer.ledger.clone(), Form::Text, None);
        let (mut came, mut out) = (String::new(), String::new());
        for chunk in chunks(rng, &answer.masked) {
            came.push_str(chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
            let event = Bytes::from(format!("data: {chunk}\n\n"));
            out.push_str(str::from_utf8(&unmask.pass(&event, false)).unwrap());
            let is_finished = out.contains("\"stop\"");
            let mut expected = String::new();
            let told = restorer.pass(&came, Form::Text, &mut expected);
            assert!(came.len() - told <= restorer.reach());
            if is_finished {
                expected.push_str(&came[told..]);
            }
            assert_eq!(said(&out).values().next().map_or("", String::as_str), expected, "seed {seed}");
        }
    }
}

/// A stream with some of its bytes changed, so that anything may be broken in it.
#[test]
fn what_is_broken_is_read_alike_whatever_the_cuts() {
    for seed in 0..500 {
        let rng = &mut Rng::with_seed(seed);
        let answer = answer(rng);
        let style = Style::any(rng);
        let stream: String = chunks(rng, &answer.masked).iter().map(|chunk| style.write(chunk)).collect();
        let mut stream = stream.into_bytes();
        for _ in 0..rng.usize(1..8) {
            let at = rng.usize(..stream.len());
            stream[at] = *rng.choice(b"\n\r\"\\{}[],:<\xff0").unwrap();
        }
        let pass = |size: usize| {
            let mut unmask = Unmask::begin(STREAM, answer.ledger.clone(), Form::Text, None);
            let mut out: Vec<u8> =
                stream.chunks(size).flat_map(|chunk| unmask.pass(&Bytes::copy_from_slice(chunk), false)).collect();
            out.extend_from_slice(&unmask.pass(&Bytes::new(), true));
            out
        };
        let whole = pass(stream.len());
        assert!([1, 2, 17].into_iter().all(|size| pass(size) == whole), "seed {seed}");
        let mut body = Unmask::begin(JSON, answer.ledger.clone(), Form::Text, None);
        body.pass(&Bytes::from(stream), true);
    }
}

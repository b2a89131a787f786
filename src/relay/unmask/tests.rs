//! Answers as vLLM sends them, and as others may.

mod bodies;
mod echo;
pub(super) mod model;

use super::json::quoted;
use super::*;
use crate::guard::finding::Entity;
use crate::guard::mask::Salt;

const STREAM: &str = "text/event-stream; charset=utf-8";
const JSON: &str = "application/json";

/// A ledger of two persons, the second of whom is hard to quote, and their placeholders.
fn ledger() -> (Arc<Ledger>, [String; 2]) {
    let mut ledger = Ledger::new(Salt::of(&[7; 32], "tenant", "first"));
    let slots = ["Zoë", "Al \"Q\"\n"].map(|value| ledger.placeholder(&Entity::Person, value));
    let placeholders = slots.map(|slot| ledger.salted(slot));
    (Arc::new(ledger), placeholders)
}

/// What passes of `input` in chunks of `size` bytes, and whether something of it could not be looked into.
fn in_chunks(kind: &str, input: &[u8], size: usize, said: Form) -> (String, bool) {
    let mut unmask = Unmask::begin(kind, ledger().0, said, None);
    let mut out = Vec::new();
    for chunk in input.chunks(size) {
        out.extend_from_slice(&unmask.pass(&Bytes::copy_from_slice(chunk), false));
    }
    out.extend_from_slice(&unmask.pass(&Bytes::new(), true));
    (String::from_utf8(out).unwrap(), unmask.unrestored())
}

/// What passes of `input`, in which `~1` and `~2` are the placeholders; the same in whatever chunks it comes.
fn passed(kind: &str, input: &str, said: Form) -> String {
    let (_, [first, second]) = ledger();
    let input = input.replace("~1", &first).replace("~2", &second);
    let whole = in_chunks(kind, input.as_bytes(), input.len().max(1), said);
    for size in [1, 2, 3, 7, 64, 1000] {
        assert_eq!(in_chunks(kind, input.as_bytes(), size, said), whole, "in chunks of {size}");
    }
    assert!(!whole.1, "nothing is left unread");
    whole.0
}

/// A chunk's data, with the one choice.
fn chunk(choice: &str) -> String {
    format!(r#"{{"id":"c-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{choice}]}}"#)
}

/// The events of chunks with these choices.
fn events(choices: &[&str]) -> String {
    choices.iter().map(|choice| format!("data: {}\n\n", chunk(choice))).collect()
}

/// A choice that says this in its content.
fn says(text: &str) -> String {
    format!(r#"{{"index":0,"delta":{{"content":{}}},"logprobs":null,"finish_reason":null}}"#, quoted(text))
}

const FINISH: &str = r#"{"index":0,"delta":{},"finish_reason":"stop"}"#;

fn assert_stream(input: &[&str], expected: &[&str]) {
    assert_eq!(passed(STREAM, &events(input), Form::Text), events(expected));
}

#[test]
fn events_that_do_not_change_pass_byte_for_byte() {
    let odd = [
        ": ping\n\n".to_owned(),
        "data:{ \"choices\" : [{\"index\":0,\"delta\":{\"content\":\"\\u00e9 <b>\\n\"}}] }\n\n".into(),
        "event: message\r\ndata: {\"choices\":[],\r\ndata: \"usage\":{\"x\":\"<PERSON_1_\"}}\r\n\r\n".into(),
        "id: 1\nretry: 5\ndata: {\"choices\":[{\"index\":0,\"logprobs\":{\"content\":[{\"token\":\"<\"}]}}]}\n\n"
            .into(),
        "\n\n\n: bye\ndata: {\"choices\":[{\"index\":\"<\"}]}\n\n".into(),
        "data: [DONE]\n\n: late <\n".into(),
    ]
    .concat();
    assert_eq!(passed(STREAM, &odd, Form::Text), odd);
}

#[test]
fn a_placeholder_may_fall_into_many_pieces() {
    let (_, [first, _]) = ledger();
    let pieces: Vec<String> = format!("a {first}b").chars().map(|char| says(&char.to_string())).collect();
    let mut pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    pieces.push(FINISH);
    let mut expected = vec![says("a"), says(" ")];
    expected.extend(vec![says(""); first.len() - 1]);
    expected.extend([says("Zoë"), says("b"), FINISH.to_owned()]);
    assert_stream(&pieces, &expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn what_waits_comes_before_the_end_whatever_the_end_is() {
    let (held, none, alone) = (says("x<PERSON"), says("x"), says("<PERSON"));
    assert_stream(&[&held, FINISH], &[&none, &alone, FINISH]);
    let with = |text: &str| FINISH.replace("{}", &format!(r#"{{"content":"{text}"}}"#));
    assert_stream(&[&held, &with("")], &[&none, &with("<PERSON")]);
    assert_stream(&[&held, &with("_<")], &[&none, &with("<PERSON_<")]);
    assert_stream(&[&held], &[&none, &alone]);
    let null = FINISH.replace("{}", r#"{"content":null}"#);
    assert_stream(&[&held, &null], &[&none, &alone, &null]);
    for end in [
        "data: [DONE]\n\n",
        "data: [DONE]",
        ": x\n",
        "data: {\"error\":{\"message\":\"out\"}}\n\n",
        "event: error\r\ndata: out\r\n\r\n",
        "data: {\"id\":\"c-1\",\"cho",
    ] {
        let input = format!("{}{end}", events(&[&held]));
        let expected = match end {
            ": x\n" => format!("{}{end}{}", events(&[&none]), events(&[&alone])),
            _ => format!("{}{end}", events(&[&none, &alone])),
        };
        assert_eq!(passed(STREAM, &input, Form::Text), expected, "{end}");
    }
    let unfinished = format!("{}data: {}", events(&[&held]), chunk(&says("_1")));
    let expected = format!("{}data: {}", events(&[&none]), chunk(&says("<PERSON_1")));
    assert_eq!(passed(STREAM, &unfinished, Form::Text), expected);
}

#[test]
fn a_choice_that_speaks_elsewhere_has_left() {
    let reasons = |text: &str| says(text).replace("content", "reasoning");
    assert_stream(
        &[&reasons("a <"), &says("b &"), &reasons("c")],
        &[&reasons("a "), &reasons("<"), &says("b "), &says("&"), &reasons("c")],
    );
    // The same said in two fields, and fields that say nothing.
    let both = |text: &str| {
        format!(r#"{{"index":0,"delta":{{"content":"","reasoning":"{text}","reasoning_content":"{text}"}}}}"#)
    };
    assert_stream(&[&both("<PERS"), &both("ON"), &both("S")], &[&both(""), &both(""), &both("<PERSONS")]);
    let other = says("x").replace(":0", ":1");
    assert_stream(&[&says("<"), &other, &says("a")], &[&says(""), &other, &says("<a")]);
}

#[test]
fn arguments_of_calls_side_by_side_are_restored() {
    let (_, [_, second]) = ledger();
    let (begin, end) = second.split_at(5);
    let call = |index: u32, arguments: &str| {
        format!(
            r#"{{"delta":{{"tool_calls":[{{"function":{{"name":null,"arguments":{}}},"index":{index}}}]}},"index":3}}"#,
            quoted(arguments)
        )
    };
    assert_stream(
        &[
            &call(0, r#"{"a":"\u00"#),
            &call(1, begin),
            &call(0, &format!("e9{begin}")),
            &call(1, end),
            &call(0, end),
            &call(0, "<"),
        ],
        &[
            &call(0, r#"{"a":""#),
            &call(1, ""),
            &call(0, r"\u00e9"),
            &call(1, r#"Al \"Q\"\n"#),
            &call(0, r#"Al \"Q\"\n"#),
            &call(0, ""),
            r#"{"index":3,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"<"}}]},"logprobs":null,"finish_reason":null}"#,
        ],
    );
    // What cannot be read of one call is no concern of the other, and comes after what was held of its own.
    let broken = |index| call(index, "~").replace('~', r"\ud83d");
    let input = events(&[&call(0, "<"), &broken(1), &call(0, "x<"), &broken(0)]);
    let flushed = r#"{"index":3,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"<"}}]},"logprobs":null,"finish_reason":null}"#;
    let expected = events(&[&call(0, ""), &broken(1), &call(0, "<x"), flushed, &broken(0)]);
    assert_eq!(in_chunks(STREAM, input.as_bytes(), 9, Form::Text), (expected, true));
    let function =
        |arguments: &str| format!(r#"{{"index":0,"delta":{{"function_call":{{"arguments":"{arguments}"}}}}}}"#);
    let flushed = function("<").replace("}}}", "}},\"logprobs\":null,\"finish_reason\":null}");
    assert_stream(&[&function("a<"), FINISH], &[&function("a"), &flushed, FINISH]);
}

#[test]
fn events_are_written_with_all_else_they_have() {
    let (_, [first, _]) = ledger();
    let data = |text: &str| format!("data: {{\"choices\":[{{\"index\":0,\r\ndata: \"text\":\"{text}\"}}]}}\r\n");
    let event = |text: &str| format!("id: 7\r\n{}event: message\r\n\r\n", data(text));
    assert_eq!(passed(STREAM, &format!("\u{feff}{}", event(&first)), Form::Text), format!("\u{feff}{}", event("Zoë")));
    let fields = |text: &str| format!(r#"{{"delta":{{"x":"{text}","content":"{text}","y":["{text}"]}},"index":0}}"#);
    assert_stream(&[&fields("~1")], &[&fields("Zoë")]);
    let expected = format!("\u{feff}: ping\n{}", events(&[&says("Zoë")]));
    assert_eq!(passed(STREAM, &format!("\u{feff}: ping\n{}", events(&[&says("~1")])), Form::Text), expected);
}

#[test]
fn keep_alives_and_whole_events_are_not_held_back() {
    let mut unmask = Unmask::begin(STREAM, ledger().0, Form::Text, None);
    let mut pass =
        |text: &str| String::from_utf8(unmask.pass(&Bytes::copy_from_slice(text.as_bytes()), false).to_vec()).unwrap();
    assert_eq!(pass(": ping\n"), ": ping\n");
    assert_eq!(pass("\nda"), "\n");
    let event = events(&[&says("a < b")]);
    assert_eq!(pass(&event[2..]), event);
    assert_eq!(pass(": <\r\n"), ": <\r\n");
}

#[test]
fn no_more_threads_are_held_than_a_bound() {
    let choices: Vec<String> = (0..1100).map(|index| format!(r#"{{"index":{index},"text":"<"}}"#)).collect();
    let out = passed(STREAM, &events(&[&choices.join(",")]), Form::Text);
    let (before, after) = out.split_once("\n\n").unwrap();
    assert_eq!((before.matches(r#""text":"""#).count(), before.matches(r#""text":"<""#).count()), (1024, 76));
    assert_eq!((after.matches("data: ").count(), after.matches(r#""text":"<""#).count()), (1024, 1024));
}

#[test]
fn hostile_streams_come_out_as_they_went_in() {
    for piece in ["<", "<PERSON_", "< ", "&", "\\", "\\u003c"] {
        let many = says(piece);
        let all = events(&vec![&*many; 2000]);
        let (out, unrestored) = in_chunks(STREAM, all.as_bytes(), 4096, Form::Text);
        let text = |stream: &str| {
            stream.split(r#""content":""#).skip(1).map(|rest| &rest[..rest.find("\"}").unwrap()]).collect::<String>()
        };
        assert_eq!((text(&out), unrestored), (text(&all), false));
        let body = format!(r#"{{"choices":[{{"text":{}}}]}}"#, quoted(&piece.repeat((1 << 20) / piece.len())));
        assert!(in_chunks(JSON, body.as_bytes(), 1 << 16, Form::Text) == (body, false));
    }
}

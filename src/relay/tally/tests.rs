use super::*;

const USAGE: &str =
    r#"{"prompt_tokens":9,"total_tokens":12,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4}}"#;

const TOOK: Took = Took { usage: Usage { prompt: 9, completion: 3, cached: 4 }, is_estimate: false };

/// What was taken, in which chunks ever the answer came.
fn took(of: fn() -> Tally, answer: &str) -> Took {
    let whole = {
        let mut tally = of();
        tally.pass(answer.as_bytes());
        tally.finish(100)
    };
    for size in 1..answer.len().min(60) {
        let mut tally = of();
        answer.as_bytes().chunks(size).for_each(|chunk| tally.pass(chunk));
        assert_eq!(tally.finish(100), whole, "in chunks of {size}: {answer}");
    }
    whole
}

fn estimate(completion: u64) -> Took {
    Took { usage: Usage { prompt: 100, completion, cached: 0 }, is_estimate: true }
}

#[test]
fn a_whole_answer_says_its_usage_wherever_it_stands() {
    let said = r#"{"message":{"content":"\"usage\":{\"prompt_tokens\":1}} \\","usage":{"prompt_tokens":2}}}"#;
    for answer in [
        format!(r#"{{"id":"x","choices":[{said}],"usage":{USAGE}}}"#),
        format!(r#" {{ "usage" : {USAGE} , "choices":[{said}], "last":"x"}}"#),
        format!(r#"{{"usage":null,"choices":[],"usage":{USAGE}}}"#),
        format!(r#"{{"x":{{"usage":{{"prompt_tokens":7}}}},"usage":{USAGE}}}"#),
    ] {
        assert_eq!(took(Tally::of_body, &answer), TOOK, "{answer}");
    }
}

#[test]
fn one_that_does_not_is_estimated_by_what_it_says() {
    for (answer, completion) in [
        (r#"{"choices":[{"message":{"role":"assistant","content":"12345678"}}]}"#, 2),
        (
            r#"{"choices":[{"message":{"content":"1234","reasoning":"12345","tool_calls":[{"function":{"name":"x","arguments":"123"}}]}}]}"#,
            3,
        ),
        (r#"{"choices":[{"text":"1\""},{"text":"\\2345"}],"model":"a long name of no account"}"#, 3),
        (r#"{"choices":[{"logprobs":{"content":[{"token":"abcdefgh"}]},"text":""}],"usage":[1]}"#, 0),
        (r#"{"usage":{"prompt_tokens":1"#, 0),
        ("", 0),
    ] {
        assert_eq!(took(Tally::of_body, answer), estimate(completion), "{answer}");
    }
}

fn delta(content: &str) -> String {
    format!(r#"data: {{"choices":[{{"index":0,"delta":{{"content":"{content}"}}}}]}}"#)
}

#[test]
fn a_stream_says_it_in_its_last_event() {
    for end in ["\n", "\r\n"] {
        let lines = [
            delta("a"),
            ": a comment".into(),
            r#"data: {"choices":[{"delta":{"content":"b"}}],"usage":null}"#.into(),
            format!(r#"data: {{"choices":[],"usage":{USAGE}}}"#),
            "data: [DONE]".into(),
        ];
        let stream: String = lines.iter().map(|line| format!("{line}{end}{end}")).collect();
        assert_eq!(took(Tally::of_events, &stream), TOOK);
        let lines = format!(r#"event: x{end}data: {{"choices":[],{end}data:"usage":{USAGE}}}{end}{end}"#);
        assert_eq!(took(Tally::of_events, &lines), TOOK, "one event of several lines");
    }
}

#[test]
fn a_stream_that_breaks_off_is_estimated_by_its_chunks() {
    let begin: String = [
        r#"data: {"choices":[{"delta":{"role":"assistant","content":""}}]}"#.to_owned(),
        delta("a"),
        delta(" b"),
        delta("\\n"),
    ]
    .iter()
    .map(|line| format!("{line}\n\n"))
    .collect();
    assert_eq!(took(Tally::of_events, &begin), estimate(3));
    assert_eq!(took(Tally::of_events, &format!("{begin}{}", delta("unfinished"))), estimate(4));
    let long = format!("{}\n\n", delta(&"many tokens at once ".repeat(10)));
    assert_eq!(took(Tally::of_events, &format!("{begin}{long}")), estimate(52), "by its bytes");
    assert_eq!(took(Tally::of_events, ": nothing\n\n"), estimate(0));
}

#[test]
fn one_whose_client_asked_for_it_with_each_chunk_has_said_it() {
    let chunk = |said: u64| {
        format!(
            "data: {{\"choices\":[{{\"delta\":{{\"content\":\"abcdefgh\"}}}}],\"usage\":{{\"prompt_tokens\":9,\"completion_tokens\":{said}}}}}\n\n"
        )
    };
    let stream = [chunk(1), chunk(2), delta("x")].concat();
    let usage = Usage { prompt: 9, completion: 2, cached: 0 };
    assert_eq!(took(Tally::of_events, &stream), Took { usage, is_estimate: false });
}

#[test]
fn no_answer_makes_it_hold_much() {
    let mut tally = Tally::of_body();
    tally.pass(b"{\"usage\":{\"x\":\"");
    (0..10_000).for_each(|_| tally.pass(&[b'x'; 1_000]));
    tally.pass(b"\"},\"content\":\"abcd\"}");
    assert_eq!(tally.finish(100), estimate(1));
}

#[test]
fn of_random_answers_the_usage_is_that_of_a_plain_value() {
    use serde_json::{Map, Value, json};

    const KEYS: [&str; 4] = ["usage", "content", "x\"y", "z"];
    fn value(rng: &mut fastrand::Rng, depth: usize) -> Value {
        match rng.u8(..if depth == 0 { 4 } else { 6 }) {
            0 => Value::Null,
            1 => rng.i32(-9..9).into(),
            2 => ["", "\"usage\":{", "\\\\\"", "}]é"][rng.usize(..4)].into(),
            3 => json!({"prompt_tokens": rng.u8(..), "completion_tokens": rng.u8(..)}),
            4 => (0..rng.usize(..4)).map(|_| value(rng, depth - 1)).collect(),
            _ => object(rng, depth - 1).into(),
        }
    }
    fn object(rng: &mut fastrand::Rng, depth: usize) -> Map<String, Value> {
        (0..rng.usize(..5)).map(|_| (KEYS[rng.usize(..KEYS.len())].into(), value(rng, depth))).collect()
    }
    let mut told = 0;
    for seed in 0..2_000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let answer = object(&mut rng, 3);
        let usage = answer.get("usage").and_then(|usage| Usage::read(usage.to_string().as_bytes()));
        let answer = match rng.bool() {
            true => serde_json::to_string(&answer).unwrap(),
            false => serde_json::to_string_pretty(&answer).unwrap(),
        };
        let took = took(Tally::of_body, &answer);
        assert_eq!((!took.is_estimate).then_some(took.usage), usage, "{answer}");
        told += usize::from(usage.is_some());
    }
    assert!(told > 100, "{told}");
}

#[test]
fn nothing_makes_it_panic() {
    const PIECES: [&str; 12] = ["\"", "\\", "{", "}", "[", "]", ":", ",", "usage", "\n", "data:", "\r"];
    for seed in 0..3_000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        for of in [Tally::of_body, Tally::of_events] {
            let mut tally = of();
            (0..rng.usize(..60)).for_each(|_| tally.pass(PIECES[rng.usize(..PIECES.len())].as_bytes()));
            let _ = tally.finish(1);
        }
    }
}

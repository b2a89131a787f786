use super::*;

// === asking ===

fn asked(body: &'static str) -> Option<String> {
    ask_for_usage(&Bytes::from_static(body.as_bytes())).map(|body| String::from_utf8(body.to_vec()).unwrap())
}

#[test]
fn streams_are_asked_for_their_usage_and_nothing_else_changes() {
    for (body, expected) in [
        (
            r#" { "x":1.0e0 ,"stream" : true}"#,
            r#" {"stream_options":{"include_usage":true}, "x":1.0e0 ,"stream" : true}"#,
        ),
        (
            r#"{"stream":true, "stream_options" : null , "a":"\u0041"}"#,
            r#"{"stream":true, "stream_options" : {"include_usage":true} , "a":"\u0041"}"#,
        ),
        (r#"{"stream_options":{ },"stream":true}"#, r#"{"stream_options":{"include_usage":true },"stream":true}"#),
        (
            r#"{"stream_options":{ "x":1 },"stream":true}"#,
            r#"{"stream_options":{"include_usage":true, "x":1 },"stream":true}"#,
        ),
        (
            r#"{"stream_options":{"include_usage": false},"stream":true}"#,
            r#"{"stream_options":{"include_usage": true},"stream":true}"#,
        ),
        (
            r#"{"stream_options":{"include_\u0075sage":null,"continuous_usage_stats":false},"stream":true}"#,
            r#"{"stream_options":{"include_\u0075sage":true,"continuous_usage_stats":false},"stream":true}"#,
        ),
    ] {
        assert_eq!(asked(body).as_deref(), Some(expected), "{body}");
        let asking = Bytes::copy_from_slice(expected.as_bytes());
        assert_eq!(ask_for_usage(&asking), None, "asked already: {expected}");
    }
}

#[test]
fn other_bodies_are_left_alone() {
    for body in [
        "",
        "[]",
        "{",
        "{}",
        r#"{"stream":false}"#,
        r#"{"stream":null}"#,
        r#"{"stream":"true"}"#,
        r#"{"stream":true,"stream":true}"#,
        r#"{"stream":true,"stream_options":{},"stream_option\u0073":{}}"#,
        r#"{"stream":true,"stream_options":[]}"#,
        r#"{"stream":true,"stream_options":"x"}"#,
        r#"{"stream":true,"stream_options":{"include_usage":1}}"#,
        r#"{"stream":true,"stream_options":{"include_usage":false,"include_usage":false}}"#,
        r#"{"stream":true,"stream_options":{"continuous_usage_stats":true}}"#,
    ] {
        assert_eq!(asked(body), None, "{body}");
    }
}

// === filtering ===

const USAGE: &str = r#"{"id":"chatcmpl-1","model":"é","choices":[],"usage":{"total_tokens":3}}"#;

/// Events that pass, with those that do not among them, each with whether it passes.
fn stream(line_end: &str) -> Vec<(String, bool)> {
    let events = [
        (
            r#"data: {"choices":[{"index":0,"delta":{"content":"é\"choices\":[]"}}],"usage":{"total_tokens":1}}"#
                .to_owned(),
            true,
        ),
        (": ping".to_owned(), true),
        (format!("data: {USAGE}"), false),
        (r#"data: {"choices":[],"usage":null}"#.to_owned(), true),
        (r#"data: {"choices":[]}"#.to_owned(), true),
        (r#"data: [[],{}]"#.to_owned(), true),
        (r#"data: {"usage":{}}"#.to_owned(), true),
        (r#"data: {"x":{"choices":[],"usage":{}},"choices":null}"#.to_owned(), true),
        (r#"data: {"choices":[],"usage":{}} x"#.to_owned(), true),
        ("data: {\"id\": \0 not JSON".to_owned(), true),
        (r#"data:{"usage" : { "a":"]}" } , "choi\u0063es":[ ] }"#.to_owned(), false),
        (format!("event: message{line_end}data: {{\"choices\":{line_end}data: [],\"usage\":{{}}}}"), false),
        (format!("event: message{line_end}data: {{}}"), true),
        (String::new(), true),
        ("data: [DONE]".to_owned(), true),
    ];
    let mut events: Vec<_> = events.map(|(event, passes)| (format!("{event}{line_end}{line_end}"), passes)).into();
    events.push((format!(": right before{line_end}"), true));
    events.push((format!("data: {USAGE}{line_end}{line_end}"), false));
    events
}

#[test]
fn exactly_the_usage_goes_whatever_the_chunks() {
    for line_end in ["\n", "\r\n"] {
        let events = stream(line_end);
        let input: String = events.iter().map(|(event, _)| &**event).collect();
        let expected: String = events.iter().filter(|(_, passes)| *passes).map(|(event, _)| &**event).collect();
        let cuts = (1..input.len()).map(|size| (0, size)).chain((1..input.len()).map(|first| (first, input.len())));
        for (first, size) in cuts {
            let mut filter = UsageFilter::default();
            let (head, rest) = input.as_bytes().split_at(first);
            let mut output = filter.pass(head, false).to_vec();
            rest.chunks(size).for_each(|chunk| output.extend_from_slice(&filter.pass(chunk, false)));
            output.extend_from_slice(&filter.pass(b"", true));
            assert_eq!(String::from_utf8(output).unwrap(), expected, "first {first}, then {size}");
        }
    }
}

#[test]
fn an_event_that_has_ended_is_not_held_back() {
    for line_end in ["\n", "\r\n"] {
        let mut filter = UsageFilter::default();
        for (event, passes) in stream(line_end) {
            let output: Vec<u8> = event.bytes().flat_map(|byte| filter.pass(&[byte], false)).collect();
            assert_eq!(String::from_utf8(output).unwrap(), if passes { &*event } else { "" });
        }
    }
}

#[test]
fn what_cannot_be_the_usage_is_not_held_back() {
    for unfinished in [
        r#"data: {"choices":[{"#,
        r#"data: {"id":"x","choices":[ 1"#,
        r#"data: {"choices":null,"x":1}"#,
        "data: [",
        "data: x",
        ": ping\n",
        ": ping\r\n",
    ] {
        let mut filter = UsageFilter::default();
        assert_eq!(filter.pass(unfinished.as_bytes(), false), unfinished, "{unfinished}");
    }
    let mut filter = UsageFilter::default();
    let lines = ["data: x\n".to_owned(), format!("data: {USAGE}\n\n")];
    assert_eq!(lines.each_ref().map(|line| filter.pass(line.as_bytes(), false)), lines, "one event of two lines");
    let mut filter = UsageFilter::default();
    let unfinished = format!("data: {USAGE}");
    assert_eq!(filter.pass(unfinished.as_bytes(), false), "");
    assert_eq!(filter.pass(b"", true), unfinished, "a stream that breaks off");
}

#[test]
fn no_more_than_a_bound_is_held_back() {
    let long = format!("data: {{\"id\":\"{}\",", "x".repeat(2 * HELD_MAX));
    let mut filter = UsageFilter::default();
    let mut passed = 0;
    for (place, chunk) in long.as_bytes().chunks(100).enumerate() {
        passed += filter.pass(chunk, false).len();
        assert!(place * 100 + chunk.len() - passed <= HELD_MAX * 2);
    }
    assert_eq!(passed, long.len());
    assert_eq!(filter.pass(b"\"choices\":[],\"usage\":{}}\n\n", false).len(), 26);
    assert_eq!(filter.pass(format!("data: {USAGE}\n\n").as_bytes(), false), "");
}

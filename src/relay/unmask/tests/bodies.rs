//! Whole answers, and what holds for both kinds.

use super::*;

#[test]
fn a_bodys_texts_are_restored_and_all_else_stays() {
    let body = r#" {"id":"~1", "model" : "~1","choices":[ {"index":0,"message":{"role":"~1","content":"a\u00e9 \u003cPERSON_1_SALT> ~2",
        "reasoning":"~1","x":["~1",{"type":"~1","text":"~1"}],"same":"\u00e9 \"<b>\"","tool_calls":[{"id":"~1","type":"function",
        "function":{"name":"f","arguments":"{\"to\":\"~2\"}"}}],"function_call":{"name":"g","arguments":"\"~2\""}},
        "logprobs":{"content":[{"token":"~1"}]},"finish_reason":"stop"},{"text":"~1"}],"usage":{"a":"~1","b":1.50}} "#;
    let salt = ledger().1[0].trim_end_matches('>').rsplit_once('_').unwrap().1.to_owned();
    let expected = body
        .replace("\"content\":\"a\\u00e9 \\u003cPERSON_1_SALT> ~2\"", "\"content\":\"aé Zoë Al \\\"Q\\\"\\n\"")
        .replace("\"reasoning\":\"~1\"", "\"reasoning\":\"Zoë\"")
        .replace("[\"~1\"", "[\"Zoë\"")
        .replace("\"text\":\"~1\"", "\"text\":\"Zoë\"")
        .replace("{\\\"to\\\":\\\"~2\\\"}", r#"{\"to\":\"Al \\\"Q\\\"\\n\"}"#)
        .replace("\"arguments\":\"\\\"~2\\\"\"", r#""arguments":"\"Al \\\"Q\\\"\\n\"""#)
        .replace("~1", &ledger().1[0]);
    assert_eq!(passed(JSON, &body.replace("SALT", &salt), Form::Text), expected);
}

#[test]
fn content_that_is_json_stays_json() {
    let body =
        |content: &str| format!(r#"{{"choices":[{{"message":{{"content":{},"reasoning":"x"}}}}]}}"#, quoted(content));
    assert_eq!(passed(JSON, &body(r#"{"a":"~2"}"#), Form::Json), body(r#"{"a":"Al \"Q\"\n"}"#));
    let says = [says(r#"{"a":"~"#.trim_end_matches('~')), says("~2"), says("\"}")];
    let expected = [says[0].clone(), self::says(r#"Al \"Q\"\n"#), says[2].clone()];
    let [input, expected] = [says, expected].map(|all| events(&all.each_ref().map(String::as_str)));
    assert_eq!(passed(STREAM, &input, Form::Json), expected);
}

#[test]
fn what_cannot_be_read_passes_and_is_told() {
    for (kind, input) in [
        (JSON, "{\"choices\":[{\"text\":\"<PERSON_1_"),
        (JSON, "{\"choices\":[{\"text\":\"\\ud83d <\"}]}"),
        (JSON, "[[["),
        ("text/plain", "<PERSON_1>"),
        ("", "x"),
        (STREAM, "data: {\"choices\":[{\"text\":\"\\ud83d <\"}]}\n\n"),
        (STREAM, "data: {\"choices\":[{\"x\":\"\\ud83d <\"}]}\n\n"),
        (STREAM, "data: <\n\n"),
    ] {
        assert_eq!(in_chunks(kind, input.as_bytes(), 3, Form::Text), (input.to_owned(), true), "{input}");
    }
    for (kind, input) in [(JSON, ""), (STREAM, ""), (STREAM, "data: x\n\ndata: [DONE]\n\n"), ("text/plain", "")] {
        assert_eq!(in_chunks(kind, input.as_bytes(), 3, Form::Text), (input.to_owned(), false), "{input}");
    }
}

#[test]
fn no_more_than_a_bound_is_held() {
    let (ledger, [first, _]) = ledger();
    let restorer = || Restorer::new(ledger.clone());
    let long = Bytes::from(format!(r#"{{"choices":[{{"text":"{first}"}}]}}"#));
    let mut body = Body::new(restorer(), None, Form::Text, 20);
    let (head, tail) = (long.slice(..21), long.slice(21..));
    assert_eq!((body.pass(&head, false), body.pass(&tail, true), body.unrestored()), (head, tail, true));

    let mut stream = Events::new(restorer(), None, Form::Text, 150);
    let short = format!("data: {}\n\n", chunk(r#"{"index":0,"text":"<"}"#));
    let long = format!("data: {}{}", chunk(r#"{"index":0,"text":"PERSON"}"#), " ".repeat(99));
    let mut out = Vec::new();
    for part in [&*short, &long, " \n\n", &short, "data: [DONE]\n\n"] {
        out.push(String::from_utf8(stream.pass(&Bytes::copy_from_slice(part.as_bytes()), false).to_vec()).unwrap());
    }
    let none = short.replace('<', "");
    let held = |text| events(&[&format!(r#"{{"index":0,"text":"{text}","logprobs":null,"finish_reason":null}}"#)]);
    assert_eq!(out, [none.clone(), held("<") + &long, " \n\n".into(), none, held("<") + "data: [DONE]\n\n"]);
    assert!(stream.unrestored());
}

#[test]
fn without_values_nothing_is_done() {
    let empty = Arc::new(Ledger::new(Salt::of(&[7; 32], "", "")));
    for kind in [STREAM, JSON, "text/plain"] {
        let mut unmask = Unmask::begin(kind, empty.clone(), Form::Text, None);
        let chunk = Bytes::from_static(b"{\"choices\":[{\"text\":\"<");
        let passed = unmask.pass(&chunk, false);
        assert_eq!((passed.as_ptr(), passed.len()), (chunk.as_ptr(), chunk.len()));
        assert!(unmask.pass(&Bytes::new(), true).is_empty() && !unmask.unrestored());
    }
}

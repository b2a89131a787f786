use super::*;
use crate::failure::Reason;

fn chat(body: &str) -> Pieces {
    Pieces::read(Endpoint::Chat, &Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

fn completion(body: &str) -> Pieces {
    Pieces::read(Endpoint::Completions, &Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

fn texts(pieces: &Pieces) -> Vec<(Role, &str)> {
    pieces.all.iter().map(|piece| (piece.role, &*piece.text)).collect()
}

/// `body` with each text in upper case.
fn shouted(endpoint: Endpoint, body: &str) -> String {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let pieces = Pieces::read(endpoint, &body).unwrap();
    let edits = pieces.all.iter().flat_map(|piece| {
        piece.parts.iter().map(|part| Edit { part, text: piece.text[part.range.clone()].to_uppercase() })
    });
    String::from_utf8(with_edits(&body, edits.collect()).to_vec()).unwrap()
}

#[test]
fn every_message_is_read_by_its_role() {
    let pieces = chat(
        r#"{"model":"m","messages":[
            {"role":"system","content":"s"},{"role":"developer","content":"d"},
            {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"name":"n"},
            {"role":"assistant","content":null,"reasoning_content":"r","tool_calls":[
                {"id":"1","type":"function","function":{"name":"f","arguments":"{\"x\":\"y\"}"}}]},
            {"role":"tool","tool_call_id":"1","content":"t"},{"role":"other","content":"o"}]}"#,
    );
    let wanted = [
        (Role::System, "s"),
        (Role::System, "d"),
        (Role::User, "n"),
        (Role::User, "a\nb"),
        (Role::Assistant, "r"),
        (Role::Assistant, r#"{"x":"y"}"#),
        (Role::Tool, "t"),
        (Role::User, "o"),
    ];
    assert_eq!(texts(&pieces), wanted);
    assert_eq!(pieces.routed, Some(3));
    assert_eq!(pieces.unreadable, Unreadable::default());
    assert_eq!(pieces.first(), "n");
}

#[test]
fn what_a_template_may_show_is_read_too() {
    let pieces = chat(
        r#"{"messages":[{"content":"q","thinking":{"deep":["x"]}}],
            "tools":[{"type":"function","function":{"name":"find","description":"Finds.","parameters":{
                "type":"object","properties":{"who":{"type":"string","description":"A name.","enum":["Al","Bo"]}},
                "required":["who"]}}}],
            "documents":[{"title":"T","text":"D"}],"chat_template_kwargs":{"note":"k"},"chat_template":"c",
            "response_format":{"type":"json_schema","json_schema":{"description":"no"}},"stop":["no"],"user":"no"}"#,
    );
    let wanted = [
        (Role::User, r#"{"deep":["x"]}"#),
        (Role::User, "q"),
        (Role::Definition, "Finds."),
        (Role::Definition, "A name."),
        (Role::Definition, r#"["Al","Bo"]"#),
        (Role::Document, r#"{"title":"T","text":"D"}"#),
        (Role::System, r#"{"note":"k"}"#),
        (Role::System, "c"),
    ];
    assert_eq!(texts(&pieces), wanted);
}

#[test]
fn completions_are_read_prompt_by_prompt() {
    let pieces = completion(r#"{"prompt":["a","b"],"suffix":"c"}"#);
    assert_eq!(texts(&pieces), [(Role::User, "a"), (Role::User, "b"), (Role::User, "c")]);
    assert_eq!(pieces.routed, Some(0));
    for tokens in [r#"{"prompt":[1,2]}"#, r#"{"prompt":[[1],[2]]}"#, r#"{"prompt_embeds":"x"}"#] {
        assert!(completion(tokens).unreadable.tokens, "{tokens}");
    }
    assert_eq!(completion(r#"{"prompt":null,"prompt_embeds":null}"#), Pieces::default());
}

#[test]
fn what_is_no_text_is_told() {
    for part in [
        r#"{"type":"image_url","image_url":{"url":"data:x"}}"#,
        r#"{"type":"input_audio","input_audio":{"data":"x","format":"wav"}}"#,
        r#"{"image_url":"http://x"}"#,
        r#"{"type":"file","file":{"file_data":"x"}}"#,
    ] {
        let pieces =
            chat(&format!(r#"{{"messages":[{{"role":"user","content":[{part},{{"type":"text","text":"a"}}]}}]}}"#));
        assert_eq!(pieces.unreadable, Unreadable { tokens: false, media: true }, "{part}");
        assert_eq!(texts(&pieces), [(Role::User, "a")], "{part}");
    }
}

#[test]
fn edits_change_the_texts_and_nothing_else() {
    let body = r#" {"x" : 1.0e0,"messages":[ {"role":"user","content":"h\u00e9 \"q\""},
        {"role":"user","content":[{"type":"text", "text":"a"},{"type":"image_url","image_url":{"url":"u"}},"b"]}] , "user":"\ud83d"}"#;
    let wanted = r#" {"x" : 1.0e0,"messages":[ {"role":"user","content":"HÉ \"Q\""},
        {"role":"user","content":[{"type":"text", "text":"A"},{"type":"image_url","image_url":{"url":"u"}},"B"]}] , "user":"\ud83d"}"#;
    assert_eq!(shouted(Endpoint::Chat, body), wanted);
    assert_eq!(shouted(Endpoint::Completions, r#"{"prompt":["a","b"]}"#), r#"{"prompt":["A","B"]}"#);
    let untouched = Bytes::from_static(b"{ }");
    assert_eq!(with_edits(&untouched, Vec::new()), untouched);
}

/// `body` with `mask` in the place of each part that has `value`.
fn masked(body: &Bytes, value: &str, mask: &str) -> String {
    let pieces = Pieces::read(Endpoint::Chat, body).unwrap();
    let edits = pieces.all.iter().flat_map(|piece| piece.parts.iter().map(move |part| (piece, part)));
    let edits = edits.filter_map(|(piece, part)| {
        let text = &piece.text[part.range.clone()];
        text.contains(value).then(|| Edit { part, text: text.replace(value, mask) })
    });
    String::from_utf8(with_edits(body, edits.collect()).to_vec()).unwrap()
}

fn call(arguments: &str) -> Bytes {
    let arguments = serde_json::Value::from(arguments).to_string();
    Bytes::from(format!(
        r#"{{"messages":[{{"role":"assistant","tool_calls":[{{"function":{{"name":"f","arguments":{arguments}}}}}]}}]}}"#
    ))
}

#[test]
fn arguments_stay_json() {
    let arguments =
        r#"{"name":"Jos\u00e9 \ud83d\ude00\n","phone":4155550132, "list":[4155550132,"a\t4155550132"],"4155550132":1}"#;
    let body = call(arguments);
    let pieces = Pieces::read(Endpoint::Chat, &body).unwrap();
    assert_eq!(
        pieces.all[0].text,
        "{\"name\":\"José 😀\n\",\"phone\":4155550132, \"list\":[4155550132,\"a\t4155550132\"],\"4155550132\":1}"
    );
    for mask in ["<PHONE_NUMBER_1_abcd>", "[PHONE_NUMBER]", "\"\n\\"] {
        let quoted = serde_json::Value::from(mask).to_string();
        let inside = &quoted[1..quoted.len() - 1];
        let wanted = format!(
            r#"{{"name":"Jos\u00e9 \ud83d\ude00\n","phone":{quoted}, "list":[{quoted},"a\t{inside}"],"{inside}":1}}"#
        );
        assert_eq!(masked(&body, "4155550132", mask), call(&wanted), "what is not masked is as it came");
    }
    for odd in ["not JSON", "{\"a\":", "{}", "[[]]", "true"] {
        assert_eq!(chat(std::str::from_utf8(&call(odd)).unwrap()).all[0].text, odd);
    }
}

#[test]
fn json_in_strings_is_read_through() {
    let inner = r#"{"to":"x\nAnn","n":[7777]}"#;
    let quoted = serde_json::Value::from(inner).to_string();
    let twice = serde_json::Value::from(format!(r#"{{"body":{quoted}}}"#)).to_string();
    let body = Bytes::from(format!(r#"{{"messages":[{{"role":"tool","content":{twice}}}]}}"#));
    assert_eq!(
        texts(&Pieces::read(Endpoint::Chat, &body).unwrap()),
        [(Role::Tool, "{\"body\":\"{\"to\":\"x\nAnn\",\"n\":[7777]}\"}")]
    );
    for (value, mask) in [("Ann", "\"Bo\""), ("7777", "<N_1>")] {
        let masked: serde_json::Value = serde_json::from_str(&masked(&body, value, mask)).unwrap();
        let content: serde_json::Value =
            serde_json::from_str(masked["messages"][0]["content"].as_str().unwrap()).unwrap();
        let read: serde_json::Value = serde_json::from_str(content["body"].as_str().unwrap()).unwrap();
        let wanted = match value {
            "Ann" => serde_json::json!({ "to": "x\n\"Bo\"", "n": [7777] }),
            _ => serde_json::json!({ "to": "x\nAnn", "n": ["<N_1>"] }),
        };
        assert_eq!(read, wanted);
    }
}

#[test]
fn text_that_has_json_in_it_keeps_its_escapes() {
    for text in [r#"see {"a":"x\nAnn \u0041nn"}"#, r#"{"a":"\tAnn","b":"cut o"#, r#"{'a': '\'Ann'}"#] {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let body =
            |text: &str| Bytes::from(format!(r#"{{"messages":[{{"role":"user","content":{}}}]}}"#, quoted(text)));
        assert_eq!(masked(&body(text), "Ann", "<P_1>"), body(&text.replace("Ann", "<P_1>")));
    }
    assert_eq!(chat(r#"{"messages":[{"content":"x \"a\": \"\\n\\u0041\""}]}"#).all[0].text, "x \"a\": \"\nA\"");
    assert_eq!(chat(r#"{"messages":[{"content":"C:\\new"}]}"#).all[0].text, r"C:\new");
}

#[test]
fn what_nests_deep_is_read() {
    let deep = |text: &str| {
        format!(r#"{{"messages":[{{"content":"q"}}],"documents":[{}"{text}"{}]}}"#, "[".repeat(200), "]".repeat(200))
    };
    assert_eq!(masked(&Bytes::from(deep("Ann")), "Ann", "<P_1>"), deep("<P_1>"));
}

#[test]
fn settings_of_a_template_are_no_text() {
    let pieces = chat(
        r#"{"messages":[{"role":"user","content":"q","id":"msg_0a1b"}],"chat_template_kwargs":{"enable_thinking":false},
        "tools":[{"function":{"name":"f","parameters":{"properties":{"a":{"default":7,"enum":[1,2]}}}}}]}"#,
    );
    assert_eq!(texts(&pieces), [(Role::User, "q")]);
}

#[test]
fn a_key_that_stands_twice_is_refused_wherever_texts_are_read() {
    for body in [
        r#"{"messages":[{"content":"a"}],"documents":[],"documents":[]}"#,
        r#"{"messages":[{"role":"user","content":"a","note":"x","n\u006fte":"y"}]}"#,
        r#"{"messages":[{"content":"a"}],"documents":[{"a":"x","a":"y"}]}"#,
        r#"{"messages":[{"content":"a","tool_calls":[{"function":{"arguments":"x","arguments":"y"}}]}]}"#,
    ] {
        let failure = Pieces::read(Endpoint::Chat, &Bytes::from_static(body.as_bytes())).unwrap_err();
        assert_eq!(failure.reason, Reason::DuplicateKey, "{body}");
    }
}

#[test]
fn the_routed_text_is_the_one_that_the_prompt_has() {
    for messages in [
        r#"[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]"#,
        r#"[{"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"x"},{"text":"y"}]}]"#,
        r#"[{"role":"user","content":"a"},{"role":"user","content":null}]"#,
        r#"[{"role":"user","content":"a"},{"content":"b"},{"role":"other","content":"c"}]"#,
        r#"[{"role":"assistant","content":"a"}]"#,
    ] {
        let body = Bytes::from(format!(r#"{{"messages":{messages}}}"#));
        let prompt = crate::intake::Prompt::parse(Endpoint::Chat, body.clone()).unwrap();
        let pieces = Pieces::read(Endpoint::Chat, &body).unwrap();
        assert_eq!(pieces.routed.map(|at| pieces.all[at].text.clone()), prompt.text, "{messages}");
    }
}

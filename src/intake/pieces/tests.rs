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
        (Role::User, "x"),
        (Role::User, "q"),
        (Role::Definition, "Finds."),
        (Role::Definition, "A name."),
        (Role::Definition, "Al"),
        (Role::Definition, "Bo"),
        (Role::Document, "T"),
        (Role::Document, "D"),
        (Role::System, "k"),
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
        {"role":"user","content":[{"type":"text", "text":"a"},{"type":"image_url","image_url":{"url":"u"}},"b"]}] , "y":"\ud83d"}"#;
    let wanted = r#" {"x" : 1.0e0,"messages":[ {"role":"user","content":"HÉ \"Q\""},
        {"role":"user","content":[{"type":"text", "text":"A"},{"type":"image_url","image_url":{"url":"u"}},"B"]}] , "y":"\ud83d"}"#;
    assert_eq!(shouted(Endpoint::Chat, body), wanted);
    assert_eq!(shouted(Endpoint::Completions, r#"{"prompt":["a","b"]}"#), r#"{"prompt":["A","B"]}"#);
    let untouched = Bytes::from_static(b"{ }");
    assert_eq!(with_edits(&untouched, Vec::new()), untouched);
}

#[test]
fn arguments_stay_json() {
    let call = |arguments: &str| {
        let arguments = serde_json::Value::from(arguments).to_string();
        Bytes::from(format!(
            r#"{{"messages":[{{"role":"assistant","tool_calls":[{{"function":{{"name":"f","arguments":{arguments}}}}}]}}]}}"#
        ))
    };
    let body = call(r#"{"name":"Jos\u00e9 \ud83d\ude00\n","phone":4155550132,"list":[4155550132,"4155550132"]}"#);
    let pieces = Pieces::read(Endpoint::Chat, &body).unwrap();
    assert_eq!(pieces.all[0].text, r#"{"name":"José 😀\n","phone":4155550132,"list":[4155550132,"4155550132"]}"#);
    for mask in ["<PHONE_NUMBER_1_abcd>", "[PHONE_NUMBER]"] {
        let text = pieces.all[0].text.replace("4155550132", mask);
        let edited = with_edits(&body, vec![Edit { part: &pieces.all[0].parts[0], text }]);
        let again = Pieces::read(Endpoint::Chat, &edited).unwrap();
        let wanted = format!(r#"{{"name":"José 😀\n","phone":"{mask}","list":["{mask}","{mask}"]}}"#);
        assert_eq!(again.all[0].text, wanted);
    }
    let odd = Pieces::read(Endpoint::Chat, &call("not JSON")).unwrap();
    assert_eq!((&*odd.all[0].text, odd.all[0].parts[0].is_json), ("not JSON", false));
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

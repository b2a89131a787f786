//! Personal data on its way to the model: placeholders stand for it, and the client's answer has it back.

use serde_json::{Value, json};

use crate::echo::Echoing;

const TEXT: &str =
    "Write to Margaret Thompson at margaret.t@example.org or call +1 415-555-0132 about card 4111 1111 1111 1111.";
const VALUES: [&str; 4] = ["Margaret Thompson", "margaret.t@example.org", "415-555-0132", "4111 1111 1111 1111"];

fn assert_without_values(text: &str) {
    for value in VALUES {
        assert!(!text.contains(value), "{value} in {text}");
    }
}

/// The placeholders of `text`, in order.
fn placeholders(text: &str) -> Vec<String> {
    let pieces = text.split('<').skip(1).filter_map(|piece| piece.split_once('>'));
    pieces.map(|(name, _)| name.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_never_sees_it_and_the_client_has_it_back() {
    let stand = Echoing::with("pii_masking: true").await;
    let answer = stand.say(TEXT).await;
    assert_eq!(answer.said(), TEXT);
    assert_eq!(answer.header("x-pointsman-pii"), "masked");
    let heard = stand.heard();
    assert_without_values(&heard);
    let kinds: Vec<String> =
        placeholders(&heard).iter().map(|name| name.rsplitn(3, '_').last().unwrap().into()).collect();
    assert_eq!(kinds, ["PERSON", "EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD"], "{heard}");
    let answer = stand.say("What is the tallest tree?").await;
    assert_eq!((answer.header("x-pointsman-pii"), stand.heard().as_str()), ("none", "What is the tallest tree?"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_has_it_back_however_it_is_cut() {
    for letters in [1, 2, 5, 1000] {
        let stand = Echoing::over("pii_masking: true", "", letters).await;
        let answer = stand.chat(json!({ "stream": true, "messages": [{ "role": "user", "content": TEXT }] })).await;
        assert_eq!(answer.said(), TEXT, "{letters}");
        assert_without_values(&stand.heard());
        assert!(answer.text.ends_with("data: [DONE]\n\n"), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_value_has_one_placeholder_over_a_conversation() {
    let stand = Echoing::with("pii_masking: true").await;
    let first = json!({ "role": "user", "content": "My name is Margaret Thompson." });
    stand.chat(json!({ "messages": [first] })).await;
    let before = placeholders(&stand.told());
    assert_eq!(before.len(), 1, "{}", stand.told());
    let conversation = json!({ "messages": [
        first,
        { "role": "assistant", "content": "Hello Margaret Thompson!",
          "tool_calls": [{ "id": "1", "type": "function", "function": { "name": "find", "arguments": "{\"who\":\"Margaret Thompson\"}" } }] },
        { "role": "tool", "tool_call_id": "1", "content": "Margaret Thompson lives nearby." },
        { "role": "user", "content": "Who is Margaret Thompson?" },
    ] });
    let answer = stand.chat(conversation).await;
    assert_eq!(answer.said(), "Who is Margaret Thompson?");
    let told = stand.told();
    assert_without_values(&told);
    assert_eq!(placeholders(&told), vec![before[0].clone(); 5], "{told}");
    let body: Value = serde_json::from_str(&told).unwrap();
    let arguments = body["messages"][1]["tool_calls"][0]["function"]["arguments"].as_str().unwrap();
    assert!(serde_json::from_str::<Value>(arguments).is_ok(), "{arguments}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_conversations_have_other_placeholders() {
    let stand = Echoing::with("pii_masking: true").await;
    stand.say("Mail a@example.org now.").await;
    let one = placeholders(&stand.heard());
    stand.say("Please mail a@example.org.").await;
    assert_ne!(placeholders(&stand.heard()), one);
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_placeholders_come_back_as_they_were() {
    let stand = Echoing::with("pii_masking: true").await;
    let text = "What does <PERSON_1> mean, or <EMAIL_ADDRESS_1_aaaa>? Ask b@example.org.";
    assert_eq!(stand.say(text).await.said(), text);
    let heard = stand.heard();
    assert!(!heard.contains("<PERSON_1>") && !heard.contains("<EMAIL_ADDRESS_1_aaaa>"), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_do_what_they_are_called() {
    let stand = Echoing::with("pii_masking: true, pii: {operator: redact}").await;
    assert_eq!(stand.say("Mail a@example.org.").await.said(), "Mail [EMAIL_ADDRESS].");
    let stand = Echoing::with("pii_masking: true, pii: {operator: hash}").await;
    stand.say("Mail a@example.org, b@example.org and a@example.org.").await;
    let heard = stand.heard();
    let hashes: Vec<&str> = heard.split('[').skip(1).map(|rest| rest.split(']').next().unwrap()).collect();
    assert!(hashes[0].starts_with("EMAIL_ADDRESS:") && hashes[0] == hashes[2] && hashes[0] != hashes[1], "{heard}");
    let stand = Echoing::with("pii_masking: true, pii: {operators: [{entity: CREDIT_CARD, operator: block}]}").await;
    let refused = stand.say(TEXT).await;
    assert_eq!((refused.status, refused.header("x-pointsman-pii")), (400, "block"));
    assert_eq!(refused.json()["error"]["code"], "content_filter");
    assert!(refused.text.contains("CREDIT_CARD"), "{}", refused.text);
    assert_without_values(&refused.text);
    assert_eq!(stand.say("Mail a@example.org.").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_looked_for_can_be_chosen() {
    let text = "Ann's mail is ann@example.org, her badge E-123456, our site https://example.org/x and staff E-654321.";
    let stand = Echoing::with(
        "pii_masking: true, pii: {entities: [URL, BADGE], recognizers: [{name: BADGE, pattern: \"E-[0-9]{6}\"}], allow: [\"E-654321\"]}",
    )
    .await;
    assert_eq!(stand.say(text).await.said(), text);
    let heard = stand.heard();
    let kinds: Vec<String> =
        placeholders(&heard).iter().map(|name| name.rsplitn(3, '_').last().unwrap().into()).collect();
    assert_eq!(kinds, ["BADGE", "URL"], "{heard}");
    assert!(heard.contains("ann@example.org") && heard.contains("E-654321"), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_text_to_the_model_stays_as_it_is() {
    let stand = Echoing::with("pii_masking: true").await;
    let body = r#"{"x": 1.0e0, "user":"ann@example.org","messages":[{"role":"user","content":"caf\u00e9"}] }"#;
    let request = reqwest::Client::new().post(stand.router.at("/v1/chat/completions")).body(body);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let told = stand.told();
    assert_eq!(told, body.replacen('{', r#"{"model":"m","#, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_beside_a_number_is_masked_as_well() {
    let stand = Echoing::with("pii_masking: true").await;
    for (text, values) in [
        ("Login from 203.0.113.9, 12 Baker Street, London", ["203.0.113.9", "Baker"]),
        ("The customer is Maria Keller k.m@example.org.", ["Keller", "k.m@example.org"]),
        ("I live at 12 Baker Street, London NW1 6XE 4111 1111 1111 1111", ["Baker", "4111 1111"]),
    ] {
        let answer = stand.say(text).await;
        assert_eq!((answer.status, answer.said()), (200, text.to_owned()));
        let heard = stand.heard();
        values.iter().for_each(|value| assert!(!heard.contains(value), "{heard}"));
    }
}

//! The arguments of calls, and answers that are JSON.

use serde_json::{Value, json};

use super::*;

/// JSON in which values and all sorts of escapes stand.
fn arguments(rng: &mut Rng) -> String {
    let text = |rng: &mut Rng| planted(rng) + ["", "\u{1}", "😀", "\\", "\"", "\t"][rng.usize(..6)];
    let number = [json!(4111111111111111u64), json!(12), json!(-1.5e3), json!(5550132), json!(null), json!(true)];
    let value = json!({
        "to": text(rng), "n": number[rng.usize(..6)], "phone": number[rng.usize(..6)],
        "all": [text(rng), { "ssn": "123456789", "a b": text(rng) }], "empty": {}
    });
    let written = if rng.bool() { value.to_string() } else { serde_json::to_string_pretty(&value).unwrap() };
    if rng.bool() { written } else { ascii(&written) }
}

fn ascii(json: &str) -> String {
    let mut units = [0; 2];
    let escaped = |char: char| -> String {
        match char {
            '@' | '\u{7f}'.. => char.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
            _ => char.to_string(),
        }
    };
    json.chars().map(escaped).collect()
}

#[test]
fn strings_and_numbers_are_seen_by_their_names() {
    for (arguments, redacted) in [
        (r#"{"to":"ann@example.com","x":"caf\u00e9"}"#, r#"{"to":"[EMAIL_ADDRESS]","x":"caf\u00e9"}"#),
        (r#"{"to":"\u0061nn\u0040example.com\n\u00e9"}"#, r#"{"to":"[EMAIL_ADDRESS]\n\u00e9"}"#),
        (r#"{"card":4111111111111111, "n": 12}"#, r#"{"card":"[CREDIT_CARD]", "n": 12}"#),
        (r#"[4111111111111111]"#, r#"["[CREDIT_CARD]"]"#),
        (r#"{"ann@example.com": [true, null, -1.5]}"#, r#"{"[EMAIL_ADDRESS]": [true, null, -1.5]}"#),
        (r#"{"password": "hunter 22 x9", "a": 1}"#, r#"{"password": "[SECRET]", "a": 1}"#),
        (r#"{"ssn": "123456789", "order": "123456789"}"#, r#"{"ssn": "[US_SSN]", "order": "123456789"}"#),
        ("Mail bob@example.com", "Mail [EMAIL_ADDRESS]"),
        ("test@example.com", "[EMAIL_ADDRESS]"),
        ("```json\n{\"a\":\"bob@example.com\"}", "```json\n{\"a\":\"[EMAIL_ADDRESS]\"}"),
        (r#"{"a":"bob@example.co"#, r#"{"a":"[EMAIL_ADDRESS]"#),
        (r#"{"a":"\ud83d bob@example.com \u00"#, r#"{"a":"\ud83d [EMAIL_ADDRESS] \u00"#),
        (r#"{"a":"\ud83d\n\ud83d\ud83d\ude00\x\u12"}"#, r#"{"a":"\ud83d\n\ud83d\ud83d\ude00\x\u12"}"#),
        ("", ""),
    ] {
        assert_eq!(whole(arguments, Form::Json), redacted);
        for most in [1, 3, 20] {
            let (mut screener, _) = screener(256, &[]);
            let out = in_pieces(&mut Rng::with_seed(0), &mut screener, arguments, Form::Json, most);
            assert_eq!(out, redacted, "{arguments}");
        }
    }
}

#[test]
fn json_stays_json_whatever_the_cuts() {
    for seed in 0..150 {
        let rng = &mut Rng::with_seed(seed);
        let arguments = arguments(rng);
        let meant = whole(&arguments, Form::Json);
        let [before, after] = [&arguments, &meant].map(|json| serde_json::from_str::<Value>(json).unwrap());
        assert_eq!(after["all"][1]["ssn"], "[US_SSN]", "{meant}");
        assert_eq!(before.as_object().unwrap().len(), after.as_object().unwrap().len());
        for most in [1, 7, 100, 3000] {
            let (mut screener, _) = screener(256, &[]);
            let out = in_pieces(rng, &mut screener, &arguments, Form::Json, most);
            assert_eq!(out, meant, "seed {seed}, pieces of {most}: {arguments}");
        }
    }
}

//! Streams and bodies as vLLM 0.32 sends them, whole and broken.

use super::*;

const LIMIT: usize = 1 << 20;

fn head(kind: &str) -> ResponseHeader {
    let mut head = ResponseHeader::build(200, None).unwrap();
    head.insert_header("content-type", kind.to_owned()).unwrap();
    head
}

/// What is captured of `text` when it comes in chunks of `size` bytes.
fn in_chunks(kind: &str, text: &[u8], size: usize) -> Option<Box<str>> {
    let mut capture = Capture::begin(&head(kind), LIMIT).unwrap();
    text.chunks(size).for_each(|chunk| capture.pass(chunk));
    capture.finish()
}

/// What is captured of a stream; the same in whatever chunks it comes.
fn stream(text: impl AsRef<[u8]>) -> Option<Box<str>> {
    let text = text.as_ref();
    let whole = in_chunks("text/event-stream; charset=utf-8", text, text.len().max(1));
    for size in [1, 2, 3, 7, 64, 1000] {
        assert_eq!(in_chunks("text/event-stream", text, size), whole, "in chunks of {size}");
    }
    whole
}

fn body(text: &str) -> Option<Box<str>> {
    in_chunks("application/json", text.as_bytes(), 5)
}

/// The events of these payloads, and `[DONE]`.
fn events(payloads: &[&str]) -> String {
    payloads.iter().chain(&["[DONE]"]).map(|payload| format!("data: {payload}\n\n")).collect()
}

/// A stream of chunks with these choices.
fn chat(choices: &[&str]) -> String {
    let chunk = |choice: &&str| {
        format!(
            r#"{{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{choice}]}}"#
        )
    };
    let chunks: Vec<String> = choices.iter().map(chunk).collect();
    events(&chunks.iter().map(String::as_str).collect::<Vec<_>>())
}

const ROLE: &str = r#"{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}"#;
const HI: &str = r#"{"index":0,"delta":{"content":"hi"},"logprobs":null,"finish_reason":null,"token_ids":null}"#;
const STOP: &str = r#"{"index":0,"delta":{"content":"!"},"finish_reason":"stop","stop_reason":"a","token_ids":null}"#;

fn ending(reason: &str) -> String {
    STOP.replace("\"stop\"", reason)
}

// === whole answers ===

#[test]
fn a_streams_chunks_are_put_together() {
    assert_eq!(
        &*stream(chat(&[ROLE, HI, STOP])).unwrap(),
        r#"{"object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi!"},"logprobs":null,"finish_reason":"stop","token_ids":null,"stop_reason":"a"}]}"#
    );
}

/// Two choices, with all that can be asked for.
#[test]
fn a_stream_says_what_the_body_says() {
    let whole = r#"{"id":"chatcmpl-9","object":"chat.completion","created":1,"model":"tiny","choices":[{"index":0,"message":{"role":"assistant","content":" \u00e9b\ud83d\ude00","refusal":null},"logprobs":{"content":[{"token":" \u00e9","logprob":-7.62462043762207,"bytes":[32],"top_logprobs":[]},{"token":"b","logprob":-7.62,"bytes":[98],"top_logprobs":[]}]},"finish_reason":"stop","stop_reason":"a","token_ids":[1774,828]},{"index":1,"message":{"role":"assistant","content":"","refusal":null},"logprobs":{"content":[]},"finish_reason":"stop","stop_reason":null,"token_ids":[2]}],"system_fingerprint":"vllm-0.32.0","usage":{"prompt_tokens":13,"total_tokens":16,"completion_tokens":3},"prompt_token_ids":[1,575]}"#;
    let chunk = |rest: &str| {
        format!(r#"{{"id":"chatcmpl-8","object":"chat.completion.chunk","created":2,"model":"tiny",{rest}}}"#)
    };
    let chunks = [
        r#""choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"prompt_token_ids":[1,575]"#,
        r#""choices":[{"index":1,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"prompt_token_ids":[1,575]"#,
        r#""choices":[{"index":0,"delta":{"content":" é"},"logprobs":{"content":[{"token":" \u00e9","logprob":-7.62462043762207,"bytes":[32],"top_logprobs":[]}]},"finish_reason":null,"token_ids":[1774]}]"#,
        r#""choices":[{"index":1,"delta":{"content":""},"logprobs":{"content":[]},"finish_reason":"stop","stop_reason":null,"token_ids":[2]}],"system_fingerprint":"vllm-0.32.0""#,
        r#""choices":[{"index":0,"delta":{"content":"b😀"},"logprobs":{"content":[{"token":"b","logprob":-7.62,"bytes":[98],"top_logprobs":[]}]},"finish_reason":"stop","stop_reason":"a","token_ids":[828]}],"system_fingerprint":"vllm-0.32.0""#,
        r#""choices":[],"usage":{"prompt_tokens":13,"total_tokens":16,"completion_tokens":3},"system_fingerprint":"vllm-0.32.0""#,
    ]
    .map(chunk);
    let streamed = stream(events(&chunks.each_ref().map(String::as_str))).unwrap();
    assert_eq!(streamed, body(whole).unwrap());
    assert!(streamed.contains(r#""content":" éb😀""#) && streamed.contains("-7.62462043762207"), "{streamed}");
}

#[test]
fn tool_calls_are_put_together_by_their_index() {
    let streamed = stream(chat(&[
        ROLE,
        r#"{"index":0,"delta":{"reasoning":"so "},"finish_reason":null}"#,
        r#"{"index":0,"delta":{"reasoning":"look"},"finish_reason":null}"#,
        r#"{"index":0,"delta":{"content":null,"tool_calls":[{"id":"chatcmpl-tool-1","type":"function","index":0,"function":{"name":"look"}}]},"finish_reason":null}"#,
        r#"{"index":0,"delta":{"content":null,"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]},"finish_reason":null}"#,
        r#"{"index":0,"delta":{"tool_calls":[{"index":1,"id":"chatcmpl-tool-2","type":"function","function":{"name":"go","arguments":""}},{"index":0,"id":null,"function":{"name":null,"arguments":"1}"}}]},"finish_reason":null}"#,
        r#"{"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]},"finish_reason":null}"#,
        r#"{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls","stop_reason":null}"#,
    ]));
    let whole = r#"{"object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"","reasoning":"so look","tool_calls":[{"id":"chatcmpl-tool-1","type":"function","function":{"name":"look","arguments":"{\"a\":1}"}},{"id":"chatcmpl-tool-2","type":"function","function":{"name":"go","arguments":"{}"}}]},"logprobs":null,"finish_reason":"tool_calls","stop_reason":null}]}"#;
    assert_eq!(streamed.unwrap(), body(whole).unwrap());
    let function = stream(chat(&[
        ROLE,
        r#"{"index":0,"delta":{"function_call":{"name":"f","arguments":""}},"finish_reason":null}"#,
        r#"{"index":0,"delta":{"function_call":{"arguments":"{}"}},"finish_reason":"stop"}"#,
    ]));
    assert!(function.unwrap().contains(r#""content":null,"function_call":{"name":"f","arguments":"{}"}"#));
}

#[test]
fn completions_are_put_together() {
    let chunk =
        |choices: &str| format!(r#"{{"id":"cmpl-1","object":"text_completion","created":1,"model":"m",{choices}}}"#);
    let streamed = stream(events(&[
        &chunk(
            r#""choices":[{"index":1,"text":" x","logprobs":{"tokens":[" x"],"text_offset":[0]},"finish_reason":"stop"}]"#,
        ),
        &chunk(
            r#""choices":[{"index":0,"text":" a","logprobs":{"tokens":[" a"],"text_offset":[0]},"finish_reason":null}]"#,
        ),
        &chunk(
            r#""choices":[{"index":0,"text":"b","logprobs":{"tokens":["b"],"text_offset":[2]},"finish_reason":"stop"}]"#,
        ),
    ]));
    assert_eq!(
        &*streamed.unwrap(),
        r#"{"object":"text_completion","model":"m","choices":[{"index":0,"text":" ab","logprobs":{"text_offset":[0,2],"tokens":[" a","b"]},"finish_reason":"stop"},{"index":1,"text":" x","logprobs":{"text_offset":[0],"tokens":[" x"]},"finish_reason":"stop"}]}"#
    );
}

#[test]
fn of_a_usage_in_every_chunk_the_last_counts() {
    let chunk = |choices: &str, tokens: u32| {
        format!(
            r#"{{"object":"chat.completion.chunk","model":"m","choices":[{choices}],"usage":{{"total_tokens":{tokens}}}}}"#
        )
    };
    let streamed = stream(events(&[&chunk(ROLE, 1), &chunk(STOP, 2), &chunk("", 3)])).unwrap();
    assert!(streamed.ends_with(r#""usage":{"total_tokens":3}}"#), "{streamed}");
}

#[test]
fn a_stream_may_be_framed_in_any_way() {
    let plain = chat(&[HI, STOP]);
    let expected = stream(&plain);
    assert!(expected.as_ref().unwrap().contains("hi!"));
    for framed in [
        plain.replace('\n', "\r\n"),
        plain.replace("data: ", "data:"),
        plain.replace("data: ", ": ping\ndata: "),
        plain.replace("data: ", ": ping\n\n\n\ndata: "),
        plain.replace("data: ", "event: message\nid: 7\nretry: 5\ndata: "),
        plain.replace(r#","choices""#, "\ndata: ,\ndata:  \"choices\""),
        format!("\u{feff}{plain}"),
        format!("{plain}: bye\n\n\n"),
    ] {
        assert_eq!(stream(&framed), expected, "{framed}");
    }
}

#[test]
fn a_body_may_be_written_in_any_way() {
    let plain = r#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"a  b"},"finish_reason":"stop"}],"x":{"b":[1.0,"\u0041 \" "]}}"#;
    let spaced = r#" { "x" : {"b" :[ 1.0 ,"\u0041 \" "]},
        "choices": [{ "finish_reason":"stop", "message" : {"content":"a\u0020 b", "role":"assistant"}, "index" :0 }],
        "object" : "chat.completion" } "#;
    let kept = body(plain).unwrap();
    assert_eq!(body(spaced).unwrap(), kept);
    assert!(kept.contains(r#""x":{"b":[1.0,"\u0041 \" "]}"#), "what is not understood stays as it is: {kept}");
    assert_eq!(body(&kept).unwrap(), kept);
}

// === what is not stored ===

#[test]
fn only_ends_that_a_model_chose_are_stored() {
    assert!(stream(chat(&[ROLE, &ending("\"stop\"")])).is_some());
    for reason in ["\"length\"", "\"content_filter\"", "\"abort\"", "\"error\"", "\"tool_calls\"", "\"\"", "null", "1"]
    {
        assert_eq!(stream(chat(&[ROLE, &ending(reason)])), None, "{reason}");
        let whole = r#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":REASON}]}"#;
        assert_eq!(body(&whole.replace("REASON", reason)), None, "{reason}");
        assert!(body(&whole.replace("REASON", "\"stop\"")).is_some());
    }
    let other = STOP.replace("\"index\":0", "\"index\":1");
    assert!(stream(chat(&[ROLE, STOP, &other])).is_some());
    assert_eq!(stream(chat(&[ROLE, STOP, &other.replace("\"stop\"", "\"length\"")])), None);
    assert_eq!(stream(chat(&[ROLE, HI, &other])), None, "a choice that has not ended");
    assert_eq!(stream(chat(&[&other])), None, "a choice that is missing");
    assert_eq!(stream(chat(&[])), None, "no choice");
}

#[test]
fn a_stream_that_did_not_end_is_not_stored() {
    let whole = chat(&[ROLE, HI, STOP]);
    for end in 0..whole.len() {
        assert_eq!(in_chunks("text/event-stream", &whole.as_bytes()[..end], 100), None, "cut at {end}");
    }
    assert_eq!(stream(format!("{whole}{}", chat(&[HI]))), None, "something after the end");
    assert_eq!(stream(format!("{whole}data: {{\"error\":{{}}}}\n\n")), None);
    assert_eq!(stream(format!("{whole}da")), None);
}

#[test]
fn a_failure_is_not_stored() {
    let whole = chat(&[ROLE, HI, STOP]);
    for failure in [
        "data: {\"error\":{\"message\":\"out\",\"type\":\"InternalServerError\",\"param\":null,\"code\":500}}\n\n",
        "data: {\"object\":\"error\",\"message\":\"out\"}\n\n",
        "event: error\ndata: {\"object\":\"chat.completion.chunk\",\"choices\":[]}\n\n",
        "data: not JSON\n\n",
        "data: \n\n",
        "data: {\"id\": \0\n\n",
        "data: [1]\n\n",
        "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"error\":{}}]}\n\n",
    ] {
        for at in [0, whole.find("data: [DONE]").unwrap()] {
            let mut broken = whole.clone();
            broken.insert_str(at, failure);
            assert_eq!(stream(&broken), None, "{broken}");
        }
    }
    assert_eq!(stream([whole.as_bytes(), b"data: \xff\n\n"].concat()), None);
    for broken in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"error":{"message":"no"}}"#,
        r#"{"object":"list","data":[]}"#,
        r#"{"object":"chat.completion","choices":[]}"#,
        r#"{"object":"text_completion","choices":[{"index":0,"finish_reason":"stop"}]}"#,
        r#"{"object":"chat.completion","choices":[{"index":0,"text":"a","message":{},"finish_reason":"stop"}]}"#,
        r#"{"object":"text_completion","choices":[{"index":0,"text":"a"},{"index":0,"text":"","finish_reason":"stop"}]}"#,
        r#"{"object":"chat.completion","choices":[{"index":0,"text":"a","finish_reason":"stop"}]}"#,
        r#"{"object":"text_completion","choices":[{"index":0,"message":{},"finish_reason":"stop"}]}"#,
        r#"{"object":"chat.completion","error":{},"choices":[{"index":0,"message":{},"finish_reason":"stop"}]}"#,
    ] {
        assert_eq!(body(broken), None, "{broken}");
    }
}

#[test]
fn what_could_be_put_together_in_two_ways_is_not() {
    let twice = |delta: &str| {
        chat(&[ROLE, &HI.replace("{\"content\":\"hi\"}", delta), &HI.replace("{\"content\":\"hi\"}", delta), STOP])
    };
    assert!(stream(twice(r#"{"role":"assistant","content":"x"}"#)).is_some());
    for delta in [
        r#"{"content":["x"]}"#,
        r#"{"content":"x","content":"y"}"#,
        r#"{"content":"\ud83d"}"#,
        r#"{"thought":"x"}"#,
        r#"{"annotations":[]}"#,
        r#"{"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":""}}]}"#,
        r#"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}"#,
        r#"{"tool_calls":[{"index":1,"id":"a","type":"function","function":{"arguments":""}}]}"#,
        r#"{"tool_calls":[{"index":0,"type":"function","function":{"arguments":""}}]}"#,
        r#"{"tool_calls":{}}"#,
    ] {
        assert_eq!(stream(twice(delta)), None, "{delta}");
    }
    let once = |delta: &str| chat(&[ROLE, &HI.replace("{\"content\":\"hi\"}", delta), STOP]);
    assert!(stream(once(r#"{"thought":"x"}"#)).is_some());
    for call in [
        r#"{"index":1,"id":"a","function":{"name":"f"}}"#,
        r#"{"index":0,"function":{"name":"f"}}"#,
        r#"{"index":0,"id":"a","function":{}}"#,
        r#"{"index":0,"id":"a","type":"custom","function":{"name":"f"}}"#,
    ] {
        assert_eq!(stream(once(&format!(r#"{{"tool_calls":[{call}]}}"#))), None, "{call}");
    }
    let whole = chat(&[ROLE, HI, STOP]);
    assert_eq!(stream(whole.replacen("\"m\"", "\"n\"", 1)), None, "two models");
    let other = "data: {\"object\":\"text_completion\",\"choices\":[]}\n\n";
    assert_eq!(stream(format!("{other}{whole}")), None, "two endpoints");
    for half in ["kv_transfer_params", "ec_transfer_params"] {
        let half = whole.replace(r#","choices""#, &format!(r#","{half}":{{"a":1}},"choices""#));
        assert_eq!(stream(half), None, "half of an answer");
    }
    let measured = whole.replace(r#","choices""#, r#","metrics":{"a":1},"choices""#);
    assert_eq!(stream(measured), stream(whole), "what the request took is not the answer's");
}

#[test]
fn heads_of_other_answers_begin_nothing() {
    assert!(Capture::begin(&head("application/json"), LIMIT).is_some());
    assert!(Capture::begin(&head("Text/Event-Stream ;charset=utf-8"), LIMIT).is_some());
    assert!(Capture::begin(&head("text/plain"), LIMIT).is_none());
    assert!(Capture::begin(&head("application/jsonl"), LIMIT).is_none());
    let mut encoded = head("application/json");
    encoded.insert_header("content-encoding", "gzip").unwrap();
    assert!(Capture::begin(&encoded, LIMIT).is_none());
    let mut failed = head("application/json");
    failed.set_status(500).unwrap();
    assert!(Capture::begin(&failed, LIMIT).is_none());
    assert!(Capture::begin(&ResponseHeader::build(200, None).unwrap(), LIMIT).is_none());
}

#[test]
fn no_more_is_held_than_allowed() {
    let long = chat(&[ROLE, &HI.replace("hi", &"x".repeat(LIMIT)), STOP]);
    assert_eq!(stream(&long), None);
    let many = chat(&[&[ROLE][..], &[&*HI.replace("hi", &"x".repeat(10_000)); 110], &[STOP]].concat());
    assert_eq!(in_chunks("text/event-stream", many.as_bytes(), 1000), None);
    let few = chat(&[&[ROLE][..], &[&*HI.replace("hi", "x"); 10_000], &[STOP]].concat());
    assert!(few.len() > LIMIT, "a stream may be longer than the answer that it makes");
    assert!(in_chunks("text/event-stream", few.as_bytes(), 1000).unwrap().contains(&"x".repeat(10_000)));
    let whole = format!(r#"{{"object":"text_completion","choices":[{{"index":0,"text":"{}"}}]}}"#, "x".repeat(LIMIT));
    let almost = whole.replacen(&"x".repeat(300), "", 1).replace("\"}]", "\",\"finish_reason\":\"stop\"}]");
    assert!(body(&almost).is_some());
    let mut capture = Capture::begin(&head("application/json"), LIMIT).unwrap();
    capture.pass(whole.as_bytes());
    assert!(capture.held.is_none(), "what was held is given back at once");
}

#[test]
fn no_mutation_makes_an_answer_that_was_not_whole() {
    let mut random = fastrand::Rng::with_seed(7);
    let other = STOP.replace("\"index\":0", "\"index\":1");
    let whole = chat(&[
        ROLE,
        HI,
        r#"{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}"#,
        STOP,
        &other,
    ]);
    let mut stored = 0;
    for round in 0..20_000 {
        let mut mutated = whole.clone().into_bytes();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..mutated.len());
            match random.u8(..4) {
                0 => mutated[at] = random.u8(..),
                1 => mutated[at] = *random.choice(br#"{}[]":,\n0"#).unwrap(),
                2 => drop(mutated.drain(at..at.max((at + random.usize(1..40)).min(mutated.len() - 1)))),
                _ => mutated.insert(at, random.u8(..)),
            }
        }
        let Some(answer) = in_chunks("text/event-stream", &mutated, random.usize(1..200)) else { continue };
        stored += 1;
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let choices = answer["choices"].as_array().unwrap();
        let is_whole =
            |choice: &serde_json::Value| matches!(choice["finish_reason"].as_str(), Some("stop" | "tool_calls"));
        assert!(!choices.is_empty() && choices.iter().all(is_whole), "round {round}: {answer}");
        assert!(mutated.windows(6).any(|window| window == b"[DONE]"), "round {round}: {answer}");
    }
    assert!(stored > 100, "{stored}");
}

//! `respond`: an answer that a route gives itself, in the shape that a model's server would give it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::openai::answer::Kind;
use crate::openai::replay::{self, Fresh};
use crate::openai::{error, sse};

/// A fixed answer, as a person types it and as it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Respond {
    /// 200 for an answer, 400 and above for an error.
    #[serde(default = "ok")]
    pub status: u16,
    /// What is said, or why there is no answer.
    pub content: String,
}

/// What the client asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Of which endpoint.
    pub kind: Kind,
    /// Which model; what it named itself, or what stands for none.
    pub model: &'a str,
    /// Whether as a stream.
    pub stream: bool,
    /// Whether with the usage at the stream's end.
    pub include_usage: bool,
}

/// The answer as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Its status.
    pub status: u16,
    /// Whether it is a stream of events; JSON else.
    pub is_stream: bool,
    /// Its body.
    pub body: Bytes,
}

/// OpenAI's `error.code` of these errors.
const CODE: &str = "route_response";

fn ok() -> u16 {
    200
}

// === impl Respond ===

impl Respond {
    /// What is wrong with it, if anything: a key and a message.
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        match self.status {
            200 | 400..=599 if self.content.trim().is_empty() => Some(("content", "must not be empty")),
            200 | 400..=599 => None,
            _ => Some(("status", "must be 200, or between 400 and 599 for an error")),
        }
    }

    /// The answer to what was `asked`. An error is no stream, whatever was asked for, as with vLLM.
    pub fn render(&self, asked: Asked, fresh: &Fresh) -> Rendered {
        if self.status != 200 {
            let body = error::shaped(&self.content, error::kind(self.status), None, CODE).into();
            return Rendered { status: self.status, is_stream: false, body };
        }
        let whole = self.whole(asked);
        let body = match asked.stream {
            true => replay::events(&whole, fresh, asked.include_usage),
            false => replay::json(&whole, fresh),
        };
        // It is an answer of our own making, so there is a body; a stream that says nothing would be one, too.
        let body = body.unwrap_or_else(|| sse::event(b"[DONE]").into());
        Rendered { status: self.status, is_stream: asked.stream, body }
    }

    /// The answer as a whole, without what each one that is given has of its own. It took no tokens.
    fn whole(&self, asked: Asked) -> String {
        let (object, model, content) = (asked.kind.object(), json!(asked.model), json!(self.content));
        let said = match asked.kind {
            Kind::Chat => format!(r#""message":{{"role":"assistant","content":{content}}}"#),
            Kind::Text => format!(r#""text":{content}"#),
        };
        format!(
            r#"{{"object":"{object}","model":{model},"choices":[{{"index":0,{said},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}}}"#
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const CONTENT: &str = "No.\n\"We\" do not answer that here, whatever you may say or ask, and whoever you are 😀.";

    fn rendered(kind: Kind, stream: bool, include_usage: bool) -> Rendered {
        let fresh = Fresh { id: "7".into(), created: 9 };
        let respond = Respond { status: 200, content: CONTENT.into() };
        respond.render(Asked { kind, model: "a\"b", stream, include_usage }, &fresh)
    }

    #[test]
    fn an_answer_is_whole() {
        let json = |kind| serde_json::from_slice::<Value>(&rendered(kind, false, true).body).unwrap();
        let choice = json!({
            "index": 0, "message": {"role": "assistant", "content": CONTENT}, "logprobs": null, "finish_reason": "stop"
        });
        let usage = json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0});
        assert_eq!(
            json(Kind::Chat),
            json!({"id": "chatcmpl-7", "object": "chat.completion", "created": 9, "model": "a\"b", "choices": [choice], "usage": usage})
        );
        let choice = json!({"index": 0, "text": CONTENT, "logprobs": null, "finish_reason": "stop"});
        assert_eq!(
            json(Kind::Text),
            json!({"id": "cmpl-7", "object": "text_completion", "created": 9, "model": "a\"b", "choices": [choice], "usage": usage})
        );
    }

    #[test]
    fn or_a_stream_that_says_the_same() {
        for kind in [Kind::Chat, Kind::Text] {
            for include_usage in [false, true] {
                let stream = rendered(kind, true, include_usage);
                assert!(stream.is_stream);
                let text = str::from_utf8(&stream.body).unwrap();
                let events: Vec<_> =
                    text.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").unwrap()).collect();
                let (done, chunks) = events.split_last().unwrap();
                assert_eq!(*done, "[DONE]");
                let chunks: Vec<Value> = chunks.iter().map(|chunk| serde_json::from_str(chunk).unwrap()).collect();
                let said = |chunk: &Value| match kind {
                    Kind::Chat => chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned),
                    Kind::Text => chunk["choices"][0]["text"].as_str().map(str::to_owned),
                };
                assert_eq!(chunks.iter().filter_map(said).collect::<String>(), CONTENT);
                assert!(chunks.iter().all(|chunk| chunk["object"] == kind.chunk_object() && chunk["model"] == "a\"b"));
                let usage: Vec<_> = chunks.iter().filter(|chunk| chunk.get("usage").is_some()).collect();
                assert_eq!(usage.len(), usize::from(include_usage));
                assert!(usage.iter().all(|chunk| chunk["choices"] == json!([]) && chunk["usage"]["total_tokens"] == 0));
            }
        }
    }

    #[test]
    fn an_error_is_openais_and_no_stream() {
        let fresh = Fresh { id: "7".into(), created: 9 };
        let asked = Asked { kind: Kind::Chat, model: "m", stream: true, include_usage: false };
        let rendered = Respond { status: 403, content: "no".into() }.render(asked, &fresh);
        assert_eq!((rendered.status, rendered.is_stream), (403, false));
        assert_eq!(
            serde_json::from_slice::<Value>(&rendered.body).unwrap(),
            json!({"error": {"message": "no", "type": "permission_error", "param": null, "code": "route_response"}})
        );
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        let problem = |status, content: &str| Respond { status, content: content.into() }.problem().map(|(key, _)| key);
        assert_eq!(problem(200, "x"), None);
        assert_eq!(problem(503, "x"), None);
        for status in [0, 100, 199, 201, 204, 301, 399, 600] {
            assert_eq!(problem(status, "x"), Some("status"), "{status}");
        }
        assert_eq!(problem(200, " "), Some("content"));
        assert_eq!(serde_json::from_str::<Respond>(r#"{"content":"x"}"#).unwrap().status, 200);
    }
}

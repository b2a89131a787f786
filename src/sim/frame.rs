//! Answers as vLLM writes them: whole JSON bodies, and the events of a stream.

use std::fmt::Write;

use bytes::BytesMut;

use super::ask::{Api, Usage};
use super::engine::Finish;
use super::speech::escape;

/// Writes one answer. What does not change from event to event is made once.
///
/// Writing into a [`BytesMut`] cannot fail, so the results of `write!` are dropped.
pub(super) struct Frame {
    api: Api,
    /// `"id":…,"object":…,"created":…,"model":…,"choices":[`
    opening: String,
    usage: Usage,
    prompt_tokens: usize,
    call: Option<Call>,
}

/// Who an answer is from and to.
pub(super) struct Heading<'a> {
    pub(super) api: Api,
    pub(super) stream: bool,
    /// What the id is made of.
    pub(super) base: &'a str,
    /// Seconds since 1970.
    pub(super) created: u64,
    pub(super) model: &'a str,
    pub(super) usage: Usage,
    pub(super) prompt_tokens: usize,
    /// The function that is called.
    pub(super) tool: Option<&'a str>,
}

struct Call {
    id: String,
    name: String,
}

const FINGERPRINT: &str = r#""system_fingerprint":"pointsman-sim""#;

// === impl Frame ===

impl Frame {
    pub(super) fn new(heading: &Heading<'_>) -> Self {
        let (prefix, object) = match (heading.api, heading.stream) {
            (Api::Chat, true) => ("chatcmpl", "chat.completion.chunk"),
            (Api::Chat, false) => ("chatcmpl", "chat.completion"),
            (Api::Text, _) => ("cmpl", "text_completion"),
        };
        let [base, model] = [heading.base, heading.model].map(escape);
        let created = heading.created;
        Self {
            api: heading.api,
            opening: format!(
                r#""id":"{prefix}-{base}","object":"{object}","created":{created},"model":"{model}","choices":["#
            ),
            usage: heading.usage,
            prompt_tokens: heading.prompt_tokens,
            call: heading.tool.map(|name| Call { id: format!("chatcmpl-tool-{base}"), name: escape(name) }),
        }
    }

    /// The event that opens a chat answer.
    pub(super) fn role(&self, out: &mut BytesMut, choice: usize) {
        self.open(out);
        let _ = write!(
            out,
            r#"{{"index":{choice},"delta":{{"role":"assistant","content":""}},"logprobs":null,"finish_reason":null}}]"#
        );
        self.usage_so_far(out, 0);
        out.extend_from_slice(b",\"prompt_token_ids\":null,\"prompt_text\":null}\n\n");
    }

    /// The event of one token, `said` tokens having been generated with it; the last one of a choice has its reason.
    pub(super) fn token(&self, out: &mut BytesMut, choice: usize, text: &str, finish: Option<Finish>, said: usize) {
        self.open(out);
        let _ = match (self.api, &self.call) {
            (Api::Text, _) => write!(out, r#"{{"index":{choice},"text":"{text}""#),
            (Api::Chat, None) => {
                write!(out, r#"{{"index":{choice},"delta":{{"content":"{text}"}}"#)
            }
            (Api::Chat, Some(call)) if text.is_empty() => write!(
                out,
                r#"{{"index":{choice},"delta":{{"content":null,"tool_calls":[{{"id":"{}-{choice}","type":"function","index":0,"function":{{"name":"{}"}}}}]}}"#,
                call.id, call.name
            ),
            (Api::Chat, Some(_)) => write!(
                out,
                r#"{{"index":{choice},"delta":{{"content":null,"tool_calls":[{{"index":0,"function":{{"arguments":"{text}"}}}}]}}"#
            ),
        };
        match (self.api, finish.map(Finish::name)) {
            (Api::Chat, None) => out.extend_from_slice(br#","logprobs":null,"finish_reason":null,"token_ids":null}]"#),
            (Api::Chat, Some(reason)) => self.ending(out, reason),
            (Api::Text, reason) => {
                out.extend_from_slice(br#","logprobs":null,"finish_reason":"#);
                self.reason(out, reason);
                out.extend_from_slice(br#","stop_reason":null,"prompt_token_ids":null,"token_ids":null}]"#);
            }
        }
        self.close(out, finish.is_some(), said);
    }

    /// The event after the last of a tool call's arguments.
    pub(super) fn call_end(&self, out: &mut BytesMut, choice: usize, said: usize) {
        self.open(out);
        let _ = write!(out, r#"{{"index":{choice},"delta":{{}}"#);
        self.ending(out, "tool_calls");
        self.close(out, true, said);
    }

    /// The event that tells the whole usage.
    pub(super) fn usage(&self, out: &mut BytesMut, said: usize) {
        self.open(out);
        let (prompt, total) = (self.prompt_tokens, self.prompt_tokens + said);
        let _ = write!(
            out,
            r#"],"usage":{{"prompt_tokens":{prompt},"total_tokens":{total},"completion_tokens":{said}}},{FINGERPRINT}}}"#
        );
        out.extend_from_slice(b"\n\n");
    }

    /// A whole body: the same `text` for each of `choices`.
    pub(super) fn whole(&self, out: &mut BytesMut, choices: usize, text: &str, finish: Finish, said: usize) {
        let _ = write!(out, "{{{}", self.opening);
        for choice in 0..choices {
            if choice > 0 {
                out.extend_from_slice(b",");
            }
            self.whole_choice(out, choice, text, finish);
        }
        let (prompt, total) = (self.prompt_tokens, self.prompt_tokens + said);
        let _ = write!(
            out,
            r#"],"service_tier":null,{FINGERPRINT},"usage":{{"prompt_tokens":{prompt},"total_tokens":{total},"completion_tokens":{said},"prompt_tokens_details":null,"completion_tokens_details":null}},"#
        );
        out.extend_from_slice(match self.api {
            Api::Chat => br#""prompt_logprobs":null,"prompt_token_ids":null,"prompt_text":null,"#,
            Api::Text => b"".as_slice(),
        });
        out.extend_from_slice(br#""kv_transfer_params":null,"ec_transfer_params":null,"metrics":null}"#);
    }

    fn whole_choice(&self, out: &mut BytesMut, choice: usize, text: &str, finish: Finish) {
        let _ = write!(out, r#"{{"index":{choice},"#);
        let mut reason = finish.name();
        let _ = match (self.api, &self.call) {
            (Api::Text, _) => write!(out, r#""text":"{text}""#),
            (Api::Chat, None) => write!(
                out,
                r#""message":{{"role":"assistant","content":"{text}","refusal":null,"annotations":null,"audio":null,"function_call":null,"reasoning":null}}"#
            ),
            (Api::Chat, Some(call)) => {
                reason = if text.is_empty() { reason } else { "tool_calls" };
                write!(
                    out,
                    r#""message":{{"role":"assistant","content":null,"refusal":null,"annotations":null,"audio":null,"function_call":null,"tool_calls":[{{"id":"{}-{choice}","type":"function","function":{{"name":"{}","arguments":"{text}"}}}}],"reasoning":null}}"#,
                    call.id, call.name
                )
            }
        };
        let _ = write!(out, r#","logprobs":null,"finish_reason":"{reason}","stop_reason":null,"token_ids":null,"#);
        out.extend_from_slice(match self.api {
            Api::Chat => br#""routed_experts":null}"#,
            Api::Text => br#""prompt_logprobs":null,"prompt_token_ids":null,"routed_experts":null}"#.as_slice(),
        });
    }

    fn open(&self, out: &mut BytesMut) {
        out.extend_from_slice(b"data: {");
        out.extend_from_slice(self.opening.as_bytes());
    }

    fn ending(&self, out: &mut BytesMut, reason: &str) {
        let _ = write!(out, r#","logprobs":null,"finish_reason":"{reason}","stop_reason":null,"token_ids":null}}]"#);
    }

    fn reason(&self, out: &mut BytesMut, reason: Option<&str>) {
        let _ = match reason {
            Some(reason) => write!(out, "\"{reason}\""),
            None => out.write_str("null"),
        };
    }

    fn close(&self, out: &mut BytesMut, last: bool, said: usize) {
        self.usage_so_far(out, said);
        // vLLM puts its fingerprint on the last event of all: the usage's, where there is one.
        if last && self.usage == Usage::Never && self.api == Api::Chat {
            let _ = write!(out, ",{FINGERPRINT}");
        }
        out.extend_from_slice(b"}\n\n");
    }

    fn usage_so_far(&self, out: &mut BytesMut, said: usize) {
        if self.usage == Usage::Always {
            let (prompt, total) = (self.prompt_tokens, self.prompt_tokens + said);
            let _ = write!(
                out,
                r#","usage":{{"prompt_tokens":{prompt},"total_tokens":{total},"completion_tokens":{said},"completion_tokens_details":null}}"#
            );
        }
    }
}

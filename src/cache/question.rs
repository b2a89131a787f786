//! What is asked, as the cache sees it: the text that may be said in other words, and all that may not differ.

use serde_json::{Map, Number, Value};
use sha2::{Digest, Sha256};

use super::Scope;

/// A request's question and everything around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What the user said last, or a completion's prompt; empty where it cannot be told apart from the rest.
    pub text: String,
    /// Why no other text may hit; none where one of the same meaning may.
    pub exact_only: Option<ExactOnly>,
    /// Whether a temperature above 0 was asked for.
    pub is_sampled: bool,
    /// Whether the answer was asked for as a stream.
    pub stream: bool,
    /// Whether a stream is to end with the tokens used.
    pub include_usage: bool,
    /// The hash of everything but the text.
    rest: [u8; 32],
}

/// Why only the same text may hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExactOnly {
    /// There is no text, or it does not stand alone.
    NoText,
    /// The messages hold more than text.
    Parts,
    /// Tools were called in the conversation.
    ToolsCalled,
    /// The user's text is not the last word.
    NotLast,
    /// Several answers are asked for, or more of one than its text.
    MoreThanText,
}

/// Where an answer comes from and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Whose question it is.
    pub tenant: &'a str,
    /// The route, or what stands in its place.
    pub route: &'a str,
    /// The model that answers; never an alias.
    pub model: &'a str,
    /// What embeds, and how exactly.
    pub embedder: &'a str,
    /// What the route does to the question; none where nothing.
    pub actions: Option<u64>,
}

/// The endpoints whose answers are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `/v1/chat/completions`
    Chat,
    /// `/v1/completions`
    Completion,
}

/// What does not change an answer. The model is left out for what really answers.
const LEFT_OUT: [&str; 8] =
    ["model", "stream", "stream_options", "user", "metadata", "priority", "request_id", "service_tier"];

/// The form that scopes are computed in: answers of another never hit.
const FORM: &str = "pointsman-scope-1";

/// Whole numbers up to here are the same in JSON and in a double.
const EXACT: f64 = 9_007_199_254_740_992.0;

// === impl ExactOnly ===

impl ExactOnly {
    /// Its name where a lookup is explained.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoText => "no-text",
            Self::Parts => "more-than-text",
            Self::ToolsCalled => "tools-called",
            Self::NotLast => "not-the-last-message",
            Self::MoreThanText => "several-choices-or-probabilities",
        }
    }
}

// === impl Question ===

impl Question {
    /// Reads the body of a request. None where two different bodies could not be told apart: no answer of such a request
    /// is kept.
    pub fn read(kind: Kind, body: &[u8]) -> Option<Self> {
        let mut body: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let stream = body.get("stream") == Some(&Value::Bool(true));
        let include_usage = body.get("stream_options").and_then(|options| options.get("include_usage"));
        let include_usage = include_usage == Some(&Value::Bool(true));
        LEFT_OUT.iter().for_each(|key| drop(body.remove(*key)));
        let is_sampled = is_sampled(&body);
        let mut exact_only = wants_more_than_text(&body).then_some(ExactOnly::MoreThanText);
        let taken = match kind {
            Kind::Chat => take_last_words(&mut body).unwrap_or_else(|why| {
                exact_only.get_or_insert(why);
                None
            }),
            Kind::Completion => take_prompt(&mut body),
        };
        if let Some(Value::Array(messages)) = body.get("messages") {
            let why = messages.iter().find_map(exact_only_for);
            exact_only = exact_only.or(why).or_else(|| not_last(messages, taken.as_ref()));
        }
        let (text, at) = taken.unwrap_or_default();
        if text.trim().is_empty() {
            exact_only.get_or_insert(ExactOnly::NoText);
        }
        let mut canonical = format!("{kind:?}\n{at:?}\n").into_bytes();
        write_object(&body, &mut canonical)?;
        let rest = Sha256::digest(&canonical).into();
        Some(Self { text, exact_only, is_sampled, stream, include_usage, rest })
    }

    /// The same, answered as its `written` body has it, where that is another than the client's.
    pub fn answered_as(mut self, written: Option<&[u8]>) -> Self {
        if let Some(body) = written.and_then(|body| serde_json::from_slice(body).ok()) {
            self.is_sampled = is_sampled(&body);
            if wants_more_than_text(&body) {
                self.exact_only.get_or_insert(ExactOnly::MoreThanText);
            }
        }
        self
    }

    /// What the answer may be served in.
    pub fn scope(&self, place: Place) -> Scope {
        let mut hash = Sha256::new();
        for part in [FORM, place.tenant, place.route, place.model, place.embedder] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        if let Some(actions) = place.actions {
            hash.update(actions.to_le_bytes());
        }
        Scope::from_bytes(hash.chain_update(self.rest).finalize().into())
    }
}

/// Whether a temperature above 0 is asked for.
fn is_sampled(body: &Map<String, Value>) -> bool {
    body.get("temperature").and_then(Value::as_f64).is_some_and(|temperature| temperature > 0.0)
}

/// Several choices, or probabilities: an answer that is more than the text of one.
fn wants_more_than_text(body: &Map<String, Value>) -> bool {
    let is_set = |key: &str| body.get(key).is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)));
    let several = |key: &str| body.get(key).is_some_and(|value| !value.is_null() && value.as_u64() != Some(1));
    several("n")
        || several("best_of")
        || ["logprobs", "top_logprobs", "prompt_logprobs", "echo", "use_beam_search"].into_iter().any(is_set)
}

/// A completion's prompt, which leaves `null`.
fn take_prompt(body: &mut Map<String, Value>) -> Option<(String, Option<usize>)> {
    match body.get_mut("prompt")?.take() {
        Value::String(text) => Some((text, Some(0))),
        other => {
            body.insert("prompt".into(), other);
            None
        }
    }
}

/// The text of the last message of a user, which leaves `null`, and the message's place.
fn take_last_words(body: &mut Map<String, Value>) -> Result<Option<(String, Option<usize>)>, ExactOnly> {
    let Some(Value::Array(messages)) = body.get_mut("messages") else { return Ok(None) };
    let is_user = |message: &Value| message.get("role").and_then(Value::as_str) == Some("user");
    let Some(at) = messages.iter().rposition(is_user) else { return Ok(None) };
    let Some(content) = messages[at].get_mut("content") else { return Ok(None) };
    let text = match &*content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().map(text_alone).collect::<Option<Vec<_>>>().ok_or(ExactOnly::Parts)?.join("\n")
        }
        _ => return Ok(None),
    };
    *content = Value::Null;
    Ok(Some((text, Some(at))))
}

/// The text of a part that is nothing else.
fn text_alone(part: &Value) -> Option<&str> {
    let part = part.as_object().filter(|part| part.len() == 2)?;
    let text = part.get("text")?.as_str()?;
    (part.get("type")?.as_str()? == "text").then_some(text)
}

/// Whether a message is of the kind that only the same text may follow.
fn exact_only_for(message: &Value) -> Option<ExactOnly> {
    let is_set =
        |key: &str| message.get(key).is_some_and(|value| !value.is_null() && value.as_array() != Some(&vec![]));
    if matches!(message.get("role").and_then(Value::as_str), Some("tool" | "function"))
        || is_set("tool_calls")
        || is_set("function_call")
    {
        return Some(ExactOnly::ToolsCalled);
    }
    let parts = message.get("content").and_then(Value::as_array)?;
    parts.iter().any(|part| text_alone(part).is_none()).then_some(ExactOnly::Parts)
}

fn not_last(messages: &[Value], taken: Option<&(String, Option<usize>)>) -> Option<ExactOnly> {
    let (_, at) = taken?;
    (*at != messages.len().checked_sub(1)).then_some(ExactOnly::NotLast)
}

/// Writes JSON in one form for one meaning: keys sorted, no white space. None where a number is not exact.
fn write(value: &Value, out: &mut Vec<u8>) -> Option<()> {
    match value {
        Value::Object(object) => write_object(object, out),
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                write(item, out)?;
                out.push(b',');
            }
            out.push(b']');
            Some(())
        }
        Value::Number(number) => write_number(number, out),
        other => serde_json::to_writer(out, other).ok(),
    }
}

fn write_object(object: &Map<String, Value>, out: &mut Vec<u8>) -> Option<()> {
    let mut entries: Vec<_> = object.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    out.push(b'{');
    for (key, value) in entries {
        serde_json::to_writer(&mut *out, key).ok()?;
        out.push(b':');
        write(value, out)?;
        out.push(b',');
    }
    out.push(b'}');
    Some(())
}

/// 0 and 0.0 are one number. What a double cannot hold came out rounded.
fn write_number(number: &Number, out: &mut Vec<u8>) -> Option<()> {
    if !number.is_f64() {
        return serde_json::to_writer(out, number).ok();
    }
    let float = number.as_f64().filter(|float| float.abs() < EXACT)?;
    match float.fract() == 0.0 {
        true => serde_json::to_writer(out, &(float as i64)).ok(),
        false => serde_json::to_writer(out, &float).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place { tenant: "t", route: "r", model: "m", embedder: "e", actions: None };

    fn chat(body: &str) -> Question {
        Question::read(Kind::Chat, body.as_bytes()).unwrap()
    }

    fn scope(body: &str) -> Scope {
        chat(body).scope(PLACE)
    }

    /// A chat of one message, with further keys.
    fn asked(text: &str, more: &str) -> String {
        format!(
            r#"{{"model":"auto","messages":[{{"role":"system","content":"s"}},{{"role":"user","content":"{text}"}}]{more}}}"#
        )
    }

    #[test]
    fn the_text_and_what_changes_no_answer_are_not_in_the_scope() {
        let same = scope(&asked("a", ""));
        assert_eq!(scope(&asked("b", "")), same);
        let more = r#", "stream":true,"stream_options":{"include_usage":true},"user":"u","metadata":{"a":"b"},
                      "priority":1,"request_id":"x","service_tier":"auto""#;
        assert_eq!(scope(&asked("a", more)), same);
        let parts = r#"{"messages":[{"content":"s","role":"system"},
                        {"role":"user","content":[{"type":"text","text":"a"}]}],"model":"other"}"#;
        assert_eq!(scope(parts), same);
        assert_eq!(chat(parts).text, "a");
    }

    #[test]
    fn everything_else_is() {
        let bodies = [
            asked("a", ""),
            asked("a", r#","temperature":0"#),
            asked("a", r#","temperature":0.5"#),
            asked("a", r#","seed":1"#),
            asked("a", r#","max_tokens":10"#),
            asked("a", r#","tools":[{"type":"function","function":{"name":"f"}}]"#),
            asked("a", r#","response_format":{"type":"json_object"}"#),
            asked("a", r#","chat_template_kwargs":{"enable_thinking":false}"#),
            asked("a", r#","stop":["x","y"]"#),
            asked("a", r#","stop":["xy"]"#),
            r#"{"messages":[{"role":"user","content":"a"}]}"#.into(),
            r#"{"messages":[{"role":"system","content":"S"},{"role":"user","content":"a"}]}"#.into(),
            r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"s"}]}"#.into(),
            r#"{"messages":[{"role":"user","content":null},{"role":"assistant","content":"s"}]}"#.into(),
            r#"{"messages":[{"role":"user","content":"a","name":"n"}]}"#.into(),
        ];
        for (at, body) in bodies.iter().enumerate() {
            for other in &bodies[..at] {
                assert_ne!(scope(body), scope(other), "{body}\n{other}");
            }
        }
        let question = chat(&bodies[0]);
        for other in [
            Place { tenant: "x", ..PLACE },
            Place { route: "x", ..PLACE },
            Place { model: "x", ..PLACE },
            Place { embedder: "x", ..PLACE },
            Place { actions: Some(0), ..PLACE },
            Place { tenant: "tr", route: "", ..PLACE },
        ] {
            assert_ne!(question.scope(other), question.scope(PLACE), "{other:?}");
        }
    }

    #[test]
    fn the_order_of_keys_and_the_form_of_numbers_do_not_matter() {
        let one = scope(&asked("a", r#","temperature":0.0,"logit_bias":{"1":2,"3":-4}"#));
        let other = scope(&asked("a", r#","logit_bias":{"3":-4.0,"1":2},"temperature":0"#));
        assert_eq!(one, other);
    }

    #[test]
    fn numbers_that_were_rounded_are_not_kept() {
        let read = |number: &str| Question::read(Kind::Chat, asked("a", &format!(r#","seed":{number}"#)).as_bytes());
        assert!(read("18446744073709551615").is_some());
        assert!(read("18446744073709551616").is_none() && read("1e300").is_none() && read("1e999").is_none());
    }

    #[test]
    fn what_may_hit_by_meaning() {
        let why = |body: &str| chat(body).exact_only;
        assert_eq!(why(&asked("a", "")), None);
        assert_eq!(why(&asked("a", r#","n":1,"logprobs":false,"tools":[]"#)), None);
        for more in [r#","n":2"#, r#","logprobs":true"#, r#","top_logprobs":0"#, r#","prompt_logprobs":1"#] {
            assert_eq!(why(&asked("a", more)), Some(ExactOnly::MoreThanText), "{more}");
        }
        let messages = |messages: &str| why(&format!(r#"{{"messages":[{messages}]}}"#));
        let user = r#"{"role":"user","content":"a"}"#;
        assert_eq!(messages(&format!(r#"{user},{{"role":"assistant","content":"b"}},{user}"#)), None);
        assert_eq!(messages(&format!(r#"{user},{{"role":"assistant","content":"b"}}"#)), Some(ExactOnly::NotLast));
        assert_eq!(messages(&format!(r#"{{"role":"tool","content":"b"}},{user}"#)), Some(ExactOnly::ToolsCalled));
        let called = r#"{"role":"assistant","content":null,"tool_calls":[{"id":"1"}]}"#;
        assert_eq!(messages(&format!("{user},{called},{user}")), Some(ExactOnly::ToolsCalled));
        let image = r#"{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{}}]}"#;
        assert_eq!(messages(image), Some(ExactOnly::Parts));
        assert_eq!(messages(&format!("{image},{user}")), Some(ExactOnly::Parts));
        assert_eq!(messages(r#"{"role":"user","content":" "}"#), Some(ExactOnly::NoText));
        assert_eq!(messages(r#"{"role":"system","content":"a"}"#), Some(ExactOnly::NoText));
    }

    #[test]
    fn what_cannot_be_told_apart_stays_in_the_scope() {
        let image = |url: &str| {
            let part = format!(r#"{{"type":"image_url","image_url":{{"url":"{url}"}}}}"#);
            scope(&format!(r#"{{"messages":[{{"role":"user","content":[{{"type":"text","text":"a"}},{part}]}}]}}"#))
        };
        assert_ne!(image("x"), image("y"));
        let completion = |prompt: &str| {
            let question = Question::read(Kind::Completion, format!(r#"{{"prompt":{prompt}}}"#).as_bytes()).unwrap();
            (question.scope(PLACE), question.exact_only)
        };
        assert_eq!(completion(r#""a""#), completion(r#""b""#));
        assert_eq!(completion(r#""a""#).1, None);
        assert_ne!(completion("[1,2]").0, completion("[1,3]").0);
        assert_ne!(completion(r#"["a"]"#).0, completion(r#"["b"]"#).0);
        assert_eq!(completion("[1,2]").1, Some(ExactOnly::NoText));
    }

    #[test]
    fn how_the_answer_is_wanted_is_read() {
        let question = chat(&asked("a", r#","stream":true,"stream_options":{"include_usage":true},"temperature":0.7"#));
        assert!(question.stream && question.include_usage && question.is_sampled);
        let question = chat(&asked("a", r#","temperature":0"#));
        assert!(!question.stream && !question.include_usage && !question.is_sampled);
    }
}

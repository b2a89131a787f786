//! What was asked: a request's JSON, read once, and rewritten without touching what the router does not understand.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::conversation::Beginning;
use super::edit::{Place, edited};
use super::endpoint::Endpoint;
use super::json::{BODY, Shape, elements, model_name, object, present, string, text};
use super::thread::Thread;
use crate::failure::Failure;

/// A parsed request. It keeps the body, of which it knows where the model stands.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What it was sent to.
    pub endpoint: Endpoint,
    /// The model that the client named; none where the router is to choose.
    pub model: Option<String>,
    /// The last user message's text, or a completion's prompt; none where there is no text to route by.
    pub text: Option<String>,
    /// Whether the answer was asked for as a stream.
    pub stream: bool,
    /// The most tokens that its answer may have, where it says so.
    pub max_tokens: Option<u64>,
    /// What tells its conversation from others.
    pub conversation: u64,
    /// What its users have said so far, to know a conversation again; nothing in a completion.
    pub thread: Thread,
    body: Bytes,
    model_place: Place,
    priority_place: Place,
}

/// About so many bytes of a body are one token.
const BYTES_PER_TOKEN: usize = 4;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    model: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    priority: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    stream: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    max_tokens: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    max_completion_tokens: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    messages: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    prompt: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    role: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, default, rename = "type", deserialize_with = "present")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    text: Option<&'a RawValue>,
}

// === impl Prompt ===

impl Prompt {
    /// Reads the body of a request to `endpoint`.
    ///
    /// Refused is what the router reads and cannot: broken JSON, keys given twice, values of the wrong type. All else
    /// is for the model's server to judge.
    pub fn parse(endpoint: Endpoint, body: Bytes) -> Result<Self, Failure> {
        let whole = text(&body)?;
        let read: Body = object(whole, BODY)?;
        let (mut beginning, mut thread) = (Beginning::default(), Thread::default());
        let text = match endpoint {
            Endpoint::Completions => {
                read.prompt.iter().for_each(|prompt| beginning.take(prompt, true));
                read.prompt.map_or(Ok(None), completion_text)?
            }
            _ => chat_text(read.messages, &mut beginning, &mut thread)?,
        };
        let prompt = Self {
            endpoint,
            model: read.model.map_or(Ok(None), model_name)?,
            text: text.filter(|text| !text.trim().is_empty()),
            stream: read.stream.is_some_and(|value| value.get() == "true"),
            max_tokens: read.max_completion_tokens.and_then(number).or(read.max_tokens.and_then(number)),
            conversation: beginning.hash(),
            thread,
            model_place: Place::of(whole, read.model),
            priority_place: Place::of(whole, read.priority),
            body: Bytes::new(),
        };
        Ok(Self { body, ..prompt })
    }

    /// The body as it came.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// About how many tokens it has: a guess by its size that keeps long prompts apart from short ones.
    pub fn tokens(&self) -> usize {
        self.body.len() / BYTES_PER_TOKEN
    }

    /// The body that names `model` and, where one is given, this `priority` in place of the client's own. In everything
    /// else it is the client's byte for byte.
    pub fn body_for(&self, model: &str, priority: Option<i32>) -> Bytes {
        let mut values = Vec::new();
        if self.model.as_deref() != Some(model) {
            values.push((&self.model_place, "model", serde_json::Value::from(model).to_string()));
        }
        values.extend(priority.map(|priority| (&self.priority_place, "priority", priority.to_string())));
        let values: Vec<_> = values.iter().map(|(place, key, value)| (*place, *key, &**value)).collect();
        match str::from_utf8(&self.body) {
            Ok(whole) if !values.is_empty() => edited(whole, &values).into(),
            _ => self.body.clone(),
        }
    }
}

/// The last user message's text.
fn chat_text(
    messages: Option<&RawValue>,
    beginning: &mut Beginning,
    thread: &mut Thread,
) -> Result<Option<String>, Failure> {
    let Some(messages) = messages.filter(|value| Shape::of(value) == Shape::Array) else {
        return Err(Failure::invalid("messages", "messages must be an array of messages"));
    };
    let (mut count, mut last) = (0usize, None);
    elements(messages.get(), "messages", |element| {
        let what = format!("messages[{count}]");
        count += 1;
        let message: Message = object(element.get(), &what)?;
        let text = content_text(message.content, &what)?;
        let role = role(message.role, &what)?;
        let is_user = role == "user";
        beginning.take(element, is_user);
        thread.take(&role, text.as_deref().unwrap_or_default().as_bytes());
        if is_user {
            last = text;
        }
        Ok(())
    })?;
    if count == 0 {
        return Err(Failure::invalid("messages", "messages must not be empty"));
    }
    Ok(last)
}

/// Who says a message; empty where it does not say.
fn role(role: Option<&RawValue>, what: &str) -> Result<String, Failure> {
    match role {
        None => Ok(String::new()),
        Some(role) if Shape::of(role) == Shape::String => string(role, "messages"),
        Some(_) => Err(Failure::invalid("messages", format!("{what}.role must be a string"))),
    }
}

/// A message's text: a string, or the text parts of an array, a line each as vLLM joins them.
pub(crate) fn content_text(content: Option<&RawValue>, what: &str) -> Result<Option<String>, Failure> {
    let Some(content) = content else { return Ok(None) };
    match Shape::of(content) {
        Shape::Null => Ok(None),
        Shape::String => string(content, "messages").map(Some),
        Shape::Array => {
            let mut texts = Vec::new();
            let what = format!("{what}.content");
            elements(content.get(), &what, |part| {
                texts.extend(part_text(part, &what)?);
                Ok(())
            })?;
            Ok((!texts.is_empty()).then(|| texts.join("\n")))
        }
        _ => Err(Failure::invalid("messages", format!("{what}.content must be a string or an array of parts"))),
    }
}

fn part_text(part: &RawValue, what: &str) -> Result<Option<String>, Failure> {
    match Shape::of(part) {
        Shape::String => return string(part, "messages").map(Some),
        Shape::Object => {}
        _ => return Err(Failure::invalid("messages", format!("{what} must hold objects"))),
    }
    let part: Part = object(part.get(), &format!("a part of {what}"))?;
    match part.text.filter(|text| is_text(part.kind) && Shape::of(text) == Shape::String) {
        Some(text) => string(text, "messages").map(Some),
        None => Ok(None),
    }
}

/// Whether the model's server reads a part of this type as text; compared after unescaping, as it does.
fn is_text(kind: Option<&RawValue>) -> bool {
    match kind.filter(|kind| Shape::of(kind) != Shape::Null) {
        None => true,
        Some(kind) => serde_json::from_str::<String>(kind.get())
            .is_ok_and(|kind| matches!(&*kind, "text" | "input_text" | "output_text")),
    }
}

/// A count; what is none is for the model's server to judge.
fn number(value: &RawValue) -> Option<u64> {
    value.get().parse().ok()
}

/// A completion's prompt: a string or the first of several. Token ids hold no text.
fn completion_text(prompt: &RawValue) -> Result<Option<String>, Failure> {
    match Shape::of(prompt) {
        Shape::Null => Ok(None),
        Shape::String => string(prompt, "prompt").map(Some),
        Shape::Array => {
            let mut first = None;
            elements(prompt.get(), "prompt", |element| {
                first.get_or_insert(element);
                Ok(())
            })?;
            first.filter(|value| Shape::of(value) == Shape::String).map(|value| string(value, "prompt")).transpose()
        }
        _ => Err(Failure::invalid("prompt", "prompt must be a string or an array")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Reason;

    fn chat(body: &str) -> Result<Prompt, Failure> {
        Prompt::parse(Endpoint::Chat, Bytes::copy_from_slice(body.as_bytes()))
    }

    fn completion(body: &str) -> Result<Prompt, Failure> {
        Prompt::parse(Endpoint::Completions, Bytes::copy_from_slice(body.as_bytes()))
    }

    fn text_of(messages: &str) -> Option<String> {
        chat(&format!(r#"{{"messages": {messages}}}"#)).unwrap().text
    }

    #[test]
    fn the_routed_text_is_the_last_user_messages() {
        let text = text_of(
            r#"[{"role":"system","content":"s"},{"role":"user","content":"first"},
                {"role":"assistant","content":null},{"role":"user","content":"l\u00e1st"},{"role":"tool","content":"t"}]"#,
        );
        assert_eq!(text.as_deref(), Some("lást"));
        let parts = r#"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"x"}},
                        {"type":"text","text":"b"}]}]"#;
        assert_eq!(text_of(parts).as_deref(), Some("a\nb"));
        assert_eq!(text_of(r#"[{"role":"user","content":[{"type":"t\u0065xt","text":"a"}]}]"#).as_deref(), Some("a"));
        assert_eq!(text_of(r#"[{"role":"user","content":[{"type":"other","text":"a"}]}]"#), None);
        assert_eq!(text_of(r#"[{"role":"user","content":" \n"}]"#), None);
        assert_eq!(text_of(r#"[{"role":"assistant","content":"x"}]"#), None);
    }

    #[test]
    fn completions_route_by_the_first_string() {
        assert_eq!(completion(r#"{"prompt":"a"}"#).unwrap().text.as_deref(), Some("a"));
        assert_eq!(completion(r#"{"prompt":["a","b"]}"#).unwrap().text.as_deref(), Some("a"));
        assert_eq!(completion(r#"{"prompt":[1,2,3]}"#).unwrap().text, None);
        assert_eq!(completion(r#"{"prompt":[[1],[2]]}"#).unwrap().text, None);
        assert_eq!(completion(r#"{"prompt_embeds":"x"}"#).unwrap().text, None);
        assert!(completion(r#"{"prompt":7}"#).is_err());
    }

    #[test]
    fn only_the_model_changes() {
        let naming = |body: &str| String::from_utf8(chat(body).unwrap().body_for("m/\"1", None).to_vec()).unwrap();
        assert_eq!(
            naming(r#" {"x" : 1.0e0, "model" :  "auto" , "messages":[{"role":"user","content":"\u0041"}]}"#),
            r#" {"x" : 1.0e0, "model" :  "m/\"1" , "messages":[{"role":"user","content":"\u0041"}]}"#
        );
        assert_eq!(naming(r#"{"model":null,"messages":[{}]}"#), r#"{"model":"m/\"1","messages":[{}]}"#);
        assert_eq!(naming(r#"{ "messages":[{}]}"#), r#"{"model":"m/\"1", "messages":[{}]}"#);
        assert_eq!(&completion("{ }").unwrap().body_for("m", None)[..], br#"{"model":"m" }"#);
    }

    #[test]
    fn a_priority_replaces_the_clients_own_and_nothing_else() {
        let with = |body: &str| String::from_utf8(completion(body).unwrap().body_for("m", Some(-3)).to_vec()).unwrap();
        assert_eq!(with(r#"{"x":1.0e0, "priority" : 7, "model":"n"}"#), r#"{"x":1.0e0, "priority" : -3, "model":"m"}"#);
        assert_eq!(with(r#"{"model":"m","x":1}"#), r#"{"priority":-3,"model":"m","x":1}"#);
        assert_eq!(with(r#"{"priority":1}"#), r#"{"model":"m","priority":-3}"#);
        assert_eq!(with("{ }"), r#"{"model":"m","priority":-3 }"#);
    }

    #[test]
    fn a_conversation_is_known_by_its_beginning() {
        let key = |messages: &str| chat(&format!(r#"{{"model":"m","messages":[{messages}]}}"#)).unwrap().conversation;
        let (system, first) = (r#"{"role":"system","content":"s"}"#, r#"{"role":"user","content":"a"}"#);
        let begun = key(&format!("{system},{first}"));
        let later = r#"{"role":"assistant","content":"b"},{"role":"user","content":"c"}"#;
        assert_eq!(key(&format!("{system},{first},{later}")), begun);
        for other in [first.to_owned(), format!("{system},{later}"), format!("{first},{system}")] {
            assert_ne!(key(&other), begun, "{other}");
        }
        let long = |end: &str| key(&format!(r#"{{"role":"user","content":"{}{end}"}}"#, "x".repeat(5000)));
        assert_eq!(long("1"), long("2"));
        let of = |prompt: &str| completion(&format!(r#"{{"prompt":"{prompt}"}}"#)).unwrap().conversation;
        assert_eq!(of("a"), of("a"));
        assert_ne!(of("a"), of("b"));
    }

    #[test]
    fn a_body_that_names_the_model_already_is_not_copied() {
        let body = Bytes::from_static(br#"{"mod\u0065l":"m","messages":[{}]}"#);
        let prompt = Prompt::parse(Endpoint::Chat, body.clone()).unwrap();
        assert_eq!(prompt.model.as_deref(), Some("m"));
        assert_eq!(prompt.body_for("m", None).as_ptr(), body.as_ptr());
        assert_eq!(&prompt.body_for("n", None)[..], br#"{"mod\u0065l":"n","messages":[{}]}"#);
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_reason() {
        let reason = |body: &str| chat(body).unwrap_err().reason;
        assert_eq!(reason("{"), Reason::InvalidJson);
        assert_eq!(reason("[]"), Reason::InvalidRequest);
        assert_eq!(reason("{}"), Reason::InvalidRequest);
        for messages in ["[]", "{}", "null", "\"x\"", "[1]", "[[]]", r#"[{"content":1}]"#, r#"[{"role":1}]"#] {
            assert_eq!(reason(&format!(r#"{{"messages":{messages}}}"#)), Reason::InvalidRequest, "{messages}");
        }
        assert_eq!(reason(r#"{"model":1,"messages":[{}]}"#), Reason::InvalidRequest);
        assert_eq!(
            reason(&format!(r#"{{"messages":[{{}}],"x":{}1{}}}"#, "[".repeat(9999), "]".repeat(9999))),
            Reason::InvalidJson
        );
        assert_eq!(reason(r#"{"messages":[{}]} x"#), Reason::InvalidJson);
    }

    #[test]
    fn keys_that_are_read_may_not_occur_twice() {
        for body in [
            r#"{"model":"a","mod\u0065l":"b","messages":[{}]}"#,
            r#"{"priority":1,"pri\u006frity":2,"messages":[{}]}"#,
            r#"{"messages":[{}],"messages":[{}]}"#,
            r#"{"messages":[{"role":"user","role":"system"}]}"#,
            r#"{"messages":[{"role":"user","content":"a","content":"b"},{"role":"user","content":"c"}]}"#,
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a","text":"b"}]}]}"#,
        ] {
            assert_eq!(chat(body).unwrap_err().reason, Reason::DuplicateKey, "{body}");
        }
        assert!(chat(r#"{"seed":1,"seed":2,"messages":[{}]}"#).is_ok());
    }
}

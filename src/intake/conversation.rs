//! What tells conversations apart, so that each can stay where its beginning is cached.

use std::hash::{DefaultHasher, Hasher};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::{BODY, Shape, elements, object, present, text};

/// Of each message at its beginning, so many bytes count.
const BEGINNING: usize = 4096;

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    messages: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    prompt: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    role: Option<String>,
}

/// A hash of what all turns of the conversation in `body` begin with: the messages up to the first user's, or a
/// completion's prompt. It is the same in every process of this version.
pub fn conversation(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut take = |part: &RawValue| hasher.write(&part.get().as_bytes()[..part.get().len().min(BEGINNING)]);
    // A body that cannot be read was refused before.
    if let Ok(Body { messages, prompt }) = text(body).and_then(|whole| object::<Body>(whole, BODY)) {
        prompt.into_iter().for_each(&mut take);
        let mut begun = false;
        let message = |message: &RawValue| {
            if !begun {
                take(message);
                begun = object::<Message>(message.get(), "a message").is_ok_and(|m| m.role.as_deref() == Some("user"));
            }
            Ok(())
        };
        if let Some(messages) = messages.filter(|value| Shape::of(value) == Shape::Array) {
            let _ = elements(messages.get(), "messages", message);
        }
    }
    hasher.finish()
}

/// The same for a conversation that the client names.
pub fn named_conversation(name: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(name);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_known_by_its_beginning() {
        let key = |messages: &str| conversation(format!(r#"{{"model":"m","messages":[{messages}]}}"#).as_bytes());
        let (system, first) = (r#"{"role":"system","content":"s"}"#, r#"{"role":"user","content":"a"}"#);
        let begun = key(&format!("{system},{first}"));
        let later = r#"{"role":"assistant","content":"b"},{"role":"user","content":"c"}"#;
        assert_eq!(key(&format!("{system},{first},{later}")), begun);
        for other in [first.to_owned(), format!("{system},{later}"), format!("{first},{system}")] {
            assert_ne!(key(&other), begun, "{other}");
        }
        let long = |end: &str| key(&format!(r#"{{"role":"user","content":"{}{end}"}}"#, "x".repeat(5000)));
        assert_eq!(long("1"), long("2"));
        let completion = |prompt: &str| conversation(format!(r#"{{"prompt":"{prompt}"}}"#).as_bytes());
        assert_eq!(completion("a"), completion("a"));
        assert_ne!(completion("a"), completion("b"));
    }
}

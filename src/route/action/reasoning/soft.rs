//! Qwen3's words for users, `/think` and `/no_think`: in what users say, or in the system prompt.
//!
//! As Qwen has it, the model goes by the latest of them in the conversation, as long as its template has `enable_thinking`;
//! without, they do nothing. So a route that forces a model to think has the last word where a `/no_think` stands in its way.
//! It says so after what was said, and takes nothing out: the words may be what the question is about.

use serde_json::value::RawValue;

use super::super::message::{Around, Message};
use crate::failure::Failure;
use crate::intake::Draft;
use crate::intake::edit::spliced;

const THINK: &str = "/think";

const NO_THINK: &str = "/no_think";

/// Whether the latest of the words in a chat has the model think; none where there is none.
pub(super) fn latest(draft: &Draft) -> Result<Option<bool>, Failure> {
    let Some(messages) = draft.get("messages").filter(|messages| may_hold(messages)) else { return Ok(None) };
    for element in Message::all(messages).unwrap_or_default().into_iter().rev() {
        let Some(message) = heard(element)?.filter(|_| may_hold(element.get())) else { continue };
        if let Some(thinks) = message.text()?.as_deref().and_then(latest_in) {
            return Ok(Some(thinks));
        }
    }
    Ok(None)
}

/// Has the latest of the words in a chat be the one to think, where it is the other.
pub(super) fn have_think(draft: &mut Draft) -> Result<(), Failure> {
    let (Some(false), Some(messages)) = (latest(draft)?, draft.get("messages")) else { return Ok(()) };
    for element in Message::all(messages).unwrap_or_default().into_iter().rev() {
        if let Some(message) = heard(element)? {
            let mut pieces = Vec::new();
            message.say(messages, Around { before: None, after: Some(THINK) }, &mut pieces)?;
            let said = spliced(messages, pieces);
            draft.set("messages", said);
            break;
        }
    }
    Ok(())
}

/// A message in which the model obeys the words: not its own, nor a tool's.
fn heard(element: &RawValue) -> Result<Option<Message<'_>>, Failure> {
    let message = Message::read(element)?;
    Ok((message.is_user() || message.is_system()).then_some(message))
}

/// Whether JSON may hold one of the words, for all that a quick look tells: letters may be escaped.
fn may_hold(json: &str) -> bool {
    json.contains("think") || json.contains("\\u")
}

/// The same of a text. They are words of their own, though a sentence may end with them or have them in brackets.
fn latest_in(text: &str) -> Option<bool> {
    let mark = |c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '(' | ')' | '"' | '\'');
    text.split_whitespace().rev().find_map(|word| match word.trim_matches(mark) {
        THINK => Some(true),
        NO_THINK => Some(false),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(messages: &str) -> Draft<'static> {
        Draft::read(format!(r#"{{"messages":{messages}}}"#), "the body").unwrap()
    }

    #[test]
    fn the_latest_word_counts_whoever_of_the_two_said_it() {
        for (messages, expected) in [
            (r#"[{"role":"user","content":"a /think b /no_think c"}]"#, Some(false)),
            (r#"[{"role":"user","content":"(/no_think) Why? /think."}]"#, Some(true)),
            (r#"[{"role":"user","content":"\/think"},{"role":"user","content":"b"}]"#, Some(true)),
            (r#"[{"role":"system","content":"/no_\u0074hink"},{"role":"user","content":"b"}]"#, Some(false)),
            (r#"[{"role":"developer","content":"/no_think"},{"role":"user","content":"/think"}]"#, Some(true)),
            (
                r#"[{"role":"user","content":[{"type":"text","text":"/no_think"},{"type":"text","text":"b"}]}]"#,
                Some(false),
            ),
            (r#"[{"role":"user","content":"a"},{"role":"assistant","content":"/no_think"}]"#, None),
            (r#"[{"role":"user","content":"a"},{"role":"tool","content":"/think"}]"#, None),
            (r#"[{"role":"user","content":"see a/think, /thinking and /no_think/x"}]"#, None),
            (r#"[{"role":"user","content":null},{"role":"user"}]"#, None),
            ("[]", None),
        ] {
            assert_eq!(latest(&draft(messages)).unwrap(), expected, "{messages}");
        }
        assert_eq!(latest(&Draft::read("{}", "the body").unwrap()).unwrap(), None);
    }

    #[test]
    fn the_word_to_think_is_said_last_where_it_must_be_and_all_else_stays() {
        let made = |messages: &str| {
            let mut draft = draft(messages);
            have_think(&mut draft).unwrap();
            draft.finish().map(|body| body[r#"{"messages":"#.len()..body.len() - 1].to_owned())
        };
        for (messages, expected) in [
            (
                r#"[ {"role":"user","content":"\u0041 /no_think"} ,{"role":"assistant","content":"b"}]"#,
                r#"[ {"role":"user","content":"\u0041 /no_think\n\n/think"} ,{"role":"assistant","content":"b"}]"#,
            ),
            (
                r#"[{"role":"system","content":"/no_think"},{"role":"user","content":[{"type":"text","text":"a"}]}]"#,
                r#"[{"role":"system","content":"/no_think"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"/think"}]}]"#,
            ),
            (
                r#"[{"role":"user","content":"a"},{"role":"system","content":"/no_think"}]"#,
                r#"[{"role":"user","content":"a"},{"role":"system","content":"/no_think\n\n/think"}]"#,
            ),
            (
                r#"[{"role":"user","content":"/no_think"},{"role":"user"}]"#,
                r#"[{"role":"user","content":"/no_think"},{"content":"/think","role":"user"}]"#,
            ),
        ] {
            assert_eq!(made(messages).as_deref(), Some(expected));
        }
        for messages in [
            r#"[{"role":"user","content":"/no_think"},{"role":"user","content":"/think"}]"#,
            r#"[{"role":"user","content":"a"},{"role":"assistant","content":"/no_think"}]"#,
        ] {
            assert_eq!(made(messages), None, "{messages}");
        }
    }
}

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

/// Who says something in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Speakers {
    /// Users and the system: those whose words the model obeys, and neither its own nor a tool's.
    All,
    /// Users alone.
    Users,
}

/// Whether the latest of the words that these `speakers` say in a chat has the model think; none where there is none.
pub(super) fn latest(speakers: Speakers, draft: &Draft) -> Result<Option<bool>, Failure> {
    let Some(messages) = draft.get("messages").filter(|messages| may_hold(messages)) else { return Ok(None) };
    for element in Message::all(messages).unwrap_or_default().into_iter().rev() {
        let Some(message) = heard(speakers, element)?.filter(|_| may_hold(element.get())) else { continue };
        if let Some(thinks) = message.text()?.as_deref().and_then(latest_in) {
            return Ok(Some(thinks));
        }
    }
    Ok(None)
}

/// Has the latest of the words in a chat be the one to think, where it is the other.
pub(super) fn have_think(draft: &mut Draft) -> Result<(), Failure> {
    let (Some(false), Some(messages)) = (latest(Speakers::All, draft)?, draft.get("messages")) else { return Ok(()) };
    for element in Message::all(messages).unwrap_or_default().into_iter().rev() {
        if let Some(message) = heard(Speakers::All, element)? {
            let mut pieces = Vec::new();
            message.say(messages, Around { before: None, after: Some(THINK) }, &mut pieces)?;
            let said = spliced(messages, pieces);
            draft.set("messages", said);
            break;
        }
    }
    Ok(())
}

/// A message that one of the `speakers` says.
fn heard(speakers: Speakers, element: &RawValue) -> Result<Option<Message<'_>>, Failure> {
    let message = Message::read(element)?;
    Ok((message.is_user() || speakers == Speakers::All && message.is_system()).then_some(message))
}

/// Whether JSON may hold one of the words, for all that a quick look tells: letters may be escaped.
fn may_hold(json: &str) -> bool {
    json.contains("think") || json.contains("\\u")
}

/// The same of a text. They are words of their own, whatever marks or letters of other scripts they stand next to; but they may
/// be part of a path or a longer word (`a/think`, `/thinking`, `./think`, `/think.md`), and of the tag `</think>`.
fn latest_in(text: &str) -> Option<bool> {
    text.rmatch_indices(&THINK[1..]).find_map(|(at, letters)| {
        let (before, after) = (&text[..at], &text[at + letters.len()..]);
        let (before, thinks) = match before.strip_suffix("/no_") {
            Some(before) => (before, false),
            None => (before.strip_suffix('/')?, true),
        };
        (!leads_on(before) && !goes_on(after)).then_some(thinks)
    })
}

/// Whether what stands before a word is part of it.
fn leads_on(before: &str) -> bool {
    let mut last = before.chars().rev();
    match last.next() {
        Some('.') => last.next().is_none_or(|c| matches!(c, '.' | '/') || c.is_whitespace()),
        Some(c) => c == '<' || is_of_words(c),
        None => false,
    }
}

/// Whether what stands after a word is part of it.
fn goes_on(after: &str) -> bool {
    let mut next = after.chars();
    match next.next() {
        Some('.') => next.next().is_some_and(|c| c.is_ascii_alphabetic()),
        Some(c) => is_of_words(c),
        None => false,
    }
}

/// Whether `c` makes a longer word or a path of what it stands next to.
fn is_of_words(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/')
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
            assert_eq!(latest(Speakers::All, &draft(messages)).unwrap(), expected, "{messages}");
        }
        assert_eq!(latest(Speakers::All, &Draft::read("{}", "the body").unwrap()).unwrap(), None);
    }

    #[test]
    fn users_alone_may_be_heard() {
        let both = |system: &str, user: &str| {
            draft(&format!(r#"[{{"role":"system","content":"{system}"}},{{"role":"user","content":"{user}"}}]"#))
        };
        assert_eq!(latest(Speakers::Users, &both("/no_think", "a")).unwrap(), None);
        assert_eq!(latest(Speakers::Users, &both("/no_think", "/think")).unwrap(), Some(true));
    }

    #[test]
    fn a_word_is_seen_whatever_marks_and_scripts_are_around_it() {
        for around in [
            ("谁大？", ""),
            ("谁大", ""),
            ("谁大", "吗"),
            ("**", "**"),
            ("`", "`"),
            ("[", "]"),
            ("<b>", "</b>"),
            ("", "\u{200b}"),
            ("\u{a0}", "\u{2028}x"),
            ("“", "”"),
            ("Why?", ""),
            ("Why.", "."),
            ("a. ", ", b"),
            ("(", ")."),
            ("\\", ""),
            ("太好了~", "…"),
            ("", ".5"),
        ] {
            for (word, thinks) in [("/think", true), ("/no_think", false)] {
                let text = format!("{}{word}{}", around.0, around.1);
                assert_eq!(latest_in(&text), Some(thinks), "{text}");
            }
        }
        for around in [
            ("a", ""),
            ("http://x", ""),
            ("http://x/", ""),
            ("/", ""),
            (".", ""),
            ("cd ..", ""),
            ("x-", ""),
            ("</think><", ">"),
            ("_", ""),
            ("9", ""),
            ("", "ing"),
            ("", "/x"),
            ("", "_x"),
            ("", "-x"),
            ("", "9"),
            ("", ".md"),
        ] {
            for word in ["/think", "/no_think"] {
                let text = format!("{}{word}{}", around.0, around.1);
                assert_eq!(latest_in(&text), None, "{text}");
            }
        }
        for text in ["think", "no_think", "/No_Think", "/nothink", "/xno_think", "a/no_think"] {
            assert_eq!(latest_in(text), None, "{text}");
        }
        assert_eq!(latest_in("/no_think and a/think"), Some(false), "the latest that is a word");
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

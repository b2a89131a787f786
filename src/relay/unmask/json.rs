//! An answer's JSON: where its values stand, and its texts rewritten while all else stays byte for byte.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::IgnoredAny;

use crate::guard::mask::placeholder::Form;

/// A step on the way to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'t> {
    /// Into an object's field, by its name as it is written.
    Key(&'t str),
    /// Into an array's element.
    At(usize),
}

/// Walks through JSON that is known to be valid.
struct Walk<'t, F> {
    text: &'t str,
    visit: F,
    path: Vec<Step<'t>>,
    /// Whether the next string is a field's name.
    is_name: bool,
}

/// What stands instead of a value, and where.
pub(super) type Edit = (Range<usize>, String);

/// Deeper nesting is not looked into.
const DEPTH_MAX: usize = 64;

/// What of a choice is no text of the model's, or is pieces of one that cannot be put together.
const LEFT: [&str; 12] = [
    "id",
    "index",
    "type",
    "role",
    "object",
    "model",
    "finish_reason",
    "logprobs",
    "token_ids",
    "prompt_token_ids",
    "prompt_logprobs",
    "tool_call_id",
];

/// Those among [`LEFT`] that hold a text's tokens.
const TOKENS: [&str; 4] = ["logprobs", "token_ids", "prompt_token_ids", "prompt_logprobs"];

/// Calls `visit` with each value of `text` that is neither array nor object, in order. None where `text` is not JSON or nests
/// too deep; what has been visited by then counts for nothing.
pub(super) fn leaves<'t>(text: &'t str, visit: impl FnMut(&[Step<'t>], Range<usize>)) -> Option<()> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    Walk { text, visit, path: Vec::with_capacity(8), is_name: false }.run()
}

/// The string that `quoted` is; none where it cannot be told, as with half of a surrogate pair.
pub(super) fn unquoted(quoted: &str) -> Option<Cow<'_, str>> {
    match quoted.strip_prefix('"')?.strip_suffix('"')? {
        plain if !plain.contains('\\') => Some(plain.into()),
        _ => serde_json::from_str::<String>(quoted).ok().map(Cow::from),
    }
}

/// `text` as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    Form::Json.write(text, &mut out);
    out.push('"');
    out
}

/// In what form the string at the end of `path` holds a text of the model's; none where it is another's. What a message says
/// is in the form `said`.
pub(super) fn form(path: &[Step<'_>], said: Form) -> Option<Form> {
    // A server's refusal may quote what it was asked: OpenAI's shape, vLLM's older one, FastAPI's.
    if matches!(path, [Step::Key("error" | "detail"), ..] | [Step::Key("message")]) {
        return Some(Form::Text);
    }
    let [Step::Key("choices"), Step::At(_), rest @ ..] = path else { return None };
    let is_left = |step: &Step| matches!(step, Step::Key(name) if LEFT.contains(name));
    match rest {
        rest if rest.iter().any(is_left) => None,
        [.., Step::Key("arguments")] => Some(Form::Json),
        [Step::Key("text")] | [Step::Key("message" | "delta"), Step::Key("content")] => Some(said),
        _ => Some(Form::Text),
    }
}

/// Whether a value at `path` is among the tokens of a prompt or an answer.
pub(super) fn is_tokens(path: &[Step<'_>]) -> bool {
    path.iter().any(|step| matches!(step, Step::Key(name) if TOKENS.contains(name)))
}

/// `text` with these edits, which are in order.
pub(super) fn edited(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len() + edits.iter().map(|(_, new)| new.len()).sum::<usize>());
    let mut done = 0;
    for (range, new) in edits {
        out.push_str(&text[done..range.start]);
        out.push_str(new);
        done = range.end;
    }
    out.push_str(&text[done..]);
    out
}

// === impl Walk ===

impl<'t, F: FnMut(&[Step<'t>], Range<usize>)> Walk<'t, F> {
    fn run(mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            at = match byte {
                b'"' => self.string(at),
                b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => self.word(at),
                _ => {
                    self.mark(byte)?;
                    at + 1
                }
            };
        }
        Some(())
    }

    /// A bracket, comma, colon or white space; none where it leads too deep.
    fn mark(&mut self, byte: u8) -> Option<()> {
        match (byte, self.path.last_mut()) {
            (b'{' | b'[', _) => {
                self.is_name = byte == b'{';
                self.path.push(if self.is_name { Step::Key("") } else { Step::At(0) });
            }
            (b'}' | b']', _) => {
                self.is_name = false;
                self.path.pop();
            }
            (b',', Some(Step::At(place))) => *place += 1,
            (b',', Some(Step::Key(_))) => self.is_name = true,
            _ => {}
        }
        (self.path.len() <= DEPTH_MAX).then_some(())
    }

    /// The string that begins at `start`; returns where it ends.
    fn string(&mut self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        while bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        match self.path.last_mut() {
            Some(Step::Key(name)) if self.is_name => {
                *name = &self.text[start + 1..end];
                self.is_name = false;
            }
            _ => (self.visit)(&self.path, start..end + 1),
        }
        end + 1
    }

    /// The number or other word that begins at `start`; returns where it ends.
    fn word(&mut self, start: usize) -> usize {
        let rest = &self.text.as_bytes()[start..];
        let is_over = |byte: &u8| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace();
        let end = start + rest.iter().position(is_over).unwrap_or(rest.len());
        (self.visit)(&self.path, start..end);
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<String>> {
        let mut found = Vec::new();
        leaves(text, |path, range| {
            let path: Vec<String> = path
                .iter()
                .map(|step| match step {
                    Step::Key(name) => (*name).to_owned(),
                    Step::At(place) => place.to_string(),
                })
                .collect();
            found.push(format!("{}={}", path.join("."), &text[range]));
        })?;
        Some(found)
    }

    #[test]
    fn values_are_found_with_the_way_to_them() {
        let text =
            r#" {"a" : "x\"\\", "b":[ 1.5e-3,{"c": {}, "d":[[],true]} ,"ü"],"e":{"f":null , "\u0067":"]"},"h":-1 } "#;
        let expected =
            [r#"a="x\"\\""#, "b.0=1.5e-3", "b.1.d.1=true", r#"b.2="ü""#, "e.f=null", r#"e.\u0067="]""#, "h=-1"];
        assert_eq!(read(text).unwrap(), expected);
        assert_eq!(read("1").unwrap(), ["=1"]);
        assert_eq!(read("[]").unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_no_json_or_too_deep_is_not_read() {
        for text in ["", "{", r#"{"a":}"#, r#"{"a":1}}"#, r#"["a]"#, "[1,]", "{'a':1}"] {
            assert_eq!(read(text), None, "{text}");
        }
        let deep = |depth: usize| "[".repeat(depth) + "0" + &"]".repeat(depth);
        assert!(read(&deep(DEPTH_MAX)).is_some());
        assert_eq!(read(&deep(DEPTH_MAX + 1)), None);
        assert_eq!(read(&deep(1 << 19)), None);
    }

    #[test]
    fn texts_of_the_models_are_told_from_the_rest() {
        let form_of = |path: &[&str]| {
            let mut steps = vec![Step::Key("choices"), Step::At(0)];
            steps.extend(path.iter().map(|name| Step::Key(name)));
            form(&steps, Form::Json)
        };
        assert_eq!(form_of(&["message", "reasoning"]), Some(Form::Text));
        assert_eq!(form_of(&["delta", "content"]), Some(Form::Json), "as it is said to be");
        assert_eq!(form_of(&["message", "function_call", "arguments"]), Some(Form::Json));
        assert_eq!(form_of(&["message", "audio", "transcript"]), Some(Form::Text));
        assert_eq!(form_of(&["logprobs", "token"]), None);
        assert_eq!(form_of(&["message", "role"]), None);
        assert_eq!(form(&[Step::Key("model")], Form::Text), None);
        assert_eq!(form(&[Step::Key("usage"), Step::At(0), Step::Key("text")], Form::Text), None);
    }

    #[test]
    fn strings_are_read_and_written() {
        assert_eq!(unquoted(r#""é\u00e9\n""#).unwrap(), "éé\n");
        assert_eq!(unquoted(r#""\ud83d""#), None);
        assert_eq!(quoted("é\"\n😀"), r#""é\"\n😀""#);
        assert_eq!(edited("abcdef", &[(1..2, "XX".into()), (4..4, "-".into())]), "aXXcd-ef");
    }
}

//! What a request asks for, once its body is read.

use super::invalid::cut;
use super::prefix::Prompt;
use super::refusal::Refusal;
use super::typed::Typed;

/// As much of the last user's text as an answer may echo, in bytes.
const ECHO_MAX: usize = 1024;
/// The most answers to one prompt.
const N_MAX: i64 = 128;

/// Which of the two APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Api {
    /// `/v1/chat/completions`
    Chat,
    /// `/v1/completions`
    Text,
}

/// When a stream tells its usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usage {
    Never,
    /// In one more event before the end.
    Last,
    /// In every event.
    Always,
}

/// What is asked for.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) model: Option<String>,
    pub(super) stream: bool,
    pub(super) usage: Usage,
    /// At least 1 where it is given.
    pub(super) max_tokens: Option<usize>,
    /// Answers over all prompts, at least 1.
    pub(super) choices: usize,
    /// The last user message's text (the first prompt's text), cut.
    pub(super) echo: String,
    pub(super) prompt: Prompt,
    /// The function to call, where one must be.
    pub(super) tool: Option<String>,
}

// === impl Ask ===

impl Ask {
    /// Reads a body.
    ///
    /// # Errors
    /// vLLM's 400 for what is wrong with it.
    pub(super) fn parse(api: Api, body: &[u8]) -> Result<Self, Refusal> {
        let typed = Typed::parse(body)?;
        if typed.stream_options.is_some() && typed.stream != Some(true) {
            let message = "Stream options can only be defined when `stream=True`.";
            return Err(Refusal::invalid(message, "stream_options", None));
        }
        let tool = typed.tool()?;
        let n = typed.n.unwrap_or(1);
        if n < 1 {
            return Err(Refusal::bad(format!("n must be at least 1, got {n}.")));
        }
        if n > N_MAX {
            return Err(Refusal::bad(format!("n must be at most {N_MAX}, got {n}.")));
        }
        let (prompt, echo, prompts) = match api {
            Api::Chat => typed.chat(body)?,
            Api::Text => typed.text()?,
        };
        let max_tokens = match api {
            Api::Chat => typed.max_completion_tokens.or(typed.max_tokens),
            Api::Text => typed.max_tokens,
        };
        if let Some(max_tokens) = max_tokens.filter(|max_tokens| *max_tokens < 1) {
            let message = format!("max_tokens must be at least 1, got {max_tokens}.");
            return Err(Refusal::invalid(&message, "max_tokens", Some(max_tokens)));
        }
        Ok(Self {
            usage: typed.usage(),
            stream: typed.stream.unwrap_or(false),
            max_tokens: max_tokens.map(|max_tokens| max_tokens as usize),
            choices: n as usize * prompts,
            model: typed.model,
            echo: cut(&echo, ECHO_MAX).to_string(),
            prompt,
            tool: tool.filter(|_| api == Api::Chat),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(body: &str) -> Result<Ask, Refusal> {
        Ask::parse(Api::Chat, body.as_bytes())
    }

    fn refusal(body: &str) -> (String, Option<String>) {
        match chat(body).unwrap_err() {
            Refusal::Error { status: 400, message, param, .. } => (message, param),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_last_user_text_is_found_in_strings_and_parts() {
        let ask = chat(
            r#"{"messages":[{"role":"user","content":"old"},{"role":"user","content":[{"type":"text","text":"new"}]},
                {"role":"assistant","content":null}],"max_tokens":9,"max_completion_tokens":5,"n":2}"#,
        );
        let ask = ask.unwrap();
        assert_eq!((ask.echo.as_str(), ask.max_tokens, ask.choices, ask.stream), ("new", Some(5), 2, false));
    }

    #[test]
    fn of_doubled_keys_the_last_counts() {
        assert_eq!(chat(r#"{"model":"a","model":"b","messages":[{"role":"user"}]}"#).unwrap().model.unwrap(), "b");
    }

    #[test]
    fn prompts_are_texts_or_ids_one_or_several() {
        let text = |prompt: &str| Ask::parse(Api::Text, format!(r#"{{"prompt":{prompt},"n":2}}"#).as_bytes());
        let size = |prompt| text(prompt).map(|ask| (ask.prompt.tokens, ask.choices)).unwrap();
        assert_eq!(size(r#""12345678""#), (2, 2));
        assert_eq!(size(r#"["12345678","1"]"#), (3, 4));
        assert_eq!(size("[5,6,7]"), (3, 2));
        assert_eq!(size("[[5,6],[7]]"), (3, 4));
        assert!(text("\"\"").is_err() && text("[]").is_err() && text("null").is_err());
    }

    #[test]
    fn what_is_wrong_is_said_as_vllm_says_it() {
        let (message, param) = refusal(r#"{"model":"m"}"#);
        assert_eq!(param.unwrap(), "body.messages");
        let expected = "{'type': 'missing', 'loc': 'body.messages', 'msg': 'Field required', \
                        'input': '<dict of 1 items>'}";
        assert!(message.ends_with(expected), "{message}");
        assert_eq!(refusal(r#"{"messages":"hi"}"#).1.unwrap(), "body.messages");
        assert!(refusal(r#"{"messages":[{"role":"user"}],"max_tokens":"many"}"#).0.contains("'int_parsing'"));
        assert!(refusal(r#"{"messages":[{"role":"user"}],"stream":"maybe"}"#).0.contains("'bool_parsing'"));
        assert_eq!(refusal(r#"{"messages":[{"content":"x"}]}"#).1.unwrap(), "body.messages.0.role");
        assert_eq!(refusal(r#"{"messages":["#).1.unwrap(), "body.13");
        assert_eq!(refusal("[]").1.unwrap(), "body");
        let deep = format!(r#"{{"messages":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(chat(&deep).unwrap_err(), Refusal::unreadable());
        assert_eq!(Ask::parse(Api::Chat, b"{\"a\":\"\xff\"}").unwrap_err(), Refusal::unreadable());
    }

    #[test]
    fn a_tool_is_called_only_when_one_must_be() {
        let ask = |choice: &str| {
            chat(&format!(
                r#"{{"messages":[{{"role":"user"}}],"tools":[{{"type":"function","function":{{"name":"a"}}}},
                     {{"type":"function","function":{{"name":"b"}}}}],"tool_choice":{choice}}}"#
            ))
        };
        assert_eq!(ask("\"auto\"").unwrap().tool, None);
        assert_eq!(ask("\"required\"").unwrap().tool.unwrap(), "a");
        assert_eq!(ask(r#"{"type":"function","function":{"name":"b"}}"#).unwrap().tool.unwrap(), "b");
        assert!(ask(r#"{"type":"function","function":{"name":"c"}}"#).is_err());
    }
}

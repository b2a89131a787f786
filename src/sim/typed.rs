//! Request bodies as their clients typed them.

use serde::Deserialize;
use serde_json::Value;

use super::ask::Usage;
use super::invalid::{malformed, mistyped, summary};
use super::prefix::Prompt;
use super::refusal::Refusal;

/// A body as typed. One type serves both APIs and `/tokenize`: each looks at its own keys.
#[derive(Deserialize)]
pub(super) struct Typed {
    pub(super) model: Option<String>,
    messages: Option<Vec<Message>>,
    prompt: Option<Given>,
    pub(super) max_tokens: Option<i64>,
    pub(super) max_completion_tokens: Option<i64>,
    pub(super) n: Option<i64>,
    pub(super) stream: Option<bool>,
    pub(super) stream_options: Option<StreamOptions>,
    tools: Option<Vec<Tool>>,
    tool_choice: Option<ToolChoice>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Content>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    Text(String),
    Texts(Vec<String>),
    Ids(Vec<u32>),
    IdLists(Vec<Vec<u32>>),
}

#[derive(Deserialize)]
pub(super) struct StreamOptions {
    include_usage: Option<bool>,
    continuous_usage_stats: Option<bool>,
}

#[derive(Deserialize)]
struct Tool {
    function: Named,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ToolChoice {
    Mode(String),
    Function { function: Named },
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

// === impl Typed ===

impl Typed {
    /// Reads a body, without asking yet whether it has what its API needs.
    ///
    /// # Errors
    /// vLLM's 400 for malformed JSON or a wrong type.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let body = std::str::from_utf8(body).map_err(|_| Refusal::unreadable())?;
        // The fast path refuses doubled keys, of which Python takes the last; the slow one is like Python, and says where.
        serde_json::from_str(body).or_else(|_| Self::parse_slowly(body))
    }

    fn parse_slowly(body: &str) -> Result<Self, Refusal> {
        if body.is_empty() {
            return Err(Refusal::validation("missing", "body", "Field required", "'None'", None));
        }
        let value: Value = serde_json::from_str(body).map_err(|error| malformed(body, &error))?;
        if !value.is_object() {
            let msg = "Input should be a valid dictionary or object to extract fields from";
            return Err(Refusal::validation("model_attributes_type", "body", msg, &summary(&value), None));
        }
        serde_path_to_error::deserialize(&value).map_err(|error| mistyped(&value, &error))
    }

    /// The prompt's size. Messages win over a prompt, as in `/tokenize`.
    pub(super) fn measure(&self) -> Prompt {
        let mut prompt = Prompt::new();
        match (&self.messages, &self.prompt) {
            (Some(messages), _) => messages.iter().for_each(|message| message.measure(&mut prompt)),
            (None, Some(given)) => given.measure(&mut prompt),
            (None, None) => {}
        }
        prompt
    }

    /// The prompt, its echo, and how many prompts there are.
    pub(super) fn chat(&self, body: &[u8]) -> Result<(Prompt, String, usize), Refusal> {
        let Some(messages) = &self.messages else {
            let value = serde_json::from_slice(body).unwrap_or(Value::Null);
            return Err(Refusal::validation("missing", "body.messages", "Field required", &summary(&value), None));
        };
        if messages.is_empty() {
            let message = "Cannot apply chat template to an empty conversation. Provide at least one message.";
            return Err(Refusal::bad(message));
        }
        let asked = messages.iter().rfind(|message| message.role == "user");
        Ok((self.measure(), asked.map(Message::text).unwrap_or_default(), 1))
    }

    pub(super) fn text(&self) -> Result<(Prompt, String, usize), Refusal> {
        let (echo, prompts) = match &self.prompt {
            Some(Given::Text(text)) if !text.is_empty() => (text.clone(), 1),
            Some(Given::Texts(texts)) if !texts.is_empty() => (texts[0].clone(), texts.len()),
            Some(Given::Ids(ids)) if !ids.is_empty() => (String::new(), 1),
            Some(Given::IdLists(lists)) if !lists.is_empty() => (String::new(), lists.len()),
            _ => {
                let message = "Either prompt or prompt_embeds must be provided and non-empty.";
                return Err(Refusal::invalid(message, "prompt", None));
            }
        };
        let mut prompt = Prompt::new();
        self.prompt.iter().for_each(|given| given.measure(&mut prompt));
        Ok((prompt, echo, prompts))
    }

    pub(super) fn usage(&self) -> Usage {
        match &self.stream_options {
            Some(StreamOptions { include_usage: Some(true), continuous_usage_stats: Some(true) }) => Usage::Always,
            Some(StreamOptions { include_usage: Some(true), .. }) => Usage::Last,
            _ => Usage::Never,
        }
    }

    pub(super) fn tool(&self) -> Result<Option<String>, Refusal> {
        let tools = self.tools.as_deref().unwrap_or_default();
        let wanted = match &self.tool_choice {
            Some(ToolChoice::Mode(mode)) if mode == "required" => None,
            Some(ToolChoice::Function { function }) => Some(&function.name),
            _ => return Ok(None),
        };
        if tools.is_empty() {
            return Err(Refusal::invalid("When using `tool_choice`, `tools` must be set.", "tool_choice", None));
        }
        let found = tools.iter().find(|tool| wanted.is_none_or(|name| *name == tool.function.name));
        let Some(tool) = found else {
            let message = "The tool specified in `tool_choice` does not match any of the specified `tools`";
            return Err(Refusal::invalid(message, "tool_choice", None));
        };
        Ok(Some(tool.function.name.clone()))
    }
}

// === impl Message ===

impl Message {
    fn text(&self) -> String {
        match &self.content {
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Parts(parts)) => {
                parts.iter().filter_map(|part| part.text.as_deref()).collect::<Vec<_>>().join("\n")
            }
            None => String::new(),
        }
    }

    fn measure(&self, prompt: &mut Prompt) {
        match &self.content {
            Some(Content::Text(text)) => prompt.message(&self.role, text),
            _ => prompt.message(&self.role, &self.text()),
        }
    }
}

// === impl Given ===

impl Given {
    fn measure(&self, prompt: &mut Prompt) {
        match self {
            Self::Text(text) => prompt.text(text),
            Self::Texts(texts) => texts.iter().for_each(|text| prompt.text(text)),
            Self::Ids(ids) => prompt.ids(ids),
            Self::IdLists(lists) => lists.iter().for_each(|ids| prompt.ids(ids)),
        }
    }
}

//! The tokens that an answer took.

use serde::Deserialize;
use serde_json::Value;

/// The tokens that an answer took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Of the prompt.
    pub prompt: u64,
    /// Of the answer, those thought included.
    pub completion: u64,
    /// Of the prompt's, those that were cached.
    pub cached: u64,
}

#[derive(Deserialize)]
struct Written {
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: Option<u64>,
    #[serde(default)]
    prompt_tokens_details: Option<Value>,
}

/// No answer takes more tokens of a kind; what says so would only spoil what is counted.
const MOST: u64 = 1_000_000_000;

// === impl Usage ===

impl Usage {
    /// Reads the `usage` of an answer; none where it tells nothing.
    pub fn read(json: &[u8]) -> Option<Self> {
        // serde would also take an array for a struct.
        json.trim_ascii_start().starts_with(b"{").then_some(())?;
        let Written { prompt_tokens, completion_tokens, prompt_tokens_details } = serde_json::from_slice(json).ok()?;
        let cached = prompt_tokens_details.as_ref().and_then(|details| details.get("cached_tokens")?.as_u64());
        let prompt = prompt_tokens.min(MOST);
        let completion = completion_tokens.unwrap_or_default().min(MOST);
        Some(Self { prompt, completion, cached: cached.unwrap_or_default().min(prompt) })
    }

    /// Prompt and answer together.
    pub fn total(&self) -> u64 {
        self.prompt.saturating_add(self.completion)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usage_is_read_as_vllm_writes_it() {
        let read =
            |json: &str| Usage::read(json.as_bytes()).map(|usage| (usage.prompt, usage.completion, usage.cached));
        assert_eq!(
            read(r#"{"prompt_tokens":9,"total_tokens":12,"completion_tokens":3,"prompt_tokens_details":null}"#),
            Some((9, 3, 0))
        );
        assert_eq!(read(r#" {"prompt_tokens":9,"prompt_tokens_details":{"cached_tokens":8}}"#), Some((9, 0, 8)));
        assert_eq!(
            read(r#"{"prompt_tokens":9,"completion_tokens":null,"prompt_tokens_details":{"cached_tokens":10}}"#),
            Some((9, 0, 9))
        );
        for broken in ["null", "{}", "[1,2]", r#"{"prompt_tokens":-1}"#, r#"{"prompt_tokens":"9"}"#, "{"] {
            assert_eq!(read(broken), None, "{broken}");
        }
        assert_eq!(Usage { prompt: u64::MAX, completion: 1, cached: 0 }.total(), u64::MAX);
    }
}

//! The limit on an answer's tokens. It has two names in a chat, of which vLLM takes `max_completion_tokens` where both are
//! given: whatever a route says of one holds for both.

use super::{Rule, capped, exceeds};
use crate::intake::{Draft, Endpoint};

/// The limit's names. A completion knows the first one only.
pub const LIMITS: [&str; 2] = ["max_tokens", "max_completion_tokens"];

/// How long a completion gets where its client gives no limit: vLLM's and OpenAI's own default.
const COMPLETION_DEFAULT: u64 = 16;

/// The most tokens that the answer may have; none where nothing limits it but the model's context.
pub fn answer_limit(endpoint: Endpoint, draft: &Draft) -> Option<u64> {
    let given = names(endpoint).iter().rev().find_map(|name| draft.given(name));
    match given {
        Some(given) => given.trim_matches('"').parse().ok(),
        None => has_default(endpoint, draft).then_some(COMPLETION_DEFAULT),
    }
}

/// Does what `rule` says of the limit that the config calls `key`.
pub(super) fn apply(rule: &Rule, endpoint: Endpoint, key: &str, draft: &mut Draft) {
    let names = names(endpoint);
    let key = if names.contains(&key) { key } else { LIMITS[0] };
    let given: Vec<&str> = names.iter().copied().filter(|name| draft.given(name).is_some()).collect();
    match rule {
        Rule::Default(value) if given.is_empty() => draft.set(key, value.clone()),
        Rule::Default(_) => {}
        Rule::Set(value) => given.into_iter().chain([key]).for_each(|name| draft.set(name, value.clone())),
        Rule::Cap(most) if given.is_empty() => {
            // No limit is more than any, but not where there is one all the same.
            if !has_default(endpoint, draft) || exceeds(&COMPLETION_DEFAULT.into(), most) {
                draft.set(key, most.to_string());
            }
        }
        Rule::Cap(most) => {
            for name in given {
                if let Some(value) = draft.given(name).and_then(|given| capped(given, most)) {
                    draft.set(name, value);
                }
            }
        }
    }
}

fn names(endpoint: Endpoint) -> &'static [&'static str] {
    if endpoint == Endpoint::Completions { &LIMITS[..1] } else { &LIMITS }
}

/// Whether the model's server sets a limit; a null says that it should not.
fn has_default(endpoint: Endpoint, draft: &Draft) -> bool {
    endpoint == Endpoint::Completions && draft.get(LIMITS[0]).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answers_limit_is_read_as_vllm_reads_it() {
        for (endpoint, body, limit) in [
            (Endpoint::Chat, "{}", None),
            (Endpoint::Chat, r#"{"max_tokens":5}"#, Some(5)),
            (Endpoint::Chat, r#"{"max_tokens":5,"max_completion_tokens":"7"}"#, Some(7)),
            (Endpoint::Chat, r#"{"max_tokens":5,"max_completion_tokens":null}"#, Some(5)),
            (Endpoint::Chat, r#"{"max_tokens":[]}"#, None),
            (Endpoint::Completions, "{}", Some(16)),
            (Endpoint::Completions, r#"{"max_tokens":null,"max_completion_tokens":7}"#, None),
            (Endpoint::Completions, r#"{"max_tokens":5}"#, Some(5)),
        ] {
            assert_eq!(answer_limit(endpoint, &Draft::read(body, "the body").unwrap()), limit, "{body}");
        }
    }
}

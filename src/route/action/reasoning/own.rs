//! What the client itself says of how hard the model is to think.

use super::family::Family;
use super::level::Level;
use crate::failure::Failure;
use crate::intake::Draft;

/// Fields of a body by which clients say it: vLLM's and OpenAI's, and those of other servers' dialects.
const FIELDS: [&str; 4] = ["reasoning_effort", "thinking_token_budget", "reasoning", "thinking"];

/// What chat templates are told.
const TEMPLATE: &str = "chat_template_kwargs";

/// Their keywords that switch thinking on and off.
const SWITCHES: [&str; 2] = ["enable_thinking", "thinking"];

/// Their keywords that say how hard.
const DEGREES: [&str; 2] = ["reasoning_effort", "thinking_budget"];

/// The words that Qwen3's users may write.
const SOFT: [&str; 2] = ["/think", "/no_think"];

/// Whether the client says it: in `draft`, or in `text`, which the user said last.
pub(super) fn is_given(family: &Family, text: Option<&str>, draft: &mut Draft) -> Result<bool, Failure> {
    let in_text = || text.is_some_and(|text| text.split_whitespace().any(|word| SOFT.contains(&word)));
    if FIELDS.iter().any(|field| draft.given(field).is_some()) || family.obeys_users && in_text() {
        return Ok(true);
    }
    let in_template = draft
        .within(TEMPLATE, |inner| Ok(SWITCHES.iter().chain(&DEGREES).any(|keyword| inner.given(keyword).is_some())));
    Ok(in_template? == Some(true) || family.is_spoken_to(draft)?)
}

/// Takes back what the client says of it, so that nothing speaks against `level`: switches are set to it, and all else
/// becomes null, which says nothing.
pub(super) fn silence(level: Level, draft: &mut Draft) -> Result<(), Failure> {
    let clear = |draft: &mut Draft, key: &str| {
        if draft.given(key).is_some() {
            draft.set(key, "null");
        }
    };
    FIELDS.iter().for_each(|field| clear(draft, field));
    let within = draft.within(TEMPLATE, |inner| {
        for switch in SWITCHES.into_iter().filter(|switch| inner.get(switch).is_some()).collect::<Vec<_>>() {
            inner.set(switch, (level != Level::Off).to_string());
        }
        DEGREES.iter().for_each(|keyword| clear(inner, keyword));
        Ok(())
    });
    within.map(drop)
}

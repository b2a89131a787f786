//! What the client itself says of how hard the model is to think.

use super::family::Family;
use super::level::Level;
use super::soft;
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

/// Whether the client says it, in a field of `draft` or in the words that its users have for it.
pub(super) fn is_given(family: &Family, draft: &mut Draft) -> Result<bool, Failure> {
    if FIELDS.iter().any(|field| draft.given(field).is_some()) {
        return Ok(true);
    }
    let in_template = draft
        .within(TEMPLATE, |inner| Ok(SWITCHES.iter().chain(&DEGREES).any(|keyword| inner.given(keyword).is_some())));
    let in_fields = in_template? == Some(true) || family.is_spoken_to(draft)?;
    Ok(in_fields || family.obeys_users && soft::latest(draft)?.is_some())
}

/// Takes back what the client says of it, so that nothing speaks against `level`: switches are set to it, and all else
/// becomes null, which says nothing.
pub(super) fn silence(family: &Family, level: Level, draft: &mut Draft) -> Result<(), Failure> {
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
    within?;
    if family.obeys_users && level != Level::Off {
        soft::have_think(draft)?;
    }
    Ok(())
}

//! What the client itself says of how hard the model is to think.

use serde_json::Value;

use super::family::Family;
use super::level::Level;
use super::soft::{self, Speakers};
use crate::failure::Failure;
use crate::intake::Draft;

/// What chat templates are told.
const TEMPLATE: &str = "chat_template_kwargs";

/// Keywords of theirs that switch thinking on and off.
const SWITCHES: [&str; 2] = ["enable_thinking", "thinking"];

/// Paths of a body by which clients say it: vLLM's and OpenAI's, those of other servers' dialects, and templates' keywords.
const PATHS: [&[&str]; 8] = [
    &["reasoning_effort"],
    &["thinking_token_budget"],
    &["reasoning"],
    &["thinking"],
    &[TEMPLATE, SWITCHES[0]],
    &[TEMPLATE, SWITCHES[1]],
    &[TEMPLATE, "reasoning_effort"],
    &[TEMPLATE, "thinking_budget"],
];

/// What a body says of reasoning, in the words of a family and of clients, to tell whether what comes after changes it.
#[derive(Debug, PartialEq)]
pub(in super::super) struct Said {
    /// In the family's words, at each of its paths.
    family: Vec<Option<Value>>,
    /// In words of clients that the family need not know, at each of their paths.
    others: Vec<Option<Value>>,
}

/// Whether the client says it, in a field of `draft` or in the words that `speakers` have for it.
pub(super) fn is_given(family: &Family, speakers: Speakers, draft: &mut Draft) -> Result<bool, Failure> {
    for path in paths(family) {
        if at(&path, draft, &mut |inner, key| inner.given(key).is_some())?.unwrap_or(true) {
            return Ok(true);
        }
    }
    Ok(family.obeys_users && soft::latest(speakers, draft)?.is_some())
}

/// Takes back what the body says of it, so that nothing speaks against `level`: switches are set to it, and all else becomes
/// null, which says nothing.
pub(super) fn silence(family: &Family, level: Level, draft: &mut Draft) -> Result<(), Failure> {
    for path in paths(family) {
        clear(&path, draft)?;
    }
    let switched = draft.within(TEMPLATE, |inner| {
        for switch in SWITCHES {
            if inner.get(switch).is_some() {
                inner.set(switch, (level != Level::Off).to_string());
            }
        }
        Ok(())
    });
    switched.map(|_| ())
}

// === impl Said ===

impl Said {
    /// What `draft` says now.
    pub(in super::super) fn read(family: &Family, draft: &mut Draft) -> Result<Self, Failure> {
        let mut values = |path: &[&str]| -> Result<Option<Value>, Failure> {
            let value =
                at(path, draft, &mut |inner, key| inner.given(key).and_then(|it| serde_json::from_str(it).ok()));
            value.map(Option::flatten)
        };
        let family = family.paths().map(|path| values(&path)).collect::<Result<_, _>>()?;
        let others = PATHS.iter().map(|path| values(path)).collect::<Result<_, _>>()?;
        Ok(Self { family, others })
    }

    /// Whether `later` says the same to the family's models. What was not said before, and is not in the family's words, is
    /// something else besides.
    pub(in super::super) fn still_holds(&self, later: &Self) -> bool {
        let others = self.others.iter().zip(&later.others);
        self.family == later.family && others.into_iter().all(|(before, after)| before.is_none() || before == after)
    }
}

// === paths ===

/// The paths of the family's words, and of clients' own.
fn paths(family: &Family) -> impl Iterator<Item = Vec<&str>> {
    family.paths().chain(PATHS.iter().map(|path| path.to_vec()))
}

/// What `read` makes of the last key of `path`; none where what stands in its way is no object.
fn at<T>(path: &[&str], draft: &mut Draft, read: &mut dyn FnMut(&Draft, &str) -> T) -> Result<Option<T>, Failure> {
    match path {
        [] => Ok(None),
        [key] => Ok(Some(read(draft, key))),
        [key, rest @ ..] => draft.within(key, |inner| at(rest, inner, read)).map(Option::flatten),
    }
}

/// Has nothing stand at `path`, nor in its way.
fn clear(path: &[&str], draft: &mut Draft) -> Result<(), Failure> {
    let Some((key, rest)) = path.split_first() else { return Ok(()) };
    let is_cleared = !rest.is_empty() && draft.within(key, |inner| clear(rest, inner))?.is_some();
    if !is_cleared && draft.given(key).is_some() {
        draft.set(key, "null");
    }
    Ok(())
}

//! `reasoning`: how hard a model is to think, in each model family's own words.
//!
//! - `level`: how hard, given or found by the prompt's complexity
//! - `family`: what a level is in a request's body, for known models and for those that the config describes
//! - `typed`: how the config says it
//! - `own`: what the client itself says of it, which wins unless the route forces its own
//! - `soft`: the words by which users say it

mod family;
mod level;
mod own;
mod soft;
mod typed;

pub use family::{Family, FamilySettings, Mapping, NAMES};
pub use level::{Cuts, Effort, Level};
pub(super) use own::Said;
pub(super) use soft::Speakers;
pub use typed::read;

use crate::failure::Failure;
use crate::intake::Draft;

/// How hard a route has models think.
#[derive(Debug, Clone, PartialEq)]
pub struct Reasoning {
    /// How hard.
    pub effort: Effort,
    /// Whether the client has no say in it.
    pub force: bool,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// The model is told to think so hard: as near to what its route asks for as its family has words.
    Told(Level),
    /// The client has said itself how hard.
    ClientsOwn,
    /// The model was to be told this level, or what the client says, and then the route's own parameters said otherwise.
    Overruled(Option<Level>),
    /// Nothing is known of the prompt's complexity, and the model does as it does.
    Unknown,
    /// Nothing is said for this level in the words of the model's family, or the family is not known.
    NoWords,
}

// === impl Reasoning ===

impl Reasoning {
    /// Whether the prompt's complexity must be known.
    pub fn is_auto(&self) -> bool {
        matches!(self.effort, Effort::Auto(_))
    }

    /// Whether it gives way to what the client says of it in the body of a chat, as far as a model of `family` gets to see it:
    /// of what is said in messages, what these `speakers` say.
    pub(super) fn gives_way(
        &self,
        family: Option<&Family>,
        speakers: Speakers,
        draft: &mut Draft,
    ) -> Result<bool, Failure> {
        family.filter(|_| !self.force).map_or(Ok(false), |family| own::is_given(family, speakers, draft))
    }

    /// Tells it to a model of `family` in the body of a chat, unless it `gives_way`. `complexity` is that of the prompt, -1 to 1,
    /// where it is known.
    pub(super) fn apply(
        &self,
        family: Option<&Family>,
        complexity: Option<f32>,
        gives_way: bool,
        draft: &mut Draft,
    ) -> Result<Outcome, Failure> {
        let Some(family) = family else { return Ok(Outcome::NoWords) };
        if gives_way {
            return Ok(Outcome::ClientsOwn);
        }
        let Some(level) = self.effort.level(complexity) else { return Ok(Outcome::Unknown) };
        let Some((told, words)) = family.words(level) else { return Ok(Outcome::NoWords) };
        if self.force {
            own::silence(family, told, draft)?;
        }
        family::merge(words, draft)?;
        if family.obeys_users && told != Level::Off {
            // Where nothing is forced, what stands against it is the route's own prompt, as the client has said nothing.
            soft::have_think(draft)?;
        }
        Ok(Outcome::Told(told))
    }
}

// === impl Outcome ===

impl Outcome {
    /// What is left of it where what was said no longer holds.
    pub(super) fn overruled(self) -> Self {
        match self {
            Self::Told(level) => Self::Overruled(Some(level)),
            Self::ClientsOwn => Self::Overruled(None),
            other => other,
        }
    }

    /// Its name where a decision is explained.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Told(level) => level.as_str(),
            Self::ClientsOwn => "client",
            Self::Unknown => "unknown",
            Self::NoWords | Self::Overruled(_) => "none",
        }
    }
}

#[cfg(test)]
mod tests;

//! `reasoning`: how hard a model is to think, in each model family's own words.
//!
//! - `level`: how hard, given or found by the prompt's complexity
//! - `family`: what a level is in a request's body, for known models and for those that the config describes
//! - `own`: what the client itself says of it, which wins unless the route forces its own
//! - `soft`: the words by which users say it

mod family;
mod level;
mod own;
mod soft;

pub use family::{Family, FamilySettings, Mapping, NAMES};
pub use level::{Cuts, Effort, Level, Settings};

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

    /// Tells it to a model of `family` in the body of a chat. `complexity` is that of the prompt, -1 to 1, where it is
    /// known.
    pub fn apply(
        &self,
        family: Option<&Family>,
        complexity: Option<f32>,
        draft: &mut Draft,
    ) -> Result<Outcome, Failure> {
        let Some(family) = family else { return Ok(Outcome::NoWords) };
        if !self.force && own::is_given(family, draft)? {
            return Ok(Outcome::ClientsOwn);
        }
        let Some(level) = self.effort.level(complexity) else { return Ok(Outcome::Unknown) };
        let Some((told, words)) = family.words(level) else { return Ok(Outcome::NoWords) };
        if self.force {
            own::silence(family, told, draft)?;
        }
        family::merge(words, draft)?;
        Ok(Outcome::Told(told))
    }
}

// === impl Outcome ===

impl Outcome {
    /// Its name where a decision is explained.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Told(level) => level.as_str(),
            Self::ClientsOwn => "client",
            Self::Unknown => "unknown",
            Self::NoWords => "none",
        }
    }
}

#[cfg(test)]
mod tests;

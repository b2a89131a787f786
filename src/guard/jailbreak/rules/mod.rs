//! Families of manipulation, told by words near each other.
//!
//! A family is a table of patterns (`tables`), a pattern a few slots that must be met in order, each within some words of
//! the one before. All words of all tables are found in one pass (`lexicon`, `matching`). A hit is evidence, no verdict: who
//! asks how to defend a bot quotes the same words, which is why `about` is a family too, that speaks against the others.
//!
//! - `squeeze`: a folded text as the tables see it
//! - `turns`: forged conversation, told by its lines and tags
//! - `gibberish`: suffixes that an optimiser wrote

mod gibberish;
mod lexicon;
mod matching;
mod squeeze;
mod tables;
#[cfg(test)]
mod tests;
mod turns;

use super::views::Views;

/// A kind of manipulation, or what speaks for or against one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// The instructions given so far are to be ignored.
    Override,
    /// The instructions, or what they guard, are to be told.
    Reveal,
    /// A character without limits.
    Persona,
    /// Rules, refusals or filters are off.
    RulesOff,
    /// Turns of a conversation, or a template's tokens, that the user cannot have.
    ForgedTurns,
    /// How the answer has to begin, or what it must not say, so that it cannot refuse.
    Prefix,
    /// Something hidden is to be decoded or put together, and followed.
    Payload,
    /// A document that speaks to the model which reads it.
    Indirect,
    /// Claims to be an administrator, a developer, a mode of maintenance.
    Authority,
    /// A word to be repeated without end.
    RepeatToken,
    /// A story in which the rules do not hold.
    Hypothetical,
    /// A new task in place of the one given.
    Hijack,
    /// What was said is to be sent to an address.
    Exfiltrate,
    /// A suffix of noise.
    Gibberish,
    /// Characters that hide or disguise words.
    Hidden,
    /// An encoding, a cipher or a way of writing was undone.
    Decoded,
    /// Talk about attacks: speaks against the others.
    About,
}

/// The families that a text hits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleSet(u32);

/// The families that the views of a text hit.
pub(crate) fn judge(views: &Views) -> RuleSet {
    let mut rules = RuleSet::default();
    for text in views.texts() {
        matching::find(&squeeze::squeeze(text), &mut rules);
        if turns::are_forged(text) {
            rules.insert(Family::ForgedTurns);
        }
    }
    if gibberish::is_gibberish(&views.plain) {
        rules.insert(Family::Gibberish);
    }
    if views.hidden {
        rules.insert(Family::Hidden);
    }
    if views.undone.is_some() {
        rules.insert(Family::Decoded);
    }
    rules
}

// === impl Family ===

impl Family {
    /// All families, in the order of their bits.
    pub const ALL: [Self; 17] = [
        Self::Override,
        Self::Reveal,
        Self::Persona,
        Self::RulesOff,
        Self::ForgedTurns,
        Self::Prefix,
        Self::Payload,
        Self::Indirect,
        Self::Authority,
        Self::RepeatToken,
        Self::Hypothetical,
        Self::Hijack,
        Self::Exfiltrate,
        Self::Gibberish,
        Self::Hidden,
        Self::Decoded,
        Self::About,
    ];

    /// Its name, as features, metrics and reports give it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Override => "override",
            Self::Reveal => "reveal",
            Self::Persona => "persona",
            Self::RulesOff => "rules_off",
            Self::ForgedTurns => "forged_turns",
            Self::Prefix => "prefix",
            Self::Payload => "payload",
            Self::Indirect => "indirect",
            Self::Authority => "authority",
            Self::RepeatToken => "repeat_token",
            Self::Hypothetical => "hypothetical",
            Self::Hijack => "hijack",
            Self::Exfiltrate => "exfiltrate",
            Self::Gibberish => "gibberish",
            Self::Hidden => "hidden",
            Self::Decoded => "decoded",
            Self::About => "about",
        }
    }

    /// Whether it is manipulation, and not a way of writing or talk about attacks.
    pub(crate) fn is_manipulation(self) -> bool {
        !matches!(self, Self::Gibberish | Self::Hidden | Self::Decoded | Self::About)
    }

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

// === impl RuleSet ===

impl RuleSet {
    /// Whether `family` was hit.
    pub fn contains(self, family: Family) -> bool {
        self.0 & family.bit() != 0
    }

    /// Adds `family`.
    pub fn insert(&mut self, family: Family) {
        self.0 |= family.bit();
    }

    /// Whether no family was hit.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The families hit.
    pub fn iter(self) -> impl Iterator<Item = Family> {
        Family::ALL.into_iter().filter(move |family| self.contains(*family))
    }
}

impl FromIterator<Family> for RuleSet {
    fn from_iter<T: IntoIterator<Item = Family>>(families: T) -> Self {
        let mut rules = Self::default();
        families.into_iter().for_each(|family| rules.insert(family));
        rules
    }
}

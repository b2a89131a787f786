//! The families' words. Alternatives are parted by `|`; a star leaves that end of a word open, and `‖` is a `|`
//! of the text itself.
//!
//! Tables are folded as texts are, so accents and case in them do not matter. Words of scripts without spaces match anywhere.

mod about;
mod disguise;
mod limits;
mod orders;
mod others;
mod tongues;

use super::Family;

/// Words that belong to a family if they are met in order.
pub(super) struct Pattern {
    pub(super) family: Family,
    /// Words that may stand between two slots.
    pub(super) within: u8,
    /// Lists of alternatives.
    pub(super) slots: &'static [&'static [&'static str]],
    /// What must not stand directly before, or between.
    pub(super) unless: &'static [&'static str],
}

/// A pattern of slots.
const fn near(family: Family, within: u8, slots: &'static [&'static [&'static str]]) -> Pattern {
    Pattern { family, within, slots, unless: &[] }
}

/// Phrases, each enough alone.
const fn said(family: Family, slots: &'static [&'static [&'static str]; 1]) -> Pattern {
    Pattern { family, within: 0, slots, unless: &[] }
}

/// The patterns of all families.
pub(super) fn all() -> impl Iterator<Item = &'static Pattern> {
    [orders::PATTERNS, limits::PATTERNS, disguise::PATTERNS, others::PATTERNS, about::PATTERNS, tongues::PATTERNS]
        .into_iter()
        .flatten()
}

// === impl Pattern ===

impl Pattern {
    const fn unless(self, unless: &'static [&'static str]) -> Self {
        Self { unless, ..self }
    }
}

//! What the rest of a config says of its requests: which texts a signal can hold at all.

use serde_yaml::Value as Yaml;

use crate::findings::suggestion;
use crate::route::signal::Signal;
use crate::route::signal::keywords::List;

/// What rules are checked in.
#[derive(Debug, Default)]
pub struct World<'a> {
    /// The lists of keywords, which rules name by place.
    pub lists: &'a [List],
    /// By a signal's name; a signal without an entry can say any text.
    pub ranges: Vec<(&'static str, Range)>,
    /// By a rule's place: its `when` as it is written, by which the places of its parts are named; none where it has none.
    pub whens: Vec<Option<&'a Yaml>>,
}

/// What a signal of texts can say.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    /// Which texts.
    pub texts: Texts,
    /// Whether it may have nothing to say.
    pub may_be_absent: bool,
    /// Why it can say no other, after a colon.
    pub why: &'static str,
}

/// A set of texts.
#[derive(Debug, Clone, PartialEq)]
pub enum Texts {
    /// Any.
    Any,
    /// Those that a header can hold and a program read.
    Header,
    /// These.
    These(Vec<String>),
}

/// Of a signal that nothing is known of.
static ANY: Range = Range { texts: Texts::Any, may_be_absent: true, why: "" };

// === impl World ===

impl World<'_> {
    /// What `signal` can say.
    pub(super) fn range(&self, signal: &Signal) -> &Range {
        self.ranges.iter().find(|(name, _)| *name == signal.name).map_or(&ANY, |(_, range)| range)
    }
}

// === impl Range ===

impl Range {
    /// Whether it may be this one. False is certain, true is not.
    pub(super) fn has(&self, text: &str) -> bool {
        match &self.texts {
            Texts::Any => true,
            Texts::Header => text.chars().all(|c| c == '\t' || c == ' ' || c.is_ascii_graphic()),
            Texts::These(texts) => texts.iter().any(|known| known == text),
        }
    }

    /// All of them; none where they cannot be listed.
    pub(super) fn all(&self) -> Option<&[String]> {
        if let Texts::These(texts) = &self.texts { Some(texts) } else { None }
    }

    /// Why it is never `text`, and which was probably meant.
    pub(super) fn why_not(&self, text: &str) -> String {
        let known = self.all().unwrap_or_default().iter().map(String::as_str);
        format!("{}{}", self.why, suggestion(text, known))
    }
}

//! Signals: what a rule may ask about a request.
//!
//! Each is one file with one entry of [`SIGNALS`]: its name, what it costs, what its values are, and how it is read.
//! - `request`: what is known of a request before anything is computed
//! - `value`: what a signal says, and how that is written
//! - `facts`: one request's signals, each read at most once, when first asked for
//! - `ahead`: those that take work on a long text, read before
//! - `pattern`: regular expressions of the config

mod ahead;
mod facts;
mod pattern;
mod request;
mod value;

mod classifier;
mod code;
mod complexity;
mod domain;
mod format;
mod header;
mod healthy;
mod images;
mod intent;
mod jailbreak;
mod key;
pub mod keywords;
pub mod language;
mod load;
mod model;
mod pii;
mod stream;
mod tenant;
pub mod tokens;
mod tools;
mod turns;

pub use ahead::Ahead;
pub use code::is_code;
pub use complexity::Contrast;
pub use domain::DOMAINS;
pub use facts::{Facts, Guarded, Label, Learned, Slot, Wanted};
pub use intent::INTENTS;
pub use pattern::{Pattern, PatternError};
pub use request::{Context, Format, Request, Said, Standing};
pub use value::{Cost, Kind, Value};

/// A table entry: one thing that a rule may ask.
pub struct Signal {
    /// Its key in `when`.
    pub name: &'static str,
    /// What reading it costs.
    pub cost: Cost,
    /// What its values are.
    pub kind: Kind,
    /// Whether it may have nothing to say, for which no comparison holds.
    pub may_be_absent: bool,
    /// What stands below its key beside comparisons.
    pub shape: Shape,
    /// What must be on or given for it to say anything.
    pub requires: Requires,
    /// When to use it, in one line for the docs.
    pub doc: &'static str,
    read: for<'a> fn(&Facts<'a>, &Arg) -> Option<Value<'a>>,
}

/// What stands below a signal's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A comparison.
    Plain,
    /// A mapping of names to comparisons.
    Named,
    /// A comparison that may hold `min_probability`.
    Likely,
    /// A mapping of names to comparisons that may hold `min_probability`.
    NamedLikely,
    /// A list of keywords, by name or in place.
    Words,
}

/// What a signal needs of the config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requires {
    /// Nothing.
    Nothing,
    /// `guardrails.jailbreak_detection`.
    Jailbreak,
    /// `guardrails.pii_masking`.
    Pii,
    /// `router.signals.complexity`.
    Complexity,
    /// The embedding model that the heads for it were trained on.
    ShippedModel,
    /// Its name among the backends.
    Backend,
    /// Its name in `router.signals.classifiers`.
    Classifier,
}

/// What a signal is asked about.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg {
    /// The request as a whole.
    Nothing,
    /// A header in lower case, a backend or a classifier; with the least probability that counts, 0 to 1.
    Name(String, f32),
    /// The least probability that counts, 0 to 1.
    Likely(f32),
    /// A list of keywords, by its place among the config's.
    List(usize),
}

/// Every signal, the cheapest first: rules are evaluated in this order.
pub static SIGNALS: [&Signal; 21] = [
    &stream::SIGNAL,
    &turns::SIGNAL,
    &tools::SIGNAL,
    &images::SIGNAL,
    &format::SIGNAL,
    &model::SIGNAL,
    &tenant::SIGNAL,
    &key::SIGNAL,
    &header::SIGNAL,
    &healthy::SIGNAL,
    &load::SIGNAL,
    &keywords::SIGNAL,
    &tokens::SIGNAL,
    &code::SIGNAL,
    &language::SIGNAL,
    &jailbreak::SIGNAL,
    &pii::SIGNAL,
    &complexity::SIGNAL,
    &domain::SIGNAL,
    &intent::SIGNAL,
    &classifier::SIGNAL,
];

// === impl Signal ===

impl Signal {
    /// The signal of this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        SIGNALS.into_iter().find(|signal| signal.name == name)
    }

    /// Its place in [`SIGNALS`], which is where it stands among those of its cost.
    pub fn rank(&self) -> usize {
        SIGNALS.iter().position(|signal| signal.name == self.name).unwrap_or(SIGNALS.len())
    }
}

impl PartialEq for Signal {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl std::fmt::Debug for Signal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_cost_and_names_are_unique() {
        assert!(SIGNALS.is_sorted_by_key(|signal| signal.cost));
        let names: std::collections::HashSet<_> = SIGNALS.iter().map(|signal| signal.name).collect();
        assert_eq!(names.len(), SIGNALS.len());
        assert!(SIGNALS.iter().all(|signal| Signal::find(signal.name) == Some(signal)));
        assert!(
            SIGNALS
                .iter()
                .all(|signal| !signal.doc.is_empty() && signal.doc.len() <= 120 && !signal.doc.contains('\n'))
        );
    }
}

//! Whether a text tries to turn a model against its instructions.
//!
//! - `views`: the text as it is meant, without what hides it
//! - `rules`: families of manipulation, told by words near each other
//! - `allow`: phrases that are no evidence here
//! - `grams`: n-grams and the linear model over them
//! - `head`: a small network over the embeddings of the text's windows
//! - `stack`: all of it in one calibrated score
//! - `trifle`: what says too little to count
//! - `file`: the file that the models come in
//!
//! Evidence needs no encoder and takes microseconds; the score takes the encoder's windows, if there are any.

mod allow;
mod file;
mod grams;
mod head;
mod rules;
mod stack;
#[cfg(test)]
mod tests;
mod trifle;
mod views;

use self::file::File;
use self::grams::Grams;
use self::head::Head;
use self::stack::Stack;
use self::views::Views;

pub use self::allow::Allow;
pub use self::file::LoadError;
pub use self::grams::{BUCKETS, Features};
pub use self::head::WIDTH;
pub use self::rules::{Family, RuleSet};

/// Everything that tells attacks from ordinary texts.
#[derive(Debug)]
pub struct Detector {
    grams: Grams,
    head: Head,
    stack: Stack,
}

/// What a text shows without an encoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The families hit.
    pub rules: RuleSet,
    /// The highest logit of the n-grams, over the segments of all views.
    pub grams: f32,
    /// The same over small parts of the segments.
    pub near: f32,
    /// Texts that the encoder should see too: none where the original says it all, at most two, of at most 4 KiB each.
    pub read: Vec<String>,
    /// Whether allowed phrases were taken out. Then the first of `read` is the whole text without them, however long, and
    /// the original's windows must be left out.
    pub instead: bool,
    /// Whether it says too little to turn a model: no rule is broken, and there are few words.
    pub is_trifle: bool,
}

/// What training reads of a text: the same that serving reads.
#[derive(Debug)]
pub struct Reading {
    /// The families hit.
    pub rules: RuleSet,
    /// The n-grams of each segment of each view.
    pub segments: Vec<Features>,
    /// The texts that the encoder should see beside the original.
    pub read: Vec<String>,
}

// === impl Detector ===

impl Detector {
    /// Reads the models from a safetensors file.
    ///
    /// # Errors
    /// A tensor or a datum is missing, unknown, or not of its type, shape or range.
    pub fn load(bytes: &[u8]) -> Result<Self, LoadError> {
        let file = File::open(bytes)?;
        Ok(Self { grams: file.grams()?, head: file.head()?, stack: file.stack()? })
    }

    /// What `text` shows without an encoder. Takes time in proportion to its length.
    pub fn evidence(&self, text: &str, allow: &Allow) -> Evidence {
        let mut views = Views::of(text);
        let instead = views.edit(|text| allow.without(text));
        let read = if instead { views.shown_instead() } else { views.shown() };
        let grams = self.grams.logits(views.texts());
        let rules = rules::judge(&views);
        let is_trifle = rules.is_empty() && trifle::is_trifle(text);
        Evidence { rules, grams: grams.wide, near: grams.near, read, instead, is_trifle }
    }

    /// How sure it is that the text is an attack, from 0 to 1.
    ///
    /// `windows` are the embeddings, of length one and `WIDTH` numbers each, of the original's windows and of those of
    /// `Evidence::read`; others are not read. Without any, the head's features take the values that the file calls neutral, and
    /// only what breaks a rule counts: n-grams alone would take too many ordinary texts for attacks.
    pub fn score(&self, evidence: &Evidence, windows: &[&[f32]]) -> f32 {
        // The models know texts, and may take a single word for anything.
        if evidence.is_trifle || windows.is_empty() && evidence.rules.is_empty() {
            return 0.0;
        }
        self.stack.score(evidence, self.head.read(windows, evidence.repeats()))
    }

    /// The score that the given share of ordinary texts exceeds.
    pub fn threshold(&self, rate: f32) -> f32 {
        self.stack.threshold(rate)
    }
}

// === impl Evidence ===

impl Evidence {
    /// How many of the texts that the encoder sees repeat another one.
    fn repeats(&self) -> usize {
        self.read.len() - usize::from(self.instead)
    }
}

// === impl Reading ===

impl Reading {
    /// Reads `text`.
    pub fn of(text: &str) -> Self {
        let views = Views::of(text);
        let segments = views.texts().flat_map(grams::features).collect();
        Self { rules: rules::judge(&views), segments, read: views.shown() }
    }
}

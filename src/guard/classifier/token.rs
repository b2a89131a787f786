//! A model that judges the words of a text.

use std::path::Path;

use super::config::Task;
use super::labels::{self, Tag};
use super::{Classifier, ClassifyError, LoadError, Outcome, Parts, spans};
use crate::guard::finding::{Entity, Finding};

/// A loaded token classifier, of personal data.
pub struct Token {
    parts: Parts,
    /// What each label means.
    tags: Vec<Tag>,
}

// === impl Token ===

impl Token {
    /// Loads `config.json`, `tokenizer.json` and `model.safetensors` (f16, bf16 or f32) from `dir`. Its labels stand for what
    /// `labels` says of them, by their names with or without a prefix such as `B-`, or for what they are known for; None
    /// stands for nothing.
    pub fn load(dir: &Path, labels: &[(String, Option<Entity>)]) -> Result<Self, LoadError> {
        let parts = Parts::load(dir, Task::Token)?;
        let tags = labels::tags(&parts.labels, labels)
            .map_err(|source| LoadError::Labels { path: parts.config.clone(), source })?;
        Ok(Self { parts, tags })
    }

    /// The personal data in the first `at_most` windows of `text`, in their order: apart from one another, of any score.
    pub fn find(&self, text: &str, at_most: usize) -> Result<Outcome<Vec<Finding>>, ClassifyError> {
        self.classify(text, at_most, &|| true)
    }
}

impl Classifier for Token {
    type Output = Vec<Finding>;

    fn classify(
        &self,
        text: &str,
        at_most: usize,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Outcome<Vec<Finding>>, ClassifyError> {
        let reading = self.parts.reader.read(text, at_most)?;
        let mut rows = Vec::with_capacity(reading.ids.len());
        for (number, window) in reading.windows.iter().enumerate() {
            if !go_on() {
                return Err(ClassifyError::GivenUp);
            }
            let seen = self.parts.probabilities(&reading.ids[window.clone()])?;
            let decided = reading.decided(number);
            let skipped = self.parts.reader.marks_before() + decided.start - window.start;
            rows.extend(seen.into_iter().skip(skipped).take(decided.len()));
        }
        let value = spans::find(text, &reading.offsets, &rows, &self.tags);
        Ok(Outcome { value, unread: reading.unread })
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Token").field("labels", &self.parts.labels).field("tags", &self.tags).finish()
    }
}

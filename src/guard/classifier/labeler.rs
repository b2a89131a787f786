//! A model that tells which of its own labels a text as a whole deserves, whatever they mean.

use std::path::Path;
use std::sync::Arc;

use super::config::Task;
use super::{Classifier, ClassifyError, LoadError, Outcome, Parts};

/// A loaded sequence classifier, of any labels.
pub struct Labeler {
    parts: Parts,
    labels: Arc<[Arc<str>]>,
}

/// The label that a text most probably deserves.
#[derive(Debug, Clone, PartialEq)]
pub struct Labelled {
    /// Its name, as the model has it.
    pub label: Arc<str>,
    /// How probable it is, 0 to 1.
    pub probability: f32,
}

// === impl Labeler ===

impl Labeler {
    /// Loads `config.json`, `tokenizer.json` and `model.safetensors` (f16, bf16 or f32) from `dir`.
    ///
    /// # Errors
    /// As [`Sequence::load`](super::Sequence::load)'s, but for labels, of which any are known.
    pub fn load(dir: &Path) -> Result<Self, LoadError> {
        let parts = Parts::load(dir, Task::Sequence)?;
        let labels = parts.labels.iter().map(|label| label.as_str().into()).collect();
        Ok(Self { parts, labels })
    }

    /// The model's labels, two at least.
    pub fn labels(&self) -> &Arc<[Arc<str>]> {
        &self.labels
    }
}

impl Classifier for Labeler {
    /// None where the text has no tokens.
    type Output = Option<Labelled>;

    /// Its windows' probabilities are averaged by their tokens: a page is about what most of it is about.
    fn classify(
        &self,
        text: &str,
        at_most: usize,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Outcome<Self::Output>, ClassifyError> {
        let reading = self.parts.reader.read(text, at_most)?;
        let mut sums = vec![0.0; self.labels.len()];
        let mut tokens = 0.0;
        for (number, window) in reading.windows.iter().enumerate() {
            if !go_on() {
                return Err(ClassifyError::GivenUp);
            }
            let weight = reading.decided(number).len() as f32;
            for row in self.parts.probabilities(&reading.ids[window.clone()])? {
                sums.iter_mut().zip(row).for_each(|(sum, probability)| *sum += weight * probability);
            }
            tokens += weight;
        }
        let best = sums.iter().zip(&*self.labels).max_by(|(a, _), (b, _)| a.total_cmp(b)).filter(|_| tokens > 0.0);
        let labelled = best.map(|(sum, label)| Labelled { label: Arc::clone(label), probability: sum / tokens });
        Ok(Outcome { value: labelled, unread: reading.unread })
    }
}

impl std::fmt::Debug for Labeler {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Labeler").field("labels", &self.labels).finish()
    }
}

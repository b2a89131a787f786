//! A model that judges texts as a whole.

use std::path::Path;

use super::config::Task;
use super::{Classifier, ClassifyError, LoadError, Outcome, Parts, labels};

/// A loaded sequence classifier, of attacks and what is none.
pub struct Sequence {
    parts: Parts,
    /// Which labels mean an attack.
    attacks: Vec<bool>,
}

// === impl Sequence ===

impl Sequence {
    /// Loads `config.json`, `tokenizer.json` and `model.safetensors` (f16, bf16 or f32) from `dir`. Those of its labels that
    /// are in `attack_labels`, in upper or lower case, mean an attack; where that is empty, they must be known by name.
    pub fn load(dir: &Path, attack_labels: &[String]) -> Result<Self, LoadError> {
        let parts = Parts::load(dir, Task::Sequence)?;
        let attacks = labels::attacks(&parts.labels, attack_labels)
            .map_err(|source| LoadError::Labels { path: parts.config.clone(), source })?;
        Ok(Self { parts, attacks })
    }

    /// How likely `text` is an attack, 0..1: the probability in the window of its first `at_most` that is the likeliest; 0
    /// where it has no tokens.
    pub fn score(&self, text: &str, at_most: usize) -> Result<Outcome<f32>, ClassifyError> {
        self.classify(text, at_most, &|| true)
    }
}

impl Classifier for Sequence {
    type Output = f32;

    fn classify(&self, text: &str, at_most: usize, go_on: &dyn Fn() -> bool) -> Result<Outcome<f32>, ClassifyError> {
        let reading = self.parts.reader.read(text, at_most)?;
        let mut most = 0.0;
        for window in &reading.windows {
            if !go_on() {
                return Err(ClassifyError::GivenUp);
            }
            for row in self.parts.probabilities(&reading.ids[window.clone()])? {
                let attack: f32 = row.iter().zip(&self.attacks).filter(|(_, is)| **is).map(|(x, _)| x).sum();
                most = attack.max(most);
            }
        }
        Ok(Outcome { value: most, unread: reading.unread })
    }
}

impl std::fmt::Debug for Sequence {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Sequence").field("labels", &self.parts.labels).field("attacks", &self.attacks).finish()
    }
}

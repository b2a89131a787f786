//! What networks say about a prompt, as far as they were asked.

use crate::embed::Embedding;
use crate::route::signal::{Label, Learned};

/// What networks say about one prompt.
#[derive(Debug)]
pub struct Lessons {
    embedding: Embedding,
}

// === impl Lessons ===

impl Lessons {
    /// What a prompt's embedding tells.
    pub fn of(embedding: &Embedding) -> Self {
        Self { embedding: embedding.clone() }
    }
}

impl Learned for Lessons {
    fn embedding(&self) -> Option<&[f32]> {
        Some(&self.embedding)
    }

    fn domain(&self) -> Option<Label<'_>> {
        None
    }

    fn intent(&self) -> Option<Label<'_>> {
        None
    }

    fn classified(&self, _: &str) -> Option<Label<'_>> {
        None
    }
}

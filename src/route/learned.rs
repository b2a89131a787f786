//! What networks say about a prompt, as far as they were asked.

use std::sync::{Arc, OnceLock};

use super::decision::Decision;
use super::topics::{self, Head, Topics};
use crate::embed::Embedding;
use crate::guard::classifier::Labelled;
use crate::route::signal::{Label, Learned};

/// What networks say about one prompt. Each is told once, when it comes to be known.
#[derive(Debug, Default)]
pub struct Lessons {
    embedding: OnceLock<Embedding>,
    domain: OnceLock<Option<Label<'static>>>,
    intent: OnceLock<Option<Label<'static>>>,
    labels: OnceLock<Labels>,
}

/// What classifiers call a prompt, by their names; those that were asked and could tell.
pub type Labels = Vec<(Arc<str>, Labelled)>;

// === impl Lessons ===

impl Lessons {
    /// What is known of a prompt that was decided so, and has this embedding, where that is known.
    pub fn of(decision: &Decision, embedding: Option<&Embedding>) -> Self {
        let lessons = Self::default();
        lessons.label(decision.labels.clone());
        if let Some(embedding) = embedding {
            lessons.embed(embedding.clone());
        }
        lessons
    }

    /// Adds what the prompt means.
    pub fn embed(&self, embedding: Embedding) {
        self.embedding.get_or_init(|| embedding);
    }

    /// Adds what classifiers call it.
    pub fn label(&self, labels: Labels) {
        self.labels.get_or_init(|| labels);
    }

    /// What classifiers call it, once they were asked.
    pub fn labels(&self) -> Option<&Labels> {
        self.labels.get()
    }

    fn topic(
        &self,
        known: &OnceLock<Option<Label<'static>>>,
        head: fn(&'static Topics) -> &'static Head,
    ) -> Option<Label<'static>> {
        let embedding = self.embedding.get()?;
        *known.get_or_init(|| head(topics::shipped().ok()?).judge(embedding))
    }
}

impl Learned for Lessons {
    fn embedding(&self) -> Option<&[f32]> {
        self.embedding.get().map(|embedding| &**embedding)
    }

    fn domain(&self) -> Option<Label<'_>> {
        self.topic(&self.domain, |topics| &topics.domain)
    }

    fn intent(&self) -> Option<Label<'_>> {
        self.topic(&self.intent, |topics| &topics.intent)
    }

    fn classified(&self, classifier: &str) -> Option<Label<'_>> {
        let (_, told) = self.labels.get()?.iter().find(|(name, _)| **name == *classifier)?;
        Some(Label { name: &told.label, probability: told.probability })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_told_once_the_prompt_is_embedded() {
        let lessons = Lessons::default();
        assert_eq!((lessons.embedding(), lessons.domain(), lessons.intent()), (None, None, None));
        let mut embedding = vec![0.0; topics::WIDTH];
        embedding[0] = 1.0;
        lessons.embed(embedding.into());
        assert!(lessons.domain().is_some_and(|domain| domain.probability > 1.0 / 14.0));
        assert!(lessons.intent().is_some_and(|intent| intent.probability > 1.0 / 4.0));
    }

    #[test]
    fn a_classifier_that_could_not_tell_is_not_known() {
        let lessons = Lessons::default();
        assert_eq!((lessons.labels(), lessons.classified("a")), (None, None));
        lessons.label(vec![("a".into(), Labelled { label: "toxic".into(), probability: 0.75 })]);
        assert_eq!(lessons.classified("a"), Some(Label { name: "toxic", probability: 0.75 }));
        assert_eq!(lessons.classified("b"), None);
    }
}

//! Classifiers of the operator's own, by the names that rules ask for them by. They run on threads of their own, behind bounded
//! queues and for a bounded time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;

use crate::embed::EncodeError;
use crate::guard::classifier::{Labeler, Labelled, LoadError, Runner};

/// All of a config's classifiers.
#[derive(Debug, Default)]
pub struct Labelers(Vec<Named>);

/// One of them.
#[derive(Debug, Clone)]
pub struct Named {
    name: Arc<str>,
    folder: PathBuf,
    labels: Arc<[Arc<str>]>,
    runner: Arc<Runner<Labeler>>,
    timeout: Duration,
    /// Parts of a text that are read, from its beginning.
    windows: usize,
}

/// How a classifier runs.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Inference threads.
    pub threads: usize,
    /// Texts that may wait for them.
    pub queue: usize,
    /// How long a text may wait and be read.
    pub timeout: Duration,
    /// Parts of a long text that are read.
    pub windows: usize,
}

/// What a classifier called a text: nothing where the text is empty.
pub type Answer = Result<Option<Labelled>, EncodeError>;

// === impl Labelers ===

impl Labelers {
    /// The classifiers of these names.
    pub fn new(all: Vec<Named>) -> Self {
        Self(all)
    }

    /// Every label of the classifier of this name.
    pub fn labels(&self, name: &str) -> Option<&[Arc<str>]> {
        self.find(name).map(|named| &*named.labels)
    }

    /// The classifier of this name.
    pub fn find(&self, name: &str) -> Option<&Named> {
        self.0.iter().find(|named| &*named.name == name)
    }

    /// What those of `names` call `text`, all asked at the same time; each has as long as its settings say, or `patience` where
    /// that is given. Whoever drops the future gives up the places in the queues.
    pub async fn ask(&self, names: &BTreeSet<&str>, text: &str, patience: Option<Duration>) -> Vec<(Arc<str>, Answer)> {
        let text: Arc<str> = text.into();
        // Of nothing there is nothing to tell.
        let names = names.iter().filter(|_| !text.trim().is_empty());
        let asked = names.filter_map(|name| self.find(name)).map(|named| {
            let text = Arc::clone(&text);
            async move { (Arc::clone(&named.name), named.ask(text, patience.unwrap_or(named.timeout)).await) }
        });
        join_all(asked).await
    }
}

// === impl Named ===

impl Named {
    /// Loads the model in `folder`, or takes over `known` where it is from there. Its threads and queue stay as they were
    /// started.
    ///
    /// # Errors
    /// A model that cannot be run.
    pub fn load(name: &str, folder: &Path, terms: Terms, known: Option<&Self>) -> Result<Self, LoadError> {
        let (labels, runner) = match known.filter(|known| known.folder == folder) {
            Some(known) => (Arc::clone(&known.labels), Arc::clone(&known.runner)),
            None => {
                let model = Labeler::load(folder)?;
                (Arc::clone(model.labels()), Runner::start(model, terms.threads, terms.queue))
            }
        };
        let Terms { timeout, windows, .. } = terms;
        Ok(Self { name: name.into(), folder: folder.into(), labels, runner, timeout, windows })
    }

    async fn ask(&self, text: Arc<str>, patience: Duration) -> Answer {
        let mut outcomes = self.runner.run(vec![text], self.windows, Instant::now() + patience).await?;
        Ok(outcomes.pop().and_then(|outcome| outcome.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(model: &str, known: Option<&Named>) -> Result<Named, LoadError> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/classifiers").join(model);
        let terms = Terms { threads: 1, queue: 1, timeout: Duration::from_secs(60), windows: 1 };
        Named::load("mine", &folder, terms, known)
    }

    #[test]
    fn a_model_is_loaded_once_for_as_long_as_it_stays_in_its_folder() {
        let first = load("bert-sequence", None).unwrap();
        let same = load("bert-sequence", Some(&first)).unwrap();
        assert!(Arc::ptr_eq(&first.runner, &same.runner));
        let other = load("modernbert-sequence", Some(&first)).unwrap();
        assert!(!Arc::ptr_eq(&first.runner, &other.runner) && other.labels.len() == 3);
        assert!(load("no-such-model", Some(&first)).is_err());
    }

    #[tokio::test]
    async fn nothing_is_told_of_nothing_nor_by_a_classifier_that_is_not_there() {
        let labelers = Labelers::new(vec![load("bert-sequence", None).unwrap()]);
        let ask = async |name, text| labelers.ask(&BTreeSet::from([name]), text, None).await.len();
        assert_eq!((ask("mine", "a").await, ask("mine", " \n").await, ask("other", "a").await), (1, 0, 0));
    }
}

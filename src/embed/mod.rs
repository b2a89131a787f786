//! The encoder: texts become [`Embedding`]s on threads of its own, behind a bounded queue.
//!
//! - `locate`: where a model's files are
//! - `text`: what of a text is read
//! - `model`: tokenizer and network, one text at a time
//! - `queue`: threads, bounds and deadlines

mod locate;
mod model;
mod queue;
mod text;

use std::ops::Deref;
use std::sync::Arc;

pub use locate::{NotFound, locate};
pub use model::{EmbedError, LoadError, Model};
use queue::Queue;
pub use queue::{EncodeError, Settings, Stats};

/// A text's meaning: floats of Euclidean length one, so that a dot product is the cosine. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(Arc<[f32]>);

/// A model and the threads that run it. Dropping it ends the threads once they are done with what they are at.
#[derive(Debug)]
pub struct Encoder {
    queue: Queue,
}

// === impl Embedding ===

impl From<Vec<f32>> for Embedding {
    /// Takes the floats as they are: their length should be one.
    fn from(floats: Vec<f32>) -> Self {
        Self(floats.into())
    }
}

impl Deref for Embedding {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.0
    }
}

// === impl Encoder ===

impl Encoder {
    /// Starts the threads.
    pub fn start(model: Arc<Model>, settings: Settings) -> Arc<Self> {
        let queue = Queue::start(settings, move |text| model.embed(text).map(Embedding::from));
        Arc::new(Self { queue })
    }

    /// Embeds `text` on a thread of the encoder; what waits is only what the model reads of it. Whoever drops the future gives up the place in the queue.
    pub async fn embed(&self, text: &str) -> Result<Embedding, EncodeError> {
        self.queue.run(text::readable(text).into()).await
    }

    /// As [`Self::embed`], but takes a place even in a full queue and waits as long as it takes. For load time and
    /// offline work, whose callers bound what they have under way.
    pub fn embed_patiently(&self, text: &str) -> impl Future<Output = Result<Embedding, EncodeError>> + use<> {
        self.queue.run_patiently(text::readable(text).into())
    }

    /// Embeds `text` while the caller blocks; never call it on an async worker.
    pub fn embed_now(&self, text: &str) -> Result<Embedding, EncodeError> {
        futures::executor::block_on(self.embed_patiently(text))
    }

    /// Texts that wait for a thread.
    pub fn depth(&self) -> usize {
        self.queue.depth()
    }

    /// What has happened so far.
    pub fn stats(&self) -> &Stats {
        self.queue.stats()
    }
}

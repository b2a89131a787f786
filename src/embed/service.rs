//! The encoder as clients ask for it: by its model's name, and for many texts at once.

use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};

use super::{EncodeError, Encoder, Reading};

/// Texts of one request that are under way at once, so that a long list leaves room for others.
const UNDER_WAY: usize = 16;

/// An encoder with the name that its model was published under.
#[derive(Debug)]
pub struct Service {
    name: Arc<str>,
    encoder: Arc<Encoder>,
}

// === impl Service ===

impl Service {
    /// `name` is the whole one, such as `sentence-transformers/all-MiniLM-L6-v2`.
    pub fn new(name: &str, encoder: Arc<Encoder>) -> Self {
        Self { name: name.into(), encoder }
    }

    /// The model's whole name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Whether `name` is the model's whole name, or the last part of it.
    pub fn is_called(&self, name: &str) -> bool {
        *name == *self.name || self.name.rsplit('/').next() == Some(name)
    }

    /// Floats in an embedding.
    pub fn dimensions(&self) -> usize {
        self.encoder.dimensions()
    }

    /// Reads each text's head, and gives the readings in the texts' order. The first that fails ends it. Whoever drops
    /// the future gives up every place in the queue.
    pub async fn read(&self, texts: Vec<String>) -> Result<Vec<Reading>, EncodeError> {
        // A list must not fill a small queue by itself and be turned away for it.
        let under_way = UNDER_WAY.min(self.encoder.capacity()).max(1);
        let readings = texts.into_iter().map(|text| {
            let encoder = Arc::clone(&self.encoder);
            async move { encoder.read_head(&text).await }
        });
        stream::iter(readings).buffered(under_way).try_collect().await
    }
}

//! The encoder: texts become [`Embedding`]s on threads of its own, behind a bounded queue.
//!
//! - `locate`: where a model's files are
//! - `text`: what of a text can be read at once
//! - `windows`: how a longer one is seen all the same
//! - `model`: tokenizer and network together
//! - `architecture`, `pooling`: what a model's files say of it
//! - `network`: int8 by the engine (a crate of its own), or f32 by `candle`
//! - `queue`: threads, batches, bounds and deadlines
//! - `memo`: what was asked before
//! - `tags`: names in texts, by a head beside the network
//! - `encoder`: all of it together
//! - `examine`: all texts of a request, window after window
//! - `service`: the encoder as clients ask for it
//! - `stats`: what it has done

mod architecture;
mod candle;
mod encoder;
mod examine;
mod locate;
mod memo;
mod model;
mod network;
mod pooling;
mod queue;
mod service;
mod stats;
mod tags;
mod text;
mod windows;

use std::ops::Deref;
use std::sync::Arc;

pub use architecture::DescriptionError;
pub use encoder::{Encoder, Meaning};
pub use examine::{Examined, Text, Window};
pub use locate::{NotFound, locate};
pub use model::{EmbedError, Encoded, LoadError, Misfit, Model, Refused, Tokens};
pub use network::Precision;
pub(crate) use queue::compute_alone;
pub use queue::{EncodeError, Reading, Settings};
pub use service::Service;
pub use stats::{Stats, Use};
pub use tags::{HeadError, Span, TokenHead, TokenLabel};
pub use text::End;

/// A text's meaning: floats of Euclidean length one, so that a dot product is the cosine. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding(Arc<[f32]>);

// === impl Embedding ===

impl Embedding {
    /// The direction of `floats`; None where they have none.
    pub(crate) fn towards(mut floats: Vec<f32>) -> Option<Self> {
        let length = floats.iter().map(|x| x * x).sum::<f32>().sqrt();
        if !length.is_normal() {
            return None;
        }
        floats.iter_mut().for_each(|x| *x /= length);
        Some(floats.into())
    }
}

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

//! A request's name and text become a decision: by the name where it names a backend, by meaning where it does not.

use std::sync::Arc;
use std::time::Instant;

use super::decision::{Decision, Reason};
use super::names::{Named, Names};
use super::table::Table;
use crate::embed::{EncodeError, Encoder, Meaning};
use crate::metrics::{Metrics, observe};

/// Everything that a decision is made from.
pub struct Router {
    /// What the names in requests mean.
    pub names: Names,
    /// The routes.
    pub table: Table,
    /// The encoder; none where nothing is routed by meaning.
    pub encoder: Option<Arc<Encoder>>,
}

/// The client asked for a model that nobody serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the model is not known")]
pub struct UnknownModel;

// === impl Router ===

impl Router {
    /// Decides for a request that names `model`, if it names any, and whose text is `text`, if it has any. What the text
    /// means is not asked of the encoder where it is `known`.
    ///
    /// An encoder that cannot keep up costs the meaning, not the request: the default backend serves, and the reason
    /// says so.
    pub async fn decide(
        &self,
        model: Option<&str>,
        text: Option<&str>,
        known: Option<Meaning>,
        metrics: &Metrics,
    ) -> Result<Decision, UnknownModel> {
        match model.map_or(Named::Alias, |name| self.names.find(name)) {
            Named::Alias => {}
            Named::Backend(backend) => return Ok(Decision::uncompared(backend, Reason::Direct)),
            Named::Nobody => return Err(UnknownModel),
        }
        let fallback = |reason| Ok(Decision::uncompared(self.table.default_backend(), reason));
        let Some(encoder) = &self.encoder else { return fallback(Reason::Off) };
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return fallback(Reason::NoText) };
        if self.table.names().len() == 0 {
            return fallback(Reason::BelowThreshold);
        }
        if let Some(meaning) = known {
            return Ok(self.likest(meaning));
        }
        let begun = Instant::now();
        match encoder.embed(text).await {
            Ok(meaning) => {
                observe(&metrics.embedding_seconds, begun.elapsed());
                Ok(self.likest(meaning))
            }
            Err(error) => {
                let reason = Reason::from(error);
                metrics.degraded.with_label_values(&[reason.as_str()]).inc();
                fallback(reason)
            }
        }
    }

    fn likest(&self, meaning: Meaning) -> Decision {
        let decision = self.table.decide(&meaning.embedding);
        Decision { meaning: Some(meaning), ..decision }
    }
}

// === impl Reason ===

impl From<EncodeError> for Reason {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::Busy => Self::EncoderBusy,
            EncodeError::Timeout => Self::EncoderTimeout,
            EncodeError::Failed => Self::EncoderFailed,
        }
    }
}

//! What was decided, and why.

use super::learned::Labels;
use crate::degraded::Degraded;
use crate::embed::Meaning;

/// Where a prompt goes.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Decision {
    /// The chosen route, as an index into the table's; None where the default backend or a named one serves.
    pub route: Option<usize>,
    /// Who serves, as an index into the config's backends.
    pub backend: usize,
    /// The chosen route's score on the table's scale, or the best route's where none passed; 0 where nothing was
    /// compared.
    pub score: f32,
    /// Why.
    pub reason: Reason,
    /// Why the prompt's meaning, or what classifiers call it, could not be had, where that might have changed it.
    pub degraded: Degraded,
    /// What the prompt means, where that is known.
    pub meaning: Option<Meaning>,
    /// What classifiers call it, those that were asked.
    pub labels: Labels,
}

/// Why a prompt goes where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// What it means is likest to this route's samples.
    Semantic,
    /// This route's rule holds, and no samples were asked for.
    Rule,
    /// No route passed its threshold.
    BelowThreshold,
    /// No route's rule holds.
    NoMatch,
    /// The client named a backend or its model.
    Direct,
    /// The guardrails sent it there.
    Guardrail,
    /// Routing is off.
    Off,
    /// There was no text to read.
    NoText,
    /// The encoder's queue was full.
    EncoderBusy,
    /// The encoder took too long.
    EncoderTimeout,
    /// The encoder failed.
    EncoderFailed,
    /// A classifier's queue is full.
    ClassifierBusy,
    /// A classifier takes too long.
    ClassifierTimeout,
    /// A classifier failed.
    ClassifierFailed,
}

// === impl Decision ===

impl Decision {
    /// A decision for `backend` that no route was compared for.
    pub fn uncompared(backend: usize, reason: Reason) -> Self {
        Self {
            route: None,
            backend,
            score: 0.0,
            reason,
            degraded: Degraded::default(),
            meaning: None,
            labels: Labels::new(),
        }
    }
}

// === impl Reason ===

impl Reason {
    /// Its name in logs, metrics and headers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Semantic => "semantic",
            Self::Rule => "rule",
            Self::BelowThreshold => "below-threshold",
            Self::NoMatch => "no-match",
            Self::Direct => "direct",
            Self::Guardrail => "guardrail",
            Self::Off => "off",
            Self::NoText => "no-text",
            Self::EncoderBusy => "encoder-busy",
            Self::EncoderTimeout => "encoder-timeout",
            Self::EncoderFailed => "encoder-failed",
            Self::ClassifierBusy => "classifier-busy",
            Self::ClassifierTimeout => "classifier-timeout",
            Self::ClassifierFailed => "classifier-failed",
        }
    }

    /// Its name, where a part was out of order.
    pub fn disorder(self) -> Option<&'static str> {
        match self {
            Self::EncoderBusy | Self::EncoderTimeout | Self::EncoderFailed => Some(self.as_str()),
            Self::ClassifierBusy | Self::ClassifierTimeout | Self::ClassifierFailed => Some(self.as_str()),
            _ => None,
        }
    }

    /// Whether the encoder was asked what a prompt means, and could not tell: who asks again waits again.
    pub fn is_unread(degraded: &Degraded) -> bool {
        let unread = [Self::EncoderBusy, Self::EncoderTimeout, Self::EncoderFailed];
        unread.iter().any(|reason| degraded.holds(reason.as_str()))
    }

    /// Whether a route was looked for.
    pub fn is_routed(self) -> bool {
        !matches!(self, Self::Direct | Self::Guardrail | Self::Off)
    }
}

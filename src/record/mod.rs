//! The last stage: one log line and the metrics of an exchange that has ended.

mod access;
mod outcome;
mod timing;

use std::net::SocketAddr;

pub use outcome::Outcome;
pub use timing::Timing;

use crate::degraded::Degraded;
use crate::failure;
use crate::metrics::{Metrics, label, observe, status_class};

/// What is recorded of an exchange.
#[allow(missing_docs, reason = "the names say it")]
pub struct Summary<'a> {
    pub id: &'a str,
    pub route: Option<&'a str>,
    pub reason: Option<&'static str>,
    pub backend: Option<&'a str>,
    pub peer: Option<SocketAddr>,
    pub tenant: Option<&'a str>,
    /// The status that was answered; none if the client left first.
    pub status: Option<u16>,
    pub attempts: usize,
    /// Which parts were out of order.
    pub degraded: Degraded,
    /// What became of the reasoning, where its route says something of it.
    pub reasoning: Option<&'static str>,
    /// What the cache did; none where it was not asked.
    pub cache: Option<Outcome>,
    /// How near the question was that the cache's answer was given to.
    pub similarity: Option<f32>,
    /// What the guardrails made of it as an attempt to override instructions, and of its personal data.
    pub jailbreak: Option<&'static str>,
    pub pii: Option<&'static str>,
    /// What became of it as a conversation's turn.
    pub sticky: Option<&'static str>,
    /// What was embedded, where that was the answer.
    pub embedded: Option<Embedded>,
    /// Why the router itself answered with an error, or ended a stream with one.
    pub failure: Option<failure::Reason>,
    pub client_left: bool,
    /// What went wrong, for the log alone.
    pub cause: Option<String>,
    /// Whether the answer was asked for as a stream.
    pub stream: bool,
    pub timing: &'a Timing,
}

/// What was embedded for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Embedded {
    /// Texts.
    pub texts: usize,
    /// Tokens that were read of them all.
    pub tokens: usize,
}

/// Records an exchange that has ended.
pub fn finish(metrics: &Metrics, summary: &Summary) {
    count(metrics, summary);
    access::log(summary);
}

fn count(metrics: &Metrics, summary: &Summary) {
    let route = summary.route.unwrap_or(label::NONE);
    let backend = summary.backend.unwrap_or(label::NONE);
    metrics.requests.with_label_values(&[route, backend, status_class(summary.status)]).inc();
    if let Some(reason) = summary.failure {
        metrics.failures.with_label_values(&[reason.as_str()]).inc();
    }
    // What the cache answers says nothing of a backend's speed.
    if summary.backend.is_some() && summary.similarity.is_none() {
        observe(&metrics.request_seconds.with_label_values(&[backend]), summary.timing.whole());
    }
    if let Some(span) = summary.timing.to_first_byte() {
        observe(&metrics.first_byte_seconds.with_label_values(&[backend]), span);
    }
}

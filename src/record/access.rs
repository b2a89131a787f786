//! The log line of an exchange. It holds no prompt and no secret.

use std::time::Duration;

use tracing::{debug, info, warn};

use super::{Embedded, Outcome, Summary};
use crate::metrics::label;

/// Writes one exchange's line.
pub(super) fn log(summary: &Summary) {
    let millis = |span: Option<Duration>| span.map(|span| (span.as_secs_f64() * 1e4).round() / 10.0);
    let degraded = summary.degraded.told();
    macro_rules! line {
        ($level:ident, $($message:tt)+) => {
            $level!(
                request_id = summary.id,
                route = summary.route,
                reason = summary.reason,
                peer = summary.peer.map(tracing::field::display),
                tenant = summary.tenant,
                status = summary.status,
                attempts = summary.attempts,
                degraded = degraded.as_deref(),
                reasoning = summary.reasoning,
                cache = summary.cache.map(Outcome::as_str),
                jailbreak = summary.jailbreak,
                pii = summary.pii,
                sticky = summary.sticky,
                stream = summary.stream,
                first_byte_ms = millis(summary.timing.to_first_byte()),
                total_ms = millis(Some(summary.timing.whole())),
                cause = summary.cause,
                $($message)+
            )
        };
    }
    let backend = summary.backend.unwrap_or(label::NONE);
    match summary.failure {
        Some(reason) if reason.status() >= 500 => line!(warn, "Failed [{backend}] | {}", reason.as_str()),
        Some(reason) => line!(info, "Refused | {}", reason.as_str()),
        None if summary.client_left => line!(info, "Client left [{backend}]"),
        None if let Some(Embedded { texts, tokens }) = summary.embedded => {
            line!(info, "Embedded | Texts: {texts} | Tokens: {tokens}");
        }
        None if let (Some(outcome), Some(similarity)) = (summary.cache, summary.similarity) => {
            let latency = summary.timing.whole().as_secs_f64() * 1e3;
            let outcome = outcome.as_str();
            line!(
                info,
                "Served from cache [{backend}] | {outcome} | Similarity: {similarity:.3} | Latency: {latency:.1}ms"
            );
        }
        None if summary.backend.is_none() && summary.route.is_some() => line!(info, "Answered by the route"),
        None if summary.backend.is_none() => line!(debug, "Answered"),
        None => {
            let latency = summary.timing.to_decision().unwrap_or_default().as_secs_f64() * 1e3;
            line!(info, "Routed to [{backend}] | Latency: {latency:.1}ms");
        }
    }
}

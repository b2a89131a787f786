//! What is recorded of an exchange, gathered once it has ended.

use pingora::{Error, ErrorType};
use pingora_proxy::Session;

use super::answer::{client_left, status_written};
use super::exchange::Exchange;
use crate::record::Summary;
use crate::route::action::reasoning::Outcome as Thinking;

/// What is recorded of an exchange that has ended.
pub(super) fn summary<'a>(session: &Session, error: Option<&Error>, exchange: &'a Exchange) -> Summary<'a> {
    let client_left = error.is_some_and(|error| client_left(error, exchange));
    let (to, responded) = (exchange.destination.as_ref(), exchange.responded.as_ref());
    Summary {
        id: &exchange.id,
        route: to.map(|to| &*to.route).or(responded.map(|(route, _)| &**route)),
        reason: to.map(|to| to.reason.as_str()).or(responded.map(|(_, reason)| reason.as_str())),
        backend: to.map(|to| &*to.backend.settings.name),
        peer: exchange.lease.as_ref().map(|lease| lease.peer().address),
        tenant: exchange.client.as_ref().map(|client| &*client.tenant),
        status: status_written(session),
        attempts: exchange.attempts.begun(),
        degraded: exchange.degraded,
        reasoning: exchange.reasoning.map(Thinking::as_str),
        cache: exchange.cached.outcome,
        similarity: exchange.cached.served.map(|served| served.similarity),
        jailbreak: exchange.guarded.jailbreak,
        pii: exchange.guarded.pii,
        sticky: exchange.sticky,
        embedded: exchange.embedded,
        failure: exchange.failure.as_ref().map(|failure| failure.reason),
        client_left,
        cause: error.filter(|_| !client_left).map(cause),
        stream: exchange.stream,
        timing: &exchange.timing,
    }
}

/// An error for the log. Where a head could not be read, Pingora's own words hold its bytes and what came with them.
fn cause(error: &Error) -> String {
    match error.etype() {
        ErrorType::InvalidHTTPHeader => format!("{} {}", error.esource().as_str(), error.etype().as_str()),
        _ => error.to_string(),
    }
}

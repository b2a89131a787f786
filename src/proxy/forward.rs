//! The upstream phase: a peer for each attempt, and what a failed attempt leads to.

use std::time::Duration;

use bytes::Bytes;
use pingora::http::ResponseHeader;
use pingora::prelude::HttpPeer;
use pingora::{Error, ErrorSource, ErrorType, Result};
use pingora_proxy::Session;
use tracing::info;

use super::answer::status_written;
use super::exchange::Exchange;
use super::keeping;
use crate::failure::{Failure, Reason};
use crate::metrics::Metrics;
use crate::relay::Relay;
use crate::upstream::Trouble;

/// Names the error by which a peer's own answer sends the request on to another peer.
const ANOTHER_PEER: ErrorType = ErrorType::Custom("AnotherPeer");

/// The peer of the exchange's next attempt, leased.
pub(super) fn pick(exchange: &mut Exchange) -> Result<Box<HttpPeer>> {
    let Some(to) = &exchange.destination else {
        return Error::e_explain(ErrorType::InternalError, "no destination");
    };
    let Some(peer) = to.backend.pick(|peer| exchange.attempts.tried(&peer.state)) else {
        exchange.failure.get_or_insert_with(|| no_peer(&to.backend.settings.name, to.backend.settings.health.interval));
        return Error::e_explain(ErrorType::ConnectError, "no healthy peer");
    };
    exchange.attempts.begin();
    exchange.lease = Some(peer.lease());
    let fresh = exchange.attempts.need_fresh_connection();
    Ok(Box::new(if fresh { peer.connect_afresh() } else { peer.connect.clone() }))
}

/// Takes in the head of a peer's answer: passes it on, or turns to another peer where that may do better.
pub(super) fn judge_status(metrics: &Metrics, head: &ResponseHeader, exchange: &mut Exchange) -> Result<()> {
    if head.status.is_informational() {
        return Ok(());
    }
    if let Some(trouble) = Trouble::from_status(head.status.as_u16())
        && may_go_on(metrics, exchange, trouble)
    {
        let mut error = Error::explain(ANOTHER_PEER, "the peer cannot serve now");
        error.as_up();
        error.set_retry(true);
        return Err(error);
    }
    exchange.timing.first_byte();
    exchange.relay = Relay::begin(head);
    keeping::begin(exchange, head);
    // From here no attempt follows: a long answer need not keep a large request in memory.
    exchange.body = Bytes::new();
    Ok(())
}

/// No connection to the peer came about.
pub(super) fn failed_to_connect(metrics: &Metrics, exchange: &mut Exchange, mut error: Box<Error>) -> Box<Error> {
    error.set_retry(may_go_on(metrics, exchange, Trouble::Connect));
    error
}

/// The exchange broke after the connection stood.
pub(super) fn broke(
    metrics: &Metrics,
    session: &Session,
    exchange: &mut Exchange,
    mut error: Box<Error>,
    reused: bool,
) -> Box<Error> {
    if *error.etype() == ANOTHER_PEER {
        return error; // judged already
    }
    // Once the peer's head has come, some of the answer may be with the client: never again from here.
    let nothing_came = status_written(session).is_none() && exchange.timing.first_byte_at().is_none();
    let retry = nothing_came && *error.esource() == ErrorSource::Upstream && {
        let trouble = match error.etype() {
            ErrorType::ReadTimedout => Trouble::FirstByteTimeout,
            _ if reused => Trouble::StaleConnection,
            _ => Trouble::Reset,
        };
        may_go_on(metrics, exchange, trouble)
    };
    error.set_retry(retry);
    error
}

fn may_go_on(metrics: &Metrics, exchange: &mut Exchange, trouble: Trouble) -> bool {
    let (Some(lease), Some(to)) = (&exchange.lease, &exchange.destination) else { return false };
    let peer = lease.peer().clone();
    let settings = &to.backend.settings;
    let mut attempts = std::mem::take(&mut exchange.attempts);
    let another = |attempts: &_| exchange.another_peer_is_left(attempts);
    let go_on = attempts.may_go_on(trouble, &peer.state, settings.retries, another);
    if go_on {
        metrics.retries.with_label_values(&[&*settings.name, trouble.as_str()]).inc();
        let (name, address) = (&settings.name, peer.address);
        info!(request_id = &*exchange.id, "Retrying [{name}] | {address}: {}", trouble.as_str());
    }
    exchange.attempts = attempts;
    go_on
}

fn no_peer(backend: &str, check_interval: Duration) -> Failure {
    let message = format!("no healthy peer serves backend \"{backend}\" at the moment");
    Failure::new(Reason::NoPeer, message).retry_after(check_interval.max(Duration::from_secs(1)))
}

//! The upstream phase: a peer for each attempt, and what a failed attempt leads to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pingora::http::ResponseHeader;
use pingora::prelude::HttpPeer;
use pingora::{Error, ErrorSource, ErrorType, Result};
use pingora_proxy::Session;
use tracing::info;

use super::answer::status_written;
use super::deadline::Phase;
use super::exchange::{Exchange, Progress};
use super::way::unless_left;
use super::{guarding, keeping, spending};
use crate::failure::{Failure, Reason};
use crate::metrics::{Metrics, observe};
use crate::relay::Relay;
use crate::upstream::{Attempts, Backend, Fault, Lease, NoLease, Outcome, Refused, Slot, Trouble};

/// Names the error by which a peer's own answer sends the request on to another peer.
const ANOTHER_PEER: ErrorType = ErrorType::Custom("AnotherPeer");

/// The peer of the exchange's next attempt, leased; after a wait where all are busy, and another backend's where none can
/// serve.
pub(super) async fn pick(metrics: &Metrics, session: &mut Session, exchange: &mut Exchange) -> Result<Box<HttpPeer>> {
    exchange.deadline.end();
    let (mut slot, mut busy) = (exchange.lease.take().and_then(Lease::into_slot), None);
    loop {
        let Some(backend) = exchange.backend().cloned() else {
            return Error::e_explain(ErrorType::InternalError, "no destination");
        };
        let why = match lease(metrics, session, exchange, &backend, slot.take()).await? {
            Ok(lease) => {
                if let Err(failure) = write_again(exchange).await {
                    exchange.failure = Some(failure);
                    return Error::e_explain(ErrorType::InternalError, "a body that cannot be written");
                }
                return Ok(Box::new(begin_attempt(session, exchange, lease)));
            }
            Err(why) => no_lease(&backend, why),
        };
        // Of several refusals, the first that promises a place later.
        if why.reason == Reason::Overloaded {
            busy.get_or_insert(why.clone());
        }
        match exchange.fall_back(metrics) {
            true => {}
            false => {
                exchange.failure.get_or_insert(busy.unwrap_or(why));
                return Error::e_explain(ErrorType::ConnectError, "no peer");
            }
        }
    }
}

/// Writes the body that the backend in use gets, where the one before it got another.
async fn write_again(exchange: &mut Exchange) -> std::result::Result<(), Failure> {
    if exchange.body.is_none() {
        exchange.write_body().await?;
        spending::ask(exchange).await?;
    }
    Ok(())
}

async fn lease(
    metrics: &Metrics,
    session: &mut Session,
    exchange: &Exchange,
    backend: &Arc<Backend>,
    slot: Option<Slot>,
) -> Result<std::result::Result<Lease, NoLease>> {
    let begun = Instant::now();
    let patience = exchange.deadline.left(begun);
    let leasing = backend.lease(&exchange.demand, exchange.attempts.all_tried(), slot, patience);
    let leased = unless_left(session, leasing).await?;
    if backend.settings.limits.any() {
        let name = &[&*backend.settings.name];
        observe(&metrics.queue_seconds.with_label_values(name), begun.elapsed());
        if let Err(NoLease::Busy(why)) = leased {
            metrics.queue_refused.with_label_values(&[name[0], why.as_str()]).inc();
        }
    }
    Ok(leased)
}

/// How to connect to the leased peer.
fn begin_attempt(session: &Session, exchange: &mut Exchange, lease: Lease) -> HttpPeer {
    let peer = lease.peer().clone();
    exchange.attempts.begin();
    exchange.progress = Progress::Awaited;
    exchange.lease = Some(lease);
    let mut connect =
        if exchange.attempts.need_fresh_connection() { peer.connect_afresh() } else { peer.connect.clone() };
    exchange.deadline.begin_attempt(session, &mut connect.options);
    connect
}

/// Takes in the head of a peer's answer: passes it on, or turns to another peer where that may do better.
pub(super) fn judge_status(metrics: &Metrics, head: &ResponseHeader, exchange: &mut Exchange) -> Result<()> {
    if head.status.is_informational() {
        return Ok(());
    }
    let status = head.status.as_u16();
    let retry_after = head.headers.get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let outcome = Outcome::from_status(status, retry_after);
    if outcome != Outcome::Success {
        judge(metrics, exchange, outcome);
    }
    if status >= 400 && may_go_on(metrics, exchange, Trouble::Status(status)) {
        let mut error = Error::explain(ANOTHER_PEER, "another peer may do better");
        error.as_up();
        error.set_retry(true);
        return Err(error);
    }
    exchange.timing.first_byte();
    exchange.relay = Relay::begin(head);
    exchange.deadline.enter(if exchange.relay.is_stream() { Phase::FirstEvent } else { Phase::Body });
    spending::begin(exchange, head);
    keeping::begin(exchange, head);
    guarding::begin(exchange, head);
    // From here no attempt follows: a long answer need not keep a large request in memory.
    exchange.body = None;
    exchange.prompt = None;
    Ok(())
}

/// Follows a chunk of a peer's answer: the first one shows that the peer serves. An error where the answer takes longer than
/// it may.
pub(super) fn follow(metrics: &Metrics, exchange: &mut Exchange, chunk: &[u8], end: bool) -> Result<()> {
    if exchange.progress == Progress::Awaited && !chunk.is_empty() {
        begin_answer(exchange);
    }
    if end {
        succeed(metrics, exchange);
    }
    exchange.deadline.enter(Phase::Body);
    // Where nobody watches the alarm, this is what ends an answer that never pauses.
    if exchange.deadline.is_over() && !end {
        return Err(Error::explain(ErrorType::ReadTimedout, "the request takes too long").into_up());
    }
    Ok(())
}

/// The first of the answer's body shows that the peer serves again, where that was the question.
fn begin_answer(exchange: &mut Exchange) {
    exchange.progress = Progress::Begun;
    let (Some(backend), Some(lease)) = (exchange.backend().cloned(), &mut exchange.lease) else { return };
    if let Some(begun) = exchange.deadline.attempt_begun().filter(|_| exchange.relay.is_stream()) {
        lease.peer().state.record_first_token(begun.elapsed());
    }
    backend.confirm(lease);
}

/// The answer is whole, or its client has enough of it.
pub(super) fn succeed(metrics: &Metrics, exchange: &mut Exchange) {
    if exchange.progress != Progress::Judged {
        judge(metrics, exchange, Outcome::Success);
    }
}

/// No connection to the peer came about.
pub(super) fn failed_to_connect(metrics: &Metrics, exchange: &mut Exchange, mut error: Box<Error>) -> Box<Error> {
    judge(metrics, exchange, Outcome::Fault(Fault::Connect));
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
    if *error.esource() != ErrorSource::Upstream && !exchange.deadline.expired() {
        error.set_retry(false);
        return error;
    }
    let expired = exchange.deadline.expired() || *error.etype() == ErrorType::ReadTimedout;
    // Once the peer's head has come, some of the answer may be with the client: never again from here.
    let nothing_came = status_written(session).is_none() && exchange.timing.first_byte_at().is_none();
    let (trouble, fault) = match nothing_came {
        true if expired => (Trouble::FirstByteTimeout, Fault::FirstByteTimeout),
        true if reused => (Trouble::StaleConnection, Fault::Reset),
        true => (Trouble::Reset, Fault::Reset),
        false if expired && exchange.progress == Progress::Awaited && exchange.relay.is_stream() => {
            (Trouble::FirstByteTimeout, Fault::FirstByteTimeout)
        }
        false if expired => (Trouble::FirstByteTimeout, Fault::Stalled),
        false => (Trouble::Reset, Fault::BrokenStream),
    };
    if nothing_came && exchange.attempts.excuses(trouble) {
        count_retry(metrics, exchange, trouble);
        error.set_retry(true);
        return error;
    }
    // A request that may take no longer says nothing of its peer.
    if !exchange.deadline.is_over() {
        judge(metrics, exchange, Outcome::Fault(fault));
    }
    error.set_retry(nothing_came && may_go_on(metrics, exchange, trouble));
    error
}

/// Takes in how the attempt fared.
fn judge(metrics: &Metrics, exchange: &mut Exchange, outcome: Outcome) {
    exchange.progress = Progress::Judged;
    let Some(backend) = exchange.backend().cloned() else { return };
    let Some(lease) = &mut exchange.lease else { return };
    let name = &*backend.settings.name;
    metrics.outcomes.with_label_values(&[name, outcome.as_str()]).inc();
    if backend.observe(lease, outcome) {
        metrics.ejections.with_label_values(&[name]).inc();
    }
}

/// Whether the request may be sent again, to another peer or to another backend.
fn may_go_on(metrics: &Metrics, exchange: &mut Exchange, trouble: Trouble) -> bool {
    let (Some(lease), Some(backend)) = (&exchange.lease, exchange.backend().cloned()) else { return false };
    let (peer, settings) = (lease.peer().clone(), &backend.settings);
    let another = |attempts: &Attempts| backend.another_is_left(|peer| attempts.tried(peer));
    let in_pool = exchange.attempts.may_go_on(&peer.state, settings.retry.peers, another);
    let worth_it = settings.retry.on.contains(&trouble.kind()) && !exchange.deadline.is_over();
    if !worth_it || !(in_pool || exchange.has_fallback()) {
        return false;
    }
    let name = &*settings.name;
    if !backend.pool.may_retry(settings.retry.budget) {
        metrics.retries_refused.with_label_values(&[name]).inc();
        return false;
    }
    count_retry(metrics, exchange, trouble);
    in_pool || exchange.fall_back(metrics)
}

fn count_retry(metrics: &Metrics, exchange: &Exchange, trouble: Trouble) {
    let (Some(lease), Some(backend)) = (&exchange.lease, exchange.backend()) else { return };
    let (name, address) = (&*backend.settings.name, lease.peer().address);
    metrics.retries.with_label_values(&[name, trouble.as_str()]).inc();
    info!(request_id = &*exchange.id, "Retrying [{name}] | {address}: {trouble}");
}

fn no_lease(backend: &Backend, why: NoLease) -> Failure {
    let name = &backend.settings.name;
    match why {
        NoLease::Nobody => {
            let message = format!("no healthy peer serves backend \"{name}\" at the moment");
            let after = backend.settings.health.interval.clamp(Duration::from_secs(1), Duration::from_secs(60));
            Failure::new(Reason::NoPeer, message).retry_after(after)
        }
        NoLease::Busy(why) => {
            let waited =
                if why == Refused::TimedOut { "no place became free in time" } else { "too many requests wait" };
            Failure::new(Reason::Overloaded, format!("backend \"{name}\" is busy: {waited}; try again"))
                .retry_after(backend.retry_after())
        }
    }
}

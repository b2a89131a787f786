//! Answers that the router gives itself: health, the model list, and every failure, in OpenAI's shape.

use bytes::Bytes;
use http::{Method, header};
use pingora::http::ResponseHeader;
use pingora::{Error, ErrorSource, ErrorType, Result};
use pingora_proxy::{FailToProxy, Session};

use super::exchange::Exchange;
use super::{guarding, headers, spending};
use crate::config::Snapshot;
use crate::failure::{Failure, Reason};
use crate::intake;
use crate::metrics::Metrics;
use crate::openai;
use crate::route::Named;

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream; charset=utf-8";

/// A whole answer.
pub(super) struct Answer {
    status: u16,
    kind: &'static str,
    body: Bytes,
    retry_after: Option<u64>,
    allow: Option<&'static str>,
}

// === impl Answer ===

impl Answer {
    /// For L4 balancers: whether new requests are welcome.
    pub(super) fn health(draining: bool) -> Self {
        let (status, word) = if draining { (503, "draining") } else { (200, "ok") };
        Self::json(status, format!(r#"{{"status":"{word}"}}"#))
    }

    /// The aliases, every backend under its name and its model, and the embedding model where it is served.
    pub(super) fn models(snapshot: &Snapshot) -> Self {
        let names = &snapshot.router.names;
        let embedding = snapshot.embeddings.as_ref().map(|service| &**service.name());
        let unlisted = embedding.filter(|name| names.find(name) == Named::Nobody);
        Self::json(200, openai::models::list(names.all().chain(unlisted)).to_string())
    }

    fn failure(failure: &Failure) -> Self {
        let retry_after = failure.retry_after.map(|after| after.as_secs().max(1));
        let allow = failure.allow;
        Self { retry_after, allow, ..Self::json(failure.reason.status(), openai::error::body(failure)) }
    }

    /// `body`, which is JSON.
    pub(super) fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, kind: JSON, body: body.into(), retry_after: None, allow: None }
    }

    /// `body`, which is a whole stream of events.
    pub(super) fn events(body: Bytes) -> Self {
        Self { kind: EVENTS, ..Self::json(200, body) }
    }

    /// Writes the answer. True, as `request_filter` has it: the request needs no upstream.
    pub(super) async fn write(self, session: &mut Session, exchange: &Exchange) -> Result<bool> {
        let mut head = ResponseHeader::build(self.status, Some(8))?;
        head.insert_header(header::CONTENT_TYPE, self.kind)?;
        head.insert_header(header::CONTENT_LENGTH, self.body.len())?;
        if let Some(seconds) = self.retry_after {
            head.insert_header(header::RETRY_AFTER, seconds)?;
        }
        if let Some(methods) = self.allow {
            head.insert_header(header::ALLOW, methods)?;
        }
        if self.status == Reason::Unauthorized.status() {
            head.insert_header(header::WWW_AUTHENTICATE, "Bearer")?;
        }
        headers::describe(&mut head, exchange)?;
        let is_head = session.req_header().method == Method::HEAD;
        session.write_response_header(Box::new(head), is_head).await.map_err(|error| error.into_down())?;
        let body = Some(self.body).filter(|_| !is_head);
        session.write_response_body(body, true).await.map_err(|error| error.into_down())?;
        Ok(true)
    }
}

/// Answers a request that the router refuses.
pub(super) async fn refuse(session: &mut Session, exchange: &mut Exchange, failure: Failure) -> Result<bool> {
    let unread = !session.as_mut().is_body_done();
    if unread {
        // Said in the answer's head already: what is left of the body makes the connection useless.
        session.set_keepalive(None);
    }
    let answer = Answer::failure(&failure);
    exchange.failure = Some(failure);
    answer.write(session, exchange).await?;
    if unread {
        intake::body::drain(session).await;
    }
    Ok(true)
}

/// Tells the client that the upstream phase failed: with an error answer, or inside the stream that has begun.
pub(super) async fn give_up(
    metrics: &Metrics,
    session: &mut Session,
    exchange: &mut Exchange,
    error: &Error,
) -> FailToProxy {
    if client_left(error, exchange) {
        return FailToProxy { error_code: 0, can_reuse_downstream: false };
    }
    spending::end(metrics, exchange, false);
    let failure = exchange.failure.take().unwrap_or_else(|| explain(error, exchange));
    let status = failure.reason.status();
    session.set_keepalive(None);
    let begun = status_written(session).is_some();
    exchange.failure = Some(failure.clone());
    if begun {
        end_stream(metrics, session, exchange, &failure).await;
    } else {
        // Should the client be gone, there is nobody left to tell.
        let _ = Answer::failure(&failure).write(session, exchange).await;
    }
    FailToProxy { error_code: status, can_reuse_downstream: false }
}

async fn end_stream(metrics: &Metrics, session: &mut Session, exchange: &mut Exchange, failure: &Failure) {
    // What was held back of the text comes before its end.
    let mut held = None;
    guarding::give_back(metrics, exchange, &mut held, true);
    let held = held.unwrap_or_default();
    exchange.relay.pass(&held);
    if let (Some(event), Some(to)) = (exchange.relay.broken(failure), &exchange.destination) {
        metrics.broken_streams.with_label_values(&[&*to.backend.settings.name]).inc();
        let _ = session.write_response_body(Some([held, event].concat().into()), true).await;
    }
}

/// Whether there is nobody left to answer.
pub(super) fn client_left(error: &Error, exchange: &Exchange) -> bool {
    let broken = matches!(
        error.etype(),
        ErrorType::ReadError
            | ErrorType::WriteError
            | ErrorType::ReadTimedout
            | ErrorType::WriteTimedout
            | ErrorType::ConnectionClosed
            | ErrorType::H2Error
    );
    // An alarm shows on the client's connection too.
    *error.esource() == ErrorSource::Downstream && broken && !exchange.deadline.expired()
}

/// The final status that was written, if any: a `100 Continue` is none.
pub(super) fn status_written(session: &Session) -> Option<u16> {
    let status = session.response_written()?.status.as_u16();
    (status >= 200).then_some(status)
}

/// What an upstream error means to the client. Addresses and causes are for the log.
fn explain(error: &Error, exchange: &Exchange) -> Failure {
    let backend = exchange.destination.as_ref().map_or("?", |to| &*to.backend.settings.name);
    let late = || Failure::new(Reason::UpstreamTimeout, format!("backend \"{backend}\" did not answer in time"));
    match error.etype() {
        _ if exchange.deadline.expired() => late(),
        ErrorType::ConnectTimedout
        | ErrorType::TLSHandshakeTimedout
        | ErrorType::ReadTimedout
        | ErrorType::WriteTimedout => late(),
        _ => match error.esource() {
            ErrorSource::Upstream => {
                Failure::new(Reason::UpstreamFailed, format!("backend \"{backend}\" failed to answer"))
            }
            ErrorSource::Downstream => Failure::new(Reason::InvalidRequest, "the request's head cannot be passed on"),
            _ => Failure::internal(),
        },
    }
}

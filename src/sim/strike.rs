//! Faults at work: before the first byte of an answer, and on answers that are not streamed. Streams see to their own.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::io::{self, ErrorKind};

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio::task::yield_now;
use tokio::time::sleep;

use super::app::{App, Document};
use super::door::Fate;
use super::fault::Kind;
use super::refusal::Refusal;
use super::tape::Turn;

const NOT_HTTP: &[u8] = b"\x16\x03\x01 this is not HTTP \xff\xfe\r\n\r\n";

/// Lets faults strike that come before the first byte of an answer; `None` lets the request go on.
pub(super) async fn before(app: &App, path: &str, fault: &Kind, turn: &mut Turn) -> Option<Response> {
    match fault {
        Kind::Status { status, retry_after, message } => {
            let mut response = Refusal::status(*status, message.as_deref()).into_response();
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*seconds));
            }
            Some(response)
        }
        Kind::Dead if path == "/health" => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            Some(response)
        }
        Kind::Dead => Some(Refusal::dead().into_response()),
        Kind::Hang => pending().await,
        Kind::Slow { delay } => {
            sleep(*delay).await;
            None
        }
        // The response stands in only to make the server write.
        Kind::Cut { after: None, reset } => {
            turn.doom(if *reset { Fate::Reset } else { Fate::Close });
            Some(Response::new(Body::from(app.settings.name.clone())))
        }
        Kind::Garbage { after: None } => {
            turn.doom(Fate::Say(Bytes::from_static(NOT_HTTP)));
            Some(Response::new(Body::from(app.settings.name.clone())))
        }
        _ => None,
    }
}

/// Sends an answer that is not streamed, spoiled if it has to be.
pub(super) async fn deliver(app: &App, document: Document, fault: Option<Kind>, mut turn: Turn) -> Response {
    let Document { kind, body } = document;
    let length = body.len();
    let body = match fault {
        Some(Kind::Stall { .. } | Kind::Cut { .. }) => {
            let first = stream::once(ready(Ok(body.slice(..length / 2))));
            Body::from_stream(first.chain(stream::once(break_off(fault, turn)).map(|error| error.map(never))))
        }
        Some(Kind::Garbage { .. }) => {
            turn.finish();
            Body::from("{not JSON".repeat(length / 9 + 1)[..length].to_string())
        }
        other => {
            match other {
                Some(Kind::Stepped) => app.faults.step().await,
                Some(Kind::LateToken { delay }) => sleep(delay).await,
                _ => {}
            }
            turn.finish();
            Body::from(body)
        }
    };
    let mut response = Response::new(body);
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// What comes after the first half of a body: nothing, for ever, or the connection's end.
async fn break_off(fault: Option<Kind>, mut turn: Turn) -> io::Result<Infallible> {
    if let Some(Kind::Cut { reset, .. }) = fault {
        // The first half has to leave before.
        yield_now().await;
        turn.doom(if reset { Fate::Reset } else { Fate::Close });
        return Err(ErrorKind::ConnectionAborted.into());
    }
    pending().await
}

fn never(nothing: Infallible) -> Bytes {
    match nothing {}
}

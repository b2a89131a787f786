//! The request's body: read whole under a cap and a deadline, and left behind so that Pingora sends ours upstream.
//!
//! Pingora replays a body that was read before the upstream phase from a retry buffer of 64 KiB and no more; where that
//! buffer is empty or has overflowed, it sends headers without a body. The body that goes upstream is ours, put in by
//! the body filter, but the filter runs only if the buffer holds something. So buffering begins as soon as what is
//! left of the body is sure to fit, and everything that knows of this stands in this file.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, header};
use pingora::ErrorType;
use pingora::http::RequestHeader;
use pingora_proxy::Session;

use super::Limits;
use crate::failure::{Failure, Reason};

/// The size of Pingora's retry buffer.
const REPLAY: usize = 64 << 10;

/// What is still read of a refused body, so that the client gets to read the answer.
const DRAIN_BYTES: usize = 16 << 20;
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// Reads the whole body.
pub async fn read(session: &mut Session, limits: &Limits) -> Result<Bytes, Failure> {
    let headers = &session.req_header().headers;
    refuse_encoding(headers)?;
    let declared = declared_length(headers);
    if declared.is_some_and(|length| length > limits.body_size) {
        return Err(too_large(limits));
    }
    let expects =
        headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    if expects && session.as_mut().write_continue_response().await.is_err() {
        return Err(incomplete());
    }
    let reading = read_all(session, limits, declared);
    let body = tokio::time::timeout(limits.body_timeout, reading).await.map_err(|_| too_slow(limits))??;
    if !body.is_empty() && session.as_mut().get_retry_buffer().is_none() {
        let message = "a body of more than 64 KiB must declare its Content-Length";
        return Err(Failure::new(Reason::LengthRequired, message));
    }
    Ok(body)
}

/// Reads on after a refusal, within bounds, and has the connection closed.
pub async fn drain(session: &mut Session) {
    session.set_keepalive(None);
    let draining = async {
        let mut drained = 0;
        while let Ok(Some(chunk)) = session.read_request_body().await {
            drained += chunk.len();
            if drained > DRAIN_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN_TIME, draining).await;
}

/// Frames the upstream request for a body of `length` bytes, whatever the client's framing was.
pub fn frame(request: &mut RequestHeader, length: usize) -> pingora::Result<()> {
    request.remove_header(&header::TRANSFER_ENCODING);
    request.remove_header(&header::EXPECT);
    if length > 0 || request.method == http::Method::POST {
        request.insert_header(header::CONTENT_LENGTH, HeaderValue::from(length))?;
    }
    Ok(())
}

async fn read_all(session: &mut Session, limits: &Limits, declared: Option<usize>) -> Result<Bytes, Failure> {
    let mut body = BytesMut::with_capacity(declared.unwrap_or(0).min(1 << 20));
    loop {
        if declared.is_none_or(|length| length.saturating_sub(body.len()) <= REPLAY) {
            session.as_mut().enable_retry_buffering();
        }
        match session.read_request_body().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > limits.body_size => return Err(too_large(limits)),
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body.freeze()),
            Err(error) => {
                // Where this body ends, and with it where another request begins, is not known.
                session.set_keepalive(None);
                return Err(if *error.etype() == ErrorType::ReadTimedout { too_slow(limits) } else { incomplete() });
            }
        }
    }
}

fn declared_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn refuse_encoding(headers: &HeaderMap) -> Result<(), Failure> {
    let plain = |encoding: &HeaderValue| encoding.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(header::CONTENT_ENCODING).iter().all(plain) {
        return Ok(());
    }
    let message = "a compressed body cannot be read; send it without content-encoding";
    Err(Failure::new(Reason::UnsupportedEncoding, message))
}

fn too_slow(limits: &Limits) -> Failure {
    let seconds = limits.body_timeout.as_secs_f64();
    Failure::new(Reason::BodyTimeout, format!("the body did not arrive within {seconds} s"))
}

/// The failure of a body above the cap.
pub fn too_large(limits: &Limits) -> Failure {
    Failure::new(Reason::BodyTooLarge, format!("the body is larger than {} bytes", limits.body_size))
}

fn incomplete() -> Failure {
    Failure::new(Reason::BodyIncomplete, "the body ended before it was complete")
}

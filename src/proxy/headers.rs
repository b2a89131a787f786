//! Headers on their way: what a peer gets to see, and what the answer says of its making.

use std::sync::Arc;

use bytes::Bytes;
use http::Version;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::{Error, ErrorType, OrErr, Result};
use pingora_proxy::Session;
use uuid::Uuid;

use super::exchange::Exchange;
use crate::failure::{Failure, Reason};
use crate::intake::{self, Client};
use crate::record::Outcome;
use crate::route::action::headers::{Headers, OF_ONE_CONNECTION};
use crate::upstream::{Origin, Settings};

/// Every header of ours begins with this.
pub(super) const OURS: &str = "x-pointsman-";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ROUTE: HeaderName = HeaderName::from_static("x-pointsman-route");
const BACKEND: HeaderName = HeaderName::from_static("x-pointsman-backend");
const CACHE: HeaderName = HeaderName::from_static("x-pointsman-cache");
const CACHE_ENTRY: HeaderName = HeaderName::from_static("x-pointsman-cache-entry");
const CACHE_SIMILARITY: HeaderName = HeaderName::from_static("x-pointsman-cache-similarity");
const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");
const EXPLAIN: HeaderName = HeaderName::from_static("x-pointsman-explain");
const JAILBREAK: HeaderName = HeaderName::from_static("x-pointsman-jailbreak");
const PII: HeaderName = HeaderName::from_static("x-pointsman-pii");
const REASONING: HeaderName = HeaderName::from_static("x-pointsman-reasoning");
const DEGRADED: HeaderName = HeaderName::from_static("x-pointsman-degraded");

/// More header fields, or more bytes of them, are refused. Far above what clients send.
const MAX_FIELDS: usize = 100;
const MAX_BYTES: usize = 32 << 10;

/// The client's own id for the request where it can serve as one, or a fresh one.
pub(super) fn request_id(headers: &HeaderMap) -> Arc<str> {
    let own = headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok());
    match own.filter(|id| (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())) {
        Some(id) => id.into(),
        None => Uuid::new_v4().to_string().into(),
    }
}

/// Whether the answer is to say why the request went where it went. Only clients that are trusted may ask.
pub(super) fn wants_explanation(headers: &HeaderMap, client: Option<&Client>) -> bool {
    let asks = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"true");
    client.is_some_and(|client| client.trusted) && headers.get(&EXPLAIN).is_some_and(asks)
}

/// Refuses requests whose headers alone are a burden.
pub(super) fn refuse_flood(headers: &HeaderMap) -> Result<(), Failure> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > MAX_FIELDS || bytes > MAX_BYTES {
        let message = format!("more than {MAX_FIELDS} header fields or {MAX_BYTES} bytes of them");
        return Err(Failure::new(Reason::HeadersTooLarge, message));
    }
    Ok(())
}

/// Makes the client's request head the peer's.
pub(super) fn to_peer(session: &Session, request: &mut RequestHeader, exchange: &Exchange) -> Result<()> {
    let (Some(lease), Some(to)) = (&exchange.lease, &exchange.destination) else {
        return Error::e_explain(ErrorType::InternalError, "no peer");
    };
    let asked = session.req_header().uri.path_and_query().map_or("/", |path| path.as_str());
    let origin = &lease.peer().origin;
    address(request, origin.path(asked), &origin.authority)?;
    if let Some(policy) = exchange.policy() {
        act(request, &policy.headers)?;
    }
    finish(request, &exchange.id, &to.backend.settings, exchange.body.as_ref().map_or(0, Bytes::len))
}

/// Where a request goes.
fn address(request: &mut RequestHeader, path: String, authority: &str) -> Result<()> {
    request.set_uri(path.parse().or_err(ErrorType::InternalError, "joining paths")?);
    request.insert_header(header::HOST, authority)
}

/// What the route does to the head.
fn act(request: &mut RequestHeader, headers: &Headers) -> Result<()> {
    headers.removed.iter().for_each(|name| drop(request.remove_header(name)));
    headers.set.iter().try_for_each(|(name, value)| request.insert_header(name.clone(), value.clone()))
}

/// What the router has the last word on: its own headers stay here, and the peer gets the backend's key and a body of so
/// many bytes.
fn finish(request: &mut RequestHeader, id: &str, settings: &Settings, length: usize) -> Result<()> {
    let ours: Vec<HeaderName> =
        request.headers.keys().filter(|name| name.as_str().starts_with(OURS)).cloned().collect();
    for name in &ours {
        request.remove_header(name);
    }
    // What is tapped must be readable.
    request.remove_header(&header::ACCEPT_ENCODING);
    request.insert_header(REQUEST_ID, id)?;
    if !settings.forward_auth {
        request.remove_header(&header::AUTHORIZATION);
    }
    if let Some(authorization) = &settings.authorization {
        request.insert_header(header::AUTHORIZATION, authorization)?;
    }
    intake::body::frame(request, length)
}

/// The head of a copy of the client's request, but for where it goes and its body's length.
pub(super) fn copied(session: &Session, headers: &Headers) -> Result<RequestHeader> {
    let asked = session.req_header();
    let path = asked.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = RequestHeader::build(asked.method.clone(), path.as_bytes(), Some(asked.headers.len() + 4))?;
    let named: Vec<&str> =
        asked.headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok()).collect();
    let is_named =
        |name: &str| named.iter().flat_map(|list| list.split(',')).any(|it| it.trim().eq_ignore_ascii_case(name));
    for (name, value) in &asked.headers {
        let is_of_the_body = *name == header::CONTENT_LENGTH;
        if !is_of_the_body && !OF_ONE_CONNECTION.contains(&name.as_str()) && !is_named(name.as_str()) {
            request.append_header(name.clone(), value.clone())?;
        }
    }
    act(&mut request, headers)?;
    Ok(request)
}

/// Makes such a head one for a peer at `origin`.
pub(super) fn to_mirror(
    request: &mut RequestHeader,
    origin: &Origin,
    id: &str,
    settings: &Settings,
    length: usize,
) -> Result<()> {
    let asked = request.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    address(request, origin.path(&asked), &origin.authority)?;
    finish(request, id, settings, length)
}

/// Adds what the router says of a peer's answer.
pub(super) fn to_client(session: &Session, head: &mut ResponseHeader, exchange: &Exchange) -> Result<()> {
    if head.status.is_informational() {
        return Ok(());
    }
    if exchange.guarded.unmask.is_some() {
        // With values in the placeholders' place it is another body.
        for name in [header::CONTENT_LENGTH, header::ETAG, CONTENT_MD5] {
            head.remove_header(&name);
        }
        // Else its end would be the connection's, and a body that broke off would pass for whole.
        if session.req_header().version == Version::HTTP_11 {
            head.insert_header(header::TRANSFER_ENCODING, "chunked")?;
        }
    }
    describe(head, exchange)
}

/// What every answer carries: the request's id and, as far as they are known, its route and backend, what the cache did,
/// and which part was out of order.
pub(super) fn describe(head: &mut ResponseHeader, exchange: &Exchange) -> Result<()> {
    head.insert_header(REQUEST_ID, &*exchange.id)?;
    if let Some(to) = &exchange.destination {
        head.insert_header(ROUTE, &*to.route)?;
        head.insert_header(BACKEND, &*to.backend.settings.name)?;
        let outcome = exchange.cached.outcome.map_or("bypass", Outcome::as_str);
        head.insert_header(CACHE, HeaderValue::from_static(outcome))?;
    }
    if let Some((route, _)) = &exchange.responded {
        head.insert_header(ROUTE, &**route)?;
        head.insert_header(CACHE, HeaderValue::from_static("bypass"))?;
    }
    if let Some(reasoning) = exchange.reasoning {
        head.insert_header(REASONING, reasoning.as_str())?;
    }
    if let Some(served) = &exchange.cached.served {
        head.insert_header(header::AGE, served.age.as_secs())?;
        if served.details {
            head.insert_header(CACHE_ENTRY, served.id.to_string())?;
            head.insert_header(CACHE_SIMILARITY, format!("{:.4}", served.similarity))?;
        }
    }
    if let Some(explained) = &exchange.explained {
        head.insert_header(EXPLAIN, explained)?;
    }
    if let Some(verdict) = exchange.guarded.jailbreak {
        head.insert_header(JAILBREAK, verdict)?;
    }
    if let Some(verdict) = exchange.guarded.pii {
        head.insert_header(PII, verdict)?;
    }
    if let Some(degraded) = exchange.degraded.told() {
        head.insert_header(DEGRADED, &*degraded)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_id_is_kept_if_it_can_be_logged() {
        let id = |value: &str| {
            let headers = HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_str(value).unwrap())]);
            request_id(&headers)
        };
        assert_eq!(&*id("abc-1"), "abc-1");
        assert_ne!(&*id("a b"), "a b");
        assert_ne!(&*id(&"x".repeat(129)), "x".repeat(129));
        assert_eq!(request_id(&HeaderMap::new()).len(), 36);
    }
}

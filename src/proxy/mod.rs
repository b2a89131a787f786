//! The spine: Pingora's hooks, each a call into the step that it is for.

mod alarm;
mod answer;
mod around;
mod budgeting;
mod caching;
mod deadline;
mod deciding;
mod embeddings;
mod exchange;
mod forward;
mod guarding;
mod headers;
mod keeping;
mod mirroring;
mod placing;
mod responding;
mod spending;
mod sticking;
mod summary;
mod traffic;
mod way;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::prelude::HttpPeer;
use pingora::{Error, Result};
use pingora_proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session};

pub use alarm::Alarm;
pub use around::Around;
pub use exchange::{Destination, Exchange};
pub use traffic::{InFlight, Traffic};

use crate::config::Live;
use crate::metrics::Metrics;
use crate::record;

/// What every exchange shares.
pub struct Proxy {
    live: Arc<Live>,
    metrics: Arc<Metrics>,
    traffic: Arc<Traffic>,
}

// === impl Proxy ===

impl Proxy {
    /// A proxy that serves by the newest snapshot of `live`.
    pub fn new(live: Arc<Live>, metrics: Arc<Metrics>, traffic: Arc<Traffic>) -> Self {
        Self { live, metrics, traffic }
    }
}

#[async_trait]
impl ProxyHttp for Proxy {
    type CTX = Exchange;

    fn new_ctx(&self) -> Exchange {
        Exchange::new(self.live.snapshot(), self.traffic.enter())
    }

    async fn early_request_filter(&self, session: &mut Session, exchange: &mut Exchange) -> Result<()> {
        way::prepare(session, exchange);
        Ok(())
    }

    async fn request_filter(&self, session: &mut Session, exchange: &mut Exchange) -> Result<bool> {
        match way::to_decision(self, session, exchange).await {
            Ok(way::Next::Forward) => Ok(false),
            Ok(way::Next::Answer(answer)) => answer.write(session, exchange).await,
            Ok(way::Next::Leave(left)) => Err(left),
            Err(failure) => answer::refuse(session, exchange, failure).await,
        }
    }

    async fn upstream_peer(&self, session: &mut Session, exchange: &mut Exchange) -> Result<Box<HttpPeer>> {
        forward::pick(&self.metrics, session, exchange).await
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        headers::to_peer(session, request, exchange)
    }

    async fn request_body_filter(
        &self,
        _session: &mut Session,
        chunk: &mut Option<Bytes>,
        _end: bool,
        exchange: &mut Exchange,
    ) -> Result<()> {
        // Runs once for each attempt, so the body is cloned and never taken.
        *chunk = exchange.body.clone().filter(|body| !body.is_empty());
        Ok(())
    }

    async fn upstream_response_filter(
        &self,
        _session: &mut Session,
        head: &mut ResponseHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        forward::judge_status(&self.metrics, head, exchange)
    }

    fn upstream_response_body_filter(
        &self,
        _session: &mut Session,
        chunk: &mut Option<Bytes>,
        end: bool,
        exchange: &mut Exchange,
    ) -> Result<Option<Duration>> {
        forward::follow(&self.metrics, exchange, chunk.as_deref().unwrap_or_default(), end)?;
        spending::read(&self.metrics, exchange, chunk.as_deref().unwrap_or_default(), end);
        keeping::tap(self, exchange, chunk.as_deref().unwrap_or_default(), end);
        spending::hide(exchange, chunk, end);
        guarding::give_back(&self.metrics, exchange, chunk, end);
        exchange.relay.pass(chunk.as_deref().unwrap_or_default());
        Ok(None)
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        head: &mut ResponseHeader,
        exchange: &mut Exchange,
    ) -> Result<()> {
        headers::to_client(session, head, exchange)
    }

    fn fail_to_connect(
        &self,
        _session: &mut Session,
        _peer: &HttpPeer,
        exchange: &mut Exchange,
        error: Box<Error>,
    ) -> Box<Error> {
        forward::failed_to_connect(&self.metrics, exchange, error)
    }

    fn error_while_proxy(
        &self,
        _peer: &HttpPeer,
        session: &mut Session,
        error: Box<Error>,
        exchange: &mut Exchange,
        reused: bool,
    ) -> Box<Error> {
        forward::broke(&self.metrics, session, exchange, error, reused)
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, exchange: &mut Exchange) -> FailToProxy {
        answer::give_up(&self.metrics, session, exchange, error).await
    }

    async fn logging(&self, session: &mut Session, error: Option<&Error>, exchange: &mut Exchange) {
        if exchange.timing.first_byte_at().is_some() && error.is_none_or(|error| answer::client_left(error, exchange)) {
            forward::succeed(&self.metrics, exchange);
        }
        let has_left = error.is_some_and(|error| answer::client_left(error, exchange));
        spending::end(&self.metrics, exchange, has_left);
        record::finish(&self.metrics, &summary::summary(session, error, exchange));
        exchange.deadline.end();
    }

    fn suppress_error_log(&self, _session: &Session, _exchange: &Exchange, _error: &Error) -> bool {
        true // the exchange's one log line tells it
    }

    fn suppress_proxy_warn_log(
        &self,
        _session: &Session,
        _exchange: &Exchange,
        _error: &Error,
        _context: ProxyWarnLogContext,
    ) -> bool {
        true // retries are logged where they are decided
    }
}

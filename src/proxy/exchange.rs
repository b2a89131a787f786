//! One request and its answer: what is known of it so far. It holds one snapshot of the config from first to last.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::caching::Cached;
use super::traffic::InFlight;
use crate::config::Snapshot;
use crate::failure::Failure;
use crate::intake::Client;
use crate::record::{Embedded, Timing};
use crate::relay::Relay;
use crate::route::Reason;
use crate::upstream::{Attempts, Backend, Lease};

/// Pingora's per-request context.
pub struct Exchange {
    /// The config that this request began with.
    pub snapshot: Arc<Snapshot>,
    /// The client's own id, or one made here.
    pub id: Arc<str>,
    /// Who asks.
    pub client: Option<Client>,
    /// The body that goes upstream.
    pub body: Bytes,
    /// Where it is sent and why.
    pub destination: Option<Destination>,
    /// A part that was out of order when this request was served.
    pub degraded: Option<&'static str>,
    /// What it has to do with the cache.
    pub cached: Cached,
    /// What was embedded, where that is the answer.
    pub embedded: Option<Embedded>,
    /// The peers tried.
    pub attempts: Attempts,
    /// The peer in use.
    pub lease: Option<Lease>,
    /// The answer on its way through.
    pub relay: Relay,
    /// What the client was told went wrong.
    pub failure: Option<Failure>,
    /// Whether the answer was asked for as a stream.
    pub stream: bool,
    /// When each step was reached.
    pub timing: Timing,
    /// Counts this exchange until it ends.
    pub _in_flight: InFlight,
}

/// Where a request is sent, and why.
#[derive(Clone)]
pub struct Destination {
    /// What `x-pointsman-route` and the metrics call it: a route, `direct`, `default` or `passthrough`.
    pub route: Arc<str>,
    /// Why this backend.
    pub reason: Reason,
    /// Who serves it.
    pub backend: Arc<Backend>,
}

// === impl Exchange ===

impl Exchange {
    /// An exchange that begins now.
    pub fn new(snapshot: Arc<Snapshot>, in_flight: InFlight) -> Self {
        Self {
            snapshot,
            id: Arc::from(""),
            client: None,
            body: Bytes::new(),
            destination: None,
            degraded: None,
            cached: Cached::default(),
            embedded: None,
            attempts: Attempts::default(),
            lease: None,
            relay: Relay::default(),
            failure: None,
            stream: false,
            timing: Timing::new(Instant::now()),
            _in_flight: in_flight,
        }
    }

    /// Whether a peer is left that could serve this request.
    pub fn another_peer_is_left(&self, attempts: &Attempts) -> bool {
        self.destination.as_ref().is_some_and(|to| to.backend.pick(|peer| attempts.tried(&peer.state)).is_some())
    }
}

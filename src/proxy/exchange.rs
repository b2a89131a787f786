//! One request and its answer: what is known of it so far. It holds one snapshot of the config from first to last.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::HeaderValue;

use tracing::info;

use super::budgeting;
use super::caching::Cached;
use super::deadline::Deadline;
use super::guarding::Guarded;
use super::spending::Spending;
use super::traffic::InFlight;
use super::writing::{Writer, Written};
use crate::config::Snapshot;
use crate::degraded::Degraded;
use crate::failure::Failure;
use crate::intake::{Client, Prompt};
use crate::metrics::Metrics;
use crate::record::{Embedded, Timing};
use crate::relay::Relay;
use crate::route::action::reasoning::Outcome as Thinking;
use crate::route::{Policy, Reason};
use crate::upstream::{Attempts, Backend, Demand, Lease, Rank};

/// Pingora's per-request context.
pub struct Exchange {
    /// The config that this request began with.
    pub snapshot: Arc<Snapshot>,
    /// The client's own id, or one made here.
    pub id: Arc<str>,
    /// Who asks.
    pub client: Option<Client>,
    /// The body that goes upstream; none where it must be written first, as the backend before got another.
    pub body: Option<Bytes>,
    /// What was asked, for as long as it may have to be sent to another backend.
    pub prompt: Option<Prompt>,
    /// Where it is sent and why.
    pub destination: Option<Destination>,
    /// The route that answered it itself, and why that one.
    pub responded: Option<(Arc<str>, Reason)>,
    /// How complex its prompt is, -1 to 1; none where that was not asked.
    pub complexity: Option<f32>,
    /// What became of its reasoning; none where its route says nothing of it.
    pub reasoning: Option<Thinking>,
    /// What it asks of the pools.
    pub demand: Demand,
    /// Why it was routed so, where the client may know and asked.
    pub explained: Option<HeaderValue>,
    /// Which parts were out of order while this request was served.
    pub degraded: Degraded,
    /// What the guardrails made of it.
    pub guarded: Guarded,
    /// What it has to do with the cache.
    pub cached: Cached,
    /// What it spends.
    pub spending: Spending,
    /// What became of it as a conversation's turn; none where it is nobody's, or they keep no backend.
    pub sticky: Option<&'static str>,
    /// What was embedded, where that is the answer.
    pub embedded: Option<Embedded>,
    /// The peers tried.
    pub attempts: Attempts,
    /// The peer in use.
    pub lease: Option<Lease>,
    /// How far its answer has come.
    pub progress: Progress,
    /// How long it may take.
    pub deadline: Deadline,
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
    /// The chosen route, as an index into the config's; none where none was chosen.
    pub chosen: Option<usize>,
    /// Whether the backend is one of the route's own, and not where a conversation is.
    pub is_own: bool,
    /// Why this backend.
    pub reason: Reason,
    /// Who serves it.
    pub backend: Arc<Backend>,
    /// Who does where that one cannot, the last first.
    pub fallbacks: Vec<Arc<Backend>>,
}

/// How far an attempt has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing of the answer's body has come.
    Awaited,
    /// Some of it has.
    Begun,
    /// It is known how the attempt fared.
    Judged,
}

/// What `x-pointsman-degraded` says where another backend serves than the route's first.
const FALLBACK: &str = "fallback";

// === impl Exchange ===

impl Exchange {
    /// An exchange that begins now.
    pub fn new(snapshot: Arc<Snapshot>, in_flight: InFlight) -> Self {
        Self {
            snapshot,
            id: Arc::from(""),
            client: None,
            body: None,
            prompt: None,
            destination: None,
            responded: None,
            complexity: None,
            reasoning: None,
            demand: Demand { tokens: 0, conversation: 0, rank: Rank { priority: 0, tenant: Arc::from("") } },
            explained: None,
            degraded: Degraded::default(),
            guarded: Guarded::default(),
            cached: Cached::default(),
            spending: Spending::default(),
            sticky: None,
            embedded: None,
            attempts: Attempts::default(),
            lease: None,
            progress: Progress::Awaited,
            deadline: Deadline::default(),
            relay: Relay::default(),
            failure: None,
            stream: false,
            timing: Timing::new(Instant::now()),
            _in_flight: in_flight,
        }
    }

    /// A part of the router was out of order: told with the answer, and counted once.
    pub(super) fn degrade(&mut self, metrics: &Metrics, reason: &'static str) {
        if self.degraded.add(reason) {
            metrics.degraded.with_label_values(&[reason]).inc();
        }
    }

    /// Who serves it, once that is known.
    pub fn backend(&self) -> Option<&Arc<Backend>> {
        self.destination.as_ref().map(|to| &to.backend)
    }

    /// Whether another backend may serve it, and can.
    pub fn has_fallback(&self) -> bool {
        let tried = |peer: &_| self.attempts.tried(peer);
        let can_serve = |backend: &Arc<Backend>| backend.another_is_left(tried);
        self.prompt.is_some() && self.destination.as_ref().is_some_and(|to| to.fallbacks.iter().any(can_serve))
    }

    /// Turns to the next backend, whose model the request names from now on; false where there is none.
    pub fn fall_back(&mut self, metrics: &Metrics) -> bool {
        let Some(to) = self.destination.as_mut().filter(|_| self.prompt.is_some()) else { return false };
        let Some(next) = to.fallbacks.pop() else { return false };
        let before = std::mem::replace(&mut to.backend, next);
        to.is_own = true;
        let (from, onto) = (&before.settings.name, &to.backend.settings);
        metrics.fallbacks.with_label_values(&[&**from]).inc();
        info!(request_id = &*self.id, "Falling back [{from}] | {} serves", onto.name);
        self.body = None;
        self.attempts.fall_back();
        // Another model's answer is not the one that the cache would be asked for.
        self.cached.recording = None;
        self.degraded.add(FALLBACK);
        budgeting::fall_back(metrics, self);
        self.prepare();
        true
    }

    /// What the chosen route says of the request; none where none was chosen.
    pub fn policy(&self) -> Option<&Policy> {
        self.snapshot.policy_of(self.destination.as_ref()?.chosen)
    }

    /// What its route makes of its bodies.
    pub(super) fn writer(&self) -> Writer {
        let actions = self.policy().and_then(|policy| policy.body.clone());
        Writer { actions, complexity: self.complexity }
    }

    /// Writes the body that its backend gets, where there is none.
    pub(super) async fn write_body(&mut self) -> Result<(), Failure> {
        let (Some(prompt), Some(backend), None) = (&self.prompt, self.backend(), &self.body) else { return Ok(()) };
        let Written { body, reasoning } = self.writer().write(prompt, backend, &self.demand).await?;
        (self.body, self.reasoning) = (Some(body), reasoning);
        Ok(())
    }

    /// Makes the request ready for its backend.
    pub fn prepare(&mut self) {
        let Some(to) = &self.destination else { return };
        let settings = &to.backend.settings;
        to.backend.pool.count_request();
        self.deadline.set(&settings.timeouts, self.timing.begun());
    }
}

//! A copy of a request for another backend. Whatever becomes of it, the client's own request neither waits for it nor fails.

use std::sync::Arc;

use pingora::http::RequestHeader;
use pingora_proxy::Session;
use tracing::debug;

use super::exchange::Exchange;
use super::headers;
use super::writing::{Writer, Written};
use crate::intake::Prompt;
use crate::metrics::Metrics;
use crate::route::action::mirror::{Mirrored, Sampled};
use crate::upstream::{self, Backend, Demand, NoLease};

/// A copy on its way.
struct Copy {
    id: Arc<str>,
    backend: Arc<Backend>,
    head: RequestHeader,
    prompt: Prompt,
    writer: Writer,
    demand: Demand,
    metrics: Arc<Metrics>,
    under_way: Mirrored,
}

/// A copy that was not made, or could not be sent, as too many are under way or its backend has too much to do.
const BUSY: &str = "busy";

/// A copy that could not be sent, as no peer of its backend is in service.
const UNREACHABLE: &str = "unreachable";

/// Its body cannot be changed as the route has it, or its head not be sent.
const INVALID: &str = "invalid";

/// Copies the request where its route has it so and it is its turn.
pub(super) fn copy(metrics: &Arc<Metrics>, session: &Session, exchange: &Exchange) {
    let Some((policy, mirror)) = exchange.policy().and_then(|policy| Some((policy, policy.mirror.as_ref()?))) else {
        return;
    };
    let backend = exchange.snapshot.backends[mirror.backend].clone();
    let under_way = match mirror.sampler.sample(fastrand::u64(..)) {
        Sampled::Yes(under_way) => under_way,
        Sampled::No => return,
        Sampled::Full => return count(metrics, &backend, BUSY),
    };
    let (Some(prompt), Ok(head)) = (exchange.prompt.clone(), headers::copied(session, &policy.headers)) else {
        return count(metrics, &backend, INVALID);
    };
    let (id, writer, demand) = (exchange.id.clone(), exchange.writer(), exchange.demand.clone());
    let copy = Copy { id, backend, head, prompt, writer, demand, metrics: metrics.clone(), under_way };
    // Nobody waits for it: where the process ends, so does the copy.
    tokio::spawn(copy.send());
}

fn count(metrics: &Metrics, backend: &Backend, outcome: &str) {
    metrics.mirrored.with_label_values(&[&*backend.settings.name, outcome]).inc();
}

// === impl Copy ===

impl Copy {
    async fn send(self) {
        let (id, backend, metrics) = (self.id.clone(), self.backend.clone(), self.metrics.clone());
        let outcome = self.outcome().await;
        debug!(request_id = &*id, "Mirrored to [{}] | {outcome}", backend.settings.name);
        count(&metrics, &backend, outcome);
    }

    async fn outcome(self) -> &'static str {
        let Self { id, backend, mut head, prompt, writer, demand, metrics, under_way: _under_way } = self;
        let mut lease = match backend.lease_if_idle(&demand) {
            Ok(lease) => lease,
            Err(NoLease::Busy(_)) => return BUSY,
            Err(NoLease::Nobody) => return UNREACHABLE,
        };
        let Ok(Written { body, .. }) = writer.write(&prompt, &backend, &demand).await else { return INVALID };
        // A long answer need not keep a large request in memory.
        drop(prompt);
        let (origin, settings) = (&lease.peer().origin, &backend.settings);
        if headers::to_mirror(&mut head, origin, &id, settings, body.len()).is_err() {
            return INVALID;
        }
        let outcome = upstream::ask(lease.peer(), head, body, &settings.timeouts).await;
        if backend.observe(&mut lease, outcome) {
            metrics.ejections.with_label_values(&[&*settings.name]).inc();
        }
        outcome.as_str()
    }
}

//! What a request costs: its answer's usage is read as it passes, counted, and settled with the budgets.

use std::time::Instant;

use bytes::Bytes;
use http::header;
use pingora::http::ResponseHeader;

use super::exchange::Exchange;
use super::way::parse;
use crate::cache::Entry;
use crate::failure::Failure;
use crate::metrics::Metrics;
use crate::relay::{Tally, Took, UsageFilter, ask_for_usage};
use crate::spending::{Charges, Cost, Size};

/// What an exchange spends.
#[derive(Default)]
pub struct Spending {
    /// What it was charged, until it is known what it took.
    pub(super) charges: Charges,
    /// How large it is; none where nobody counts, as on a path that is handed on.
    pub(super) size: Option<Size>,
    /// Whether the answer's usage was asked for here, and is kept from the client.
    hides_usage: bool,
    /// Reads the answer's usage.
    tally: Option<Tally>,
    /// Takes the usage out again.
    filter: Option<UsageFilter>,
}

/// Has a stream tell its usage, where somebody needs to know: what it cost, what a budget is charged, or the cache. To be done
/// for each body that is written.
pub(super) async fn ask(exchange: &mut Exchange) -> Result<(), Failure> {
    exchange.spending.hides_usage = false;
    if let Some(body) = exchange.body.clone().filter(|_| exchange.needs_usage()) {
        let asking = parse(body, |body| Ok(ask_for_usage(&body))).await?;
        exchange.asks(asking);
    }
    Ok(())
}

/// A peer's answer begins. An error costs nothing.
pub(super) fn begin(exchange: &mut Exchange, head: &ResponseHeader) {
    let is_stream = exchange.relay.is_stream();
    let spending = &mut exchange.spending;
    if !head.status.is_success() {
        spending.charges.cancel(Instant::now());
        return;
    }
    let is_coded = head.headers.get_all(header::CONTENT_ENCODING).iter().any(|coding| coding != "identity");
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().trim_start().to_ascii_lowercase();
    if is_coded {
        // Nobody asked for that, so it is not read: what was estimated stands.
        spending.charges.stand();
    }
    let tally = match spending.size.filter(|_| !is_coded) {
        None => None,
        Some(_) if kind.starts_with("text/event-stream") => Some(Tally::of_events()),
        Some(_) => Some(Tally::of_body()),
    };
    spending.tally = tally;
    spending.filter = (spending.hides_usage && is_stream).then(UsageFilter::default);
}

/// Reads a chunk as the peer sent it. With the answer's end it is settled what it took: before its last bytes are passed on,
/// so that who has them is served by what is left.
pub(super) fn read(metrics: &Metrics, exchange: &mut Exchange, chunk: &[u8], end: bool) {
    if let Some(tally) = &mut exchange.spending.tally {
        tally.pass(chunk);
    }
    if end {
        settle(metrics, exchange);
    }
}

/// Takes out of a chunk what was asked for here only.
pub(super) fn hide(exchange: &mut Exchange, chunk: &mut Option<Bytes>, end: bool) {
    if let Some(filter) = &mut exchange.spending.filter
        && (end || chunk.is_some())
    {
        *chunk = Some(filter.pass(&chunk.take().unwrap_or_default(), end));
    }
}

/// The exchange has ended, perhaps before its answer. What was sent to a peer and left by its client before anything came took
/// something that nobody knows: the charge stands.
pub(super) fn end(metrics: &Metrics, exchange: &mut Exchange, has_left: bool) {
    settle(metrics, exchange);
    if has_left && exchange.attempts.begun() > 0 {
        exchange.spending.charges.stand();
    }
    exchange.spending.charges.cancel(Instant::now());
}

/// Counts what an answer from the cache saves: what it would have cost at the dearest backend.
pub(super) fn save(metrics: &Metrics, exchange: &Exchange, entry: &Entry) {
    let Some(to) = &exchange.destination else { return };
    let mut tally = Tally::of_body();
    tally.pass(entry.answer.as_bytes());
    let Took { usage, is_estimate: false } = tally.finish(0) else { return };
    if let Some(saved) = exchange.snapshot.accounts.prices.dearest(&usage) {
        metrics.saved.with_label_values(&[&*to.backend.settings.name, &*to.route]).inc_by(saved.amount());
    }
}

/// Counts what the answer took, and charges that in place of what it was likely to.
fn settle(metrics: &Metrics, exchange: &mut Exchange) {
    let (Some(tally), Some(to)) = (exchange.spending.tally.take(), &exchange.destination) else { return };
    let took = tally.finish(exchange.spending.size.unwrap_or_default().prompt);
    let (name, usage) = (&*to.backend.settings.name, &took.usage);
    if took.is_estimate {
        metrics.usage_estimated.with_label_values(&[name]).inc();
    }
    for (kind, count) in [("prompt", usage.prompt), ("completion", usage.completion)] {
        metrics.tokens.with_label_values(&[name, kind]).inc_by(count);
    }
    let snapshot = &exchange.snapshot;
    let counted = snapshot.index_of(&to.backend).and_then(|backend| snapshot.accounts.prices.count(backend, usage));
    if let Some((cost, saved)) = counted {
        metrics.cost.with_label_values(&[name, &*to.route]).inc_by(cost.amount());
        metrics.saved.with_label_values(&[name, &*to.route]).inc_by(saved.amount());
    }
    let cost = counted.map_or(Cost::NOTHING, |(cost, _)| cost);
    exchange.spending.charges.settle(usage.total(), cost, Instant::now());
}

// === impl Exchange ===

impl Exchange {
    /// Whether anybody needs to know how many tokens the answer takes, and would not otherwise.
    fn needs_usage(&self) -> bool {
        let (Some(to), true) = (&self.destination, self.stream && self.spending.size.is_some()) else { return false };
        let accounts = &self.snapshot.accounts;
        let is_spent = || self.snapshot.index_of(&to.backend).is_some_and(|it| accounts.need_usage(to.chosen, it));
        self.cached.recording.is_some() || is_spent()
    }

    /// Sends the body that asks, if it takes another one for that.
    fn asks(&mut self, asking: Option<Bytes>) {
        if let Some(asking) = asking {
            (self.body, self.spending.hides_usage) = (Some(asking), true);
        }
    }
}

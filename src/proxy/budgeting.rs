//! A request at the budgets: where what may be spent is spent, another backend serves.

use std::time::Instant;

use tracing::debug;

use super::exchange::{Destination, Exchange};
use crate::intake::Prompt;
use crate::metrics::Metrics;
use crate::route::Reason;
use crate::spending::{Admitted, OVER_BUDGET, Owner, Size};

/// Charges the request, and turns it to who serves past a budget where one is spent. Of the route's backends those remain to
/// fall back on whose budget is not: none where it is the route's own.
pub(super) fn admit(metrics: &Metrics, exchange: &mut Exchange, prompt: &Prompt, to: &mut Destination) {
    let size = Size { prompt: prompt.tokens() as u64, most: prompt.max_tokens };
    exchange.spending.size = Some(size);
    let (snapshot, now) = (exchange.snapshot.clone(), Instant::now());
    let Some(backend) = snapshot.index_of(&to.backend) else { return };
    if to.reason == Reason::Guardrail {
        // Where the guardrails send it is no matter of money.
        snapshot.accounts.turn_to(&mut exchange.spending.charges, to.chosen, backend, size, now);
        return;
    }
    let Admitted { backend, charges, past } = snapshot.accounts.admit(to.chosen, backend, size, now);
    exchange.spending.charges = charges;
    for (owner, spent) in &past {
        metrics.over_budget.with_label_values(&[owner.kind(), owner.name()]).inc();
        debug!(
            request_id = &*exchange.id,
            "Over budget [{}] | {} of the {}",
            owner.name(),
            spent.unit.as_str(),
            owner.kind()
        );
        match owner {
            Owner::Route(_) => to.fallbacks.clear(),
            Owner::Backend(name) => to.fallbacks.retain(|backend| backend.settings.name != *name),
        }
    }
    if !past.is_empty() {
        to.backend = snapshot.backends[backend].clone();
        to.fallbacks.retain(|fallback| fallback.settings.name != to.backend.settings.name);
        exchange.degraded = Some(OVER_BUDGET);
    }
}

/// Charges the request where another backend of its route serves as the one before could not, whatever is spent there.
pub(super) fn fall_back(exchange: &mut Exchange) {
    let (Some(to), Some(size)) = (&exchange.destination, exchange.spending.size) else { return };
    let snapshot = &exchange.snapshot;
    let Some(backend) = snapshot.index_of(&to.backend) else { return };
    snapshot.accounts.turn_to(&mut exchange.spending.charges, to.chosen, backend, size, Instant::now());
}

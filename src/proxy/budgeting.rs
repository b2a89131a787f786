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
    let (snapshot, now) = (exchange.snapshot.clone(), Instant::now());
    let body = snapshot.policy_of(to.chosen).and_then(|policy| policy.body.as_ref());
    let most = match body {
        Some(body) => body.params.answer_limit(prompt.endpoint, prompt.max_tokens),
        None => prompt.max_tokens,
    };
    let size = Size { prompt: prompt.tokens() as u64, most };
    exchange.spending.size = Some(size);
    let Some(backend) = snapshot.index_of(&to.backend) else { return };
    // A route's budget is for its own backends, and not for the one where a conversation is.
    let route = to.chosen.filter(|_| to.is_own);
    if to.reason == Reason::Guardrail {
        // Where the guardrails send it is no matter of money.
        exchange.spending.charges = snapshot.accounts.charge(route, backend, size, now);
        return;
    }
    let admitted = snapshot.accounts.admit(route, backend, size, now);
    turn(metrics, exchange, to, admitted, now);
}

/// Charges the request where another backend of its route serves as the one before could not, or turns it to who serves past
/// that one's budget.
pub(super) fn fall_back(metrics: &Metrics, exchange: &mut Exchange) {
    let (Some(mut to), Some(size)) = (exchange.destination.take(), exchange.spending.size) else { return };
    let (snapshot, now) = (exchange.snapshot.clone(), Instant::now());
    if let Some(backend) = snapshot.index_of(&to.backend) {
        let route = to.chosen.filter(|_| !exchange.spending.charges.has_route());
        let admitted = snapshot.accounts.admit(route, backend, size, now);
        turn(metrics, exchange, &mut to, admitted, now);
    }
    exchange.destination = Some(to);
}

/// Has who was admitted serve, and tells of the budgets that are spent.
fn turn(metrics: &Metrics, exchange: &mut Exchange, to: &mut Destination, admitted: Admitted<'_>, now: Instant) {
    let Admitted { backend, charges, past } = admitted;
    exchange.spending.charges.turn_to(charges, now);
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
        to.backend = exchange.snapshot.backends[backend].clone();
        to.fallbacks.retain(|fallback| fallback.settings.name != to.backend.settings.name);
        exchange.degraded.add(OVER_BUDGET);
    }
}

//! A conversation's turn: it goes to where the conversation is, or takes it further up.

use std::time::Instant;

use super::exchange::{Destination, Exchange};
use crate::intake::{Thread, Turns};
use crate::metrics::Metrics;
use crate::route::Reason;
use crate::route::sticky::{Asks, Keeping, turn};

/// Has the backend of the conversation serve the turn that `thread` ends with, where conversations keep theirs; the route's own
/// are who serves where that one cannot. The route is the decided one in any case, with all that it does to its requests, and
/// has a say in whether its turns have to do with conversations.
pub(super) fn stick(metrics: &Metrics, exchange: &mut Exchange, thread: &Thread, to: &mut Destination) {
    let snapshot = exchange.snapshot.clone();
    let Some(sticky) = &snapshot.sticky else { return };
    let keeping = sticky.keeping(to.chosen);
    // What a route lets its own models see is not for those of another.
    let is_lenient = snapshot.policy_of(to.chosen).is_some_and(|policy| policy.guard.lets_more_pass());
    if is_lenient || to.reason == Reason::Guardrail || keeping == Keeping::Off {
        return pass_by(exchange, thread);
    }
    let Some(asks) = asks(to, keeping) else { return };
    let turns = turns(exchange, thread);
    let (Some(decided), true, now) = (snapshot.index_of(&to.backend), turns.now.is_some(), Instant::now()) else {
        return;
    };
    let bound = sticky.conversations.find(&turns, now);
    // One that this config no longer has is none.
    let bound = bound.and_then(|name| snapshot.backends.iter().position(|backend| backend.settings.name == name));
    let Some(turn) = turn(bound, decided, asks, &sticky.ranks) else { return };
    let backend = &snapshot.backends[turn.backend()];
    if turn.is_kept() {
        sticky.conversations.keep(&turns, &backend.settings.name, now);
    }
    if turn.backend() != decided {
        to.is_own = to.fallbacks.iter().any(|fallback| fallback.settings.name == backend.settings.name);
        to.fallbacks.retain(|fallback| fallback.settings.name != backend.settings.name);
        to.fallbacks.push(std::mem::replace(&mut to.backend, backend.clone()));
    }
    exchange.sticky = Some(turn.as_str());
    metrics.sticky.with_label_values(&[turn.as_str()]).inc();
}

/// Has the next turn find its conversation where it was before this one, which goes elsewhere for once.
pub(super) fn pass_by(exchange: &Exchange, thread: &Thread) {
    let Some(sticky) = &exchange.snapshot.sticky else { return };
    let (turns, now) = (turns(exchange, thread), Instant::now());
    if let Some(bound) = sticky.conversations.find(&turns, now) {
        sticky.conversations.keep(&turns, &bound, now);
    }
}

fn turns(exchange: &Exchange, thread: &Thread) -> Turns {
    thread.turns(&[exchange.client.as_ref().map_or("", |client| &client.tenant)])
}

/// What the decision says of the turn; none where a turn is no conversation's, as its client names its backend.
fn asks(to: &Destination, keeping: Keeping) -> Option<Asks> {
    match to.reason {
        Reason::Direct | Reason::Off => None,
        _ if keeping == Keeping::Joins => Some(Asks::ToStay),
        _ if to.chosen.is_some() => Some(Asks::ForARoute),
        Reason::EncoderBusy | Reason::EncoderTimeout | Reason::EncoderFailed => Some(Asks::Unread),
        _ => Some(Asks::ForNothing),
    }
}

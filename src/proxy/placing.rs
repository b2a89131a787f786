//! Where a decided request goes: the backends that serve its route, and what it asks of their pools.

use std::sync::Arc;

use pingora_proxy::Session;

use super::exchange::{Destination, Exchange};
use crate::config::Snapshot;
use crate::failure::Failure;
use crate::intake::{self, Prompt, named_priority};
use crate::route;
use crate::upstream::{Balance, Demand, Rank};

/// Who serves what was decided.
pub(super) fn destination(snapshot: &Snapshot, decision: &route::Decision) -> Destination {
    let fallbacks = snapshot.policy(decision).into_iter().flat_map(|policy| policy.fallbacks.iter().rev());
    Destination {
        route: snapshot.route_label(decision).clone(),
        chosen: decision.route,
        is_own: true,
        reason: decision.reason,
        backend: snapshot.backends[decision.backend].clone(),
        fallbacks: fallbacks.map(|index| snapshot.backends[*index].clone()).collect(),
    }
}

/// Has the backend that the conversation belongs to serve first, where the route shares conversations out.
pub(super) fn share_out(snapshot: &Snapshot, to: &mut Destination, conversation: u64) {
    let Some(arms) = snapshot.policy_of(to.chosen).and_then(|policy| policy.arms.as_ref()) else { return };
    let mut order: Vec<_> = arms.order(conversation).map(|index| snapshot.backends[index].clone()).collect();
    order.reverse();
    if let Some(first) = order.pop() {
        (to.backend, to.fallbacks) = (first, order);
    }
}

/// What the request asks of the pools that it may be sent to.
pub(super) fn demand(
    session: &Session,
    exchange: &Exchange,
    to: &Destination,
    policy: Option<&route::Policy>,
    prompt: Option<&Prompt>,
) -> Result<Demand, Failure> {
    let headers = &session.req_header().headers;
    let client = exchange.client.as_ref();
    let named = client.map_or(Ok(None), |client| named_priority(headers, client))?;
    let priority = named.or(policy.map(|policy| policy.priority)).unwrap_or_default();
    let tenant = client.map_or_else(|| Arc::from(""), |client| client.tenant.clone());
    let conversation = conversation(session, to, prompt);
    Ok(Demand { tokens: prompt.map_or(0, Prompt::tokens), conversation, rank: Rank { priority, tenant } })
}

/// What tells the request's conversation from others.
pub(super) fn conversation(session: &Session, to: &Destination, prompt: Option<&Prompt>) -> u64 {
    let headers = &session.req_header().headers;
    let named = [&to.backend].into_iter().chain(&to.fallbacks).find_map(|backend| match &backend.settings.balance {
        Balance::PrefixAffinity { header } => headers.get(header.as_ref()?),
        Balance::LeastLoaded | Balance::RoundRobin => None,
    });
    match (named, prompt) {
        (Some(name), _) => intake::named_conversation(name.as_bytes()),
        (None, Some(prompt)) => prompt.conversation,
        // Nothing is known of it, so it is like no other.
        (None, None) => fastrand::u64(..),
    }
}

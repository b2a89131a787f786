//! What the file says of money, and of where conversations stay.

use std::sync::Arc;
use std::time::Instant;

use super::actions;
use super::file::{self, File};
use super::routing::backend_index;
use crate::route::sticky::{Basis, Conversations, Keeping, Known, Ranks, Sticky};
use crate::spending::price::Price;
use crate::spending::{Accounts, Allowance, Ledger, Owner, Prices, budget};

/// Prices and budgets. What was spent by `previous` is spent here, too.
pub(super) fn accounts(file: &File, previous: Option<&Accounts>) -> anyhow::Result<Accounts> {
    let ledger: Arc<Ledger> = previous.map(|before| before.ledger.clone()).unwrap_or_default();
    let allowance = |owner: Owner, budget: &Option<budget::Settings>| {
        let Some(settings) = budget else { return Ok(None) };
        let limits = settings.limits().map_err(|(key, message)| anyhow::anyhow!("budget.{key} {message}"))?;
        let over = backend_index(file, &settings.over)?;
        Ok(Some(Allowance { budget: ledger.budget(&owner, limits, Instant::now()), owner, over }))
    };
    let routes = file.router.routes.iter();
    let routes = routes.map(|route| allowance(Owner::Route(route.name.as_str().into()), &route.budget));
    let backends = file.backends.iter();
    let backends = backends.map(|backend| allowance(Owner::Backend(backend.name.as_str().into()), &backend.budget));
    Ok(Accounts {
        prices: Prices::new(file.backends.iter().map(price)),
        routes: routes.collect::<anyhow::Result<_>>()?,
        backends: backends.collect::<anyhow::Result<_>>()?,
        ledger: ledger.clone(),
    })
}

/// Where conversations stay; none where they do not. What is known of them by `previous` stays known.
pub(super) fn sticky(file: &File, previous: Option<&Sticky>) -> anyhow::Result<Option<Sticky>> {
    if !keeps_conversations(file) {
        return Ok(None);
    }
    let ranks = ranks(file).map_err(|index| anyhow::anyhow!("backends[{index}] has no rank, but others have"))?;
    let conversations = previous.map(|before| before.conversations.clone());
    let fresh = || Arc::new(Conversations::of_usual_size(Instant::now()));
    let others = if file.router.sticky == file::Sticky::Off { Keeping::Joins } else { Keeping::On };
    let keeping = |route: &file::Route| match route.sticky {
        None => others,
        Some(file::Sticky::Off) => Keeping::Off,
        Some(file::Sticky::Conversation) => Keeping::On,
    };
    let routes = file.router.routes.iter().map(keeping).collect();
    Ok(Some(Sticky { ranks, conversations: conversations.unwrap_or_else(fresh), routes, others }))
}

/// Whether conversations that some request begins keep their backend.
pub(super) fn keeps_conversations(file: &File) -> bool {
    let keep = |sticky: file::Sticky| sticky == file::Sticky::Conversation;
    keep(file.router.sticky) || file.router.routes.iter().any(|route| route.sticky.is_some_and(keep))
}

/// Which of two backends is up.
///
/// # Errors
/// The index of a backend without a rank, where others have one.
pub(super) fn ranks(file: &File) -> Result<Ranks, usize> {
    let known = |(index, backend): (usize, &file::Backend)| Known {
        rank: backend.rank,
        price: price(backend),
        is_apart: !is_decided(file, index),
    };
    Ranks::new(file.backends.iter().enumerate().map(known))
}

/// What the operator should hear of where conversations stay.
pub(super) fn sticky_note(file: &File) -> Option<String> {
    let by_order = || ranks(file).is_ok_and(|ranks| ranks.basis == Basis::Order);
    let kept = file.router.routes.iter().filter(|route| route.sticky == Some(file::Sticky::Conversation)).count();
    // Where one route alone keeps them, none moves.
    let is_worth_it = (file.router.sticky == file::Sticky::Conversation || kept > 1) && by_order();
    let note = "router.sticky: which backend is up goes by their order in the file, the last is the highest; give each a \
                \"rank\", or a \"price\"";
    is_worth_it.then(|| note.into())
}

fn price(backend: &file::Backend) -> Option<Price> {
    backend.price.as_ref().map(Price::new)
}

/// Whether a request may be decided for this backend, other than by its name.
fn is_decided(file: &File, index: usize) -> bool {
    let name = &file.backends[index].name;
    let default = file.router.default_backend.as_ref();
    default.map_or(index == 0, |default| default == name)
        || file.router.routes.iter().any(|route| leads_to(route, name))
}

/// Whether `route` may have this backend serve.
pub(super) fn leads_to(route: &file::Route, name: &str) -> bool {
    route.backend.as_deref() == Some(name)
        || actions::listed(route).is_ok_and(|listed| listed.iter().any(|backend| backend.name() == name))
}

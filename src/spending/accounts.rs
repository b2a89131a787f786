//! What the config says of money, and what was spent by it: every price, and every budget with its meters.

use std::sync::Arc;
use std::time::Instant;

use super::budget::{Budget, Estimate};
use super::ledger::{Ledger, Owner};
use super::over::{Admitted, Allowance, Charges, admit};
use super::price::Prices;

/// Every price and every budget.
#[derive(Debug, Default)]
pub struct Accounts {
    /// What the backends cost, by their indices.
    pub prices: Prices,
    /// What the routes may spend, by their indices.
    pub routes: Vec<Option<Allowance>>,
    /// What the backends may, by theirs.
    pub backends: Vec<Option<Allowance>>,
    /// Where what was spent outlives this config.
    pub ledger: Arc<Ledger>,
}

/// How large a request is: about so many tokens of a prompt, and the most that its answer may have, where it says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Tokens of the prompt.
    pub prompt: u64,
    /// Tokens that the answer may have.
    pub most: Option<u64>,
}

// === impl Accounts ===

impl Accounts {
    /// Who serves a request of this size that was to go to `backend`, by `route` if by any.
    pub fn admit(&self, route: Option<usize>, backend: usize, size: Size, now: Instant) -> Admitted<'_> {
        let estimate = |backend| self.estimate(backend, size);
        admit(self.of_route(route), backend, |backend| self.of_backend(backend), estimate, now)
    }

    /// Charges for one that `backend` serves in any case, whatever is spent there.
    pub fn charge(&self, route: Option<usize>, backend: usize, size: Size, now: Instant) -> Charges {
        let estimate = self.estimate(backend, size);
        Charges::of(self.of_route(route), self.of_backend(backend), estimate, now)
    }

    /// Whether it matters how many tokens an answer took.
    pub fn need_usage(&self, route: Option<usize>, backend: usize) -> bool {
        let budgets = self.of_route(route).into_iter().chain(self.of_backend(backend));
        self.prices.of(backend).is_some() || budgets.into_iter().any(|allowance| allowance.budget.needs_usage())
    }

    /// Every budget, with whose it is.
    pub fn budgets(&self) -> impl Iterator<Item = (&Owner, &Budget)> {
        let allowances = self.routes.iter().chain(&self.backends).flatten();
        allowances.map(|allowance| (&allowance.owner, &allowance.budget))
    }

    fn of_route(&self, route: Option<usize>) -> Option<&Allowance> {
        self.routes.get(route?)?.as_ref()
    }

    fn of_backend(&self, backend: usize) -> Option<&Allowance> {
        self.backends.get(backend)?.as_ref()
    }

    fn estimate(&self, backend: usize, Size { prompt, most }: Size) -> Estimate {
        Estimate::new(prompt, most, self.prices.of(backend))
    }
}

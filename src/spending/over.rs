//! Who serves where a budget is spent: the backend that it names, or the one that this one's own names, and so on.

use std::time::Instant;

use super::budget::{Budget, Charge, Estimate, Spent};
use super::ledger::Owner;
use super::price::Cost;

/// What a budget says: how much, and who serves past it.
#[derive(Debug, Clone)]
pub struct Allowance {
    /// Whose it is.
    pub owner: Owner,
    /// How much may be spent.
    pub budget: Budget,
    /// Who serves past it, as an index into the config's backends.
    pub over: usize,
}

/// Who serves, and what it was charged for.
#[derive(Debug)]
#[must_use]
pub struct Admitted<'a> {
    /// As an index into the config's backends.
    pub backend: usize,
    /// What was charged to the budgets that had room.
    pub charges: Charges,
    /// The budgets that were spent, in the order in which they were asked, each with the limit that was reached.
    pub past: Vec<(&'a Owner, Spent)>,
}

/// What a request was charged. Dropped, it is taken back: nothing was served for it.
#[derive(Debug, Default)]
pub struct Charges {
    route: Option<Charge>,
    backend: Option<Charge>,
}

/// What `x-pointsman-degraded` says where another backend serves for a spent budget.
pub const OVER_BUDGET: &str = "over-budget";

/// Who serves a request that was to go to `backend` by a route with the allowance `route`. `of` gives a backend's own
/// allowance, `estimate` what the request is likely to take there.
///
/// A route's budget is for what its own backends are sent: past it, `over` serves under that one's budget alone.
pub fn admit<'a>(
    route: Option<&'a Allowance>,
    backend: usize,
    of: impl Fn(usize) -> Option<&'a Allowance>,
    estimate: impl Fn(usize) -> Estimate,
    now: Instant,
) -> Admitted<'a> {
    let mut admitted = Admitted { backend, charges: Charges::default(), past: Vec::new() };
    if let Some(allowance) = route {
        admitted.charges.route = admitted.ask(allowance, estimate(backend), now);
    }
    // A round of backends that name each other is no config; but a loop here would be worse.
    let mut asked = Vec::new();
    while let Some(allowance) = of(admitted.backend).filter(|_| !asked.contains(&admitted.backend)) {
        asked.push(admitted.backend);
        admitted.charges.backend = admitted.ask(allowance, estimate(admitted.backend), now);
        if admitted.charges.backend.is_some() {
            break;
        }
        // What the route allowed was for another backend.
        admitted.charges = Charges::default();
    }
    admitted
}

/// The backends that name each other round and round as those who serve past a budget, if any do, in their order. `over`
/// gives who serves past a backend's budget, where it has one.
pub fn circle(backends: usize, over: impl Fn(usize) -> Option<usize>) -> Option<Vec<usize>> {
    (0..backends).find_map(|first| {
        let mut chain = vec![first];
        while let Some(next) = chain.last().and_then(|last| over(*last)) {
            if next == first {
                return Some(chain);
            }
            if chain.contains(&next) {
                return None; // found from there
            }
            chain.push(next);
        }
        None
    })
}

// === impl Admitted ===

impl Admitted<'_> {
    /// Who serves past the budgets that are spent, if any are.
    pub fn is_over(&self) -> bool {
        !self.past.is_empty()
    }
}

impl<'a> Admitted<'a> {
    /// The charge, if `allowance` has room; turns to who serves past it where it has none.
    fn ask(&mut self, allowance: &'a Allowance, estimate: Estimate, now: Instant) -> Option<Charge> {
        match allowance.budget.admit(estimate, now) {
            Ok(charge) => Some(charge),
            Err(spent) => {
                self.past.push((&allowance.owner, spent));
                self.backend = allowance.over;
                None
            }
        }
    }
}

// === impl Charges ===

impl Charges {
    /// What a request is charged that is served in any case.
    pub fn of(route: Option<&Allowance>, backend: Option<&Allowance>, estimate: Estimate, now: Instant) -> Self {
        let charge = |allowance: &Allowance| allowance.budget.charge(estimate, now);
        Self { route: route.map(charge), backend: backend.map(charge) }
    }

    /// Takes the `next` backend's charge in place of the one before, which could not serve, and the route's where there was none.
    pub fn turn_to(&mut self, mut next: Self, now: Instant) {
        if let Some(before) = self.backend.take() {
            before.cancel(now);
        }
        self.backend = next.backend.take();
        if self.route.is_none() {
            self.route = next.route.take();
        }
    }

    /// Whether a route was charged.
    pub fn has_route(&self) -> bool {
        self.route.is_some()
    }

    /// Charges what the request took in place of what it was likely to.
    pub fn settle(&mut self, tokens: u64, cost: Cost, now: Instant) {
        self.each().for_each(|charge| charge.settle(tokens, cost, now));
    }

    /// Lets what was charged stand, where nobody knows what the request took.
    pub fn stand(&mut self) {
        self.each().for_each(drop);
    }

    /// Takes back what was charged.
    pub fn cancel(&mut self, now: Instant) {
        self.each().for_each(|charge| charge.cancel(now));
    }

    fn each(&mut self) -> impl Iterator<Item = Charge> + use<> {
        self.route.take().into_iter().chain(self.backend.take())
    }
}

impl Drop for Charges {
    fn drop(&mut self) {
        if self.route.is_some() || self.backend.is_some() {
            self.cancel(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spending::Unit;
    use crate::spending::ledger::Ledger;

    const ONE: Estimate = Estimate { tokens: 1, cost: Cost::NOTHING };

    fn allowance(ledger: &Ledger, name: &str, limit: i64, over: usize, now: Instant) -> Allowance {
        let owner = Owner::Backend(name.into());
        Allowance { budget: ledger.budget(&owner, vec![(Unit::Requests, limit)], now), owner, over }
    }

    fn serving(route: Option<&Allowance>, backends: &[Option<Allowance>], now: Instant) -> (usize, bool) {
        let mut admitted = admit(route, 0, |backend| backends[backend].as_ref(), |_| ONE, now);
        admitted.charges.stand();
        (admitted.backend, admitted.is_over())
    }

    fn spent(allowance: &Allowance, now: Instant) -> f64 {
        allowance.budget.state(now).map(|(_, spent)| spent).sum()
    }

    #[test]
    fn past_a_budget_the_next_serves_and_past_that_ones_own_the_one_after() {
        let (ledger, now) = (Ledger::default(), Instant::now());
        let backends = [Some(allowance(&ledger, "a", 2, 1, now)), Some(allowance(&ledger, "b", 1, 2, now)), None];
        let served: Vec<_> = (0..5).map(|_| serving(None, &backends, now)).collect();
        assert_eq!(served, [(0, false), (0, false), (1, true), (2, true), (2, true)]);
    }

    #[test]
    fn a_route_is_charged_for_its_own_backend_only() {
        let (ledger, now) = (Ledger::default(), Instant::now());
        let route = allowance(&ledger, "route", 3, 1, now);
        let backends = [Some(allowance(&ledger, "a", 1, 1, now)), None];
        assert_eq!(serving(Some(&route), &backends, now), (0, false));
        assert_eq!(serving(Some(&route), &backends, now), (1, true));
        assert_eq!(spent(&route, now), 1.0, "the second was not the route's own backend's");
        let tight = allowance(&ledger, "tight", 1, 1, now);
        let backends = [None, None];
        assert_eq!(serving(Some(&tight), &backends, now), (0, false));
        assert_eq!(serving(Some(&tight), &backends, now), (1, true));
    }

    #[test]
    fn what_is_not_served_is_not_charged() {
        let (ledger, now) = (Ledger::default(), Instant::now());
        let (route, backend) = (allowance(&ledger, "route", 9, 1, now), allowance(&ledger, "a", 9, 1, now));
        let all = || (spent(&route, now), spent(&backend, now));
        let admit = || admit(Some(&route), 0, |_| Some(&backend), |_| ONE, now);
        let admitted = admit();
        assert_eq!(all(), (1.0, 1.0));
        drop(admitted);
        assert_eq!(all(), (0.0, 0.0));
        let mut charges = admit().charges;
        charges.turn_to(Charges::of(None, None, ONE, now), now);
        assert_eq!(all(), (1.0, 0.0), "another backend of the route serves");
        charges.turn_to(Charges::of(None, Some(&backend), ONE, now), now);
        charges.settle(1, Cost::NOTHING, now);
        drop(charges);
        assert_eq!(all(), (1.0, 1.0), "what is settled stands");
    }

    #[test]
    fn a_circle_is_found() {
        let over = |next: &'static [Option<usize>]| circle(next.len(), |backend| next[backend]);
        assert_eq!(over(&[Some(1), Some(2), None]), None);
        assert_eq!(over(&[Some(1), Some(2), Some(1)]), Some(vec![1, 2]));
        assert_eq!(over(&[Some(0)]), Some(vec![0]));
        let (ledger, now) = (Ledger::default(), Instant::now());
        let backends = [Some(allowance(&ledger, "a", 1, 1, now)), Some(allowance(&ledger, "b", 1, 0, now))];
        assert!((0..9).all(|_| serving(None, &backends, now).0 < 2), "it ends all the same");
    }
}

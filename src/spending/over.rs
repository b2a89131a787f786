//! Who serves where a budget is spent: the backend that it names, or the one that this one's own names, and so on.

use std::time::Instant;

use super::budget::{Budget, Charge, Estimate, Spent};

/// What a budget says: how much, and who serves past it.
#[derive(Debug, Clone)]
pub struct Allowance {
    /// How much may be spent.
    pub budget: Budget,
    /// Who serves past it, as an index into the config's backends.
    pub over: usize,
}

/// Who serves, and what it was charged for.
#[derive(Debug)]
#[must_use]
pub struct Admitted {
    /// As an index into the config's backends.
    pub backend: usize,
    /// What was charged to the budgets that had room.
    pub charges: Vec<Charge>,
    /// The first limit that was reached, where another backend serves for it.
    pub spent: Option<Spent>,
}

/// What `x-pointsman-degraded` says where another backend serves for a spent budget.
pub const OVER_BUDGET: &str = "over-budget";

/// Who serves a request that was to go to `backend` by a route with the allowance `route`. `of` gives a backend's own
/// allowance, `estimate` what the request is likely to take there.
///
/// A route's budget is for what its own backends are sent: past it, `over` serves under that one's budget alone.
pub fn admit<'a>(
    route: Option<&Allowance>,
    backend: usize,
    of: impl Fn(usize) -> Option<&'a Allowance>,
    estimate: impl Fn(usize) -> Estimate,
    now: Instant,
) -> Admitted {
    let mut admitted = Admitted { backend, charges: Vec::new(), spent: None };
    if let Some(allowance) = route {
        admitted.ask(allowance, estimate(backend), now);
    }
    // A round of backends that name each other is no config; but a loop here would be worse.
    let mut asked = Vec::new();
    while let Some(allowance) = of(admitted.backend).filter(|_| !asked.contains(&admitted.backend)) {
        asked.push(admitted.backend);
        if admitted.ask(allowance, estimate(admitted.backend), now) {
            break;
        }
        // What the route allowed was for another backend.
        admitted.charges.drain(..).for_each(|charge| charge.cancel(now));
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

impl Admitted {
    /// Whether `allowance` has room; turns to who serves past it where it has none.
    fn ask(&mut self, allowance: &Allowance, estimate: Estimate, now: Instant) -> bool {
        match allowance.budget.admit(estimate, now) {
            Ok(charge) => {
                self.charges.push(charge);
                true
            }
            Err(spent) => {
                self.spent.get_or_insert(spent);
                self.backend = allowance.over;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spending::ledger::{Ledger, Owner};
    use crate::spending::{Cost, Unit};

    fn allowance(ledger: &Ledger, name: &str, limit: i64, over: usize, now: Instant) -> Allowance {
        Allowance { budget: ledger.budget(&Owner::Backend(name.into()), vec![(Unit::Requests, limit)], now), over }
    }

    fn serving(route: Option<&Allowance>, backends: &[Option<Allowance>], now: Instant) -> (usize, bool) {
        let estimate = |_| Estimate { tokens: 1, cost: Cost::NOTHING };
        let admitted = admit(route, 0, |backend| backends[backend].as_ref(), estimate, now);
        (admitted.backend, admitted.spent.is_some())
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

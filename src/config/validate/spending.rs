//! Rules for prices, budgets, and where conversations stay.

use super::super::file::{Backend, Route};
use super::super::spending::{keeps_conversations, leads_to, ranks};
use super::Rules;
use crate::findings;
use crate::spending::over::circle;
use crate::spending::{budget, price};

impl Rules<'_> {
    pub(super) fn spending(&mut self) {
        let backends = &self.file.backends;
        for (i, backend) in backends.iter().enumerate() {
            let path = findings::item("backends", i);
            self.price(&findings::key(&path, "price"), backend.price.as_ref());
            let served = |other: &Backend| other.name == backend.name;
            self.budget(&findings::key(&path, "budget"), backend.budget.as_ref(), served);
        }
        for (i, route) in self.file.router.routes.iter().enumerate() {
            let path = findings::key(&findings::item("router.routes", i), "budget");
            self.budget(&path, route.budget.as_ref(), |backend| leads_to(route, &backend.name));
            self.route_over(&path, route);
        }
        self.circle();
        if keeps_conversations(self.file)
            && let Err(index) = ranks(self.file)
        {
            let path = findings::key(&findings::item("backends", index), "rank");
            self.findings.add(path, "is needed, as other backends have one and conversations keep their backend");
        }
    }

    fn price(&mut self, path: &str, price: Option<&price::Settings>) {
        if let Some((key, message)) = price.and_then(price::Settings::problem) {
            self.findings.add(findings::key(path, key), message);
        }
    }

    /// The rules for a budget of what the backends that are `served` do.
    fn budget(&mut self, path: &str, budget: Option<&budget::Settings>, served: impl Fn(&Backend) -> bool) {
        let Some(budget) = budget else { return };
        if let Err((key, message)) = budget.limits() {
            self.findings.add(if key.is_empty() { path.into() } else { findings::key(path, key) }, message);
        }
        self.backend(&findings::key(path, "over"), &budget.over);
        let unpriced = || self.file.backends.iter().position(|backend| served(backend) && backend.price.is_none());
        if budget.cost_per_hour.is_some()
            && let Some(index) = unpriced()
        {
            let message = format!("needs a \"price\" at backends[{index}], or nobody knows what is spent there");
            self.findings.add(findings::key(path, "cost_per_hour"), message);
        }
    }

    fn route_over(&mut self, path: &str, route: &Route) {
        let over = route.budget.as_ref().map(|budget| &budget.over);
        if over.is_some_and(|over| leads_to(route, over)) {
            self.findings.add(findings::key(path, "over"), "must be another backend than the route's own");
        }
    }

    /// Budgets that send requests round and round.
    fn circle(&mut self) {
        let backends = &self.file.backends;
        let index = |name: &str| backends.iter().position(|backend| backend.name == name);
        let over = |backend: usize| index(&backends[backend].budget.as_ref()?.over);
        let Some(circle) = circle(backends.len(), over) else { return };
        let path = |i: usize| findings::key(&findings::item("backends", i), "budget.over");
        let named: Vec<_> = circle.iter().map(|i| format!("backends[{i}]")).collect();
        let message = format!("leads back to where it began: {} and again", named.join(", then "));
        self.findings.add(path(circle[0]), message);
    }
}

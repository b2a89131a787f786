//! What was spent, for as long as any snapshot of the config cares: a reload forgets nothing, and what was spent counts
//! against a new limit, too.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Instant;

use parking_lot::Mutex;

use super::budget::{Budget, Limits, Meter, Unit};

/// Whose budget it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The route of this name.
    Route(Arc<str>),
    /// The backend of this name.
    Backend(Arc<str>),
}

/// Every meter that is in use.
#[derive(Debug, Default)]
pub struct Ledger {
    meters: Mutex<HashMap<(Owner, Unit), Weak<Meter>>>,
}

// === impl Owner ===

impl Owner {
    /// `route` or `backend`, for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Route(_) => "route",
            Self::Backend(_) => "backend",
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Route(name) | Self::Backend(name) => name,
        }
    }
}

// === impl Ledger ===

impl Ledger {
    /// The budget of `owner` with these limits. The snapshot before must live until this is made.
    pub fn budget(&self, owner: &Owner, limits: Limits, now: Instant) -> Budget {
        Budget::new(limits, |unit| self.meter(owner, unit, now))
    }

    fn meter(&self, owner: &Owner, unit: Unit, now: Instant) -> Arc<Meter> {
        let mut meters = self.meters.lock();
        let key = (owner.clone(), unit);
        if let Some(known) = meters.get(&key).and_then(Weak::upgrade) {
            return known;
        }
        meters.retain(|_, meter| meter.strong_count() > 0);
        let fresh = Arc::new(Meter::new(unit, now));
        meters.insert(key, Arc::downgrade(&fresh));
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spending::{Cost, Estimate};

    const ONE: Estimate = Estimate { tokens: 1, cost: Cost::NOTHING };

    fn owner(name: &str) -> Owner {
        Owner::Route(name.into())
    }

    #[test]
    fn a_reload_forgets_nothing() {
        let (ledger, now) = (Ledger::default(), Instant::now());
        let budget = |name: &str, limit| ledger.budget(&owner(name), vec![(Unit::Requests, limit)], now);
        let before = budget("a", 2);
        assert!(before.admit(ONE, now).is_ok());
        let after = budget("a", 2);
        drop(before);
        assert!(after.admit(ONE, now).is_ok());
        assert!(after.admit(ONE, now).is_err(), "two were admitted");
        assert!(budget("a", 3).admit(ONE, now).is_ok(), "one more by the new limit");
        assert!(budget("a", 3).admit(ONE, now).is_err());
        assert!(budget("b", 2).admit(ONE, now).is_ok(), "another route's own");
        let backend = ledger.budget(&Owner::Backend("a".into()), vec![(Unit::Requests, 1)], now);
        assert!(backend.admit(ONE, now).is_ok(), "not the route's");
    }

    #[test]
    fn what_nobody_uses_is_forgotten() {
        let (ledger, now) = (Ledger::default(), Instant::now());
        drop(ledger.budget(&owner("a"), vec![(Unit::Tokens, 1), (Unit::Cost, 1)], now));
        let _kept = ledger.budget(&owner("b"), vec![(Unit::Tokens, 1)], now);
        assert_eq!(ledger.meters.lock().len(), 1);
    }
}

//! What has been flushed: a flush makes every older entry invalid at once, wherever it is and whoever still writes it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// How often all entries, and those of single routes, have been flushed. Instances agree on the greatest numbers that any
/// of them knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epochs {
    /// Flushes of everything.
    pub all: u64,
    /// Flushes of single routes.
    pub routes: BTreeMap<Box<str>, u64>,
}

/// The epochs that an entry was asked for in. It is valid as long as they are the route's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    all: u64,
    route: u64,
}

// === impl Epochs ===

impl Epochs {
    /// The present of `route`.
    pub fn of(&self, route: &str) -> Epoch {
        Epoch { all: self.all, route: self.routes.get(route).copied().unwrap_or(0) }
    }

    /// Flushes `route`, or everything.
    pub fn flush(&mut self, route: Option<&str>) {
        match route {
            Some(route) => *self.routes.entry(route.into()).or_default() += 1,
            None => self.all += 1,
        }
    }

    /// Learns what `other` knows; whether that was anything new.
    pub fn merge(&mut self, other: &Self) -> bool {
        let before = self.clone();
        self.all = self.all.max(other.all);
        for (route, &flushes) in &other.routes {
            let own = self.routes.entry(route.clone()).or_default();
            *own = flushes.max(*own);
        }
        *self != before
    }

    /// Learns of the flushes that an entry of `route` shows by its epoch; whether that was anything new.
    pub fn learn(&mut self, route: &str, epoch: Epoch) -> bool {
        let routes = if epoch.route > 0 { [(route.into(), epoch.route)].into() } else { BTreeMap::new() };
        self.merge(&Self { all: epoch.all, routes })
    }
}

// === impl Epoch ===

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}.{}", self.all, self.route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flush_ends_what_was_before_it() {
        let mut epochs = Epochs::default();
        let (a, b) = (epochs.of("a"), epochs.of("b"));
        epochs.flush(Some("a"));
        assert_ne!(epochs.of("a"), a);
        assert_eq!(epochs.of("b"), b);
        epochs.flush(None);
        assert_ne!(epochs.of("b"), b);
    }

    #[test]
    fn instances_come_to_agree() {
        let (mut left, mut right) = (Epochs::default(), Epochs::default());
        left.flush(Some("a"));
        right.flush(None);
        assert!(left.merge(&right) && right.merge(&left));
        assert_eq!(left, right);
        assert!(!left.merge(&right));
    }
    #[test]
    fn an_entry_shows_what_was_flushed_before_it() {
        let mut other = Epochs::default();
        other.flush(Some("a"));
        other.flush(None);
        let mut epochs = Epochs::default();
        assert!(epochs.learn("a", other.of("a")));
        assert_eq!(epochs, other);
        assert!(!epochs.learn("a", other.of("a")) && !epochs.learn("b", Epoch::default()));
    }
}

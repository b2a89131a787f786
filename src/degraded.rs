//! Which parts were out of order while a request was served.

use std::borrow::Cow;

/// Why, each reason once, in the order in which they were met. Beyond the first few none is kept; no request meets more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Degraded([Option<&'static str>; REASONS]);

/// Two of the guardrails, one of the encoder, three of classifiers, a fallback, and a spent budget.
const REASONS: usize = 8;

// === impl Degraded ===

impl Degraded {
    /// Adds a reason; false where it is there already.
    pub fn add(&mut self, reason: &'static str) -> bool {
        let place = self.0.iter_mut().find(|place| place.is_none_or(|known| known == reason));
        place.is_some_and(|place| place.replace(reason).is_none())
    }

    /// Whether this reason was met.
    pub fn holds(&self, reason: &str) -> bool {
        self.iter().any(|known| known == reason)
    }

    /// Whether all was in order.
    pub fn is_empty(&self) -> bool {
        self.0[0].is_none()
    }

    /// The reasons.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.0.into_iter().flatten()
    }

    /// Them all, with commas between; none where all was in order.
    pub fn told(&self) -> Option<Cow<'static, str>> {
        let mut reasons = self.iter();
        match (reasons.next(), reasons.next()) {
            (None, _) => None,
            (Some(only), None) => Some(Cow::Borrowed(only)),
            _ => Some(Cow::Owned(self.iter().collect::<Vec<_>>().join(", "))),
        }
    }
}

impl Extend<&'static str> for Degraded {
    fn extend<T: IntoIterator<Item = &'static str>>(&mut self, reasons: T) {
        for reason in reasons {
            self.add(reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_told_once_in_the_order_in_which_they_were_met() {
        let mut degraded = Degraded::default();
        assert_eq!((degraded.told(), degraded.is_empty()), (None, true));
        assert!(degraded.add("b"));
        assert!(matches!(degraded.told(), Some(Cow::Borrowed("b"))));
        assert!(degraded.add("a") && !degraded.add("b"));
        assert!(degraded.holds("a") && !degraded.holds("c"));
        assert_eq!((degraded.told().as_deref(), degraded.is_empty()), (Some("b, a"), false));
        degraded.extend(["c", "a", "d", "e", "f", "g", "h", "i", "j"]);
        assert_eq!(degraded.told().as_deref(), Some("b, a, c, d, e, f, g, h"));
        assert!(!degraded.add("k"), "it is not kept, and so not counted");
    }
}

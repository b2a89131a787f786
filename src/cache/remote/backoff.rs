//! How long to leave alone what fails.

use std::time::Duration;

/// Pauses that double from failure to failure.
#[derive(Debug, Default)]
pub(in crate::cache) struct Backoff {
    failures: u32,
}

/// The first pause, at the most.
const FIRST: Duration = Duration::from_millis(200);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(5);

// === impl Backoff ===

impl Backoff {
    /// Counts a failure; how long to pause after it. Half of it is left to chance, so that instances do not come back
    /// all at once.
    #[must_use]
    pub(in crate::cache) fn fail(&mut self) -> Duration {
        let longest = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        longest.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// It works again.
    pub(in crate::cache) fn succeed(&mut self) {
        self.failures = 0;
    }

    /// Whether the last try failed.
    pub(in crate::cache) fn is_failing(&self) -> bool {
        self.failures > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_begin_anew() {
        let mut backoff = Backoff::default();
        for failure in 0..40 {
            let most = FIRST.saturating_mul(1 << failure.min(10)).min(LONGEST);
            let pause = backoff.fail();
            assert!(most / 2 <= pause && pause <= most, "{pause:?} after {failure}");
        }
        assert!(backoff.is_failing());
        backoff.succeed();
        assert!(!backoff.is_failing() && backoff.fail() <= FIRST);
    }
}

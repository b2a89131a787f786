//! Leaves alone, for a while, what fails again and again.

use std::time::Instant;

use parking_lot::Mutex;

use super::Backoff;

/// Lets calls pass as long as they succeed. After some failures in a row it is open: nothing passes for a while, then a
/// single call that shows whether all may.
#[derive(Debug, Default)]
pub(in crate::cache) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In a row.
    failures: u32,
    backoff: Backoff,
    /// Nothing passes before; none while all may.
    open_until: Option<Instant>,
    /// A call is on its way to show whether all may pass.
    trying: bool,
}

/// A call that passes. One that is dropped has shown nothing.
#[derive(Debug)]
pub(in crate::cache) struct Pass<'a> {
    breaker: &'a Breaker,
    tries: bool,
}

/// Failures in a row that open it.
const ENOUGH: u32 = 3;

// === impl Breaker ===

impl Breaker {
    /// Lets a call pass, or not.
    pub(in crate::cache) fn enter(&self) -> Option<Pass<'_>> {
        self.enter_at(Instant::now())
    }

    /// Whether nothing may pass, or only to try.
    pub(in crate::cache) fn is_open(&self) -> bool {
        self.state.lock().open_until.is_some()
    }

    fn enter_at(&self, now: Instant) -> Option<Pass<'_>> {
        let mut state = self.state.lock();
        let tries = match state.open_until {
            None => false,
            Some(until) if now >= until && !state.trying => true,
            Some(_) => return None,
        };
        state.trying |= tries;
        Some(Pass { breaker: self, tries })
    }

    fn fail_at(&self, now: Instant, tried: bool) {
        let mut state = self.state.lock();
        state.failures = state.failures.saturating_add(1);
        // Those that had passed before it opened show nothing new.
        if tried || (state.open_until.is_none() && state.failures >= ENOUGH) {
            state.open_until = Some(now + state.backoff.fail());
        }
    }
}

// === impl Pass ===

impl Pass<'_> {
    /// The call succeeded: all may pass.
    pub(in crate::cache) fn succeed(self) {
        let mut state = self.breaker.state.lock();
        state.failures = 0;
        state.open_until = None;
        state.backoff.succeed();
    }

    /// The call failed.
    pub(in crate::cache) fn fail(self) {
        self.breaker.fail_at(Instant::now(), self.tries);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.tries {
            self.breaker.state.lock().trying = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_failures_in_a_row_open_it() {
        let breaker = Breaker::default();
        for _ in 0..5 {
            breaker.enter().unwrap().fail();
            breaker.enter().unwrap().fail();
            breaker.enter().unwrap().succeed();
        }
        (0..ENOUGH).for_each(|_| breaker.enter().unwrap().fail());
        assert!(breaker.is_open() && breaker.enter().is_none());
    }

    #[test]
    fn one_call_tries_and_all_pass_when_it_succeeds() {
        let breaker = Breaker::default();
        (0..ENOUGH).for_each(|_| breaker.enter().unwrap().fail());
        let later = Instant::now() + Duration::from_secs(60);
        let dropped = breaker.enter_at(later).unwrap();
        assert!(breaker.enter_at(later).is_none(), "one at a time");
        drop(dropped);
        breaker.fail_at(later, breaker.enter_at(later).unwrap().tries);
        assert!(breaker.enter_at(later).is_none(), "open again");
        let later = later + Duration::from_secs(60);
        breaker.enter_at(later).unwrap().succeed();
        assert!(!breaker.is_open() && breaker.enter_at(later).is_some());
    }
}

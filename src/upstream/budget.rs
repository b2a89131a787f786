//! What may be sent again: a share of what is sent, so that retries cannot multiply an overload.

use std::time::Instant;

use super::window::Window;

/// The retries that are allowed whatever the share says: ten a second, so that a backend with few requests has some.
const FREE: f64 = 100.0;

/// The retry budget of a backend: in ten seconds, a share of that time's requests and a hundred on top.
#[derive(Debug, Default)]
pub(super) struct Budget {
    recent: Window<Traffic>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Traffic {
    requests: u32,
    retries: u32,
}

// === impl Budget ===

impl Budget {
    /// Counts a request.
    pub(super) fn deposit(&mut self, now: Instant) {
        self.recent.bucket(now).requests += 1;
    }

    /// Whether one more retry may be sent, which is counted then. `share` is retries per request, 0 and up.
    #[must_use]
    pub(super) fn withdraw(&mut self, share: f64, now: Instant) -> bool {
        let requests = self.recent.sum(now, |traffic| traffic.requests);
        let retries = self.recent.sum(now, |traffic| traffic.retries);
        let within = f64::from(retries) + 1.0 <= share * f64::from(requests) + FREE;
        if within {
            self.recent.bucket(now).retries += 1;
        }
        within
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// How many retries are granted at once.
    fn granted(budget: &mut Budget, share: f64, now: Instant) -> usize {
        (0..10_000).take_while(|_| budget.withdraw(share, now)).count()
    }

    #[test]
    fn without_requests_a_hundred_retries_in_ten_seconds_are_free() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        assert_eq!(granted(&mut budget, 0.2, start), 100);
        assert_eq!(granted(&mut budget, 0.2, start + Duration::from_millis(9_999)), 0);
        assert_eq!(granted(&mut budget, 0.2, start + Duration::from_secs(10)), 100);
    }

    #[test]
    fn requests_earn_their_share_of_retries_for_ten_seconds() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        (0..1_000).for_each(|_| budget.deposit(start));
        assert_eq!(granted(&mut budget, 0.2, start), 300);
        let (mut budget, start) = (Budget::default(), Instant::now());
        (0..1_000).for_each(|_| budget.deposit(start));
        assert_eq!(granted(&mut budget, 0.2, start + Duration::from_secs(10)), 100);
    }

    #[test]
    fn a_share_of_nothing_leaves_the_free_ones() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        (0..1_000).for_each(|_| budget.deposit(start));
        assert_eq!(granted(&mut budget, 0.0, start), 100);
    }

    #[test]
    fn what_was_refused_does_not_count_against_later_retries() {
        let (mut budget, start) = (Budget::default(), Instant::now());
        assert_eq!(granted(&mut budget, 1.0, start), 100);
        assert!((0..500).all(|_| !budget.withdraw(1.0, start)));
        budget.deposit(start);
        assert_eq!(granted(&mut budget, 1.0, start), 1);
    }

    #[test]
    fn no_walk_exceeds_the_share_or_is_refused_within_it() {
        for seed in 0..20 {
            let mut random = fastrand::Rng::with_seed(seed);
            let (mut budget, start, share) = (Budget::default(), Instant::now(), random.f64());
            let (mut requests, mut retries, mut elapsed) = (vec![0], Vec::new(), Duration::ZERO);
            budget.deposit(start);
            let (mut granted, mut refused) = (0, 0);
            for _ in 0..4_000 {
                elapsed += Duration::from_millis(random.u64(..20));
                let recent = |seconds: &[u64]| seconds.iter().filter(|&&s| s + 10 > elapsed.as_secs()).count() as f64;
                if random.u8(..3) == 0 {
                    budget.deposit(start + elapsed);
                    requests.push(elapsed.as_secs());
                } else if budget.withdraw(share, start + elapsed) {
                    retries.push(elapsed.as_secs());
                    granted += 1;
                    assert!(recent(&retries) <= share * recent(&requests) + 100.0, "seed {seed}");
                } else {
                    refused += 1;
                    assert!(recent(&retries) + 1.0 > share * recent(&requests) + 100.0, "seed {seed}");
                }
            }
            assert!(granted > 0 && refused > 0, "seed {seed} tried nothing: {granted} granted, {refused} refused");
        }
    }
}

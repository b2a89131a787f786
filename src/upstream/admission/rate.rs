//! How fast places are freed, and how long that makes a queue.

use std::time::Duration;

use tokio::time::Instant;

/// What was freed this long ago counts 1/e of what is freed now.
const WINDOW: Duration = Duration::from_secs(30);

/// Where nothing was freed for so long, what was before says nothing of now: there may have been no requests.
const MEMORY: Duration = Duration::from_secs(90);

/// How often a place is freed: an average that forgets exponentially.
#[derive(Debug, Default)]
pub(super) struct Rate(Option<Since>);

#[derive(Debug, Clone, Copy)]
struct Since {
    began: Instant,
    last: Instant,
    /// Places freed, each weighed by its age at `last`.
    weight: f64,
}

// === impl Rate ===

impl Rate {
    /// Counts a place that was freed at `now`.
    pub(super) fn count(&mut self, now: Instant) {
        let since = self.remembered(now).unwrap_or(Since { began: now, last: now, weight: 0.0 });
        self.0 = Some(Since { last: now, weight: since.weight * since.fading(now) + 1.0, ..since });
    }

    /// Places freed per second at `now`; none without a recent history.
    pub(super) fn per_second(&self, now: Instant) -> Option<f64> {
        let since = self.remembered(now)?;
        // A history shorter than the window holds a part of the weights only; within its first second that part is
        // too small to divide by.
        let seen = now.saturating_duration_since(since.began).max(Duration::from_secs(1));
        let window = WINDOW.as_secs_f64() * (1.0 - (-seen.div_duration_f64(WINDOW)).exp());
        Some(since.weight * since.fading(now) / window)
    }

    fn remembered(&self, now: Instant) -> Option<Since> {
        self.0.filter(|since| now.saturating_duration_since(since.last) < MEMORY)
    }
}

// === impl Since ===

impl Since {
    fn fading(&self, now: Instant) -> f64 {
        (-now.saturating_duration_since(self.last).div_duration_f64(WINDOW)).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// Counts `per_second` places a second from `from` for `count` seconds.
    fn run(rate: &mut Rate, from: Instant, count: u32, per_second: u32) -> Instant {
        (0..count * per_second).for_each(|n| rate.count(from + seconds(1) * n / per_second));
        from + seconds(1) * count
    }

    #[track_caller]
    fn assert_near(rate: Option<f64>, expected: f64) {
        assert!(rate.is_some_and(|rate| (rate / expected - 1.0).abs() < 0.1), "{rate:?} is not near {expected}");
    }

    #[test]
    fn a_steady_rate_is_known_after_seconds_and_stays_so() {
        for length in [2, 10, 300] {
            let mut rate = Rate::default();
            let now = run(&mut rate, Instant::now(), length, 10);
            assert_near(rate.per_second(now), 10.0);
        }
    }

    #[test]
    fn it_follows_a_change_and_falls_where_nothing_is_freed() {
        let mut rate = Rate::default();
        let now = run(&mut rate, Instant::now(), 300, 10);
        assert_near(rate.per_second(now + WINDOW), 10.0 / std::f64::consts::E);
        let now = run(&mut rate, now, 150, 2);
        assert_near(rate.per_second(now), 2.0);
    }

    #[test]
    fn without_a_recent_history_nothing_is_claimed() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        assert_eq!(rate.per_second(start), None);
        let now = run(&mut rate, start, 60, 10);
        assert_eq!(rate.per_second(now + MEMORY), None);
        let now = run(&mut rate, now + MEMORY, 5, 2);
        assert_near(rate.per_second(now), 2.0);
    }
}

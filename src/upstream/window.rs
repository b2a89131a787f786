//! Counts of the last ten seconds, in buckets of one second.

use std::time::{Duration, Instant};

const SECONDS: usize = 10;

/// The counts `T` of the last ten seconds: of the second that runs, whole ones since the first count, and of the nine
/// before it.
#[derive(Debug, Default)]
pub(super) struct Window<T> {
    /// The newest first.
    buckets: [T; SECONDS],
    /// When the newest bucket began.
    began: Option<Instant>,
}

// === impl Window ===

impl<T: Copy + Default> Window<T> {
    /// The bucket of the second that runs.
    pub(super) fn bucket(&mut self, now: Instant) -> &mut T {
        self.advance(now);
        &mut self.buckets[0]
    }

    /// The sum of one count over all buckets.
    pub(super) fn sum(&mut self, now: Instant, count: impl Fn(&T) -> u32) -> u32 {
        self.advance(now);
        self.buckets.iter().map(count).sum()
    }

    /// A `now` from before the newest bucket, as another thread may bring, counts as in it.
    fn advance(&mut self, now: Instant) {
        let began = self.began.get_or_insert(now);
        let passed = now.saturating_duration_since(*began).as_secs();
        *began += Duration::from_secs(passed);
        let gone = passed.min(SECONDS as u64) as usize;
        self.buckets.rotate_right(gone);
        self.buckets[..gone].fill(T::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(window: &mut Window<u32>, now: Instant) -> u32 {
        window.sum(now, |&count| count)
    }

    #[test]
    fn a_count_is_forgotten_when_its_second_is_the_eleventh() {
        let (mut window, start) = (Window::default(), Instant::now());
        *window.bucket(start + Duration::from_millis(0)) += 1;
        *window.bucket(start + Duration::from_millis(900)) += 2;
        *window.bucket(start + Duration::from_millis(1000)) += 4;
        assert_eq!(sum(&mut window, start + Duration::from_millis(9_999)), 7);
        assert_eq!(sum(&mut window, start + Duration::from_millis(10_000)), 4);
        assert_eq!(sum(&mut window, start + Duration::from_millis(11_000)), 0);
    }

    #[test]
    fn a_long_silence_forgets_everything() {
        let (mut window, start) = (Window::default(), Instant::now());
        *window.bucket(start) += 1;
        assert_eq!(sum(&mut window, start + Duration::from_secs(3_600)), 0);
        *window.bucket(start + Duration::from_secs(3_600)) += 2;
        assert_eq!(sum(&mut window, start + Duration::from_secs(3_609)), 2);
    }

    #[test]
    fn an_instant_from_before_the_newest_counts_as_now() {
        let (mut window, start) = (Window::default(), Instant::now());
        *window.bucket(start + Duration::from_secs(5)) += 1;
        *window.bucket(start) += 1;
        assert_eq!(sum(&mut window, start), 2);
        assert_eq!(sum(&mut window, start + Duration::from_secs(14)), 2);
        assert_eq!(sum(&mut window, start + Duration::from_secs(15)), 0);
    }

    #[test]
    fn the_sum_is_that_of_a_plain_list() {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut window, start) = (Window::default(), Instant::now());
        let (mut counted, mut elapsed) = (Vec::new(), Duration::ZERO);
        for _ in 0..5_000 {
            *window.bucket(start + elapsed) += 1;
            counted.push(elapsed.as_secs());
            elapsed +=
                Duration::from_millis(if random.u32(..100) == 0 { random.u64(..30_000) } else { random.u64(..900) });
            let expected = counted.iter().filter(|&&second| second + 10 > elapsed.as_secs()).count();
            assert_eq!(sum(&mut window, start + elapsed) as usize, expected);
        }
    }
}

//! `mirror`: which requests are copied to another backend, as long as not too many copies are under way.
//!
//! A copy is the request as it would be if that backend served it: its model, the route's actions, and the client's own
//! wish for a stream, so that the load is the real one. Its answer is read to its end and dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use crate::hash::unit;

/// A mirror as a person types it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Settings {
    /// Who gets the copies.
    pub backend: String,
    /// The share of the requests that is copied.
    #[serde(default = "all")]
    pub share: f64,
    /// Copies under way at most; with more, none is made.
    #[serde(default = "in_flight")]
    pub max_in_flight: usize,
}

/// Chooses the requests that are copied.
#[derive(Debug)]
pub struct Sampler {
    share: f64,
    max_in_flight: usize,
    /// Outlives the snapshot that it was made for, as the copies do.
    under_way: Arc<AtomicUsize>,
}

/// A copy under way; it is over when this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Mirrored {
    under_way: Arc<AtomicUsize>,
}

/// Whether a request is copied.
#[derive(Debug)]
#[must_use]
pub enum Sampled {
    /// It is.
    Yes(Mirrored),
    /// It is not its turn.
    No,
    /// Too many are under way.
    Full,
}

fn all() -> f64 {
    1.0
}

fn in_flight() -> usize {
    64
}

// === impl Settings ===

impl Settings {
    /// What is wrong with it, if anything: a key and a message.
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        if !(0.0..=1.0).contains(&self.share) {
            return Some(("share", "must be between 0 and 1"));
        }
        (!(1..=10_000).contains(&self.max_in_flight)).then_some(("max_in_flight", "must be between 1 and 10000"))
    }
}

// === impl Sampler ===

impl Sampler {
    /// A sampler of these settings; those `under_way` are an earlier one's, where there was one.
    pub fn new(settings: &Settings, under_way: Option<&Self>) -> Self {
        let under_way = under_way.map_or_else(Arc::default, |before| before.under_way.clone());
        Self { share: settings.share, max_in_flight: settings.max_in_flight, under_way }
    }

    /// The share of the requests that is copied, 0 to 1.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// Whether the request that `random` bits fell to is copied.
    pub fn sample(&self, random: u64) -> Sampled {
        if unit(random) >= self.share {
            return Sampled::No;
        }
        let entered = self.under_way.fetch_update(Ordering::AcqRel, Ordering::Acquire, |under_way| {
            (under_way < self.max_in_flight).then_some(under_way + 1)
        });
        match entered {
            Ok(_) => Sampled::Yes(Mirrored { under_way: self.under_way.clone() }),
            Err(_) => Sampled::Full,
        }
    }

    /// Copies under way.
    pub fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Acquire)
    }
}

// === impl Mirrored ===

impl Drop for Mirrored {
    fn drop(&mut self) {
        self.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(share: f64, max_in_flight: usize) -> Sampler {
        Sampler::new(&Settings { backend: "b".into(), share, max_in_flight }, None)
    }

    #[test]
    fn a_share_of_the_requests_is_copied() {
        let mut rng = fastrand::Rng::with_seed(7);
        for share in [0.0, 0.1, 0.5, 1.0] {
            let sampler = sampler(share, 1);
            let copied = (0..100_000).filter(|_| matches!(sampler.sample(rng.u64(..)), Sampled::Yes(_))).count();
            let expected = 100_000.0 * share;
            assert!((copied as f64 - expected).abs() <= 5.0 * (expected * (1.0 - share)).sqrt(), "{share}: {copied}");
        }
        assert!(matches!(sampler(1.0, 1).sample(u64::MAX), Sampled::Yes(_)));
        assert!(matches!(sampler(0.0, 1).sample(0), Sampled::No));
    }

    #[test]
    fn no_more_copies_than_allowed_are_under_way() {
        let sampler = sampler(1.0, 3);
        let most = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..5_000 {
                        if let Sampled::Yes(_copy) = sampler.sample(0) {
                            most.fetch_max(sampler.under_way(), Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert!(most.into_inner() <= 3);
        assert_eq!(sampler.under_way(), 0, "each copy was given back");
    }

    #[test]
    fn copies_of_before_a_reload_still_count() {
        let before = sampler(1.0, 2);
        let copy = before.sample(0);
        let settings = Settings { backend: "b".into(), share: 1.0, max_in_flight: 1 };
        let after = Sampler::new(&settings, Some(&before));
        assert!(matches!(after.sample(0), Sampled::Full));
        drop(copy);
        assert!(matches!(after.sample(0), Sampled::Yes(_)));
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let settings = |share, max_in_flight| Settings { backend: "b".into(), share, max_in_flight };
        assert_eq!(settings(0.5, 1).problem(), None);
        assert_eq!(settings(f64::NAN, 1).problem().unwrap().0, "share");
        assert_eq!(settings(1.1, 1).problem().unwrap().0, "share");
        assert_eq!(settings(1.0, 0).problem().unwrap().0, "max_in_flight");
        assert_eq!(serde_json::from_str::<Settings>(r#"{"backend":"b"}"#).unwrap(), settings(1.0, 64));
    }
}

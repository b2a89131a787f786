//! How much a peer has to do: what we sent it, and what others did, as far as its last scrape tells.

use std::time::{Duration, Instant};

/// What vLLM's gauges say of one server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gauges {
    /// Requests that run.
    pub running: f64,
    /// Requests that wait for a slot.
    pub waiting: f64,
    /// The share of the KV cache in use, where it is told.
    pub kv_usage: Option<f64>,
    /// Whether the engine sleeps: it answers `/health`, and would have to be woken first.
    pub asleep: bool,
}

/// A scrape that succeeded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scrape {
    /// What it said.
    pub gauges: Gauges,
    /// Our own requests on the server while it was asked: the others' are what is left.
    pub own: usize,
    /// When.
    pub at: Instant,
    /// Time between two scrapes.
    pub interval: Duration,
}

/// A scrape counts in full for this many intervals, and not at all after so many more.
const FULL: f64 = 2.0;
const FADING: f64 = 2.0;

/// A KV cache that is fuller than this makes a server preempt; one that is full weighs like so many requests.
const CROWDED: f64 = 0.8;
const FULL_CACHE: f64 = 8.0;

/// A prompt of so many tokens weighs one request more, up to so many in all: a long prefill keeps others waiting.
const PROMPT_TOKENS: f64 = 4096.0;
const HEAVIEST: f64 = 8.0;

/// What a request weighs whose prompt has about so many tokens, in requests.
pub(super) fn weight(tokens: usize) -> f64 {
    (1.0 + tokens as f64 / PROMPT_TOKENS).min(HEAVIEST)
}

/// A peer's load, in requests: our `own`, weighed by their prompts, what others brought by its `scrape`, and a penalty as
/// its KV cache fills. What is not known of the others is taken to be `typical`: a peer that tells nothing is not idle.
pub(super) fn load(own: f64, scrape: Option<&Scrape>, typical: f64, now: Instant) -> f64 {
    let Some(scrape) = scrape else { return own + typical };
    let known = scrape.freshness(now);
    let crowding = scrape.gauges.kv_usage.map_or(0.0, |usage| ((usage - CROWDED) / (1.0 - CROWDED)).clamp(0.0, 1.0));
    own + known * (scrape.others() + FULL_CACHE * crowding * crowding) + (1.0 - known) * typical
}

/// What others typically brought to a peer, for each unit of weight, by those whose scrape is fresh.
pub(super) fn typical<'a>(peers: impl Iterator<Item = (Option<&'a Scrape>, f64)>, now: Instant) -> f64 {
    let fresh = peers.filter_map(|(scrape, weight)| Some((scrape?, weight)));
    let known = fresh.map(|(scrape, weight)| {
        let known = scrape.freshness(now);
        (known * scrape.others(), known * weight)
    });
    let (others, weights) = known.fold((0.0, 0.0), |sum, peer| (sum.0 + peer.0, sum.1 + peer.1));
    if weights > 0.0 { others / weights } else { 0.0 }
}

// === impl Scrape ===

impl Scrape {
    /// How much it still counts: 1 while it is fresh, 0 once it is stale.
    pub fn freshness(&self, now: Instant) -> f64 {
        let intervals = now.saturating_duration_since(self.at).as_secs_f64() / self.interval.as_secs_f64();
        (1.0 - (intervals - FULL) / FADING).clamp(0.0, 1.0)
    }

    /// Requests there that are not ours.
    fn others(&self) -> f64 {
        (self.gauges.running + self.gauges.waiting - self.own as f64).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn scrape(running: f64, waiting: f64, own: usize, at: Instant) -> Scrape {
        let gauges = Gauges { running, waiting, kv_usage: None, asleep: false };
        Scrape { gauges, own, at, interval: SECOND }
    }

    #[test]
    fn what_we_sent_is_not_counted_twice() {
        let now = Instant::now();
        let scrape = scrape(5.0, 2.0, 4, now);
        assert_eq!(load(4.0, Some(&scrape), 0.0, now), 4.0 + 3.0);
        // Six more were sent since, and all four of then are done.
        assert_eq!(load(6.0, Some(&scrape), 0.0, now), 6.0 + 3.0);
    }

    #[test]
    fn gauges_below_our_own_requests_make_nobody_idle() {
        let now = Instant::now();
        assert_eq!(load(3.0, Some(&scrape(0.0, 0.0, 3, now)), 9.0, now), 3.0);
    }

    #[test]
    fn a_scrape_fades_to_what_is_typical() {
        let at = Instant::now();
        let old = scrape(10.0, 0.0, 0, at);
        let loads = [2, 3, 4, 60].map(|seconds| load(1.0, Some(&old), 2.0, at + seconds * SECOND));
        assert_eq!(loads, [11.0, 1.0 + 6.0, 3.0, 3.0]);
        assert_eq!(load(1.0, None, 2.0, at), 3.0, "never scraped");
    }

    #[test]
    fn typical_is_the_mean_of_fresh_scrapes_for_each_unit_of_weight() {
        let now = Instant::now();
        let (busy, idle, stale) =
            (scrape(9.0, 0.0, 0, now), scrape(0.0, 0.0, 0, now), scrape(100.0, 0.0, 0, now - 10 * SECOND));
        let peers = [(Some(&busy), 2.0), (Some(&idle), 1.0), (Some(&stale), 5.0), (None, 5.0)];
        assert_eq!(typical(peers.into_iter(), now), 3.0);
        assert_eq!(typical([(None, 1.0), (Some(&stale), 1.0)].into_iter(), now), 0.0);
    }

    #[test]
    fn a_full_cache_weighs_like_requests() {
        let now = Instant::now();
        let with = |usage| {
            let mut scrape = scrape(0.0, 0.0, 0, now);
            scrape.gauges.kv_usage = Some(usage);
            load(0.0, Some(&scrape), 0.0, now)
        };
        assert_eq!((with(0.5), with(0.8), with(1.0)), (0.0, 0.0, FULL_CACHE));
        assert!(0.0 < with(0.85) && with(0.85) < with(0.95));
    }

    #[test]
    fn long_prompts_weigh_more_and_not_without_end() {
        assert_eq!((weight(0), weight(4096), weight(1_000_000)), (1.0, 2.0, HEAVIEST));
    }
}

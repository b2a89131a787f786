//! One address of a backend, its live state, and the lease that counts a request on it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pingora::prelude::HttpPeer;

use super::breaker::{Breaker, BreakerSettings, Probe, State};
use super::health::Health;
use super::load::Scrape;
use super::origin::Origin;
use super::pool::Slot;
use super::window::Window;

/// A peer as one snapshot of the config sees it.
#[derive(Debug)]
pub struct Peer {
    /// Where it listens.
    pub address: SocketAddr,
    /// The url that it came from.
    pub origin: Arc<Origin>,
    /// How to connect, with every timeout and the TLS settings.
    pub connect: HttpPeer,
    /// What is known of it, shared with every snapshot.
    pub state: Arc<PeerState>,
}

/// What is known of an address, across snapshots.
#[derive(Debug, Default)]
pub struct PeerState {
    /// What tells it apart from all others, in every process alike.
    pub(super) key: u64,
    leases: AtomicUsize,
    /// What the leases weigh, in thousandths of a request.
    load: AtomicU64,
    draining: AtomicBool,
    scraping: AtomicBool,
    pub(super) condition: Mutex<Condition>,
    scrape: Mutex<Option<Scrape>>,
    recent: Mutex<Recent>,
}

/// Whether it may serve.
#[derive(Debug, Default)]
pub(super) struct Condition {
    pub(super) health: Health,
    /// Since when it has been up.
    pub(super) up_since: Option<Instant>,
    pub(super) breaker: Breaker,
}

/// What it did of late.
#[derive(Debug, Default)]
struct Recent {
    requests: Window<u32>,
    /// The times to the first token of its last streams, the newest last.
    first_tokens: VecDeque<Duration>,
}

/// One in-flight request on a peer; it counts until it is dropped.
#[derive(Debug)]
pub struct Lease {
    peer: Arc<Peer>,
    /// In thousandths of a request.
    weight: u64,
    /// Whether it is the one that finds out if the peer can serve again.
    pub(super) probe: Option<Probe>,
    /// Until it is given on to the request's next lease.
    slot: Option<Slot>,
}

/// Streams whose time to the first token is remembered.
const FIRST_TOKENS: usize = 128;

// === impl Peer ===

impl Peer {
    /// How to connect without reusing a pooled connection. The one made is not pooled with the others afterwards.
    pub fn connect_afresh(&self) -> HttpPeer {
        static GROUP: AtomicU64 = AtomicU64::new(1);
        let mut connect = self.connect.clone();
        connect.group_key = GROUP.fetch_add(1, Ordering::Relaxed);
        connect.options.idle_timeout = Some(Duration::ZERO);
        connect
    }
}

// === impl PeerState ===

impl PeerState {
    /// A peer that nothing is known of; `key` tells it apart from all others, in every process alike.
    pub(super) fn new(key: u64) -> Self {
        Self { key, ..Self::default() }
    }

    /// Requests in flight.
    pub fn leases(&self) -> usize {
        self.leases.load(Ordering::Relaxed)
    }

    /// What they weigh, in requests.
    pub(super) fn own_load(&self) -> f64 {
        self.load.load(Ordering::Relaxed) as f64 / 1e3
    }

    /// Its health by the last checks.
    pub fn health(&self) -> Health {
        self.condition.lock().health
    }

    /// Takes in one check's outcome; returns the health before and after.
    pub fn observe_check(&self, passed: bool, fall: u32, rise: u32) -> (Health, Health) {
        let mut condition = self.condition.lock();
        let before = condition.health;
        condition.health = before.after(passed, fall, rise);
        condition.up_since = match condition.health.is_up() {
            true => condition.up_since.or_else(|| Some(Instant::now())),
            false => None,
        };
        (before, condition.health)
    }

    /// Its breaker's state: `closed`, `open` or `half-open`.
    pub fn breaker(&self) -> &'static str {
        self.condition.lock().breaker.state(Instant::now()).as_str()
    }

    /// Whether an operator has it take no new requests.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Has it take no new requests, or again. True if that is new.
    pub fn drain(&self, draining: bool) -> bool {
        self.draining.swap(draining, Ordering::Relaxed) != draining
    }

    /// What its last scrape said, if one ever succeeded.
    pub fn scrape(&self) -> Option<Scrape> {
        *self.scrape.lock()
    }

    pub(super) fn scraped(&self, scrape: Scrape) {
        *self.scrape.lock() = Some(scrape);
    }

    /// True for the one who may scrape it from now on.
    pub(super) fn begin_scraping(&self) -> bool {
        !self.scraping.swap(true, Ordering::Relaxed)
    }

    pub(super) fn end_scraping(&self) {
        self.scraping.store(false, Ordering::Relaxed);
    }

    /// Takes in how long a stream's first token took.
    pub fn record_first_token(&self, span: Duration) {
        let mut recent = self.recent.lock();
        if recent.first_tokens.len() == FIRST_TOKENS {
            recent.first_tokens.pop_front();
        }
        recent.first_tokens.push_back(span);
    }

    /// The median and the 95th percentile of the last streams' times to their first token, where there were any.
    pub fn first_tokens(&self) -> Option<[Duration; 2]> {
        let mut times = Vec::from(self.recent.lock().first_tokens.clone());
        times.sort_unstable();
        let last = times.len().checked_sub(1)?;
        Some([50, 95].map(|percent| times[last * percent / 100]))
    }

    /// Requests that were sent to it in the last ten seconds.
    pub fn recent_requests(&self) -> u32 {
        self.recent.lock().requests.sum(Instant::now(), |count| *count)
    }

    /// Counts one more request, unless there are as many as there may be.
    fn count_within(&self, limit: Option<usize>) -> bool {
        let Some(limit) = limit else {
            self.leases.fetch_add(1, Ordering::Relaxed);
            return true;
        };
        let one_more = |leases| (leases < limit).then_some(leases + 1);
        self.leases.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }
}

// === impl Lease ===

impl Lease {
    /// Counts a request of so much `weight` on `peer`, in `slot` of its pool; none where the peer has as many as it may.
    pub(super) fn take(peer: &Arc<Peer>, weight: f64, limit: Option<usize>, slot: Slot) -> Option<Self> {
        if !peer.state.count_within(limit) {
            return None;
        }
        let weight = (weight * 1e3) as u64;
        peer.state.load.fetch_add(weight, Ordering::Relaxed);
        *peer.state.recent.lock().requests.bucket(Instant::now()) += 1;
        Some(Self { peer: peer.clone(), weight, probe: None, slot: Some(slot) })
    }

    #[cfg(test)]
    pub(super) fn on(peer: &Arc<Peer>) -> Self {
        Self::take(peer, 1.0, None, Arc::<super::pool::PoolState>::default().slot(None, false).unwrap()).unwrap()
    }

    /// Whether the peer serves, or this request may find out whether it does again: only one at a time may.
    pub(super) fn may_serve(&mut self, settings: &BreakerSettings, now: Instant) -> bool {
        let breaker = &mut self.peer.state.condition.lock().breaker;
        if breaker.state(now) == State::Closed {
            return true;
        }
        self.probe = breaker.begin_probe(settings, now);
        self.probe.is_some()
    }

    /// Gives the lease up, but for its slot in the pool.
    pub fn into_slot(mut self) -> Option<Slot> {
        self.slot.take()
    }

    /// The peer that it counts on.
    pub fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let state = &self.peer.state;
        state.leases.fetch_sub(1, Ordering::Relaxed);
        state.load.fetch_sub(self.weight, Ordering::Relaxed);
        if let Some(probe) = self.probe {
            state.condition.lock().breaker.abandon_probe(probe);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_falls_and_rises_comes_up_anew() {
        let state = PeerState::default();
        state.observe_check(true, 1, 1);
        let first = state.condition.lock().up_since.unwrap();
        state.observe_check(true, 1, 1);
        assert_eq!(state.condition.lock().up_since, Some(first));
        state.observe_check(false, 1, 1);
        assert_eq!(state.condition.lock().up_since, None);
        state.observe_check(true, 1, 1);
        assert!(state.condition.lock().up_since.unwrap() >= first);
    }

    #[test]
    fn only_the_last_streams_first_tokens_count() {
        let state = PeerState::default();
        assert_eq!(state.first_tokens(), None);
        (0..1000).for_each(|ms| state.record_first_token(Duration::from_millis(ms)));
        assert_eq!(state.first_tokens(), Some([935, 992].map(Duration::from_millis)));
    }
}

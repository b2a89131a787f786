//! Who of a pool may serve, in order: a peer of a worse standing serves only where none of a better one is left.

use std::fmt;
use std::time::{Duration, Instant};

use super::breaker::State;
use super::health::Health;
use super::peer::PeerState;

/// Whether a peer may serve, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// It serves, or it is time to find out whether it does again.
    Ready,
    /// It sleeps, or it said that it has too much to do.
    Resting,
    /// Its faults ejected it.
    Ejected,
    /// Nobody has looked yet.
    Unknown,
}

/// A peer's condition, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerStatus {
    /// It serves.
    Up,
    /// It came up after its siblings, and gets less than its share for a while.
    Starting,
    /// Its health checks fail.
    Down,
    /// It was never checked.
    Unknown,
    /// An operator has it take no new requests.
    Draining,
    /// Its faults ejected it.
    Ejected,
    /// It said that it has too much to do.
    Cooling,
    /// One request finds out whether it can serve again.
    Probing,
    /// Its engine sleeps.
    Asleep,
}

/// The least part of its share that a peer gets which has just come up, and the steps in which it grows: without
/// steps, peers that came up moments apart would never be equals.
const STEPS: f64 = 10.0;

// === impl Standing ===

impl Standing {
    /// None where the peer must not be asked.
    pub(super) fn of(peer: &PeerState, now: Instant) -> Option<Self> {
        if peer.is_draining() {
            return None;
        }
        let condition = peer.condition.lock();
        match condition.health {
            Health::Down { .. } => return None,
            Health::Unknown => return Some(Self::Unknown),
            Health::Up { .. } => {}
        }
        let standing = match condition.breaker.state(now) {
            State::Closed => Self::Ready,
            _ if condition.breaker.may_probe(now) => Self::Ready,
            State::Cooling { .. } | State::Probing => Self::Resting,
            State::Open { .. } | State::HalfOpen => Self::Ejected,
        };
        drop(condition);
        Some(if standing == Self::Ready && is_asleep(peer, now) { Self::Resting } else { standing })
    }
}

// === impl PeerStatus ===

impl PeerStatus {
    /// A peer's condition, and why, where there is more to say.
    pub fn of(peer: &PeerState, slow_start: Duration, pool_up_since: Option<Instant>) -> (Self, Option<String>) {
        let now = Instant::now();
        if peer.is_draining() {
            let why = match peer.leases() {
                0 => "no request is left".into(),
                1 => "1 request is left".into(),
                leases => format!("{leases} requests are left"),
            };
            return (Self::Draining, Some(why));
        }
        let asleep = is_asleep(peer, now);
        let condition = peer.condition.lock();
        match condition.health {
            Health::Down { .. } => return (Self::Down, Some("its health checks fail".into())),
            Health::Unknown => return (Self::Unknown, Some("it was not checked yet".into())),
            Health::Up { .. } => {}
        }
        let why = condition.breaker.why().map(|cause| cause.to_string());
        match condition.breaker.state(now) {
            State::Open { .. } => (Self::Ejected, why),
            State::Cooling { .. } => (Self::Cooling, why),
            State::Probing | State::HalfOpen => (Self::Probing, why),
            State::Closed if asleep => (Self::Asleep, Some("its engine sleeps".into())),
            State::Closed if ramp(condition.up_since, pool_up_since, slow_start, now) < 1.0 => (Self::Starting, None),
            State::Closed => (Self::Up, None),
        }
    }
}

impl fmt::Display for PeerStatus {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Starting => "starting",
            Self::Down => "down",
            Self::Unknown => "unknown",
            Self::Draining => "draining",
            Self::Ejected => "ejected",
            Self::Cooling => "cooling",
            Self::Probing => "probing",
            Self::Asleep => "asleep",
        })
    }
}

/// The part of its share that a peer gets which came up at `up_since`, while the first of its pool did at
/// `pool_up_since`: from a tenth to all of it within `slow_start`. Peers that came up together are equals from the
/// beginning.
pub(super) fn ramp(
    up_since: Option<Instant>,
    pool_up_since: Option<Instant>,
    slow_start: Duration,
    now: Instant,
) -> f64 {
    let (Some(up), Some(first)) = (up_since, pool_up_since) else { return 1.0 };
    let whole = slow_start.min(now.saturating_duration_since(first)).as_secs_f64();
    let age = now.saturating_duration_since(up).as_secs_f64();
    if age >= whole { 1.0 } else { (STEPS * age / whole).ceil().max(1.0) / STEPS }
}

fn is_asleep(peer: &PeerState, now: Instant) -> bool {
    peer.scrape().is_some_and(|scrape| scrape.gauges.asleep && scrape.freshness(now) > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_peer_that_comes_later_gets_a_growing_share() {
        let first = Instant::now();
        let late = first + 100 * SECOND;
        let share = |seconds| ramp(Some(late), Some(first), 10 * SECOND, late + seconds * SECOND);
        assert_eq!([0, 1, 5, 9, 10, 60].map(share), [0.1, 0.1, 0.5, 0.9, 1.0, 1.0]);
        assert_eq!(ramp(Some(first), Some(first), 10 * SECOND, late), 1.0, "the first itself");
        assert_eq!(ramp(Some(late), Some(first), Duration::ZERO, late), 1.0, "without a slow start");
    }

    #[test]
    fn peers_that_come_up_together_are_equals() {
        let first = Instant::now();
        let second = first + Duration::from_millis(30);
        let share = |ms| ramp(Some(second), Some(first), 10 * SECOND, first + Duration::from_millis(ms));
        assert!([400, 1000, 9000].map(share).iter().all(|share| *share == 1.0));
    }
}

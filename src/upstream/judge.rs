//! What an outcome means for its peer: faults eject it, unless the pool can spare it no more.

use std::sync::Arc;
use std::time::Instant;

use tracing::{info, warn};

use super::backend::Backend;
use super::breaker::{Cause, State, Verdict};
use super::outcome::Outcome;
use super::peer::{Lease, Peer};
use super::standing::Standing;

// === impl Backend ===

impl Backend {
    /// Takes in how a request fared on its peer. True if that got the peer ejected.
    pub fn observe(&self, lease: &mut Lease, outcome: Outcome) -> bool {
        let (now, settings) = (Instant::now(), &self.settings.breaker);
        let (peer, probe) = (lease.peer().clone(), lease.probe.take());
        let (before, verdict, after) = {
            let breaker = &mut peer.state.condition.lock().breaker;
            let before = breaker.state(now);
            (before, breaker.observe(outcome, probe, settings, now), breaker.state(now))
        };
        let ejected = match verdict {
            Verdict::Keep => before == State::HalfOpen && matches!(after, State::Open { .. }),
            Verdict::Trip(cause) => self.eject(&peer, cause, now),
        };
        if ejected || (before != State::Closed && after == State::Closed) {
            self.report(&peer, ejected);
        }
        ejected
    }

    /// The request's peer has begun to answer: a request that was to find out whether it does has found out.
    pub fn confirm(&self, lease: &mut Lease) {
        if lease.probe.is_some() {
            self.observe(lease, Outcome::Success);
        }
    }

    /// Opens the peer's breaker, if enough others are left.
    fn eject(&self, peer: &Arc<Peer>, cause: Cause, now: Instant) -> bool {
        let _one_at_a_time = self.pool.ejecting.lock();
        self.may_eject(peer, now) && peer.state.condition.lock().breaker.trip(cause, &self.settings.breaker, now)
    }

    /// Not more than a part of the pool, and not the last one that serves.
    fn may_eject(&self, peer: &Arc<Peer>, now: Instant) -> bool {
        let peers = self.peers();
        let others = || peers.iter().filter(|other| !Arc::ptr_eq(&other.state, &peer.state));
        let is_ejected = |other: &Arc<Peer>| {
            matches!(other.state.condition.lock().breaker.state(now), State::Open { .. } | State::HalfOpen)
        };
        let ejected = others().filter(|other| is_ejected(other)).count();
        let most = (peers.len() as f64 * self.settings.max_ejected) as usize;
        let serves =
            |other: &Arc<Peer>| matches!(Standing::of(&other.state, now), Some(Standing::Ready | Standing::Resting));
        ejected < most && others().any(|other| !is_ejected(other) && serves(other))
    }

    fn report(&self, peer: &Peer, ejected: bool) {
        let (name, address) = (&self.settings.name, peer.address);
        let why = peer.state.condition.lock().breaker.why();
        match why.filter(|_| ejected) {
            Some(why) => warn!("Backend [{name}]: {address} is ejected: {why}"),
            None => info!("Backend [{name}]: {address} serves again"),
        }
    }
}

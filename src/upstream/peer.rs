//! One address of a backend, its live state, and the lease that counts a request on it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use pingora::prelude::HttpPeer;

use super::health::Health;
use super::origin::Origin;

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
    leases: AtomicUsize,
    health: Mutex<Health>,
}

/// One in-flight request on a peer; it counts until it is dropped.
#[derive(Debug)]
pub struct Lease {
    peer: Arc<Peer>,
}

// === impl Peer ===

impl Peer {
    /// Counts a request on this peer.
    pub fn lease(self: &Arc<Self>) -> Lease {
        self.state.leases.fetch_add(1, Ordering::Relaxed);
        Lease { peer: self.clone() }
    }

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
    /// Requests in flight.
    pub fn leases(&self) -> usize {
        self.leases.load(Ordering::Relaxed)
    }

    /// Its health by the last checks.
    pub fn health(&self) -> Health {
        *self.health.lock()
    }

    /// Takes in one check's outcome; returns the health before and after.
    pub fn observe(&self, passed: bool, fall: u32, rise: u32) -> (Health, Health) {
        let mut health = self.health.lock();
        let before = *health;
        *health = before.after(passed, fall, rise);
        (before, *health)
    }
}

// === impl Lease ===

impl Lease {
    /// The peer that it counts on.
    pub fn peer(&self) -> &Arc<Peer> {
        &self.peer
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.peer.state.leases.fetch_sub(1, Ordering::Relaxed);
    }
}

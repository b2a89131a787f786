//! What outlives a snapshot: each address's live state, and the addresses that names last resolved to.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::origin::Origin;
use super::peer::PeerState;
use super::pool::PoolState;

/// Live state by address and by backend, for as long as any snapshot uses it.
#[derive(Debug, Default)]
pub struct Directory {
    live: Mutex<HashMap<Server, Weak<PeerState>>>,
    pools: Mutex<HashMap<Arc<str>, Weak<PoolState>>>,
    names: Mutex<HashMap<(String, u16), Name>>,
}

/// One server: servers behind one address are told apart by their host name and the path before `/v1`.
type Server = (SocketAddr, (String, String));

/// What is known of a name.
#[derive(Debug, Default)]
struct Name {
    addresses: Vec<SocketAddr>,
    failing: bool,
}

// === impl Directory ===

impl Directory {
    /// The live state of the server that `origin` means at `address`.
    pub(super) fn state(&self, address: SocketAddr, origin: &Origin) -> Arc<PeerState> {
        let (host, root) = origin.identity();
        let server = (address, (host.to_owned(), root.to_owned()));
        let mut live = self.live.lock();
        if let Some(known) = live.get(&server).and_then(Weak::upgrade) {
            return known;
        }
        live.retain(|_, state| state.strong_count() > 0);
        let fresh = Arc::new(PeerState::new(key(&server)));
        live.insert(server, Arc::downgrade(&fresh));
        fresh
    }

    /// The live state of the pool of the backend called `name`.
    pub(super) fn pool(&self, name: &Arc<str>) -> Arc<PoolState> {
        let mut pools = self.pools.lock();
        if let Some(known) = pools.get(name).and_then(Weak::upgrade) {
            return known;
        }
        pools.retain(|_, state| state.strong_count() > 0);
        let fresh = Arc::<PoolState>::default();
        pools.insert(name.clone(), Arc::downgrade(&fresh));
        fresh
    }

    /// The addresses of `host` that are known without asking DNS.
    pub(super) fn known_addresses(&self, host: &str, port: u16) -> Vec<SocketAddr> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            return vec![SocketAddr::new(ip, port)];
        }
        let names = self.names.lock();
        names.get(&(host.to_owned(), port)).map(|name| name.addresses.clone()).unwrap_or_default()
    }

    /// Keeps what `host` resolved to, for the next snapshot and for when DNS fails.
    pub(super) fn remember(&self, host: &str, port: u16, addresses: &[SocketAddr]) {
        let name = Name { addresses: addresses.to_vec(), failing: false };
        self.names.lock().insert((host.to_owned(), port), name);
    }

    /// Notes that `host` did not resolve; true for the first time in a row, so that it is logged once.
    pub(super) fn first_failure(&self, host: &str, port: u16) -> bool {
        let mut names = self.names.lock();
        !std::mem::replace(&mut names.entry((host.to_owned(), port)).or_default().failing, true)
    }
}

/// The same in every process of this version, so that several routers send a conversation to the same peer.
fn key(server: &Server) -> u64 {
    let mut hasher = DefaultHasher::new();
    server.hash(&mut hasher);
    hasher.finish()
}

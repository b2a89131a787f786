//! What outlives a snapshot: each address's live state, and the addresses that names last resolved to.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::peer::Live;

/// Live state by address, for as long as any snapshot uses the address.
#[derive(Debug, Default)]
pub struct Directory {
    live: Mutex<HashMap<(SocketAddr, String), Weak<Live>>>,
    names: Mutex<HashMap<(String, u16), Name>>,
}

/// What is known of a name.
#[derive(Debug, Default)]
struct Name {
    addresses: Vec<SocketAddr>,
    failing: bool,
}

// === impl Directory ===

impl Directory {
    /// The live state of an address. Servers behind one address are told apart by the path before `/v1`.
    pub(super) fn live(&self, address: SocketAddr, root: &str) -> Arc<Live> {
        let mut live = self.live.lock();
        if let Some(known) = live.get(&(address, root.to_owned())).and_then(Weak::upgrade) {
            return known;
        }
        live.retain(|_, state| state.strong_count() > 0);
        let fresh = Arc::<Live>::default();
        live.insert((address, root.to_owned()), Arc::downgrade(&fresh));
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

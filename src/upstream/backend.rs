//! A backend as one snapshot of the config sees it: its settings, and the peers found so far.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use arc_swap::ArcSwap;
use pingora::prelude::HttpPeer;
use pingora::protocols::ALPN;
use pingora::protocols::tls::CaType;
use pingora::upstreams::peer::HttpUpstreamRequestPolicy;

use super::directory::Directory;
use super::health::Check;
use super::origin::Origin;
use super::peer::Peer;
use super::pool::PoolState;
use super::scrape::Scraper;
use super::settings::Settings;

/// A named model and the pool of peers that serve it.
pub struct Backend {
    /// What the config says of it.
    pub settings: Settings,
    /// What its pool has under way, shared with every snapshot.
    pub pool: Arc<PoolState>,
    pub(super) sources: Vec<Source>,
    peers: ArcSwap<Vec<Arc<Peer>>>,
    directory: Arc<Directory>,
}

/// One origin, with what its peers have in common.
pub(super) struct Source {
    pub(super) origin: Arc<Origin>,
    pub(super) check: Check,
    /// None where its peers' load is not scraped.
    pub(super) scraper: Option<Arc<Scraper>>,
    template: HttpPeer,
}

// === impl Backend ===

impl Backend {
    /// A backend with the peers that are known without asking DNS: literal addresses, and names resolved before.
    pub fn new(settings: Settings, directory: Arc<Directory>) -> anyhow::Result<Self> {
        let name = &settings.name;
        let authorities = settings.tls.roots().with_context(|| format!("backend \"{name}\": tls.ca_file"))?;
        let sources = settings.origins.iter().map(|origin| {
            let template = template(&settings, origin, authorities.clone());
            let check = Check::new(&settings.health, origin, &template)
                .map_err(|error| anyhow::anyhow!("health check of backend \"{}\": {error}", settings.name))?;
            let scraper = settings.scrape.as_ref().map(|scrape| Arc::new(Scraper::new(scrape, origin)));
            Ok(Source { origin: origin.clone(), check, scraper, template })
        });
        let sources = sources.collect::<anyhow::Result<Vec<_>>>()?;
        let pool = directory.pool(&settings.name);
        let backend = Self { settings, pool, sources, peers: ArcSwap::default(), directory };
        let known = backend.sources.iter().enumerate().flat_map(|(index, source)| {
            let addresses = backend.directory.known_addresses(&source.origin.host, source.origin.port);
            addresses.into_iter().map(move |address| (index, address))
        });
        backend.set_peers(known.collect());
        Ok(backend)
    }

    /// The peers found so far.
    pub fn peers(&self) -> Arc<Vec<Arc<Peer>>> {
        self.peers.load_full()
    }

    /// Whether a peer is known to be in service.
    pub fn is_up(&self) -> bool {
        self.peers.load().iter().any(|peer| peer.state.health().is_up() && !peer.state.is_draining())
    }

    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Replaces the pool by these addresses of its sources; true if anything changed.
    pub(super) fn set_peers(&self, mut found: Vec<(usize, SocketAddr)>) -> bool {
        let mut known = HashSet::new();
        found.retain(|&(source, address)| known.insert((address, self.sources[source].origin.identity())));
        let before = self.peers.load();
        let unchanged = before.len() == found.len()
            && before.iter().zip(&found).all(|(peer, (source, address))| {
                peer.address == *address && Arc::ptr_eq(&peer.origin, &self.sources[*source].origin)
            });
        if !unchanged {
            let peers = found.into_iter().map(|(source, address)| Arc::new(self.peer(source, address)));
            self.peers.store(Arc::new(peers.collect()));
        }
        !unchanged
    }

    fn peer(&self, source: usize, address: SocketAddr) -> Peer {
        let Source { origin, template, .. } = &self.sources[source];
        let mut connect = template.clone();
        connect._address = address.into();
        let state = self.directory.state(address, origin);
        Peer { address, origin: origin.clone(), connect, state }
    }
}

/// How every peer of an origin is connected to; the address is filled in later.
fn template(settings: &Settings, origin: &Origin, roots: Option<Arc<CaType>>) -> HttpPeer {
    let placeholder = SocketAddr::from(([0, 0, 0, 0], 1));
    // An empty server name would switch pingora's certificate check off: it is set even for an address.
    let server_name = if origin.tls { origin.server_name.clone() } else { String::new() };
    let mut peer = HttpPeer::new(placeholder, origin.tls, server_name);
    // Pooled connections serve only those who trust the same roots.
    peer.group_key =
        settings.tls.ca.as_ref().map_or(0, |pem| BuildHasherDefault::<DefaultHasher>::default().hash_one(pem));
    let options = &mut peer.options;
    options.connection_timeout = Some(settings.timeouts.connect);
    options.total_connection_timeout = Some(settings.timeouts.connect);
    options.read_timeout = Some(settings.timeouts.first_byte.max(settings.timeouts.idle));
    options.write_timeout = Some(settings.timeouts.write);
    options.idle_timeout = Some(settings.timeouts.keep_alive);
    options.verify_cert = settings.tls.verify;
    options.verify_hostname = settings.tls.verify;
    options.ca = roots;
    options.alpn = ALPN::H1;
    options.http_upstream_request_policy = HttpUpstreamRequestPolicy::deny_upgrades();
    peer
}

//! A backend as one snapshot of the config sees it: its settings, and the peers found so far.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use arc_swap::ArcSwap;
use http::HeaderValue;
use pingora::prelude::HttpPeer;
use pingora::protocols::ALPN;
use pingora::protocols::tls::CaType;
use pingora::upstreams::peer::HttpUpstreamRequestPolicy;
use pingora::utils::tls::{WrappedX509, parse_x509};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::directory::Directory;
use super::health::Check;
use super::origin::Origin;
use super::peer::Peer;
use super::pick::pick;

/// What the config says of a backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its name.
    pub name: Arc<str>,
    /// The model's name there.
    pub model: Arc<str>,
    /// Its urls.
    pub origins: Vec<Arc<Origin>>,
    /// The `Authorization` header sent to it, marked sensitive.
    pub authorization: Option<HeaderValue>,
    /// Pass the client's own `Authorization` on instead.
    pub forward_auth: bool,
    /// Its active health check.
    pub health: HealthSettings,
    /// How long each phase may take.
    pub timeouts: Timeouts,
    /// How its certificate is checked.
    pub tls: TlsSettings,
    /// How often its names are resolved again.
    pub resolve_interval: Duration,
    /// How many further peers a request may be tried on.
    pub retries: usize,
}

/// When a peer counts as healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthSettings {
    /// The path asked, where it is not the base path without `/v1`, plus `/health`.
    pub path: Option<String>,
    /// Time between checks.
    pub interval: Duration,
    /// Time for the whole of one.
    pub timeout: Duration,
    /// Failures in a row that take a peer down.
    pub fall: u32,
    /// Successes in a row that bring it back.
    pub rise: u32,
}

/// How long each phase of a request may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// The TCP connect, and connect and TLS handshake together.
    pub connect: Duration,
    /// The longest silence while an answer is awaited or under way.
    pub read: Duration,
    /// How long sending the request's body may take. An answer that came meanwhile still counts: the request has
    /// failed only when none comes within `read` after that.
    pub write: Duration,
    /// How long an idle connection is kept.
    pub idle: Duration,
}

/// How a peer's certificate is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// Check the chain and the name.
    pub verify: bool,
    /// Trust the roots in this PEM file instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// What that file held when the snapshot was made: PEM.
    pub ca: Option<Vec<u8>>,
}

/// A named model and the pool of peers that serve it.
pub struct Backend {
    /// What the config says of it.
    pub settings: Settings,
    pub(super) sources: Vec<Source>,
    peers: ArcSwap<Vec<Arc<Peer>>>,
    directory: Arc<Directory>,
}

/// One origin, with what its peers have in common.
pub(super) struct Source {
    pub(super) origin: Arc<Origin>,
    pub(super) check: Check,
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
            Ok(Source { origin: origin.clone(), check, template })
        });
        let sources = sources.collect::<anyhow::Result<Vec<_>>>()?;
        let backend = Self { settings, sources, peers: ArcSwap::default(), directory };
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

    /// A peer to send a request to that was not `tried`.
    pub fn pick(&self, tried: impl Fn(&Peer) -> bool) -> Option<Arc<Peer>> {
        pick(&self.peers.load(), tried).cloned()
    }

    /// Whether a peer is known to be in service.
    pub fn is_up(&self) -> bool {
        self.peers.load().iter().any(|peer| peer.state.health().is_up())
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

// === impl TlsSettings ===

impl TlsSettings {
    /// The trusted roots, or none for the system's.
    fn roots(&self) -> anyhow::Result<Option<Arc<CaType>>> {
        let Some(pem) = &self.ca else { return Ok(None) };
        let mut store = pingora::tls::RootCertStore::empty();
        let mut roots = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate?;
            // The store refuses what is no certificate, where pingora's own parser would panic.
            store.add(certificate.clone())?;
            roots.push(WrappedX509::new(certificate.to_vec(), parse_x509));
        }
        anyhow::ensure!(!roots.is_empty(), "no certificate in it");
        Ok(Some(roots.into()))
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
    options.read_timeout = Some(settings.timeouts.read);
    options.write_timeout = Some(settings.timeouts.write);
    options.idle_timeout = Some(settings.timeouts.idle);
    options.verify_cert = settings.tls.verify;
    options.verify_hostname = settings.tls.verify;
    options.ca = roots;
    options.alpn = ALPN::H1;
    options.http_upstream_request_policy = HttpUpstreamRequestPolicy::deny_upgrades();
    peer
}

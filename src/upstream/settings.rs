//! What the config says of a backend.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use pingora::protocols::tls::CaType;
use pingora::utils::tls::{WrappedX509, parse_x509};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::breaker::BreakerSettings;
use super::origin::Origin;
use super::retry::RetryOn;
use crate::route::action::reasoning::Family;

/// What the config says of a backend.
#[derive(Debug, Clone, PartialEq)]
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
    /// How a peer is chosen.
    pub balance: Balance,
    /// For how long a peer that came up after its siblings gets less than its share.
    pub slow_start: Duration,
    /// How its load is scraped; none where it is not.
    pub scrape: Option<ScrapeSettings>,
    /// When a failed attempt is followed by another.
    pub retry: RetrySettings,
    /// When faults eject a peer.
    pub breaker: BreakerSettings,
    /// The share of the pool that may be ejected at once.
    pub max_ejected: f64,
    /// How many requests may be served at once.
    pub limits: Limits,
    /// Write a request's priority into its body.
    pub forward_priority: bool,
    /// How its model is told how hard to think; none where it has no choice, or nothing is known of it.
    pub family: Option<Family>,
}

/// How a peer is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Balance {
    /// The one with the least to do.
    LeastLoaded,
    /// One after another.
    RoundRobin,
    /// The one that has seen the conversation's beginning, as long as it has not much more to do than the others.
    PrefixAffinity {
        /// The header that names the conversation; without it, its beginning does.
        header: Option<HeaderName>,
    },
}

/// How vLLM's gauges are scraped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScrapeSettings {
    /// The path asked, where it is not the base path without `/v1`, plus `/metrics`.
    pub path: Option<String>,
    /// Time between two scrapes of a peer.
    pub interval: Duration,
    /// Time for the whole of one.
    pub timeout: Duration,
}

/// When a failed attempt is followed by another.
#[derive(Debug, Clone, PartialEq)]
pub struct RetrySettings {
    /// How many further peers a request may be tried on.
    pub peers: usize,
    /// What is worth another attempt.
    pub on: Vec<RetryOn>,
    /// The share of the requests that retries may come to.
    pub budget: f64,
}

/// How many requests may be served at once, and wait for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// By the whole backend; none where there is no limit.
    pub backend: Option<usize>,
    /// By each of its peers.
    pub peer: Option<usize>,
    /// Requests that may wait for a place.
    pub queue: usize,
    /// How long they may.
    pub patience: Duration,
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
    /// How long sending the request's body may take. An answer that came meanwhile still counts: the request has
    /// failed only when none comes within `first_byte` after that.
    pub write: Duration,
    /// From the attempt's begin to the answer's head; for a stream, to its first event.
    pub first_byte: Duration,
    /// The longest silence after that.
    pub idle: Duration,
    /// The whole request, waiting and every attempt included.
    pub request: Duration,
    /// How long an idle connection is kept.
    pub keep_alive: Duration,
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

// === impl Settings ===

#[cfg(test)]
impl Settings {
    /// A backend on `origins` with nothing beyond its defaults, for tests.
    pub(super) fn plain(origins: Vec<Arc<Origin>>) -> Self {
        let second = Duration::from_secs(1);
        let timeouts = Timeouts {
            connect: second,
            write: second,
            first_byte: second,
            idle: second,
            request: second,
            keep_alive: second,
        };
        Self {
            name: "b".into(),
            model: "m".into(),
            origins,
            authorization: None,
            forward_auth: false,
            health: HealthSettings { path: None, interval: second, timeout: second, fall: 1, rise: 1 },
            timeouts,
            tls: TlsSettings { verify: true, ca_file: None, ca: None },
            resolve_interval: second,
            balance: Balance::LeastLoaded,
            slow_start: Duration::ZERO,
            scrape: None,
            retry: RetrySettings { peers: 2, on: RetryOn::DEFAULT.to_vec(), budget: 0.2 },
            breaker: BreakerSettings { faults: 5, share: 0.5, open: second, max_open: 60 * second },
            max_ejected: 0.5,
            limits: Limits { backend: None, peer: None, queue: 0, patience: second },
            forward_priority: false,
            family: None,
        }
    }
}

// === impl Limits ===

impl Limits {
    /// Whether there are any.
    pub fn any(&self) -> bool {
        self.backend.is_some() || self.peer.is_some()
    }
}

// === impl TlsSettings ===

impl TlsSettings {
    /// The trusted roots, or none for the system's.
    pub(super) fn roots(&self) -> anyhow::Result<Option<Arc<CaType>>> {
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

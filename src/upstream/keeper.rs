//! The background work on the pools: resolving names, checking health and scraping load, for the backends of the newest
//! snapshot.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use pingora_load_balancing::Backend as Target;
use pingora_load_balancing::health_check::HealthCheck;
use tokio::task::{AbortHandle, JoinSet};
use tracing::{info, warn};

use super::backend::Backend;
use super::health::Health;
use super::peer::{Peer, PeerState};
use super::scrape::{Scraper, Turn};

/// Keeps the pools of the backends that it was last given.
#[derive(Default)]
pub struct Keeper {
    tasks: JoinSet<()>,
    kept: HashMap<usize, (Arc<Backend>, AbortHandle)>,
}

// === impl Keeper ===

impl Keeper {
    /// Starts to keep the backends that are new, and lets go of those that are not among `backends`.
    pub fn keep(&mut self, backends: &[Arc<Backend>]) {
        let mut before = std::mem::take(&mut self.kept);
        for backend in backends {
            let identity = Arc::as_ptr(backend) as usize;
            let entry = before.remove(&identity).unwrap_or_else(|| {
                let handle = self.tasks.spawn(keep_one(backend.clone()));
                (backend.clone(), handle)
            });
            self.kept.insert(identity, entry);
        }
        for (_, task) in before.into_values() {
            task.abort();
        }
        while self.tasks.try_join_next().is_some() {}
    }
}

/// Resolves and checks every backend once, as far as that goes within `patience`.
pub async fn warm_up(backends: &[Arc<Backend>], patience: Duration) {
    let each = backends.iter().map(|backend| async {
        resolve(backend).await;
        check_all(backend).await;
    });
    let _ = tokio::time::timeout(patience, join_all(each)).await;
}

async fn keep_one(backend: Arc<Backend>) {
    tokio::join!(
        every(backend.settings.resolve_interval, || resolve(&backend)),
        every(backend.settings.health.interval, || check_all(&backend)),
        scrape_all(&backend),
    );
}

/// Does `work` again and again, `interval` apart.
async fn every<F: Future<Output = ()>>(interval: Duration, work: impl Fn() -> F) {
    loop {
        work().await;
        pause(interval).await;
    }
}

/// Waits for `interval`, give or take a tenth, so that instances do not march in step.
async fn pause(interval: Duration) {
    tokio::time::sleep(interval.mul_f64(0.9 + 0.2 * fastrand::f64())).await;
}

/// A loop for each peer, so that one that is slow to answer holds up no other.
async fn scrape_all(backend: &Backend) {
    let Some(interval) = backend.settings.scrape.as_ref().map(|scrape| scrape.interval) else { return };
    let (mut loops, mut scraped) = (FuturesUnordered::new(), HashSet::new());
    loop {
        for peer in backend.peers().iter() {
            if scraped.insert(Arc::as_ptr(&peer.state) as usize) {
                loops.push(scrape_while_there(backend, peer.clone(), interval));
            }
        }
        tokio::select! {
            Some(gone) = loops.next() => drop(scraped.remove(&(Arc::as_ptr(&gone) as usize))),
            () = pause(interval) => {}
        }
    }
}

/// Scrapes a peer for as long as it belongs to the pool; gives it back then.
async fn scrape_while_there(backend: &Backend, peer: Arc<Peer>, interval: Duration) -> Arc<PeerState> {
    let scraper = backend.sources.iter().find(|source| Arc::ptr_eq(&source.origin, &peer.origin));
    let is_there = || backend.peers().iter().any(|other| Arc::ptr_eq(&other.state, &peer.state));
    let (mut turn, mut failing) = (None, false);
    while is_there() {
        turn = turn.or_else(|| Turn::take(&peer));
        if let (Some(_), Some(scraper)) = (&turn, scraper.and_then(|source| source.scraper.as_ref())) {
            scrape(backend, &peer, scraper, &mut failing).await;
        }
        pause(interval).await;
    }
    peer.state.clone()
}

async fn scrape(backend: &Backend, peer: &Peer, scraper: &Scraper, failing: &mut bool) {
    let (name, address) = (&backend.settings.name, peer.address);
    match scraper.scrape(peer).await {
        Ok(scrape) => {
            if std::mem::replace(failing, false) {
                info!("Backend [{name}]: {address} tells its load again");
            }
            peer.state.scraped(scrape);
        }
        Err(error) => {
            backend.pool.count_failed_scrape();
            // A peer that is down is told of already.
            if !std::mem::replace(failing, true) && peer.state.health().is_up() {
                info!("Backend [{name}]: {address} does not tell its load, so our own requests decide: {error}");
            }
        }
    }
}

async fn resolve(backend: &Backend) {
    let name = &backend.settings.name;
    match backend.refresh().await {
        Ok(true) => {
            let peers = backend.peers();
            let addresses: Vec<String> = peers.iter().map(|peer| peer.address.to_string()).collect();
            info!("Backend [{name}]: peers are now {}", addresses.join(", "));
            check_those(backend, |peer| peer.state.health() == Health::Unknown).await;
        }
        Ok(false) => {}
        Err(error) => warn!("Backend [{name}]: discovery failed: {error}"),
    }
}

async fn check_all(backend: &Backend) {
    check_those(backend, |_| true).await;
}

async fn check_those(backend: &Backend, which: impl Fn(&Peer) -> bool) {
    let peers = backend.peers();
    join_all(peers.iter().filter(|peer| which(peer)).map(|peer| check(backend, peer))).await;
}

async fn check(backend: &Backend, peer: &Peer) {
    let Some(source) = backend.sources.iter().find(|source| Arc::ptr_eq(&source.origin, &peer.origin)) else {
        return;
    };
    let Ok(target) = Target::new(&peer.address.to_string()) else { return };
    let outcome = source.check.check(&target).await;
    let settings = &backend.settings.health;
    let (before, after) = peer.state.observe_check(outcome.is_ok(), settings.fall, settings.rise);
    if before.as_str() != after.as_str() {
        report(backend, peer, after, outcome.err());
    }
}

fn report(backend: &Backend, peer: &Peer, now: Health, why: Option<Box<pingora::Error>>) {
    let (name, address) = (&backend.settings.name, peer.address);
    match why {
        None => info!("Backend [{name}]: {address} is {}", now.as_str()),
        Some(why) => warn!("Backend [{name}]: {address} is {}: {why}", now.as_str()),
    }
}

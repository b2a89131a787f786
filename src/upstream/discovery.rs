//! A backend's addresses by DNS: every address that its names resolve to is a peer.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use pingora::Result;
use pingora_load_balancing::Backend as Target;
use pingora_load_balancing::discovery::ServiceDiscovery;
use tracing::warn;

use super::backend::Backend;
use super::origin::Origin;

/// How long one look-up may take before the addresses known so far stay.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(3);

/// Which of the backend's sources gave an address. Several may: servers behind one gateway differ in their paths
/// or host names, while a set of targets tells them apart by address and weight alone.
#[derive(Debug, Clone)]
struct SourceIndices(Vec<usize>);

#[async_trait]
impl ServiceDiscovery for Backend {
    async fn discover(&self) -> Result<(BTreeSet<Target>, HashMap<u64, bool>)> {
        let look_ups = self.sources.iter().map(|source| self.addresses(&source.origin));
        let mut found = BTreeMap::<_, Vec<usize>>::new();
        for (index, (source, addresses)) in self.sources.iter().zip(join_all(look_ups).await).enumerate() {
            for address in addresses {
                found.entry((address, source.origin.weight)).or_default().push(index);
            }
        }
        let targets = found.into_iter().map(|((address, weight), sources)| {
            let mut target = Target::new_with_weight(&address.to_string(), weight)?;
            target.ext.insert(SourceIndices(sources));
            Ok(target)
        });
        Ok((targets.collect::<Result<_>>()?, HashMap::new()))
    }
}

impl Backend {
    /// Looks the backend's names up again and replaces its pool; true if anything changed.
    pub async fn refresh(&self) -> Result<bool> {
        let (targets, _) = self.discover().await?;
        let found = targets.iter().filter_map(|target| {
            let SourceIndices(sources) = target.ext.get::<SourceIndices>()?;
            let address = *target.addr.as_inet()?;
            Some(sources.iter().map(move |source| (*source, address)))
        });
        let mut found: Vec<_> = found.flatten().collect();
        found.sort_unstable(); // the config's order
        Ok(self.set_peers(found))
    }

    /// What `origin`'s host resolves to; while DNS fails, what it resolved to before.
    async fn addresses(&self, origin: &Origin) -> Vec<SocketAddr> {
        let known = self.directory().known_addresses(&origin.host, origin.port);
        if origin.host.parse::<IpAddr>().is_ok() {
            return known;
        }
        let looked_up = tokio::net::lookup_host((origin.host.as_str(), origin.port));
        let why = match tokio::time::timeout(LOOKUP_TIMEOUT, looked_up).await {
            Ok(Ok(found)) => {
                let found = Vec::from_iter(found.collect::<BTreeSet<_>>());
                self.directory().remember(&origin.host, origin.port, &found);
                return found;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "timed out".to_owned(),
        };
        if self.directory().first_failure(&origin.host, origin.port) {
            let backend = &self.settings.name;
            warn!("Backend [{backend}]: cannot resolve {}: {why}; {} known addresses stay", origin.host, known.len());
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::directory::Directory;
    use super::super::peer::Lease;
    use super::super::settings::Settings;
    use super::*;

    const UNKNOWN_NAME: &str = "no-such-host.invalid";

    fn backend(urls: &[&str], directory: &Arc<Directory>) -> Backend {
        let urls = urls.iter().map(|url| Arc::new(Origin::parse(url, None, 1).unwrap()));
        Backend::new(Settings::plain(urls.collect()), directory.clone()).unwrap()
    }

    fn addresses(backend: &Backend) -> Vec<String> {
        backend.peers().iter().map(|peer| format!("{}{}", peer.address, peer.origin.root)).collect()
    }

    #[tokio::test]
    async fn a_name_brings_peers_once_it_resolves() {
        let backend = backend(&["http://localhost:8000"], &Arc::default());
        assert!(backend.peers().is_empty(), "nothing is resolved before");
        assert!(backend.refresh().await.unwrap());
        assert!(!backend.peers().is_empty());
        assert!(!backend.refresh().await.unwrap(), "nothing has changed since");
    }

    #[tokio::test]
    async fn known_addresses_stay_while_dns_fails_and_over_reloads() {
        let directory = Arc::<Directory>::default();
        let known = ["10.0.0.1:80".parse().unwrap(), "10.0.0.2:80".parse().unwrap()];
        directory.remember(UNKNOWN_NAME, 80, &known);
        let backend = backend(&["http://no-such-host.invalid"], &directory);
        assert_eq!(addresses(&backend), ["10.0.0.1:80", "10.0.0.2:80"]);
        assert!(!backend.refresh().await.unwrap());
        assert_eq!(addresses(&backend), ["10.0.0.1:80", "10.0.0.2:80"]);
    }

    #[tokio::test]
    async fn a_name_that_fails_costs_its_siblings_nothing() {
        let backend = backend(&["http://no-such-host.invalid", "http://10.0.0.9:1"], &Arc::default());
        assert!(!backend.refresh().await.unwrap());
        assert_eq!(addresses(&backend), ["10.0.0.9:1"]);
    }

    #[tokio::test]
    async fn servers_behind_one_address_stay_apart_and_one_named_twice_is_one() {
        let urls = ["http://10.0.0.9/b/v1", "http://10.0.0.9/a", "http://10.0.0.9/b"];
        let backend = backend(&urls, &Arc::default());
        assert_eq!(addresses(&backend), ["10.0.0.9:80/b", "10.0.0.9:80/a"]);
        assert!(!backend.refresh().await.unwrap());
        assert_eq!(addresses(&backend), ["10.0.0.9:80/b", "10.0.0.9:80/a"]);
        let [first, second] = &backend.peers()[..] else { panic!("two peers") };
        let _lease = Lease::on(first);
        assert_eq!((first.state.leases(), second.state.leases()), (1, 0));
    }

    #[tokio::test]
    async fn a_peer_keeps_its_load_and_health_over_reloads_and_moves() {
        let directory = Arc::<Directory>::default();
        directory.remember(UNKNOWN_NAME, 80, &["10.0.0.1:80".parse().unwrap()]);
        let before = backend(&["http://no-such-host.invalid"], &directory);
        let peer = before.peers()[0].clone();
        let lease = Lease::on(&peer);
        peer.state.observe_check(true, 1, 1);

        let after = backend(&["http://10.0.0.5", "http://no-such-host.invalid"], &directory);
        let same = &after.peers()[1];
        assert_eq!(same.state.leases(), 1);
        assert!(same.state.health().is_up() && !after.peers()[0].state.health().is_up());
        drop(lease);
        assert_eq!(same.state.leases(), 0);
    }
}

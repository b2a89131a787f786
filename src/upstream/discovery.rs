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

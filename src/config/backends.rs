//! What the file says of backends, as the pools need it.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use http::HeaderValue;

use super::snapshot::secret;
use super::{actions, file, peers_file};
use crate::upstream::{
    Backend, Balance, BreakerSettings, Directory, HealthSettings, Limits, Origin, RetrySettings, ScrapeSettings,
    Settings, Timeouts, TlsSettings,
};

/// The backends of `file`; those of `known` whose settings are the same are taken over with their peers.
pub(super) fn compile(
    file: &file::File,
    known: &[Arc<Backend>],
    directory: &Arc<Directory>,
) -> anyhow::Result<Vec<Arc<Backend>>> {
    let compiled = file.backends.iter().map(|backend| {
        let settings = settings(backend).with_context(|| format!("backend \"{}\"", backend.name))?;
        match known.iter().find(|known| known.settings == settings) {
            Some(unchanged) => Ok(unchanged.clone()),
            None => Backend::new(settings, directory.clone()).map(Arc::new),
        }
    });
    compiled.collect()
}

fn settings(backend: &file::Backend) -> anyhow::Result<Settings> {
    let key = secret(backend.api_key_env.as_deref(), backend.api_key_file.as_deref())?;
    let breaker = &backend.breaker;
    Ok(Settings {
        name: backend.name.as_str().into(),
        model: backend.model.as_str().into(),
        origins: origins(backend)?,
        authorization: key.as_deref().map(authorization).transpose()?,
        forward_auth: backend.forward_auth,
        health: health(&backend.health),
        timeouts: timeouts(&backend.timeouts),
        tls: tls(&backend.tls)?,
        resolve_interval: backend.resolve_interval.0,
        balance: balance(backend)?,
        slow_start: backend.slow_start.0,
        scrape: scrape(&backend.metrics),
        retry: RetrySettings {
            peers: backend.retries,
            on: backend.retry_on.iter().map(|kind| kind.0).collect(),
            budget: backend.retry_budget,
        },
        breaker: BreakerSettings {
            faults: breaker.faults,
            share: breaker.share,
            open: breaker.open.0,
            max_open: breaker.max_open.0,
        },
        max_ejected: breaker.max_ejected,
        limits: Limits {
            backend: Some(backend.max_in_flight).filter(|limit| *limit > 0),
            peer: Some(backend.peer_max_in_flight).filter(|limit| *limit > 0),
            queue: backend.queue.size,
            patience: backend.queue.timeout.0,
        },
        forward_priority: backend.forward_priority,
        family: actions::family(backend.reasoning_family.as_ref(), &backend.model)
            .map_err(|message| anyhow::anyhow!("reasoning_family {message}"))?,
    })
}

fn origins(backend: &file::Backend) -> anyhow::Result<Vec<Arc<Origin>>> {
    let listed = backend.peers_file.as_ref().map(|path| peers_file::read(path, &path.display().to_string()));
    let listed = listed.transpose()?.unwrap_or_default();
    let own = backend.url.iter().map(|url| Origin::parse(url, None, 1));
    let peers = backend.peers.iter().chain(&listed);
    let peers = peers.map(|peer| Origin::parse(&peer.url, peer.host.as_deref(), peer.weight));
    Ok(own.chain(peers).map(|origin| origin.map(Arc::new)).collect::<Result<_, _>>()?)
}

fn health(health: &file::Health) -> HealthSettings {
    HealthSettings {
        path: health.path.clone(),
        interval: health.interval.0,
        timeout: health.timeout.0,
        fall: health.fall,
        rise: health.rise,
    }
}

fn timeouts(timeouts: &file::Timeouts) -> Timeouts {
    Timeouts {
        connect: timeouts.connect.0,
        write: timeouts.write.0,
        first_byte: timeouts.first_byte.0,
        idle: timeouts.idle.0,
        request: timeouts.request.0,
        keep_alive: timeouts.keep_alive.0,
    }
}

fn tls(tls: &file::Tls) -> anyhow::Result<TlsSettings> {
    let read = |path: &PathBuf| std::fs::read(path).with_context(|| format!("tls.ca_file {}", path.display()));
    let ca = tls.ca_file.as_ref().map(read).transpose()?;
    Ok(TlsSettings { verify: tls.verify, ca_file: tls.ca_file.clone(), ca })
}

fn balance(backend: &file::Backend) -> anyhow::Result<Balance> {
    Ok(match backend.balance {
        file::Balance::LeastLoaded => Balance::LeastLoaded,
        file::Balance::RoundRobin => Balance::RoundRobin,
        file::Balance::PrefixAffinity => {
            let header = backend.affinity_header.as_deref().map(str::parse).transpose();
            Balance::PrefixAffinity { header: header.context("affinity_header")? }
        }
    })
}

fn scrape(scrape: &file::Scrape) -> Option<ScrapeSettings> {
    let (interval, timeout) = (scrape.interval.0, scrape.timeout.0);
    (!interval.is_zero()).then(|| ScrapeSettings { path: scrape.path.clone(), interval, timeout })
}

fn authorization(key: &str) -> anyhow::Result<HeaderValue> {
    let mut value =
        HeaderValue::from_str(&format!("Bearer {key}")).ok().context("the API key cannot stand in a header")?;
    value.set_sensitive(true);
    Ok(value)
}

//! The semantic cache that a config asks for.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;

use super::file::{self, CacheBackend, File, SemCache};
use super::snapshot::secret;
use crate::cache::{Backing, Caching, Choice, Policy, milvus, redis, store};
use crate::embed::Encoder;

/// What stands for the embedder where nothing is embedded.
const NO_EMBEDDER: &str = "none";

/// The cache of `previous` where the config asks for the same one, or else another with what the old one holds.
pub(super) fn compile(
    file: &File,
    encoder: Option<&Encoder>,
    previous: Option<&Caching>,
) -> anyhow::Result<Option<Caching>> {
    let settings = &file.middleware.sem_cache;
    if !settings.enabled {
        return Ok(None);
    }
    let choice = Choice {
        store: store::Settings { entries: settings.max_entries, bytes: settings.max_size.0, shards: settings.shards },
        backing: backing(settings).context("middleware.sem_cache")?,
        embedder: encoder.map_or_else(|| NO_EMBEDDER.into(), |encoder| encoder.identity().clone()),
        dimensions: encoder.map_or(0, Encoder::dimensions),
        snapshot: settings.snapshot.clone(),
    };
    let policy = Policy {
        enabled: true,
        ttl: settings.ttl.0,
        threshold: settings.similarity_threshold,
        sampled: settings.cache_sampled,
    };
    let routes = file.router.routes.iter().map(|route| (route.name.as_str().into(), of_route(policy, &route.cache)));
    Ok(Some(Caching {
        cache: choice.open(previous).context("middleware.sem_cache")?,
        choice,
        max_answer: settings.max_answer.0,
        single_flight: settings.single_flight,
        shadow: settings.shadow,
        audit: settings.audit,
        policy,
        routes: routes.collect::<HashMap<Arc<str>, Policy>>(),
    }))
}

fn of_route(general: Policy, own: &file::RouteCache) -> Policy {
    Policy {
        enabled: own.enabled.unwrap_or(general.enabled),
        ttl: own.ttl.map_or(general.ttl, |ttl| ttl.0),
        threshold: own.similarity_threshold.unwrap_or(general.threshold),
        ..general
    }
}

fn backing(settings: &SemCache) -> anyhow::Result<Backing> {
    let (redis, milvus) = (&settings.redis, &settings.milvus);
    Ok(match settings.backend {
        CacheBackend::Memory => Backing::Memory,
        CacheBackend::Redis => Backing::Redis(redis::Settings {
            url: redis.url.clone(),
            sentinel_password: secret(redis.sentinel_password_env.as_deref(), redis.sentinel_password_file.as_deref())?,
            password: secret(redis.password_env.as_deref(), redis.password_file.as_deref())?,
            prefix: redis.prefix.clone(),
            queue: redis.queue,
            timeout: redis.timeout.0,
            ca_file: redis.ca_file.clone(),
        }),
        CacheBackend::Milvus => Backing::Milvus(milvus::Settings {
            uri: milvus.uri.clone(),
            collection: milvus.collection.clone(),
            database: milvus.database.clone(),
            ca_file: milvus.ca_file.clone(),
            token: secret(milvus.token_env.as_deref(), milvus.token_file.as_deref())?,
            queue: milvus.queue,
            timeout: milvus.timeout.0,
        }),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::units::Span;
    use super::*;

    #[test]
    fn a_route_overrides_what_it_names_and_no_more() {
        let general = Policy { enabled: true, ttl: Duration::from_secs(60), threshold: 0.95, sampled: false };
        let none = file::RouteCache::default();
        assert_eq!(of_route(general, &none), general);
        let off = file::RouteCache { enabled: Some(false), ..none.clone() };
        assert_eq!(of_route(general, &off), Policy { enabled: false, ..general });
        let second = Duration::from_secs(1);
        let short = file::RouteCache { ttl: Some(Span(second)), ..none.clone() };
        assert_eq!(of_route(general, &short), Policy { ttl: second, ..general });
        let loose = file::RouteCache { similarity_threshold: Some(0.8), ..none };
        assert_eq!(of_route(general, &loose), Policy { threshold: 0.8, ..general });
    }
}

//! Rules for the semantic cache.

use super::super::file::{CacheBackend, RouteCache};
use super::super::units::ByteSize;
use super::Rules;
use crate::cache::{milvus, redis};
use crate::findings;

impl Rules<'_> {
    pub(super) fn cache(&mut self) {
        let cache = &self.file.middleware.sem_cache;
        let path = |key: &str| findings::key("middleware.sem_cache", key);
        self.lasting(path("ttl"), cache.ttl);
        self.within(path("similarity_threshold"), cache.similarity_threshold, 0.0..=1.0);
        self.within(path("audit"), cache.audit, 0.0..=1.0);
        self.within(path("max_entries"), cache.max_entries, 1..=100_000_000);
        self.within(path("shards"), cache.shards, 1..=256);
        let ByteSize(answer) = cache.max_answer;
        if !(1 << 10..=64 << 20).contains(&answer) {
            self.findings.add(path("max_answer"), "must be between 1KiB and 64MiB");
        }
        if cache.max_size.0 < answer {
            self.findings.add(path("max_size"), "must hold at least one answer of max_answer");
        }
        if cache.snapshot.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
            self.findings.add(path("snapshot"), "must not be empty");
        }
        let [at_redis, at_milvus] = [path("redis"), path("milvus")];
        let served = redis::Settings { prefix: cache.redis.prefix.clone(), ..redis::Settings::new(&cache.redis.url) };
        if let (CacheBackend::Redis, Err(error)) = (cache.backend, served.check()) {
            self.findings.add(at_redis.as_str(), error.to_string());
        }
        let served = milvus::Settings {
            collection: cache.milvus.collection.clone(),
            ..milvus::Settings::new(&cache.milvus.uri)
        };
        if let (CacheBackend::Milvus, Err(error)) = (cache.backend, served.check()) {
            self.findings.add(at_milvus.as_str(), error.to_string());
        }
        self.one_of(
            &at_redis,
            ["password_env", "password_file"],
            [cache.redis.password_env.is_some(), cache.redis.password_file.is_some()],
        );
        self.one_of(
            &at_milvus,
            ["token_env", "token_file"],
            [cache.milvus.token_env.is_some(), cache.milvus.token_file.is_some()],
        );
        self.within(findings::key(&at_redis, "queue"), cache.redis.queue, 1..=1_000_000);
        self.within(findings::key(&at_milvus, "queue"), cache.milvus.queue, 1..=1_000_000);
        self.lasting(findings::key(&at_redis, "timeout"), cache.redis.timeout);
        self.lasting(findings::key(&at_milvus, "timeout"), cache.milvus.timeout);
    }

    pub(super) fn route_cache(&mut self, path: &str, cache: &RouteCache) {
        if let Some(ttl) = cache.ttl {
            self.lasting(findings::key(path, "ttl"), ttl);
        }
        if let Some(similarity) = cache.similarity_threshold {
            self.within(findings::key(path, "similarity_threshold"), similarity, 0.0..=1.0);
        }
    }

    fn one_of(&mut self, path: &str, [one, other]: [&str; 2], is_set: [bool; 2]) {
        if is_set == [true; 2] {
            self.findings.add(findings::key(path, other), format!("must be left out next to {one}"));
        }
    }
}

//! What a config leaves out.

use std::time::Duration;

use super::file::{
    Action, Admin, Breaker, CacheBackend, Embedding, Guardrails, Health, Jailbreak, Limits, Media, Milvus, OnError,
    Operator, Pii, Precision, Queue, Redis, Role, Scrape, SemCache, Shutdown, Timeouts, Tls,
};
use super::units::{ByteSize, RetryOn, Span};
use crate::upstream;

impl Default for Admin {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9180".into() }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_size: ByteSize(10 << 20), body_timeout: Span(Duration::from_secs(30)), max_in_flight: 10_000 }
    }
}

impl Default for Health {
    fn default() -> Self {
        Self {
            path: None,
            interval: Span(Duration::from_secs(2)),
            timeout: Span(Duration::from_secs(1)),
            fall: 3,
            rise: 2,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Span(Duration::from_secs(2)),
            write: Span(Duration::from_secs(30)),
            first_byte: Span(Duration::from_secs(300)),
            idle: Span(Duration::from_secs(120)),
            request: Span(Duration::from_secs(3600)),
            keep_alive: Span(Duration::from_secs(4)),
        }
    }
}

impl Default for Scrape {
    fn default() -> Self {
        Self { path: None, interval: Span(Duration::from_secs(1)), timeout: Span(Duration::from_secs(1)) }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            faults: 5,
            share: 0.5,
            open: Span(Duration::from_secs(5)),
            max_open: Span(Duration::from_secs(60)),
            max_ejected: 0.5,
        }
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self { size: 256, timeout: Span(Duration::from_secs(10)) }
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self { verify: true, ca_file: None }
    }
}

impl Default for Embedding {
    fn default() -> Self {
        Self {
            precision: Precision::Int8,
            threads: 0,
            queue: 256,
            timeout: Span(Duration::from_secs(1)),
            windows: 4,
            memo: 4096,
        }
    }
}

impl Default for SemCache {
    fn default() -> Self {
        Self {
            enabled: false,
            backend: CacheBackend::Memory,
            ttl: Span(Duration::from_secs(3600)),
            similarity_threshold: 0.95,
            cache_sampled: true,
            single_flight: true,
            shadow: false,
            audit: 0.0,
            max_entries: 100_000,
            max_size: ByteSize(512 << 20),
            max_answer: ByteSize(256 << 10),
            shards: 4,
            snapshot: None,
            redis: Redis::default(),
            milvus: Milvus::default(),
        }
    }
}

impl Default for Redis {
    fn default() -> Self {
        Self {
            url: "redis://127.0.0.1:6379".into(),
            password_env: None,
            password_file: None,
            sentinel_password_env: None,
            sentinel_password_file: None,
            prefix: "pointsman".into(),
            queue: 1024,
            timeout: Span(Duration::from_secs(1)),
            ca_file: None,
        }
    }
}

impl Default for Milvus {
    fn default() -> Self {
        Self {
            uri: "http://127.0.0.1:19530".into(),
            database: String::new(),
            collection: "pointsman".into(),
            ca_file: None,
            token_env: None,
            token_file: None,
            queue: 1024,
            timeout: Span(Duration::from_millis(50)),
        }
    }
}

impl Default for Guardrails {
    fn default() -> Self {
        Self {
            jailbreak_detection: false,
            pii_masking: false,
            on_error: OnError::Block,
            max_windows: 64,
            timeout: Span(Duration::from_secs(2)),
            media: Media::Allow,
            jailbreak: Jailbreak::default(),
            pii: Pii::default(),
        }
    }
}

impl Default for Jailbreak {
    fn default() -> Self {
        Self {
            action: Action::Block,
            backend: None,
            false_alarm_rate: None,
            threshold: None,
            roles: vec![Role::User, Role::Tool, Role::Document],
            allow: Vec::new(),
            model: None,
            attack_labels: Vec::new(),
        }
    }
}

impl Default for Pii {
    fn default() -> Self {
        Self {
            entities: vec!["default".into()],
            operator: Operator::Mask,
            operators: Vec::new(),
            min_score: 0.5,
            allow: Vec::new(),
            recognizers: Vec::new(),
            responses: false,
            hold_back: 256,
            key_env: None,
            key_file: None,
            model: None,
            labels: Vec::new(),
        }
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { delay: Span(Duration::ZERO), grace: Span(Duration::from_secs(300)) }
    }
}

pub(super) fn listen() -> String {
    "0.0.0.0:8080".into()
}

pub(super) fn embedding_model() -> String {
    "sentence-transformers/all-MiniLM-L6-v2".into()
}

pub(super) fn aliases() -> Vec<String> {
    ["router-gateway", "auto", "MoM"].map(String::from).to_vec()
}

pub(super) fn resolve_interval() -> Span {
    Span(Duration::from_secs(5))
}

pub(super) fn retries() -> usize {
    2
}

pub(super) fn retry_on() -> Vec<RetryOn> {
    upstream::RetryOn::DEFAULT.map(RetryOn).to_vec()
}

pub(super) fn retry_budget() -> f64 {
    0.2
}

pub(super) fn slow_start() -> Span {
    Span(Duration::from_secs(10))
}

pub(super) fn recognizer_score() -> f32 {
    0.6
}

pub(super) fn weight() -> usize {
    1
}

//! Routers that share their cache through Redis, and what they do while it is away.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

#[path = "support/redis.rs"]
#[allow(dead_code, reason = "other suites need more of it")]
mod redis;
mod support;

use futures::future::join_all;
use redis::RedisServer;
use reqwest::Response;
use serde_json::json;
use support::{Child, Router, eventually};

fn start(sim: &Child, redis: &RedisServer) -> Router {
    let (sim, redis) = (&sim.url, redis.url());
    Router::start(&format!(
        "backends: [{{name: solo, url: \"{sim}/v1\", model: m}}]
router: {{}}
middleware: {{sem_cache: {{enabled: true, backend: redis, redis: {{url: \"{redis}\", timeout: 200ms}}}}}}
"
    ))
}

async fn ask(router: &Router, text: &str) -> Response {
    let body = json!({ "model": "auto", "messages": [{ "role": "user", "content": text }] });
    let response = reqwest::Client::new().post(router.at("/v1/chat/completions")).json(&body).send().await.unwrap();
    assert_eq!(response.status(), 200, "{text}");
    response
}

/// What the cache did, once the answer has been read.
async fn outcome(router: &Router, text: &str) -> String {
    let response = ask(router, text).await;
    let outcome = response.headers()["x-pointsman-cache"].to_str().unwrap().to_owned();
    response.bytes().await.unwrap();
    outcome
}

async fn becomes_a_hit(router: &Router, text: &str) {
    eventually("a hit", || async { outcome(router, text).await.starts_with("hit").then_some(()) }).await;
}

async fn is_up(router: &Router, up: f64) {
    let series = r#"pointsman_cache_remote_up{remote="redis"}"#;
    eventually("the state", || async { (router.metric(series).await == up).then_some(()) }).await;
}

/// Waits until what waited for Redis has been written to it.
async fn is_written(router: &Router, changes: f64) {
    let series = r#"pointsman_cache_remote{remote="redis",what="written"}"#;
    eventually("the writes", || async { (router.metric(series).await >= changes).then_some(()) }).await;
}

async fn admin(method: reqwest::Method, router: &Router, path: &str) {
    let response = reqwest::Client::new().request(method, router.admin(path)).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
}

#[tokio::test]
async fn a_miss_at_one_router_is_a_hit_at_the_other() {
    let (redis, sim) = (RedisServer::start(), Child::sim(&[]));
    let (one, other) = (start(&sim, &redis), start(&sim, &redis));
    is_up(&one, 1.0).await;
    is_up(&other, 1.0).await;
    assert_eq!(outcome(&one, "What is the capital of France?").await, "miss");
    eventually("the entry", || async { (other.metric("pointsman_cache_entries").await == 1.0).then_some(()) }).await;
    assert_eq!(outcome(&other, "What is the capital of France?").await, "hit-exact");
    becomes_a_hit(&other, "What's the capital of France?").await;
    admin(reqwest::Method::DELETE, &one, "/cache?all=true").await;
    eventually("the flush", || async { (other.metric("pointsman_cache_entries").await == 0.0).then_some(()) }).await;
    assert_eq!(outcome(&other, "What is the capital of France?").await, "miss");
}

#[tokio::test]
async fn entries_outlive_a_restart_of_the_router() {
    let (redis, sim) = (RedisServer::start(), Child::sim(&[]));
    let first = start(&sim, &redis);
    is_up(&first, 1.0).await;
    assert_eq!(outcome(&first, "What is the capital of France?").await, "miss");
    is_written(&first, 1.0).await;
    drop(first);
    let second = start(&sim, &redis);
    eventually("the entry", || async { (second.metric("pointsman_cache_entries").await == 1.0).then_some(()) }).await;
    assert_eq!(outcome(&second, "What is the capital of France?").await, "hit-exact");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_or_waits_while_redis_is_away() {
    let (mut redis, sim) = (RedisServer::start(), Child::sim(&[]));
    let router = start(&sim, &redis);
    is_up(&router, 1.0).await;
    assert_eq!(outcome(&router, "What is the capital of France?").await, "miss");
    is_written(&router, 1.0).await;
    for trouble in ["stopped", "full", "flushed", "killed"] {
        match trouble {
            "stopped" => redis.signal("STOP"),
            "full" => drop(redis.cli(&["config", "set", "maxmemory", "1"])),
            "flushed" => drop(redis.cli(&["flushall"])),
            _ => redis.kill(),
        }
        // None of these would come back, if any waited: a stopped server answers nothing.
        let texts: Vec<String> =
            (0..40).map(|number| format!("Tell me about {trouble} thing number {number}")).collect();
        let first = join_all(texts.iter().map(|text| outcome(&router, text))).await;
        assert!(first.iter().all(|outcome| outcome == "miss"), "{trouble}: {first:?}");
        let second = join_all(texts.iter().map(|text| outcome(&router, text))).await;
        assert!(second.iter().all(|outcome| outcome == "hit-exact"), "{trouble}: {second:?}");
        assert_eq!(outcome(&router, "What is the capital of France?").await, "hit-exact", "{trouble}");
        match trouble {
            "stopped" => redis.signal("CONT"),
            "full" => drop(redis.cli(&["config", "set", "maxmemory", "0"])),
            "flushed" => {}
            _ => redis.restart(),
        }
        is_up(&router, 1.0).await;
    }
    let other = start(&sim, &redis);
    is_up(&other, 1.0).await;
    assert_eq!(outcome(&router, "Who wrote Faust?").await, "miss");
    becomes_a_hit(&other, "Who wrote Faust?").await;
}

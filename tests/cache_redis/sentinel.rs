//! A master that Sentinel names, and the next one after it.

use pointsman::cache::Fault;
use pointsman::cache::redis::Settings;

use crate::instance::{Instance, settings};
use crate::redis::RedisServer;
use crate::support::eventually;

/// A sentinel that watches `master`, and gives it up at once.
fn watch(master: &RedisServer) -> RedisServer {
    let sentinel = RedisServer::with(&["--sentinel"], &[]);
    sentinel.cli(&["sentinel", "monitor", "cache", "127.0.0.1", &master.port.to_string(), "1"]);
    sentinel.cli(&["sentinel", "set", "cache", "down-after-milliseconds", "300"]);
    sentinel.cli(&["sentinel", "set", "cache", "failover-timeout", "1000"]);
    sentinel
}

#[tokio::test]
async fn it_follows_the_master() {
    let mut master = RedisServer::start();
    let replica = RedisServer::with(&["--repl-diskless-sync-delay", "0"], &[]);
    replica.cli(&["replicaof", "127.0.0.1", &master.port.to_string()]);
    eventually("the replica's sync", async || {
        replica.cli(&["info", "replication"]).contains("master_link_status:up").then_some(())
    })
    .await;
    let sentinel = watch(&master);
    let knows = async || sentinel.cli(&["sentinel", "replicas", "cache"]).contains("127.0.0.1").then_some(());
    eventually("the sentinel's view", knows).await;
    // The other sentinel takes connections and says nothing.
    let silent = RedisServer::start();
    silent.signal("STOP");
    let url = format!("redis+sentinel://127.0.0.1:{},127.0.0.1:{}/cache", silent.port, sentinel.port);
    let (left, right) = (Instance::start(&url), Instance::start(&url));
    let before = left.put("before");
    right.has(&before).await;
    eventually("the replica's copy", async || (replica.cli(&["dbsize"]) == master.cli(&["dbsize"])).then_some(()))
        .await;
    master.kill();
    let after = right.put("after");
    left.has(&after).await;
    left.is_up().await;
    right.is_up().await;
    assert!(replica.cli(&["role"]).starts_with("master"));
    Instance::start(&url).has(&before).await;
}

#[tokio::test]
async fn a_master_nobody_knows_is_waited_for() {
    let master = RedisServer::start();
    let sentinel = watch(&master);
    let of = |name: &str| settings(&format!("redis+sentinel://127.0.0.1:{}/{name}", sentinel.port));
    let instance = Instance::with(&of("later"), "minilm");
    instance.is_down(Fault::Unready).await;
    sentinel.cli(&["sentinel", "monitor", "later", "127.0.0.1", &master.port.to_string(), "1"]);
    instance.is_up().await;
    let db = Settings { url: format!("{}/3", of("cache").url), ..of("cache") };
    let third = Instance::with(&db, "minilm");
    let entry = third.put("a");
    third.has_written(1).await;
    Instance::with(&db, "minilm").has(&entry).await;
    assert!(master.cli(&["info", "keyspace"]).contains("db3:"));
}

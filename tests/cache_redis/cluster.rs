//! A Cluster of three masters.

use std::process::Command;

use pointsman::cache::{Apply, State};

use crate::instance::Instance;
use crate::redis::RedisServer;
use crate::support::{eventually, free_port};

fn node() -> RedisServer {
    let bus = free_port().to_string();
    RedisServer::with(
        &["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", "1000", "--appendonly", "yes"],
        &[],
    )
}

/// Three masters, and a URL that names two.
async fn cluster() -> ([RedisServer; 3], String) {
    let nodes = [node(), node(), node()];
    let addresses = nodes.each_ref().map(|node| format!("127.0.0.1:{}", node.port));
    let created =
        Command::new("redis-cli").args(["--cluster", "create"]).args(&addresses).arg("--cluster-yes").output().unwrap();
    assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stdout));
    for node in &nodes {
        let ready = async || node.cli(&["cluster", "info"]).contains("cluster_state:ok").then_some(());
        eventually("the cluster", ready).await;
    }
    let url = format!("redis+cluster://{},{}", addresses[0], addresses[1]);
    (nodes, url)
}

#[tokio::test]
async fn entries_are_spread_and_found_again() {
    let (nodes, url) = cluster().await;
    let (left, right) = (Instance::start(&url), Instance::start(&url));
    left.is_up().await;
    right.is_up().await;
    // Texts of different lengths are of different scopes.
    let entries: Vec<_> = (1..60).map(|length| left.put(&"x".repeat(length))).collect();
    for entry in &entries {
        right.has(entry).await;
    }
    for node in &nodes {
        assert!(node.cli(&["dbsize"]).parse::<usize>().unwrap() > 5);
    }
    right.remove(&entries[3]);
    left.lacks(&entries[3]).await;
    left.flush(None);
    right.knows(&left.memory.epochs()).await;
    let after = left.put("after the flush");
    right.has(&after).await;
    let third = Instance::start(&url);
    third.has(&after).await;
    third.is_up().await;
    assert_eq!(third.memory.len(), 1);
}

#[tokio::test]
async fn a_node_that_comes_back_is_used_again() {
    let (mut nodes, url) = cluster().await;
    let instance = Instance::start(&url);
    instance.is_up().await;
    // The node that has the stream.
    instance.put("before");
    instance.has_written(1).await;
    let at = nodes.iter().position(|node| node.cli(&["keys", "*:changes"]).contains("changes")).unwrap();
    nodes[at].kill();
    let meanwhile = instance.put("meanwhile");
    instance.until("down", |status| matches!(status.state, State::Down { .. })).await;
    nodes[at].restart();
    instance.has_written(2).await;
    instance.is_up().await;
    Instance::start(&url).has(&meanwhile).await;
}

//! A server that is away or silent costs a request next to nothing, and all goes on when it is back.

use std::time::Duration;

use pointsman::cache::milvus::{Settings, Unavailable};
use pointsman::cache::{Fault, State};

use crate::instance::{Instance, entry, settings};
use crate::server::MilvusServer;
use crate::support::eventually;

const EAST: Option<[f32; 4]> = Some([1.0, 0.0, 0.0, 0.0]);

#[tokio::test]
async fn it_waits_for_a_server() {
    let Some(mut server) = MilvusServer::start() else { return };
    server.kill();
    let instance = Instance::start(&server.uri());
    let early = instance.put(entry("early", 1, EAST));
    instance.is_down(Fault::Unreachable).await;
    assert_eq!(instance.exact(&early).await, Err(Unavailable));
    server.restart();
    instance.has_written(1).await;
    instance.finds(&early, true).await;
    instance.is_up().await;
}

#[tokio::test]
async fn lookups_go_on_while_the_server_is_killed_and_comes_back() {
    let Some(mut server) = MilvusServer::start() else { return };
    let instance = Instance::start(&server.uri());
    let before = instance.put(entry("before", 1, EAST));
    instance.has_written(1).await;
    instance.finds(&before, true).await;
    server.kill();
    // What is asked meanwhile fails, and then at once.
    let unavailable = async || instance.exact(&before).await.is_err().then_some(());
    eventually("a failure", unavailable).await;
    instance.is_down(Fault::Unreachable).await;
    let (errors, meanwhile) = (instance.status().errors, instance.put(entry("meanwhile", 1, EAST)));
    for _ in 0..1000 {
        assert_eq!(instance.exact(&before).await, Err(Unavailable));
    }
    assert!(instance.status().errors < errors + 100, "most are not even sent: {:?}", instance.status());
    server.restart();
    instance.finds(&before, true).await;
    instance.finds(&meanwhile, true).await;
    instance.is_up().await;
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for() {
    let Some(server) = MilvusServer::start() else { return };
    let hasty = Settings { timeout: Duration::from_millis(300), queue: 10, ..settings(&server.uri()) };
    let instance = Instance::with(&hasty, "minilm");
    let before = instance.put(entry("before", 1, EAST));
    instance.has_written(1).await;
    server.signal("STOP");
    let unavailable = async || instance.exact(&before).await.is_err().then_some(());
    eventually("a failure", unavailable).await;
    eventually("no more attempts", async || {
        let _ = instance.exact(&before).await;
        matches!(instance.status().state, State::Down { why: Fault::Timeout, .. }).then_some(())
    })
    .await;
    for number in 0..1000 {
        instance.put(entry(&format!("q{number}"), 1, EAST));
    }
    assert!(instance.status().queued <= 10 && instance.status().dropped > 900);
    server.signal("CONT");
    instance.finds(&before, true).await;
    instance.finds(&entry("never asked", 1, EAST), false).await;
    instance.is_up().await;
}

#[tokio::test]
async fn a_collection_that_is_dropped_is_made_again() {
    let Some(server) = MilvusServer::start() else { return };
    let instance = Instance::start(&server.uri());
    let before = instance.put(entry("before", 1, EAST));
    instance.has_written(1).await;
    instance.finds(&before, true).await;
    server.python("c.drop_collection(name)");
    instance.finds(&before, false).await;
    let after = instance.put(entry("after", 1, EAST));
    instance.finds(&after, true).await;
    instance.is_up().await;
}

//! A server that is away, silent, full or emptied harms nothing, and all goes on when it is back.

use std::time::Duration;

use pointsman::cache::redis::Settings;
use pointsman::cache::{Epochs, Fault, State};

use crate::instance::{Instance, settings};
use crate::redis::RedisServer;
use crate::support::eventually;

/// Writes to the append-only file before it answers, so that a killed server has all of it.
const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

#[tokio::test]
async fn it_starts_without_a_server() {
    let mut server = RedisServer::start();
    server.kill();
    let instance = Instance::start(&server.url());
    let early = instance.put("early");
    instance.is_down(Fault::Unreachable).await;
    server.restart();
    instance.is_up().await;
    instance.has_written(1).await;
    let other = Instance::start(&server.url());
    other.has(&early).await;
    assert!(instance.status().errors > 0);
}

#[tokio::test]
async fn it_goes_on_after_a_restart_with_all_data() {
    let mut server = RedisServer::with(&DURABLE, &[]);
    let (left, right) = (Instance::start(&server.url()), Instance::start(&server.url()));
    left.is_up().await;
    right.is_up().await;
    let before = left.put("before");
    right.has(&before).await;
    server.kill();
    left.is_down(Fault::Unreachable).await;
    right.is_down(Fault::Unreachable).await;
    let meanwhile = left.put("meanwhile");
    right.flush(Some("other"));
    server.restart();
    right.has(&meanwhile).await;
    left.knows(&Epochs { routes: [("other".into(), 1)].into(), ..Epochs::default() }).await;
    left.is_up().await;
    // The stream reached back to where they were: nothing was read twice.
    assert_eq!(left.status().loaded + right.status().loaded, 0);
}

#[tokio::test]
async fn it_goes_on_after_a_restart_without_data() {
    let mut server = RedisServer::start();
    let (left, right) = (Instance::start(&server.url()), Instance::start(&server.url()));
    left.is_up().await;
    let before = left.put("before");
    left.flush(Some("other"));
    right.has(&before).await;
    server.restart();
    let after = right.put("after");
    left.has(&after).await;
    right.has(&before).await;
    // What was flushed is known again to those who start now.
    let third = Instance::start(&server.url());
    third.has(&after).await;
    third.knows(&Epochs { routes: [("other".into(), 1)].into(), ..Epochs::default() }).await;
}

#[tokio::test]
async fn what_was_missed_is_caught_up_with() {
    let server = RedisServer::start();
    server.cli(&["acl", "setuser", "other", "on", ">secret", "~*", "+@all"]);
    let url = format!("redis://other@127.0.0.1:{}", server.port);
    let here = Instance::start(&server.url());
    let there = Instance::with(&Settings { password: Some("secret".into()), ..settings(&url) }, "minilm");
    here.is_up().await;
    there.is_up().await;
    let before = here.put("before");
    there.has(&before).await;
    for (reaches_back, loaded) in [(true, 0), (false, 2)] {
        server.cli(&["acl", "setuser", "other", "off"]);
        server.cli(&["client", "kill", "user", "other"]);
        there.is_down(Fault::Refused).await;
        if !reaches_back {
            here.remove(&before);
        }
        let missed = here.put(&format!("missed {reaches_back}"));
        here.until("written", |status| status.queued == 0).await;
        let changes = server.cli(&["keys", "*:changes"]);
        eventually("the message", async || {
            server.cli(&["xrevrange", &changes, "+", "-", "count", "1"]).contains(&missed.id.to_string()).then_some(())
        })
        .await;
        if !reaches_back {
            server.cli(&["xtrim", &changes, "maxlen", "1"]);
            server.cli(&["xadd", &changes, "maxlen", "1", "*", "did", "flush", "what", ""]);
        }
        server.cli(&["acl", "setuser", "other", "on"]);
        there.has(&missed).await;
        there.is_up().await;
        assert_eq!(there.status().loaded, loaded);
    }
    there.lacks(&before).await;
}

#[tokio::test]
async fn publishing_never_waits_for_a_silent_server() {
    let server = RedisServer::start();
    let few = Settings { queue: 10, ..settings(&server.url()) };
    let (left, right) = (Instance::with(&few, "minilm"), Instance::start(&server.url()));
    left.is_up().await;
    right.is_up().await;
    server.signal("STOP");
    let entries: Vec<_> = (0..5000).map(|number| left.put(&format!("q{number}"))).collect();
    left.is_down(Fault::Timeout).await;
    let status = left.status();
    assert!(status.queued <= 10 && status.dropped >= 4900, "{status:?}");
    server.signal("CONT");
    // The latest were kept.
    right.has(&entries[4999]).await;
    left.is_up().await;
    right.is_up().await;
    let status = left.status();
    assert_eq!(status.written + status.dropped, 5000, "{status:?}");
}

#[tokio::test]
async fn a_full_server_is_left_alone_until_it_has_room() {
    let server = RedisServer::with(&["--maxmemory-policy", "noeviction"], &[]);
    let (left, right) = (Instance::start(&server.url()), Instance::start(&server.url()));
    let before = left.put("before");
    right.has(&before).await;
    server.cli(&["config", "set", "maxmemory", "1"]);
    let refused = left.put("refused");
    left.is_down(Fault::Full).await;
    // Reading goes on.
    let third = Instance::start(&server.url());
    third.has(&before).await;
    assert_eq!((third.status().state, right.status().state), (State::Up, State::Up));
    server.cli(&["config", "set", "maxmemory", "0"]);
    right.has(&refused).await;
    left.is_up().await;
}

#[tokio::test]
async fn a_flushed_server_takes_nothing_from_memory() {
    let server = RedisServer::start();
    let (left, right) = (Instance::start(&server.url()), Instance::start(&server.url()));
    left.is_up().await;
    left.flush(None);
    let before = left.put("before");
    right.has(&before).await;
    server.cli(&["flushall"]);
    let after = left.put("after");
    right.has(&after).await;
    assert!(left.memory.get(&before).is_some() && right.memory.get(&before).is_some());
    // The flushes known here find their way back, so that the next instance accepts the same entries.
    let third = Instance::start(&server.url());
    third.knows(&Epochs { all: 1, ..Epochs::default() }).await;
    third.has(&after).await;
    assert_eq!(left.status().state, State::Up);
}

#[tokio::test]
async fn it_ends_when_dropped() {
    let server = RedisServer::start();
    let instance = Instance::start(&server.url());
    instance.put("a");
    instance.has_written(1).await;
    let clients = || server.cli(&["client", "list"]).lines().filter(|line| !line.contains("cmd=client")).count();
    assert_eq!(clients(), 2);
    drop(instance);
    eventually("no connection", async || (clients() == 0).then_some(())).await;
    let gone = Instance::with(&Settings { timeout: Duration::from_secs(60), ..settings(&server.url()) }, "minilm");
    gone.is_up().await;
    server.signal("STOP");
    drop(gone);
    server.signal("CONT");
    eventually("no connection", async || (clients() == 0).then_some(())).await;
}

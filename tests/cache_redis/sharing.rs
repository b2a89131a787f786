//! What one instance stores, the others have, now and after a restart.

use std::time::Duration;

use pointsman::cache::redis::Settings;
use pointsman::cache::{Entry, Epochs, Millis};

use crate::instance::{Instance, entry, settings};
use crate::redis::RedisServer;
use crate::support::eventually;

#[tokio::test]
async fn a_new_instance_has_what_was_stored() {
    let server = RedisServer::start();
    let first = Instance::start(&server.url());
    let entries: Vec<_> = (0..300).map(|number| first.put(&format!("q{number}"))).collect();
    first.has_written(300).await;
    drop(first);
    let second = Instance::start(&server.url());
    for entry in &entries {
        second.has(entry).await;
    }
    second.is_up().await;
    assert_eq!((second.status().loaded, second.status().skipped), (300, 0));
}

#[tokio::test]
async fn instances_hear_of_each_other() {
    let server = RedisServer::start();
    let (left, right) = (Instance::start(&server.url()), Instance::start(&server.url()));
    left.is_up().await;
    right.is_up().await;
    let (a, b) = (left.put("a"), right.put("b"));
    right.has(&a).await;
    left.has(&b).await;
    left.remove(&b);
    right.lacks(&b).await;
    right.flush(Some("chat"));
    right.flush(None);
    left.knows(&Epochs { all: 1, routes: [("chat".into(), 1)].into() }).await;
    // Told of at once, and not only found on the next look.
    left.until("the message", |status| status.received >= 2).await;
    // What is stored again takes the place of what was removed.
    let again = left.put("b");
    right.has(&again).await;
    assert_eq!(left.status().loaded + right.status().loaded, 0);
}

#[tokio::test]
async fn its_own_messages_are_not_news() {
    let server = RedisServer::start();
    let (left, right) = (Instance::start(&server.url()), Instance::start(&server.url()));
    left.is_up().await;
    right.is_up().await;
    (0..9).for_each(|number| drop(left.put(&format!("q{number}"))));
    left.has_written(9).await;
    let last = right.put("last");
    left.has(&last).await;
    assert_eq!(left.status().received, 1);
}

#[tokio::test]
async fn an_entry_leaves_redis_when_it_ends() {
    let server = RedisServer::start();
    let instance = Instance::start(&server.url());
    let ending = |text, millis| Entry {
        expires_at: Millis::now().after(Duration::from_millis(millis)),
        ..entry(text, &Epochs::default())
    };
    let over = instance.put_entry(ending("over", 0));
    let short = instance.put_entry(ending("short", 1000));
    let long = instance.put_entry(ending("long", 100_000));
    instance.has_written(2).await;
    let there = |entry: &Entry| server.cli(&["keys", "*"]).contains(&entry.id.to_string());
    assert!(there(&long) && !there(&over));
    eventually("its end", async || (!there(&short)).then_some(())).await;
    assert!(there(&long));
}

#[tokio::test]
async fn what_was_removed_or_flushed_stays_away() {
    let server = RedisServer::start();
    let first = Instance::start(&server.url());
    first.is_up().await;
    let (removed, flushed) = (first.put("removed"), first.put("flushed"));
    first.has_written(2).await;
    first.remove(&removed);
    first.flush(Some("chat"));
    let stays = first.put("stays");
    first.has_written(5).await;
    let second = Instance::start(&server.url());
    second.has(&stays).await;
    second.is_up().await;
    assert_eq!((second.memory.get(&removed), second.memory.get(&flushed)), (None, None));
    assert_eq!((second.status().loaded, second.status().skipped), (1, 0));
}

#[tokio::test]
async fn other_embedders_and_other_prefixes_are_strangers() {
    let server = RedisServer::start();
    let first = Instance::start(&server.url());
    let stranger = first.put("stranger");
    first.has_written(1).await;
    let prefix = Settings { prefix: "other".into(), ..settings(&server.url()) };
    for other in [Instance::with(&settings(&server.url()), "another model"), Instance::with(&prefix, "minilm")] {
        other.is_up().await;
        let own = other.put("own");
        let beside = Instance::start(&server.url());
        beside.has(&stranger).await;
        assert_eq!((other.memory.get(&stranger), beside.memory.get(&own)), (None, None));
        assert_eq!(beside.status().skipped, 0);
    }
}

#[tokio::test]
async fn garbage_is_left_out() {
    let server = RedisServer::start();
    let first = Instance::start(&server.url());
    let [broken, foreign, good] = ["broken", "foreign", "good"].map(|text| first.put(text));
    first.has_written(3).await;
    let key = |text: &str| {
        let keys = server.cli(&["keys", "*"]);
        keys.lines().find(|key| key.ends_with(text)).expect("its key").to_string()
    };
    server.cli(&["set", &key(&broken.id.to_string()), "not an entry"]);
    server.cli_with(&["set", &key(&foreign.id.to_string())], &good.to_bytes());
    let hash = key(&good.id.to_string()).replace(&good.id.to_string(), &"0".repeat(32));
    server.cli(&["hset", &hash, "a", "b"]);
    server.cli(&["set", &format!("{}x", key(&good.id.to_string())), "?"]);
    let second = Instance::start(&server.url());
    second.has(&good).await;
    second.is_up().await;
    // Messages that are none, and one that names what is broken.
    server.cli(&["xadd", &key(":changes"), "*", "did", "what"]);
    server.cli(&["xadd", &key(":changes"), "*", "did", "put", "what", "x:y"]);
    let what = format!("{}:{}", broken.scope, broken.id);
    server.cli(&["xadd", &key(":changes"), "*", "did", "put", "what", &what]);
    let last = first.put("last");
    second.has(&last).await;
    assert_eq!(second.memory.len(), 2);
    assert_eq!(second.status().skipped, 7);
    assert_eq!(second.status().errors, 0);
}

//! What is found, and what is not.

use std::time::Duration;

use pointsman::cache::{Change, Entry, Epochs, Millis};

use crate::instance::{Instance, entry};
use crate::server::MilvusServer;
use crate::support::eventually;

const EAST: [f32; 4] = [1.0, 0.0, 0.0, 0.0];
const NEARLY_EAST: [f32; 4] = [0.96, 0.28, 0.0, 0.0];
const NORTH_EAST: [f32; 4] = [0.6, 0.8, 0.0, 0.0];
const NORTH: [f32; 4] = [0.0, 1.0, 0.0, 0.0];

#[tokio::test]
async fn entries_are_found_by_text_and_by_meaning_in_their_scope() {
    let Some(server) = MilvusServer::start() else { return };
    let first = Instance::start(&server.uri());
    let east = first.put(entry("East", 1, Some(EAST)));
    first.put(entry("nearly east", 1, Some(NEARLY_EAST)));
    first.put(entry("north east", 1, Some(NORTH_EAST)));
    first.put(entry("north", 1, Some(NORTH)));
    let elsewhere = first.put(entry("East", 2, Some(EAST)));
    let exact_only = first.put(entry("exact only", 1, None));
    first.has_written(6).await;
    drop(first);

    let second = Instance::start(&server.uri());
    second.is_up().await;
    for entry in [&east, &elsewhere, &exact_only] {
        assert_eq!(second.exact(entry).await, Ok(Some(Entry::clone(entry))));
    }
    // Another text with the same normalised text, and one with neither.
    assert_eq!(
        second.exact(&Entry { id: exact_only.id, ..entry("EAST", 1, None) }).await.unwrap().as_ref(),
        Some(&*exact_only)
    );
    assert_eq!(second.exact(&entry("EAST", 1, None)).await.unwrap().as_ref(), Some(&*east));
    assert_eq!(second.exact(&entry("West", 1, None)).await, Ok(None));

    assert_eq!(second.nearest(1, EAST, 9).await, ["East", "nearly east", "north east"]);
    assert_eq!(second.nearest(1, EAST, 2).await, ["East", "nearly east"]);
    assert_eq!(second.nearest(1, NORTH, 1).await, ["north"]);
    assert_eq!(second.nearest(2, EAST, 9).await, ["East"]);
    assert!(second.nearest(3, EAST, 9).await.is_empty());
    let epoch = Epochs::default().of("chat");
    let scored = second.milvus.nearest(&east.scope, epoch, &NORTH_EAST, 9, 0.75).await.unwrap();
    let scored: Vec<_> =
        scored.iter().map(|(similarity, entry)| (&*entry.text, (similarity * 100.0).round())).collect();
    assert_eq!(scored, [("north east", 100.0), ("nearly east", 80.0), ("north", 80.0)]);
    assert_eq!((second.status().answered, second.status().unavailable), (12, 0));

    // Another embedder has a collection of its own.
    let stranger = Instance::with(&crate::instance::settings(&server.uri()), "another model");
    stranger.is_up().await;
    assert_eq!(stranger.exact(&east).await, Ok(None));
}

#[tokio::test]
async fn what_is_too_large_or_of_another_length_is_not_written() {
    let Some(server) = MilvusServer::start() else { return };
    let instance = Instance::start(&server.uri());
    let mut large = entry("large", 1, Some(EAST));
    large.answer = "x".repeat(50_000).into();
    let mut fitting = entry("fitting", 1, Some(EAST));
    fitting.answer = "x".repeat(48_000).into();
    let mut short = entry("short", 1, Some(EAST));
    short.embedding = Some(vec![half::f16::ONE].into());
    let [large, short, fitting] = [large, short, fitting].map(|entry| instance.put(entry));
    instance.has_written(1).await;
    assert_eq!(instance.status().dropped, 2);
    assert_eq!(instance.exact(&large).await, Ok(None));
    assert_eq!(instance.exact(&short).await, Ok(None));
    assert_eq!(instance.exact(&fitting).await, Ok(Some(Entry::clone(&fitting))));
}

#[tokio::test]
async fn what_has_ended_is_not_found_and_swept() {
    let Some(server) = MilvusServer::start() else { return };
    let instance = Instance::start(&server.uri());
    instance.is_up().await;
    let mut ending = entry("ending", 1, Some(EAST));
    ending.expires_at = Millis::now().after(Duration::from_secs(3));
    let ending = instance.put(ending);
    let staying = instance.put(entry("staying", 1, Some(EAST)));
    instance.has_written(2).await;
    instance.finds(&ending, false).await;
    assert!(ending.is_over(Millis::now()));
    assert_eq!(instance.nearest(1, EAST, 9).await, ["staying"]);
    instance.finds(&staying, true).await;
    assert_eq!(server.python("print(len(rows))"), "2");
    // Who starts sweeps first.
    let second = Instance::start(&server.uri());
    second.is_up().await;
    eventually("the sweep", async || (server.python("print(len(rows))") == "1").then_some(())).await;
    second.finds(&staying, true).await;
}

#[tokio::test]
async fn what_was_removed_or_flushed_is_not_found_by_anyone() {
    let Some(server) = MilvusServer::start() else { return };
    let (left, right) = (Instance::start(&server.uri()), Instance::start(&server.uri()));
    let [removed, flushed] = ["removed", "flushed"].map(|text| left.put(entry(text, 1, Some(EAST))));
    left.has_written(2).await;
    right.finds(&removed, true).await;
    right.milvus.publish(Change::Remove(removed.scope, removed.id));
    left.finds(&removed, false).await;
    eventually("the removal", async || left.removed().contains(&removed.id).then_some(())).await;
    assert!(!left.removed().contains(&flushed.id));
    left.finds(&flushed, true).await;
    left.flush(Some("chat"));
    right.flush(None);
    let both = Epochs { all: 1, routes: [("chat".into(), 1)].into() };
    for instance in [&left, &right] {
        eventually("the flushes", async || (instance.epochs() == both).then_some(())).await;
        instance.finds(&flushed, false).await;
        assert!(instance.nearest(1, EAST, 9).await.is_empty());
    }
    let after = left.put(Entry { epoch: both.of("chat"), ..entry("after", 1, Some(EAST)) });
    left.has_written(4).await;
    // Who starts now knows of the flushes, too.
    let third = Instance::start(&server.uri());
    third.is_up().await;
    assert_eq!(third.epochs(), both);
    assert_eq!(third.nearest(1, EAST, 9).await, ["after"]);
    third.finds(&after, true).await;
    third.finds(&removed, false).await;
    // What is stored again is there again.
    let again = left.put(Entry { epoch: both.of("chat"), ..Entry::clone(&removed) });
    third.finds(&again, true).await;
}

#[tokio::test]
async fn garbage_is_left_out() {
    let Some(server) = MilvusServer::start() else { return };
    let instance = Instance::start(&server.uri());
    let [broken, foreign] = ["broken", "foreign"].map(|text| instance.put(entry(text, 1, Some(EAST))));
    instance.has_written(2).await;
    let change = |id: &str, entry: &str| {
        format!("row = next(r for r in rows if r['id'] == '{id}'); row['entry'] = {entry}; c.upsert(name, [row])")
    };
    server.python(&change(&broken.id.to_string(), "'?'"));
    let stolen = format!("next(r for r in rows if r['id'] == '{}')['entry'][:40]", foreign.id);
    server.python(&change(&foreign.id.to_string(), &stolen));
    assert_eq!(instance.exact(&broken).await, Ok(None));
    assert_eq!(instance.exact(&foreign).await, Ok(None));
    assert!(instance.nearest(1, EAST, 9).await.is_empty());
    assert_eq!((instance.status().skipped, instance.status().errors), (4, 0));
}

//! The way back of an ejected peer whose answers are out of the ordinary: slow ones, and ones without a body.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::time::Duration;

use support::eventually;
use support::fickle::Pool;
use support::pool::{chat, client, entry};
use support::upstream::{Act, answer, ok};
use tokio::task::JoinSet;

/// A pool whose first peer is ejected for a short time.
async fn ejected(settings: &str) -> Pool {
    let pool = Pool::start(vec![answer(500, "", "oh")], settings).await;
    pool.serves(5).await;
    pool.first_becomes("ejected", "open").await;
    pool
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_takes_longer_than_the_longest_open_time_closes_the_breaker() {
    let pool = ejected("breaker: {open: 300ms, max_open: 500ms}").await;
    pool.first.becomes([vec![Act::Pause(Duration::from_secs(1))], ok()].concat());
    let (client, mut asking) = (client(), JoinSet::new());
    // There is always a request for the next probe, while the one before has no answer yet.
    let closed = || {
        asking.spawn(client.post(pool.router.at("/v1/chat/completions")).json(&chat(false)).send());
        async { (entry(&pool.router, pool.first.peer.address).await["breaker"] == "closed").then_some(()) }
    };
    eventually("the breaker closes", closed).await;
    while let Some(answer) = asking.join_next().await {
        assert_eq!(answer.unwrap().unwrap().status(), 200);
    }
    pool.first_becomes("up", "closed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_a_body_closes_the_breaker() {
    for head in ["HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"]
    {
        let pool = ejected("breaker: {open: 300ms}").await;
        pool.first.becomes(vec![Act::Say(head.into())]);
        let before = pool.asked();
        let probed = || async {
            let response = client().post(pool.router.at("/raw")).body("x").send().await.unwrap();
            assert!(response.status().is_success(), "{head}: {response:?}");
            (pool.asked() > before).then_some(())
        };
        eventually("a probe", probed).await;
        pool.first_becomes("up", "closed").await;
    }
}

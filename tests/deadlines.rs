//! How long a request may take: to its first byte, between two chunks, and in all; and how each is told to the client.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use reqwest::{Client, Response};
use serde_json::Value;
use support::pool::{
    all_leases_are_back, ask, chat, client, client_h2, config, leases_become, metric_becomes, outcomes,
    outcomes_become, refused,
};
use support::sse::{BOTH, Events, Speaks, broken};
use support::upstream::{Act, Seen, Upstream, busy, ok};
use support::{Child, PATIENCE, Router, eventually};
use tokio::time::{sleep, timeout};

const CHAT: &str = "/v1/chat/completions";
const EVENT: &str = "data: {\"choices\":[]}\n\n";

/// A simulator with this fault, and a router that gives it these timeouts.
fn stand(fault: &str, timeouts: &str) -> (Child, Router) {
    let sim = Child::sim(&["--fault", fault]);
    let router = Router::start(&config(&[sim.at("/v1")], &format!("timeouts: {{{timeouts}}}")));
    (sim, router)
}

async fn post(speaks: Speaks, router: &Router, body: &Value) -> Response {
    // The client's own patience is what ends a wait that the router does not.
    speaks.client().post(router.at(CHAT)).json(body).send().await.expect("the router answers in time")
}

/// So many faults were observed, the upstream was left, and nothing is counted any more.
async fn ended(sim: &Child, router: &Router, faults: f64) {
    outcomes_become(router, "fault", faults).await;
    eventually("the upstream is left", || async { sim.last_seen().await.aborted().then_some(()) }).await;
    all_leases_are_back(router).await;
}

/// Pieces of a body with a pause before each.
fn paced(head: &str, piece: &str, count: usize, pause: u64) -> Vec<Act> {
    let chunk = format!("{:x}\r\n{piece}\r\n", piece.len()).into_bytes();
    let pieces = (0..count).flat_map(|_| [Act::Pause(Duration::from_millis(pause)), Act::Say(chunk.clone())]);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {head}\r\ntransfer-encoding: chunked\r\n\r\n");
    let end = Act::Say(b"0\r\n\r\n".to_vec());
    [Act::Say(head.into_bytes())].into_iter().chain(pieces).chain([end]).collect()
}

// === the first byte ===

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_begin_in_time_is_given_by_another_peer() {
    for stream in [false, true] {
        let (mute, good) = (Upstream::start(|_| vec![Act::Hang]).await, Upstream::start(|_| ok()).await);
        let router = Router::start(&config(&[mute.url(), good.url()], "timeouts: {first_byte: 300ms, idle: 300ms}"));
        for client in [client(), client_h2()] {
            let response = client.post(router.at(CHAT)).json(&chat(stream)).send().await.unwrap();
            assert_eq!(response.status(), 200, "streamed: {stream}");
        }
        assert_eq!((mute.seen().len(), good.seen().len()), (2, 2), "streamed: {stream}");
        assert_eq!(outcomes(&router, "fault").await, 2.0);
        all_leases_are_back(&router).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_peer_begins_in_time_the_request_is_a_504() {
    let mute = [Upstream::start(|_| vec![Act::Hang]).await, Upstream::start(|_| vec![Act::Hang]).await];
    let router = Router::start(&config(&mute.each_ref().map(Upstream::url), "timeouts: {first_byte: 300ms}"));
    let response = timeout(PATIENCE, ask(&router, false)).await.expect("long before the default of 5 m");
    let message = refused(response, 504, "upstream_timeout").await;
    assert!(message.contains("\"b\""), "{message}");
    assert_eq!(mute.each_ref().map(|peer| peer.seen().len()), [1, 1]);
    outcomes_become(&router, "fault", 2.0).await;
    all_leases_are_back(&router).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_head_came_and_whose_first_event_does_not_ends_in_an_error_event() {
    let late = r#"{"kind":"late-token","delay":"1h"}"#;
    // With HTTP/2 the longer of the two counts.
    for (speaks, timeouts) in
        [(Speaks::H1, "first_byte: 300ms, idle: 1h"), (Speaks::H2c, "first_byte: 300ms, idle: 400ms")]
    {
        let (sim, router) = stand(late, timeouts);
        let response = post(speaks, &router, &chat(true)).await;
        let (before, _) = broken(&format!("{speaks:?}"), response, "upstream_timeout").await;
        assert!(before.is_empty(), "{speaks:?}: {before:?}");
        ended(&sim, &router, 1.0).await;
        assert_eq!(router.metric("pointsman_broken_streams_total{backend=\"b\"}").await, 1.0, "{speaks:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_that_waits_for_a_place_waits_for_no_byte() {
    let gate = Arc::<AtomicBool>::default();
    let refuses = Upstream::start(|_| [vec![Act::Pause(Duration::from_millis(800))], busy()].concat()).await;
    let opened = gate.clone();
    let works = Upstream::start(move |seen: &Seen| match seen.header("x-hold").is_empty() {
        true => ok(),
        false => {
            let mut acts = paced("text/event-stream", EVENT, 1, 0);
            acts.insert(acts.len() - 1, Act::Until(opened.clone()));
            acts
        }
    });
    let works = works.await;
    let settings = "peer_max_in_flight: 1\ntimeouts: {first_byte: 1s}";
    let router = Arc::new(Router::start(&config(&[works.url(), refuses.url()], settings)));
    let held = client().post(router.at(CHAT)).header("x-hold", "1").json(&chat(true)).send().await.unwrap();

    let asking = router.clone();
    let asked = tokio::spawn(async move { ask(&asking, false).await });
    eventually("the peer with room is asked", || async { (refuses.seen().len() == 1).then_some(()) }).await;
    metric_becomes(&router, "pointsman_queue_waiting{backend=\"b\"}", 1.0).await;
    // The time in which the first attempt had to begin its answer goes by.
    sleep(Duration::from_secs(1)).await;
    gate.store(true, Ordering::SeqCst);
    let response = asked.await.unwrap();
    assert_eq!(response.status(), 200, "{}", response.text().await.unwrap());
    assert_eq!(held.text().await.unwrap(), EVENT);
    assert_eq!((refuses.seen().len(), works.seen().len()), (1, 2));
    assert_eq!(outcomes(&router, "fault").await, 0.0);
}

// === between two chunks ===

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_stalls_ends_long_before_it_might_have_begun() {
    let stall = r#"{"kind":"stall","after":3}"#;
    for (speaks, timeouts) in
        [(Speaks::H1, "first_byte: 1h, idle: 300ms"), (Speaks::H2c, "first_byte: 400ms, idle: 300ms")]
    {
        let (sim, router) = stand(stall, timeouts);
        let response = post(speaks, &router, &chat(true)).await;
        let (before, _) = broken(&format!("{speaks:?}"), response, "upstream_timeout").await;
        assert_eq!(before.len(), 3, "{speaks:?}: {before:?}");
        ended(&sim, &router, 1.0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_that_stalls_is_cut_off_visibly() {
    let (sim, router) = stand(r#"{"kind":"stall"}"#, "first_byte: 1h, idle: 300ms");
    let response = post(Speaks::H1, &router, &chat(false)).await;
    assert_eq!(response.status(), 200);
    let read = timeout(PATIENCE, response.bytes()).await.expect("an end");
    assert!(read.is_err(), "a clean end after {read:?}");
    ended(&sim, &router, 1.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_with_shorter_gaps_passes_whole() {
    // 60 gaps of 50 ms: three times as long as any of the two may last.
    let peer = Upstream::start(|_| paced("text/event-stream", EVENT, 60, 50)).await;
    let router = Router::start(&config(&[peer.url()], "timeouts: {first_byte: 1s, idle: 1s}"));
    for speaks in BOTH {
        let events = Events::of(post(speaks, &router, &chat(true)).await).rest().await;
        assert_eq!(events, [EVENT; 60], "{speaks:?}");
    }
    outcomes_become(&router, "success", 2.0).await;
    assert_eq!(outcomes(&router, "fault").await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_slowly_is_no_fault_of_the_peer() {
    let count = 20_000_000 / EVENT.len();
    let body = EVENT.repeat(count);
    let length = body.len();
    let peer = Upstream::start(move |_| {
        let chunk = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        vec![Act::Say([head.as_bytes(), chunk.as_bytes()].concat())]
    });
    let peer = peer.await;
    let router = Router::start(&config(&[peer.url()], "timeouts: {first_byte: 1s, idle: 1s}"));
    let read = |client: Client| {
        let request = client.post(router.at(CHAT)).json(&chat(true));
        async move {
            let (mut response, mut read) = (request.send().await.unwrap(), 0);
            for until in [1, 5_000_000] {
                while read < until {
                    read += response.chunk().await.unwrap().expect("more").len();
                }
                // Twice as long as the peer may be silent.
                sleep(Duration::from_secs(2)).await;
            }
            while let Some(chunk) = response.chunk().await.expect("no break") {
                read += chunk.len();
            }
            read
        }
    };
    assert_eq!(join_all([client(), client_h2()].map(read)).await, [length; 2], "from HTTP/1 and from HTTP/2");
    outcomes_become(&router, "success", 2.0).await;
    assert_eq!(outcomes(&router, "fault").await, 0.0);
}

// === the whole request ===

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_drips_beyond_the_deadline_ends_in_an_error_event() {
    let peer = Upstream::start(|_| paced("text/event-stream", EVENT, 2000, 50)).await;
    let router = Router::start(&config(&[peer.url()], "timeouts: {request: 1s}"));
    for speaks in BOTH {
        let response = post(speaks, &router, &chat(true)).await;
        let (before, _) = broken(&format!("{speaks:?}"), response, "upstream_timeout").await;
        assert!((1..100).contains(&before.len()), "{speaks:?}: {} events", before.len());
        all_leases_are_back(&router).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_answer_that_takes_beyond_the_deadline_is_a_504_or_is_cut_off() {
    let router = |peer: &Upstream| Router::start(&config(&[peer.url()], "timeouts: {request: 500ms}"));
    let mute = Upstream::start(|_| vec![Act::Hang]).await;
    let before_the_head = router(&mute);
    let drips = Upstream::start(|_| paced("application/json", " ", 2000, 50)).await;
    let amid_the_body = router(&drips);
    for speaks in BOTH {
        refused(post(speaks, &before_the_head, &chat(false)).await, 504, "upstream_timeout").await;
        all_leases_are_back(&before_the_head).await;

        let response = post(speaks, &amid_the_body, &chat(false)).await;
        assert_eq!(response.status(), 200);
        let read = timeout(PATIENCE, response.bytes()).await.expect("an end");
        assert!(read.is_err(), "{speaks:?}: a clean end after {read:?}");
        all_leases_are_back(&amid_the_body).await;
    }
    eventually("the peer is left", || async { (mute.left() == 2).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_covers_all_attempts() {
    let mut pool = Vec::new();
    for _ in 0..5 {
        pool.push(Upstream::start(|_| vec![Act::Hang]).await);
    }
    let urls: Vec<_> = pool.iter().map(Upstream::url).collect();
    let settings = "retries: 4\ntimeouts: {first_byte: 1s, request: 1500ms}";
    let router = Router::start(&config(&urls, settings));
    for speaks in BOTH {
        refused(post(speaks, &router, &chat(false)).await, 504, "upstream_timeout").await;
        let asked: usize = pool.iter().map(|peer| peer.seen().len()).sum();
        // The second is under way when the time is over, and none of the other three is begun.
        assert!((1..=2).contains(&asked), "{speaks:?}: {asked} asked");
        pool.iter().for_each(Upstream::forget);
        all_leases_are_back(&router).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_deadline_covers_the_wait_for_a_place() {
    let sim = Child::sim(&[]);
    let settings = |request: &str| {
        format!("peer_max_in_flight: 1\nqueue: {{size: 8, timeout: 1h}}\ntimeouts: {{request: {request}}}")
    };
    let router = Router::start(&config(&[sim.at("/v1")], &settings("1h")));
    let first = Client::new().post(router.at(CHAT)).header("x-sim-fault", r#"{"kind":"stepped"}"#);
    let mut first = Events::of(first.json(&chat(true)).send().await.unwrap());
    first.must().await;
    leases_become(&router, 1).await;

    // Those that come from here on have less time; the first keeps its own.
    router.change_to(&config(&[sim.at("/v1")], &settings("500ms"))).await;
    for speaks in BOTH {
        let response = post(speaks, &router, &chat(false)).await;
        match response.status().as_u16() {
            429 => refused(response, 429, "overloaded").await,
            _ => refused(response, 504, "upstream_timeout").await,
        };
        metric_becomes(&router, "pointsman_queue_waiting{backend=\"b\"}", 0.0).await;
    }
    assert_eq!(sim.total_seen().await, 1, "nobody was sent to the full peer");
    let steps = Client::new().post(sim.at("/sim/step?n=1000")).send();
    assert!(steps.await.unwrap().status().is_success());
    assert!(first.rest().await.concat().ends_with("data: [DONE]\n\n"));
    all_leases_are_back(&router).await;
}

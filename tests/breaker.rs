//! Outcomes and what follows from them: who is ejected, who never is, who is only avoided for a moment, and how each comes
//! back.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use futures::{StreamExt, stream};
use reqwest::Response;
use serde_json::json;
use support::fickle::Pool;
use support::pool::{
    all_leases_are_back, ask, chat, config, entry, leases_become, logs, outcomes, outcomes_become, peers,
    state_becomes, with_peers,
};
use support::sse::{BOTH, broken};
use support::upstream::{Act, Upstream, answer, ok};
use support::{Child, Router};

const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const EVENT: &str = "data: {\"choices\":[]}\n\n";
const EJECTIONS: &str = "pointsman_ejections_total{backend=\"b\"}";

fn says(status: u16) -> Vec<Act> {
    vec![answer(status, "content-type: application/json\r\n", "{\"said\":\"by the peer\"}")]
}

// === what never ejects ===

#[tokio::test(flavor = "multi_thread")]
async fn client_errors_never_eject_nor_are_they_tried_elsewhere() {
    let pool = Pool::start(says(400), "").await;
    for (nth, status) in [400, 401, 403, 404, 408, 409, 413, 422].into_iter().cycle().take(120).enumerate() {
        pool.first.becomes(says(status));
        assert_eq!(ask(&pool.router, false).await.status(), status);
        assert_eq!(pool.asked(), nth + 1, "it is asked first all the time");
    }
    pool.first_becomes("up", "closed").await;
    assert!(pool.siblings.iter().all(|sibling| sibling.seen().is_empty()));
    outcomes_become(&pool.router, "neutral", 120.0).await;
    assert_eq!((outcomes(&pool.router, "fault").await, pool.router.metric(EJECTIONS).await), (0.0, 0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_peer_is_avoided_and_not_ejected_and_serves_again_soon_after_it_recovers() {
    for status in [429, 503] {
        let pool = Pool::start(vec![answer(status, "retry-after: 2\r\n", "busy")], "breaker: {faults: 1}").await;
        pool.serves(1).await;
        pool.first_becomes("cooling", "closed").await;
        assert!(
            entry(&pool.router, pool.first.peer.address).await["why"].as_str().unwrap().contains(&status.to_string())
        );
        pool.serves(29).await;
        // Asked every time, were it not avoided; a probe now and then is as it should be.
        assert!((1..=10).contains(&pool.asked()), "{status}: asked {} times", pool.asked());
        assert_eq!(pool.router.metric(&pool.ejected()).await, 0.0, "{status}");
        assert_eq!(pool.router.metric(EJECTIONS).await, 0.0, "{status}");
        assert_eq!(entry(&pool.router, pool.first.peer.address).await["breaker"], "closed", "{status}");
        assert!(outcomes(&pool.router, "backpressure").await >= 1.0, "{status}");
        assert_eq!(outcomes(&pool.router, "fault").await, 0.0, "{status}");

        pool.first.becomes(ok());
        pool.asks_the_first_again().await;
        pool.first_becomes("up", "closed").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_pool_that_is_busy_is_still_asked_and_its_answers_pass_through() {
    let busy = [Upstream::start(|_| says(503)).await, Upstream::start(|_| says(429)).await];
    let router = Router::start(&config(&busy.each_ref().map(Upstream::url), ""));
    for nth in 1..=20 {
        let status = ask(&router, false).await.status().as_u16();
        assert!([429, 503].contains(&status), "request {nth}: {status}");
        assert_eq!(busy.each_ref().map(|peer| peer.seen().len()), [nth; 2]);
    }
    assert_eq!(router.metric(EJECTIONS).await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_last_peer_nor_more_than_their_share_of_a_pool_is_ejected() {
    for (size, more, most) in [
        (1, "", 0),
        (2, "", 1),
        (3, "", 1),
        (4, "", 2),
        (3, ", max_ejected: 1.0", 2),
        (1, ", max_ejected: 1.0", 0),
        (3, ", max_ejected: 0", 0),
    ] {
        let case = format!("{size} peers{more}");
        let settings = format!("breaker: {{open: 1m{more}}}");
        let mut pool = Vec::new();
        for _ in 0..size {
            pool.push(Upstream::start(|_| says(500)).await);
        }
        let router = Router::start(&config(&pool.iter().map(Upstream::url).collect::<Vec<_>>(), &settings));
        for _ in 0..30 {
            let response = ask(&router, false).await;
            assert_eq!(response.status(), 500, "{case}");
            assert_eq!(response.text().await.unwrap(), "{\"said\":\"by the peer\"}", "{case}");
            assert!(ejected(&router).await <= most, "{case}: {:?}", peers(&router).await);
        }
        assert_eq!(ejected(&router).await, most, "{case}");
        assert!(pool.iter().all(|peer| !peer.seen().is_empty()), "{case}");
    }
}

async fn ejected(router: &Router) -> usize {
    peers(router).await.iter().filter(|peer| peer["state"] == "ejected").count()
}

// === what ejects ===

#[tokio::test(flavor = "multi_thread")]
async fn five_faults_in_a_row_eject_and_no_client_notices() {
    for (case, acts) in [
        ("500", says(500)),
        ("502", says(502)),
        ("reset", vec![Act::Reset]),
        ("close", vec![Act::Close]),
        ("no HTTP", vec![Act::Say(b"\x16\x03\x01 no HTTP\r\n\r\n".to_vec()), Act::Close]),
        ("accepts and never answers", vec![Act::Hang]),
    ] {
        let pool = Pool::start(acts, "timeouts: {first_byte: 1s}\nbreaker: {open: 1m}").await;
        pool.serves(4).await;
        assert_eq!(pool.router.metric(&pool.ejected()).await, 0.0, "{case}");
        pool.serves(1).await;
        pool.first_becomes("ejected", "open").await;
        assert!(entry(&pool.router, pool.first.peer.address).await["why"].is_string(), "{case}");
        assert_eq!(pool.router.metric(&pool.ejected()).await, 1.0, "{case}");
        assert_eq!(pool.router.metric(EJECTIONS).await, 1.0, "{case}");
        assert_eq!(outcomes(&pool.router, "fault").await, 5.0, "{case}");
        logs(&pool.router, &["[b]", "ejected", &pool.first.peer.address.to_string()]).await;

        pool.serves(30).await;
        assert_eq!(pool.asked(), 5, "{case}");
        all_leases_are_back(&pool.router).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_refuses_connections_is_ejected_too() {
    let pool = Pool::start(ok(), "breaker: {open: 1m}").await;
    let Pool { first, siblings, router } = pool;
    let address = first.peer.address;
    let _port = first.peer.refuse().await;
    for _ in 0..30 {
        assert_eq!(ask(&router, false).await.status(), 200);
    }
    state_becomes(&router, address, "ejected").await;
    assert_eq!(router.metric("pointsman_retries_total{backend=\"b\",reason=\"connect\"}").await, 5.0);
    assert_eq!(siblings.iter().map(|sibling| sibling.seen().len()).sum::<usize>(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_in_between_begins_the_count_anew_and_a_share_of_faults_ejects_nonetheless() {
    for (share, ejected_after) in [("0.5", Some(10..=11)), ("0.9", None)] {
        let turn = AtomicUsize::new(0);
        let script = move |_: &_| if turn.fetch_add(1, Ordering::SeqCst).is_multiple_of(2) { says(500) } else { ok() };
        let (first, second) = (Upstream::start(script).await, Upstream::start(|_| ok()).await);
        let settings = format!("breaker: {{share: {share}, open: 1m}}");
        let router = Router::start(&config(&[first.url(), second.url()], &settings));
        for _ in 0..24 {
            assert_eq!(ask(&router, false).await.status(), 200);
        }
        match ejected_after {
            Some(range) => assert!(range.contains(&first.seen().len()), "{} of 24", first.seen().len()),
            None => assert_eq!(first.seen().len(), 24),
        }
    }
}

/// A stream that comes to this end after one event.
fn cut(end: Act) -> Vec<Act> {
    let begun = format!("{EVENTS}{:x}\r\n{EVENT}\r\n", EVENT.len());
    vec![Act::Say(begun.into_bytes()), Act::Pause(Duration::from_millis(50)), end]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_has_begun_is_no_success_and_breaks_no_row_of_faults() {
    let pool = Pool::start(cut(Act::Close), "breaker: {faults: 3, share: 1.0, open: 1m}").await;
    for nth in 0..3 {
        assert_eq!(pool.router.metric(EJECTIONS).await, 0.0, "stream {nth}");
        broken(&format!("stream {nth}"), ask(&pool.router, true).await, "upstream_failed").await;
        leases_become(&pool.router, 0).await;
    }
    pool.first_becomes("ejected", "open").await;
    outcomes_become(&pool.router, "fault", 3.0).await;
    assert_eq!((outcomes(&pool.router, "success").await, pool.asked()), (0.0, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_dies_amid_streams_is_ejected_and_its_clients_are_told() {
    for end in [Act::Close, Act::Reset] {
        let pool = Pool::start(cut(end.clone()), "breaker: {open: 1m}").await;
        for (nth, speaks) in BOTH.into_iter().cycle().take(5).enumerate() {
            let request = speaks.client().post(pool.router.at("/v1/chat/completions")).json(&chat(true));
            let what = format!("{end:?}, stream {nth}");
            broken(&what, request.send().await.unwrap(), "upstream_failed").await;
            leases_become(&pool.router, 0).await;
        }
        pool.first_becomes("ejected", "open").await;
        outcomes_become(&pool.router, "fault", 5.0).await;
        pool.serves(10).await;
        assert_eq!(pool.asked(), 5, "{end:?}");
    }
}

// === the way back ===

#[tokio::test(flavor = "multi_thread")]
async fn an_ejected_peer_comes_back_through_one_probe() {
    let pool = Pool::start(says(500), "breaker: {open: 300ms}").await;
    pool.serves(5).await;
    pool.first_becomes("ejected", "open").await;
    // A probe that fails ejects it again, and its client does not notice.
    pool.asks_the_first_again().await;
    pool.first_becomes("ejected", "open").await;

    let gate = Arc::new(AtomicBool::new(false));
    pool.first.becomes([vec![Act::Until(gate.clone())], ok()].concat());
    let before = pool.asked();
    let mut asking = pool.asks_until_one_probes().await;
    pool.first_becomes("probing", "half-open").await;
    let answers: Vec<Response> = join_all((0..20).map(|_| ask(&pool.router, false))).await;
    assert!(answers.iter().all(|answer| answer.status() == 200));
    assert_eq!(pool.asked(), before + 1, "one request probes, and the others go elsewhere");

    gate.store(true, Ordering::SeqCst);
    while let Some(answer) = asking.join_next().await {
        assert_eq!(answer.unwrap().unwrap().status(), 200);
    }
    pool.first_becomes("up", "closed").await;
    assert_eq!(pool.router.metric(&pool.ejected()).await, 0.0);
    pool.serves(5).await;
    assert_eq!(pool.asked(), before + 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_whose_client_leaves_is_followed_by_another() {
    let pool = Pool::start(says(500), "breaker: {open: 300ms}").await;
    pool.serves(5).await;
    pool.first_becomes("ejected", "open").await;
    pool.first.becomes(vec![Act::Hang]);
    let mut asking = pool.asks_until_one_probes().await;
    asking.shutdown().await;
    pool.first.becomes(ok());
    pool.asks_the_first_again().await;
    pool.first_becomes("up", "closed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flapping_peer_costs_no_client_an_error() {
    let dies = json!([{ "kind": "cut", "probability": 0.5 }, { "kind": "status", "status": 500, "probability": 0.6 }]);
    let sims = [Child::sim(&[]), Child::sim(&[]), Child::sim(&[])];
    reqwest::Client::new().put(sims[0].at("/sim/fault")).json(&dies).send().await.unwrap();
    let listed = sims.each_ref().map(|sim| format!("{{url: \"{}/v1\"}}", sim.url)).join(", ");
    let router = Router::start(&with_peers(&listed, "slow_start: 0\nbreaker: {open: 100ms, max_open: 200ms}"));
    let answers = stream::iter(0..240).map(|nth| {
        let router = &router;
        async move {
            let response = ask(router, nth % 2 == 0).await;
            (nth, response.status().as_u16(), response.text().await.unwrap())
        }
    });
    let answers: Vec<_> = answers.buffer_unordered(6).collect().await;
    for (nth, status, text) in answers {
        assert_eq!(status, 200, "request {nth}: {text}");
        assert!(nth % 2 != 0 || text.ends_with("data: [DONE]\n\n"), "request {nth}: {text}");
    }
    assert!(router.metric(EJECTIONS).await >= 1.0, "it was bad enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ejected_peer_stays_ejected_through_a_reload() {
    let pool = Pool::start(says(500), "breaker: {open: 1m}").await;
    pool.serves(5).await;
    pool.first_becomes("ejected", "open").await;
    for settings in ["breaker: {open: 1m}\nretries: 1", "breaker: {open: 50s}\ntimeouts: {connect: 1s}"] {
        pool.router.change_to(&Pool::config(&pool.first, &pool.siblings, settings)).await;
        pool.first_becomes("ejected", "open").await;
        assert_eq!(pool.router.metric(&pool.ejected()).await, 1.0);
        pool.serves(10).await;
        assert_eq!(pool.asked(), 5);
    }
}

//! Attempts: which failures move a request on to another peer, how often, and what is never tried again.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use futures::future::join_all;
use serde_json::Value;
use support::pool::{
    all_leases_are_back, ask, chat, client_h2, config, header, health_becomes, leases_become, raw_chat, read_all,
    read_until, refused,
};
use support::upstream::{Act, Seen, Upstream, answer, busy, ok};
use support::{Child, Router, eventually};

async fn one(script: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static, settings: &str) -> (Upstream, Router) {
    let peer = Upstream::start(script).await;
    let router = Router::start(&config(&[peer.url()], settings));
    (peer, router)
}

/// A first peer that answers by `script`, a second that is fine, and a router.
async fn two(
    script: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static,
    settings: &str,
) -> (Upstream, Upstream, Router) {
    let (first, second) = (Upstream::start(script).await, Upstream::start(|_| ok()).await);
    let router = Router::start(&config(&[first.url(), second.url()], settings));
    (first, second, router)
}

async fn retries(router: &Router, reason: &str) -> f64 {
    router.metric(&format!(r#"pointsman_retries_total{{backend="b",reason="{reason}"}}"#)).await
}

// === what moves on ===

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_before_the_head_moves_on_to_another_peer() {
    let half_a_head = Act::Say(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec());
    let table: [(&str, Vec<Act>, &str); 11] = [
        ("reset", vec![Act::Reset], "reset"),
        ("close", vec![Act::Close], "reset"),
        ("reset within the head", vec![half_a_head.clone(), Act::Reset], "reset"),
        ("close within the head", vec![half_a_head, Act::Close], "reset"),
        ("no HTTP", vec![Act::Say(b"\x16\x03\x01 no HTTP\r\n\r\n".to_vec()), Act::Close], "reset"),
        ("500", vec![answer(500, "", "oh")], "status"),
        ("502", vec![answer(502, "", "oh")], "status"),
        ("503", busy(), "status"),
        ("504", vec![answer(504, "", "oh")], "status"),
        ("429", vec![answer(429, "", "later")], "status"),
        ("silence", vec![Act::Hang], "first_byte_timeout"),
    ];
    for (case, acts, reason) in table {
        let (first, second, router) = two(move |_| acts.clone(), "timeouts: {first_byte: 1s}").await;
        let response = ask(&router, false).await;
        assert_eq!(response.status(), 200, "{case}");
        assert_eq!((first.seen().len(), second.seen().len()), (1, 1), "{case}");
        assert_eq!(first.seen()[0].body, second.seen()[0].body, "{case}");
        assert_eq!(retries(&router, reason).await, 1.0, "{case}");
        all_leases_are_back(&router).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_failed_a_request_is_not_asked_again_and_attempts_are_bounded() {
    for (budget, attempts) in [(0, 1), (1, 2), (2, 3), (10, 5)] {
        let mut peers = Vec::new();
        for _ in 0..5 {
            peers.push(Upstream::start(|_| vec![Act::Reset]).await);
        }
        let urls: Vec<_> = peers.iter().map(Upstream::url).collect();
        let router = Router::start(&config(&urls, &format!("retries: {budget}")));
        refused(ask(&router, false).await, 502, "upstream_failed").await;
        let asked: Vec<usize> = peers.iter().map(|peer| peer.seen().len()).collect();
        assert_eq!(asked.iter().sum::<usize>(), attempts, "retries: {budget}: {asked:?}");
        assert!(asked.iter().all(|&times| times <= 1), "retries: {budget}: {asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_says_come_back_later_passes_through_where_nobody_else_is_left() {
    let (peer, router) = one(|_| busy(), "").await;
    let response = ask(&router, false).await;
    assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (503, "7"));
    assert_eq!(response.text().await.unwrap(), r#"{"error":{"message":"busy"}}"#);
    assert_eq!(peer.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peers_own_error_passes_through_byte_for_byte_where_nobody_else_is_left() {
    let body = "{ \"error\" : {\"message\":\"nö\\u0041\", \"code\":null}}\n";
    for status in [500, 502, 504] {
        let (peer, router) = one(move |_| vec![answer(status, "x-own: 1\r\n", body)], "").await;
        let response = ask(&router, false).await;
        assert_eq!((response.status().as_u16(), header(&response, "x-own")), (status, "1"));
        assert_eq!(response.bytes().await.unwrap(), body.as_bytes());
        assert_eq!(peer.seen().len(), 1);
    }
}

// === what never moves on ===

#[tokio::test(flavor = "multi_thread")]
async fn other_errors_pass_through_byte_for_byte() {
    for status in [400, 401, 404, 409, 422, 501] {
        let body = "{ \"error\" : {\"message\":\"nö\\u0041\", \"code\":null}}\n";
        let acts = vec![answer(status, "content-type: application/json; x=y\r\nx-own: 1\r\n", body)];
        let (first, second, router) = two(move |_| acts.clone(), "").await;
        let response = ask(&router, false).await;
        assert_eq!(response.status(), status);
        assert_eq!((header(&response, "content-type"), header(&response, "x-own")), ("application/json; x=y", "1"));
        assert_eq!(header(&response, "x-pointsman-backend"), "b");
        assert_eq!(response.bytes().await.unwrap(), body.as_bytes());
        assert_eq!((first.seen().len(), second.seen().len()), (1, 0), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn once_the_head_has_come_nothing_is_tried_again() {
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n";
    let events = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    for head in [json, events] {
        for (text, end) in [("", Act::Close), ("", Act::Reset), ("", Act::Hang), ("5\r\ndata:", Act::Close)] {
            let case = format!("{head:?} {text:?} {end:?}");
            let acts = vec![Act::Say(format!("{head}{text}").into_bytes()), end];
            let (first, second, router) = two(move |_| acts.clone(), "timeouts: {first_byte: 1s, idle: 1s}").await;
            let mut socket = raw_chat(&router, false).await;
            let answer = read_all(&mut socket).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{case}: {answer}");
            assert_eq!((first.seen().len(), second.seen().len()), (1, 0), "{case}");
            // Whole answers end in their own way; this one must not look like one.
            assert!(!answer.contains("[DONE]"), "{case}: {answer}");
            all_leases_are_back(&router).await;
        }
    }
}

// === pooled connections ===

#[tokio::test(flavor = "multi_thread")]
async fn a_post_on_a_pooled_connection_that_the_peer_closes_meanwhile_succeeds() {
    // The peer reads the second request and closes: the race of a server that closes idle connections, at its worst.
    for end in [Act::Close, Act::Reset] {
        let last = end.clone();
        let (peer, router) =
            one(move |seen| if seen.before == 0 { ok() } else { vec![last.clone()] }, "retries: 0").await;
        for turn in 0..4 {
            assert_eq!(ask(&router, false).await.status(), 200, "{end:?}, turn {turn}");
        }
        let attempts: Vec<usize> = peer.seen().iter().map(|seen| seen.before).collect();
        assert_eq!(attempts.iter().filter(|&&before| before == 0).count(), 4, "{attempts:?}");
        assert!(attempts.len() > 4, "no connection was reused: {attempts:?}");
        assert!(retries(&router, "stale_connection").await > 0.0);
        all_leases_are_back(&router).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_pool_of_dead_connections_costs_no_request() {
    // As after a peer's restart behind something that keeps its side of the connections open.
    let first = || [vec![Act::Meet(12)], ok()].concat();
    let script = move |seen: &Seen| if seen.before == 0 { first() } else { vec![Act::Reset] };
    let (peer, router) = one(script, "retries: 0").await;
    let answers = join_all((0..12).map(|_| ask(&router, false))).await;
    assert!(answers.iter().all(|answer| answer.status() == 200));
    peer.forget();
    assert_eq!(ask(&router, false).await.status(), 200);
    assert!(peer.seen().len() <= 4, "{} attempts", peer.seen().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_after_an_idle_spell_succeed_where_the_peer_closes_first() {
    let sim = Child::sim(&["--keep-alive", "50ms"]);
    let router = Router::start(&config(&[sim.at("/v1")], "timeouts: {keep_alive: 60s}\nretries: 0"));
    for pause in [0, 45, 48, 50, 52, 55, 100, 50, 49, 51, 50, 0, 50] {
        tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
        let response = ask(&router, false).await;
        assert_eq!(response.status(), 200, "{pause} ms: {}", response.text().await.unwrap());
    }
}

// === clients that leave ===

async fn last(sim: &Child) -> Option<Value> {
    let tape: Value = reqwest::get(sim.at("/sim/requests")).await.unwrap().json().await.unwrap();
    tape["requests"].as_array().unwrap().last().cloned()
}

async fn is_aborted(sim: &Child) {
    let probe = || async { (last(sim).await?["aborted"] == true).then_some(()) };
    eventually("an aborted request", probe).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_frees_its_lease_and_cancels_upstream() {
    // Before the head; after it and before the first token; mid-stream; and within an answer that is not streamed.
    for (case, fault, stream, marker) in [
        ("before the head", r#"{"kind":"hang"}"#, true, ""),
        ("not streamed, before the head", r#"{"kind":"slow","delay":"1h"}"#, false, ""),
        ("before the first token", r#"{"kind":"late-token","delay":"1h"}"#, true, "HTTP/1.1 200"),
        ("mid-stream", r#"{"kind":"stepped"}"#, true, "data: "),
        ("not streamed, within the body", r#"{"kind":"stall"}"#, false, ""),
    ] {
        let sim = Child::sim(&["--fault", fault]);
        let router = Router::start(&config(&[sim.at("/v1")], ""));
        let mut socket = raw_chat(&router, stream).await;
        if marker.is_empty() {
            eventually(case, || last(&sim)).await;
        } else {
            read_until(&mut socket, marker).await;
        }
        leases_become(&router, 1).await;
        drop(socket);
        is_aborted(&sim).await;
        all_leases_are_back(&router).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_h2_stream_that_is_given_up_frees_its_lease_and_cancels_upstream() {
    let sim = Child::sim(&["--fault", r#"{"kind":"stepped"}"#]);
    let router = Router::start(&config(&[sim.at("/v1")], ""));
    let client = client_h2();
    let mut response =
        client.post(router.at("/v1/chat/completions")).json(&chat(true)).send().await.expect("the head comes");
    assert!(response.chunk().await.unwrap().is_some());
    leases_become(&router, 1).await;
    drop(response); // the connection stays open
    is_aborted(&sim).await;
    all_leases_are_back(&router).await;

    let before_the_head = client.post(router.at("/v1/chat/completions")).header("x-sim-fault", r#"{"kind":"hang"}"#);
    let task = tokio::spawn(before_the_head.json(&chat(true)).send());
    leases_become(&router, 1).await;
    task.abort();
    all_leases_are_back(&router).await;
    is_aborted(&sim).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_is_no_reason_to_try_another_peer() {
    let (first, second, router) = two(|_| vec![Act::Hang], "").await;
    let socket = raw_chat(&router, true).await;
    leases_become(&router, 1).await;
    eventually("the request at the first peer", || async { first.seen().first().cloned() }).await;
    drop(socket);
    eventually("the end at the first peer", || async { (first.left() > 0).then_some(()) }).await;
    all_leases_are_back(&router).await;
    assert_eq!((first.seen().len(), second.seen().len()), (1, 0));
    health_becomes(&router, &["up", "up"]).await;
}

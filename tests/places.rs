//! A place at a backend that takes so many at once: who keeps it, and where those go who wait for it in vain.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::time::Duration;

use futures::future::{join, join_all};
use support::line::{KEYS, Line};
use support::pool::{all_leases_are_back, chat, client, health_becomes, tell_peer, with_peers};
use support::sse::{Speaks, step};
use support::upstream::{Act, Seen, Upstream, ok};
use support::{Child, PATIENCE, Router, eventually};
use tokio::time::timeout;

/// Answers after a moment, so that places are taken.
fn works(_: &Seen) -> Vec<Act> {
    [vec![Act::Pause(Duration::from_millis(5))], ok()].concat()
}

/// Peers that work, and a router that gives them these limits.
async fn pool<const N: usize>(settings: &str) -> ([Upstream; N], Router) {
    let mut peers = Vec::new();
    for _ in 0..N {
        peers.push(Upstream::start(works).await);
    }
    let listed: Vec<_> = peers.iter().map(|peer| format!("{{url: {:?}}}", peer.url())).collect();
    let settings = format!("metrics: {{interval: 0}}\nslow_start: 0\n{settings}");
    let router = Router::start(&with_peers(&listed.join(", "), &settings));
    health_becomes(&router, &["up"; N]).await;
    let Ok(peers) = peers.try_into() else { unreachable!("so many were started") };
    (peers, router)
}

/// Clients that ask one request after the other; the status of each.
async fn closed_loops(router: &Router, clients: usize, each: usize) -> Vec<u16> {
    let asking = |_| async {
        let (client, mut statuses) = (client(), Vec::new());
        for _ in 0..each {
            let response = client.post(router.at("/v1/chat/completions")).json(&chat(false)).send().await.unwrap();
            statuses.push(response.status().as_u16());
            response.bytes().await.unwrap();
        }
        statuses
    };
    join_all((0..clients).map(asking)).await.concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_find_no_place_take_no_turn() {
    let (peers, router) = pool::<2>("balance: round_robin\nmax_in_flight: 2\nqueue: {size: 64, timeout: 1m}").await;
    assert_eq!(closed_loops(&router, 4, 75).await, [200; 300]);
    let served = peers.each_ref().map(|peer| peer.seen().len());
    assert!(served.iter().all(|count| (105..=195).contains(count)), "{served:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_sent_again_keeps_its_place() {
    let settings = "max_in_flight: 4\nqueue: {size: 0}\nretry_budget: 1.0\nbreaker: {max_ejected: 0}";
    let ([refuses, _second, _third], router) = pool::<3>(settings).await;
    let _port = refuses.refuse().await;
    let (some, more) = join(closed_loops(&router, 4, 50), closed_loops(&router, 4, 100)).await;
    let statuses = [some, more].concat();
    let refused = statuses.iter().filter(|&&status| status == 429).count();
    assert_eq!(statuses.iter().filter(|&&status| status == 200).count() + refused, 600);
    assert!(refused > 0 && router.metric("pointsman_retries_total{backend=\"b\",reason=\"connect\"}").await >= 20.0);

    let told = || router.log().lines().filter(|line| line.contains("Refused | overloaded")).count();
    eventually("all of them in the log", || async { (told() == refused).then_some(()) }).await;
    let log = router.log();
    for line in log.lines().filter(|line| line.contains("Refused | overloaded")) {
        assert!(line.contains("attempts=0"), "{line}");
    }
    all_leases_are_back(&router).await;
}

/// Two requests wait at a backend with this limit, whose only peer has a third one and is drained: who was routed is
/// served by the route's next backend, and who asked for this very model learns that nobody can serve.
async fn drained_with_two_waiters(limit: &str) {
    let spare = Child::sim(&["--model", "spare-model"]);
    let line = Line::with(|sim| {
        let limits = format!("{limit}, queue: {{size: 8, timeout: 1m}}");
        let backends = format!(
            "  - {{name: b, url: \"{}/v1\", model: m, {limits}}}\n  - {{name: spare, url: \"{}/v1\", model: \
             spare-model}}\n",
            sim.url, spare.url
        );
        let route = "{name: r, backends: [b, spare], samples: [\"Tell me a joke.\"]}";
        format!("backends:\n{backends}router: {{routes: [{route}]}}\n{KEYS}")
    });
    let held = line.occupy("held").await;
    let routed = line.ask_over(Speaks::H1, "auto", "Tell me a joke.", &[]);
    line.waiting_becomes(1).await;
    let direct = line.wait("direct", &[]).await;

    assert_eq!(tell_peer(&line.router, line.sim.address(), "drain").await.0, 200);
    let told = timeout(PATIENCE, routed.told()).await.expect("long before the queue's timeout");
    assert_eq!((told.status, told.backend.as_str()), (200, "spare"));
    let told = timeout(PATIENCE, direct.told()).await.expect("long before the queue's timeout");
    assert_eq!((told.status, told.code.as_deref()), (503, Some("no_healthy_peer")));
    assert_eq!(line.router.metric("pointsman_fallbacks_total{backend=\"b\"}").await, 1.0);
    assert_eq!(line.sim.total_seen().await, 1);
    step(&line.sim).await;
    held.served().await;
    all_leases_are_back(&line.router).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_for_a_place_at_a_peer_that_is_drained_wait_no_longer() {
    drained_with_two_waiters("peer_max_in_flight: 1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_for_a_place_at_a_backend_that_is_drained_wait_no_longer() {
    drained_with_two_waiters("max_in_flight: 1").await;
}

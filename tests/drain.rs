//! Taking a peer out of service and back by hand: its streams go on, nothing new comes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;
use support::line::STEPPED;
use support::pool::{
    ask, chat, client, entry, entry_becomes, header, health_becomes, refused, state_becomes, tell_peer, with_peers,
};
use support::sse::{Events, step};
use support::{Child, Router};

/// Two simulators and a router.
struct Pair {
    sims: [Child; 2],
    router: Router,
}

// === impl Pair ===

impl Pair {
    async fn start() -> Self {
        let sims = [Child::sim(&["--name", "first"]), Child::sim(&["--name", "second"])];
        let router = Router::start(&Self::config(&sims, ""));
        health_becomes(&router, &["up", "up"]).await;
        Self { sims, router }
    }

    /// Peers that are back are used at once, and only our own requests count.
    fn config(sims: &[Child; 2], more: &str) -> String {
        let listed = format!("{{url: \"{}/v1\"}}, {{url: \"{}/v1\"}}", sims[0].url, sims[1].url);
        with_peers(&listed, &format!("slow_start: 0\nmetrics: {{interval: 0}}\n{more}"))
    }

    /// Who answers so many requests, one after the other.
    async fn served(&self, times: usize) -> BTreeMap<String, usize> {
        let mut served = BTreeMap::new();
        for _ in 0..times {
            let response = ask(&self.router, false).await;
            assert_eq!(response.status(), 200);
            *served.entry(header(&response, "x-sim-name").to_owned()).or_default() += 1;
        }
        served
    }

    async fn is_draining(&self, address: &str) -> bool {
        self.router.metric(&format!("pointsman_peer_draining{{backend=\"b\",peer=\"{address}\"}}")).await == 1.0
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_peer_ends_its_streams_and_gets_nothing_new() {
    let pair = Pair::start().await;
    let stream = client().post(pair.router.at("/v1/chat/completions")).header("x-sim-fault", STEPPED);
    let stream = stream.json(&chat(true)).send().await.unwrap();
    let index = usize::from(header(&stream, "x-sim-name") == "second");
    let (busy, other) = (&pair.sims[index], ["second", "first"][index]);
    let mut events = Events::of(stream);
    events.must().await;

    let told = |draining: bool, leases: u32| json!({ "backend": "b", "address": busy.address(), "draining": draining, "leases": leases });
    assert_eq!(tell_peer(&pair.router, busy.address(), "drain").await, (200, told(true, 1)));
    let entry = entry(&pair.router, busy.address()).await;
    assert_eq!((&entry["state"], &entry["health"], &entry["leases"]), (&json!("draining"), &json!("up"), &json!(1)));
    assert!(pair.is_draining(busy.address()).await);
    assert_eq!(pair.served(10).await, BTreeMap::from([(other.to_owned(), 10)]));

    loop {
        step(busy).await;
        if events.must().await.contains("[DONE]") {
            break;
        }
    }
    assert_eq!(events.next().await.unwrap(), None);
    entry_becomes(&pair.router, busy.address(), "leases", 0).await;
    assert_eq!(tell_peer(&pair.router, busy.address(), "drain").await, (200, told(true, 0)), "twice is as once");
    assert_eq!(busy.total_seen().await, 1);

    assert_eq!(tell_peer(&pair.router, busy.address(), "resume").await, (200, told(false, 0)));
    state_becomes(&pair.router, busy.address(), "up").await;
    assert!(!pair.is_draining(busy.address()).await);
    assert_eq!(pair.served(10).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_survives_a_reload() {
    let pair = Pair::start().await;
    let [first, second] = &pair.sims;
    assert_eq!(tell_peer(&pair.router, first.address(), "drain").await.0, 200);
    for more in ["retries: 1", "max_in_flight: 100", ""] {
        pair.router.change_to(&Pair::config(&pair.sims, more)).await;
        assert_eq!(entry(&pair.router, first.address()).await["state"], "draining", "{more}");
        assert!(pair.is_draining(first.address()).await, "{more}");
        assert_eq!(pair.served(6).await, BTreeMap::from([("second".to_owned(), 6)]), "{more}");
    }
    assert_eq!((first.total_seen().await, second.total_seen().await), (0, 18));
    assert_eq!(tell_peer(&pair.router, first.address(), "resume").await.0, 200);
    state_becomes(&pair.router, first.address(), "up").await;
    assert_eq!(pair.served(10).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_peer_is_no_way_out_of_its_siblings_failures() {
    let pair = Pair::start().await;
    let [first, second] = &pair.sims;
    assert_eq!(tell_peer(&pair.router, first.address(), "drain").await.0, 200);
    let fault = json!({ "kind": "status", "status": 500 });
    client().put(second.at("/sim/fault")).json(&fault).send().await.unwrap();
    for _ in 0..8 {
        assert_eq!(ask(&pair.router, false).await.status(), 500);
    }
    assert_eq!(first.total_seen().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_are_drained_nobody_can_serve() {
    let pair = Pair::start().await;
    for sim in &pair.sims {
        assert_eq!(tell_peer(&pair.router, sim.address(), "drain").await.0, 200);
    }
    let message = refused(ask(&pair.router, false).await, 503, "no_healthy_peer").await;
    assert!(message.contains("\"b\""), "{message}");
    assert_eq!(tell_peer(&pair.router, pair.sims[1].address(), "resume").await.0, 200);
    assert_eq!(pair.served(4).await, BTreeMap::from([("second".to_owned(), 4)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_found() {
    let pair = Pair::start().await;
    let address = pair.sims[0].address();
    for path in [
        format!("/backends/nobody/peers/{address}/drain"),
        format!("/backends/m/peers/{address}/drain"),
        "/backends/b/peers/127.0.0.1:1/drain".to_owned(),
        "/backends/b/peers/127.0.0.1:1/resume".to_owned(),
        "/backends/b/peers/no-address/drain".to_owned(),
        format!("/backends/b/peers/{address}/restart"),
    ] {
        let status = client().post(pair.router.admin(&path)).send().await.unwrap().status();
        assert_eq!(status, 404, "{path}");
    }
    // To look at it changes nothing.
    let path = format!("/backends/b/peers/{address}/drain");
    assert_eq!(client().request(Method::GET, pair.router.admin(&path)).send().await.unwrap().status(), 405);
    assert_eq!(entry(&pair.router, address).await["state"], "up");
    assert_eq!(pair.served(10).await.len(), 2);
}

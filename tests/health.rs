//! Active health checks: who is in service, when that changes, and what clients are told meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::Client;
use support::pool::{ask, config, header, health_becomes, logs, peers, refused};
use support::upstream::{Act, Seen, Upstream, answer, ok};
use support::{Child, Router, eventually};
use tokio::net::TcpSocket;

const OFTEN: &str = "health: {interval: 20ms, timeout: 5s, fall: 3, rise: 2}";

/// A peer whose checks pass or fail by a pattern, which repeats and may be changed.
struct Moody {
    peer: Upstream,
    pattern: Arc<parking_lot::Mutex<(&'static str, usize)>>,
}

// === impl Moody ===

impl Moody {
    /// Each letter of `pattern` is a check: `+` passes, any other fails.
    async fn start(pattern: &'static str) -> Self {
        let pattern = Arc::new(parking_lot::Mutex::new((pattern, 0)));
        let current = pattern.clone();
        let script = move |seen: &Seen| {
            if !seen.head.starts_with("GET /health ") {
                return ok();
            }
            let (pattern, turn) = &mut *current.lock();
            *turn += 1;
            let passes = pattern.as_bytes()[(*turn - 1) % pattern.len()] == b'+';
            vec![answer(if passes { 200 } else { 503 }, "", "")]
        };
        Self { peer: Upstream::raw(script).await, pattern }
    }

    fn becomes(&self, pattern: &'static str) {
        *self.pattern.lock() = (pattern, 0);
    }

    /// Waits for so many checks since the pattern began.
    async fn checked(&self, times: usize) {
        eventually("further checks", || async { (self.pattern.lock().1 >= times).then_some(()) }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_runs_of_checks_take_a_peer_down_and_bring_it_back() {
    let moody = Moody::start("+--").await;
    let router = Router::start(&config(&[moody.peer.url()], OFTEN));
    moody.checked(30).await;
    assert!(!router.log().contains("is down"), "two failures in a row took it down");

    moody.becomes("-");
    health_becomes(&router, &["down"]).await;
    logs(&router, &["[b]", "is down"]).await;
    refused(ask(&router, false).await, 503, "no_healthy_peer").await;

    moody.becomes("+-");
    moody.checked(20).await;
    assert_eq!(router.log().matches(" is up").count(), 1, "one success brought it back");

    moody.becomes("+");
    health_becomes(&router, &["up"]).await;
    assert_eq!(ask(&router, false).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_path_follows_from_the_url_unless_it_is_given() {
    for (base, more, path) in [
        ("", "", "/health"),
        ("/", "", "/health"),
        ("/v1", "", "/health"),
        ("/v1/", "", "/health"),
        ("/gw/v1", "", "/gw/health"),
        ("/gw", "", "/gw/health"),
        ("/gw/v1", ", path: /ping?deep=1", "/ping?deep=1"),
    ] {
        let peer = Upstream::start(|_| ok()).await;
        let url = format!("{}{base}", peer.url());
        let router = Router::start(&config(&[url], &format!("health: {{interval: 1h{more}}}")));
        health_becomes(&router, &["up"]).await;
        let checks = peer.checks();
        assert!(checks.iter().all(|check| check.target() == path), "{base:?}: {checks:?}");
        assert_eq!(checks[0].header("host"), [peer.address.to_string()], "{base:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_without_a_health_path_is_judged_by_its_connections() {
    for status in [404, 405] {
        let script =
            move |seen: &Seen| if seen.head.starts_with("GET") { vec![answer(status, "", "no")] } else { ok() };
        let peer = Upstream::raw(script).await;
        let router = Router::start(&config(&[peer.url()], OFTEN));
        health_becomes(&router, &["up"]).await;
        assert_eq!(ask(&router, false).await.status(), 200);
        let _port = peer.refuse().await;
        health_becomes(&router, &["down"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_other_status_but_a_2xx_fails_a_check() {
    for (status, health) in [(200, "up"), (204, "up"), (301, "down"), (401, "down"), (500, "down"), (503, "down")] {
        let peer = Upstream::raw(move |_| vec![answer(status, "", "")]).await;
        let router = Router::start(&config(&[peer.url()], ""));
        health_becomes(&router, &[health]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_dead_at_the_start_is_named_and_recovers_by_itself() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap(); // refuses until it listens
    let url = format!("http://{}/v1", socket.local_addr().unwrap());
    let router = Router::start(&config(&[url], OFTEN));
    health_becomes(&router, &["down"]).await;
    for _ in 0..2 {
        let response = ask(&router, false).await;
        let after: u64 = header(&response, "retry-after").parse().expect("Retry-After in seconds");
        assert!((1..=60).contains(&after));
        assert_eq!(header(&response, "x-pointsman-backend"), "b");
        let message = refused(response, 503, "no_healthy_peer").await;
        assert!(message.contains("\"b\"") && !message.contains("127.0.0.1"), "{message}");
    }
    assert_eq!(router.metric("pointsman_peers{backend=\"b\",state=\"down\"}").await, 1.0);

    let _peer = Upstream::on(socket.listen(64).unwrap(), |_| ok());
    health_becomes(&router, &["up"]).await;
    assert_eq!(ask(&router, false).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_end_with_their_timeout_whatever_the_peer_does() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n";
    let say = |text: &str| Act::Say(text.as_bytes().to_vec());
    for (case, acts) in [
        ("no answer", vec![Act::Hang]),
        ("half a head", vec![say("HTTP/1.1 200 OK\r\ncontent-"), Act::Hang]),
        ("a head that drips", vec![say("HTTP/1.1 200 OK\r\nx-y: "), Act::Drip]),
        ("no body", vec![say(head), Act::Hang]),
        ("a body that drips", vec![say(head), Act::Drip]),
    ] {
        let moment = Arc::new(AtomicUsize::new(0));
        let asked = moment.clone();
        let script = move |_: &Seen| if asked.fetch_add(1, Ordering::SeqCst) < 1 { ok() } else { acts.clone() };
        let peer = Upstream::raw(script).await;
        let health = "health: {interval: 20ms, timeout: 100ms, fall: 2, rise: 1}\nmetrics: {interval: 0}";
        let router = Router::start(&config(&[peer.url()], health));
        health_becomes(&router, &["down"]).await;
        // Nor does a check leave a connection behind.
        eventually(case, || async { (peer.left() >= 2).then_some(()) }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_was_never_checked_serves_only_where_none_is_known_to_be_up() {
    let unknown = || Upstream::raw(|seen| if seen.head.starts_with("GET") { vec![Act::Hang] } else { ok() });
    let (alone, one, up) = (unknown().await, unknown().await, Upstream::start(|_| ok()).await);
    let endless = "health: {interval: 1h, timeout: 1h}";

    let router = Router::start(&config(&[alone.url()], endless));
    assert_eq!(peers(&router).await[0]["health"], "unknown");
    assert_eq!(ask(&router, false).await.status(), 200);

    let router = Router::start(&config(&[one.url(), up.url()], endless));
    health_becomes(&router, &["unknown", "up"]).await;
    for _ in 0..5 {
        assert_eq!(ask(&router, false).await.status(), 200);
    }
    assert_eq!((one.seen().len(), up.seen().len()), (0, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_go_to_the_peer_that_is_up_and_none_is_lost_while_health_changes() {
    let (first, second) = (Moody::start("+").await, Moody::start("+").await);
    let router = Router::start(&config(&[first.peer.url(), second.peer.url()], OFTEN));
    health_becomes(&router, &["up", "up"]).await;
    assert_eq!(ask(&router, false).await.status(), 200);
    assert_eq!((first.peer.seen().len(), second.peer.seen().len()), (1, 0));

    first.becomes("-");
    health_becomes(&router, &["down", "up"]).await;
    assert_eq!(ask(&router, false).await.status(), 200);
    assert_eq!((first.peer.seen().len(), second.peer.seen().len()), (1, 1));

    second.becomes("-");
    health_becomes(&router, &["down", "down"]).await;
    let message = refused(ask(&router, false).await, 503, "no_healthy_peer").await;
    assert!(message.contains("\"b\""), "{message}");

    first.becomes("+");
    health_becomes(&router, &["up", "down"]).await;
    assert_eq!(ask(&router, false).await.status(), 200);
    assert_eq!((first.peer.seen().len(), second.peer.seen().len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_engine_is_noticed_and_its_recovery_too() {
    let sim = Child::sim(&[]);
    let router = Router::start(&config(&[sim.at("/v1")], OFTEN));
    let fault = |faults: &'static str| {
        let request = Client::new().put(sim.at("/sim/fault")).header("content-type", "application/json");
        async move { assert_eq!(request.body(faults).send().await.unwrap().status(), 200) }
    };
    health_becomes(&router, &["up"]).await;
    fault(r#"{"kind":"dead"}"#).await;
    health_becomes(&router, &["down"]).await;
    fault("[]").await;
    health_becomes(&router, &["up"]).await;
    assert_eq!(ask(&router, false).await.status(), 200);
}

//! More than the router can do at once: it serves without meaning, or says to come back, and never stops.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use futures::future::join_all;
use support::wire::{Answer, Wire, ask, post};
use support::{Child, Router, Stand, eventually};

const CHAT: &str = "/v1/chat/completions";
const BODY: &str = r#"{"messages":[{"role":"user","content":"hi"}]}"#;

/// Routes by meaning; `fallback` is the default backend.
fn semantic(sim: &Child, embedding: &str) -> Router {
    Router::start(&format!(
        "backends:\n  - {{name: chosen, url: {url:?}, model: m}}\n  - {{name: fallback, url: {url:?}, model: n}}\n\
         embedding: {embedding}\nrouter:\n  default_backend: fallback\n  routes:\n    \
         - {{name: all, backend: chosen, samples: [\"anything\"]}}\n",
        url = sim.url
    ))
}

/// As many different long prompts at once.
async fn burst(router: &Router, count: usize) -> Vec<Answer> {
    let asks = (0..count).map(|number| {
        let text = format!("{number} tells of wind and water ").repeat(60);
        let body = format!(r#"{{"messages":[{{"role":"user","content":"{text}"}}]}}"#);
        ask(router.address(), post(CHAT, "", body))
    });
    join_all(asks.collect::<Vec<_>>()).await
}

fn went(answer: &Answer) -> [Option<&str>; 3] {
    ["x-pointsman-route", "x-pointsman-backend", "x-pointsman-degraded"].map(|name| answer.header(name))
}

/// Every answer is one of the two, and each degraded one is told in the header, the metric and the log.
async fn account(router: &Router, answers: &[Answer], reason: &str) -> (usize, usize) {
    let (mut routed, mut degraded) = (0, 0);
    for answer in answers {
        assert_eq!(answer.status, 200, "{answer:?}");
        match went(answer) {
            [Some("all"), Some("chosen"), None] => routed += 1,
            [Some("default"), Some("fallback"), Some(why)] if why == reason => degraded += 1,
            other => panic!("{other:?}"),
        }
    }
    let metric = router.metric(&format!("pointsman_degraded_total{{reason=\"{reason}\"}}")).await;
    assert_eq!(metric, degraded as f64);
    let told = format!("degraded=\"{reason}\"");
    eventually("each in the log", || async { (router.log().matches(&told).count() == degraded).then_some(()) }).await;
    eventually("a line for each", || async {
        (router.log().matches("Routed to [").count() >= answers.len()).then_some(())
    })
    .await;
    (routed, degraded)
}

#[tokio::test]
async fn a_full_encoder_costs_the_meaning_and_not_the_request() {
    let sim = Child::sim(&["--model", "n"]);
    let router = semantic(&sim, "{threads: 1, queue: 1, timeout: 60s}");
    let (routed, degraded) = account(&router, &burst(&router, 32).await, "encoder-busy").await;
    assert!(routed >= 1 && degraded >= 1, "{routed} routed, {degraded} degraded");
    assert!(router.metric("pointsman_encoder_jobs{outcome=\"busy\"}").await >= degraded as f64);
    // Afterwards it is as good as before.
    let calm = ask(router.address(), post(CHAT, "", BODY)).await;
    assert_eq!(went(&calm), [Some("all"), Some("chosen"), None]);
}

#[tokio::test]
async fn an_encoder_that_takes_too_long_is_not_waited_for() {
    let sim = Child::sim(&["--model", "n"]);
    let router = semantic(&sim, "{threads: 1, queue: 64, timeout: 1ms}");
    let (routed, degraded) = account(&router, &burst(&router, 8).await, "encoder-timeout").await;
    assert!(degraded >= 1, "{routed} routed, {degraded} degraded");
}

#[tokio::test]
async fn a_name_that_goes_straight_needs_no_encoder() {
    let sim = Child::sim(&["--model", "n"]);
    let router = semantic(&sim, "{threads: 1, queue: 1, timeout: 1ms}");
    let direct = BODY.replacen('{', r#"{"model":"chosen","#, 1);
    for answer in join_all((0..16).map(|_| ask(router.address(), post(CHAT, "", &direct)))).await {
        assert_eq!(went(&answer), [Some("direct"), Some("chosen"), None]);
    }
}

#[tokio::test]
async fn more_in_flight_than_the_limit_are_told_to_come_back() {
    let stand = Stand::with("limits: {max_in_flight: 2}");
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut wire = Wire::connect(stand.address()).await;
        wire.send(post(CHAT, "x-sim-fault: {\"kind\":\"hang\"}\r\n", BODY)).await;
        held.push(wire);
    }
    eventually("two upstream", || async { (stand.sim.total_seen().await == 2).then_some(()) }).await;
    for path in [CHAT, "/v1/completions"] {
        let answer = ask(stand.address(), post(path, "", BODY)).await;
        assert_eq!((answer.status, &*answer.error()), (429, "overloaded"), "{answer:?}");
        assert_eq!(answer.json()["error"]["type"], "rate_limit_error");
        let after: u64 = answer.header("retry-after").expect("Retry-After").parse().unwrap();
        assert!((1..=60).contains(&after));
    }
    let health = ask(stand.address(), "GET /health HTTP/1.1\r\nhost: h\r\n\r\n").await;
    assert_eq!(health.status, 200, "balancers are always answered");
    assert_eq!(stand.sim.total_seen().await, 2);
    assert_eq!(stand.router.metric("pointsman_failures_total{reason=\"overloaded\"}").await, 2.0);
    drop(held);
    eventually("none in flight", || async {
        (stand.router.metric("pointsman_requests_in_flight").await == 0.0).then_some(())
    })
    .await;
    stand.is_well().await;
}

#[tokio::test]
async fn a_client_that_leaves_gives_up_its_place_in_the_queue() {
    let sim = Child::sim(&[]);
    let router = semantic(&sim, "{threads: 1, queue: 1000, timeout: 5m}");
    let mut clients = Vec::new();
    for number in 0..60 {
        let text = format!("{number} tells of wind and water ").repeat(60);
        let mut wire = Wire::connect(router.address()).await;
        wire.send(post(CHAT, "", format!(r#"{{"messages":[{{"role":"user","content":"{text}"}}]}}"#))).await;
        clients.push(wire);
    }
    eventually("they wait", || async { (router.metric("pointsman_encoder_waiting").await >= 30.0).then_some(()) })
        .await;
    drop(clients);
    eventually("the queue is empty", || async {
        (router.metric("pointsman_encoder_waiting").await == 0.0).then_some(())
    })
    .await;
    eventually("no request is left", || async {
        (router.metric("pointsman_requests_in_flight").await == 0.0).then_some(())
    })
    .await;
    assert!(router.metric("pointsman_encoder_jobs{outcome=\"departed\"}").await >= 20.0);
    eventually("they are said to have left", || async {
        (router.log().matches("Client left [none]").count() >= 20).then_some(())
    })
    .await;
}

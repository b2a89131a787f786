//! In which order those who wait are served, and who has to make room in a full queue.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use support::line::{APP, GATE, KEYS, Line};
use support::pool::{client, metric_becomes, with_peers};
use support::sse::Speaks;
use support::upstream::{Act, Upstream, ok};
use support::{Router, eventually};

const LONG: &str = "max_in_flight: 1\nqueue: {size: 64, timeout: 1m}";

/// The prompts that were served, the first one left out, once all have been answered.
async fn order(line: &Line, asked: Vec<support::line::Asked>) -> Vec<String> {
    let prompts = line.serve(asked.len() as u64).await;
    for asked in asked {
        asked.served().await;
    }
    prompts[1..].to_vec()
}

// === priorities ===

#[tokio::test(flavor = "multi_thread")]
async fn lower_priorities_are_served_sooner_and_equals_in_their_order() {
    let line = Line::start(LONG);
    let mut asked = vec![line.occupy("held").await];
    for (tag, priority) in [
        ("late", Some("1000")),
        ("middle 1", None),
        ("soon 1", Some("-5")),
        ("middle 2", Some("0")),
        ("first", Some("-1000")),
        ("soon 2", Some("-5")),
    ] {
        let headers: Vec<_> = priority.map(|priority| ("x-pointsman-priority", priority)).into_iter().collect();
        asked.push(line.wait(tag, &headers).await);
    }
    assert_eq!(order(&line, asked).await, ["first", "soon 1", "soon 2", "middle 1", "middle 2", "late"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_priority_counts_only_from_a_trusted_key() {
    let line = Line::start(LONG);
    let app = format!("Bearer {APP}");
    let mut asked = vec![line.occupy("held").await];
    asked.push(line.wait("plain", &[("authorization", &app)]).await);
    asked.push(line.wait("pushes", &[("authorization", &app), ("x-pointsman-priority", "-1000")]).await);
    asked.push(line.wait("trusted", &[("x-pointsman-priority", "-1")]).await);
    asked.push(line.wait("humble", &[("authorization", &app), ("x-pointsman-priority", "1000")]).await);
    assert_eq!(order(&line, asked).await, ["trusted", "plain", "pushes", "humble"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_routes_priority_counts_unless_a_trusted_client_says_otherwise() {
    let routes = "{name: talk, backend: b, request_priority: -1, samples: [\"Tell me a joke.\"]}, {name: work, backend: \
                  b, request_priority: 10, samples: [\"Debug this segfault trace.\"]}";
    let line = Line::with(|sim| {
        let limits = "max_in_flight: 1, queue: {size: 64, timeout: 1m}";
        let backend = format!("{{name: b, url: \"{}/v1\", model: m, {limits}}}", sim.url);
        format!("backends: [{backend}]\nrouter: {{routes: [{routes}]}}\n{KEYS}")
    });
    let mut asked = vec![line.occupy("held").await];
    for (n, (model, prompt, headers)) in [
        ("auto", "Debug this segfault trace.", &[][..]),
        ("m", "No route, so 0", &[]),
        ("auto", "Tell me a joke.", &[]),
        ("auto", "Debug this segfault trace!", &[("x-pointsman-priority", "-2")]),
        ("auto", "Tell me a joke!", &[("x-pointsman-priority", "20")]),
    ]
    .into_iter()
    .enumerate()
    {
        asked.push(line.ask_over(Speaks::H1, model, prompt, headers));
        line.waiting_becomes(n as u64 + 1).await;
    }
    let expected = [
        "Debug this segfault trace!",
        "Tell me a joke.",
        "No route, so 0",
        "Debug this segfault trace.",
        "Tell me a joke!",
    ];
    assert_eq!(order(&line, asked).await, expected);
}

// === tenants ===

#[tokio::test(flavor = "multi_thread")]
async fn one_request_of_a_tenant_does_not_wait_for_twenty_of_another() {
    let line = Line::start(LONG);
    let mut asked = vec![line.occupy("held").await];
    for n in 0..20 {
        asked.push(line.wait_for("many", &format!("many {n}")).await);
    }
    asked.push(line.wait_for("few", "few").await);
    let order = order(&line, asked).await;
    let at = order.iter().position(|prompt| prompt == "few").unwrap();
    assert!(at <= 1, "served as number {}: {order:?}", at + 1);
    let rest: Vec<_> = order.into_iter().filter(|prompt| prompt != "few").collect();
    assert_eq!(rest, (0..20).map(|n| format!("many {n}")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_take_turns_however_they_came() {
    let line = Line::start(LONG);
    let mut asked = vec![line.occupy("held").await];
    for tenant in ["a", "b", "c"] {
        for n in 0..4 {
            asked.push(line.wait_for(tenant, &format!("{tenant}{n}")).await);
        }
    }
    let order = order(&line, asked).await;
    for (round, prompts) in order.chunks(3).enumerate() {
        let mut prompts = prompts.to_vec();
        prompts.sort_unstable();
        assert_eq!(prompts, ["a", "b", "c"].map(|tenant| format!("{tenant}{round}")), "{order:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_take_turns_on_a_passed_through_path() {
    let gate = Arc::<AtomicBool>::default();
    let opened = gate.clone();
    let peer = Upstream::start(move |_| [vec![Act::Until(opened.clone())], ok()].concat()).await;
    let config = format!("{}{KEYS}", with_peers(&format!("{{url: {:?}}}", peer.url()), LONG));
    let router = Router::start_with(&config, &[("GATE_KEY", GATE), ("APP_KEY", APP)]);
    let ask = |tenant: &str, tag: String| {
        let request = client().post(router.at("/raw")).bearer_auth(GATE).header("x-pointsman-tenant", tenant);
        tokio::spawn(request.body(tag).send())
    };
    let mut asked = vec![ask("c", "held".to_owned())];
    eventually("the first is held", || async { (peer.seen().len() == 1).then_some(()) }).await;
    for tenant in ["a", "b"] {
        for n in 0..4 {
            asked.push(ask(tenant, format!("{tenant}{n}")));
            metric_becomes(&router, "pointsman_queue_waiting{backend=\"b\"}", (asked.len() - 1) as f64).await;
        }
    }
    gate.store(true, Ordering::SeqCst);
    for response in join_all(asked).await {
        assert_eq!(response.unwrap().unwrap().status(), 200);
    }
    let order: Vec<_> = peer.seen().into_iter().map(|seen| String::from_utf8(seen.body).unwrap()).collect();
    assert_eq!(order, ["held", "a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_turns_do_not_outweigh_a_priority() {
    let line = Line::start(LONG);
    let mut asked = vec![line.occupy("held").await];
    let urgent = [("x-pointsman-tenant", "a"), ("x-pointsman-priority", "-1")];
    asked.push(line.wait_for("b", "b").await);
    for n in 0..3 {
        asked.push(line.wait(&format!("a{n}"), &urgent).await);
    }
    assert_eq!(order(&line, asked).await, ["a0", "a1", "a2", "b"]);
}

// === a full queue ===

#[tokio::test(flavor = "multi_thread")]
async fn in_a_full_queue_the_tenant_with_the_most_waiters_makes_room() {
    let line = Line::start("max_in_flight: 1\nqueue: {size: 4, timeout: 1m}");
    let held = line.occupy("held").await;
    let mut many = Vec::new();
    for n in 0..4 {
        many.push(line.wait_for("many", &format!("many {n}")).await);
    }
    // Its own next one displaces nobody.
    line.ask("many 4", &[("x-pointsman-tenant", "many")]).turned_away().await;
    assert_eq!((line.refused("full").await, line.refused("displaced").await), (1.0, 0.0));

    // Four against none, then three against one: the newest goes each time.
    let mut few = Vec::new();
    for n in 0..2 {
        few.push(line.ask(&format!("few {n}"), &[("x-pointsman-tenant", "few")]));
        many.pop().unwrap().turned_away().await;
        assert_eq!(line.refused("displaced").await, f64::from(n + 1));
        line.waiting_becomes(4).await;
    }
    // Two against two.
    line.ask("few 2", &[("x-pointsman-tenant", "few")]).turned_away().await;
    assert_eq!((line.refused("full").await, line.refused("displaced").await), (2.0, 2.0));

    let asked: Vec<_> = [held].into_iter().chain(many).chain(few).collect();
    let mut order = order(&line, asked).await;
    order.sort_unstable();
    assert_eq!(order, ["few 0", "few 1", "many 0", "many 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_full_queue_a_worse_priority_makes_room() {
    let line = Line::start("max_in_flight: 1\nqueue: {size: 2, timeout: 1m}");
    let held = line.occupy("held").await;
    let old = line.wait("old", &[]).await;
    let worse = line.wait("worse", &[("x-pointsman-priority", "5")]).await;
    line.ask("worst", &[("x-pointsman-priority", "6")]).turned_away().await;
    assert_eq!((line.refused("full").await, line.refused("displaced").await), (1.0, 0.0));

    let urgent = line.ask("urgent", &[("x-pointsman-priority", "-5")]);
    worse.turned_away().await;
    assert_eq!((line.refused("full").await, line.refused("displaced").await), (1.0, 1.0));
    line.waiting_becomes(2).await;
    assert_eq!(order(&line, vec![held, old, urgent]).await, ["urgent", "old"]);
}

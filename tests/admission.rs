//! Who is let through to a backend at once, who waits, and what those are told for whom there is no room.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use futures::future::join_all;
use serde_json::{Value, json};
use support::line::{APP, Asked, KEYS, Line, STEPPED};
use support::pool::{all_leases_are_back, chat, client, client_h2, with_peers};
use support::sse::{Speaks, step};
use support::{Child, Router, eventually};

const ONE: &str = "max_in_flight: 1\nretries: 0\nqueue: {size: 64, timeout: 1m}";

// === limits ===

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_never_finds_more_at_a_peer_than_its_limit() {
    for limit in ["max_in_flight: 3", "peer_max_in_flight: 3"] {
        // It has no queue of its own: whoever comes beyond its three slots is refused and counted.
        let sim = Child::sim(&["--max-num-seqs", "3", "--max-queued", "0", "--tokens", "4", "--itl", "2ms"]);
        let settings = format!("{limit}\nretries: 0\nqueue: {{size: 200, timeout: 1m}}");
        let router = Router::start(&with_peers(&format!("{{url: \"{}/v1\"}}", sim.url), &settings));
        let clients = [client(), client_h2()];
        let requests = (0..120).map(|n| {
            let stream = n % 3 == 0;
            let request = clients[n % 2].post(router.at("/v1/chat/completions")).json(&chat(stream));
            async move {
                let response = request.send().await.unwrap();
                let (status, text) = (response.status(), response.text().await.unwrap());
                assert_eq!(status, 200, "{limit}: {text}");
                assert_eq!(text.ends_with("data: [DONE]\n\n"), stream, "{limit}: {text}");
            }
        });
        join_all(requests).await;
        assert_eq!(sim.told("admission_rejections_total").await, 0.0, "{limit}");
        assert!(router.metric("pointsman_queue_seconds_count{backend=\"b\"}").await > 0.0, "{limit}: nobody waited");
        assert_eq!(router.metric("pointsman_queue_waiting{backend=\"b\"}").await, 0.0, "{limit}");
        all_leases_are_back(&router).await;
    }
}

/// Two simulators that finish one answer a step, and so many requests to a router before them.
async fn two_stepped(settings: &str, requests: usize) -> ([Child; 2], Router, Vec<tokio::task::JoinHandle<u16>>) {
    let sims = [Child::sim(&["--fault", STEPPED]), Child::sim(&["--fault", STEPPED])];
    let listed = format!("{{url: \"{}/v1\"}}, {{url: \"{}/v1\"}}", sims[0].url, sims[1].url);
    let router = Router::start(&with_peers(&listed, &format!("{settings}\nqueue: {{size: 64, timeout: 1m}}")));
    support::pool::health_becomes(&router, &["up", "up"]).await;
    let ask = |_| {
        let request = client().post(router.at("/v1/chat/completions")).json(&chat(false));
        tokio::spawn(async move { request.send().await.unwrap().status().as_u16() })
    };
    let asked = (0..requests).map(ask).collect();
    (sims, router, asked)
}

/// Waits until so many requests wait, and so many have reached each simulator.
async fn stands(router: &Router, sims: &[Child; 2], waiting: f64, reached: impl Fn([u64; 2]) -> bool) {
    let probe = || async {
        let seen = [sims[0].total_seen().await, sims[1].total_seen().await];
        let waits = router.metric("pointsman_queue_waiting{backend=\"b\"}").await;
        (waits == waiting && reached(seen)).then_some(())
    };
    eventually(&format!("{waiting} waiting"), probe).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backends_limit_counts_the_requests_of_all_its_peers() {
    let (sims, router, asked) = two_stepped("max_in_flight: 3", 8).await;
    stands(&router, &sims, 5.0, |[a, b]| a + b == 3 && a > 0 && b > 0).await;
    assert_eq!(router.shown("/backends").await[0]["in_flight"], 3);
    step(&sims[0]).await;
    stands(&router, &sims, 4.0, |[a, b]| a + b == 4).await;
    for sim in &sims {
        client().post(sim.at("/sim/step?n=8")).send().await.unwrap();
    }
    assert!(join_all(asked).await.into_iter().all(|status| status.unwrap() == 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_becomes_free_at_one_peer_is_taken_there_by_a_waiter() {
    let (sims, router, asked) = two_stepped("peer_max_in_flight: 2", 7).await;
    stands(&router, &sims, 3.0, |seen| seen == [2, 2]).await;
    step(&sims[1]).await;
    stands(&router, &sims, 2.0, |seen| seen == [2, 3]).await;
    step(&sims[1]).await;
    stands(&router, &sims, 1.0, |seen| seen == [2, 4]).await;
    step(&sims[0]).await;
    stands(&router, &sims, 0.0, |seen| seen == [3, 4]).await;
    for sim in &sims {
        client().post(sim.at("/sim/step?n=8")).send().await.unwrap();
    }
    assert!(join_all(asked).await.into_iter().all(|status| status.unwrap() == 200));
}

// === no room ===

#[tokio::test(flavor = "multi_thread")]
async fn who_finds_the_queue_full_is_told_when_to_come_back() {
    for size in [0, 2] {
        let line = Line::start(&format!("max_in_flight: 1\nqueue: {{size: {size}, timeout: 1m}}"));
        let held = line.occupy("held").await;
        let mut waiting = Vec::new();
        for n in 0..size {
            waiting.push(line.wait(&format!("w{n}"), &[]).await);
        }
        let shown = line.shown().await;
        assert_eq!(shown["queue"], json!({ "waiting": size, "size": size }));
        for speaks in support::sse::BOTH {
            line.ask_over(speaks, "m", "late", &[]).turned_away().await;
        }
        assert_eq!(line.refused("full").await, 2.0, "size {size}");
        assert_eq!(line.serve(1 + size).await, ["held", "w0", "w1"][..=size as usize]);
        for asked in waiting.into_iter().chain([held]) {
            asked.served().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_longer_than_the_queue_allows_is_told_when_to_come_back() {
    let line = Line::start("max_in_flight: 1\nqueue: {size: 8, timeout: 300ms}");
    let held = line.occupy("held").await;
    let late: Vec<Asked> = (0..3).map(|n| line.ask(&format!("late {n}"), &[])).collect();
    for asked in late {
        asked.turned_away().await;
    }
    assert_eq!((line.refused("timeout").await, line.refused("full").await), (3.0, 0.0));
    line.waiting_becomes(0).await;
    assert_eq!(line.serve(1).await, ["held"], "nobody who was turned away reaches the backend");
    held.served().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_leads_to_the_routes_next_backend() {
    let spare = Child::sim(&["--model", "spare-model"]);
    let line = Line::with(|sim| {
        let backends = format!(
            "  - {{name: b, url: \"{}/v1\", model: m, max_in_flight: 1, queue: {{size: 1, timeout: 1m}}}}\n  - {{name: \
             spare, url: \"{}/v1\", model: spare-model}}\n",
            sim.url, spare.url
        );
        let route = "{name: r, backends: [b, spare], samples: [\"Tell me a joke.\"]}";
        format!("backends:\n{backends}router: {{routes: [{route}]}}\n{KEYS}")
    });
    let held = line.occupy("held").await;
    let waiting = line.wait("waits", &[]).await;
    let told = line.ask_over(Speaks::H1, "auto", "Tell me a joke.", &[]).told().await;
    assert_eq!((told.status, told.backend.as_str()), (200, "spare"));
    assert_eq!(line.router.metric("pointsman_fallbacks_total{backend=\"b\"}").await, 1.0);
    // Who asked for this very model waits or is turned away.
    line.ask("direct", &[]).turned_away().await;
    line.serve(2).await;
    held.served().await;
    waiting.served().await;
}

// === clients that leave ===

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_the_queue_gives_up_the_place_at_once() {
    for speaks in support::sse::BOTH {
        let line = Line::start("max_in_flight: 1\nqueue: {size: 2, timeout: 1m}");
        let held = line.occupy("held").await;
        let leaves = line.ask_over(speaks, "m", "leaves", &[]);
        line.waiting_becomes(1).await;
        let stays = line.wait("stays", &[]).await;
        leaves.leave();
        line.waiting_becomes(1).await;
        let follows = line.wait("follows", &[]).await;
        assert_eq!(line.serve(3).await, ["held", "stays", "follows"], "{speaks:?}");
        for asked in [held, stays, follows] {
            asked.served().await;
        }
        all_leases_are_back(&line.router).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_held_by_who_leaves_goes_to_the_next_one() {
    let line = Line::start(ONE);
    let held = line.occupy("held").await;
    let waits = line.wait("waits", &[]).await;
    held.leave();
    line.reached(2).await;
    line.waiting_becomes(0).await;
    // The one that left must be gone there too, or it would take the step.
    eventually("the end of what was held", || async { line.sim.seen().await[0].aborted().then_some(()) }).await;
    step(&line.sim).await;
    waits.served().await;
    all_leases_are_back(&line.router).await;
}

// === reloads ===

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_keeps_the_count_and_the_waiters() {
    let line = Line::start(ONE);
    let held = line.occupy("held").await;
    let mut asked = vec![held, line.wait("w0", &[]).await, line.wait("w1", &[]).await];
    line.router.change_to(&Line::config(&line.sim, &ONE.replace("retries: 0", "retries: 1"))).await;
    let counts = |shown: Value| (shown["in_flight"].clone(), shown["queue"]["waiting"].clone());
    assert_eq!(counts(line.shown().await), (json!(1), json!(2)));
    // Who comes by the new config stands behind those who came by the old one.
    asked.push(line.wait("w2", &[]).await);
    assert_eq!(counts(line.shown().await), (json!(1), json!(3)));
    assert_eq!(line.sim.total_seen().await, 1);
    assert_eq!(line.serve(4).await, ["held", "w0", "w1", "w2"]);
    for asked in asked {
        asked.served().await;
    }
    all_leases_are_back(&line.router).await;
    assert_eq!(counts(line.shown().await), (json!(0), json!(0)));
}

// === the priority that goes on ===

#[tokio::test(flavor = "multi_thread")]
async fn the_priority_goes_upstream_only_if_configured_and_replaces_the_clients_own() {
    let samples = "routes: [{name: r, backend: b, request_priority: 7, samples: [\"Tell me a joke.\"]}]";
    for forward in [true, false] {
        let line = Line::with(|sim| {
            let more = if forward { ", forward_priority: true" } else { "" };
            format!("backends: [{{name: b, url: \"{}/v1\", model: m{more}}}]\nrouter: {{{samples}}}\n{KEYS}", sim.url)
        });
        client().delete(line.sim.at("/sim/fault")).send().await.unwrap();
        let app = format!("Bearer {APP}");
        let gate = format!("Bearer {}", support::line::GATE);
        for (model, key, header, own, expected) in [
            ("auto", &app, None, None, 7),
            ("auto", &app, None, Some(-1000), 7),
            ("auto", &app, Some("-5"), None, 7),
            ("auto", &gate, Some("-5"), None, -5),
            ("auto", &gate, Some("-5"), Some(3), -5),
            ("m", &app, Some("-5"), Some(-1000), 0),
            ("m", &gate, Some("12"), None, 12),
        ] {
            let mut body =
                json!({ "model": model, "messages": [{ "role": "user", "content": "Tell me a joke." }], "top_k": 5 });
            own.into_iter().for_each(|own| body["priority"] = json!(own));
            let request = client().post(line.router.at("/v1/chat/completions")).header("authorization", key);
            let request = header.into_iter().fold(request, |r, value| r.header("x-pointsman-priority", value));
            let case = format!("{forward} {model} {key} {header:?} {own:?}");
            assert_eq!(request.json(&body).send().await.unwrap().status(), 200, "{case}");

            let seen = line.sim.last_seen().await;
            assert!(seen.header("x-pointsman-priority").is_empty(), "{case}");
            body["model"] = json!("m");
            if forward {
                body["priority"] = json!(expected);
            }
            assert_eq!(serde_json::from_str::<Value>(seen.body()).unwrap(), body, "{case}: {}", seen.body());
            let times = seen.body().matches("\"priority\"").count();
            assert_eq!(times, usize::from(forward || own.is_some()), "{case}: {}", seen.body());
        }
    }
}

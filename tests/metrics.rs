//! The metrics tell what happened, and nothing that a client says becomes a label.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::collections::BTreeSet;

use futures::future::join_all;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use support::exposition::Exposition;
use support::sse::{BOTH, Speaks, chat};
use support::{Child, Router, eventually};

const CHAT: &str = "/v1/chat/completions";
const REQUESTS: &str = "pointsman_requests_total";
const FAILURES: &str = "pointsman_failures_total";

async fn ask(router: &Router, more: Value, fault: &str) -> u16 {
    let request = Client::new().post(router.at(CHAT)).json(&chat(more));
    let request = if fault.is_empty() { request } else { request.header("x-sim-fault", fault) };
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let _ = response.bytes().await;
    status
}

/// Waits until what was asked is recorded, which may be a moment after the client has its answer.
async fn scraped(router: &Router, requests: f64) -> Exposition {
    let probe = || async {
        let metrics = Exposition::of(router).await;
        (metrics.value(REQUESTS, &[]) >= requests).then_some(metrics)
    };
    eventually(&format!("{requests} requests"), probe).await
}

#[tokio::test]
async fn requests_are_counted_by_route_backend_and_status_class() {
    let sim = Child::sim(&[]);
    let router = Router::start(&format!(
        "backends:\n  - {{name: b, url: \"{}/v1\", model: m}}\n  - {{name: dead, url: \"http://127.0.0.1:1/v1\", model: n}}\nrouter: \
         {{mode: \"off\", passthrough: [{{path: /v1/x, backend: b}}]}}\n",
        sim.url
    ));
    let status = |status: u16| json!({ "kind": "status", "status": status }).to_string();
    for (more, fault, expected) in [
        (json!({}), String::new(), 200),
        (json!({ "model": "m" }), String::new(), 200),
        (json!({ "model": "b", "stream": true }), String::new(), 200),
        (json!({}), status(400), 400),
        (json!({}), status(500), 500),
        (json!({}), r#"{"kind":"cut"}"#.into(), 502),
        (json!({ "model": "dead" }), String::new(), 503),
        (json!({ "model": "unknown" }), String::new(), 404),
    ] {
        assert_eq!(ask(&router, more.clone(), &fault).await, expected, "{more} {fault}");
    }
    for (method, path) in
        [(Method::GET, "/v1/x"), (Method::GET, "/nowhere"), (Method::DELETE, CHAT), (Method::GET, "/health")]
    {
        Client::new().request(method, router.at(path)).send().await.unwrap();
    }
    // One that leaves before there is an answer.
    let before = sim.total_seen().await;
    let asking = tokio::spawn({
        let request = Client::new().post(router.at(CHAT)).header("x-sim-fault", r#"{"kind":"hang"}"#);
        request.json(&chat(json!({ "model": "m" }))).send()
    });
    eventually("the last", || async { (sim.total_seen().await > before).then_some(()) }).await;
    asking.abort();

    let metrics = scraped(&router, 13.0).await;
    let counted: Vec<(String, f64)> = metrics
        .all(REQUESTS, &[])
        .map(|sample| {
            let label = |name: &str| sample.labels[name].clone();
            (format!("{} {} {}", label("route"), label("backend"), label("status")), sample.value)
        })
        .collect();
    let expected = [
        ("default b 2xx", 1.0),
        ("default b 4xx", 1.0),
        ("default b 5xx", 2.0),
        ("direct b 0xx", 1.0),
        ("direct b 2xx", 2.0),
        ("direct dead 5xx", 1.0),
        ("none none 2xx", 1.0),
        ("none none 4xx", 3.0),
        ("passthrough b 4xx", 1.0),
    ];
    let counted: BTreeSet<String> = counted.into_iter().map(|(labels, count)| format!("{labels}: {count}")).collect();
    assert_eq!(counted, expected.iter().map(|(labels, count)| format!("{labels}: {count}")).collect());
    let failures: BTreeSet<String> =
        metrics.all(FAILURES, &[]).map(|sample| format!("{}: {}", sample.labels["reason"], sample.value)).collect();
    let expected = ["method_not_allowed", "model_not_found", "no_healthy_peer", "unknown_path", "upstream_failed"];
    assert_eq!(failures, expected.iter().map(|reason| format!("{reason}: 1")).collect());
}

#[tokio::test]
async fn times_are_told_in_buckets_from_50_microseconds_to_300_seconds() {
    let sim = Child::sim(&[]);
    let router = Router::start(&format!(
        "backends: [{{name: b, url: \"{}/v1\", model: m}}]\nrouter: {{routes: [{{name: r, backend: b, samples: [\"Hello\"]}}]}}\n",
        sim.url
    ));
    // A head that is late, a whole answer that is, and one that is not.
    assert_eq!(ask(&router, json!({ "stream": true }), r#"{"kind":"slow","delay":"300ms"}"#).await, 200);
    assert_eq!(ask(&router, json!({ "stream": true }), r#"{"kind":"late-token","delay":"400ms"}"#).await, 200);
    assert_eq!(ask(&router, json!({ "model": "m" }), "").await, 200);
    assert_eq!(ask(&router, json!({ "model": "unknown" }), "").await, 404);
    let metrics = scraped(&router, 4.0).await;
    let bounds = [
        5e-5,
        1e-4,
        2.5e-4,
        5e-4,
        1e-3,
        2.5e-3,
        5e-3,
        1e-2,
        2.5e-2,
        5e-2,
        0.1,
        0.25,
        0.5,
        1.0,
        2.5,
        5.0,
        10.0,
        30.0,
        60.0,
        120.0,
        300.0,
        f64::INFINITY,
    ];
    // (family, labels, how many, no less than in all, of which at least this many took 250 ms or more)
    for (family, labels, count, sum, slow) in [
        ("decision_seconds", [].as_slice(), 3.0, 0.0, 0.0),
        ("embedding_seconds", [].as_slice(), 2.0, 0.0, 0.0),
        ("time_to_first_byte_seconds", [("backend", "b")].as_slice(), 3.0, 0.3, 1.0),
        ("request_seconds", [("backend", "b")].as_slice(), 3.0, 0.7, 2.0),
    ] {
        let name = |part: &str| format!("pointsman_{family}_{part}");
        assert_eq!(metrics.value(&name("count"), labels), count, "{family}");
        assert!(metrics.value(&name("sum"), labels) >= sum, "{family}");
        let buckets: Vec<(f64, f64)> = metrics
            .all(&name("bucket"), labels)
            .map(|sample| (sample.labels["le"].replace("+Inf", "inf").parse().unwrap(), sample.value))
            .collect();
        assert_eq!(buckets.iter().map(|(bound, _)| *bound).collect::<Vec<_>>(), bounds, "{family}");
        assert!(buckets.is_sorted_by_key(|(_, count)| *count), "{family}: {buckets:?}");
        assert_eq!(buckets.last().unwrap().1, count, "{family}");
        let quick = buckets.iter().find(|(bound, _)| *bound == 0.25).unwrap().1;
        assert!(count - quick >= slow, "{family}: {buckets:?}");
    }
}

#[tokio::test]
async fn leases_health_and_peers_are_told_as_they_are() {
    let sims = [Child::sim(&[]), Child::sim(&[])];
    let router = Router::start(&format!(
        "backends:\n  - {{name: b, model: m, peers: [{{url: \"{}/v1\"}}, {{url: \"{}/v1\"}}, {{url: \"http://127.0.0.1:1/v1\"}}]}}\n  - \
         {{name: lost, url: \"http://no-such-host.invalid/v1\", model: n}}\nrouter: {{mode: \"off\"}}\n",
        sims[0].url, sims[1].url
    ));
    let clients: Vec<_> = (0..3).map(|_| Speaks::H1.client()).collect();
    let stall = |client: &Client| {
        client
            .post(router.at(CHAT))
            .header("x-sim-fault", r#"{"kind":"stall","after":1}"#)
            .json(&chat(json!({ "stream": true })))
            .send()
    };
    let running = join_all(clients.iter().map(stall)).await;
    assert!(running.iter().all(|response| response.as_ref().unwrap().status() == 200));
    let metrics = Exposition::of(&router).await;
    let gauge = |name: &str, labels: &[(&str, &str)]| metrics.value(&format!("pointsman_{name}"), labels);
    assert_eq!(gauge("requests_in_flight", &[]), 3.0);
    assert_eq!(gauge("peer_leases", &[("backend", "b")]), 3.0);
    for (address, up) in [(sims[0].address(), 1.0), (sims[1].address(), 1.0), ("127.0.0.1:1", 0.0)] {
        let labels = [("backend", "b"), ("peer", address)];
        assert_eq!(gauge("peer_up", &labels), up, "{address}");
        let leases = gauge("peer_leases", &labels);
        assert!(if up == 1.0 { (1.0..=2.0).contains(&leases) } else { leases == 0.0 }, "{address}: {leases}");
    }
    for (backend, state, count) in [("b", "up", 2.0), ("b", "down", 1.0), ("b", "unknown", 0.0), ("lost", "up", 0.0)] {
        let labels = [("backend", backend), ("state", state)];
        assert_eq!(metrics.all("pointsman_peers", &labels).count(), 1, "{backend} {state}");
        assert_eq!(gauge("peers", &labels), count, "{backend} {state}");
    }
    drop(running);
    drop(clients);
    let given_back =
        || async { (Exposition::of(&router).await.value("pointsman_peer_leases", &[]) == 0.0).then_some(()) };
    eventually("the leases back", given_back).await;
}

#[tokio::test]
async fn retries_are_counted_by_backend_and_reason() {
    let sims = [Child::sim(&[]), Child::sim(&[])];
    let router = Router::start(&format!(
        "backends: [{{name: b, model: m, peers: [{{url: \"{}/v1\"}}, {{url: \"{}/v1\"}}]}}]\nrouter: {{mode: \"off\"}}\n",
        sims[0].url, sims[1].url
    ));
    // Both are struck once, whichever is asked first; the second answers as it can.
    let fault = r#"{"kind":"status","status":503}"#;
    assert_eq!(ask(&router, json!({}), fault).await, 503);
    let metrics = scraped(&router, 1.0).await;
    assert_eq!(metrics.value("pointsman_retries_total", &[("backend", "b"), ("reason", "status")]), 1.0);
    assert_eq!(metrics.value("pointsman_retries_total", &[]), 1.0);
    assert_eq!(metrics.value(REQUESTS, &[]), 1.0, "an attempt is no request");
}

#[tokio::test]
async fn scrapes_at_the_same_time_do_not_disturb_each_other() {
    let backends: String =
        (0..60).map(|n| format!("  - {{name: b{n}, url: \"http://127.0.0.1:1/p{n}/v1\", model: m{n}}}\n")).collect();
    let router = Router::start(&format!("backends:\n{backends}router: {{mode: \"off\"}}\n"));
    let client = Client::new();
    let scrape = || async {
        for _ in 0..15 {
            let text = client.get(router.admin("/metrics")).send().await.unwrap().text().await.unwrap();
            assert_eq!(text.matches("pointsman_peer_up{").count(), 60);
            assert_eq!(text.matches("pointsman_peer_leases{").count(), 60);
            let down = text.lines().filter(|line| line.starts_with("pointsman_peers{") && line.contains("\"down\""));
            assert!(down.clone().count() == 60 && down.clone().all(|line| line.ends_with(" 1")), "{text}");
        }
    };
    join_all((0..8).map(|_| scrape())).await;
}

#[tokio::test]
async fn nothing_that_a_client_says_becomes_a_label() {
    let sim = Child::sim(&[]);
    let router = Router::start(&format!(
        "backends: [{{name: b, url: \"{}/v1\", model: m}}]\nrouter: {{mode: \"off\", passthrough: [{{path: \"/v1/x/*\", backend: b}}]}}\n",
        sim.url
    ));
    let weird = ["weird\"} 1", "weird\nline", "weird\\", "weird{a=\"b\"}", "weird-🦀", &"weird".repeat(2000)];
    for speaks in BOTH {
        let client = speaks.client();
        for word in weird {
            let body = json!({ "model": word, "messages": [{ "role": "user", "content": word }], "user": word });
            assert_eq!(client.post(router.at(CHAT)).json(&body).send().await.unwrap().status(), 404);
            let _ = client
                .post(router.at(CHAT))
                .json(&chat(json!({ "user": word, "cache_salt": word })))
                .send()
                .await
                .unwrap();
        }
        for path in
            ["/weird", "/v1/weird", "/v1/x/weird", "/v1/chat/completions/weird", "/weird%22%7D", "/health?weird=1"]
        {
            let request =
                client.post(router.at(path)).header("x-request-id", "weird-id").header("user-agent", "weird/1");
            let request = request.header("x-pointsman-tenant", "weird").header("x-pointsman-route", "weird");
            request.bearer_auth("weird").body("{}").send().await.unwrap();
            let method = Method::from_bytes(b"WEIRD").unwrap();
            client.request(method, router.at(path)).send().await.unwrap();
        }
    }
    let metrics = scraped(&router, 48.0).await;
    assert!(!metrics.text.to_lowercase().contains("weird"), "{}", metrics.text);
    let mut values = BTreeSet::new();
    for sample in metrics.samples.iter().filter(|sample| !sample.labels.contains_key("le")) {
        values.extend(sample.labels.values().map(String::as_str));
    }
    let known = [
        "b",
        "m",
        "none",
        "default",
        "direct",
        "passthrough",
        "0xx",
        "2xx",
        "4xx",
        "5xx",
        "up",
        "down",
        "unknown",
        "success",
        "neutral",
        "backpressure",
        "fault",
        "full",
        "timeout",
        "displaced",
        "prompt",
        "completion",
        sim.address(),
        "model_not_found",
        "unknown_path",
        "method_not_allowed",
        "invalid_request",
        "body_incomplete",
        "off",
    ];
    let strange: Vec<_> = values.into_iter().filter(|value| !known.contains(value)).collect();
    assert!(strange.is_empty(), "{strange:?}");
}

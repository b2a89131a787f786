//! Two hundred reloads while requests and streams run: none fails, and nothing piles up.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use support::sse::{BOTH, Speaks, chat, completion};
use support::{Child, Router, eventually};

const RELOADS: &str = "pointsman_config_reloads_total";

/// Clients that ask without a pause until they are told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    workers: Vec<tokio::task::JoinHandle<()>>,
}

// === impl Load ===

impl Load {
    fn start(router: &Router) -> Self {
        let mut load = Self { stop: Arc::default(), answered: Arc::default(), workers: Vec::new() };
        for speaks in BOTH {
            for stream in [false, true, true] {
                let (stop, answered, url) = (load.stop.clone(), load.answered.clone(), router.url.clone());
                load.workers.push(tokio::spawn(async move {
                    let client = speaks.client();
                    while !stop.load(Ordering::Relaxed) {
                        ask(&client, speaks, &url, stream).await;
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                }));
            }
        }
        load
    }

    /// Answers so far; fails if any request did.
    fn answered(&self) -> usize {
        assert!(!self.workers.iter().any(|worker| worker.is_finished()), "a request failed");
        self.answered.load(Ordering::Relaxed)
    }

    async fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        for worker in self.workers {
            worker.await.expect("no request failed");
        }
        self.answered.load(Ordering::Relaxed)
    }
}

/// Asks once. The answer must be whole, from a backend of either config.
async fn ask(client: &reqwest::Client, speaks: Speaks, url: &str, stream: bool) {
    let more = json!({ "stream": stream, "max_tokens": if stream { 30 } else { 2 } });
    let (path, body) = if stream { ("chat/completions", chat(more)) } else { ("completions", completion(more)) };
    let response = client.post(format!("{url}/v1/{path}")).json(&body).send().await;
    let response = response.unwrap_or_else(|error| panic!("{speaks:?} {stream}: {error:?}"));
    let (status, backend) = (response.status(), response.headers().get("x-pointsman-backend").cloned());
    let name = response.headers().get("x-sim-name").cloned();
    let text = response.text().await.unwrap_or_else(|error| panic!("{speaks:?} {stream}: {error:?}"));
    assert_eq!(status, 200, "{text}");
    assert_eq!(name, backend, "the backend that is named answered");
    match stream {
        true => {
            assert!(text.ends_with("data: [DONE]\n\n") && !text.contains("\"error\""), "{text}");
            assert_eq!(text.matches("data: ").count(), 32, "{text}");
        }
        false => assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}"),
    }
}

/// A config in which everything that may change without a restart differs from the next one's.
fn config(nth: usize, left: &Child, right: &Child) -> String {
    let (name, sim, other) = if nth.is_multiple_of(2) { ("left", left, "right") } else { ("right", right, "left") };
    let peer = if other == "left" { left } else { right };
    let more = [
        "",
        ", retries: 5",
        ", timeouts: {first_byte: 20s}",
        ", health: {interval: 100ms}",
        ", resolve_interval: 1s, forward_auth: true",
    ][nth % 5];
    format!(
        "backends:\n  - {{name: {name}, url: \"{}/v1\", model: m{more}}}\n  - {{name: {other}, url: \"{}/v1\", model: n{}}}\n\
         router: {{mode: \"off\", default_backend: {name}, aliases: [auto, \"{nth}\"]}}\n",
        sim.url,
        peer.url,
        nth % 3,
    )
}

/// Reloads for the `nth` time, each time in another way; once it returns, the config is in force.
async fn reload(router: &Router, nth: usize, config: &str) {
    // Two in twenty wait for the watcher, which waits for the file to come to rest.
    match nth % 20 {
        0 => router.rewrite(config),
        10 => router.rename_over(config),
        way if way % 2 == 0 => {
            router.rename_over(config);
            router.signal("HUP");
        }
        _ => return router.change_to(config).await,
    }
    let applied =
        || async { (router.shown("/config").await["router"]["aliases"][1] == json!(nth.to_string())).then_some(()) };
    eventually(&format!("reload {nth}"), applied).await;
}

/// Resident memory in KiB, and threads.
fn size(router: &Router) -> (usize, usize) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", router.id())).unwrap();
    let value = |key: &str| {
        let line = status.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    (value("VmRSS:"), value("Threads:"))
}

fn descriptors(router: &Router) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", router.id())).unwrap().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_reloads_fail_no_request_and_leak_nothing() {
    let sim = |name: &str| {
        let models = ["--model", "n0", "--model", "n1", "--model", "n2"];
        Child::sim(&[&["--name", name, "--itl", "1ms"], models.as_slice()].concat())
    };
    let (left, right) = (sim("left"), sim("right"));
    let router = Router::start(&config(0, &left, &right));
    let load = Load::start(&router);
    let mut early = (0, 0);
    for nth in 1..=200 {
        reload(&router, nth, &config(nth, &left, &right)).await;
        load.answered();
        if nth == 50 {
            early = size(&router);
        }
    }
    let (memory, threads) = size(&router);

    let descriptors_busy = descriptors(&router);
    let answered = load.end().await;
    assert!(answered > 100, "only {answered} requests ran meanwhile");
    assert!(router.metric(RELOADS).await >= 200.0);
    for reason in ["upstream_failed", "upstream_timeout", "no_healthy_peer", "internal_error"] {
        assert_eq!(router.metric(&format!("pointsman_failures_total{{reason=\"{reason}\"}}")).await, 0.0, "{reason}");
    }
    assert!(memory < early.0 + early.0 / 3 + (20 << 10), "{} KiB after 50 reloads, {memory} after 200", early.0);
    // The pool for blocking work grows and shrinks.
    assert!(threads < early.1 + 30, "{} threads after 50 reloads, {threads} after 200", early.1);
    assert!(descriptors_busy < 150, "{descriptors_busy} descriptors");
    let idle = || async { (router.metric("pointsman_requests_in_flight").await == 0.0).then_some(()) };
    eventually("all is done", idle).await;
}

#[tokio::test]
async fn an_encoder_that_is_no_longer_asked_for_gives_its_threads_back() {
    let sim = Child::sim(&[]);
    let with = |router: &str| format!("backends: [{{name: b, url: \"{}/v1\", model: m}}]\n{router}", sim.url);
    let off = with("router: {mode: \"off\"}\n");
    let routes = "router: {routes: [{name: r, backend: b, samples: [\"Hello\"]}]}\nembedding: {threads: 8}\n";
    let router = Router::start(&off);
    let without = size(&router).1;
    for round in 0..3 {
        router.change_to(&with(routes)).await;
        assert!(size(&router).1 >= without + 6, "round {round}");
        router.change_to(&off).await;
        // Less than two encoders' worth: what is left may be the pool for blocking work.
        let back = || async { (size(&router).1 < without + 6).then_some(()) };
        eventually("the threads back", back).await;
    }
}

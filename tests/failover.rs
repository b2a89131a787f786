//! Peers that die and peers that are restarted, under load: no client notices.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Client;
use serde_json::Value;
use support::exposition::Exposition;
use support::pool::{
    all_leases_are_back, chat, client, client_h2, entry_becomes, header, health_becomes, tell_peer, with_peers,
};
use support::{Child, Router, eventually};
use tokio::task::{JoinHandle, JoinSet};

const NAMES: [&str; 3] = ["first", "second", "third"];

/// Three simulators, each of which keeps its address when it is started again.
struct Fleet {
    sims: Vec<Child>,
    router: Router,
}

// === impl Fleet ===

impl Fleet {
    /// Whose peers take their whole share as soon as they are back.
    async fn start() -> Self {
        let sims: Vec<Child> =
            NAMES.iter().map(|name| sim(name, &format!("127.0.0.1:{}", support::free_port()))).collect();
        let listed: Vec<_> = sims.iter().map(|sim| format!("{{url: \"{}/v1\"}}", sim.url)).collect();
        let settings = "health: {interval: 250ms, timeout: 5s, fall: 2, rise: 1}\nslow_start: 0";
        let router = Router::start(&with_peers(&listed.join(", "), settings));
        health_becomes(&router, &["up"; 3]).await;
        Self { sims, router }
    }

    /// Kills one, as by SIGKILL.
    fn kill(&mut self, nth: usize) {
        self.sims[nth].signal("KILL");
        self.sims[nth].wait();
    }

    /// Starts one again that was killed.
    fn start_again(&mut self, nth: usize) {
        let address = self.sims[nth].address().to_owned();
        self.sims[nth] = sim(NAMES[nth], &address);
    }

    /// Fails the test if any client was told of a failure.
    async fn is_well(&self) {
        let metrics = Exposition::of(&self.router).await;
        let failures: Vec<_> =
            metrics.all("pointsman_failures_total", &[]).filter(|sample| sample.value > 0.0).collect();
        assert!(failures.is_empty(), "{failures:?}");
        assert_eq!(metrics.value("pointsman_broken_streams_total", &[]), 0.0);
        all_leases_are_back(&self.router).await;
    }
}

fn sim(name: &str, address: &str) -> Child {
    Child::sim(&[
        "--name", name, "--listen", address, "--ttft", "10ms", "--itl", "5ms", "--tokens", "8", "--record", "0",
    ])
}

/// Asks once and reads the whole answer, which must be right. Returns who answered.
async fn ask(client: &Client, url: &str, stream: bool) -> Result<String, String> {
    let response = client.post(url).json(&chat(stream)).send().await.map_err(|error| format!("{error:?}"))?;
    let (status, name) = (response.status(), header(&response, "x-sim-name").to_owned());
    let text = response.text().await.map_err(|error| format!("{status} by {name}: {error:?}"))?;
    let is_whole = match stream {
        true => text.ends_with("data: [DONE]\n\n") && !text.contains("\"error\""),
        false => serde_json::from_str::<Value>(&text).is_ok_and(|body| body["choices"].is_array()),
    };
    if status == 200 && is_whole { Ok(name) } else { Err(format!("{status} by {name}: {text}")) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_is_killed_under_load_costs_no_client_an_error() {
    const REQUESTS: usize = 1200;
    let mut fleet = Fleet::start().await;
    let (url, client) = (fleet.router.at("/v1/chat/completions"), Client::new());
    // Two hundred a second, whatever becomes of those before.
    let mut clock = tokio::time::interval(Duration::from_millis(5));
    let mut requests = JoinSet::new();
    for nth in 0..REQUESTS {
        clock.tick().await;
        if nth == REQUESTS / 3 {
            fleet.kill(1);
        }
        let (client, url) = (client.clone(), url.clone());
        requests.spawn(async move { (nth, ask(&client, &url, false).await) });
    }
    let (mut served, mut failed) = (BTreeMap::<String, usize>::new(), Vec::new());
    while let Some(asked) = requests.join_next().await {
        match asked.unwrap() {
            (_, Ok(name)) => *served.entry(name).or_default() += 1,
            (nth, Err(error)) => failed.push(format!("{nth}: {error}")),
        }
    }
    assert!(failed.is_empty(), "{} of {REQUESTS} failed, such as {:?}", failed.len(), failed.first());
    // It took its part before, and was missed.
    assert!(served["second"] >= REQUESTS / 12, "{served:?}");
    let metrics = Exposition::of(&fleet.router).await;
    assert!(metrics.value("pointsman_retries_total", &[("backend", "b")]) > 0.0);
    fleet.is_well().await;

    fleet.start_again(1);
    let back = || async { (ask(&client, &url, false).await.unwrap() == "second").then_some(()) };
    eventually("the killed peer in service again", back).await;
}

/// Clients that ask without a pause, one after the other, until they are told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<[AtomicUsize; 2]>,
    workers: Vec<JoinHandle<Result<(), String>>>,
}

// === impl Load ===

impl Load {
    fn start(router: &Router) -> Self {
        let mut load = Self { stop: Arc::default(), answered: Arc::default(), workers: Vec::new() };
        let url = router.at("/v1/chat/completions");
        for nth in 0..8 {
            let (stop, answered, url) = (load.stop.clone(), load.answered.clone(), url.clone());
            let (client, stream) = (if nth % 4 < 2 { client() } else { client_h2() }, nth % 2 == 0);
            load.workers.push(tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    ask(&client, &url, stream).await?;
                    answered[usize::from(stream)].fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            }));
        }
        load
    }

    /// Waits until more answers and more streams have been read.
    async fn goes_on(&self) {
        let counts = || [0, 1].map(|kind: usize| self.answered[kind].load(Ordering::Relaxed));
        let before = counts();
        let more = || async { counts().iter().zip(before).all(|(now, then)| *now >= then + 10).then_some(()) };
        eventually("further answers", more).await;
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for worker in self.workers {
            worker.await.unwrap().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarting_all_peers_one_after_the_other_costs_no_client_an_error_or_a_stream() {
    let mut fleet = Fleet::start().await;
    let load = Load::start(&fleet.router);
    load.goes_on().await;
    for nth in 0..NAMES.len() {
        let address = fleet.sims[nth].address().to_owned();
        assert_eq!(tell_peer(&fleet.router, &address, "drain").await.0, 200);
        entry_becomes(&fleet.router, &address, "leases", 0).await;
        // While it is down, nothing is missed.
        fleet.kill(nth);
        load.goes_on().await;
        entry_becomes(&fleet.router, &address, "health", "down").await;
        fleet.start_again(nth);
        entry_becomes(&fleet.router, &address, "health", "up").await;
        assert_eq!(fleet.sims[nth].told("prompt_tokens_total").await, 0.0, "a request to a peer that is drained");
        assert_eq!(tell_peer(&fleet.router, &address, "resume").await.0, 200);
        let serves = || async { (fleet.sims[nth].told("prompt_tokens_total").await > 0.0).then_some(()) };
        eventually("the restarted peer in service", serves).await;
        load.goes_on().await;
    }
    load.end().await;
    // Connections that a dead process leaves behind are the one thing that may be found out by trying.
    let metrics = Exposition::of(&fleet.router).await;
    let retries =
        metrics.all("pointsman_retries_total", &[]).filter(|sample| sample.labels["reason"] != "stale_connection");
    assert_eq!(retries.map(|sample| sample.value).sum::<f64>(), 0.0, "a request met a peer that was drained");
    fleet.is_well().await;
}

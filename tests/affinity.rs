//! The other two ways to balance: a conversation stays where its beginning is cached, and peers in turns.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use support::line::STEPPED;
use support::pool::{client, header, health_becomes, hold, leases_become, occupy, occupy_with, peers, with_peers};
use support::upstream::{Upstream, ok};
use support::{Child, Router, eventually};

const AFFINE: &str = "balance: prefix_affinity\nmetrics: {interval: 0}\nslow_start: 0";

const NAMES: [&str; 3] = ["first", "second", "third"];

/// Three simulators and a router.
struct Trio {
    sims: Vec<Child>,
    router: Router,
}

// === impl Trio ===

impl Trio {
    async fn start(settings: &str, more: &[&str]) -> Self {
        let sims: Vec<Child> = NAMES.iter().map(|name| Child::sim(&[&["--name", name], more].concat())).collect();
        let listed: Vec<_> = sims.iter().map(|sim| format!("{{url: \"{}/v1\"}}", sim.url)).collect();
        let router = Router::start(&with_peers(&listed.join(", "), settings));
        health_becomes(&router, &["up"; 3]).await;
        Self { sims, router }
    }

    /// Sends one request while no other runs; the name of who answered.
    async fn ask(&self, body: &Value, headers: &[(&str, &str)]) -> String {
        let request = client().post(self.router.at("/v1/chat/completions")).json(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let name = header(&response, "x-sim-name").to_owned();
        response.bytes().await.unwrap();
        leases_become(&self.router, 0).await;
        name
    }

    /// Who answers each of the conversations' turns from the `first` to the `last`; every one by the same.
    async fn homes(&self, conversations: usize, first: usize, last: usize) -> BTreeMap<usize, String> {
        let mut homes = BTreeMap::<usize, String>::new();
        for turn in first..=last {
            for nth in 0..conversations {
                let name = self.ask(&conversation(nth, turn), &[]).await;
                let home = homes.entry(nth).or_insert_with(|| name.clone());
                assert_eq!(*home, name, "conversation {nth} moved with turn {turn}");
            }
        }
        homes
    }

    /// The share of prompt tokens that were found in the simulators' prefix caches.
    async fn hit_rate(&self) -> f64 {
        let (mut hits, mut queries) = (0.0, 0.0);
        for sim in &self.sims {
            hits += sim.told("prefix_cache_hits_total").await;
            queries += sim.told("prefix_cache_queries_total").await;
        }
        hits / queries
    }
}

/// The body of a conversation's turn, with all that was said before it. All have the same system prompt.
fn conversation(nth: usize, turn: usize) -> Value {
    let said = |who: &str, turn: usize| format!("{who} {turn} of conversation {nth} speaks at length. ").repeat(6);
    let mut messages = vec![json!({ "role": "system", "content": "Answer kindly and briefly." })];
    for past in 0..turn {
        messages.push(json!({ "role": "user", "content": said("Question", past) }));
        messages.push(json!({ "role": "assistant", "content": said("Answer", past) }));
    }
    messages.push(json!({ "role": "user", "content": said("Question", turn) }));
    json!({ "model": "m", "max_tokens": 1, "messages": messages })
}

// === prefix affinity ===

#[tokio::test(flavor = "multi_thread")]
async fn a_conversations_turns_go_to_one_peer_and_conversations_to_all() {
    let trio = Trio::start(AFFINE, &[]).await;
    let homes = trio.homes(40, 0, 3).await;
    let used: BTreeSet<&String> = homes.values().collect();
    assert_eq!(used.len(), 3, "{homes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversations_home_outlives_reloads_and_restarts() {
    let trio = Trio::start(AFFINE, &[]).await;
    let homes = trio.homes(12, 0, 1).await;
    let listed: Vec<_> = trio.sims.iter().rev().map(|sim| format!("{{url: \"{}/v1\"}}", sim.url)).collect();
    let config = with_peers(&listed.join(", "), &format!("{AFFINE}\nretries: 1"));
    trio.router.change_to(&config).await;
    assert_eq!(trio.homes(12, 2, 3).await, homes);

    let Trio { sims, router } = trio;
    drop(router);
    let router = Router::start(&config);
    health_becomes(&router, &["up"; 3]).await;
    assert_eq!(Trio { sims, router }.homes(12, 4, 5).await, homes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_header_leads_where_the_config_names_one() {
    let trio = Trio::start(&format!("{AFFINE}\naffinity_header: x-session-id"), &[]).await;
    let mut homes = BTreeSet::new();
    for session in 0..40 {
        let session = format!("session-{session}");
        let headers = [("x-session-id", session.as_str())];
        let home = trio.ask(&conversation(0, 0), &headers).await;
        // Whatever is asked in it.
        for nth in [7, 8] {
            assert_eq!(trio.ask(&conversation(nth, 1), &headers).await, home, "{session}");
        }
        homes.insert(home);
    }
    assert_eq!(homes.len(), 3, "the same prompt in forty sessions");
    // Without the header it goes by the conversation.
    assert_eq!(trio.homes(40, 0, 1).await.into_values().collect::<BTreeSet<_>>().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beginning_that_many_share_spreads_when_its_peer_is_loaded() {
    let trio = Trio::start(AFFINE, &["--fault", STEPPED]).await;
    let asked: Vec<_> = (0..60)
        .map(|_| {
            let request = client().post(trio.router.at("/v1/chat/completions")).json(&conversation(0, 0));
            tokio::spawn(async move { request.send().await.unwrap().status().as_u16() })
        })
        .collect();
    leases_become(&trio.router, 60).await;
    let leases: Vec<u64> = peers(&trio.router).await.iter().map(|peer| peer["leases"].as_u64().unwrap()).collect();
    assert!(leases.iter().all(|&leases| leases <= 40), "{leases:?}");
    assert!(leases.iter().filter(|&&leases| leases >= 10).count() >= 2, "{leases:?}");
    for sim in &trio.sims {
        client().post(sim.at("/sim/step?n=60")).send().await.unwrap();
    }
    for asked in asked {
        assert_eq!(asked.await.unwrap(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_peer_goes_down_only_its_conversations_move() {
    let mut trio = Trio::start(&format!("{AFFINE}\nhealth: {{interval: 50ms, timeout: 5s}}"), &[]).await;
    let before = trio.homes(30, 0, 0).await;
    let gone = trio.sims.pop().unwrap();
    let address = gone.address().to_owned();
    drop(gone);
    support::pool::entry_becomes(&trio.router, &address, "health", "down").await;
    let after = trio.homes(30, 1, 3).await;
    let mut moved = BTreeSet::new();
    for (nth, home) in &before {
        match home.as_str() {
            "third" => moved.insert(after[nth].clone()),
            home => {
                assert_eq!(after[nth], home, "conversation {nth}");
                continue;
            }
        };
    }
    assert!(!moved.is_empty() && !moved.contains("third"), "{before:?} {after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn affinity_finds_more_in_the_peers_prefix_caches_than_least_load_does() {
    let mut rates = Vec::new();
    for balance in ["least_loaded", "prefix_affinity"] {
        let trio = Trio::start(&AFFINE.replace("prefix_affinity", balance), &[]).await;
        // The same load for both: conversations side by side, in an order that follows no peers' turns.
        let mut random = fastrand::Rng::with_seed(11);
        let mut turns = [0; 20];
        while turns.iter().any(|&turn| turn < 5) {
            let nth = random.usize(..turns.len());
            if turns[nth] < 5 {
                trio.ask(&conversation(nth, turns[nth]), &[]).await;
                turns[nth] += 1;
            }
        }
        rates.push(trio.hit_rate().await);
    }
    assert!(rates[1] > 0.5 && rates[1] > rates[0] + 0.15, "hit rates of least load and affinity: {rates:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_spread_over_the_pool_that_they_fall_back_to() {
    let sims = NAMES.map(|name| Child::sim(&["--name", name]));
    let listed = sims.each_ref().map(|sim| format!("{{url: \"{}/v1\"}}", sim.url)).join(", ");
    let router = Router::start(&format!(
        "router: {{routes: [{{name: all, backends: [a, b], samples: [anything]}}]}}
backends:
  - {{name: a, url: \"http://127.0.0.1:1/v1\", model: model-a, health: {{interval: 1h}}}}
  - {{name: b, peers: [{listed}], model: m, balance: prefix_affinity, metrics: {{interval: 0}}, slow_start: 0}}\n"
    ));
    health_becomes(&router, &["down", "up", "up", "up"]).await;
    let mut served = BTreeMap::<String, usize>::new();
    for nth in 0..60 {
        let mut body = conversation(nth, 0);
        body["model"] = json!("auto");
        let response = client().post(router.at("/v1/chat/completions")).json(&body).send().await.unwrap();
        assert_eq!((response.status().as_u16(), header(&response, "x-pointsman-degraded")), (200, "fallback"));
        *served.entry(header(&response, "x-sim-name").to_owned()).or_default() += 1;
    }
    assert!(served.len() == 3 && served.values().all(|&count| count >= 5), "{served:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_peers_that_join_at_once_turn_nobody_away() {
    let old = Upstream::start(hold).await;
    let mut joining = Vec::new();
    for _ in 0..24 {
        joining.push(Upstream::start(|_| ok()).await);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("peers.yaml");
    std::fs::write(&file, "[]\n").unwrap();
    let settings = "balance: prefix_affinity\nmetrics: {interval: 0}\nhealth: {interval: 20ms, timeout: 5s}";
    let listed = format!("{{url: \"{}\"}}", old.url());
    let router = Router::start(&with_peers(&listed, &format!("{settings}\npeers_file: {file:?}")));
    // A load at which it is far above the average of a pool in which the others have had next to no time.
    for n in 0..10 {
        occupy_with(&router, n, &conversation(n as usize, 0)).await;
    }
    let listing: String = joining.iter().map(|peer| format!("- url: {:?}\n", peer.url())).collect();
    std::fs::write(&file, listing).unwrap();

    let ask = async |nth: usize| {
        let request = client().post(router.at("/v1/chat/completions")).json(&conversation(nth, 0));
        let response = request.send().await.unwrap();
        let status = response.status();
        assert_eq!(status, 200, "request {nth}: {}", response.text().await.unwrap());
    };
    let mut asked = 10;
    let all_up = || {
        asked += 4;
        let some = futures::future::join_all((asked - 4..asked).map(&ask));
        async {
            some.await;
            let peers = peers(&router).await;
            (peers.len() == 25 && peers.iter().all(|peer| peer["health"] == "up")).then_some(())
        }
    };
    eventually("all of them are up", all_up).await;
    for nth in 1000..1050 {
        ask(nth).await;
    }
    assert!(joining.iter().any(|peer| !peer.seen().is_empty()), "none of the new ones was asked");
}

// === turns ===

#[tokio::test(flavor = "multi_thread")]
async fn round_robin_asks_peers_in_turns() {
    let trio = Trio::start("balance: round_robin\nmetrics: {interval: 0}\nslow_start: 0", &[]).await;
    let mut names = Vec::new();
    for _ in 0..12 {
        names.push(trio.ask(&conversation(0, 0), &[]).await);
    }
    assert_eq!(names[..3].iter().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(NAMES));
    for (nth, name) in names.iter().enumerate() {
        assert_eq!(*name, names[nth % 3], "{names:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn round_robin_heeds_weights_and_no_load() {
    let (heavy, light) = (Upstream::start(hold).await, Upstream::start(hold).await);
    let listed = format!("{{url: \"{}\", weight: 3}}, {{url: \"{}\", weight: 1}}", heavy.url(), light.url());
    let router = Router::start(&with_peers(&listed, "balance: round_robin\nmetrics: {interval: 0}\nslow_start: 0"));
    health_becomes(&router, &["up", "up"]).await;
    // Whether requests stay or go makes no difference.
    for n in 0..20 {
        occupy(&router, n).await;
    }
    for _ in 0..20 {
        assert_eq!(support::pool::ask(&router, false).await.status(), 200);
    }
    assert_eq!((heavy.seen().len(), light.seen().len()), (30, 10));
    // A client may have its answer before the router has let go of the request.
    leases_become(&router, 20).await;
    let peers = peers(&router).await;
    let heavy_first = peers[0]["weight"] == 3;
    let leases: Vec<u64> = peers.iter().map(|peer| peer["leases"].as_u64().unwrap()).collect();
    assert_eq!(leases, if heavy_first { [15, 5] } else { [5, 15] });
}

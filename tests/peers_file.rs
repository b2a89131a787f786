//! A file of peers: whoever edits it changes the pool, and a broken one changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::collections::BTreeSet;
use std::path::PathBuf;

use support::line::STEPPED;
use support::pool::{ask, chat, client, entry, header, logs, peers, with_peers};
use support::sse::Events;
use support::{Child, Router, eventually};
use tempfile::TempDir;

const FAILURES: &str = "pointsman_config_reload_failures_total";

/// A router with the peer `fixed` in its config, and further ones in a file.
struct Listed {
    router: Router,
    fixed: Child,
    folder: TempDir,
}

// === impl Listed ===

impl Listed {
    fn start(sims: &[&Child]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fixed = Child::sim(&["--name", "fixed"]);
        std::fs::write(folder.path().join("peers.yaml"), listing(sims)).unwrap();
        let settings = format!(
            "peers_file: {:?}\nhealth: {{interval: 20ms, timeout: 5s}}\nslow_start: 0\nmetrics: {{interval: 0}}",
            folder.path().join("peers.yaml")
        );
        let router = Router::start(&with_peers(&format!("{{url: \"{}/v1\"}}", fixed.url), &settings));
        Self { router, fixed, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("peers.yaml")
    }

    fn rewrite(&self, text: &str) {
        std::fs::write(self.path(), text).unwrap();
    }

    fn rename_over(&self, text: &str) {
        let aside = self.folder.path().join("peers.yaml.new");
        std::fs::write(&aside, text).unwrap();
        std::fs::rename(aside, self.path()).unwrap();
    }

    async fn addresses(&self) -> BTreeSet<String> {
        peers(&self.router).await.iter().map(|peer| peer["address"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until the pool is the fixed peer and `sims`, and until all of them serve; nobody else does from then on.
    async fn becomes(&self, what: &str, sims: &[&Child]) {
        let wanted: Vec<&Child> = sims.iter().copied().chain([&self.fixed]).collect();
        let listed: BTreeSet<String> = wanted.iter().map(|sim| sim.address().to_owned()).collect();
        eventually(what, || async { (self.addresses().await == listed).then_some(()) }).await;
        for sim in &wanted {
            support::pool::state_becomes(&self.router, sim.address(), "up").await;
            client().delete(sim.at("/sim/requests")).send().await.unwrap();
        }
        for _ in 0..4 * wanted.len() {
            assert_eq!(ask(&self.router, false).await.status(), 200, "{what}");
        }
        let mut total = 0;
        for sim in &wanted {
            let seen = sim.total_seen().await;
            assert!(seen > 0, "{what}: a peer that gets nothing");
            total += seen;
        }
        assert_eq!(total, 4 * wanted.len() as u64, "{what}: requests went elsewhere");
    }
}

/// The file's text for these peers.
fn listing(sims: &[&Child]) -> String {
    match sims {
        [] => "[]\n".to_owned(),
        sims => sims.iter().map(|sim| format!("- url: \"{}/v1\"\n  weight: 1\n", sim.url)).collect(),
    }
}

fn sims() -> [Child; 2] {
    ["second", "third"].map(|name| Child::sim(&["--name", name]))
}

#[tokio::test(flavor = "multi_thread")]
async fn peers_come_and_go_as_the_file_says_however_it_is_written() {
    let [second, third] = &sims();
    let listed = Listed::start(&[second]);
    listed.becomes("the start", &[second]).await;
    type Write = fn(&Listed, &str);
    let ways: [(&str, Write, Vec<&Child>); 5] = [
        ("added in place", |listed, text| listed.rewrite(text), vec![second, third]),
        ("removed by a rename", |listed, text| listed.rename_over(text), vec![third]),
        ("exchanged by a rename", |listed, text| listed.rename_over(text), vec![second]),
        ("none left", |listed, text| listed.rewrite(text), vec![]),
        ("added by a rename", |listed, text| listed.rename_over(text), vec![third, second]),
    ];
    for (what, write, sims) in ways {
        write(&listed, &listing(&sims));
        listed.becomes(what, &sims).await;
    }
    assert_eq!(listed.router.metric(FAILURES).await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_right_after_the_start_is_noticed_and_its_weights_count() {
    let [second, third] = &sims();
    let listed = Listed::start(&[second]);
    listed.rewrite(&listing(&[second, third]).replace("weight: 1", "weight: 7"));
    for sim in [second, third] {
        eventually("both listed", || async { listed.addresses().await.contains(sim.address()).then_some(()) }).await;
        support::pool::entry_becomes(&listed.router, sim.address(), "weight", 7).await;
    }
    assert_eq!(entry(&listed.router, listed.fixed.address()).await["weight"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_is_refused_and_the_pool_stays() {
    let [second, third] = &sims();
    let listed = Listed::start(&[second]);
    listed.becomes("the start", &[second]).await;
    let (third_url, url) = (format!("{}/v1", third.url), format!("{}/v1", second.url));
    for (nth, broken) in [
        "- {url: ".to_owned(),
        format!("- {{uri: {third_url:?}}}\n"),
        format!("- {{url: {url:?}}}\n- {{url: \"no url\"}}\n"),
        format!("- {{url: {third_url:?}, weight: heavy}}\n"),
        format!("peers: [{{url: {third_url:?}}}]\n"),
        String::from_utf8(vec![b'-'; 100]).unwrap(),
    ]
    .into_iter()
    .enumerate()
    {
        listed.rewrite(&broken);
        let counted = || async { (listed.router.metric(FAILURES).await == nth as f64 + 1.0).then_some(()) };
        eventually(&format!("the failure of {broken:?}"), counted).await;
        listed.becomes(&broken, &[second]).await;
    }
    logs(&listed.router, &["ERROR", "peers.yaml"]).await;
    // A file that goes away is no empty file.
    std::fs::remove_file(listed.path()).unwrap();
    let (status, answer) = listed.router.post_reload().await;
    assert_eq!(status, 422, "{answer}");
    assert!(answer["errors"][0].as_str().unwrap().contains("peers.yaml"), "{answer}");
    listed.becomes("without its file", &[second]).await;

    listed.rename_over(&listing(&[third]));
    listed.becomes("mended", &[third]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_peer_finishes_its_streams() {
    let [second, third] = &sims();
    let listed = Listed::start(&[second]);
    listed.becomes("the start", &[second]).await;
    // Peers without load take turns.
    let mut streams = Vec::new();
    for _ in 0..6 {
        let request = client().post(listed.router.at("/v1/chat/completions")).header("x-sim-fault", STEPPED);
        let response = request.json(&chat(true)).send().await.unwrap();
        if header(&response, "x-sim-name") == "second" {
            let mut events = Events::of(response);
            events.must().await;
            streams.push(events);
        }
    }
    assert!(!streams.is_empty(), "the second peer got none of six streams");

    listed.rewrite(&listing(&[third]));
    listed.becomes("the change", &[third]).await;
    // A step is anybody's: enough of them for all.
    client().post(second.at("/sim/step?n=1000")).send().await.unwrap();
    for mut events in streams {
        assert!(events.rest().await.last().is_some_and(|last| last.contains("[DONE]")));
    }
}

//! Peers that say of their load what a test tells them to say, and how requests are shared out among them.

use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;

use super::pool::{entry, health_becomes, hold, leases_become, occupy, with_peers};
use super::upstream::{Act, Seen, Upstream, answer, ok};
use super::{Router, eventually};

/// Scrapes that are made often, and yet stay fresh for longer than a busy machine may hold a test up.
pub(crate) const OFTEN: &str = "metrics: {interval: 100ms, timeout: 200ms}\nslow_start: 0";

/// A peer that says of its load what it is told to say.
pub(crate) struct Talker {
    pub(crate) peer: Upstream,
    page: Arc<Mutex<Vec<Act>>>,
}

// === impl Talker ===

impl Talker {
    pub(crate) async fn start(page: Vec<Act>) -> Self {
        let page = Arc::new(Mutex::new(page));
        let current = page.clone();
        let script = move |seen: &Seen| match seen.is_scrape() {
            true => current.lock().clone(),
            false if seen.head.starts_with("GET ") => ok(),
            false => hold(seen),
        };
        Self { peer: Upstream::raw(script).await, page }
    }

    pub(crate) fn says(&self, page: Vec<Act>) {
        *self.page.lock() = page;
    }

    /// Waits for so many scrapes more.
    pub(crate) async fn is_scraped(&self, times: usize) {
        let scrapes = || self.peer.scrapes().len();
        let before = scrapes();
        eventually("further scrapes", || async { (scrapes() >= before + times).then_some(()) }).await;
    }
}

pub(crate) fn text(page: &str) -> Vec<Act> {
    vec![answer(200, "content-type: text/plain; version=0.0.4\r\n", page)]
}

/// vLLM's page, as far as it counts here.
pub(crate) fn page(running: &str, waiting: &str, kv: &str) -> Vec<Act> {
    let labels = "{engine=\"0\",model_name=\"m\"}";
    text(&format!(
        "# HELP vllm:num_requests_running Number of requests in model execution batches.\n# TYPE vllm:num_requests_running \
         gauge\nvllm:num_requests_running{labels} {running}\nvllm:num_requests_waiting{labels} {waiting}\n\
         vllm:kv_cache_usage_perc{labels} {kv}\nvllm:prompt_tokens_total{labels} 1.5e+06\n"
    ))
}

/// A router before these peers, all of which have been scraped a few times.
pub(crate) async fn router(talkers: &[&Talker], settings: &str) -> Router {
    let listed: Vec<_> = talkers.iter().map(|talker| format!("{{url: \"{}/v1\"}}", talker.peer.url())).collect();
    let router = Router::start(&with_peers(&listed.join(", "), settings));
    health_becomes(&router, &vec!["up"; talkers.len()]).await;
    for talker in talkers {
        talker.is_scraped(3).await;
    }
    router
}

pub(crate) async fn scraped(router: &Router, talker: &Talker) -> Value {
    entry(router, talker.peer.address).await["scraped"].clone()
}

/// Waits until the admin listener shows what the peer said.
pub(crate) async fn is_known(router: &Router, talker: &Talker, running: f64, waiting: f64) {
    let probe = || async {
        let scraped = scraped(router, talker).await;
        let told = (scraped["running"].as_f64(), scraped["waiting"].as_f64());
        (told == (Some(running), Some(waiting))).then_some(())
    };
    eventually(&format!("{running} running and {waiting} waiting"), probe).await;
}

/// Holds so many requests at once; how many of them each peer has.
pub(crate) async fn held<const N: usize>(router: &Router, talkers: [&Talker; N], times: u64) -> [u64; N] {
    let mut handles = Vec::new();
    for n in 0..times {
        handles.push(occupy(router, n).await);
    }
    let mut leases = [0; N];
    for (leases, talker) in leases.iter_mut().zip(talkers) {
        *leases = entry(router, talker.peer.address).await["leases"].as_u64().unwrap();
    }
    handles.iter().for_each(tokio::task::AbortHandle::abort);
    leases_become(router, 0).await;
    leases
}

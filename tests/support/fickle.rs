//! A scripted peer that can be told to change its ways, and a pool that begins with one.

use std::sync::Arc;

use parking_lot::Mutex;
use reqwest::Response;
use tokio::task::JoinSet;

use super::pool::{ask, chat, client, config, entry, state_becomes};
use super::upstream::{Act, Upstream, ok};
use super::{Router, eventually};

/// An upstream that does the same for each request, until it is told otherwise. Health checks pass.
pub(crate) struct Fickle {
    pub(crate) peer: Upstream,
    acts: Arc<Mutex<Vec<Act>>>,
}

/// A first peer that does as it is told, two good siblings that are asked where it is not, and a router.
pub(crate) struct Pool {
    pub(crate) first: Fickle,
    pub(crate) siblings: [Upstream; 2],
    pub(crate) router: Router,
}

// === impl Fickle ===

impl Fickle {
    /// One that does this for each request.
    pub(crate) async fn start(acts: Vec<Act>) -> Self {
        let acts = Arc::new(Mutex::new(acts));
        let current = acts.clone();
        Self { peer: Upstream::start(move |_| current.lock().clone()).await, acts }
    }

    /// What it does from the next request on.
    pub(crate) fn becomes(&self, acts: Vec<Act>) {
        *self.acts.lock() = acts;
    }
}

// === impl Pool ===

impl Pool {
    /// A pool whose first peer does this. `settings` are further keys of the backend `b`, a line each.
    pub(crate) async fn start(acts: Vec<Act>, settings: &str) -> Self {
        let siblings = [Upstream::start(|_| ok()).await, Upstream::start(|_| ok()).await];
        let first = Fickle::start(acts).await;
        let router = Router::start(&Self::config(&first, &siblings, settings));
        Self { first, siblings, router }
    }

    /// Its config, in which a peer that comes back has its whole share at once.
    pub(crate) fn config(first: &Fickle, siblings: &[Upstream; 2], settings: &str) -> String {
        let urls = [&first.peer, &siblings[0], &siblings[1]].map(Upstream::url);
        config(&urls, &format!("slow_start: 0\n{settings}"))
    }

    /// Asks so many times, one by one, and each must be served.
    pub(crate) async fn serves(&self, times: usize) {
        for nth in 0..times {
            let response = ask(&self.router, false).await;
            let status = response.status();
            assert_eq!(status, 200, "request {nth}: {}", response.text().await.unwrap());
        }
    }

    /// Asks until the first peer is asked, too.
    pub(crate) async fn asks_the_first_again(&self) {
        let before = self.asked();
        let probe = || async {
            self.serves(1).await;
            (self.asked() > before).then_some(())
        };
        eventually("the first peer is asked again", probe).await;
    }

    /// Asks again and again until one request is with the first peer. All of them may still be under way.
    pub(crate) async fn asks_until_one_probes(&self) -> JoinSet<reqwest::Result<Response>> {
        let (before, client) = (self.asked(), client());
        let mut asking = JoinSet::new();
        let probe = || {
            asking.spawn(client.post(self.router.at("/v1/chat/completions")).json(&chat(false)).send());
            async { (self.asked() > before).then_some(()) }
        };
        eventually("a probe", probe).await;
        asking
    }

    /// Requests that the first peer got.
    pub(crate) fn asked(&self) -> usize {
        self.first.peer.seen().len()
    }

    /// The series that tells whether the first peer is ejected.
    pub(crate) fn ejected(&self) -> String {
        format!("pointsman_peer_ejected{{backend=\"b\",peer=\"{}\"}}", self.first.peer.address)
    }

    /// The state and the breaker of the first peer become this.
    pub(crate) async fn first_becomes(&self, state: &str, breaker: &str) {
        state_becomes(&self.router, self.first.peer.address, state).await;
        assert_eq!(entry(&self.router, self.first.peer.address).await["breaker"], breaker);
    }
}

//! A line of requests for a backend that is full: who waits, in which order they are served, and what they are told.

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::pool::{client, client_h2, with_peers};
use super::sse::{Speaks, step};
use super::wire::error_code;
use super::{Child, Router, eventually};

/// A router whose backend `b` has one peer: a simulator that finishes one answer a step.
pub(crate) struct Line {
    pub(crate) router: Router,
    pub(crate) sim: Child,
}

/// A request under way.
pub(crate) struct Asked(JoinHandle<Told>);

/// What a request got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) status: u16,
    /// The error's code where there is one.
    pub(crate) code: Option<String>,
    /// Retry-After in seconds.
    pub(crate) retry_after: Option<u64>,
    /// The backend that is named.
    pub(crate) backend: String,
}

/// The secret of the trusted key `gate`.
pub(crate) const GATE: &str = "sk-gate";

/// The secret of the key `app`, which nobody trusts.
pub(crate) const APP: &str = "sk-app";

/// Both keys, as config.
pub(crate) const KEYS: &str =
    "auth: {keys: [{name: gate, key_env: GATE_KEY, trusted: true}, {name: app, key_env: APP_KEY}]}\n";

/// The variables that hold them.
const SECRETS: [(&str, &str); 2] = [("GATE_KEY", GATE), ("APP_KEY", APP)];

/// The fault of a simulator that finishes one answer a step.
pub(crate) const STEPPED: &str = r#"{"kind":"stepped"}"#;

// === impl Line ===

impl Line {
    /// With these settings of the backend, a line each.
    pub(crate) fn start(settings: &str) -> Self {
        Self::with(|sim| Self::config(sim, settings))
    }

    /// With a config of the caller's.
    pub(crate) fn with(config: impl Fn(&Child) -> String) -> Self {
        let sim = Child::sim(&["--fault", STEPPED, "--record", "256"]);
        let router = Router::start_with(&config(&sim), &SECRETS);
        Self { router, sim }
    }

    /// The config of [`Self::start`].
    pub(crate) fn config(sim: &Child, settings: &str) -> String {
        format!("{}{KEYS}", with_peers(&format!("{{url: \"{}/v1\"}}", sim.url), settings))
    }

    /// Asks with `tag` as the prompt, by the trusted key unless `headers` bring another one.
    pub(crate) fn ask(&self, tag: &str, headers: &[(&str, &str)]) -> Asked {
        self.ask_over(Speaks::H1, "m", tag, headers)
    }

    /// The same over either protocol, and for any model.
    pub(crate) fn ask_over(&self, speaks: Speaks, model: &str, tag: &str, headers: &[(&str, &str)]) -> Asked {
        let client = if speaks == Speaks::H1 { client() } else { client_h2() };
        let body = json!({ "model": model, "messages": [{ "role": "user", "content": tag }] });
        let mut request = client.post(self.router.at("/v1/chat/completions")).json(&body);
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.bearer_auth(GATE);
        }
        request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Asked(tokio::spawn(async move { Told::of(request.send().await.expect("an answer")).await }))
    }

    /// Asks, and waits until one more waits than before.
    pub(crate) async fn wait(&self, tag: &str, headers: &[(&str, &str)]) -> Asked {
        let before = self.waiting().await;
        let asked = self.ask(tag, headers);
        self.waiting_becomes(before + 1).await;
        asked
    }

    /// The same for a tenant that the trusted key names.
    pub(crate) async fn wait_for(&self, tenant: &str, tag: &str) -> Asked {
        self.wait(tag, &[("x-pointsman-tenant", tenant)]).await
    }

    /// Asks, and waits until the simulator has the request.
    pub(crate) async fn occupy(&self, tag: &str) -> Asked {
        let before = self.sim.total_seen().await;
        let asked = self.ask(tag, &[]);
        self.reached(before + 1).await;
        asked
    }

    /// How many wait.
    pub(crate) async fn waiting(&self) -> u64 {
        self.router.metric("pointsman_queue_waiting{backend=\"b\"}").await as u64
    }

    /// Waits until so many wait, and checks that the admin listener says the same.
    pub(crate) async fn waiting_becomes(&self, wanted: u64) {
        eventually(&format!("{wanted} waiting"), || async { (self.waiting().await == wanted).then_some(()) }).await;
        assert_eq!(self.shown().await["queue"]["waiting"], wanted);
    }

    /// How many were refused for this reason.
    pub(crate) async fn refused(&self, why: &str) -> f64 {
        self.router.metric(&format!("pointsman_queue_refused_total{{backend=\"b\",why=\"{why}\"}}")).await
    }

    /// The backend's entry of the admin listener's `/backends`.
    pub(crate) async fn shown(&self) -> Value {
        self.router.shown("/backends").await[0].clone()
    }

    /// Waits until exactly so many requests have reached the simulator.
    pub(crate) async fn reached(&self, wanted: u64) {
        let probe = || async { (self.sim.total_seen().await == wanted).then_some(()) };
        eventually(&format!("{wanted} requests at the simulator"), probe).await;
    }

    /// Lets the simulator finish one answer after the other until `total` requests have reached it, and then the last.
    /// The backend takes one at once. Returns the prompts in the order in which they came.
    pub(crate) async fn serve(&self, total: u64) -> Vec<String> {
        for reached in self.sim.total_seen().await..total {
            step(&self.sim).await;
            self.reached(reached + 1).await;
        }
        step(&self.sim).await;
        let prompt = |body: &str| {
            let body: Value = serde_json::from_str(body).expect("JSON");
            body["messages"][0]["content"].as_str().expect("a prompt").to_owned()
        };
        self.sim.seen().await.iter().map(|seen| prompt(seen.body())).collect()
    }
}

// === impl Asked ===

impl Asked {
    /// Waits for the answer.
    pub(crate) async fn told(self) -> Told {
        self.0.await.expect("an answer")
    }

    /// Waits for a 200.
    pub(crate) async fn served(self) {
        let told = self.told().await;
        assert_eq!(told.status, 200, "{told:?}");
    }

    /// Waits for a 429 that says when to come back.
    pub(crate) async fn turned_away(self) {
        let told = self.told().await;
        assert_eq!((told.status, told.code.as_deref()), (429, Some("overloaded")), "{told:?}");
        assert!(told.retry_after.is_some_and(|after| (1..=60).contains(&after)), "{told:?}");
    }

    /// Closes the connection, or over HTTP/2 the stream.
    pub(crate) fn leave(self) {
        self.0.abort();
    }
}

// === impl Told ===

impl Told {
    async fn of(response: reqwest::Response) -> Self {
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let retry_after = header("retry-after").map(|after| after.parse().expect("seconds"));
        let (status, backend) = (response.status().as_u16(), header("x-pointsman-backend").unwrap_or_default());
        let body: Value = response.json().await.expect("JSON");
        Self { status, code: (status >= 400).then(|| error_code(&body)), retry_after, backend }
    }
}

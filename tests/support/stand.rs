//! The smallest setup: a router that embeds nothing, in front of one simulator.

use super::{Child, Router};

/// A router with the backend `solo`, whose model is `m`.
pub(crate) struct Stand {
    pub(crate) router: Router,
    pub(crate) sim: Child,
}

impl Stand {
    /// With nothing but defaults.
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// With further top-level sections.
    pub(crate) fn with(sections: &str) -> Self {
        let sim = Child::sim(&[]);
        let router = Router::start(&Self::config(&sim, sections));
        Self { router, sim }
    }

    /// The config in front of `sim`, with further top-level sections.
    pub(crate) fn config(sim: &Child, sections: &str) -> String {
        format!(
            "backends: [{{name: solo, url: \"{}/v1\", model: m}}]\nrouter: {{mode: \"off\"}}\n{sections}\n",
            sim.url
        )
    }

    /// `ADDR` of the router.
    pub(crate) fn address(&self) -> &str {
        self.router.address()
    }

    /// Panics unless a good request is served and nothing else is under way.
    pub(crate) async fn is_well(&self) {
        let good = super::wire::post("/v1/chat/completions", "", r#"{"messages":[{"role":"user","content":"hi"}]}"#);
        let answer = super::wire::ask(self.address(), good).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        super::eventually("no request under way", || async {
            (self.router.metric("pointsman_requests_in_flight").await == 0.0).then_some(())
        })
        .await;
        assert!(!self.router.log().contains("panic"), "a panic was logged");
    }
}

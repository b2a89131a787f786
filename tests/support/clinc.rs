//! Routes and labelled prompts from `tests/data/clinc_excerpt.json`, which says where they come from.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Ten routes of twenty samples, and prompts that are none of them.
#[derive(Deserialize)]
pub(crate) struct Clinc {
    pub(crate) samples: BTreeMap<String, Vec<String>>,
    pub(crate) prompts: Vec<Labelled>,
}

/// A prompt, and the route that is right for it, if any is.
#[derive(Deserialize)]
pub(crate) struct Labelled {
    pub(crate) text: String,
    pub(crate) route: Option<String>,
}

// === impl Clinc ===

impl Clinc {
    pub(crate) fn read() -> Self {
        serde_json::from_str(include_str!("../data/clinc_excerpt.json")).expect("the excerpt is JSON")
    }

    /// With the first `samples` of each route, which a build without optimisation learns from sooner.
    pub(crate) fn of(samples: usize) -> Self {
        let mut this = Self::read();
        this.samples.values_mut().for_each(|of_route| of_route.truncate(samples));
        this
    }

    /// A config without `version` and listeners, in which `url` serves all; `router` and `route` are further lines of the
    /// router and of each route.
    pub(crate) fn config(&self, url: &str, router: &str, route: &str) -> String {
        let routes = self.samples.iter().map(|(name, samples)| {
            let samples = serde_json::to_string(samples).expect("strings are JSON");
            format!("    - {{name: {name}, backend: known, samples: {samples}{route}}}\n")
        });
        let routes: String = routes.collect();
        format!(
            "backends:\n  - {{name: known, url: \"{url}\", model: m}}\n  - {{name: other, url: \"{url}\", model: n}}\nrouter:\n  \
             default_backend: other\n{router}  routes:\n{routes}"
        )
    }
}

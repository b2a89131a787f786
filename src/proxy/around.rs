//! What rules may ask by name: a request's headers, and how the backends stand.

use std::sync::Arc;

use http::HeaderMap;

use super::headers::OURS;
use crate::config::Snapshot;
use crate::route::Router;
use crate::route::signal::{Context, Standing};
use crate::upstream::Backend;

/// A request's surroundings.
pub struct Around<'a> {
    /// The headers that rules ask for, by their names in lower case.
    headers: Vec<(String, String)>,
    backends: &'a [Arc<Backend>],
}

// === impl Around ===

impl<'a> Around<'a> {
    /// What surrounds a request with these headers.
    pub fn new(snapshot: &'a Snapshot, headers: &HeaderMap) -> Self {
        Self { headers: asked_for(&snapshot.router, headers), backends: &snapshot.backends }
    }
}

/// The headers that rules ask for. Ours are no client's to send.
fn asked_for(router: &Router, headers: &HeaderMap) -> Vec<(String, String)> {
    let wanted = router.rules.iter().flat_map(|rules| rules.wanted().headers());
    let wanted = wanted.filter(|name| !name.starts_with(OURS));
    wanted.filter_map(|name| Some((name.to_owned(), headers.get(name)?.to_str().ok()?.to_owned()))).collect()
}

impl Context for Around<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn standing(&self, backend: &str) -> Option<Standing> {
        let backend = self.backends.iter().find(|known| *known.settings.name == *backend)?;
        let load = backend.pool.in_flight() + backend.pool.waiting();
        Some(Standing { load: load as f64, healthy: backend.another_is_left(|_| false) })
    }
}

//! What rules may ask by name: a request's headers, and how the backends stand.

use std::sync::Arc;

use http::{HeaderMap, header};

use super::headers::OURS;
use crate::config::Snapshot;
use crate::route::Router;
use crate::route::signal::{Context, Standing};
use crate::upstream::Backend;

/// A request's surroundings.
pub struct Around<'a> {
    /// The headers that rules ask for, by their names in lower case, each with the values of its lines.
    headers: Vec<(String, Vec<String>)>,
    backends: &'a [Arc<Backend>],
}

// === impl Around ===

impl<'a> Around<'a> {
    /// What surrounds a request with these headers, to this `host` where no header says it: HTTP/2 has it in the target.
    pub fn new(snapshot: &'a Snapshot, headers: &HeaderMap, host: Option<&str>) -> Self {
        let mut headers = asked_for(&snapshot.router, headers);
        let unsaid = headers.iter_mut().filter(|(name, values)| name == header::HOST.as_str() && values.is_empty());
        unsaid.for_each(|(_, values)| values.extend(host.map(str::to_owned)));
        Self { headers, backends: &snapshot.backends }
    }
}

/// The headers that rules ask for. Ours are no client's to send.
fn asked_for(router: &Router, headers: &HeaderMap) -> Vec<(String, Vec<String>)> {
    let wanted = router.rules.iter().flat_map(|rules| rules.wanted().headers());
    let wanted = wanted.filter(|name| !name.starts_with(OURS));
    // As many lines as a request's head may have at all.
    let values =
        |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::to_owned).collect();
    wanted.map(|name| (name.to_owned(), values(name))).collect()
}

impl Context for Around<'_> {
    fn header(&self, name: &str) -> &[String] {
        self.headers.iter().find(|(known, _)| known == name).map_or(&[], |(_, values)| values)
    }

    fn standing(&self, backend: &str) -> Option<Standing> {
        let backend = self.backends.iter().find(|known| *known.settings.name == *backend)?;
        let load = backend.pool.in_flight() + backend.pool.waiting();
        Some(Standing { load: load as f64, healthy: backend.another_is_left(|_| false) })
    }
}

//! A decision as it is shown: on the admin listener, and by `pointsman route --json`.

use serde::{Serialize, Serializer};

use super::decision::Decision;
use super::table::Table;

/// A decision with names in place of indices.
#[derive(Serialize)]
pub struct Explanation<'a> {
    /// The chosen route; none where the default backend or a named one serves.
    route: Option<&'a str>,
    /// Who serves.
    backend: &'a str,
    /// The chosen route's score, or the best route's; 0 where nothing was compared.
    score: f32,
    scores: Scores<'a>,
}

/// Each route's score, in the config's order; 0 where nothing was compared.
struct Scores<'a> {
    table: &'a Table,
    decision: &'a Decision,
}

// === impl Explanation ===

impl<'a> Explanation<'a> {
    /// Names what `decision` chose from `table`; `backend` is the name of the one that serves.
    pub fn new(table: &'a Table, decision: &'a Decision, backend: &'a str) -> Self {
        Self {
            route: decision.route.and_then(|route| table.name(route)).map(|name| &**name),
            backend,
            score: decision.score,
            scores: Scores { table, decision },
        }
    }
}

// === impl Scores ===

impl Serialize for Scores<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names = self.table.names().map(|name| &**name);
        let scores = self.decision.scores.iter().copied().chain(std::iter::repeat(0.0));
        serializer.collect_map(names.zip(scores))
    }
}

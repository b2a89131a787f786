//! A decision as it is shown: on the admin listener, and by `pointsman route --json`.

use serde::{Serialize, Serializer};

use super::classifier::{Query, Scores};
use super::decision::Decision;
use super::rule::{self, RouteShown, SignalShown};
use super::table::Table;

/// A decision with names in place of indices, and what it was made from.
#[derive(Serialize)]
pub struct Explanation<'a> {
    /// The chosen route; none where the default backend or a named one serves.
    route: Option<&'a str>,
    /// Who serves.
    backend: Option<&'a str>,
    /// The chosen route's score, or the best route's; 0 where nothing was compared.
    score: f32,
    /// Each route's score; 0 where nothing was compared.
    scores: ByRoute<'a, f32>,
    /// What scores are made from: `auto`, `nearest` or `trained`.
    classifier: &'static str,
    /// What scores and thresholds are: `cosine` or `chance`.
    scale: &'static str,
    /// The least score that each route lets pass; none where any does.
    thresholds: ByRoute<'a, Option<f32>>,
    /// How likely it is that no route fits, 0 to 1; none where nothing was compared.
    out_of_scope: Option<f32>,
    /// Why.
    reason: &'static str,
    /// What the rules made of the request; none where there are none.
    #[serde(flatten)]
    rules: Option<Rules<'a>>,
}

/// What the rules made of a request.
#[derive(Serialize)]
struct Rules<'a> {
    /// Every signal that they ask for.
    signals: Vec<SignalShown<'a>>,
    /// How long the search for all keywords took, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    keywords_us: Option<f64>,
    /// Each route's.
    rules: Vec<RouteShown<'a>>,
}

/// A value for each route, in the config's order.
struct ByRoute<'a, T> {
    table: &'a Table,
    values: Vec<T>,
}

// === impl Explanation ===

impl<'a> Explanation<'a> {
    /// Names what `decision` chose from `table`, for `prompt`, where it was compared; `backend` is the name of the one that
    /// serves, none where the route answers itself.
    pub fn new(table: &'a Table, decision: &Decision, prompt: Option<&Query>, backend: Option<&'a str>) -> Self {
        let scores = prompt.map(|prompt| table.scores(prompt));
        let out_of_scope = scores.as_ref().map(|scores| scores.out_of_scope);
        let routes = table.names().len();
        let by_route = scores.map_or_else(|| vec![0.0; routes], |Scores { by_route, .. }| by_route);
        Self {
            route: decision.route.and_then(|route| table.name(route)).map(|name| &**name),
            backend,
            score: decision.score,
            scores: ByRoute { table, values: by_route },
            classifier: table.classifier().as_str(),
            scale: table.scale().as_str(),
            thresholds: ByRoute { table, values: (0..routes).map(|route| table.threshold(route)).collect() },
            out_of_scope,
            reason: decision.reason.as_str(),
            rules: None,
        }
    }

    /// Adds what the rules made of the request.
    pub fn with_rules(mut self, explained: Option<rule::Explanation<'a>>) -> Self {
        let of = |rule::Explanation { signals, keywords_us, routes }| Rules { signals, keywords_us, rules: routes };
        self.rules = explained.map(of);
        self
    }
}

// === impl ByRoute ===

impl<T: Serialize> Serialize for ByRoute<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.table.names().map(|name| &**name).zip(&self.values))
    }
}

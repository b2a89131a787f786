//! A decision as it is shown: on the admin listener, and by `pointsman route --json`.

use serde::{Serialize, Serializer};

use super::classifier::{Query, Scores};
use super::decision::Decision;
use super::handling::Handling;
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
    /// The score of each route that was compared, which takes samples; empty where none was.
    scores: ByRoute<'a, f32>,
    /// What scores are made from: `auto`, `nearest` or `trained`.
    classifier: &'static str,
    /// What scores and thresholds are: `cosine` or `chance`.
    scale: &'static str,
    /// The least score that each route with samples lets pass; none where any does.
    thresholds: ByRoute<'a, Option<f32>>,
    /// How likely it is that no route fits, 0 to 1; none where nothing was compared.
    out_of_scope: Option<f32>,
    /// Why.
    reason: &'static str,
    /// What the chosen route does with the request; none where none was chosen, or it is not the route's to serve.
    #[serde(skip_serializing_if = "Option::is_none")]
    handling: Option<Handling<'a>>,
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

/// A value for each of some routes, in the config's order.
struct ByRoute<'a, T>(Vec<(&'a str, T)>);

// === impl Explanation ===

impl<'a> Explanation<'a> {
    /// Names what `decision` chose from `table`, for `prompt`, where it was compared; `backend` is the name of the one that
    /// serves, none where the route answers itself.
    pub fn new(table: &'a Table, decision: &Decision, prompt: Option<&Query>, backend: Option<&'a str>) -> Self {
        let scores = prompt.filter(|_| table.compares()).map(|prompt| table.scores(prompt));
        let out_of_scope = scores.as_ref().map(|scores| scores.out_of_scope);
        let by_route = scores.map_or_else(Vec::new, |Scores { by_route, .. }| by_route);
        let scores = table.compared().filter_map(|(route, name)| Some((&**name, *by_route.get(route)?)));
        let thresholds = table.compared().map(|(route, name)| (&**name, table.threshold(route)));
        Self {
            route: decision.route.and_then(|route| table.name(route)).map(|name| &**name),
            backend,
            score: decision.score,
            scores: ByRoute(scores.collect()),
            classifier: table.classifier().as_str(),
            scale: table.scale().as_str(),
            thresholds: ByRoute(thresholds.collect()),
            out_of_scope,
            reason: decision.reason.as_str(),
            handling: None,
            rules: None,
        }
    }

    /// Adds what the chosen route does.
    pub fn with_handling(self, handling: Option<Handling<'a>>) -> Self {
        Self { handling, ..self }
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
        serializer.collect_map(self.0.iter().map(|(route, value)| (route, value)))
    }
}

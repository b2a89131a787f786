//! What was asked and what came out: every signal with its value, every rule with the outcome of its parts.

use std::collections::HashSet;
use std::fmt;

use serde::Serialize;

use super::routes::Routes;
use super::shown::list_shown;
use super::tree::{Node, Truth, shown};
use crate::route::signal::keywords::List;
use crate::route::signal::{Arg, Cost, Facts, Label, Value};

/// Everything that decided, for people.
#[derive(Debug, Serialize)]
pub struct Explanation<'a> {
    /// Every signal that the rules ask for, the cheapest first.
    pub signals: Vec<SignalShown<'a>>,
    /// How long the search for all keywords took, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keywords_us: Option<f64>,
    /// Every route in the config's order.
    pub routes: Vec<RouteShown<'a>>,
}

/// A signal and what it said.
#[derive(Debug, Serialize)]
pub struct SignalShown<'a> {
    /// Its name.
    pub signal: &'static str,
    /// What it was asked about: a header, a backend, a classifier, a list of keywords.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Whether its value is known.
    pub known: bool,
    /// Whether there may be more to it than its value, as the guardrails could read a part alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    /// Its value; none where it is unknown or absent.
    pub value: Option<Value<'a>>,
    /// What a network calls the prompt, where the value is its word, or would be if it were likely enough.
    #[serde(flatten)]
    pub label: Option<LabelShown<'a>>,
    /// The keywords that were found, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<&'a str>,
    /// Those of the list's `none` that were.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ruled_out_by: Vec<&'a str>,
    /// What it costs.
    pub cost: Cost,
    /// How long it took to read, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub us: Option<f64>,
}

/// A network's most probable label, whether it counts or not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LabelShown<'a> {
    /// Its name.
    pub label: &'a str,
    /// How probable it is, 0 to 1, with four digits.
    pub probability: f64,
    /// How probable it must be to count; none where any counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_probability: Option<f64>,
}

/// A route and whether its rule held.
#[derive(Debug, Serialize)]
pub struct RouteShown<'a> {
    /// Its name.
    pub route: &'a str,
    /// Its priority.
    pub priority: i32,
    /// Whether its rule holds.
    pub rule: Truth,
    /// Whether samples must match, too.
    pub samples: bool,
    /// The rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<TreeShown>,
    /// The signals that it asks for, by their places among all.
    #[serde(skip)]
    pub asks: Vec<usize>,
}

/// A rule's part and whether it held, in the order of evaluation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum TreeShown {
    /// Of several, all must hold.
    All {
        /// Whether they did.
        is: Truth,
        /// These.
        all: Vec<TreeShown>,
    },
    /// Of several, one must hold.
    Any {
        /// Whether one did.
        is: Truth,
        /// These.
        any: Vec<TreeShown>,
    },
    /// One must not hold.
    Not {
        /// Whether it did not.
        is: Truth,
        /// This.
        not: Box<TreeShown>,
    },
    /// A condition.
    Condition {
        /// Whether it held.
        is: Truth,
        /// As a person would write it.
        condition: String,
    },
}

// === impl Routes ===

impl Routes {
    /// Everything that `facts` know and what the rules make of it. Reads every signal that can be read.
    pub fn explain<'a>(&'a self, facts: &Facts<'a>) -> Explanation<'a> {
        let slots = facts.wanted().slots.len();
        let signals = (0..slots).map(|slot| self.signal(slot, facts)).collect();
        let routes = self.routes().iter().enumerate().map(|(i, route)| RouteShown {
            route: &route.name,
            priority: route.priority,
            rule: self.truth(i, facts),
            samples: route.samples,
            when: route.when.as_ref().map(|when| self.tree(when, facts)),
            asks: self.asks(i),
        });
        let routes = routes.collect();
        Explanation { signals, keywords_us: facts.time_of_keywords().map(microseconds), routes }
    }

    fn signal<'a>(&'a self, place: usize, facts: &Facts<'a>) -> SignalShown<'a> {
        let slot = &facts.wanted().slots[place];
        let value = facts.value(place);
        let (of, found, ruled_out_by) = match &slot.arg {
            Arg::Name(name, _) => (Some(name.clone()), Vec::new(), Vec::new()),
            Arg::List(list) => {
                let found = facts.wanted().keywords.found(*list, facts.hits(), facts.expressions());
                let (found, ruled_out_by) = apart(self.lists().get(*list), found);
                (Some(list_shown(*list, self.lists())), found, ruled_out_by)
            }
            Arg::Nothing | Arg::Likely(_) => (None, Vec::new(), Vec::new()),
        };
        SignalShown {
            signal: slot.signal.name,
            of,
            known: value.is_some(),
            partial: value.is_some() && facts.is_partial(place),
            value: value.filter(|value| *value != Value::Absent),
            label: facts.label(place).map(|(label, least)| LabelShown::of(label, least)),
            found,
            ruled_out_by,
            cost: slot.signal.cost,
            us: facts.time(place).map(microseconds),
        }
    }

    fn tree(&self, node: &Node<usize>, facts: &Facts<'_>) -> TreeShown {
        let is = node.truth(&mut |comparison| self.holds(*comparison, facts));
        let each = |nodes: &[Node<usize>]| nodes.iter().map(|node| self.tree(node, facts)).collect();
        match node {
            Node::All(nodes) => TreeShown::All { is, all: each(nodes) },
            Node::Any(nodes) => TreeShown::Any { is, any: each(nodes) },
            Node::Not(node) => TreeShown::Not { is, not: Box::new(self.tree(node, facts)) },
            Node::Is(comparison) => {
                let (slot, test) = self.comparison(*comparison);
                let condition = shown(slot.signal, &slot.arg, test, self.lists()).to_string();
                TreeShown::Condition { is, condition }
            }
        }
    }
}

/// What was found of `list`, each once, and those of its `none` apart.
fn apart<'a>(list: Option<&List>, mut found: Vec<&'a str>) -> (Vec<&'a str>, Vec<&'a str>) {
    let mut seen = HashSet::new();
    found.retain(|word| seen.insert(*word));
    let none: HashSet<String> =
        list.into_iter().flat_map(|list| list.none.iter().map(|word| list.term(word).text)).collect();
    found.into_iter().partition(|word| !none.contains(*word))
}

// === impl LabelShown ===

impl<'a> LabelShown<'a> {
    /// What is shown of `label`, which counts from the probability `least` on.
    fn of(label: Label<'a>, least: f32) -> Self {
        // As the config has it.
        let min_probability = (least > 0.0).then_some(least).and_then(|least| least.to_string().parse().ok());
        Self { label: label.name, probability: digits(label.probability), min_probability }
    }
}

/// Four digits of a probability, cut and not rounded: what falls short of a bound is not shown to reach it. The little that is
/// added is what an `f32` of four digits may lack.
fn digits(probability: f32) -> f64 {
    (f64::from(probability) * 1e4 + 1e-3).floor() / 1e4
}

/// To a tenth, as more is noise.
fn microseconds(time: std::time::Duration) -> f64 {
    (time.as_nanos() as f64 / 100.0).round() / 10.0
}

// === impl TreeShown ===

impl fmt::Display for TreeShown {
    /// One line, such as `all true [code = true: true, tokens >= 2000: true]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |nodes: &[Self]| nodes.iter().map(Self::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::All { is, all } => write!(f, "all {is} [{}]", list(all)),
            Self::Any { is, any } => write!(f, "any {is} [{}]", list(any)),
            Self::Not { is, not } => write!(f, "not {is} [{not}]"),
            Self::Condition { is, condition } => write!(f, "{condition}: {is}"),
        }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::No => "false",
            Self::Unknown => "unknown",
            Self::Yes => "true",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::parse::{Scope, parse};
    use super::super::routes::RouteRule;
    use super::*;
    use crate::findings::Findings;
    use crate::route::signal::testing::{Nobody, request};

    #[test]
    fn every_signal_and_every_part_is_told() {
        let text = "{any: [{keywords: {any: [sql, table]}}, {not: {jailbreak: {gt: 0.5}}}, {tenant: a}]}";
        let mut scope = Scope { jailbreak: true, shipped_model: true, ..Scope::default() };
        let when = parse("", &serde_yaml::from_str(text).unwrap(), &mut scope, &mut Findings::default()).unwrap();
        let rule = RouteRule { name: Arc::from("sql"), priority: 2, when: Some(when), samples: false };
        let routes = Routes::new(&[rule], scope.lists, None);
        let asked = request("my SQL");
        let explained = routes.explain(&routes.facts(&asked).timed());
        let tree = explained.routes[0].when.as_ref().unwrap().to_string();
        let wanted = "any true [tenant = a: false, keywords {any: [\"sql\", …]}: true, \
                      not unknown [jailbreak > 0.5: unknown]]";
        assert_eq!(tree, wanted);
        let mut json = serde_json::to_value(&explained).unwrap();
        assert!(json["keywords_us"].as_f64().is_some() && json["signals"][1]["us"].as_f64().is_some());
        json["signals"][1]["us"] = 0.into();
        let keywords = serde_json::json!({"signal": "keywords", "of": "{any: [\"sql\", …]}", "known": true,
            "value": true, "found": ["sql"], "cost": "cheap", "us": 0});
        assert_eq!(json["signals"][1], keywords);
        assert_eq!(json["signals"][2]["value"], serde_json::Value::Null);
        assert_eq!(json["routes"][0]["rule"], true.to_string());
        assert_eq!(json["routes"][0]["when"]["any"][2]["is"], "unknown");
    }

    #[test]
    fn a_label_is_told_whether_it_counts_or_not() {
        let when = |least| {
            let text = format!("{{domain: {{eq: law, min_probability: {least}}}}}");
            let mut scope = Scope { shipped_model: true, ..Scope::default() };
            parse("", &serde_yaml::from_str(&text).unwrap(), &mut scope, &mut Findings::default())
        };
        let rule = |least| RouteRule { name: Arc::from("law"), priority: 0, when: when(least), samples: false };
        let asked = request("hi");
        let told = |least| {
            let routes = Routes::new(&[rule(least)], Vec::new(), None);
            let nobody = Nobody { domain: Some(("law", 0.69998)), ..Nobody::default() };
            let mut facts = routes.facts(&asked);
            assert!(serde_json::to_value(routes.explain(&facts)).unwrap()["signals"][0].get("label").is_none());
            facts.learn(&nobody);
            serde_json::to_value(routes.explain(&facts)).unwrap()["signals"][0].take()
        };
        let counts = serde_json::json!({"signal": "domain", "known": true, "value": "law", "label": "law",
            "probability": 0.6999, "cost": "encoder"});
        assert_eq!(told(0.0), counts);
        let unlikely = serde_json::json!({"signal": "domain", "known": true, "value": null, "label": "law",
            "probability": 0.6999, "min_probability": 0.7, "cost": "encoder"});
        assert_eq!(told(0.7), unlikely);
    }

    #[test]
    fn four_digits_do_not_reach_a_bound_that_is_missed() {
        assert_eq!([0.7, 0.69998, 0.83, 1.0, 0.0].map(digits), [0.7, 0.6999, 0.83, 1.0, 0.0]);
        let shown = LabelShown::of(Label { name: "law", probability: 0.303_185 }, 0.30319);
        assert_eq!((shown.probability, shown.min_probability), (0.3031, Some(0.30319)));
    }

    #[test]
    fn no_time_is_taken_where_nobody_asks() {
        let routes = Routes::new(&[], Vec::new(), None);
        let asked = request("x");
        assert!(routes.explain(&routes.facts(&asked)).keywords_us.is_none());
    }
}

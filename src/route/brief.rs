//! A decision as a header's value: one line of ASCII, of a bounded length, without any of the prompt's text.

use serde_json::{Map, Value, json};

use super::classifier::Query;
use super::decision::Decision;
use super::rule::{Explanation, LabelShown, Truth};
use super::table::Table;

/// The longest value, in bytes.
const LONGEST: usize = 4 << 10;

/// So many routes' scores are told, the best ones.
const ROUTES: usize = 5;

/// JSON that tells the route, why, for what was compared the best scores with their thresholds, and, where there are rules, each signal's value
/// and the rules that held. What does not fit is left out, the last first, and `cut` says so.
pub fn brief(
    table: &Table,
    decision: &Decision,
    query: Option<&Query>,
    backend: Option<&str>,
    explained: Option<&Explanation<'_>>,
) -> String {
    let all = explained.map_or(0, |explained| explained.signals.len().max(explained.routes.len()));
    let mut most = all;
    loop {
        let text = ascii(&brief_of(table, decision, query, backend, explained, most, all).to_string());
        if text.len() <= LONGEST || most == 0 {
            return if text.len() <= LONGEST { text } else { r#"{"cut":true}"#.into() };
        }
        most /= 2;
    }
}

fn brief_of(
    table: &Table,
    decision: &Decision,
    query: Option<&Query>,
    backend: Option<&str>,
    explained: Option<&Explanation<'_>>,
    most: usize,
    all: usize,
) -> Value {
    let mut brief = json!({
        "route": decision.route.and_then(|route| table.name(route)).map(|name| &**name),
        "backend": backend,
        "reason": decision.reason.as_str(),
        "score": decision.score,
    });
    if let Some(query) = query.filter(|_| table.compares()) {
        let by_route = table.scores(query).by_route;
        let mut best: Vec<usize> = table.compared().map(|(route, _)| route).collect();
        best.sort_by(|a, b| by_route[*b].total_cmp(&by_route[*a]));
        best.truncate(ROUTES);
        let named = |value: &dyn Fn(usize) -> Value| -> Map<String, Value> {
            best.iter().filter_map(|route| Some((table.name(*route)?.to_string(), value(*route)))).collect()
        };
        brief["scores"] = named(&|route| json!(by_route[route])).into();
        brief["thresholds"] = named(&|route| json!(table.threshold(route))).into();
    }
    let Some(explained) = explained else { return brief };
    let mut signals: Vec<_> = explained.signals.iter().collect();
    signals.sort_by_key(|signal| signal.value.is_none());
    let signals = signals.into_iter().take(most).map(|signal| {
        let mut shown = json!({ "signal": signal.signal, "value": signal.value, "cost": signal.cost });
        if let Some(of) = &signal.of {
            shown["of"] = json!(of);
        }
        if let Some(LabelShown { label, probability, min_probability }) = signal.label {
            (shown["label"], shown["probability"]) = (json!(label), json!(probability));
            if let Some(least) = min_probability {
                shown["min_probability"] = json!(least);
            }
        }
        if !signal.known {
            shown["known"] = json!(false);
        }
        if !signal.found.is_empty() {
            shown["found"] = json!(signal.found);
        }
        shown
    });
    brief["signals"] = signals.collect();
    let held = explained.routes.iter().filter(|route| route.rule == Truth::Yes && route.when.is_some());
    let mut held: Vec<_> = held.collect();
    let chosen = decision.route.and_then(|route| table.name(route));
    held.sort_by_key(|held| (chosen.is_none_or(|chosen| **chosen != *held.route), -i64::from(held.priority)));
    let held = held.into_iter().take(most).map(|route| {
        let when = route.when.as_ref().map(ToString::to_string);
        json!({ "route": route.route, "priority": route.priority, "when": when })
    });
    brief["held"] = held.collect();
    if most < all {
        brief["cut"] = json!(true);
    }
    brief
}

/// `json` with everything beyond ASCII escaped.
fn ascii(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && !c.is_ascii_control() {
            ascii.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| ascii.push_str(&format!("\\u{unit:04x}")));
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;

    use super::*;
    use crate::route::classifier::Mode;
    use crate::route::rule::{Condition, Node, RouteRule, Routes, Test};
    use crate::route::signal::keywords::List;
    use crate::route::signal::testing::request;
    use crate::route::signal::{Arg, Signal};
    use crate::route::{Reason, RouteSettings, Settings, Threshold};

    /// As many routes, each with a list of keywords of its own.
    fn told(count: usize, word: impl Fn(usize) -> String, text: &str) -> Value {
        let name = |i: usize| Arc::<str>::from(format!("route-{i}"));
        let route = |i| RouteSettings { name: name(i), backend: 0, samples: vec![], threshold: Threshold::None };
        let settings =
            Settings { routes: (0..count).map(route).collect(), default_backend: 0, classifier: Mode::Nearest };
        let table = Table::compile(settings, |_| Vec::<Result<_, Infallible>>::new(), None).unwrap();
        let keywords = Signal::find("keywords").unwrap();
        let rules: Vec<_> = (0..count)
            .map(|i| {
                let when = Node::Is(Condition { signal: keywords, arg: Arg::List(i), test: Test::Flag(true) });
                RouteRule { name: name(i), priority: 0, when: Some(when), samples: false }
            })
            .collect();
        let lists = (0..count).map(|i| List::any([word(i)])).collect();
        let routes = Routes::new(&rules, lists, None);
        let asked = request(text);
        let explained = routes.explain(&routes.facts(&asked));
        let text = brief(&table, &table.decided(Some(0), 1.0, Reason::Rule), None, Some("a"), Some(&explained));
        assert!(text.len() <= LONGEST && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text}");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn it_is_ascii_and_says_what_was_found() {
        let told = told(1, |_| "größe".into(), "Die Größe\nist geheim");
        assert_eq!((&told["route"], &told["reason"]), (&json!("route-0"), &json!("rule")));
        // As it is searched for.
        assert_eq!(told["signals"][0]["found"], json!(["grösse"]));
        assert_eq!(told["held"][0]["when"], "keywords {any: [\"größe\"]}: true");
        assert!(!told.to_string().contains("geheim") && told.get("cut").is_none());
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_that_is_told() {
        let told = told(300, |i| format!("word{i}"), "word0 word1");
        assert_eq!(told["cut"], true);
        assert!(!told["signals"].as_array().unwrap().is_empty());
    }
}

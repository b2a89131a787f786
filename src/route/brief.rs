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

/// How many items of a list and how many characters of a text are told, where all of them are too long; the last of these
/// stays in force where what is told has to be dropped, too.
const SHORTER: [(usize, usize); 3] = [(32, 512), (8, 128), (3, 48)];

/// JSON that tells the route, why, for what was compared the best scores with their thresholds, and, where there are rules, each signal's value
/// and the rules that held. Where that is too long, texts and lists are shortened, and then what decided least is left out; `cut` says so.
pub fn brief(
    table: &Table,
    decision: &Decision,
    query: Option<&Query>,
    backend: Option<&str>,
    explained: Option<&Explanation<'_>>,
) -> String {
    let head = head_of(table, decision, query, backend);
    let Some(explained) = explained else { return fitting(&head).unwrap_or_else(nothing) };
    let chosen = decision.route.and_then(|route| table.name(route)).map(|name| &**name);
    let (mut signals, mut held) = (signals_of(explained, chosen), held_of(explained, chosen));
    let told = |signals: &[Value], held: &[Value], is_cut: bool| {
        let mut brief = head.clone();
        (brief["signals"], brief["held"]) = (signals.into(), held.into());
        if is_cut {
            brief["cut"] = json!(true);
        }
        fitting(&brief)
    };
    if let Some(all) = told(&signals, &held, false) {
        return all;
    }
    for (items, chars) in SHORTER {
        signals.iter_mut().chain(&mut held).for_each(|shown| shorten(shown, items, chars));
        if let Some(short) = told(&signals, &held, true) {
            return short;
        }
    }
    let mut most = signals.len().max(held.len());
    while most > 0 {
        most -= most.div_ceil(4);
        signals.truncate(most);
        held.truncate(most);
        if let Some(fewer) = told(&signals, &held, true) {
            return fewer;
        }
    }
    nothing()
}

/// `brief` as it is sent, if that is not too long.
fn fitting(brief: &Value) -> Option<String> {
    Some(ascii(&brief.to_string())).filter(|text| text.len() <= LONGEST)
}

fn nothing() -> String {
    r#"{"cut":true}"#.into()
}

/// What is told in any case.
fn head_of(table: &Table, decision: &Decision, query: Option<&Query>, backend: Option<&str>) -> Value {
    let mut brief = json!({
        "route": decision.route.and_then(|route| table.name(route)).map(|name| &**name),
        "backend": backend,
        "reason": decision.reason.as_str(),
        "score": number(decision.score),
    });
    if let Some(query) = query.filter(|_| table.compares()) {
        let by_route = table.scores(query).by_route;
        let mut best: Vec<usize> = table.compared().map(|(route, _)| route).collect();
        best.sort_by(|a, b| by_route[*b].total_cmp(&by_route[*a]));
        best.truncate(ROUTES);
        let named = |value: &dyn Fn(usize) -> Value| -> Map<String, Value> {
            best.iter().filter_map(|route| Some((table.name(*route)?.to_string(), value(*route)))).collect()
        };
        brief["scores"] = named(&|route| number(by_route[route])).into();
        brief["thresholds"] = named(&|route| table.threshold(route).map_or(Value::Null, number)).into();
    }
    brief
}

/// Every signal, those that the rule of the route `chosen` asks for first, and those without a value last.
fn signals_of(explained: &Explanation<'_>, chosen: Option<&str>) -> Vec<Value> {
    let mut signals: Vec<_> = explained.signals.iter().enumerate().collect();
    let asks = explained.routes.iter().find(|route| Some(route.route) == chosen).map(|route| route.asks.as_slice());
    let asks = asks.unwrap_or_default();
    signals.sort_by_key(|(place, signal)| (!asks.contains(place), signal.value.is_none()));
    let shown = signals.into_iter().map(|(_, signal)| {
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
        for (key, words) in [("found", &signal.found), ("ruled_out_by", &signal.ruled_out_by)] {
            if !words.is_empty() {
                shown[key] = json!(words);
            }
        }
        shown
    });
    shown.collect()
}

/// Every rule that held, that of the route `chosen` first.
fn held_of(explained: &Explanation<'_>, chosen: Option<&str>) -> Vec<Value> {
    let held = explained.routes.iter().filter(|route| route.rule == Truth::Yes && route.when.is_some());
    let mut held: Vec<_> = held.collect();
    held.sort_by_key(|held| (chosen != Some(held.route), -i64::from(held.priority)));
    let shown = held.into_iter().map(|route| {
        let when = route.when.as_ref().map(ToString::to_string);
        json!({ "route": route.route, "priority": route.priority, "when": when })
    });
    shown.collect()
}

/// Cuts lists within `shown` to as many `items`, and texts to as many `chars`; names of routes stay whole. `…` stands for the rest.
fn shorten(shown: &mut Value, items: usize, chars: usize) {
    match shown {
        Value::Object(entries) => {
            entries.iter_mut().filter(|(key, _)| *key != "route").for_each(|(_, value)| shorten(value, items, chars));
        }
        Value::Array(all) => {
            if all.len() > items + 1 {
                all.truncate(items);
                all.push("…".into());
            }
            all.iter_mut().for_each(|value| shorten(value, items, chars));
        }
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(chars) {
                text.truncate(end);
                text.push('…');
            }
        }
        _ => {}
    }
}

/// A score with its own digits, not those that a wider float adds.
fn number(score: f32) -> Value {
    serde_json::to_string(&score).ok().and_then(|digits| serde_json::from_str(&digits).ok()).unwrap_or_default()
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
        told_of(&(0..count).map(|i| vec![word(i)]).collect::<Vec<_>>(), text, 0)
    }

    /// A route for each of these lists, of which the one at `chosen` is.
    fn told_of(words: &[Vec<String>], text: &str, chosen: usize) -> Value {
        let count = words.len();
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
        let lists = words.iter().map(|words| List { any: words.clone(), ..List::default() }).collect();
        let routes = Routes::new(&rules, lists, None);
        let asked = request(text);
        let explained = routes.explain(&routes.facts(&asked));
        let text = brief(&table, &table.decided(Some(chosen), 1.0, Reason::Rule), None, Some("a"), Some(&explained));
        assert!(text.len() <= LONGEST && text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text}");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn long_lists_are_shortened_before_anything_is_left_out() {
        let told = told_of(&[vec!["hi".into()], (0..400).map(|i| format!("keyword{i:03}")).collect()], &many(400), 1);
        assert_eq!(told["cut"], true);
        let signals = told["signals"].as_array().unwrap();
        assert_eq!(signals.len(), 2, "{told}");
        let found = signals[0]["found"].as_array().unwrap();
        assert!(found[0] == "keyword000" && found.len() > 3 && *found.last().unwrap() == "…", "{told}");
        assert_eq!(told["held"][0]["route"], "route-1");
    }

    #[test]
    fn what_the_chosen_rule_asks_goes_last() {
        let lists: Vec<_> = (0..300).map(|i| vec![format!("keyword{i:03}")]).collect();
        let told = told_of(&lists, &many(299), 299);
        let signals = told["signals"].as_array().unwrap();
        assert!(told["cut"] == true && signals.len() > 5 && signals.len() < 300, "{told}");
        assert_eq!((&signals[0]["of"], &signals[0]["value"]), (&json!("{any: [\"keyword299\"]}"), &json!(false)));
    }

    #[test]
    fn scores_have_no_more_digits_than_they_were_given() {
        assert_eq!([0.006149087, 1.0, 0.1].map(|score| number(score).to_string()), ["0.006149087", "1.0", "0.1"]);
        assert_eq!(number(f32::NAN), Value::Null);
    }

    fn many(words: usize) -> String {
        (0..words).map(|i| format!("keyword{i:03} ")).collect()
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

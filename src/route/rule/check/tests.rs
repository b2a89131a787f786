use fastrand::Rng;
use serde_yaml::Value as Yaml;

use super::super::parse::{Scope, parse, parse_list};
use super::super::routes::Routes;
use super::super::testing::{Sample, lists, rules, scores};
use super::super::tree::Truth;
use super::*;
use crate::findings::Findings;
use crate::route::signal::keywords::List;

/// Warnings about routes given by priority, whether they have samples, and their rule; named 0, 1, ….
fn warnings(routes: &[(i32, bool, &str)]) -> Vec<String> {
    let mut scope =
        Scope { jailbreak: true, pii: true, shipped_model: true, classifiers: vec!["toxicity"], ..Scope::default() };
    let mut findings = Findings::default();
    let sql = parse_list("", &serde_yaml::from_str("{any: [sql, table], typos: 1}").unwrap(), &mut findings).unwrap();
    scope.lists.push(List { name: Some(Arc::from("sql")), ..sql });
    let whens: Vec<Yaml> = routes.iter().map(|(_, _, when)| serde_yaml::from_str(when).unwrap()).collect();
    let whens: Vec<_> = whens.iter().map(|when| Some(when).filter(|when| !when.is_null())).collect();
    let mut rule = |(i, (priority, samples, _)): (usize, &(i32, bool, &str))| {
        let when = whens[i].map(|when| parse("", when, &mut scope, &mut findings).unwrap());
        RouteRule { name: Arc::from(i.to_string()), priority: *priority, when, samples: *samples }
    };
    let rules: Vec<_> = routes.iter().enumerate().map(&mut rule).collect();
    let warnings = check(&rules, &World { whens, ..world(&scope.lists) });
    warnings
        .iter()
        .filter(|warning| !matches!(warning, Warning::Unused { .. } | Warning::Word { .. }))
        .map(Warning::to_string)
        .collect()
}

/// One in which any text may be said.
fn world(lists: &[List]) -> World<'_> {
    World { lists, ..World::default() }
}

fn one(when: &str) -> Vec<String> {
    warnings(&[(0, false, when)])
}

#[test]
fn contradictions_are_told_with_both_sides() {
    for (when, sides) in [
        ("{tokens: {gt: 10, lt: 5}}", Some(("tokens > 10", "tokens < 5"))),
        ("{all: [{tenant: a}, {tenant: b}]}", Some(("tenant = a", "tenant = b"))),
        ("{turns: {gt: 2, lt: 3}}", Some(("turns > 2", "turns < 3"))),
        ("{jailbreak: {gt: 1}}", Some(("jailbreak > 1", ""))),
        ("{tools: true, all: [{tools: 0}]}", Some(("tools >= 1", "tools = 0"))),
        ("{stream: true, not: {stream: true}}", Some(("stream = true", "not stream = true"))),
        (
            "{keywords: {any: [inner join]}, not: {keywords: {any: [join, x]}}}",
            Some(("keywords {any: [\"inner join\"]}", "not keywords {any: [\"join\", …]}")),
        ),
        ("{pii: false, all: [{pii: US_SSN}]}", Some(("not pii = true", "pii = US_SSN"))),
        ("{model: {matches: ^a}, not: {model: {matches: ^a}}}", Some(("model matches ^a", "not model matches ^a"))),
        ("{format: text, all: [{format: {matches: json}}]}", Some(("format = text", "format matches json"))),
    ] {
        let because = match sides {
            Some((one, "")) => format!(": \"{one}\" never holds"),
            Some((a, b)) => format!(": \"{a}\" and \"{b}\" never hold together"),
            None => String::new(),
        };
        assert_eq!(one(when), [format!("route \"0\": when holds for no request{because}")], "{when}");
    }
}

#[test]
fn what_can_hold_is_not_warned_of() {
    for when in [
        "{tokens: {gte: 5, lte: 5}}",
        "{turns: {gt: 2, lt: 4}}",
        "{tenant: {matches: ^a}, not: {tenant: a}}",
        "{not: {tenant: a}, all: [{not: {tenant: {matches: .}}}]}",
        "{pii: [A], all: [{pii: [B]}]}",
        "{domain: math, all: [{domain: {eq: law, min_probability: 0.9}}]}",
        "{keywords: {any: [join]}, not: {keywords: {any: [inner join]}}}",
        "{any: [{domain: math}, {not: {domain: math}}]}",
    ] {
        assert_eq!(one(when), Vec::<String>::new(), "{when}");
    }
}

#[test]
fn a_dead_branch_is_told_by_its_path() {
    let told = one("{any: [{code: true}, {all: [{turns: {lt: 1}}, {turns: {gt: 1}}]}]}");
    assert_eq!(
        told,
        ["route \"0\": when.any[1] holds for no request: \"turns < 1\" and \"turns > 1\" never hold together"]
    );
}

#[test]
fn a_place_is_named_as_the_config_has_it() {
    for (when, place) in [
        ("{any: [{stream: true}, {jailbreak: {gt: 1}}], turns: 1}", "any[1]"),
        (
            "{turns: 1, any: [{header: {x-a: b}, all: [{any: [{stream: true}, {jailbreak: {gt: 1}}]}]}]}",
            "any[0].all[0].any[1]",
        ),
        ("{any: [{any: [{stream: true}, {any: [{turns: {lt: 0}}, {code: true}]}]}]}", "any[0].any[1].any[0]"),
        ("{any: [{pii: {in: [A], ne: B}}, {turns: {lt: 0, gt: 4}}]}", "any[1]"),
        ("{not: {stream: true}, any: [{turns: 1}, {turns: {lt: 0}, stream: false}]}", "any[1]"),
    ] {
        let told = one(when);
        assert!(told[0].starts_with(&format!("route \"0\": when.{place} holds for no request")), "{when}: {told:?}");
    }
    let dead = "{any: [{classifier: {toxicity: {eq: bad, min_probability: 0.5}}}, {keywords: [sql, dead]}]}";
    let lists = [("sql", "{any: [a]}"), ("dead", "{all: [a], none: [a]}")];
    let lists = lists.map(|(name, list)| {
        let list = parse_list("", &serde_yaml::from_str(list).unwrap(), &mut Findings::default()).unwrap();
        List { name: Some(Arc::from(name)), ..list }
    });
    let mut scope = Scope { classifiers: vec!["toxicity"], lists: lists.to_vec(), ..Scope::default() };
    let value: Yaml = serde_yaml::from_str(dead).unwrap();
    let when = parse("", &value, &mut scope, &mut Findings::default());
    let rule = RouteRule { name: Arc::from("0"), priority: 0, when, samples: false };
    let told = check(&[rule], &World { whens: vec![Some(&value)], ..world(&lists) });
    let told: Vec<_> = told.iter().map(Warning::to_string).collect();
    assert_eq!(
        told,
        [
            "route \"0\": when.any[1].keywords[1] holds for no request: \"keywords dead\" never holds",
            "keywords dead never holds: \"all\" has \"a\", and where that is, \"none\" has \"a\"",
        ]
    );
}

#[test]
fn what_always_holds_is_told() {
    for when in
        ["{tokens: {gte: 0}}", "{any: [{stream: true}, {stream: false}]}", "{turns: {lt: 3}, any: [{turns: {gte: 0}}]}"]
    {
        let always = !when.starts_with("{turns");
        assert_eq!(one(when).len(), usize::from(always), "{when}");
    }
    // What may be unknown when the decision is made does not always hold.
    assert!(one("{jailbreak: {gte: 0}}").is_empty());
    assert!(one("{not: {tenant: a}}").is_empty());
}

#[test]
fn shadowed_routes_are_told_with_who_takes_their_requests() {
    let shadowed = |routes: &[(i32, bool, &str)]| warnings(routes).iter().any(|told| told.contains("is never chosen"));
    let (narrow, wide) = ("{keywords: {any: [sql]}, turns: 1}", "{keywords: {any: [table, sql]}}");
    assert!(shadowed(&[(0, false, wide), (0, false, narrow)]));
    assert!(!shadowed(&[(0, false, narrow), (0, false, wide)]));
    assert!(shadowed(&[(0, false, narrow), (1, false, wide)]));
    assert!(shadowed(&[(0, true, narrow), (0, false, wide)]), "a rule goes before samples");
    assert!(!shadowed(&[(0, true, wide), (0, false, narrow)]));
    assert!(!shadowed(&[(1, true, wide), (0, false, narrow)]), "samples may fail");
    assert!(shadowed(&[(1, false, ""), (0, true, "")]));
    assert!(shadowed(&[(0, false, "{keywords: sql}"), (0, false, "{keywords: {all: [sql]}}")]));
    assert!(shadowed(&[(0, false, "{tokens: {gt: 100}}"), (0, false, "{tokens: {gte: 101}}")]));
    assert!(!shadowed(&[(0, false, "{tokens: {gt: 100}}"), (0, false, "{tokens: {gte: 100}}")]));
}

#[test]
fn lists_that_nobody_names_are_told() {
    let list = |name: &str| List { name: Some(Arc::from(name)), ..List::any(["x"]) };
    let told = check(&[], &world(&[list("sql"), List::any(["y"])]));
    assert_eq!(told, [Warning::Unused { list: Arc::from("sql") }]);
    assert_eq!(told[0].to_string(), "router.signals.keywords.sql: no route asks for it");
}

/// No request contradicts a warning.
#[test]
fn every_warning_is_true_of_random_requests() {
    let mut random = Rng::with_seed(17);
    let (mut impossible, mut always, mut shadowed) = (0, 0, 0);
    for _ in 0..4000 {
        let count = random.usize(1..5);
        let (rules, lists) = (rules(&mut random, count), lists(&mut random));
        let tenants = random.bool().then(|| vec!["a".to_owned(), "ac".to_owned()]);
        let range = tenants.clone().map(|all| Range { texts: Texts::These(all), may_be_absent: false, why: "" });
        let ranges = range.into_iter().map(|range| ("tenant", range)).collect();
        let world = World { ranges, ..world(&lists) };
        let warnings = check(&rules, &world);
        if warnings.is_empty() {
            continue;
        }
        let place = |name: &Arc<str>| rules.iter().position(|rule| rule.name == *name).unwrap();
        let routes = Routes::new(&rules, lists, None);
        for _ in 0..40 {
            let sample = Sample::random(&mut random);
            let asked = sample.request();
            let is_of = |tenant: &str| tenants.iter().flatten().any(|known| known == tenant);
            if tenants.is_some() && !asked.tenant.is_some_and(is_of) {
                continue;
            }
            let mut facts = routes.facts(&asked);
            if random.u8(..4) > 0 {
                facts.guard(sample.guarded);
                facts.learn(&sample.learned);
            }
            let scores = scores(&mut random, count);
            let chosen = routes.decide(&facts, &scores).map(|choice| choice.route);
            for warning in &warnings {
                match warning {
                    Warning::Impossible { route, path, .. } if path.is_empty() => {
                        impossible += 1;
                        assert_ne!(routes.truth(place(route), &facts), Truth::Yes, "{warning}\n{rules:#?}");
                    }
                    Warning::Always { route, .. } => {
                        always += 1;
                        assert_eq!(routes.truth(place(route), &facts), Truth::Yes, "{warning}\n{rules:#?}");
                    }
                    Warning::Shadowed { route, by } => {
                        shadowed += 1;
                        assert_ne!(chosen, Some(place(route)), "{warning}\n{rules:#?}");
                        let first = routes.truth(place(route), &facts);
                        let holds = |by| routes.truth(place(by), &facts) == Truth::Yes;
                        assert!(first != Truth::Yes || by.iter().any(holds), "{warning}");
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(impossible > 1000 && always > 200 && shadowed > 1000, "{impossible} {always} {shadowed}");
}

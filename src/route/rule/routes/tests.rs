use fastrand::Rng;

use super::super::parse::{Scope, parse};
use super::super::testing::{Sample, lists, rules, scores, shuffled};
use super::*;
use crate::findings::Findings;
use crate::route::signal::testing::{Nobody, request};
use crate::route::signal::{Guarded, Request};

/// Routes from `name priority samples: when` lines.
fn routes(lines: &[(&str, i32, bool, &str)]) -> Routes {
    let mut scope = Scope { jailbreak: true, pii: true, shipped_model: true, ..Scope::default() };
    scope.classifiers.push("toxicity");
    let mut findings = Findings::default();
    let mut rule = |(name, priority, samples, when): &(&str, i32, bool, &str)| {
        let value = serde_yaml::from_str(when).unwrap();
        let when = (!when.is_empty()).then(|| parse("", &value, &mut scope, &mut findings).unwrap());
        RouteRule { name: Arc::from(*name), priority: *priority, when, samples: *samples }
    };
    let rules: Vec<_> = lines.iter().map(&mut rule).collect();
    Routes::new(&rules, scope.lists, None)
}

fn early(routes: &Routes, request: &Request<'_>) -> Early {
    routes.decide_early(&routes.facts(request))
}

const SQL: &str = "{keywords: {any: [sql]}}";

#[test]
fn a_keyword_settles_what_samples_of_no_higher_priority_could_win() {
    let both = routes(&[("samples", 0, true, ""), ("sql", 0, false, SQL)]);
    assert_eq!(early(&both, &request("my sql")), Early::Settled(Some(1)));
    assert_eq!(early(&both, &request("hello")), Early::Needs(Cost::Encoder));
    let above = routes(&[("samples", 1, true, ""), ("sql", 0, false, SQL)]);
    assert_eq!(early(&above, &request("my sql")), Early::Needs(Cost::Encoder));
    let only = routes(&[("sql", 0, false, SQL)]);
    assert_eq!(early(&only, &request("hello")), Early::Settled(None));
}

#[test]
fn samples_whose_rule_fails_are_not_embedded() {
    let guarded = routes(&[("eu", 0, true, "{tenant: eu}"), ("sql", 0, false, SQL)]);
    assert_eq!(early(&guarded, &request("hello")), Early::Settled(None));
    let eu = Request { tenant: Some("eu"), ..request("hello") };
    assert_eq!(early(&guarded, &eu), Early::Needs(Cost::Encoder));
}

#[test]
fn what_is_needed_is_the_cheapest_that_matters() {
    let dear =
        routes(&[("a", 0, false, "{all: [{classifier: {toxicity: x}}, {jailbreak: {gt: 0.5}}, {stream: true}]}")]);
    let streamed = Request { stream: true, ..request("hi") };
    assert_eq!(early(&dear, &request("hi")), Early::Settled(None));
    let mut facts = dear.facts(&streamed);
    assert_eq!(dear.decide_early(&facts), Early::Needs(Cost::Guard));
    facts.guard(Guarded { jailbreak: Some(0.9), ..Guarded::default() });
    assert_eq!(dear.decide_early(&facts), Early::Needs(Cost::Model));
    let toxic = Nobody { label: Some(("x", 1.0)), ..Nobody::default() };
    facts.learn(&toxic);
    assert_eq!(dear.decide_early(&facts), Early::Settled(Some(0)));
}

#[test]
fn priority_goes_before_the_score_and_the_score_before_the_order() {
    let some = routes(&[("a", 0, true, ""), ("b", 0, true, ""), ("c", 1, true, ""), ("d", 0, false, SQL)]);
    let decide = |scores: [f32; 3], text: &str| {
        let asked = request(text);
        let score = |value: f32| Score { value, passes: value > 0.5 };
        some.decide(&some.facts(&asked), &scores.map(score)).map(|choice| choice.route)
    };
    assert_eq!(decide([0.6, 0.9, 0.0], "x"), Some(1));
    assert_eq!(decide([0.9, 0.9, 0.0], "x"), Some(0));
    assert_eq!(decide([0.9, 0.9, 0.6], "x"), Some(2));
    assert_eq!(decide([1.0, 0.9, 0.0], "sql"), Some(3));
    assert_eq!(decide([0.1, 0.1, 0.1], "x"), None);
}

#[test]
fn what_stays_unknown_does_not_match() {
    let some = routes(&[("a", 1, false, "{jailbreak: {lt: 0.5}}"), ("b", 0, true, ""), ("c", 0, false, SQL)]);
    let asked = request("sql");
    let choice = some.decide(&some.facts(&asked), &[]);
    assert_eq!(choice, Some(Choice { route: 2, score: 1.0 }));
}

#[test]
fn what_costs_less_is_evaluated_first() {
    let some = routes(&[(
        "a",
        0,
        false,
        "{all: [{jailbreak: {gt: 0}}, {not: {any: [{code: true}, {stream: true}]}}, {tenant: x}]}",
    )]);
    let Some(Node::All(nodes)) = &some.routes[0].when else { panic!() };
    let costs: Vec<_> = nodes.iter().map(|node| some.cheapest_first(&mut node.clone()).0).collect();
    assert_eq!(costs, [Cost::Free, Cost::Cheap, Cost::Guard]);
}

/// Whatever is settled early is what is chosen when everything is known, and what is asked for is really missing.
#[test]
fn what_is_settled_early_is_what_is_chosen_in_the_end() {
    let mut random = Rng::with_seed(11);
    let (mut settled, mut needed) = (0, 0);
    for _ in 0..6000 {
        let count = random.usize(1..6);
        let routes = Routes::new(&rules(&mut random, count), lists(&mut random), None);
        let sample = Sample::random(&mut random);
        let asked = sample.request();
        let scores = scores(&mut random, count);
        let mut whole = routes.facts(&asked);
        whole.guard(sample.guarded);
        whole.learn(&sample.learned);
        let wanted = routes.decide(&whole, &scores).map(|choice| choice.route);
        // In the order in which a request learns.
        let mut facts = routes.facts(&asked);
        let mut stages = vec![routes.decide_early(&facts)];
        facts.guard(sample.guarded);
        stages.push(routes.decide_early(&facts));
        stages.push(routes.settle(&facts, Some(&scores)));
        facts.learn(&sample.learned);
        stages.push(routes.settle(&facts, Some(&scores)));
        for (stage, early) in stages.iter().enumerate() {
            match early {
                Early::Settled(route) => {
                    settled += 1;
                    assert_eq!(*route, wanted, "{routes:#?} {stages:?}");
                }
                Early::Needs(cost) => {
                    needed += 1;
                    // Guardrails that found nothing out may be asked for again, the scores not.
                    assert!(stage < 2 || *cost != Cost::Encoder || sample.learned.domain.is_none() || stage == 2);
                }
            }
        }
    }
    assert!(settled > 3000 && needed > 3000, "{settled} {needed}");
}

/// Rules decide the same in whatever order their conditions are written, with all of a request known and with parts of it.
#[test]
fn the_order_in_which_conditions_are_written_decides_nothing() {
    let mut random = Rng::with_seed(43);
    let mut unknown = 0;
    for _ in 0..4000 {
        let count = random.usize(1..5);
        let (rules, lists) = (rules(&mut random, count), lists(&mut random));
        let other = rules.iter().map(|rule| {
            let when = rule.when.as_ref().map(|when| shuffled(when, &mut random));
            RouteRule { when, ..rule.clone() }
        });
        let other: Vec<RouteRule> = other.collect();
        let both = [Routes::new(&rules, lists.clone(), None), Routes::new(&other, lists, None)];
        let (sample, scores) = (Sample::random(&mut random), scores(&mut random, count));
        let asked = sample.request();
        let (is_guarded, is_learned) = (random.bool(), random.bool());
        let [first, second] = both.each_ref().map(|routes| {
            let mut facts = routes.facts(&asked);
            if is_guarded {
                facts.guard(sample.guarded);
            }
            if is_learned {
                facts.learn(&sample.learned);
            }
            let truths: Vec<Truth> = (0..count).map(|route| routes.truth(route, &facts)).collect();
            let early = [routes.decide_early(&facts), routes.settle(&facts, Some(&scores))];
            (truths, early, routes.decide(&facts, &scores))
        });
        assert_eq!(first, second, "{rules:#?}\n{other:#?}");
        unknown += first.0.iter().filter(|truth| **truth == Truth::Unknown).count();
    }
    assert!(unknown > 500, "{unknown}");
}

#[test]
fn the_same_outcome_comes_of_facts_that_were_asked_before() {
    let some = routes(&[("a", 0, false, "{turns: {gte: 2}}"), ("b", 0, false, "{turns: {lt: 2}}")]);
    let asked = request("x");
    let facts = some.facts(&asked);
    assert_eq!(some.decide_early(&facts), Early::Settled(Some(1)));
    assert_eq!(some.decide(&facts, &[]), Some(Choice { route: 1, score: 1.0 }));
    assert_eq!(some.truth(0, &facts), Truth::No);
}

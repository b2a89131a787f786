//! An answer that was given to a question is none to the question that a route makes of it.

use serde_json::json;

use crate::stand::{Parts, Stand};
use crate::support::pool::header;

const SECTIONS: &str = "middleware: {sem_cache: {enabled: true}}";

async fn outcome(stand: &Stand) -> String {
    let response = stand.say("What is the tallest tree?", json!({})).await;
    assert_eq!(response.status(), 200);
    header(&response, "x-pointsman-cache").to_owned()
}

fn parts<'a>(route: &'a str) -> Parts<'a> {
    Parts { route, sections: SECTIONS, ..Parts::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_actions_share_no_entries() {
    let stand = Stand::of(parts("backend: one")).await;
    assert_eq!([outcome(&stand).await, outcome(&stand).await], ["miss", "hit-exact"]);
    for route in [
        "backend: one, system_prompt: {append: Be brief.}",
        "backend: one, system_prompt: {append: Be long.}",
        "backend: one, params: {set: {top_p: 0.5}}",
        "backend: one, reasoning: high",
        // What a header does is the backend's to say.
        "backend: one, headers: {set: {x-lang: de}}",
        "backend: one, headers: {set: {x-lang: fr}}",
    ] {
        stand.becomes(parts(route)).await;
        assert_eq!([outcome(&stand).await, outcome(&stand).await], ["miss", "hit-exact"], "{route}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_arms_share_no_entries() {
    let stand = Stand::of(parts("backends: [{name: one, weight: 1}, {name: two, weight: 0}]")).await;
    assert_eq!([outcome(&stand).await, outcome(&stand).await], ["miss", "hit-exact"]);
    stand.becomes(parts("backends: [{name: one, weight: 0}, {name: two, weight: 1}]")).await;
    assert_eq!([outcome(&stand).await, outcome(&stand).await], ["miss", "hit-exact"]);
    assert_eq!([stand.one.peer.seen().len(), stand.two.peer.seen().len()], [1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_route_has_it_answered_decides_whether_it_may_be_kept() {
    let asking = async |stand: &Stand, more: serde_json::Value| {
        header(&stand.say("What is the tallest tree?", more).await, "x-pointsman-cache").to_owned()
    };
    let sections = "middleware: {sem_cache: {enabled: true, cache_sampled: false}}";
    let stand = Stand::of(Parts { sections, ..parts("backend: one, params: {set: {temperature: 0.9}}") }).await;
    assert_eq!([asking(&stand, json!({})).await, asking(&stand, json!({})).await], ["bypass", "bypass"]);
    stand.becomes(Parts { sections, ..parts("backend: one, params: {set: {temperature: 0}}") }).await;
    let sampled = json!({ "temperature": 0.7 });
    assert_eq!([asking(&stand, sampled.clone()).await, asking(&stand, sampled).await], ["miss", "hit-exact"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_another_level_of_thought_are_others() {
    let signals = "signals: {complexity: {easy: [\"What is 2+2?\"], hard: [\"Prove that every bounded sequence of reals has a limit point.\"]}}";
    let route = |cut: &str| format!("backend: one, reasoning: {{effort: auto, cuts: [{cut}, {cut}, {cut}]}}");
    let (low, high) = (route("-1"), route("1"));
    let with = |route| Parts { route, router: signals, one: "reasoning_family: gpt-oss", ..parts("") };
    let stand = Stand::of(with(&low)).await;
    assert_eq!([outcome(&stand).await, outcome(&stand).await], ["miss", "hit-exact"]);
    stand.becomes(with(&high)).await;
    assert_eq!(outcome(&stand).await, "miss");
}

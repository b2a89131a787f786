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
    ] {
        stand.becomes(parts(route)).await;
        assert_eq!([outcome(&stand).await, outcome(&stand).await], ["miss", "hit-exact"], "{route}");
    }
    // What changes no answer changes no key.
    stand.becomes(parts("backend: one, headers: {set: {x-a: b}}")).await;
    assert_eq!(outcome(&stand).await, "hit-exact");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_arms_share_no_entries() {
    let stand = Stand::of(parts("backends: [{name: one, weight: 1}, {name: two, weight: 0}]")).await;
    assert_eq!([outcome(&stand).await, outcome(&stand).await], ["miss", "hit-exact"]);
    stand.becomes(parts("backends: [{name: one, weight: 0}, {name: two, weight: 1}]")).await;
    assert_eq!([outcome(&stand).await, outcome(&stand).await], ["miss", "hit-exact"]);
    assert_eq!([stand.one.peer.seen().len(), stand.two.peer.seen().len()], [1, 1]);
}

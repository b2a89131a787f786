//! Backends with shares: a canary.

use std::collections::HashMap;

use futures::{StreamExt, stream};
use serde_json::json;

use crate::stand::{Parts, Stand};
use crate::support::pool::header;
use crate::support::upstream::answer;

const SHARES: &str = "backends: [{name: one, weight: 9}, {name: two, weight: 1}]";

async fn stand(route: &str) -> Stand {
    Stand::of(Parts { route, ..Parts::default() }).await
}

/// Who serves the conversation `nth`, whose last turn says `last`.
async fn served(stand: &Stand, nth: usize, last: &str) -> String {
    // It is routed by its last words, which are embedded once for all.
    let body = json!({ "messages": [
        { "role": "system", "content": format!("You are clerk number {nth}.") },
        { "role": "user", "content": "Hello." }, { "role": "assistant", "content": "Hello." },
        { "role": "user", "content": last },
    ] });
    let response = stand.chat(&body.to_string()).await;
    assert_eq!((response.status().as_u16(), header(&response, "x-pointsman-route")), (200, "all"));
    header(&response, "x-pointsman-backend").to_owned()
}

async fn all_served(stand: &Stand, conversations: usize, last: &str) -> Vec<String> {
    stream::iter(0..conversations).map(|nth| served(stand, nth, last)).buffered(8).collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_backend_gets_its_share_of_the_conversations_and_keeps_them() {
    let stand = stand(SHARES).await;
    let served = all_served(&stand, 2000, "Go on.").await;
    let mut counts = HashMap::<&str, usize>::new();
    served.iter().for_each(|backend| *counts.entry(backend).or_default() += 1);
    // Five standard deviations.
    assert!((200 - 67..=200 + 67).contains(&counts["two"]), "{counts:?}");
    assert_eq!([stand.one.peer.seen().len(), stand.two.peer.seen().len()], [counts["one"], counts["two"]]);
    assert!(stand.two.peer.seen().iter().all(|seen| seen.body.windows(11).any(|part| part == b"\"model-two\"")));
    // The next turn of each goes where the one before went.
    assert_eq!(all_served(&stand, 200, "And then?").await, served[..200]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_backend_takes_a_conversation_over_where_its_own_fails() {
    let stand = stand(SHARES).await;
    let before = all_served(&stand, 60, "Go on.").await;
    let (nth, _) = before.iter().enumerate().find(|(_, backend)| *backend == "two").expect("a tenth goes there");
    stand.two.becomes(vec![answer(500, "", "oh")]);
    assert_eq!(served(&stand, nth, "Go on.").await, "one");
    assert!(stand.router.metric("pointsman_fallbacks_total{backend=\"two\"}").await >= 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_no_weight_it_serves_only_where_the_others_fail() {
    let stand = stand("backends: [{name: one, weight: 0}, {name: two, weight: 3}]").await;
    assert_eq!(all_served(&stand, 50, "Go on.").await, ["two"; 50]);
    stand.two.becomes(vec![answer(500, "", "oh")]);
    assert_eq!(served(&stand, 0, "Go on.").await, "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_that_gives_more_weight_moves_nobody_else() {
    let stand = stand(SHARES).await;
    let before = all_served(&stand, 300, "Go on.").await;
    let route = "backends: [{name: one, weight: 9}, {name: two, weight: 9}]";
    stand.becomes(Parts { route, ..Parts::default() }).await;
    let after = all_served(&stand, 300, "Go on.").await;
    let moved = before.iter().zip(&after).filter(|(before, after)| before != after);
    assert!(moved.clone().all(|(before, _)| before == "one"), "only the one that gains gets some");
    assert!(moved.count() > 60);
}

//! Headers of the request to the backend.

use crate::stand::{Parts, Stand, send};
use crate::support::pool::header;
use crate::support::upstream::Seen;

const BODY: &str = r#"{"messages":[{"role":"user","content":"Hi"}]}"#;

async fn sent(stand: &Stand, own: &[(&str, &str)]) -> Seen {
    let request =
        own.iter().fold(stand.post("/v1/chat/completions"), |request, (name, value)| request.header(*name, *value));
    assert_eq!(send(request, BODY).await.status(), 200);
    stand.one.peer.seen().pop().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_set_and_removed_and_the_routers_own_come_last() {
    let stand = Stand::with("headers: {set: {X-Team: a b}, remove: [x-debug]}").await;
    let own =
        [("x-team", "c"), ("x-debug", "1"), ("x-else", "2"), ("x-request-id", "r-1"), ("authorization", "Bearer sk")];
    let seen = sent(&stand, &own).await;
    assert_eq!(seen.header("x-team"), ["a b"]);
    assert_eq!([seen.header("x-debug"), seen.header("authorization")], [vec![""; 0], vec![]]);
    assert_eq!([seen.header("x-else"), seen.header("x-request-id")], [["2"], ["r-1"]]);
    assert_eq!(seen.header("host"), [stand.one.peer.address.to_string()]);
    let other = stand.chat(r#"{"model":"two","messages":[{"role":"user","content":"Hi"}]}"#).await;
    assert_eq!(header(&other, "x-pointsman-backend"), "two");
    assert!(stand.two.peer.seen()[0].header("x-team").is_empty(), "no route, no headers");
}

#[tokio::test(flavor = "multi_thread")]
async fn they_change_with_the_config() {
    let stand = Stand::with("headers: {set: {x-team: a}}").await;
    assert_eq!(sent(&stand, &[]).await.header("x-team"), ["a"]);
    stand.becomes(Parts { route: "backend: one, headers: {set: {x-team: b}}", ..Parts::default() }).await;
    assert_eq!(sent(&stand, &[]).await.header("x-team"), ["b"]);
}

//! What is not charged, what stands, and what a reload keeps.

use super::support::Router;
use super::support::fickle::Fickle;
use super::support::pool::{metric_becomes, raw_chat};
use super::support::upstream::{Act, Upstream, answer, busy, whole};
use super::support::{Stand, eventually};
use super::{ask, backend, chat, counted, entry, fickle, plain, routed, served, used, used_series};

const TWO: &str = "budget: {requests_per_minute: 2, over: over}";

async fn spent(router: &Router, share: f64) {
    metric_becomes(router, &used_series("backend", "a", "requests"), share).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_not_charged() {
    let (first, over) = (fickle(busy()).await, backend((1, 1, 0)).await);
    let router = Router::start(&plain(&[entry("a", &first.peer.url(), TWO), entry("over", &over.url(), "")]));
    let bad = answer(400, "content-type: application/json\r\n", "{}");
    for (acts, status) in [(busy(), 503), (vec![bad], 400), (vec![Act::Reset], 502)] {
        first.becomes(acts);
        for _ in 0..3 {
            assert_eq!(ask(&router, &chat("a")).await.by(), (status, "a", ""));
        }
    }
    first.becomes(vec![whole("from a")]);
    assert_eq!(served(&router, "a", 3).await, "a a over");
    let dead = [entry("a", "http://127.0.0.1:1", TWO), entry("over", &over.url(), "")];
    let router = Router::start(&plain(&dead));
    for _ in 0..3 {
        assert_eq!(ask(&router, &chat("a")).await.by(), (503, "a", ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_cache_answers_is_not_charged() {
    let peer = backend((1, 1, 0)).await;
    let config = plain(&[entry("a", &peer.url(), TWO), entry("over", &peer.url(), "")]);
    let router = Router::start(&format!("{config}middleware: {{sem_cache: {{enabled: true}}}}\n"));
    for _ in 0..9 {
        assert_eq!(ask(&router, &chat("a")).await.by(), (200, "a", ""));
    }
    assert_eq!(peer.seen().len(), 1);
    assert_eq!(used(&router, "backend", "a", "requests").await, 0.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_another_backend_serves_in_the_end_it_is_the_one_that_is_charged() {
    let (first, second) = (fickle(busy()).await, backend((1, 1, 0)).await);
    let entries = [
        entry("a", &first.peer.url(), "budget: {requests_per_minute: 2, over: over}"),
        entry("b", &second.url(), "budget: {requests_per_minute: 4, over: over}"),
        entry("over", &second.url(), ""),
    ];
    let router = Router::start(&routed("backends: [a, b], budget: {requests_per_minute: 8, over: over}", &entries));
    for _ in 0..3 {
        assert_eq!(ask(&router, &chat("auto")).await.by(), (200, "b", "fallback"));
    }
    assert_eq!(used(&router, "backend", "a", "requests").await, 0.0);
    assert_eq!(used(&router, "backend", "b", "requests").await, 0.75);
    assert_eq!(used(&router, "route", "all", "requests").await, 0.375);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_and_left_is_charged_though_nobody_knows_what_it_took() {
    let (held, over) = (Upstream::start(|_| vec![Act::Hang]).await, backend((1, 1, 0)).await);
    let config = [entry("a", &held.url(), TWO), entry("over", &over.url(), "")];
    let router = Router::start(&plain(&config).replace("model-a", "m"));
    let socket = raw_chat(&router, false).await;
    eventually("it is sent", || async { (held.seen().len() == 1).then_some(()) }).await;
    drop(socket);
    eventually("it is left", || async { (held.left() == 1).then_some(()) }).await;
    metric_becomes(&router, "pointsman_requests_in_flight", 0.0).await;
    spent(&router, 0.5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_is_charged_what_came_of_it() {
    let chunk = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let broken = format!("{head}{:x}\r\n{chunk}\r\n", chunk.len());
    let peer = Fickle::start(vec![Act::Say(broken.into_bytes()), Act::Close]).await;
    let keys = "price: {input: 0, output: 1000000}, budget: {cost_per_hour: 4, over: over}";
    let router = Router::start(&plain(&[entry("a", &peer.peer.url(), keys), entry("over", &peer.peer.url(), "")]));
    let mut body = chat("a");
    body["stream"] = true.into();
    let said = ask(&router, &body).await;
    assert!(said.text.contains("\"error\""), "{said:?}");
    counted(&router, "a", "direct", 1.0).await;
    assert_eq!(super::amount(&router, "cost_total", "a", "direct").await, 1.0);
    assert_eq!(used(&router, "backend", "a", "cost").await, 0.25);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_keeps_what_was_spent_and_a_new_limit_counts_it() {
    let peer = backend((1, 1, 0)).await;
    let config = |limit: usize| {
        let budget = format!("budget: {{requests_per_minute: {limit}, over: over}}");
        plain(&[entry("a", &peer.url(), &budget), entry("over", &peer.url(), "")])
    };
    let router = Router::start(&config(4));
    assert_eq!(served(&router, "a", 2).await, "a a");
    router.change_to(&config(4)).await;
    assert_eq!(used(&router, "backend", "a", "requests").await, 0.5);
    router.change_to(&config(3)).await;
    assert_eq!(served(&router, "a", 2).await, "a over");
    router.change_to(&config(4)).await;
    assert_eq!(served(&router, "a", 2).await, "a over");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_budget_none_is_shown() {
    let stand = Stand::start();
    stand.is_well().await;
    let page = reqwest::get(stand.router.admin("/metrics")).await.unwrap().text().await.unwrap();
    assert!(!page.contains("pointsman_budget_used{") && !page.contains("pointsman_cost_total{"), "{page}");
    assert!(page.contains("pointsman_tokens_total{"), "{page}");
}

//! What may be spent, and who serves past it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;

use super::support::upstream::{Act, Upstream, answer, whole};
use super::support::{Router, eventually};
use super::{Said, ask, backend, chat, entry, plain, routed, says, served, used};

const PRICED: &str = "price: {input: 1000, output: 1000}, ";

async fn over_budget(router: &Router, kind: &str, owner: &str) -> f64 {
    router.metric(&format!(r#"pointsman_over_budget_total{{kind="{kind}",owner="{owner}"}}"#)).await
}

/// A config's two backends: `a` with these keys, and `over`.
fn pair(a: &Upstream, over: &Upstream, keys: &str) -> [String; 2] {
    [entry("a", &a.url(), keys), entry("over", &over.url(), "")]
}

#[tokio::test(flavor = "multi_thread")]
async fn past_its_requests_a_minute_another_backend_serves_and_the_answer_says_so() {
    let peer = backend((1, 1, 0)).await;
    let router = Router::start(&plain(&pair(&peer, &peer, "budget: {requests_per_minute: 2, over: over}")));
    assert_eq!(served(&router, "auto", 1).await, "a");
    assert_eq!(used(&router, "backend", "a", "requests").await, 0.5);
    // Who names it is under its budget, too.
    assert_eq!(served(&router, "model-a", 1).await, "a");
    let said = ask(&router, &chat("a")).await;
    assert_eq!((said.by(), &*said.route), ((200, "over", "over-budget"), "direct"));
    assert_eq!(served(&router, "auto", 2).await, "over over");
    let models = peer.seen().iter().filter(|seen| String::from_utf8_lossy(&seen.body).contains("model-over")).count();
    assert_eq!(models, 3, "its own model is asked for");
    assert_eq!(over_budget(&router, "backend", "a").await, 3.0);
    assert_eq!(used(&router, "backend", "a", "requests").await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_charged_as_the_answers_tell_them() {
    // More than any estimate, and less.
    let [long, short] = [backend((1_000, 500, 0)).await, backend((9, 1, 0)).await];
    let router = Router::start(&plain(&pair(&long, &short, "budget: {tokens_per_minute: 1600, over: over}")));
    assert_eq!(served(&router, "a", 3).await, "a a over");
    assert_eq!(used(&router, "backend", "a", "tokens").await, 3_000.0 / 1_600.0);
    let router = Router::start(&plain(&pair(&short, &long, "budget: {tokens_per_minute: 600, over: over}")));
    assert_eq!(served(&router, "a", 9).await, ["a"; 9].join(" "));
    let mut body = chat("a");
    body["stream"] = true.into();
    let said = ask(&router, &body).await;
    assert_eq!(said.by(), (200, "a", ""));
    assert!(!said.text.contains("prompt_tokens"), "{said:?}");
    assert_eq!(used(&router, "backend", "a", "tokens").await, 100.0 / 600.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_charged_by_the_price() {
    let peer = backend((1_000, 500, 0)).await;
    let keys = format!("{PRICED}budget: {{cost_per_hour: 4, over: over}}");
    let router = Router::start(&plain(&pair(&peer, &peer, &keys)));
    assert_eq!(served(&router, "a", 4).await, "a a a over");
    assert_eq!(used(&router, "backend", "a", "cost").await, 4.5 / 4.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_limit_that_is_reached_counts() {
    let peer = backend((10, 10, 0)).await;
    let budget = "budget: {requests_per_minute: 3, tokens_per_minute: 30, over: over}";
    let router = Router::start(&plain(&pair(&peer, &peer, budget)));
    assert_eq!(served(&router, "a", 3).await, "a a over");
    assert_eq!(used(&router, "backend", "a", "requests").await, 2.0 / 3.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_routes_budget_is_for_its_own_backends_and_those_may_have_one_as_well() {
    let peer = backend((1, 1, 0)).await;
    let entries = [
        entry("a", &peer.url(), "budget: {requests_per_minute: 2, over: b}"),
        entry("b", &peer.url(), "budget: {requests_per_minute: 1, over: over}"),
        entry("over", &peer.url(), ""),
    ];
    let router = Router::start(&routed("backend: a, budget: {requests_per_minute: 1, over: over}", &entries));
    assert_eq!(served(&router, "auto", 2).await, "a over");
    assert_eq!((over_budget(&router, "route", "all").await, over_budget(&router, "backend", "a").await), (1.0, 0.0));
    // By name, past the route's: its own budget, and then the next one's.
    let mut by = Vec::new();
    for _ in 0..4 {
        by.push(ask(&router, &chat("a")).await);
    }
    let by: Vec<_> = by.iter().map(|said| (&*said.backend, &*said.degraded)).collect();
    assert_eq!(by, [("a", ""), ("b", "over-budget"), ("over", "over-budget"), ("over", "over-budget")]);
    assert_eq!(over_budget(&router, "backend", "b").await, 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn past_a_routes_budget_its_own_backends_are_not_fallen_back_on() {
    let (peer, broken) = (backend((1, 1, 0)).await, Upstream::start(|_| vec![answer(503, "", "no")]).await);
    let entries = [entry("a", &peer.url(), ""), entry("b", &peer.url(), ""), entry("over", &broken.url(), "")];
    let router = Router::start(&routed("backends: [a, b], budget: {requests_per_minute: 1, over: over}", &entries));
    assert_eq!(ask(&router, &chat("auto")).await.by(), (200, "a", ""));
    assert_eq!(ask(&router, &chat("auto")).await.by(), (503, "over", "over-budget"));
    assert_eq!(peer.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_come_at_once_do_not_overshoot() {
    let gate = Arc::<AtomicBool>::default();
    let until = gate.clone();
    let held = Upstream::start(move |_| vec![Act::Until(until.clone()), whole("from a")]).await;
    let over = backend((1, 1, 0)).await;
    let router = Router::start(&plain(&pair(&held, &over, "budget: {requests_per_minute: 5, over: over}")));
    let body = chat("a");
    let asking = join_all((0..20).map(|_| ask(&router, &body)));
    let opening = async {
        eventually("all are decided", || async { (over.seen().len() + held.seen().len() == 20).then_some(()) }).await;
        gate.store(true, Ordering::SeqCst);
    };
    let (said, ()) = tokio::join!(asking, opening);
    let by = |backend: &str| said.iter().filter(|said| said.backend == backend && said.status == 200).count();
    assert_eq!((by("a"), by("over")), (5, 15));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_come_at_once_are_charged_what_they_are_likely_to_take() {
    let gate = Arc::<AtomicBool>::default();
    let until = gate.clone();
    let held = Upstream::start(move |seen| [vec![Act::Until(until.clone())], says(seen, (10, 10, 0))].concat()).await;
    let over = backend((1, 1, 0)).await;
    let router = Router::start(&plain(&pair(&held, &over, "budget: {tokens_per_minute: 250, over: over}")));
    // Some twenty of the prompt, and the hundred that it asks for at most.
    let mut body = chat("a");
    body["max_tokens"] = 100.into();
    let asking = join_all((0..9).map(|_| ask(&router, &body)));
    let opening = async {
        eventually("all are decided", || async { (over.seen().len() + held.seen().len() == 9).then_some(()) }).await;
        gate.store(true, Ordering::SeqCst);
    };
    let (said, ()) = tokio::join!(asking, opening);
    assert_eq!(said.iter().filter(|said| said.backend == "a").count(), 3);
    assert_eq!(used(&router, "backend", "a", "tokens").await, 60.0 / 250.0, "and then settled");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_falls_back_onto_a_backend_is_held_to_its_budget() {
    let (b, over) = (backend((1, 1, 0)).await, backend((1, 1, 0)).await);
    let entries = [
        entry("a", "http://127.0.0.1:1", ""),
        entry("b", &b.url(), "budget: {requests_per_minute: 2, over: over}"),
        entry("over", &over.url(), ""),
    ];
    let router = Router::start(&routed("backends: [a, b]", &entries));
    let mut said = Vec::new();
    for _ in 0..4 {
        let Said { backend, degraded, .. } = ask(&router, &chat("auto")).await;
        said.push([backend, degraded]);
    }
    let (fallen, over) = (["b", "fallback"], ["over", "fallback, over-budget"]);
    assert_eq!(said, [fallen, fallen, over, over], "all that was out of order");
    router.logs("degraded=\"fallback, over-budget\"").await;
    assert_eq!(used(&router, "backend", "b", "requests").await, 1.0);
}

//! What answers cost and save, from their usage.

use serde_json::json;

use super::support::Router;
use super::support::upstream::{Upstream, answer, busy};
use super::{amount, ask, backend, chat, counted, entry, fickle, plain, routed, says};

const CHEAP: &str = "price: {input: 1, output: 2}";
const DEAR: &str = "price: {input: 10, output: 20}";

async fn tokens(router: &Router, backend: &str, kind: &str) -> f64 {
    router.metric(&format!(r#"pointsman_tokens_total{{backend="{backend}",kind="{kind}"}}"#)).await
}

async fn estimated(router: &Router, backend: &str) -> f64 {
    router.metric(&format!(r#"pointsman_usage_estimated_total{{backend="{backend}"}}"#)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_answer_costs_and_saves_is_counted_from_its_usage() {
    let [cheap, dear, free] = [backend((1_000, 500, 0)).await, backend((100, 0, 0)).await, backend((7, 7, 0)).await];
    let config =
        [entry("cheap", &cheap.url(), CHEAP), entry("dear", &dear.url(), DEAR), entry("free", &free.url(), "")];
    let router = Router::start(&plain(&config));
    for model in ["auto", "auto", "cheap", "dear", "free"] {
        assert_eq!(ask(&router, &chat(model)).await.status, 200);
    }
    counted(&router, "free", "direct", 1.0).await;
    assert_eq!(amount(&router, "cost_total", "cheap", "default").await, 0.004);
    assert_eq!(amount(&router, "saved_total", "cheap", "default").await, 0.036);
    assert_eq!(amount(&router, "cost_total", "cheap", "direct").await, 0.002);
    assert_eq!(amount(&router, "cost_total", "dear", "direct").await, 0.001);
    assert_eq!(amount(&router, "saved_total", "dear", "direct").await, 0.0);
    assert_eq!((tokens(&router, "cheap", "prompt").await, tokens(&router, "cheap", "completion").await), (3e3, 1.5e3));
    assert_eq!((tokens(&router, "free", "prompt").await, estimated(&router, "free").await), (7.0, 0.0));
    let page = reqwest::get(router.admin("/metrics")).await.unwrap().text().await.unwrap();
    let of_free = page.lines().find(|line| line.starts_with("pointsman_cost") && line.contains("free"));
    assert_eq!(of_free, None, "its price is not known");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_were_cached_cost_their_own_price() {
    let peer = backend((1_000, 0, 400)).await;
    let config = [
        entry("a", &peer.url(), "price: {input: 1, output: 1, cached_input: 0.5}"),
        entry("b", &peer.url(), "price: {input: 1, output: 1}"),
    ];
    let router = Router::start(&plain(&config));
    for model in ["a", "b"] {
        ask(&router, &chat(model)).await;
    }
    counted(&router, "b", "direct", 1.0).await;
    assert_eq!(amount(&router, "cost_total", "a", "direct").await, 0.0008);
    assert_eq!(amount(&router, "cost_total", "b", "direct").await, 0.001);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_streams_usage_is_asked_for_and_kept_from_who_did_not_ask() {
    let peer = backend((1_000, 500, 0)).await;
    let router = Router::start(&plain(&[entry("a", &peer.url(), CHEAP)]));
    let mut body = chat("a");
    body["stream"] = true.into();
    let quiet = ask(&router, &body).await;
    assert!(quiet.text.contains(r#""content":" c""#) && quiet.text.ends_with("data: [DONE]\n\n"), "{quiet:?}");
    assert!(!quiet.text.contains("prompt_tokens"), "{quiet:?}");
    body["stream_options"] = json!({ "include_usage": true });
    let told = ask(&router, &body).await;
    assert!(told.text.contains(r#""prompt_tokens":1000"#), "{told:?}");
    counted(&router, "a", "direct", 2.0).await;
    assert_eq!(amount(&router, "cost_total", "a", "direct").await, 0.004);
    assert_eq!(estimated(&router, "a").await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_prompts_stream_is_asked_too() {
    let peer = backend((90_000, 500, 0)).await;
    let router = Router::start(&plain(&[entry("a", &peer.url(), CHEAP)]));
    let mut body = chat("a");
    body["stream"] = true.into();
    body["messages"][0]["content"] = "word ".repeat(60_000).into();
    let said = ask(&router, &body).await;
    assert!(said.status == 200 && !said.text.contains("prompt_tokens"), "{said:?}");
    counted(&router, "a", "direct", 1.0).await;
    assert_eq!((amount(&router, "cost_total", "a", "direct").await, estimated(&router, "a").await), (0.091, 0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_asked_of_a_stream_where_nobody_counts_money() {
    let peer = backend((1_000, 500, 0)).await;
    let router = Router::start(&plain(&[entry("a", &peer.url(), "")]));
    let mut body = chat("model-a");
    body["stream"] = true.into();
    assert_eq!(ask(&router, &body).await.status, 200);
    assert_eq!(peer.seen()[0].body, body.to_string().as_bytes(), "byte for byte");
    counted(&router, "a", "direct", 1.0).await;
    assert_eq!((tokens(&router, "a", "completion").await, estimated(&router, "a").await), (3.0, 1.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_never_tells_its_usage_is_estimated_and_that_is_counted() {
    // It does as if nobody had asked.
    let peer = Upstream::start(|seen| {
        let body = String::from_utf8(seen.body.clone()).unwrap().replace("include_usage", "exclude_usage");
        says(&super::Seen { body: body.into_bytes(), ..seen.clone() }, (1_000, 500, 0))
    });
    let peer = peer.await;
    let router = Router::start(&plain(&[entry("a", &peer.url(), "price: {input: 0, output: 1000}")]));
    let mut body = chat("a");
    body["stream"] = true.into();
    assert_eq!(ask(&router, &body).await.status, 200);
    counted(&router, "a", "direct", 1.0).await;
    assert_eq!(amount(&router, "cost_total", "a", "direct").await, 0.003, "a token a chunk");
    assert_eq!(estimated(&router, "a").await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_cost_nothing_and_who_answers_in_the_end_is_paid() {
    let (first, second) = (fickle(busy()).await, backend((1_000, 500, 0)).await);
    let config = routed("backends: [a, b]", &[entry("a", &first.peer.url(), DEAR), entry("b", &second.url(), CHEAP)]);
    let router = Router::start(&config);
    for stream in [false, true] {
        let mut body = chat("auto");
        body["stream"] = stream.into();
        let said = ask(&router, &body).await;
        assert_eq!(said.by(), (200, "b", "fallback"));
        assert!(!stream || !said.text.contains("prompt_tokens"), "{said:?}");
    }
    counted(&router, "b", "all", 2.0).await;
    first.becomes(vec![answer(400, "content-type: application/json\r\n", r#"{"usage":{"prompt_tokens":9}}"#)]);
    assert_eq!(ask(&router, &chat("auto")).await.status, 400);
    let refused = r#"pointsman_requests_total{backend="a",route="all",status="4xx"}"#;
    super::metric_becomes(&router, refused, 1.0).await;
    assert_eq!(amount(&router, "cost_total", "b", "all").await, 0.004);
    assert_eq!(amount(&router, "saved_total", "b", "all").await, 0.036);
    assert_eq!(amount(&router, "cost_total", "a", "all").await, 0.0);
    assert_eq!(tokens(&router, "a", "prompt").await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_from_the_cache_saves_what_the_dearest_backend_would_have_cost() {
    let peer = backend((1_000, 500, 0)).await;
    let config = plain(&[entry("a", &peer.url(), CHEAP), entry("b", &peer.url(), DEAR)]);
    let router = Router::start(&format!("{config}middleware: {{sem_cache: {{enabled: true}}}}\n"));
    let mut body = chat("a");
    body["stream"] = true.into();
    ask(&router, &body).await;
    counted(&router, "a", "direct", 1.0).await;
    assert_eq!(amount(&router, "saved_total", "a", "direct").await, 0.018);
    for stream in [true, false] {
        body["stream"] = stream.into();
        let said = ask(&router, &body).await;
        assert!(said.text.contains('a') && said.text.contains("prompt_tokens") != stream, "{said:?}");
    }
    assert_eq!(peer.seen().len(), 1, "the others were hits");
    counted(&router, "a", "direct", 3.0).await;
    assert_eq!(amount(&router, "cost_total", "a", "direct").await, 0.002);
    assert_eq!(amount(&router, "saved_total", "a", "direct").await, 0.058);
}

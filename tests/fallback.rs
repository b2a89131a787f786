//! Another backend where a route's first cannot serve, which failures may be tried elsewhere, and how often in all.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::time::Instant;

use futures::future::join_all;
use futures::{StreamExt, stream};
use reqwest::Response;
use serde_json::Value;
use support::fickle::Fickle;
use support::pool::{self, all_leases_are_back, client, header, logs, refused};
use support::sse::{BOTH, Speaks};
use support::upstream::{Act, Upstream, answer, busy, ok, whole};
use support::{Router, eventually};

const BODY: &str =
    "{ \"messages\" : [{\"role\":\"user\",\"content\":\"H\\u0069!\"}],\r\n\"model\":  \"auto\", \"x\": 1.50 }";
const KEYS: [(&str, &str); 2] = [("KEY_A", "sk-a"), ("KEY_B", "sk-b")];
const EVENTS: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// A route on the backends `a` and `b`, in this order.
struct Pair {
    a: Fickle,
    b: Fickle,
    router: Router,
}

// === impl Pair ===

impl Pair {
    /// `a` does this, with further settings (a line each); `b` answers.
    async fn start(acts: Vec<Act>, settings: &str) -> Self {
        Self::with(acts, settings, "").await
    }

    /// With further sections of the config, too.
    async fn with(acts: Vec<Act>, settings: &str, sections: &str) -> Self {
        let (a, b) = (Fickle::start(acts).await, Fickle::start(vec![whole("from b")]).await);
        let router = Router::start_with(&config(&[a.peer.url()], &b.peer.url(), settings, sections), &KEYS);
        Self { a, b, router }
    }

    /// How many requests came to each.
    fn asked(&self) -> [usize; 2] {
        [&self.a, &self.b].map(|backend| backend.peer.seen().len())
    }
}

/// The first url of `a` is asked first.
fn config(a: &[String], b: &str, settings: &str, sections: &str) -> String {
    let peers: Vec<String> =
        a.iter().zip([1000, 1]).map(|(url, weight)| format!("{{url: {url:?}, weight: {weight}}}")).collect();
    let settings: String = settings.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "router: {{routes: [{{name: all, backends: [a, b], samples: [anything]}}]}}
backends:
  - name: a
    model: model-a
    api_key_env: KEY_A
    health: {{interval: 1h}}
    peers: [{}]
{settings}
  - name: b
    model: model-b
    api_key_env: KEY_B
    health: {{interval: 1h}}
    url: {:?}
{sections}",
        peers.join(", "),
        format!("{b}/gw/v1"),
    )
}

async fn ask(router: &Router, body: &str) -> Response {
    let request = client().post(router.at("/v1/chat/completions")).header("content-type", "application/json");
    request.body(body.to_owned()).send().await.expect("the router answers")
}

async fn fallbacks(router: &Router) -> f64 {
    router.metric("pointsman_fallbacks_total{backend=\"a\"}").await
}

/// Which backend answered, why not the first, and what it said.
async fn said(response: Response) -> (u16, String, String, String) {
    let [backend, degraded] =
        ["x-pointsman-backend", "x-pointsman-degraded"].map(|name| header(&response, name).to_owned());
    assert_eq!(header(&response, "x-pointsman-route"), "all");
    (response.status().as_u16(), backend, degraded, response.text().await.unwrap())
}

/// Asks once; `b` must answer, and must have been asked rightly.
async fn falls_back(case: &str, router: &Router, b: &Upstream) {
    let (status, backend, degraded, text) = said(ask(router, BODY).await).await;
    assert_eq!((status, &*backend, &*degraded), (200, "b", "fallback"), "{case}: {text}");
    assert!(text.contains("from b"), "{case}: {text}");
    let seen = b.seen();
    assert_eq!(seen.len(), 1, "{case}");
    assert_eq!(String::from_utf8_lossy(&seen[0].body), BODY.replace("auto", "model-b"), "{case}");
    assert_eq!(seen[0].target(), "/gw/v1/chat/completions", "{case}");
    assert_eq!(seen[0].header("authorization"), ["Bearer sk-b"], "{case}");
    assert_eq!(seen[0].header("host"), [b.address.to_string()], "{case}");
    assert_eq!(fallbacks(router).await, 1.0, "{case}");
    logs(router, &["Routed to [b]", "degraded=\"fallback\""]).await;
    all_leases_are_back(router).await;
}

// === what falls back ===

#[tokio::test(flavor = "multi_thread")]
async fn where_a_routes_first_backend_fails_the_next_one_answers() {
    for (case, acts) in [
        ("500", vec![answer(500, "", "oh")]),
        ("503", busy()),
        ("429", vec![answer(429, "", "later")]),
        ("reset", vec![Act::Reset]),
        ("hangs", vec![Act::Hang]),
    ] {
        let pair = Pair::start(acts, "timeouts: {first_byte: 500ms}").await;
        falls_back(case, &pair.router, &pair.b.peer).await;
        let seen = pair.a.peer.seen();
        assert_eq!(seen.len(), 1, "{case}");
        assert_eq!(String::from_utf8_lossy(&seen[0].body), BODY.replace("auto", "model-a"), "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_routes_first_backend_is_down_or_refuses_the_next_one_answers() {
    let pair = Pair::start(ok(), "").await;
    let _port = pair.a.peer.refuse().await;
    falls_back("refuses", &pair.router, &pair.b.peer).await;

    let b = Fickle::start(vec![whole("from b")]).await;
    let nobody = ["http://127.0.0.1:1/v1".to_owned()];
    let router = Router::start_with(&config(&nobody, &b.peer.url(), "retry_budget: 0.0", ""), &KEYS);
    falls_back("down", &router, &b.peer).await;
    // Nothing is tried twice for it: no budget bounds what a backend takes over that the other is not even asked for.
    for _ in 0..150 {
        assert_eq!(ask(&router, BODY).await.status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_routes_first_backend_is_full_the_next_one_answers() {
    let pair = Pair::start(vec![Act::Hang], "peer_max_in_flight: 1\nqueue: {size: 0}").await;
    let held = client().post(pair.router.at("/v1/chat/completions")).body(BODY);
    let held = tokio::spawn(held.header("content-type", "application/json").send());
    eventually("the first is held", || async { (pair.asked() == [1, 0]).then_some(()) }).await;
    let (status, backend, degraded, _) = said(ask(&pair.router, BODY).await).await;
    assert_eq!((status, &*backend, &*degraded), (200, "b", "fallback"));
    assert_eq!(pair.asked(), [1, 1]);
    held.abort();
    all_leases_are_back(&pair.router).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_peer_of_a_backend_comes_before_the_next_backend() {
    let refuse = |_: &_| vec![answer(500, "", "oh")];
    let b = Fickle::start(vec![whole("from b")]).await;
    let all_fail = [Upstream::start(refuse).await, Upstream::start(refuse).await];
    let router = Router::start_with(&config(&all_fail.each_ref().map(Upstream::url), &b.peer.url(), "", ""), &KEYS);
    falls_back("both fail", &router, &b.peer).await;
    assert_eq!(all_fail.each_ref().map(|peer| peer.seen().len()), [1, 1]);

    let one_fails = [Upstream::start(refuse).await, Upstream::start(|_| vec![whole("from a")]).await];
    let router = Router::start_with(&config(&one_fails.each_ref().map(Upstream::url), &b.peer.url(), "", ""), &KEYS);
    for _ in 0..4 {
        let (status, backend, degraded, text) = said(ask(&router, BODY).await).await;
        assert_eq!((status, &*backend, &*degraded), (200, "a", ""), "{text}");
    }
    assert_eq!(one_fails.each_ref().map(|peer| peer.seen().len()), [4, 4]);
    assert_eq!((b.peer.seen().len(), fallbacks(&router).await), (1, 0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_falls_back_before_its_head() {
    let events = format!("{EVENTS}data: {{\"choices\":[]}}\n\ndata: [DONE]\n\n");
    for acts in [vec![answer(500, "", "oh")], vec![Act::Reset], vec![Act::Hang]] {
        let case = format!("{acts:?}");
        let pair = Pair::start(acts, "timeouts: {first_byte: 500ms, idle: 500ms}").await;
        pair.b.becomes(vec![Act::Say(events.clone().into_bytes()), Act::Close]);
        for speaks in BOTH {
            let response = stream_of(&pair, speaks).await;
            assert_eq!(header(&response, "content-type"), "text/event-stream", "{case} {speaks:?}");
            let (status, backend, degraded, text) = said(response).await;
            assert_eq!((status, &*backend, &*degraded), (200, "b", "fallback"), "{case} {speaks:?}");
            assert!(text.ends_with("data: [DONE]\n\n"), "{case} {speaks:?}: {text}");
        }
    }
}

async fn stream_of(pair: &Pair, speaks: Speaks) -> Response {
    let body: Value = serde_json::from_str(&BODY.replacen('{', "{\"stream\": true,", 1)).unwrap();
    speaks.client().post(pair.router.at("/v1/chat/completions")).json(&body).send().await.unwrap()
}

// === what does not ===

#[tokio::test(flavor = "multi_thread")]
async fn a_clients_own_error_and_a_backend_that_was_named_do_not_fall_back() {
    let pair = Pair::start(vec![answer(400, "", "no")], "").await;
    for status in [400, 404, 422, 501] {
        pair.a.becomes(vec![answer(status, "", "no")]);
        let answered = said(ask(&pair.router, BODY).await).await;
        assert_eq!(answered, (status, "a".into(), String::new(), "no".into()));
    }
    pair.a.becomes(vec![answer(500, "", "oh")]);
    for name in ["a", "model-a"] {
        let response = ask(&pair.router, &BODY.replace("auto", name)).await;
        assert_eq!((response.status().as_u16(), header(&response, "x-pointsman-route")), (500, "direct"));
        assert_eq!((header(&response, "x-pointsman-backend"), header(&response, "x-pointsman-degraded")), ("a", ""));
        assert_eq!(response.text().await.unwrap(), "oh");
    }
    assert_eq!((pair.asked(), fallbacks(&pair.router).await), ([6, 0], 0.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_fail_the_last_true_answer_passes_through() {
    let pair = Pair::start(vec![answer(500, "", "oh from a")], "").await;
    pair.b.becomes(vec![answer(502, "x-own: 1\r\n", "oh from b")]);
    let (status, backend, _, text) = said(ask(&pair.router, BODY).await).await;
    assert_eq!((status, &*backend, &*text), (502, "b", "oh from b"));

    // The next backend is known to be down: the first one's answer is the last.
    let a = Upstream::start(|_| vec![answer(500, "", "oh from a")]).await;
    let router = Router::start_with(&config(&[a.url()], "http://127.0.0.1:1", "", ""), &KEYS);
    assert_eq!(said(ask(&router, BODY).await).await, (500, "a".into(), String::new(), "oh from a".into()));

    let router = Router::start_with(&config(&["http://127.0.0.1:1".into()], "http://127.0.0.1:2", "", ""), &KEYS);
    let response = ask(&router, BODY).await;
    assert!(header(&response, "retry-after").parse::<u64>().is_ok_and(|after| (1..=60).contains(&after)));
    refused(response, 503, "no_healthy_peer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_fallback_answers_is_not_kept_as_the_first_backends_answer() {
    let cache = "middleware: {sem_cache: {enabled: true}}\n";
    let pair = Pair::with(vec![answer(500, "", "oh")], "", cache).await;
    // Those who wait for each other's answer are served, too.
    for response in join_all((0..4).map(|_| ask(&pair.router, BODY))).await {
        let (status, backend, degraded, text) = said(response).await;
        assert_eq!((status, &*backend, &*degraded), (200, "b", "fallback"));
        assert!(text.contains("from b"), "{text}");
    }
    pair.a.becomes(vec![whole("from a")]);
    for outcome in ["miss", "hit-exact"] {
        let response = ask(&pair.router, BODY).await;
        assert_eq!(header(&response, "x-pointsman-cache"), outcome);
        let (status, backend, degraded, text) = said(response).await;
        assert_eq!((status, &*backend, &*degraded), (200, "a", ""), "{outcome}");
        assert!(text.contains("from a"), "{outcome}: {text}");
    }
}

// === which failures, and how often ===

#[tokio::test(flavor = "multi_thread")]
async fn what_retry_on_leaves_out_is_not_tried_elsewhere() {
    let settings = "retry_on: [connect, 503]\ntimeouts: {first_byte: 500ms}";
    let (first, second) = (Fickle::start(ok()).await, Upstream::start(|_| ok()).await);
    let router = Router::start(&pool::config(&[first.peer.url(), second.url()], settings));
    let pair = Pair::start(ok(), settings).await;
    // No connection is pooled: one that breaks when it is used again says nothing of its peer.
    let dead = answer(500, "connection: close\r\n", "oh");
    for (acts, status) in [(vec![dead], 500), (vec![Act::Reset], 502), (vec![Act::Hang], 504)] {
        first.becomes(acts.clone());
        assert_eq!(pool::ask(&router, false).await.status(), status);
        pair.a.becomes(acts);
        assert_eq!(ask(&pair.router, BODY).await.status(), status);
    }
    assert_eq!((second.seen().len(), pair.asked()), (0, [3, 0]));
    first.becomes(busy());
    pair.a.becomes(busy());
    assert_eq!(pool::ask(&router, false).await.status(), 200);
    assert_eq!(ask(&pair.router, BODY).await.status(), 200);
    assert_eq!((second.seen().len(), pair.asked()), (1, [4, 1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_stop_where_their_budget_ends() {
    let mut pool = Vec::new();
    for _ in 0..3 {
        pool.push(Upstream::start(|_| vec![answer(500, "", "oh")]).await);
    }
    let urls: Vec<_> = pool.iter().map(Upstream::url).collect();
    let router = Router::start(&pool::config(&urls, "retry_budget: 0.0\nbreaker: {max_ejected: 0}"));
    let begun = Instant::now();
    let ask = async |_| {
        let response = pool::ask(&router, false).await;
        assert_eq!((response.status().as_u16(), response.text().await.unwrap()), (500, "oh".to_owned()));
    };
    let requests = 400;
    stream::iter(0..requests).map(&ask).buffer_unordered(8).collect::<Vec<()>>().await;
    let attempts: usize = pool.iter().map(|peer| peer.seen().len()).sum();
    let retries = attempts - requests;
    // The reserve is ten a second, over ten seconds; the whole budget of attempts would be twice the requests.
    let reserve = 100 + 20 * (begun.elapsed().as_secs() as usize + 1);
    assert!((1..=reserve).contains(&retries), "{retries} retries of {requests} requests, {reserve} at most");
    assert_eq!(router.metric("pointsman_retries_total{backend=\"b\",reason=\"status\"}").await, retries as f64);
    assert!(router.metric("pointsman_retries_refused_total{backend=\"b\"}").await >= 1.0);
}

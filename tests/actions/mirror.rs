//! Copies for another backend.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::stand::{Parts, Stand, send, text};
use crate::support::pool::{all_leases_are_back, client, header, leases_become, metric_becomes, state_becomes};
use crate::support::upstream::{Act, Upstream, answer, whole};
use crate::support::{Router, eventually};

const MIRROR: &str = "backend: one, mirror: {backend: two}";

async fn mirrored(stand: &Stand, outcome: &str, count: f64) {
    metric_becomes(&stand.router, &series(outcome), count).await;
}

fn series(outcome: &str) -> String {
    format!("pointsman_mirrored_total{{backend=\"two\",outcome=\"{outcome}\"}}")
}

async fn stand(route: &str, two: &str) -> Stand {
    Stand::of(Parts { route, two, ..Parts::default() }).await
}

async fn is_served(stand: &Stand, more: Value) {
    let response = stand.say("Hi", more).await;
    assert_eq!((response.status().as_u16(), header(&response, "x-pointsman-backend")), (200, "one"));
    assert!(response.text().await.unwrap().contains("from one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_the_request_as_the_other_backend_would_have_it() {
    let route = "backend: one, mirror: {backend: two}, reasoning: high, params: {set: {top_p: 0.9}}, headers: {set: {x-a: b}, remove: [x-c]}";
    let (one, two) = ("reasoning_family: qwen3", "reasoning_family: gpt-oss, api_key_env: HOME");
    let stand = Stand::of(Parts { route, one, two, ..Parts::default() }).await;
    let body = r#"{ "messages":[{"role":"user","content":"H\u0069"}],"model":"auto"}"#;
    let request =
        stand.post("/v1/chat/completions?a=b").header("x-c", "1").header("x-d", "2").header("x-request-id", "r-1");
    let request = request.header("proxy-authorization", "Basic own").header("connection", "x-hop").header("x-hop", "1");
    assert_eq!(send(request.header("authorization", "Bearer own"), body).await.status(), 200);
    mirrored(&stand, "success", 1.0).await;
    let [served, copy] = [&stand.one, &stand.two].map(|backend| backend.peer.seen().pop().unwrap());
    let rest = r#" "messages":[{"role":"user","content":"H\u0069"}],"model":"model-"#;
    let words = r#"{"chat_template_kwargs":{"enable_thinking":true},"top_p":0.9,"#;
    assert_eq!(text(&served), format!("{words}{rest}one\"}}"));
    assert_eq!(text(&copy), format!(r#"{{"reasoning_effort":"high","top_p":0.9,{rest}two"}}"#));
    assert_eq!([served.target(), copy.target()], ["/v1/chat/completions?a=b"; 2]);
    for (name, expected) in [
        ("x-a", vec!["b"]),
        ("x-c", vec![]),
        ("x-d", vec!["2"]),
        ("x-request-id", vec!["r-1"]),
        ("proxy-authorization", vec![]),
        ("x-hop", vec![]),
    ] {
        assert_eq!([served.header(name), copy.header(name)], [expected.clone(), expected], "{name}");
    }
    let home = std::env::var("HOME").unwrap();
    assert_eq!(copy.header("authorization"), [format!("Bearer {home}")]);
    assert_eq!(copy.header("host"), [stand.two.peer.address.to_string()]);
    assert!(!copy.head.contains("x-pointsman"), "{}", copy.head);
    all_leases_are_back(&stand.router).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_of_none_copies_nothing_and_neither_does_a_hit_or_a_named_backend() {
    let stand = stand("backend: one, mirror: {backend: two, share: 0}", "").await;
    for _ in 0..5 {
        is_served(&stand, json!({})).await;
    }
    let sections = "middleware: {sem_cache: {enabled: true}}";
    stand.becomes(Parts { route: MIRROR, sections, ..Parts::default() }).await;
    for _ in 0..5 {
        is_served(&stand, json!({})).await;
        is_served(&stand, json!({ "model": "one" })).await;
    }
    mirrored(&stand, "success", 1.0).await;
    assert_eq!(
        (stand.one.peer.seen().len(), stand.two.peer.seen().len()),
        (7, 1),
        "one of the route, one of those that name it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_becomes_of_a_copy_the_client_is_served() {
    let stand = stand(MIRROR, "timeouts: {first_byte: 300ms, idle: 300ms}").await;
    let event =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n8\r\ndata: x\n\r\n";
    let stream = format!("{event}0\r\n\r\n");
    let (mut faults, mut neutral, mut successes) = (0.0, 0.0, 0.0);
    for (acts, outcome) in [
        (vec![answer(400, "", "no")], "neutral"),
        (vec![answer(500, "", "oh")], "fault"),
        (vec![Act::Reset], "fault"),
        (vec![Act::Hang], "fault"),
        (vec![Act::Say(event.as_bytes().to_vec()), Act::Close], "fault"),
        (vec![answer(404, "", "no")], "neutral"),
        (vec![Act::Say(stream.into_bytes())], "success"),
    ] {
        stand.two.becomes(acts);
        is_served(&stand, json!({})).await;
        let count = match outcome {
            "fault" => &mut faults,
            "neutral" => &mut neutral,
            _ => &mut successes,
        };
        *count += 1.0;
        mirrored(&stand, outcome, *count).await;
    }
    all_leases_are_back(&stand.router).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_is_down_harms_nobody() {
    let two = "timeouts: {connect: 300ms}";
    let stand = stand(MIRROR, two).await;
    let Stand { router, one, two } = stand;
    let _port = two.peer.refuse().await;
    let body = json!({ "messages": [{ "role": "user", "content": "Hi" }] });
    let response = client().post(router.at("/v1/chat/completions")).json(&body).send().await.unwrap();
    assert_eq!((response.status().as_u16(), one.peer.seen().len()), (200, 1));
    metric_becomes(&router, &series("fault"), 1.0).await;
}

/// A router whose one route mirrors from `one`, which answers, to `two` at this address and with these further keys.
async fn mirroring_to(two: &str, keys: &str) -> (Router, Upstream) {
    let one = Upstream::start(|_| vec![whole("from one")]).await;
    let router = Router::start(&format!(
        "router: {{routes: [{{name: all, samples: [anything], {MIRROR}}}]}}\nbackends:
  - {{name: one, url: \"{}/v1\", model: m}}\n  - {{name: two, url: \"{two}/v1\", model: n, {keys}}}\n",
        one.url()
    ));
    (router, one)
}

async fn is_served_by_one(router: &Router, content: &str) {
    let body = json!({ "messages": [{ "role": "user", "content": content }] });
    let response = client().post(router.at("/v1/chat/completions")).json(&body).send().await.unwrap();
    assert_eq!((response.status().as_u16(), header(&response, "x-pointsman-backend")), (200, "one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_for_a_backend_that_is_known_to_be_dead_is_not_called_busy() {
    let (router, _one) = mirroring_to("http://127.0.0.1:1", "").await;
    state_becomes(&router, "127.0.0.1:1", "down").await;
    is_served_by_one(&router, "Hi").await;
    metric_becomes(&router, &series("unreachable"), 1.0).await;
    assert_eq!(router.metric(&series("busy")).await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_answers_before_it_has_read_a_copy_gives_its_place_back() {
    // Nothing but its answer can end this within the timeouts: it neither reads on nor closes.
    let two = Upstream::on_head(|_| vec![answer(413, "", "too much"), Act::Meet(usize::MAX)]).await;
    let (router, _one) = mirroring_to(&two.url(), "").await;
    is_served_by_one(&router, &wide()).await;
    metric_becomes(&router, &series("neutral"), 1.0).await;
    all_leases_are_back(&router).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_speaks_while_it_reads_a_copy_gets_all_of_it() {
    let accepted = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
    for (first, last) in [
        ("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n", whole("from two")),
        ("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n", whole("from two")),
        (accepted, Act::Say(b"0\r\n\r\n".to_vec())),
    ] {
        // What it says first is there before it takes more than fits between the two.
        let acts = vec![Act::Say(first.as_bytes().to_vec()), Act::Read, last];
        let two = Upstream::on_head(move |_| acts.clone()).await;
        let (router, _one) = mirroring_to(&two.url(), "").await;
        is_served_by_one(&router, &wide()).await;
        metric_becomes(&router, &series("success"), 1.0).await;
        all_leases_are_back(&router).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_a_copy_takes_no_longer_than_it_may() {
    for (acts, outcome) in [
        (vec![], "fault"),
        (vec![Act::Say(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())], "fault"),
        // It has served the copy all the same.
        (vec![whole("from two")], "success"),
    ] {
        // It neither reads nor closes, and the other timeouts are longer than this test has.
        let acts = [acts, vec![Act::Meet(usize::MAX)]].concat();
        let two = Upstream::on_head(move |_| acts.clone()).await;
        let (router, _one) = mirroring_to(&two.url(), "timeouts: {write: 300ms}").await;
        is_served_by_one(&router, &wide()).await;
        metric_becomes(&router, &series(outcome), 1.0).await;
        all_leases_are_back(&router).await;
    }
}

/// More than fits between the two ends of a connection.
fn wide() -> String {
    "wide ".repeat(1_800_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_copies_than_allowed_are_under_way_and_each_counts_as_load() {
    let gate = Arc::<AtomicBool>::default();
    let stand = stand("backend: one, mirror: {backend: two, max_in_flight: 2}", "").await;
    stand.two.becomes(vec![Act::Until(gate.clone()), whole("from two")]);
    for nth in 0..5 {
        is_served(&stand, json!({})).await;
        // One after the other, so that it is known which are sent.
        eventually("a copy is on its way", || async { (stand.two.peer.seen().len() == 2.min(nth + 1)).then_some(()) })
            .await;
    }
    leases_become(&stand.router, 2).await;
    assert_eq!(stand.router.metric(&series("busy")).await, 3.0);
    // They still count after a reload.
    stand.becomes(Parts { route: "backend: one, mirror: {backend: two, max_in_flight: 1}", ..Parts::default() }).await;
    is_served(&stand, json!({})).await;
    mirrored(&stand, "busy", 4.0).await;
    gate.store(true, Ordering::SeqCst);
    mirrored(&stand, "success", 2.0).await;
    all_leases_are_back(&stand.router).await;
    is_served(&stand, json!({})).await;
    mirrored(&stand, "success", 3.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_never_waits_for_a_place() {
    let stand = stand(MIRROR, "max_in_flight: 1, queue: {size: 100, timeout: 1m}").await;
    stand.two.becomes(vec![Act::Hang]);
    let held = tokio::spawn(
        stand
            .post("/v1/chat/completions")
            .json(&json!({ "model": "two", "messages": [{ "role": "user", "content": "Hi" }] }))
            .send(),
    );
    leases_become(&stand.router, 1).await;
    is_served(&stand, json!({})).await;
    mirrored(&stand, "busy", 1.0).await;
    assert_eq!(stand.router.metric("pointsman_queue_waiting{backend=\"two\"}").await, 0.0);
    held.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_under_way_keeps_nobody_from_stopping() {
    let mut stand = stand(MIRROR, "").await;
    stand.two.becomes(vec![Act::Hang]);
    is_served(&stand, json!({})).await;
    leases_become(&stand.router, 1).await;
    stand.router.signal("TERM");
    let status = loop {
        if let Some(status) = stand.router.ended() {
            break status;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    assert!(status.success(), "{status}");
}

//! Metrics that lie, freeze or vanish: they stop nothing, starve nobody, and make nobody look idle.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use serde_json::Value;
use support::eventually;
use support::pool::{ask, entry, health_becomes};
use support::talker::{OFTEN, Talker, held, is_known, page, router, scraped, text};
use support::upstream::{Act, answer};

fn idle_page() -> Vec<Act> {
    page("0.0", "0.0", "0.0")
}

/// Pages that tell nothing of a peer's load, whatever they look like.
fn nonsense() -> Vec<(&'static str, Vec<Act>)> {
    let endless = vec![Act::Say(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n".to_vec()), Act::Drip];
    vec![
        ("negative", page("-5.0", "-1e300", "0.0")),
        ("not a number", page("NaN", "NaN", "NaN")),
        ("infinite", page("+Inf", "-Inf", "+Inf")),
        ("huge", page("1e300", "1e300", "1e300")),
        ("no numbers", page("many", "", "0x10")),
        ("HTML", text("<html><body>vllm:num_requests_running</body></html>")),
        ("not UTF-8", vec![Act::Say(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\xff\xfe\n\0".to_vec())]),
        ("a megabyte without a line's end", text(&"x".repeat(1 << 20))),
        ("nothing", text("")),
        ("one half", text("vllm:num_requests_running{engine=\"0\"} 0.0\n")),
        ("the other half", text("vllm:num_requests_waiting{engine=\"0\"} 0.0\n")),
        ("404", vec![answer(404, "", "no")]),
        ("500", vec![answer(500, "", "oh")]),
        ("no HTTP", vec![Act::Say(b"what?\r\n\r\n".to_vec()), Act::Close]),
        ("a reset", vec![Act::Reset]),
        ("silence", vec![Act::Hang]),
        ("a page without end", endless),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_that_lie_or_vanish_neither_stop_nor_starve_a_peer_nor_make_it_look_idle() {
    let (liar, honest) = (Talker::start(idle_page()).await, Talker::start(idle_page()).await);
    let router = router(&[&liar, &honest], OFTEN).await;
    for (case, acts) in nonsense() {
        // Every liar has told the truth before.
        liar.says(idle_page());
        honest.says(idle_page());
        is_known(&router, &liar, 0.0, 0.0).await;
        is_known(&router, &honest, 0.0, 0.0).await;
        liar.says(acts);
        liar.is_scraped(6).await;
        let [at_liar, at_honest] = held(&router, [&liar, &honest], 12).await;
        assert!(at_liar >= 2 && at_honest >= 2, "{case}: {at_liar} and {at_honest} beside an idle sibling");

        honest.says(page("20.0", "0.0", "0.2"));
        is_known(&router, &honest, 20.0, 0.0).await;
        let [at_liar, at_honest] = held(&router, [&liar, &honest], 12).await;
        assert!(at_honest >= 2, "{case}: {at_liar} and {at_honest} beside a busy sibling");
        assert_eq!(ask(&router, false).await.status(), 200, "{case}");
        health_becomes(&router, &["up", "up"]).await;
        assert_eq!(entry(&router, liar.peer.address).await["breaker"], "closed", "{case}");

        liar.says(page("4.0", "1.0", "0.1"));
        is_known(&router, &liar, 4.0, 1.0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_was_told_long_ago_counts_no_more() {
    let (frozen, idle) = (Talker::start(page("50.0", "20.0", "0.9")).await, Talker::start(idle_page()).await);
    let router = router(&[&frozen, &idle], OFTEN).await;
    is_known(&router, &frozen, 50.0, 20.0).await;
    is_known(&router, &idle, 0.0, 0.0).await;
    assert_eq!(ask(&router, false).await.status(), 200);
    assert_eq!((frozen.peer.seen().len(), idle.peer.seen().len()), (0, 1));
    frozen.says(vec![Act::Hang]);
    let serves = || async {
        assert_eq!(ask(&router, false).await.status(), 200);
        (!frozen.peer.seen().is_empty()).then_some(())
    };
    eventually("a request at the peer whose metrics froze", serves).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_all_scrapes_fail_leases_decide() {
    let (one, two) = (Talker::start(vec![Act::Hang]).await, Talker::start(vec![answer(404, "", "")]).await);
    let router = router(&[&one, &two], OFTEN).await;
    assert_eq!((scraped(&router, &one).await, scraped(&router, &two).await), (Value::Null, Value::Null));
    let leases = held(&router, [&one, &two], 20).await;
    assert!(leases.iter().all(|leases| (9..=11).contains(leases)), "{leases:?}");
    assert!(router.metric("pointsman_scrape_failures_total{backend=\"b\"}").await > 0.0);
    health_becomes(&router, &["up", "up"]).await;
}

//! A peer's load: what we sent it, weighed by prompts, and what its metrics tell of others.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use serde_json::{Value, json};
use support::pool::{ask, entry, health_becomes, leases_become, occupy, occupy_with, with_peers};
use support::talker::{OFTEN, Talker, held, is_known, page, router, scraped, text};
use support::upstream::Act;
use support::{Router, eventually};

// === what is told ===

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_others_load_gets_fewer_requests_than_its_idle_sibling() {
    let (busy, idle) =
        (Talker::start(page("20.0", "10.0", "0.4")).await, Talker::start(page("0.0", "0.0", "0.0")).await);
    let router = router(&[&busy, &idle], OFTEN).await;
    is_known(&router, &busy, 20.0, 10.0).await;
    is_known(&router, &idle, 0.0, 0.0).await;
    for n in 1..=30 {
        assert_eq!(ask(&router, false).await.status(), 200);
        eventually("the answer", || async { (idle.peer.seen().len() + busy.peer.seen().len() == n).then_some(()) })
            .await;
        leases_become(&router, 0).await;
    }
    assert!(busy.peer.seen().len() <= 3, "the busy one got {} of 30", busy.peer.seen().len());
    let loads =
        [&busy, &idle].map(|talker| format!("pointsman_peer_load{{backend=\"b\",peer=\"{}\"}}", talker.peer.address));
    assert!(router.metric(&loads[0]).await > router.metric(&loads[1]).await + 5.0);

    // The others turn to its sibling.
    busy.says(page("0.0", "0.0", "0.0"));
    idle.says(page("20.0", "10.0", "0.4"));
    is_known(&router, &busy, 0.0, 0.0).await;
    is_known(&router, &idle, 20.0, 10.0).await;
    let [once_busy, once_idle] = held(&router, [&busy, &idle], 12).await;
    assert!(once_busy >= 10, "{once_busy} and {once_idle} of 12");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_kv_cache_counts_as_load() {
    let (full, empty) =
        (Talker::start(page("0.0", "0.0", "0.99")).await, Talker::start(page("0.0", "0.0", "0.0")).await);
    let router = router(&[&full, &empty], OFTEN).await;
    is_known(&router, &full, 0.0, 0.0).await;
    is_known(&router, &empty, 0.0, 0.0).await;
    let [at_full, at_empty] = held(&router, [&full, &empty], 12).await;
    assert!(at_full < at_empty, "{at_full} at the full one, {at_empty} at the other");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_scraped_is_shown_with_its_age_summed_over_engines_and_by_old_names_too() {
    let labels = |engine: u8| format!("{{engine=\"{engine}\",model_name=\"a model, with \\\"quotes\\\" }} 7\"}}");
    for name in ["kv_cache_usage_perc", "gpu_cache_usage_perc"] {
        let (zero, one) = (labels(0), labels(1));
        let talker = Talker::start(text(&format!(
            "vllm:num_requests_running{zero} 2.0\nvllm:num_requests_running{one} 3.0\nvllm:num_requests_waiting{zero} \
             0\nvllm:num_requests_waiting{one} 1e0\nvllm:{name}{zero} 0.25\nvllm:{name}{one} 0.75 1700000000000\n"
        )))
        .await;
        let router = router(&[&talker], OFTEN).await;
        is_known(&router, &talker, 5.0, 1.0).await;
        let shown = scraped(&router, &talker).await;
        assert_eq!(shown["kv_usage"], json!(0.75), "{name}: {shown}");
        assert!(shown["age_ms"].is_u64(), "{name}: {shown}");

        // From here on it gets older, until it counts no more.
        talker.says(vec![Act::Hang]);
        let ages = || async {
            let shown = scraped(&router, &talker).await;
            (shown.is_null() || shown["age_ms"].as_u64().is_some_and(|age| age > 300)).then_some(())
        };
        eventually("an old scrape", ages).await;
        assert_eq!(ask(&router, false).await.status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_looked_for_beside_v1_or_where_the_config_says_or_not_at_all() {
    for (base, more, target) in [
        ("/v1", "interval: 20ms", Some("/metrics")),
        ("", "interval: 20ms", Some("/metrics")),
        ("/gw/v1", "interval: 20ms", Some("/gw/metrics")),
        ("/gw/v1", "interval: 20ms, path: \"/own?for=/metrics\"", Some("/own?for=/metrics")),
        ("/v1", "interval: 0", None),
    ] {
        let talker = Talker::start(page("3.0", "0.0", "0.0")).await;
        let settings = format!("metrics: {{timeout: 5s, {more}}}");
        let router = Router::start(&with_peers(&format!("{{url: \"{}{base}\"}}", talker.peer.url()), &settings));
        health_becomes(&router, &["up"]).await;
        match target {
            Some(target) => {
                is_known(&router, &talker, 3.0, 0.0).await;
                let scrapes = talker.peer.scrapes();
                assert!(scrapes.iter().all(|seen| seen.target() == target), "{base} {more}: {scrapes:?}");
            }
            None => {
                assert_eq!(held(&router, [&talker], 6).await, [6]);
                assert_eq!((talker.peer.scrapes().len(), scraped(&router, &talker).await), (0, Value::Null));
            }
        }
    }
}

// === our own requests ===

#[tokio::test(flavor = "multi_thread")]
async fn a_long_prompt_weighs_more_than_several_short_ones() {
    let (one, two) = (Talker::start(text("")).await, Talker::start(text("")).await);
    let router = router(&[&one, &two], "metrics: {interval: 20ms}\nslow_start: 0").await;
    let long = json!({ "model": "m", "messages": [{ "role": "user", "content": "word ".repeat(100_000) }] });
    let mut held = vec![occupy_with(&router, 0, &long).await];
    for n in 1..=3 {
        held.push(occupy(&router, n).await);
    }
    let mut leases = Vec::new();
    for talker in [&one, &two] {
        leases.push(entry(&router, talker.peer.address).await["leases"].as_u64().unwrap());
    }
    leases.sort_unstable();
    assert_eq!(leases, [1, 3]);
    held.iter().for_each(tokio::task::AbortHandle::abort);
    leases_become(&router, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_requests_are_not_counted_twice_where_a_peer_tells_of_them() {
    // One peer's metrics tell of what we sent there, the other's tell nothing: both have the same load.
    let (tells, hides) =
        (Talker::start(page("0.0", "0.0", "0.0")).await, Talker::start(page("0.0", "0.0", "0.0")).await);
    let router = router(&[&tells, &hides], OFTEN).await;
    let mut handles = Vec::new();
    for n in 0..20 {
        handles.push(occupy(&router, n).await);
        let own = entry(&router, tells.peer.address).await["leases"].as_u64().unwrap() as f64;
        tells.says(page(&format!("{own:?}"), "0.0", "0.0"));
        is_known(&router, &tells, own, 0.0).await;
    }
    let own = entry(&router, tells.peer.address).await["leases"].as_u64().unwrap();
    assert!((8..=12).contains(&own), "{own} of 20 at the peer that tells");
    handles.iter().for_each(tokio::task::AbortHandle::abort);
}

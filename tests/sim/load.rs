//! Slots, queues, gauges and time.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::ask::{ask, chat, get, last_is_aborted, metric, metric_becomes, raw, read_until, requests, set_faults};
use crate::support::Child;

#[tokio::test]
async fn beyond_slots_and_queue_there_is_a_503_and_the_gauges_say_so() {
    let sim = Child::sim(&["--max-num-seqs", "1", "--max-queued", "1", "--kv-blocks", "1"]);
    set_faults(&sim, json!({ "kind": "stall", "after": 2 })).await;
    let body = chat(json!({ "stream": true }));
    let mut running = raw(&sim, &body).await;
    read_until(&mut running, "[sim]").await;
    let mut waiting = raw(&sim, &body).await;
    // The head comes before the slot.
    read_until(&mut waiting, "text/event-stream").await;
    metric_becomes(&sim, "num_requests_waiting", 1.0).await;
    assert_eq!(metric(&sim, "num_requests_running").await, 1.0);
    // The prompt's 6 tokens and 1 more, of 16.
    assert_eq!(metric(&sim, "kv_cache_usage_perc").await, 7.0 / 16.0);

    let refused = ask(&sim, json!({ "stream": true })).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().get("retry-after").is_none());
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["type"], "Service Unavailable");
    assert_eq!(metric(&sim, "admission_rejections_total").await, 1.0);

    // Whoever leaves mid-stream makes room for who waits.
    drop(running);
    read_until(&mut waiting, "[sim]").await;
    assert_eq!(metric(&sim, "num_requests_waiting").await, 0.0);
    drop(waiting);
    metric_becomes(&sim, "num_requests_running", 0.0).await;
    assert_eq!(metric(&sim, "kv_cache_usage_perc").await, 0.0);
}

#[tokio::test]
async fn a_client_that_leaves_gives_all_back_wherever_it_is() {
    let sim = Child::sim(&["--max-num-seqs", "1", "--ttft", "1h"]);
    for stream in [false, true] {
        let body = chat(json!({ "stream": stream }));
        let before_first_token = raw(&sim, &body).await;
        metric_becomes(&sim, "num_requests_running", 1.0).await;
        let queued = raw(&sim, &body).await;
        metric_becomes(&sim, "num_requests_waiting", 1.0).await;
        drop(queued);
        metric_becomes(&sim, "num_requests_waiting", 0.0).await;
        last_is_aborted(&sim).await;
        assert_eq!(metric(&sim, "num_requests_running").await, 1.0);
        drop(before_first_token);
        metric_becomes(&sim, "num_requests_running", 0.0).await;
    }
    let aborted = requests(&sim).await.iter().filter(|request| request["aborted"] == true).count();
    assert_eq!(aborted, 4);
}

#[tokio::test]
async fn counters_count_tokens_and_prefix_hits() {
    let sim = Child::sim(&[]);
    let content = "x".repeat(400);
    let more = json!({ "messages": [{ "role": "user", "content": content }], "max_tokens": 3 });
    for _ in 0..2 {
        assert_eq!(ask(&sim, more.clone()).await.status(), 200);
    }
    assert_eq!(metric(&sim, "prompt_tokens_total").await, 2.0 * 104.0);
    assert_eq!(metric(&sim, "generation_tokens_total").await, 6.0);
    assert_eq!(metric(&sim, "prefix_cache_queries_total").await, 2.0 * 104.0);
    assert_eq!(metric(&sim, "prefix_cache_hits_total").await, 96.0);
    let text = get(&sim, "/metrics").await.text().await.unwrap();
    let line = "vllm:request_success_total{engine=\"0\",model_name=\"m\",finished_reason=\"length\"} 2.0";
    assert!(text.contains(line), "{text}");
}

#[tokio::test]
async fn time_passes_as_it_was_set() {
    let sim = Child::sim(&["--ttft", "100ms", "--itl", "20ms", "--prefill", "1ms"]);
    let content = "x".repeat(400);
    let more = json!({ "messages": [{ "role": "user", "content": content }], "max_tokens": 6, "stream": true });
    // 104 prompt tokens the first time, 8 of them the second.
    for least in [100 + 104 + 5 * 20, 100 + 8 + 5 * 20] {
        let start = Instant::now();
        let text = ask(&sim, more.clone()).await.text().await.unwrap();
        assert!(text.ends_with("data: [DONE]\n\n"));
        assert!(start.elapsed() >= Duration::from_millis(least - 1), "{:?} of {least} ms", start.elapsed());
    }
}

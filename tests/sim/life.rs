//! Connections, and the process's end.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::ask::{chat, raw, read_until, requests, send};
use crate::support::{Child, PATIENCE, eventually};

#[tokio::test]
async fn idle_connections_are_closed_and_busy_ones_are_not() {
    let sim = Child::sim(&["--keep-alive", "100ms", "--ttft", "250ms"]);
    let mut socket = raw(&sim, &chat(json!({ "max_tokens": 2 }))).await;
    // The answer takes longer than a connection may be idle.
    read_until(&mut socket, "\"metrics\":null}").await;
    let answered = Instant::now();
    send(&mut socket, &chat(json!({ "max_tokens": 2 }))).await;
    read_until(&mut socket, "\"metrics\":null}").await;
    let mut rest = Vec::new();
    assert_eq!(timeout(PATIENCE, socket.read_to_end(&mut rest)).await.unwrap().unwrap(), 0);
    assert!(answered.elapsed() >= Duration::from_millis(349), "{:?}", answered.elapsed());
}

#[tokio::test]
async fn it_ends_cleanly_on_a_signal_even_with_answers_that_never_end() {
    for name in ["TERM", "INT"] {
        let mut sim = Child::sim(&["--fault", r#"{"kind":"hang"}"#, "--grace", "50ms"]);
        let _hanging = raw(&sim, &chat(json!({}))).await;
        eventually("the request", || async { (requests(&sim).await.len() == 1).then_some(()) }).await;
        sim.signal(name);
        assert!(sim.wait().success());
    }
}

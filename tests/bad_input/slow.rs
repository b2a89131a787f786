//! Clients that stop in the middle.

use std::time::Duration;

use futures::future::join_all;

use super::support::Stand;
use super::support::wire::{Wire, ask};
use super::{CHAT, GOOD};

const SHORT: &str = "limits: {body_timeout: 300ms}";

fn begun(framing: &str, body: &str) -> String {
    format!("POST {CHAT} HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\n{framing}\r\n\r\n{body}")
}

#[tokio::test]
async fn a_body_that_stalls_is_a_408_and_frees_the_connection() {
    let stand = Stand::with(SHORT);
    let stalls = [
        begun("content-length: 100", ""),
        begun("content-length: 100", GOOD),
        begun("content-length: 200000", &"x".repeat(100_000)),
        begun("transfer-encoding: chunked", ""),
        begun("transfer-encoding: chunked", "ff\r\nshort"),
        begun("expect: 100-continue\r\ncontent-length: 100", ""),
    ];
    let stalled = stalls.iter().cycle().take(30).map(async |bytes| {
        let mut wire = Wire::connect(stand.address()).await;
        wire.send(bytes).await;
        let answer = wire.answer().await.expect("an answer");
        assert_eq!((answer.status, &*answer.error()), (408, "body_timeout"), "{:.150}", bytes);
        wire.closes().await;
    });
    join_all(stalled).await;
    assert_eq!(stand.sim.total_seen().await, 0);
    stand.is_well().await;
}

#[tokio::test]
async fn a_body_that_drips_is_a_408_all_the_same() {
    let stand = Stand::with(SHORT);
    let mut wire = Wire::connect(stand.address()).await;
    wire.send(begun("content-length: 1000000", "")).await;
    let mut pace = tokio::time::interval(Duration::from_millis(20));
    let answer = loop {
        tokio::select! {
            answer = wire.answered() => break answer.expect("an answer"),
            _ = pace.tick() => { wire.send(b" ").await; }
        }
    };
    assert_eq!((answer.status, &*answer.error()), (408, "body_timeout"));
    drop(wire);
    stand.is_well().await;
}

#[tokio::test]
async fn clients_that_vanish_leave_nothing_behind() {
    let stand = Stand::start();
    let whole = begun(&format!("content-length: {}", GOOD.len()), GOOD);
    for end in (1..whole.len()).step_by(7) {
        let mut wire = Wire::connect(stand.address()).await;
        wire.send(&whole[..end]).await;
    }
    let hanging = begun(&format!("x-sim-fault: {{\"kind\":\"hang\"}}\r\ncontent-length: {}", GOOD.len()), GOOD);
    for _ in 0..20 {
        Wire::connect(stand.address()).await.send(&hanging).await;
    }
    assert_eq!(ask(stand.address(), "GET /health HTTP/1.1\r\nhost: h\r\n\r\n").await.status, 200);
    stand.is_well().await;
}

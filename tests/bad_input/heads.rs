//! Heads that are wrong, or too much.

use super::support::Stand;
use super::support::wire::{Wire, ask, post};
use super::{CHAT, GOOD};

#[tokio::test]
async fn a_flood_of_header_fields_is_refused() {
    let stand = Stand::start();
    let flood = |count: usize| (0..count).map(|field| format!("x-{field}: y\r\n")).collect::<String>();
    assert_eq!(ask(stand.address(), post(CHAT, &flood(90), GOOD)).await.status, 200);
    let long = |bytes: usize| format!("x-long: {}\r\n", "y".repeat(bytes));
    let twice = format!("{}{}", long(20 << 10), long(20 << 10));
    for lines in [flood(150), flood(200), flood(300), flood(5000), long(33 << 10), twice, long(2 << 20)] {
        for request in
            [post(CHAT, &lines, GOOD), format!("GET /health HTTP/1.1\r\nhost: h\r\n{lines}\r\n").into_bytes()]
        {
            let answer = ask(stand.address(), request).await;
            assert_eq!((answer.status, &*answer.error()), (431, "headers_too_large"), "{answer:?}");
            assert!(answer.header("x-request-id").is_some(), "{answer:?}");
        }
    }
    let failures = stand.router.metric("pointsman_failures_total{reason=\"headers_too_large\"}").await;
    assert_eq!(failures, 14.0);
    stand.is_well().await;
}

#[tokio::test]
async fn a_head_beyond_all_bounds_ends_the_connection() {
    let stand = Stand::start();
    let lines = (0..5000).map(|field| format!("x-{field}: y\r\n")).collect::<String>();
    for head in [
        post(CHAT, &lines, GOOD),
        post(CHAT, &format!("x-long: {}\r\n", "y".repeat(2 << 20)), GOOD),
        format!("GET /{} HTTP/1.1\r\nhost: h\r\n\r\n", "y".repeat(2 << 20)).into_bytes(),
        vec![b'A'; 2 << 20],
    ] {
        let mut wire = Wire::connect(stand.address()).await;
        wire.send(head).await;
        let status = wire.answer().await.map(|answer| answer.status);
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{status:?}");
        wire.closes().await;
    }
    stand.is_well().await;
}

#[tokio::test]
async fn heads_that_are_not_http_are_refused_or_cut_off() {
    let stand = Stand::start();
    let with = |line: &str| format!("POST {CHAT} HTTP/1.1\r\nhost: h\r\n{line}\r\ncontent-length: 2\r\n\r\n{{}}");
    for head in [
        with("x\0y: z"),
        with("x: a\0b"),
        with(" folded: x"),
        with("no colon"),
        with(": nameless"),
        with("sp ace: x"),
        with("space-before : x"),
        with("x: a\rb"),
        format!("POST http://other{CHAT} HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n{{}}"),
        format!("POST {CHAT}\0 HTTP/1.1\r\nhost: h\r\n\r\n"),
        format!("POST {CHAT} HTTP/9.9\r\nhost: h\r\n\r\n"),
        format!("POST {CHAT}\r\n\r\n"),
        format!("POST  {CHAT} HTTP/1.1\r\nhost: h\r\n\r\n"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\ngarbage that is no frame".into(),
        "CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n".into(),
        "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03 a TLS hello \r\n\r\n".into(),
        "\r\n\r\n\r\n\r\n".into(),
        "\0\0\0\0\r\n\r\n".into(),
    ] {
        let mut wire = Wire::connect(stand.address()).await;
        wire.send(&head).await;
        wire.half_close().await;
        let status = wire.answer().await.map(|answer| answer.status);
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{head:?}: {status:?}");
        wire.closes().await;
    }
    assert_eq!(stand.sim.total_seen().await, 0, "nothing of it went upstream");
    stand.is_well().await;
}

#[tokio::test]
async fn odd_but_lawful_heads_are_served() {
    let stand = Stand::start();
    let length = GOOD.len();
    let json = "content-type: application/json";
    for head in [
        format!("POST {CHAT} HTTP/1.1\r\nHOST:h\r\n{json}\r\nCONTENT-LENGTH:{length}\r\n\r\n{GOOD}"),
        format!("POST {CHAT}?a=b&c HTTP/1.1\r\nhost: h\r\n{json}\r\ncontent-length:   {length}  \r\n\r\n{GOOD}"),
        format!(
            "POST {CHAT} HTTP/1.1\r\nhost: h\r\nx-empty:\r\nx-high: \u{e9}\r\n{json}\r\ncontent-length: {length}\r\n\r\n{GOOD}"
        ),
        format!("POST http://h{CHAT} HTTP/1.1\r\nhost: h\r\n{json}\r\ncontent-length: {length}\r\n\r\n{GOOD}"),
        format!(
            "POST {CHAT} HTTP/1.1\r\nhost: h\r\n{json}\r\ncontent-encoding: identity\r\ncontent-length: {length}\r\n\r\n{GOOD}"
        ),
        format!(
            "POST {CHAT} HTTP/1.1\r\nhost: h\r\n{json}\r\nupgrade: websocket\r\nconnection: upgrade\r\ncontent-length: {length}\r\n\r\n{GOOD}"
        ),
        format!("POST {CHAT} HTTP/1.0\r\n{json}\r\ncontent-length: {length}\r\n\r\n{GOOD}"),
        format!("POST {CHAT} HTTP/1.0\r\nconnection: keep-alive\r\n{json}\r\ncontent-length: {length}\r\n\r\n{GOOD}"),
    ] {
        let answer = ask(stand.address(), &head).await;
        assert_eq!(answer.status, 200, "{head}: {answer:?}");
        assert!(stand.sim.last_seen().await.header("upgrade").is_empty());
    }
    stand.is_well().await;
}

#[tokio::test]
async fn http_1_0_closes_after_its_answer() {
    let stand = Stand::start();
    for request in [
        "GET /health HTTP/1.0\r\n\r\n".to_string(),
        "GET /health HTTP/1.0\n\n".to_string(),
        format!(
            "POST {CHAT} HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{GOOD}",
            GOOD.len()
        ),
    ] {
        let mut wire = Wire::connect(stand.address()).await;
        wire.send(request).await;
        assert_eq!(wire.answer().await.unwrap().status, 200);
        wire.closes().await;
    }
}

#[tokio::test]
async fn a_request_shorter_than_http2s_preface_is_answered() {
    let stand = Stand::start();
    for (request, status) in [("GET / HTTP/1.0\r\n\r\n", 404), ("x\r\n\r\n", 400), ("P\r\n\r\n", 400)] {
        let mut wire = Wire::connect(stand.address()).await;
        wire.send(request).await;
        assert_eq!(wire.answer().await.unwrap().status, status, "{request:?}");
        wire.closes().await;
    }
    stand.is_well().await;
}

#[tokio::test]
async fn compressed_bodies_are_not_guessed_at() {
    let stand = Stand::start();
    for encoding in ["gzip", "br", "zstd", "deflate", "gzip, identity", "x"] {
        let answer =
            ask(stand.address(), post(CHAT, &format!("content-encoding: {encoding}\r\n"), b"\x1f\x8b\x08")).await;
        assert_eq!((answer.status, &*answer.error()), (415, "unsupported_encoding"), "{encoding}");
    }
    let twice = "content-encoding: identity\r\ncontent-encoding: gzip\r\n";
    assert_eq!(ask(stand.address(), post(CHAT, twice, GOOD)).await.status, 415, "in a second line too");
    assert_eq!(stand.sim.total_seen().await, 0);
    stand.is_well().await;
}

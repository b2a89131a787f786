//! Bodies whose length is not what was said.

use super::support::wire::{Answer, Wire, ask, post};
use super::support::{Stand, eventually};
use super::{CHAT, GOOD};

const JSON: &str = "host: h\r\ncontent-type: application/json";

fn with(lines: &str, body: &str) -> String {
    format!("POST {CHAT} HTTP/1.1\r\n{JSON}\r\n{lines}\r\n\r\n{body}")
}

fn chunk(data: &str) -> String {
    format!("{:x}\r\n{data}\r\n", data.len())
}

/// What comes of bytes after which the client says no more.
async fn outcome(stand: &Stand, bytes: impl AsRef<[u8]>) -> Option<Answer> {
    let mut wire = Wire::connect(stand.address()).await;
    wire.send(bytes).await;
    wire.half_close().await;
    let answer = wire.answer().await;
    wire.closes().await;
    answer
}

#[tokio::test]
async fn a_body_that_ends_early_is_a_400_and_frees_the_connection() {
    let stand = Stand::start();
    for bytes in [
        with("content-length: 100", GOOD),
        with("content-length: 100", ""),
        with("content-length: 1000000", &"x".repeat(70_000)),
        with("transfer-encoding: chunked", ""),
        with("transfer-encoding: chunked", &chunk(GOOD)),
        with("transfer-encoding: chunked", "ff\r\nshort"),
        with("transfer-encoding: chunked", "f"),
        with("expect: 100-continue\r\ncontent-length: 100", GOOD),
    ] {
        let answer = outcome(&stand, &bytes).await.unwrap_or_else(|| panic!("no answer to {:.150}", bytes));
        assert_eq!((answer.status, &*answer.error()), (400, "body_incomplete"), "{:.150}", bytes);
        assert_eq!(answer.header("connection"), Some("close"));
    }
    assert_eq!(stand.sim.total_seen().await, 0, "nothing of it went upstream");
    stand.is_well().await;
}

#[tokio::test]
async fn more_than_the_cap_is_a_413_whether_declared_or_not() {
    let stand = Stand::start();
    let over = (10 << 20) + 1;
    let declared = ask(stand.address(), post(CHAT, "", vec![b' '; over])).await;
    assert_eq!((declared.status, &*declared.error()), (413, "body_too_large"));
    let early = ask(stand.address(), with(&format!("content-length: {over}"), "")).await;
    assert_eq!(early.status, 413, "no byte of it need be sent");
    for length in ["99999999999999", "9223372036854775807"] {
        assert_eq!(ask(stand.address(), with(&format!("content-length: {length}"), "")).await.status, 413);
    }
    let expecting = ask(stand.address(), with(&format!("expect: 100-continue\r\ncontent-length: {over}"), "")).await;
    assert_eq!(expecting.status, 413, "nobody is told to continue");
    let mut wire = Wire::connect(stand.address()).await;
    wire.send(with("transfer-encoding: chunked", "")).await;
    wire.send(format!("{over:x}\r\n{}\r\n0\r\n\r\n", " ".repeat(over))).await;
    let chunked = wire.answer().await.unwrap();
    assert_eq!((chunked.status, &*chunked.error()), (413, "body_too_large"));
    stand.is_well().await;
}

#[tokio::test]
async fn a_long_body_of_undeclared_length_is_a_411() {
    let stand = Stand::start();
    let padded = |size: usize| GOOD.replacen('{', &format!(r#"{{"x":"{}","#, "y".repeat(size - GOOD.len() - 7)), 1);
    for (size, status) in [(1000, 200), (60_000, 200), (70_000, 411), (1 << 20, 411)] {
        let body = padded(size);
        let chunks: String =
            body.as_bytes().chunks(9_999).map(|part| chunk(std::str::from_utf8(part).unwrap())).collect();
        let answer = ask(stand.address(), with("transfer-encoding: chunked", &format!("{chunks}0\r\n\r\n"))).await;
        assert_eq!(answer.status, status, "{size} in h1");
        if status == 411 {
            assert_eq!(answer.error(), "length_required");
        }
        let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
        let request = client.post(stand.router.at(CHAT)).header("content-type", "application/json");
        let parts: Vec<_> = body.as_bytes().chunks(9_999).map(|part| Ok::<_, std::io::Error>(part.to_vec())).collect();
        let undeclared = reqwest::Body::wrap_stream(futures::stream::iter(parts));
        assert_eq!(request.body(undeclared).send().await.unwrap().status(), status, "{size} in h2");
    }
    stand.is_well().await;
}

#[tokio::test]
async fn lengths_that_are_no_lengths_are_refused() {
    let stand = Stand::start();
    let length = GOOD.len();
    for lines in [
        "content-length: abc",
        "content-length: -1",
        "content-length: 1e3",
        "content-length: 0x10",
        "content-length:",
        "content-length: 18446744073709551616",
        "content-length: 5 5",
        &format!("content-length: {length}, 7"),
        &format!("content-length: {length}\r\ncontent-length: 7"),
        &format!("content-length: 7\r\ncontent-length: {length}"),
        "transfer-encoding: gzip",
        "transfer-encoding: chunked, gzip",
        "transfer-encoding: xchunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding:",
    ] {
        let answer = outcome(&stand, with(lines, GOOD)).await;
        let status = answer.as_ref().map(|answer| answer.status);
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{lines}: {answer:?}");
    }
    let old = format!("POST {CHAT} HTTP/1.0\r\n{JSON}\r\ntransfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk(GOOD));
    assert_eq!(outcome(&stand, old).await.map(|answer| answer.status), Some(400));
    assert_eq!(stand.sim.total_seen().await, 0, "nothing of it went upstream");
    stand.is_well().await;
}

#[tokio::test]
async fn broken_chunks_are_a_400() {
    let stand = Stand::start();
    let all = format!("{}0\r\n\r\n", chunk(GOOD));
    for chunks in [
        format!("zz\r\n{GOOD}\r\n0\r\n\r\n"),
        format!("-1\r\n{GOOD}\r\n0\r\n\r\n"),
        format!("ffffffffffffffffff\r\n{GOOD}\r\n0\r\n\r\n"),
        format!("7fffffffffffffff\r\n{GOOD}\r\n0\r\n\r\n"),
        format!(" \r\n{all}"),
        format!("\r\n{all}"),
        format!("{}X{}", &all[..all.len() - 7], &all[all.len() - 7..]),
        format!("{:x}\n{GOOD}\n0\n\n", GOOD.len()),
        "x".repeat(20_000),
        format!("{};{}\r\n", GOOD.len(), "e".repeat(100_000)),
    ] {
        let answer = outcome(&stand, with("transfer-encoding: chunked", &chunks)).await;
        let status = answer.as_ref().map(|answer| answer.status);
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{chunks:.60}: {answer:?}");
    }
    assert_eq!(stand.sim.total_seen().await, 0, "nothing of it went upstream");
    stand.is_well().await;
}

#[tokio::test]
async fn a_request_cannot_hide_in_another() {
    let stand = Stand::start();
    let hidden = String::from_utf8(post(CHAT, "x-hidden: 1\r\n", GOOD)).unwrap();
    let whole = format!("{}0\r\n\r\n{hidden}", chunk(GOOD));
    let one = GOOD.len();
    for (bytes, follows) in [
        // Two lengths, of which another server may believe the other.
        (with("content-length: 4\r\ntransfer-encoding: chunked", &whole), 0),
        (with("transfer-encoding: chunked\r\ncontent-length: 4", &whole), 0),
        (with(&format!("content-length: {}\r\ntransfer-encoding: chunked", whole.len()), &whole), 0),
        // The end of the first is not known.
        (with("transfer-encoding: chunked", &format!("zz\r\n\r\n{hidden}")), 0),
        (with("transfer-encoding: chunked", &format!("{}-0\r\n\r\n{hidden}", chunk(GOOD))), 0),
        // Simply the next request.
        (with("transfer-encoding: chunked", &whole), 1),
        (with(&format!("content-length: {one}"), &format!("{GOOD}{hidden}")), 1),
        (with("content-length: 2", &format!("{{}}{hidden}")), 1),
    ] {
        reqwest::Client::new().delete(stand.sim.at("/sim/requests")).send().await.unwrap();
        let mut wire = Wire::connect(stand.address()).await;
        wire.send(&bytes).await;
        for _ in 0..=follows {
            let answer = wire.answer().await.expect("an answer");
            assert!(answer.status < 500, "{bytes}: {answer:?}");
        }
        if follows == 0 {
            wire.closes().await;
        }
        let seen = stand.sim.seen().await;
        let came = seen.iter().filter(|seen| !seen.header("x-hidden").is_empty()).count();
        assert_eq!(came, follows, "{bytes}: {seen:?}");
        for seen in &seen {
            assert_eq!(seen.header("content-length"), [seen.body().len().to_string()]);
            assert!(seen.header("transfer-encoding").is_empty() && !seen.body().contains("POST"), "{seen:?}");
        }
    }
    stand.is_well().await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_their_order() {
    let stand = Stand::start();
    let models = "GET /v1/models HTTP/1.1\r\nhost: h\r\nx-request-id: second\r\n\r\n";
    let chat = |id: &str| String::from_utf8(post(CHAT, &format!("x-request-id: {id}\r\n"), GOOD)).unwrap();
    for round in 0..5 {
        let mut wire = Wire::connect(stand.address()).await;
        wire.send(format!("{}{models}{}", chat("first"), chat("third"))).await;
        for id in ["first", "second", "third"] {
            let answer = wire.answer().await.unwrap_or_else(|| panic!("no answer to {id} in round {round}"));
            assert_eq!((answer.status, answer.header("x-request-id")), (200, Some(id)));
        }
    }
    // The second while the first is still being answered.
    let before = stand.sim.total_seen().await;
    let mut wire = Wire::connect(stand.address()).await;
    wire.send(post(CHAT, "x-request-id: first\r\nx-sim-fault: {\"kind\":\"stepped\"}\r\n", GOOD)).await;
    eventually("the first upstream", || async { (stand.sim.total_seen().await > before).then_some(()) }).await;
    wire.send(models).await;
    reqwest::Client::new().post(stand.sim.at("/sim/step?n=100")).send().await.unwrap();
    for id in ["first", "second"] {
        let answer = wire.answer().await.unwrap_or_else(|| panic!("no answer to {id}"));
        assert_eq!((answer.status, answer.header("x-request-id")), (200, Some(id)));
    }
    stand.is_well().await;
}

#[tokio::test]
async fn a_get_with_a_body_does_not_spoil_the_connection() {
    let stand = Stand::start();
    for (path, status) in [("/health", 200), ("/v1/models", 200), ("/nowhere", 404), (CHAT, 405)] {
        for framing in [
            format!("content-length: {}\r\n\r\n{GOOD}", GOOD.len()),
            format!("transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk(GOOD)),
        ] {
            let mut wire = Wire::connect(stand.address()).await;
            wire.send(format!("GET {path} HTTP/1.1\r\nhost: h\r\n{framing}")).await;
            assert_eq!(wire.answer().await.unwrap().status, status, "{path}");
            wire.send("GET /health HTTP/1.1\r\nhost: h\r\n\r\n").await;
            // Served, or the connection was closed; but the body is never read as a request.
            let next = wire.answer().await.map(|answer| answer.status);
            assert!(next.is_none_or(|status| status == 200), "{path}: {next:?}");
        }
    }
    assert_eq!(stand.sim.total_seen().await, 0, "nothing of it went upstream");
    stand.is_well().await;
}

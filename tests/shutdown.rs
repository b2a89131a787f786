//! The process's end and its beginning, as systemd, balancers and clients see them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use reqwest::Response;
use serde_json::json;
use support::launch::Launch;
use support::sse::{BOTH, Events, Speaks, chat, step};
use support::upstream::{Act, Upstream};
use support::{Child, PATIENCE, Router, eventually, free_port, listeners};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixDatagram};
use tokio::time::timeout;

const STEPPED: &str = r#"{"kind":"stepped"}"#;

fn config(sim: &Child, more: &str) -> String {
    format!("backends: [{{name: b, url: \"{}/v1\", model: m}}]\nrouter: {{mode: \"off\"}}\n{more}", sim.url)
}

async fn ask(speaks: Speaks, router: &Router, more: serde_json::Value) -> Response {
    speaks.client().post(router.at("/v1/chat/completions")).json(&chat(more)).send().await.unwrap()
}

/// A stream of which the first event has come.
async fn begun(speaks: Speaks, router: &Router) -> Events {
    let mut events = Events::of(ask(speaks, router, json!({ "stream": true, "max_tokens": 3 })).await);
    events.must().await;
    events
}

async fn ends(router: &mut Router) -> ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = router.ended() {
            // Its log is read to the end by a thread of the harness.
            tokio::time::sleep(Duration::from_millis(50)).await;
            return status;
        }
        assert!(Instant::now() < deadline, "the router does not end:\n{}", router.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn refuses_connections(router: &Router) {
    let refused = || async { TcpStream::connect(router.address()).await.is_err().then_some(()) };
    eventually("a refused connection", refused).await;
}

// === the end ===

#[tokio::test]
async fn a_stop_lets_streams_finish_and_ends_with_the_last_one() {
    for (speaks, signal) in [(Speaks::H1, "TERM"), (Speaks::H2c, "TERM"), (Speaks::H1, "QUIT")] {
        let sim = Child::sim(&["--fault", STEPPED]);
        let mut router = Router::start(&config(&sim, ""));
        let mut events = begun(speaks, &router).await;
        router.signal(signal);
        refuses_connections(&router).await;
        for _ in 0..4 {
            step(&sim).await;
            assert!(events.must().await.starts_with("data: "), "{speaks:?}");
            assert!(router.ended().is_none(), "{speaks:?}: it ended amid a stream");
        }
        assert_eq!(events.next().await.unwrap(), None, "{speaks:?}");
        // The default grace is five minutes.
        assert_eq!(ends(&mut router).await.code(), Some(0), "{speaks:?} {signal}");
        router.logs("Routed to [b]").await;
        router.logs("Every answer is done").await;
    }
}

#[tokio::test]
async fn a_stop_lets_a_whole_answer_finish() {
    let sim = Child::sim(&["--fault", STEPPED]);
    let mut router = Router::start(&config(&sim, ""));
    for speaks in BOTH {
        if speaks == Speaks::H2c {
            router = Router::start(&config(&sim, ""));
        }
        let client = speaks.client();
        let request = client.post(router.at("/v1/chat/completions")).json(&chat(json!({}))).send();
        let asked = sim.total_seen().await;
        let asking = tokio::spawn(async move { request.await.unwrap().text().await.unwrap() });
        eventually("the request", || async { (sim.total_seen().await > asked).then_some(()) }).await;
        router.signal("TERM");
        refuses_connections(&router).await;
        assert!(router.ended().is_none());
        step(&sim).await;
        let answer: serde_json::Value = serde_json::from_str(&asking.await.unwrap()).unwrap();
        assert_eq!(answer["model"], "m", "{speaks:?}");
        assert_eq!(ends(&mut router).await.code(), Some(0));
    }
}

#[tokio::test]
async fn an_idle_router_ends_at_once_even_with_connections_kept() {
    let sim = Child::sim(&[]);
    for signal in ["TERM", "QUIT", "INT"] {
        let mut router = Router::start(&config(&sim, ""));
        let clients = BOTH.map(Speaks::client);
        for client in &clients {
            let request = client.post(router.at("/v1/chat/completions")).json(&chat(json!({})));
            assert_eq!(request.send().await.unwrap().status(), 200);
        }
        let _silent = TcpStream::connect(router.address()).await.unwrap();
        eventually("idle", || async { (router.metric("pointsman_requests_in_flight").await == 0.0).then_some(()) })
            .await;
        router.signal(signal);
        assert_eq!(ends(&mut router).await.code(), Some(0), "{signal}");
    }
}

#[tokio::test]
async fn during_the_delay_balancers_are_turned_away_and_requests_still_served() {
    let sim = Child::sim(&[]);
    let mut router = Router::start(&config(&sim, "shutdown: {delay: 1h}\n"));
    let get = async |url: String| {
        let response = reqwest::get(url).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert_eq!(get(router.at("/health")).await.0, 200);
    assert_eq!(get(router.admin("/readyz")).await.0, 200);
    router.signal("TERM");
    eventually("503", || async { (get(router.at("/health")).await.0 == 503).then_some(()) }).await;
    assert_eq!(get(router.admin("/readyz")).await, (503, "draining\n".to_owned()));
    assert_eq!(get(router.admin("/livez")).await.0, 200);
    for speaks in BOTH {
        assert_eq!(ask(speaks, &router, json!({})).await.status(), 200);
    }
    // Whoever cannot wait for the delay's end need not.
    router.signal("INT");
    assert_eq!(ends(&mut router).await.code(), Some(0));

    let mut router = Router::start(&config(&sim, "shutdown: {delay: 200ms}\n"));
    router.signal("TERM");
    assert_eq!(ends(&mut router).await.code(), Some(0));
}

#[tokio::test]
async fn an_interrupt_ends_at_once_whatever_runs() {
    let sim = Child::sim(&["--fault", STEPPED]);
    for before in [None, Some("TERM"), Some("QUIT")] {
        let mut router = Router::start(&config(&sim, ""));
        let mut events = begun(Speaks::H1, &router).await;
        if let Some(signal) = before {
            router.signal(signal);
            refuses_connections(&router).await;
            assert!(router.ended().is_none());
        }
        router.signal("INT");
        ends(&mut router).await;
        assert!(!matches!(events.next().await, Ok(Some(event)) if event.contains("[DONE]")), "after {before:?}");
        router.logs("Interrupted").await;
    }
}

#[tokio::test]
async fn the_end_of_the_grace_is_the_end_of_the_process() {
    let sim = Child::sim(&["--fault", STEPPED]);
    for grace in ["1s", "300ms", "0"] {
        let mut router = Router::start(&config(&sim, &format!("shutdown: {{grace: {grace}}}\n")));
        let mut events = begun(Speaks::H1, &router).await;
        router.signal("TERM");
        ends(&mut router).await;
        assert!(!matches!(events.next().await, Ok(Some(event)) if event.contains("[DONE]")));
        router.logs("The grace is over").await;
    }
}

#[tokio::test]
async fn what_comes_on_a_kept_connection_after_the_stop_is_answered_or_refused_and_never_half_done() {
    let sim = Child::sim(&["--fault", STEPPED]);
    let router = Router::start(&config(&sim, ""));
    let _running = begun(Speaks::H1, &router).await;
    let mut kept = TcpStream::connect(router.address()).await.unwrap();
    let request = b"GET /v1/models HTTP/1.1\r\nhost: r\r\n\r\n";
    let mut seen = vec![0; 4096];
    kept.write_all(request).await.unwrap();
    assert!(timeout(PATIENCE, kept.read(&mut seen)).await.unwrap().unwrap() > 0);
    router.signal("TERM");
    refuses_connections(&router).await;
    if kept.write_all(request).await.is_ok() {
        let mut rest = Vec::new();
        let read = timeout(PATIENCE, kept.read_to_end(&mut rest)).await;
        // Closed at once, or answered and closed.
        assert!(read.is_ok(), "the connection is neither served nor closed");
        assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&rest));
    }
}

// === systemd ===

#[tokio::test]
async fn systemd_is_told_ready_once_connections_are_taken_and_stopping_at_the_signal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let told = async || {
        let mut message = vec![0; 4096];
        let length = timeout(3 * PATIENCE, socket.recv(&mut message)).await.expect("a message").unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    };
    // The first health check gets no answer, which takes the start a second.
    let mute = Upstream::raw(|_| vec![Act::Hang]).await;
    let (client, admin) = (free_port(), free_port());
    let config = format!(
        "{}backends: [{{name: b, url: \"{}/v1\", model: m}}]\nrouter: {{mode: \"off\"}}\nshutdown: {{delay: 1h}}\n",
        listeners(client, admin),
        mute.url()
    );
    let mut launch = Launch::start(&config, &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    assert_eq!(told().await.trim_end(), "READY=1");
    assert!(TcpStream::connect(("127.0.0.1", client)).await.is_ok(), "ready, and yet no connection is taken");
    // The delay is a part of the stop.
    launch.signal("TERM");
    assert_eq!(told().await.trim_end(), "STOPPING=1");
    launch.signal("INT");
    launch.end();
}

// === the beginning ===

#[tokio::test]
async fn a_start_that_cannot_succeed_says_why_and_fails() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let rest = "backends: [{name: b, url: \"http://127.0.0.1:1/v1\", model: m}]\nrouter: {mode: \"off\"}\n";
    let free = || listeners(free_port(), free_port());
    let model = rest.replace("{mode: \"off\"}", "{embedding_model: \"no-one/no-such-model\"}");
    let offline = [("HF_ENDPOINT", "http://127.0.0.1:1"), ("HF_HOME", "/nonexistent")];
    for (what, config, expected) in [
        ("a taken port", listeners(port, free_port()) + rest, format!("cannot listen on 127.0.0.1:{port}")),
        ("a taken admin port", listeners(free_port(), port) + rest, format!("127.0.0.1:{port} (admin.listen)")),
        ("no model", free() + &model, "no-such-model".into()),
        ("a wrong key", free() + rest + "listne: x\n", "config.yaml:7: listne: ".into()),
        ("an empty file", String::new(), "config.yaml: ".into()),
    ] {
        let mut launch = Launch::start(&config, &offline);
        let status = launch.end();
        let log = launch.log();
        assert!(!status.success(), "{what}: {log}");
        assert!(log.contains(&expected), "{what}: {log}");
        assert!(!log.contains("panicked"), "{what}: {log}");
        assert!(!log.contains("Listening on"), "{what}: {log}");
    }
}

#[tokio::test]
async fn backends_that_are_dead_or_do_not_resolve_stop_no_start() {
    let mute = Upstream::raw(|_| vec![Act::Hang]).await;
    let live = Child::sim(&[]);
    let router = Router::start(&format!(
        "backends:\n  - {{name: dead, url: \"http://127.0.0.1:1/v1\", model: m1}}\n  - {{name: lost, url: \
         \"http://no-such-host.invalid/v1\", model: m2}}\n  - {{name: mute, url: \"{}/v1\", model: m3}}\n  - {{name: live, \
         url: \"{}/v1\", model: m}}\nrouter: {{mode: \"off\"}}\n",
        mute.url(),
        live.url
    ));
    for (name, status) in [("dead", 503), ("lost", 503), ("mute", 503), ("live", 200)] {
        let response = ask(Speaks::H1, &router, json!({ "model": name })).await;
        assert_eq!(response.status(), status, "{name}");
        if status == 503 {
            assert!(response.headers().contains_key("retry-after"), "{name}");
            assert!(response.text().await.unwrap().contains(&format!("\\\"{name}\\\"")), "{name}");
        }
    }
}

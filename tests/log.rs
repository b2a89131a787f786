//! The log: one line for each request, which says where it went and how long that took to decide, or what else became of it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use serde_json::Value;
use support::wire::{Wire, ask, post};
use support::{Child, Router, Stand, eventually};

const CHAT: &str = "/v1/chat/completions";
const BODY: &str = r#"{"messages":[{"role":"user","content":"hi"}]}"#;

/// The lines of the request `id`, once there is one.
async fn lines(router: &Router, id: &str) -> Vec<String> {
    let found = || {
        let log = router.log();
        log.lines().filter(|line| line.contains(id)).map(String::from).collect::<Vec<_>>()
    };
    eventually(&format!("a log line of {id}"), || async { Some(found()).filter(|lines| !lines.is_empty()) }).await
}

/// The latency in a text line that says `Routed to [backend] | Latency: N.Nms`, to the letter.
fn latency(line: &str, backend: &str) -> Option<f64> {
    let rest = line.split_once(&format!(" Routed to [{backend}] | Latency: "))?.1;
    let (number, _fields) = rest.split_once("ms ")?;
    let (whole, tenths) = number.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (digits(whole) && digits(tenths) && tenths.len() == 1).then(|| number.parse().unwrap())
}

#[tokio::test]
async fn each_routed_request_is_one_line_with_its_backend_and_latency() {
    let stand = Stand::start();
    let direct = BODY.replacen('{', r#"{"model":"m","#, 1);
    let stream = BODY.replacen('{', r#"{"stream":true,"#, 1);
    let mut wire = Wire::connect(stand.address()).await;
    let kinds = [("default", BODY), ("direct", &*direct), ("default", &*stream)];
    for round in 0..10 {
        for (index, (_, body)) in kinds.iter().enumerate() {
            wire.send(post(CHAT, &format!("x-request-id: round-{round}{index}.\r\n"), body)).await;
            assert_eq!(wire.answer().await.unwrap().status, 200);
        }
    }
    for round in 0..10 {
        for (index, (route, _)) in kinds.iter().enumerate() {
            let lines = lines(&stand.router, &format!("round-{round}{index}.")).await;
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(latency(&lines[0], "solo").is_some_and(|millis| millis < 5000.0), "{}", lines[0]);
            for field in [&format!("route=\"{route}\""), "status=200", "attempts=1", "tenant=\"default\""] {
                assert!(lines[0].contains(field), "{field}: {}", lines[0]);
            }
            assert!(lines[0].contains(&format!("stream={}", index == 2)), "{}", lines[0]);
        }
    }
    assert_eq!(stand.router.log().matches("Routed to ").count(), 30);
}

#[tokio::test]
async fn a_line_is_written_when_the_exchange_ends_and_not_before() {
    let stand = Stand::start();
    let stream = BODY.replacen('{', r#"{"stream":true,"max_tokens":3,"#, 1);
    let lines_sent = "x-request-id: slowly\r\nx-sim-fault: {\"kind\":\"stepped\"}\r\n";
    let mut wire = Wire::connect(stand.address()).await;
    wire.send(post(CHAT, lines_sent, stream)).await;
    wire.receives("data: ").await;
    assert!(!stand.router.log().contains("slowly"));
    let step = reqwest::Client::new().post(stand.sim.at("/sim/step?n=100"));
    assert!(step.send().await.unwrap().status().is_success());
    assert!(latency(&lines(&stand.router, "slowly").await[0], "solo").is_some());
}

#[tokio::test]
async fn a_json_log_has_the_same_message() {
    let stand = Stand::with("log: {format: json}");
    ask(stand.address(), post(CHAT, "x-request-id: as-json\r\n", BODY)).await;
    let lines = lines(&stand.router, "as-json").await;
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    let message = format!("2026 {} x", line["message"].as_str().unwrap());
    assert!(latency(&message, "solo").is_some(), "{line}");
    assert_eq!(
        (&line["status"], &line["request_id"], &line["level"]),
        (&200.into(), &"as-json".into(), &"INFO".into())
    );
}

#[tokio::test]
async fn what_was_not_routed_has_other_messages() {
    let sim = Child::sim(&[]);
    let config = format!(
        "limits: {{body_size: 1KiB}}\nrouter: {{mode: \"off\"}}\nbackends:\n  - {{name: solo, url: {:?}, model: m}}\n  \
         - {{name: gone, url: \"http://127.0.0.1:1\", model: n}}\n",
        sim.url
    );
    let router = Router::start(&config);
    let named = |model: &str| BODY.replacen('{', &format!(r#"{{"model":"{model}","#), 1);
    for (id, path, headers, body, message) in [
        ("case-1.", CHAT, "", "{", " INFO Refused | invalid_json "),
        ("case-2.", CHAT, "", &*named("other"), " INFO Refused | model_not_found "),
        ("case-3.", "/x", "", BODY, " INFO Refused | unknown_path "),
        ("case-4.", CHAT, "", &*" ".repeat(1025), " INFO Refused | body_too_large "),
        ("case-5.", CHAT, "", &*named("n"), " WARN Failed [gone] | no_healthy_peer "),
        ("case-6.", CHAT, "x-sim-fault: {\"kind\":\"cut\"}\r\n", BODY, " WARN Failed [solo] | upstream_failed "),
    ] {
        let answer = ask(router.address(), post(path, &format!("x-request-id: {id}\r\n{headers}"), body)).await;
        answer.error();
        let lines = lines(&router, id).await;
        let lines: Vec<_> = lines.iter().filter(|line| !line.contains("Retrying [")).collect();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(message), "{}", lines[0]);
        assert!(lines[0].contains(&format!("status={}", answer.status)), "{}", lines[0]);
    }
    assert!(!router.log().contains("Routed to"));
}

#[tokio::test]
async fn a_client_that_leaves_is_said_to_have_left() {
    let stand = Stand::start();
    let mut wire = Wire::connect(stand.address()).await;
    wire.send(post(CHAT, "x-request-id: leaver\r\nx-sim-fault: {\"kind\":\"hang\"}\r\n", BODY)).await;
    eventually("the request upstream", || async { (stand.sim.total_seen().await == 1).then_some(()) }).await;
    drop(wire);
    let lines = lines(&stand.router, "leaver").await;
    assert!(lines.len() == 1 && lines[0].contains(" INFO Client left [solo] "), "{lines:?}");
    stand.is_well().await;
}

#[tokio::test]
async fn what_is_answered_here_is_no_routed_request() {
    let stand = Stand::start();
    for path in ["/health", "/v1/models"] {
        let get = format!("GET {path} HTTP/1.1\r\nhost: h\r\nx-request-id: quiet\r\n\r\n");
        assert_eq!(ask(stand.address(), get).await.status, 200);
    }
    ask(stand.address(), post(CHAT, "x-request-id: loud\r\n", BODY)).await;
    lines(&stand.router, "loud").await;
    assert!(!stand.router.log().contains("quiet"), "balancers ask often: nothing at info");
}

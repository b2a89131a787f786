//! What a reload leaves alone, and what it changes at once: requests under way, peers' health and load, and everything
//! that the new config says.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use reqwest::{Client, Response};
use serde_json::{Value, json};
use support::sse::{BOTH, Events, Speaks, chat, step};
use support::{Child, Router, eventually};

const STALLED: &str = r#"{"kind":"stall","after":1}"#;
const STEPPED: &str = r#"{"kind":"stepped"}"#;

/// Backends, each with a name (which is its model's too), its simulator, and further settings.
fn backends(list: &[(&str, &Child, &str)]) -> String {
    let line = |(name, sim, more): &(&str, &Child, &str)| {
        format!("  - {{name: {name}, url: \"{}/v1\", model: {name}-model{more}}}\n", sim.url)
    };
    format!("backends:\n{}router: {{mode: \"off\"}}\n", list.iter().map(line).collect::<String>())
}

fn sim(name: &str, fault: &str) -> Child {
    let models: Vec<String> = ["a", "b", "c"].iter().map(|name| format!("{name}-model")).collect();
    let mut args = vec!["--name", name];
    models.iter().for_each(|model| args.extend(["--model", model]));
    if !fault.is_empty() {
        args.extend(["--fault", fault]);
    }
    Child::sim(&args)
}

async fn ask(speaks: Speaks, router: &Router, more: Value) -> Response {
    speaks.client().post(router.at("/v1/chat/completions")).json(&chat(more)).send().await.unwrap()
}

fn served_by(response: &Response) -> &str {
    response.headers().get("x-sim-name").map_or("nobody", |name| name.to_str().unwrap())
}

/// The first peer of each backend: the backend's name, the peer's address, its health and its leases.
async fn peers(router: &Router) -> Vec<(String, String, String, u64)> {
    let backends = router.shown("/backends").await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let describe = |backend: &Value| {
        let peer = &backend["peers"][0];
        (text(&backend["name"]), text(&peer["address"]), text(&peer["health"]), peer["leases"].as_u64().unwrap())
    };
    backends.as_array().unwrap().iter().map(describe).collect()
}

#[tokio::test]
async fn a_stream_under_way_keeps_its_old_backend_to_its_end() {
    let (old, new) = (sim("old", STEPPED), sim("new", ""));
    for speaks in BOTH {
        let router = Router::start(&backends(&[("a", &old, "")]));
        let response = ask(speaks, &router, json!({ "stream": true, "max_tokens": 3 })).await;
        assert_eq!(served_by(&response), "old");
        let mut events = Events::of(response);
        events.must().await;

        router.change_to(&backends(&[("b", &new, "")])).await;
        let fresh = ask(speaks, &router, json!({})).await;
        assert_eq!((served_by(&fresh), &fresh.headers()["x-pointsman-backend"]), ("new", &"b".parse().unwrap()));
        for _ in 0..4 {
            step(&old).await;
            assert!(events.must().await.starts_with("data: "));
        }
        assert_eq!(events.next().await.unwrap(), None);
        let line = "Routed to [a]";
        router.logs(line).await;
        assert_eq!(
            router.metric("pointsman_requests_total{backend=\"a\",route=\"default\",status=\"2xx\"}").await,
            1.0
        );
    }
}

#[tokio::test]
async fn a_backend_that_is_gone_leaves_the_lists_and_a_new_one_serves_at_once() {
    let (first, second) = (sim("first", ""), sim("second", ""));
    let router = Router::start(&backends(&[("a", &first, ""), ("b", &second, "")]));
    let gauges = |text: &str| {
        let live = ["pointsman_peers", "pointsman_peer_up", "pointsman_peer_leases"];
        let is_gauge = |line: &&str| live.iter().any(|gauge| line.starts_with(&format!("{gauge}{{")));
        text.lines().filter(is_gauge).map(String::from).collect::<Vec<_>>()
    };
    let metrics = async || gauges(&reqwest::get(router.admin("/metrics")).await.unwrap().text().await.unwrap());
    assert!(metrics().await.iter().any(|line| line.contains("backend=\"b\"") && line.contains(second.address())));
    assert_eq!(ask(Speaks::H1, &router, json!({ "model": "c-model" })).await.status(), 404);

    router.change_to(&backends(&[("a", &first, ""), ("c", &second, "")])).await;
    for name in ["c", "c-model"] {
        assert_eq!(served_by(&ask(Speaks::H1, &router, json!({ "model": name })).await), "second", "{name}");
    }
    for name in ["b", "b-model"] {
        assert_eq!(ask(Speaks::H1, &router, json!({ "model": name })).await.status(), 404, "{name}");
    }
    router.change_to(&backends(&[("c", &second, "")])).await;
    let gone = first.address();
    assert!(!router.shown("/backends").await.to_string().contains(gone));
    let left = metrics().await;
    assert!(!left.is_empty() && left.iter().all(|line| line.contains("backend=\"c\"")), "{left:?}");
    assert!(!left.concat().contains(gone), "{left:?}");
}

#[tokio::test]
async fn peers_keep_their_health_and_load_by_address() {
    let slow = ", health: {interval: 1h, fall: 20, rise: 20}";
    let retries = ", retries: 7, health: {interval: 1h, fall: 20, rise: 20}";
    let (well, ill) = (sim("well", ""), sim("ill", r#"{"kind":"status","status":503,"path":"/health"}"#));
    let router = Router::start(&backends(&[("a", &well, slow), ("b", &ill, slow)]));
    let request = Client::new().post(router.at("/v1/chat/completions")).header("x-sim-fault", STALLED);
    let running = request.json(&chat(json!({ "model": "a", "stream": true }))).send().await.unwrap();
    let states = async || {
        let list = peers(&router).await;
        list.into_iter().map(|(name, _, health, leases)| format!("{name} {health} {leases}")).collect::<Vec<_>>()
    };
    eventually("both checked", || async { (states().await == ["a up 1", "b down 0"]).then_some(()) }).await;

    // From here each check says the opposite: who forgot what was before would believe the next one at once.
    let fault = |sim: &Child, fault: Value| Client::new().put(sim.at("/sim/fault")).json(&fault).send();
    let on_health = json!({ "kind": "status", "status": 503, "path": "/health" });
    fault(&well, on_health).await.unwrap();
    fault(&ill, json!([])).await.unwrap();
    for (what, list, expected) in [
        ("nothing", [("a", &well, slow), ("b", &ill, slow)], ["a up 1", "b down 0"]),
        ("retries", [("a", &well, retries), ("b", &ill, retries)], ["a up 1", "b down 0"]),
        ("names", [("b", &well, slow), ("c", &ill, slow)], ["b up 1", "c down 0"]),
        ("order", [("c", &ill, slow), ("b", &well, slow)], ["c down 0", "b up 1"]),
    ] {
        router.change_to(&backends(&list)).await;
        assert_eq!(states().await, expected, "{what}");
    }
    drop(running);
    eventually("the lease back", || async { (states().await == ["c down 0", "b up 0"]).then_some(()) }).await;
}

// === what takes effect ===

async fn route(router: &Router, question: Value) -> Value {
    let request = Client::new().post(router.admin("/route")).json(&question);
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn routes_samples_thresholds_and_models_take_effect() {
    let sim = sim("both", "");
    let config = |router: &str| {
        let list = backends(&[("a", &sim, ""), ("b", &sim, "")]);
        format!("{}{router}", list.replace("router: {mode: \"off\"}\n", ""))
    };
    let routes = |threshold: &str, samples: &str, more: &str| {
        config(&format!(
            "router:\n  default_backend: a\n  routes:\n    - {{name: jokes, backend: b, threshold: {threshold}, samples: [{samples}]}}\n{more}"
        ))
    };
    let jokes = "Tell me a joke.";
    let start = routes("0.5", &format!("\"{jokes}\""), "");
    let router = Router::start(&start);
    let ask = json!({ "text": "Tell me a funny joke." });
    for (what, config, route_name, backend) in [
        ("as started", start.clone(), json!("jokes"), "b"),
        ("a threshold", routes("0.999", &format!("\"{jokes}\""), ""), Value::Null, "a"),
        ("a sample", routes("0.999", "\"Tell me a funny joke.\"", ""), json!("jokes"), "b"),
        ("other samples", routes("0.5", "\"Solve this integral.\"", ""), Value::Null, "a"),
        ("a mode", config("router: {mode: \"off\", default_backend: b}\n"), Value::Null, "b"),
        ("the mode back", start.clone(), json!("jokes"), "b"),
        ("a route's name", start.replace("name: jokes", "name: fun"), json!("fun"), "b"),
        ("a model", start.replace("b-model", "c-model"), json!("jokes"), "b"),
    ] {
        router.change_to(&config).await;
        let explained = route(&router, ask.clone()).await;
        assert_eq!((&explained["route"], &explained["backend"]), (&route_name, &json!(backend)), "{what}: {explained}");
        let body = json!({ "messages": [{ "role": "user", "content": "Tell me a funny joke." }] });
        let response = self::ask(Speaks::H1, &router, body).await;
        assert_eq!(response.headers()["x-pointsman-backend"], backend, "{what}");
        let model = response.json::<Value>().await.unwrap()["model"].clone();
        let expected = if what == "a model" { "c-model".into() } else { format!("{backend}-model") };
        assert_eq!(model, expected, "{what}");
    }
}

#[tokio::test]
async fn client_keys_take_effect_and_are_read_again() {
    let sim = sim("a", "");
    let open = backends(&[("a", &sim, "")]);
    let router = Router::start(&open);
    let file = router.config_path().with_file_name("client.key");
    let status = async |key: Option<&str>| {
        let request = Client::new().post(router.at("/v1/chat/completions")).json(&chat(json!({})));
        let request = match key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(None).await, 200);
    std::fs::write(&file, "first").unwrap();
    let keys = format!("auth: {{keys: [{{name: k, key_file: \"{}\"}}]}}\n", file.display());
    router.change_to(&format!("{open}{keys}")).await;
    assert_eq!((status(None).await, status(Some("first")).await, status(Some("second")).await), (401, 200, 401));
    // The key is another one, and the config's own text is the same.
    std::fs::write(&file, "second").unwrap();
    assert_eq!(router.post_reload().await.0, 200);
    assert_eq!((status(Some("first")).await, status(Some("second")).await), (401, 200));
    router.change_to(&open).await;
    assert_eq!(status(None).await, 200);
}

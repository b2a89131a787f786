//! The admin listener: what is going on, what is in force, and why a prompt goes where it goes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use support::launch::Launch;
use support::sse::{chat, completion};
use support::{Child, Router, eventually, free_port};

const SECRET: &str = "hunter2-s3cret";

async fn get(router: &Router, path: &str) -> (u16, String) {
    let response = reqwest::get(router.admin(path)).await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

async fn route(router: &Router, question: impl Into<reqwest::Body>) -> (u16, Value) {
    let response = Client::new().post(router.admin("/route")).body(question).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn ready_means_that_a_backend_is_up() {
    let ill = r#"{"kind":"status","status":503,"path":"/health"}"#;
    let sim = Child::sim(&["--fault", ill]);
    let router = Router::start(&format!(
        "backends:\n  - {{name: b, url: \"{}/v1\", model: m, health: {{interval: 50ms}}}}\n  - {{name: dead, url: \
         \"http://127.0.0.1:1/v1\", model: m2}}\nrouter: {{mode: \"off\"}}\n",
        sim.url
    ));
    assert_eq!(get(&router, "/readyz").await, (503, "no backend is up\n".into()));
    assert_eq!(get(&router, "/livez").await, (200, "ok\n".into()));
    Client::new().delete(sim.at("/sim/fault")).send().await.unwrap();
    eventually("ready", || async { (get(&router, "/readyz").await == (200, "ok\n".into())).then_some(()) }).await;
    drop(sim);
    eventually("not ready", || async { (get(&router, "/readyz").await.0 == 503).then_some(()) }).await;
    assert_eq!(get(&router, "/livez").await, (200, "ok\n".into()));
}

#[tokio::test]
async fn the_config_is_shown_with_its_defaults_and_without_a_secret() {
    let sim = Child::sim(&[]);
    let config = format!(
        "backends:\n  - {{name: b, url: \"{}/v1\", model: \"${{MODEL}}\", api_key_env: KEY}}\n  - {{name: c, url: \
         \"http://127.0.0.1:1/${{KEY}}\", model: \"${{NONE:-fallback}}\"}}\nrouter: {{mode: \"off\"}}\nauth: {{keys: [{{name: k, \
         key_env: KEY}}]}}\n",
        sim.url
    );
    let router = Router::start_with(&config, &[("KEY", SECRET), ("MODEL", "m")]);
    let shown = router.shown("/config").await;
    for (path, value) in [
        ("/version", json!("v1")),
        ("/backends/0/name", json!("b")),
        ("/backends/0/model", json!("${MODEL}")),
        ("/backends/0/api_key_env", json!("KEY")),
        ("/backends/0/retries", json!(2)),
        ("/backends/0/type", json!("openai")),
        ("/backends/0/tls/verify", json!(true)),
        ("/backends/1/url", json!("http://127.0.0.1:1/${KEY}")),
        ("/backends/1/model", json!("${NONE:-fallback}")),
        ("/router/mode", json!("off")),
        ("/router/aliases", json!(["router-gateway", "auto", "MoM"])),
        ("/middleware/sem_cache/enabled", json!(false)),
        ("/limits/max_in_flight", json!(10_000)),
    ] {
        assert_eq!(shown.pointer(path), Some(&value), "{path} in {shown}");
    }
    // The values work, though they are not shown.
    let ask = |key: &str| {
        let request = Client::new().post(router.at("/v1/chat/completions")).json(&chat(json!({})));
        request.bearer_auth(key).send()
    };
    assert_eq!(ask(SECRET).await.unwrap().status(), 200);
    assert_eq!(ask("wrong").await.unwrap().status(), 401);
    assert_eq!(sim.last_seen().await.header("authorization"), [format!("Bearer {SECRET}")]);
    std::fs::write(router.config_path(), router.whole_config(&config.replace("mode: \"off\"", "mode: \"${KEY}\"")))
        .unwrap();
    let refused = router.post_reload().await;
    assert_eq!(refused.0, 422);
    for path in ["/config", "/backends", "/metrics"] {
        let (status, text) = get(&router, path).await;
        assert_eq!(status, 200);
        assert!(!text.contains(SECRET), "{path}: {text}");
    }
    assert!(!refused.1.to_string().contains(SECRET), "{}", refused.1);
    assert!(!router.log().contains(SECRET));
}

/// Takes out what differs from one asking to the next, which must make sense.
fn take_measured(peer: &mut Value) {
    let peer = peer.as_object_mut().unwrap();
    let is_down = peer["health"] == "down";
    let mut take = |key: &str| peer.remove(key).unwrap_or_else(|| panic!("no {key}"));
    assert_eq!(take("why").is_string(), is_down, "a reason where one is needed");
    assert!(take("load").as_f64().is_some_and(|load| load >= 0.0));
    let (scraped, first_token, share) = (take("scraped"), take("first_token_ms"), take("share"));
    assert!(
        scraped.is_null() || ["running", "waiting", "kv_usage", "age_ms"].iter().all(|key| !scraped[key].is_null())
    );
    assert!(first_token.is_null() || ["p50", "p95"].iter().all(|key| first_token[key].is_number()), "{first_token}");
    assert!(share.is_null() || share.as_f64().is_some_and(|share| (0.0..=1.0).contains(&share)), "{share}");
    assert!(!is_down || scraped.is_null() && first_token.is_null(), "{scraped} {first_token}");
}

#[tokio::test]
async fn backends_are_listed_with_their_peers_health_and_load() {
    let sim = Child::sim(&[]);
    let router = Router::start(&format!(
        "backends:\n  - name: b\n    model: m\n    url: \"{}/v1\"\n    peers: [{{url: \"http://127.0.0.1:1/v1\", weight: 3, host: \
         vllm.internal}}]\n  - {{name: c, url: \"http://127.0.0.1:2/v1\", model: n}}\nrouter: {{mode: \"off\"}}\n",
        sim.url
    ));
    let stalled = Client::new().post(router.at("/v1/chat/completions"));
    let stalled = stalled.header("x-sim-fault", r#"{"kind":"stall","after":1}"#);
    let _running = stalled.json(&chat(json!({ "stream": true }))).send().await.unwrap();
    let mut listed = router.shown("/backends").await;
    // Peers stand in the order of their addresses.
    listed[0]["peers"].as_array_mut().unwrap().sort_by_key(|peer| peer["weight"].as_u64());
    for backend in listed.as_array_mut().unwrap() {
        let queue = backend.as_object_mut().unwrap().remove("queue").expect("a queue");
        assert!(queue["waiting"] == 0 && queue["size"].is_u64(), "{queue}");
        backend["peers"].as_array_mut().unwrap().iter_mut().for_each(take_measured);
    }
    let peer = |address: &str, host: &str, weight: u32, health: &str, leases: u32| json!({ "address": address, "host": host, "tls": false, "weight": weight, "health": health, "state": health, "breaker": "closed", "leases": leases });
    let backend = |name: &str, model: &str, up: bool, in_flight: u32, peers: Value| json!({ "name": name, "model": model, "up": up, "balance": "least_loaded", "in_flight": in_flight, "peers": peers });
    let dead = peer("127.0.0.1:2", "127.0.0.1:2", 1, "down", 0);
    let both = [peer(sim.address(), sim.address(), 1, "up", 1), peer("127.0.0.1:1", "vllm.internal", 3, "down", 0)];
    let expected = json!([backend("b", "m", true, 1, json!(both)), backend("c", "n", false, 0, json!([dead]))]);
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_route_is_explained_for_a_text_a_chat_and_a_completion() {
    let sim = Child::sim(&[]);
    let router = Router::start(&format!(
        "backends:\n  - {{name: fast, url: \"{0}/v1\", model: small}}\n  - {{name: heavy, url: \"{0}/v1\", model: large}}\nrouter:\n  \
         default_backend: heavy\n  routes:\n    - {{name: greet, backend: fast, threshold: 0.6, samples: [\"Hi, how are you?\"]}}\n    \
         - {{name: code, backend: heavy, threshold: 0.6, samples: [\"Write a Python script.\"]}}\n",
        sim.url
    ));
    let (hi, far) = ("Hey, how are you today?", "The treaty of Westphalia ended a war.");
    let user =
        |text: &str| json!([{ "role": "system", "content": "Write code." }, { "role": "user", "content": text }]);
    for (question, route_name, backend, model) in [
        (json!({ "text": hi }), json!("greet"), "fast", "small"),
        (json!({ "text": far }), Value::Null, "heavy", "large"),
        (json!({ "text": "" }), Value::Null, "heavy", "large"),
        (chat(json!({ "messages": user(hi) })), json!("greet"), "fast", "small"),
        (json!({ "messages": user(hi) }), json!("greet"), "fast", "small"),
        (chat(json!({ "messages": user("Write a Python program.") })), json!("code"), "heavy", "large"),
        (chat(json!({ "model": "small", "messages": user("Write a Python program.") })), Value::Null, "fast", "small"),
        (completion(json!({ "prompt": hi })), json!("greet"), "fast", "small"),
        (completion(json!({ "prompt": [hi, "x"] })), json!("greet"), "fast", "small"),
        (completion(json!({ "model": "heavy", "prompt": hi })), Value::Null, "heavy", "large"),
    ] {
        let (status, explained) = route(&router, question.to_string()).await;
        assert_eq!(status, 200, "{question}: {explained}");
        let said = (&explained["route"], &explained["backend"], &explained["model"]);
        assert_eq!(said, (&route_name, &json!(backend), &json!(model)), "{question}: {explained}");
        if explained["route"] != Value::Null {
            let score = explained["score"].as_f64().unwrap();
            assert!((0.6..=1.0).contains(&score), "{explained}");
            assert_eq!(explained["scores"].as_object().unwrap().len(), 2, "{explained}");
        }
    }
    assert_eq!(sim.total_seen().await, 0, "explaining asks no backend");
}

#[tokio::test]
async fn a_question_that_cannot_be_explained_is_refused_in_openais_shape() {
    let router = Router::start(
        "backends: [{name: b, url: \"http://127.0.0.1:1/v1\", model: m}]\nrouter: {mode: \"off\"}\nlimits: {body_size: 3MiB}\n",
    );
    let mib = |n: usize| chat(json!({ "messages": [{ "role": "user", "content": "x".repeat(n << 20) }] })).to_string();
    for (what, question, status, code) in [
        ("an unknown model", chat(json!({ "model": "nobody" })).to_string(), 404, "model_not_found"),
        ("nothing", String::new(), 400, "invalid_json"),
        ("no JSON", "{\"text\": ".into(), 400, "invalid_json"),
        ("no object", "[1]".into(), 400, "invalid_request"),
        ("no question", "{}".into(), 400, "invalid_request"),
        ("a text that is none", "{\"text\": 5}".into(), 400, "invalid_request"),
        ("messages that are none", "{\"messages\": 5}".into(), 400, "invalid_request"),
        ("a key twice", "{\"model\":\"auto\",\"messages\":[],\"model\":\"m\"}".into(), 400, "duplicate_key"),
        ("too large", mib(4), 413, "body_too_large"),
    ] {
        let (got, error) = route(&router, question).await;
        assert_eq!((got, error["error"]["code"].as_str()), (status, Some(code)), "{what}: {error}");
        assert!(error["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{what}: {error}");
    }
    // What clients may send can be asked about.
    assert_eq!(route(&router, mib(2)).await.0, 200);
}

#[tokio::test]
async fn each_path_takes_its_method_and_no_other() {
    let router =
        Router::start("backends: [{name: b, url: \"http://127.0.0.1:1/v1\", model: m}]\nrouter: {mode: \"off\"}\n");
    for (path, allowed) in [
        ("/metrics", "GET,HEAD"),
        ("/livez", "GET,HEAD"),
        ("/readyz", "GET,HEAD"),
        ("/config", "GET,HEAD"),
        ("/backends", "GET,HEAD"),
        ("/reload", "POST"),
        ("/route", "POST"),
    ] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
            if allowed.split(',').any(|allowed| allowed == method.as_str()) {
                continue;
            }
            let response = Client::new().request(method.clone(), router.admin(path)).send().await.unwrap();
            assert_eq!(response.status(), 405, "{method} {path}");
            assert_eq!(response.headers()["allow"], allowed, "{method} {path}");
        }
    }
    assert_eq!(router.metric("pointsman_config_reloads_total").await, 0.0);
    assert_eq!(get(&router, "/nothing").await.0, 404);
    // None of it is for clients.
    for path in ["/metrics", "/config", "/backends", "/readyz", "/reload", "/route"] {
        assert_eq!(reqwest::get(router.at(path)).await.unwrap().status(), 404, "{path}");
    }
}

#[tokio::test]
async fn it_stands_on_loopback_unless_the_config_says_otherwise_and_then_warns() {
    let rest = "backends: [{name: b, url: \"http://127.0.0.1:1/v1\", model: m}]\nrouter: {mode: \"off\"}\n";
    let client = format!("version: v1\nlisten: \"127.0.0.1:{}\"\n", free_port());
    // Its default port may be taken on this machine, and it says so then.
    let launch = Launch::start(&format!("{client}{rest}"), &[]);
    let stands = ["Admin on http://127.0.0.1:9180", "cannot listen on 127.0.0.1:9180 (admin.listen)"];
    let probe = || async { stands.iter().any(|line| launch.log().contains(line)).then_some(()) };
    eventually("the default address", probe).await;
    assert!(!launch.log().contains("without authentication"));

    let open = format!("{client}admin: {{listen: \"0.0.0.0:{}\"}}\n{rest}", free_port());
    let launch = Launch::start(&open, &[]);
    let warns = || async { launch.log().contains("answers without authentication").then_some(()) };
    eventually("a warning", warns).await;
}

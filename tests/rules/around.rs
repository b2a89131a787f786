//! Signals of what surrounds a request: whose it is, its headers, and how the backends stand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::stand::{Ruled, config, header, user, went};
use crate::support::upstream::{Act, Upstream, whole};
use crate::support::{Router, eventually, free_port};

#[tokio::test(flavor = "multi_thread")]
async fn tenants_and_keys_decide() {
    let auth = "auth: {keys: [{name: app, key_env: APP, tenant: free}, {name: gate, key_env: GATE, trusted: true}]}";
    let routes = "
        {name: gated, backend: b, when: {key: gate, not: {tenant: acme}}}
        {name: free, backend: a, when: {tenant: {in: [free, trial]}}}
    ";
    let ruled = Ruled::over("", routes, auth, &[("APP", "sk-app"), ("GATE", "sk-gate")]).await;
    let led = async |key: &str, tenant: &str| {
        let authorization = format!("Bearer {key}");
        let headers = [("authorization", &*authorization), ("x-pointsman-tenant", tenant)];
        went(&ruled.ask(user("hi"), &headers).await)
    };
    assert_eq!(led("sk-app", "acme").await, ["free", "a"], "who is not trusted is whose key it is");
    assert_eq!(led("sk-gate", "").await, ["gated", "b"]);
    assert_eq!(led("sk-gate", "trial").await, ["gated", "b"]);
    assert_eq!(led("sk-gate", "acme").await, ["default", "base"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_decide_by_their_value() {
    let routes = "
        {name: blue, backend: a, when: {header: {X-Team: [blue, navy]}}}
        {name: beta, backend: b, when: {header: {x-version: {matches: ^beta}}}}
    ";
    let ruled = Ruled::with(routes).await;
    for (name, value, route) in [
        ("x-team", "navy", "blue"),
        ("x-team", "red", "default"),
        ("X-Version", "beta-2", "beta"),
        ("x-version", "2-beta", "default"),
        ("x-other", "blue", "default"),
    ] {
        let response = ruled.ask(user("hi"), &[(name, value)]).await;
        assert_eq!(header(&response, "x-pointsman-route"), route, "{name}: {value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_is_known_by_any_version_of_http() {
    let ruled = Ruled::with("{name: named, backend: a, when: {header: {host: {matches: \"^llm[.]example\"}}}}").await;
    let client = |http2: bool| {
        let address = ruled.router.address().parse().unwrap();
        let client = reqwest::Client::builder().no_proxy().resolve("llm.example", address);
        if http2 { client.http2_prior_knowledge() } else { client }.build().unwrap()
    };
    let port = ruled.router.address().rsplit(':').next().unwrap().to_owned();
    for http2 in [false, true] {
        for (host, route) in [("llm.example", "named"), ("127.0.0.1", "default")] {
            let request = client(http2).post(format!("http://{host}:{port}/v1/chat/completions"));
            let response = request.json(&user("hi")).send().await.unwrap();
            assert_eq!(header(&response, "x-pointsman-route"), route, "{host} {:?}", response.version());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_comes_more_than_once_is_all_of_its_values() {
    let routes = "
        {name: both, backend: a, when: {all: [{header: {x-tag: blue}}, {header: {x-tag: {matches: ^beta}}}]}}
        {name: blue, backend: a, when: {header: {x-tag: [blue, navy]}}}
        {name: other, backend: b, when: {header: {x-tag: {ne: red}, x-kind: {not_in: [x, y]}}, not: {header: {x-kind: z}}}}
    ";
    let ruled = Ruled::with(routes).await;
    for (headers, route) in [
        (vec![("x-tag", "red"), ("x-tag", "blue")], "blue"),
        (vec![("x-tag", "blue"), ("x-other", "beta"), ("x-tag", "beta-2")], "both"),
        (vec![("x-tag", "red, blue")], "other"),
        (vec![("x-tag", "green"), ("X-TAG", "red")], "default"),
        (vec![("x-tag", "green"), ("x-tag", "yellow")], "other"),
        (vec![("x-kind", "a"), ("x-kind", "y")], "default"),
        (vec![("x-kind", "a"), ("x-kind", "z")], "default"),
        (vec![("x-kind", "a"), ("x-kind", "b")], "other"),
        (vec![], "other"),
    ] {
        let response = ruled.ask(user("hi"), &headers).await;
        assert_eq!(header(&response, "x-pointsman-route"), route, "{headers:?}");
    }
    // Of as many lines as a head may have, the last counts, too; what is not text says nothing.
    let mut many = vec![("x-tag", "green"); 80];
    many.push(("x-tag", "navy"));
    assert_eq!(header(&ruled.ask(user("hi"), &many).await, "x-pointsman-route"), "blue");
    let request = reqwest::Client::new().post(ruled.router.at("/v1/chat/completions")).json(&user("hi"));
    let request = request.header("x-tag", &b"r\xe9d"[..]).header("x-tag", "blue").send().await.unwrap();
    assert_eq!(header(&request, "x-pointsman-route"), "blue");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_backend_spills_over() {
    let gate = Arc::<AtomicBool>::default();
    let open = gate.clone();
    let model = Upstream::start(move |seen| {
        if seen.target().starts_with("/a/") {
            vec![Act::Until(open.clone()), whole("late")]
        } else {
            vec![whole("well")]
        }
    })
    .await;
    let routes = "
        {name: spill, backend: b, priority: 1, when: {load: {a: {gte: 2}}}}
        {name: usual, backend: a, when: {load: {a: {gte: 0}}}}
    ";
    let router = Router::start(&config(&model, "", routes, ""));
    let ask = || {
        let request = reqwest::Client::new().post(router.at("/v1/chat/completions")).json(&user("hi"));
        tokio::spawn(async move { went(&request.send().await.unwrap()) })
    };
    let held: Vec<_> = (0..2).map(|_| ask()).collect();
    eventually("two with a", || async { (model.seen().len() == 2).then_some(()) }).await;
    assert_eq!(ask().await.unwrap(), ["spill", "b"]);
    gate.store(true, Ordering::SeqCst);
    for held in held {
        assert_eq!(held.await.unwrap(), ["usual", "a"]);
    }
    eventually("a is idle", || async { (ask().await.unwrap() == ["usual", "a"]).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_down_decides() {
    let model = Upstream::start(|_| vec![whole("well")]).await;
    let text = config(&model, "", "{name: instead, backend: b, when: {healthy: {a: false}}}", "");
    let down = format!("http://127.0.0.1:{}/a/v1", free_port());
    let text = text
        .replace(&format!("{}/a/v1", model.url()), &down)
        .replace("model: m-a", "model: m-a, health: {interval: 50ms, fall: 1}");
    let router = Router::start(&text);
    eventually("a is down", || async {
        let request = reqwest::Client::new().post(router.at("/v1/chat/completions")).json(&user("hi"));
        (went(&request.send().await.unwrap()) == ["instead", "b"]).then_some(())
    })
    .await;
}

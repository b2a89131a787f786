//! What a url means: the addresses behind its name, and the paths and hosts that tell servers apart.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::collections::BTreeSet;

use support::pool::{ask, chat, client, config, header, health_becomes, logs, peers, refused, with_peers};
use support::upstream::{Seen, Upstream, answer, busy, ok};
use support::{Router, eventually};

fn targets(peer: &Upstream) -> Vec<String> {
    peer.seen().iter().map(|seen| seen.target().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_does_not_resolve_stops_neither_the_start_nor_other_backends() {
    let peer = Upstream::start(|_| ok()).await;
    let lost = "  - {name: lost, model: lost-model, url: \"http://no-such-host.invalid:8000/v1\"}\n";
    let router = Router::start(&format!("{}{lost}", config(&[peer.url()], "")));
    assert_eq!(ask(&router, false).await.status(), 200);

    let mut body = chat(false);
    body["model"] = "lost-model".into();
    let response = client().post(router.at("/v1/chat/completions")).json(&body).send().await.unwrap();
    assert!(header(&response, "retry-after").parse::<u64>().is_ok_and(|after| after >= 1));
    let message = refused(response, 503, "no_healthy_peer").await;
    assert!(message.contains("\"lost\""), "{message}");

    logs(&router, &["[lost]", "cannot resolve no-such-host.invalid"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_of_a_name_is_a_peer() {
    let peer = Upstream::start(|_| ok()).await;
    let port = peer.address.port();
    let found = tokio::net::lookup_host(("localhost", port)).await.unwrap();
    let wanted: BTreeSet<String> = found.map(|address| address.to_string()).collect();
    let router = Router::start(&config(&[format!("http://localhost:{port}/v1")], ""));
    let is_so = || async {
        let found: BTreeSet<String> =
            peers(&router).await.iter().map(|peer| peer["address"].as_str().unwrap().to_owned()).collect();
        (found == wanted).then_some(())
    };
    eventually("the name's addresses", is_so).await;
    assert_eq!(ask(&router, false).await.status(), 200);
    assert_eq!(peer.seen()[0].header("host"), [format!("localhost:{port}")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_base_path_and_the_query_are_kept() {
    for (base, path) in [
        ("", "/v1/chat/completions?a=1&b=%20x"),
        ("/v1", "/v1/chat/completions?a=1&b=%20x"),
        ("/gw/v1", "/gw/v1/chat/completions?a=1&b=%20x"),
        ("/gw/v1/", "/gw/v1/chat/completions?a=1&b=%20x"),
    ] {
        let peer = Upstream::start(|_| ok()).await;
        let router = Router::start(&config(&[format!("{}{base}", peer.url())], ""));
        let url = router.at("/v1/chat/completions?a=1&b=%20x");
        assert_eq!(client().post(url).json(&chat(false)).send().await.unwrap().status(), 200);
        assert_eq!(targets(&peer), [path], "{base:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peers_own_host_is_the_host_header() {
    let peer = Upstream::start(|_| ok()).await;
    let router = Router::start(&with_peers(&format!("{{url: \"{}/v1\", host: \"gpu.example:81\"}}", peer.url()), ""));
    assert_eq!(ask(&router, false).await.status(), 200);
    assert_eq!(peer.seen()[0].header("host"), ["gpu.example:81"]);
    assert_eq!(peer.checks()[0].header("host"), ["gpu.example:81"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_behind_one_address_are_peers_of_their_own() {
    // A gateway that tells its servers apart by path or by host; the first of them is busy, the third is ill.
    let script = |seen: &Seen| match (seen.target(), seen.header("host")[0]) {
        (path, _) if path.starts_with("/a/") && !path.ends_with("/health") => busy(),
        ("/b/health", "c.example") => vec![answer(503, "", "")],
        _ => ok(),
    };
    let gateway = Upstream::raw(script).await;
    let url = gateway.url();
    let listed = [
        format!("{{url: \"{url}/a/v1\"}}"),
        format!("{{url: \"{url}/b/v1\"}}"),
        format!("{{url: \"{url}/b\", host: c.example}}"),
    ];
    let settings = "health: {interval: 20ms}\nresolve_interval: 20ms";
    let router = Router::start(&with_peers(&listed.join(", "), settings));
    health_becomes(&router, &["up", "up", "down"]).await;
    for _ in 0..6 {
        assert_eq!(ask(&router, false).await.status(), 200);
    }
    let asked = targets(&gateway);
    let times = |path: &str| asked.iter().filter(|target| target.starts_with(path)).count();
    assert_eq!(times("/b/v1/"), 6, "{asked:?}");
    assert!(times("/a/v1/") > 0, "{asked:?}");
    health_becomes(&router, &["up", "up", "down"]).await;
}

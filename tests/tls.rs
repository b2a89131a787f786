//! TLS to peers: nothing is sent to a peer that cannot prove to be the one meant.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;
#[path = "support/tls.rs"]
mod tls;

use std::path::Path;
use std::process::Command;

use support::Router;
use support::pool::{ask, client, health_becomes, logs, refused, with_peers};
use support::upstream::{Upstream, answer, ok};
use tls::{Authority, Front};

/// A plain server with TLS in front of it.
struct Secure {
    inside: Upstream,
    front: Front,
}

// === impl Secure ===

impl Secure {
    async fn start(authority: &Authority, names: &[&str]) -> Self {
        let inside = Upstream::start(|_| ok()).await;
        let front = Front::start(inside.address, authority.server(names)).await;
        Self { inside, front }
    }

    /// Asks once, which must be answered in the end.
    async fn serves(&self, router: &Router) {
        health_becomes(router, &["up"]).await;
        assert_eq!(ask(router, false).await.status(), 200);
        assert_eq!(self.inside.seen().len(), 1);
    }

    /// Neither a check nor a request gets through, and the log says why.
    async fn is_refused(&self, router: &Router, why: &str) {
        health_becomes(router, &["down"]).await;
        refused(ask(router, false).await, 503, "no_healthy_peer").await;
        let sent = [self.inside.seen(), self.inside.checks(), self.inside.scrapes()].concat();
        assert!(sent.is_empty(), "something was sent: {sent:?}");
        logs(router, &["is down", why]).await;
    }
}

fn router(url: &str, host: &str, tls: &str) -> Router {
    Router::start(&with_peers(&format!("{{url: {url:?}{host}}}"), &format!("{OFTEN}\ntls: {{{tls}}}")))
}

const OFTEN: &str = "health: {interval: 100ms, timeout: 5s, fall: 1, rise: 1}";

fn trust(authority: &Authority) -> String {
    format!("ca_file: {:?}", authority.file())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_no_known_authority_vouches_for_is_refused_and_sent_nothing() {
    let (authority, other) = (Authority::new("ours"), Authority::new("theirs"));
    let peer = Secure::start(&authority, &["localhost"]).await;
    for trusted in [String::new(), trust(&other), "verify: true".into()] {
        peer.is_refused(&router(&peer.front.url("localhost"), "", &trusted), "UnknownIssuer").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_the_ca_file_vouches_for_serves() {
    let authority = Authority::new("ours");
    let peer = Secure::start(&authority, &["localhost"]).await;
    peer.serves(&router(&peer.front.url("localhost"), "", &trust(&authority))).await;
    let names = peer.front.names();
    assert!(names.iter().all(|name| name.as_deref() == Some("localhost")), "{names:?}");
    let host = format!("localhost:{}", peer.front.address.port());
    assert_eq!(peer.inside.seen()[0].header("host"), [host]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new("ours");
    let peer = Secure::start(&authority, &["gpu.example", "*.localhost"]).await;
    peer.is_refused(&router(&peer.front.url("localhost"), "", &trust(&authority)), "certificate not valid for name")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peers_own_host_is_the_name_that_its_certificate_must_carry() {
    let authority = Authority::new("ours");
    let peer = Secure::start(&authority, &["gpu.example"]).await;
    let url = peer.front.url("127.0.0.1");
    peer.serves(&router(&url, ", host: \"gpu.example:8443\"", &trust(&authority))).await;
    assert!(peer.front.names().iter().all(|name| name.as_deref() == Some("gpu.example")));
    assert_eq!(peer.inside.seen()[0].header("host"), ["gpu.example:8443"]);

    let other = Secure::start(&authority, &["gpu.example"]).await;
    let url = other.front.url("127.0.0.1");
    other.is_refused(&router(&url, ", host: cpu.example", &trust(&authority)), "certificate not valid for name").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_must_stand_in_the_certificate() {
    let authority = Authority::new("ours");
    let good = Secure::start(&authority, &["127.0.0.1"]).await;
    good.serves(&router(&good.front.url("127.0.0.1"), "", &trust(&authority))).await;

    for names in [&["localhost"][..], &["127.0.0.2"], &[]] {
        let bad = Secure::start(&authority, names).await;
        let why = "certificate not valid for name";
        bad.is_refused(&router(&bad.front.url("127.0.0.1"), "", &trust(&authority)), why).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn verification_can_be_switched_off() {
    let authority = Authority::new("ours");
    for url in ["localhost", "127.0.0.1"] {
        let peer = Secure::start(&authority, &["gpu.example"]).await;
        peer.serves(&router(&peer.front.url(url), "", "verify: false")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_changes_its_certificate_for_a_wrong_one_is_sent_no_request() {
    // The check at the start passes; the connection for the request meets another certificate.
    let authority = Authority::new("ours");
    let peer = Secure::start(&authority, &["localhost"]).await;
    let listed = format!("{{url: {:?}}}", peer.front.url("localhost"));
    let settings = format!("health: {{interval: 1h, timeout: 5s}}\ntls: {{{}}}", trust(&authority));
    let router = Router::start(&with_peers(&listed, &settings));
    health_becomes(&router, &["up"]).await;
    for wrong in [Authority::new("theirs").server(&["localhost"]), authority.server(&["gpu.example"])] {
        peer.front.present(wrong);
        refused(ask(&router, false).await, 502, "upstream_failed").await;
    }
    assert_eq!(peer.inside.seen().len(), 0);
    logs(&router, &["Failed [b]", "UnknownIssuer"]).await;
    logs(&router, &["Failed [b]", "not valid for name"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_without_a_health_path_must_prove_itself_too() {
    let authority = Authority::new("ours");
    let script = |_: &_| vec![answer(404, "", "")];
    for (names, health) in [(&["localhost"][..], "up"), (&["gpu.example"], "down")] {
        let inside = Upstream::raw(script).await;
        let front = Front::start(inside.address, authority.server(names)).await;
        health_becomes(&router(&front.url("localhost"), "", &trust(&authority)), &[health]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pooled_connection_is_not_used_once_its_authority_is_no_longer_trusted() {
    let (authority, other) = (Authority::new("ours"), Authority::new("theirs"));
    let peer = Secure::start(&authority, &["localhost"]).await;
    let listed = format!("{{url: {:?}}}", peer.front.url("localhost"));
    let trusting = |authority| {
        let settings = "health: {interval: 1h, timeout: 5s}\ntimeouts: {keep_alive: 1h}";
        with_peers(&listed, &format!("{settings}\ntls: {{{}}}", trust(authority)))
    };
    let router = Router::start(&trusting(&authority));
    for _ in 0..2 {
        assert_eq!(ask(&router, false).await.status(), 200);
    }
    assert_eq!(peer.inside.seen()[1].before, 1, "the connection is pooled");

    router.rewrite(&trusting(&other));
    assert_eq!(client().post(router.admin("/reload")).send().await.unwrap().status(), 200);
    refused(ask(&router, false).await, 502, "upstream_failed").await;
    assert_eq!(peer.inside.seen().len(), 2);
}

#[test]
fn a_ca_file_that_cannot_be_used_stops_the_start_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let half = "-----BEGIN CERTIFICATE-----\nMIIB";
    for (name, content) in [
        ("missing", None),
        ("empty", Some("")),
        ("junk", Some("junk")),
        ("damaged", Some(damaged)),
        ("half", Some(half)),
    ] {
        if let Some(content) = content {
            std::fs::write(at(name), content).unwrap();
        }
        let said = start_with(&at(name));
        assert!(said.contains("ca_file"), "{name}: {said}");
        assert!(!said.contains("panicked"), "{name}: {said}");
    }
}

/// What a router says that is to trust `ca`, and does not start.
fn start_with(ca: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config.yaml");
    let backend = format!("{{url: \"https://localhost:1/v1\"}}], tls: {{ca_file: {ca:?}}}}}");
    let port = support::free_port();
    let text = format!(
        "version: v1\nlisten: \"127.0.0.1:{port}\"\nadmin: {{listen: \"127.0.0.1:{}\"}}\nrouter: {{mode: \"off\"}}\n\
         backends:\n  - {{name: b, model: m, peers: [{backend}\n",
        support::free_port()
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    let output = command.args(["serve", "--config"]).arg(&config).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

//! Getting in: passwords, users and TLS.

use pointsman::cache::Fault;
use pointsman::cache::redis::Settings;

use crate::instance::{Instance, settings};
use crate::redis::RedisServer;
use crate::tls::Authority;

#[tokio::test]
async fn a_wrong_password_is_told_as_such() {
    let server = RedisServer::with(&["--requirepass", "open sesame"], &["-a", "open sesame"]);
    let password = |word: &str| Settings { password: Some(word.into()), ..settings(&server.url()) };
    for settings in [password("hunter2"), settings(&server.url())] {
        let refused = Instance::with(&settings, "minilm");
        refused.is_down(Fault::Refused).await;
        assert!(!format!("{settings:?}{:?}", refused.status()).contains("hunter2"));
    }
    let admitted = Instance::with(&password("open sesame"), "minilm");
    admitted.is_up().await;
    let entry = admitted.put("a");
    Instance::with(&password("open sesame"), "minilm").has(&entry).await;
}

#[tokio::test]
async fn a_user_needs_the_rights() {
    let server = RedisServer::start();
    server.cli(&["acl", "setuser", "reader", "on", ">secret", "~*", "+@read", "+@connection"]);
    server.cli(&["acl", "setuser", "writer", "on", ">secret", "~{pointsman:*", "+@all", "-@admin"]);
    let by = |user: &str| {
        let url = format!("redis://{user}@127.0.0.1:{}", server.port);
        Instance::with(&Settings { password: Some("secret".into()), ..settings(&url) }, "minilm")
    };
    by("reader").is_down(Fault::Refused).await;
    let writer = by("writer");
    let entry = writer.put("a");
    writer.has_written(1).await;
    by("writer").has(&entry).await;
}

#[tokio::test]
async fn tls_proves_whom_it_talks_to() {
    let authority = Authority::new("ours");
    let other = Authority::new("theirs");
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.pair(&["localhost"]);
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("cert.pem"), certificate).unwrap();
    std::fs::write(at("key.pem"), key).unwrap();
    let ca = authority.file();
    let ca = ca.to_str().unwrap();
    let (cert, key) = (at("cert.pem"), at("key.pem"));
    let options = ["--port", "0", "--tls-port", "PORT", "--tls-cert-file", &cert, "--tls-key-file", &key];
    let options = [&options[..], &["--tls-ca-cert-file", ca, "--tls-auth-clients", "no"]].concat();
    let server = RedisServer::with(&options, &["--tls", "--cacert", ca]);
    let by = |host: &str, authority: &Authority| Settings {
        ca_file: Some(authority.file()),
        ..settings(&format!("rediss://{host}:{}", server.port))
    };
    let instance = Instance::with(&by("localhost", &authority), "minilm");
    let entry = instance.put("a");
    instance.has_written(1).await;
    Instance::with(&by("localhost", &authority), "minilm").has(&entry).await;
    // Another name, another authority, the system's, and no TLS at all.
    Instance::with(&by("127.0.0.1", &authority), "minilm").is_down(Fault::Unreachable).await;
    Instance::with(&by("localhost", &other), "minilm").is_down(Fault::Unreachable).await;
    let system = settings(&format!("rediss://localhost:{}", server.port));
    Instance::with(&system, "minilm").is_down(Fault::Unreachable).await;
    Instance::start(&server.url()).is_down(Fault::Unreachable).await;
}

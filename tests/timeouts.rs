//! Each phase of a request to a peer has its own bound, and connections are kept for as long as they are good.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::Client;
use support::pool::{all_leases_are_back, ask, chat, client, client_h2, config, refused};
use support::upstream::{Act, Seen, Upstream, answer, ok};
use support::{PATIENCE, Router, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

/// An address that answers its first health check, and that from then on nobody can connect to: its backlog is full.
struct BlackHole {
    address: SocketAddr,
    listener: TcpListener,
    waiting: Vec<TcpStream>,
}

// === impl BlackHole ===

impl BlackHole {
    fn open() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        Self { address: listener.local_addr().unwrap(), listener, waiting: Vec::new() }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers checks until `router` listens, and then fills the backlog.
    async fn router(&mut self, config: String) -> Router {
        let mut starting = tokio::task::spawn_blocking(move || Router::start(&config));
        let router = loop {
            tokio::select! {
                router = &mut starting => break router.unwrap(),
                connection = self.listener.accept() => answer_check(connection.unwrap().0).await,
            }
        };
        // Second checks may be under way.
        while let Ok(connection) = timeout(Duration::from_millis(300), self.listener.accept()).await {
            answer_check(connection.unwrap().0).await;
        }
        let connect = || timeout(Duration::from_millis(300), TcpStream::connect(self.address));
        let mut waiting = Vec::new();
        while let Ok(connected) = connect().await {
            waiting.push(connected.unwrap());
            assert!(waiting.len() < 64, "the backlog has no end");
        }
        self.waiting = waiting;
        router
    }
}

async fn answer_check(mut connection: TcpStream) {
    let _ = connection.read(&mut [0; 1024]).await;
    let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
}

async fn post(router: &Router, size: usize) -> reqwest::Response {
    let sent = client().post(router.at("/raw")).body(vec![b'x'; size]).send();
    sent.await.expect("the router answers")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connect_that_gets_no_answer_ends_with_its_timeout() {
    let mut hole = BlackHole::open();
    let router = hole.router(config(&[hole.url()], "timeouts: {connect: 300ms}")).await;
    let begun = Instant::now();
    let message = refused(ask(&router, false).await, 504, "upstream_timeout").await;
    assert!(message.contains("\"b\""), "{message}");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    all_leases_are_back(&router).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connect_that_gets_no_answer_moves_on_to_another_peer() {
    let (mut hole, good) = (BlackHole::open(), Upstream::start(|_| ok()).await);
    let router = hole.router(config(&[hole.url(), good.url()], "timeouts: {connect: 300ms}")).await;
    assert_eq!(ask(&router, false).await.status(), 200);
    assert_eq!(router.metric(r#"pointsman_retries_total{backend="b",reason="connect"}"#).await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_never_answers_is_a_504() {
    let peer = Upstream::start(|_| vec![Act::Hang]).await;
    let router = Router::start(&config(&[peer.url()], "timeouts: {first_byte: 300ms}"));
    for client in [client(), client_h2()] {
        let asked = client.post(router.at("/v1/chat/completions")).json(&chat(true)).send().await.unwrap();
        let message = refused(asked, 504, "upstream_timeout").await;
        assert!(message.contains("\"b\""), "{message}");
    }
    assert_eq!(peer.seen().len(), 2, "the only peer was asked again");
    eventually("both connections closed", || async { (peer.left() == 2).then_some(()) }).await;
    all_leases_are_back(&router).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_takes_no_more_of_the_request_is_a_504() {
    let peer = Upstream::on_head(|_| vec![Act::Meet(usize::MAX)]).await;
    let router = Router::start(&config(&[peer.url()], "timeouts: {write: 300ms, first_byte: 1s}"));
    refused(post(&router, 9_000_000).await, 504, "upstream_timeout").await;
    all_leases_are_back(&router).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_takes_no_more_of_the_request_is_left_for_another() {
    let (first, second) = (Upstream::on_head(|_| vec![Act::Meet(usize::MAX)]).await, Upstream::start(|_| ok()).await);
    let router = Router::start(&config(&[first.url(), second.url()], "timeouts: {write: 300ms, first_byte: 1s}"));
    assert_eq!(post(&router, 9_000_000).await.status(), 200);
    assert!(second.seen()[0].body.len() == 9_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_may_take_longer_than_any_silence_in_it() {
    // 30 pieces, each well within the silence of 2 s that is allowed, and together beyond it.
    let script = |_: &Seen| {
        let piece = || [Act::Pause(Duration::from_millis(80)), Act::Say(b"x".to_vec())];
        let head = Act::Say(b"HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n".to_vec());
        std::iter::once(head).chain((0..30).flat_map(|_| piece())).collect()
    };
    let peer = Upstream::start(script).await;
    let router = Router::start(&config(&[peer.url()], "timeouts: {idle: 2s}"));
    let begun = Instant::now();
    assert_eq!(ask(&router, false).await.text().await.unwrap(), "x".repeat(30));
    assert!(begun.elapsed() > Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_reused() {
    let peer = Upstream::start(|_| ok()).await;
    let router = Router::start(&config(&[peer.url()], "timeouts: {keep_alive: 1h}"));
    let checks = peer.connections();
    let client = Client::new();
    let task = |_| async {
        for _ in 0..50 {
            let sent = client.post(router.at("/v1/chat/completions")).json(&chat(false)).send().await.unwrap();
            assert_eq!(sent.status(), 200);
            sent.bytes().await.unwrap();
        }
    };
    join_all((0..4).map(task)).await;
    let made = peer.connections() - checks;
    assert_eq!(peer.seen().len(), 200);
    // Four at a time, and now and then one that is not yet back in the pool when the next is needed.
    assert!(made <= 40, "{made} connections for 200 requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_peer_wants_closed_is_not_reused() {
    let peer = Upstream::start(|_| vec![answer(200, "connection: close\r\n", "ok")]).await;
    let router = Router::start(&config(&[peer.url()], ""));
    for _ in 0..5 {
        assert_eq!(ask(&router, false).await.status(), 200);
    }
    assert!(peer.seen().iter().all(|seen| seen.before == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed_after_its_time() {
    let peer = Upstream::start(|_| ok()).await;
    let router = Router::start(&config(&[peer.url()], "timeouts: {keep_alive: 200ms}\nmetrics: {interval: 0}"));
    eventually("the checks' end", || async { (peer.closed() == peer.connections()).then_some(()) }).await;
    assert_eq!(ask(&router, false).await.status(), 200);
    eventually("the close", || async { (peer.closed() == peer.connections()).then_some(()) }).await;
    assert_eq!(ask(&router, false).await.status(), 200);
    assert!(peer.seen().iter().all(|seen| seen.before == 0));
}

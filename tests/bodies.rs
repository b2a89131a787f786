//! Request bodies on their way upstream: the right bytes, once for each attempt, whatever their size and framing.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use futures::stream;
use reqwest::{Body, Client, Response};
use support::pool::{all_leases_are_back, client, client_h2, config, header, read_all, read_until, refused};
use support::upstream::{Act, Seen, Upstream, answer, busy, ok};
use support::{PATIENCE, Router};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

const KIB_64: usize = 64 << 10;
const SIZES: [usize; 6] = [0, 1, KIB_64 - 1, KIB_64, KIB_64 + 1, 5_000_000];

/// How a client frames its body.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Framing {
    Length,
    Expect,
    Chunked,
    H2,
    H2WithoutLength,
}

const FRAMINGS: [Framing; 5] =
    [Framing::Length, Framing::Expect, Framing::Chunked, Framing::H2, Framing::H2WithoutLength];

/// Two peers, of which the first is asked first.
struct Pair {
    router: Router,
    first: Result<Upstream, TcpSocket>,
    second: Upstream,
    h1: Client,
    h2: Client,
}

/// A peer that fails every request is asked first again by the next one.
const NOBODY_IS_EJECTED: &str = "breaker: {max_ejected: 0}";

type Script = fn(&Seen) -> Vec<Act>;

// === impl Framing ===

impl Framing {
    /// Whether the router can know the length before it reads; without it, it takes no more than 64 KiB.
    fn declares(self) -> bool {
        !matches!(self, Self::Chunked | Self::H2WithoutLength)
    }
}

// === impl Pair ===

impl Pair {
    async fn start(first: Script, second: Script) -> Self {
        let (first, second) = (Upstream::start(first).await, Upstream::start(second).await);
        let router = Router::start(&config(&[first.url(), second.url()], NOBODY_IS_EJECTED));
        Self { router, first: Ok(first), second, h1: client(), h2: client_h2() }
    }

    /// The first peer is known to be healthy, and refuses connections nonetheless.
    async fn with_first_refusing() -> Self {
        let pair = Self::start(|_| ok(), |_| ok()).await;
        let Ok(first) = pair.first else { unreachable!("it listened") };
        Self { first: Err(first.refuse().await), ..pair }
    }

    async fn post(&self, framing: Framing, body: &[u8]) -> (u16, String) {
        let url = self.router.at("/raw");
        let pieces = || {
            let pieces: Vec<_> = body.chunks(40_000).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
            Body::wrap_stream(stream::iter(pieces))
        };
        let sent = match framing {
            Framing::Expect => return self.post_expecting(body).await,
            Framing::Length => self.h1.post(url).body(body.to_vec()).send(),
            Framing::Chunked => self.h1.post(url).body(pieces()).send(),
            Framing::H2 => self.h2.post(url).body(body.to_vec()).send(),
            Framing::H2WithoutLength => self.h2.post(url).body(pieces()).send(),
        };
        let response = sent.await.expect("the router answers");
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn post_expecting(&self, body: &[u8]) -> (u16, String) {
        let mut socket = TcpStream::connect(self.router.address()).await.unwrap();
        let length = body.len();
        let head = format!(
            "POST /raw HTTP/1.1\r\nhost: r\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: {length}\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        if length > 0 {
            read_until(&mut socket, "HTTP/1.1 100").await;
            socket.write_all(body).await.unwrap();
        }
        let answer = read_all(&mut socket).await;
        let last = answer.rsplit("HTTP/1.1 ").next().unwrap();
        let status = last[..3].parse().unwrap();
        (status, last.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// Sends every body in every framing. `attempts` on the first and on the second peer must have brought it whole.
    async fn table(&self, status: u16, answer: &str, attempts: [usize; 2]) {
        for (size, framing) in SIZES.into_iter().flat_map(|size| FRAMINGS.map(|framing| (size, framing))) {
            let case = format!("{size} bytes, {framing:?}");
            let body: Vec<u8> = (0..size).map(|i| (i * 7 + i / 251) as u8).collect();
            let (got, text) = self.post(framing, &body).await;
            if size > KIB_64 && !framing.declares() {
                assert_eq!(got, 411, "{case}: {text}");
                assert_eq!(self.take(&case, &body), [0, 0], "{case}");
                continue;
            }
            assert_eq!((got, text.as_str()), (status, answer), "{case}");
            assert_eq!(self.take(&case, &body), attempts, "{case}");
        }
        all_leases_are_back(&self.router).await;
    }

    /// How many requests each peer got, each of which must be whole.
    fn take(&self, case: &str, body: &[u8]) -> [usize; 2] {
        [self.first.as_ref().ok(), Some(&self.second)].map(|peer| {
            let Some(peer) = peer else { return 0 };
            let seen = peer.seen();
            for request in &seen {
                assert_eq!(request.header("content-length"), [body.len().to_string()], "{case}: {}", request.head);
                assert_eq!(request.header("transfer-encoding"), [""; 0], "{case}");
                assert_eq!(request.header("expect"), [""; 0], "{case}");
                assert!(request.body == body, "{case}: other bytes came");
            }
            peer.forget();
            seen.len()
        })
    }
}

/// What a dead engine says.
fn failed() -> Vec<Act> {
    vec![answer(500, "content-type: application/json\r\n", r#"{"error":{"message":"dead"}}"#)]
}

const OK: &str = r#"{"ok":true}"#;
const BUSY: &str = r#"{"error":{"message":"busy"}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_body_reaches_a_good_peer_whole_and_once() {
    Pair::start(|_| ok(), |_| ok()).await.table(200, OK, [1, 0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_moves_on_from_a_peer_that_refuses_connections() {
    Pair::with_first_refusing().await.table(200, OK, [0, 1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_moves_on_whole_from_a_peer_that_says_500() {
    Pair::start(|_| failed(), |_| ok()).await.table(200, OK, [1, 1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_goes_to_each_peer_once_when_all_say_503() {
    Pair::start(|_| busy(), |_| busy()).await.table(503, BUSY, [1, 1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_moves_on_whole_from_a_connection_that_breaks() {
    Pair::start(|_| vec![Act::Reset], |_| ok()).await.table(200, OK, [1, 1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_undeclared_length_above_64_kib_is_told_what_to_do() {
    let pair = Pair::start(|_| ok(), |_| ok()).await;
    for client in [&pair.h1, &pair.h2] {
        let pieces = stream::iter((0..3).map(|_| Ok::<_, std::io::Error>(vec![b'x'; KIB_64])));
        let sent = client.post(pair.router.at("/raw")).body(Body::wrap_stream(pieces)).send().await.unwrap();
        let message = refused(sent, 411, "length_required").await;
        assert!(message.contains("Content-Length"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interim_answer_is_not_taken_for_the_answer() {
    for interim in ["100 Continue", "103 Early Hints\r\nlink: </x>"] {
        let interim = Act::Say(format!("HTTP/1.1 {interim}\r\n\r\n").into_bytes());
        let fates: [Vec<Act>; 3] = [vec![Act::Close], vec![Act::Reset], failed()];
        for fate in fates {
            let acts = [&[interim.clone()][..], &fate].concat();
            let first = Upstream::start(move |_| acts.clone()).await;
            let second = Upstream::start(|_| ok()).await;
            let router = Router::start(&config(&[first.url(), second.url()], ""));
            let pair = Pair { router, first: Ok(first), second, h1: client(), h2: client_h2() };
            for framing in [Framing::Length, Framing::Expect, Framing::H2] {
                let got = pair.post(framing, b"[1, 2]").await;
                assert_eq!(got, (200, OK.to_owned()), "{framing:?} {fate:?}");
                assert_eq!(pair.take("interim", b"[1, 2]"), [1, 1], "{framing:?} {fate:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interim_answer_of_a_good_peer_does_no_harm() {
    let both = |_: &Seen| [vec![Act::Say(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())], ok()].concat();
    Pair::start(both, |_| ok()).await.table(200, OK, [1, 0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_after_100_continue_is_told() {
    let pair = Pair::start(|_| vec![Act::Reset], |_| vec![Act::Reset]).await;
    let (status, text) = pair.post(Framing::Expect, b"[1, 2]").await;
    assert!(status == 502 && text.contains("upstream_failed"), "{status}: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_before_the_body_was_read_counts() {
    // A gateway in front of the model refuses by the head alone and closes, with megabytes still on their way.
    let peer = Upstream::on_head(|_| vec![Act::Say(TOO_LARGE.to_vec()), Act::Hang]).await;
    let router = Router::start(&config(&[peer.url()], "timeouts: {write: 5s}"));
    let sent = client().post(router.at("/raw")).body(vec![b'x'; 5_000_000]).send();
    let response: Response = timeout(PATIENCE, sent).await.expect("in time").expect("an answer");
    assert_eq!((response.status().as_u16(), header(&response, "x-own")), (413, "yes"));
    assert_eq!(response.text().await.unwrap(), "no");
    all_leases_are_back(&router).await;
}

const TOO_LARGE: &[u8] = b"HTTP/1.1 413 Too Large\r\nx-own: yes\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno";

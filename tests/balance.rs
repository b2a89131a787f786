//! The choice among healthy peers by their leases, and that every lease is given back.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use futures::future::join_all;
use reqwest::Client;
use support::pool::{
    all_leases_are_back, ask, chat, client, client_h2, config, health_becomes, hold, leases_become, occupy, peers,
    raw_chat, with_peers,
};
use support::upstream::{Act, Seen, Upstream, answer, busy, ok};
use support::{Router, eventually};

async fn equals(n: usize, script: fn(&Seen) -> Vec<Act>, settings: &str) -> (Vec<Upstream>, Router) {
    let mut peers = Vec::new();
    for _ in 0..n {
        peers.push(Upstream::start(script).await);
    }
    let listed: Vec<_> = peers.iter().map(|peer| format!("{{url: \"{}\"}}", peer.url())).collect();
    let router = Router::start(&with_peers(&listed.join(", "), settings));
    health_becomes(&router, &vec!["up"; n]).await;
    (peers, router)
}

fn loads(peers: &[Upstream]) -> Vec<usize> {
    peers.iter().map(|peer| peer.seen().len()).collect()
}

/// Sends requests one by one, each when the one before no longer counts.
async fn ask_in_turn(router: &Router, times: usize) {
    let held = peers(router).await.iter().map(|peer| peer["leases"].as_u64().unwrap()).sum();
    for _ in 0..times {
        assert_eq!(ask(router, false).await.status(), 200);
        leases_become(router, held).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_requests_go_to_the_idle_peer() {
    let (peers, router) = equals(2, hold, "").await;
    let held = occupy(&router, 0).await;
    eventually("the held request", || async { (loads(&peers).iter().sum::<usize>() == 1).then_some(()) }).await;
    let slow = loads(&peers).iter().position(|&load| load == 1).unwrap();
    ask_in_turn(&router, 30).await;
    assert_eq!((peers[slow].seen().len(), peers[1 - slow].seen().len()), (1, 30));

    // The next long one goes to the other peer, and from then on both are equal and take turns.
    occupy(&router, 1).await;
    peers.iter().for_each(Upstream::forget);
    ask_in_turn(&router, 30).await;
    assert!(loads(&peers).iter().all(|&load| load >= 10), "{:?}", loads(&peers));

    held.abort();
    leases_become(&router, 1).await;
    peers.iter().for_each(Upstream::forget);
    ask_in_turn(&router, 10).await;
    assert_eq!(peers[slow].seen().len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_share_the_load_in_their_proportion() {
    let (heavy, light) = (Upstream::start(hold).await, Upstream::start(hold).await);
    let listed = format!("{{url: \"{}\", weight: 3}}, {{url: \"{}\", weight: 1}}", heavy.url(), light.url());
    let router = Router::start(&with_peers(&listed, ""));
    health_becomes(&router, &["up", "up"]).await;
    for n in 0..40 {
        occupy(&router, n).await;
    }
    let leases: Vec<_> = peers(&router).await.iter().map(|peer| peer["leases"].as_u64().unwrap()).collect();
    assert_eq!(leases, [30, 10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_peers_share_the_load_evenly_enough() {
    // More than are all compared: the better of two at random.
    let (peers, router) = equals(12, hold, "").await;
    for n in 0..120 {
        occupy(&router, n).await;
    }
    let (least, most) = (loads(&peers).into_iter().min().unwrap(), loads(&peers).into_iter().max().unwrap());
    assert!(least >= 4 && most <= 16, "{:?}", loads(&peers));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_goes_down_keeps_its_count() {
    let sick = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_sick = sick.clone();
    let script = move |seen: &Seen| match seen.head.starts_with("GET") {
        true if is_sick.load(std::sync::atomic::Ordering::SeqCst) => vec![answer(503, "", "")],
        true => ok(),
        false => hold(seen),
    };
    let peer = Upstream::raw(script).await;
    let router = Router::start(&config(&[peer.url()], "health: {interval: 20ms, timeout: 5s}"));
    let held = occupy(&router, 0).await;
    sick.store(true, std::sync::atomic::Ordering::SeqCst);
    health_becomes(&router, &["down"]).await;
    assert_eq!(peers(&router).await[0]["leases"], 1);
    sick.store(false, std::sync::atomic::Ordering::SeqCst);
    health_becomes(&router, &["up"]).await;
    assert_eq!(peers(&router).await[0]["leases"], 1);
    held.abort();
    all_leases_are_back(&router).await;
}

/// What becomes of a request, as its header `x-do` says.
fn mixed(seen: &Seen) -> Vec<Act> {
    let events = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let begun = || Act::Say(format!("{events}b\r\ndata: {{}}\n\n\r\n").into_bytes());
    match seen.header("x-do").first().copied().unwrap_or_default() {
        "400" => vec![answer(400, "", "no")],
        "500" => vec![answer(500, "", "oh")],
        "503" => busy(),
        "close" => vec![Act::Close],
        "reset" => vec![Act::Reset],
        "garbage" => vec![Act::Say(b"what?\r\n\r\n".to_vec()), Act::Close],
        "stream" => vec![begun(), Act::Say(b"0\r\n\r\n".to_vec())],
        "broken stream" => vec![begun(), Act::Reset],
        "hang" => vec![Act::Hang],
        "hang in stream" => vec![begun(), Act::Hang],
        _ => ok(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_are_given_back_whatever_becomes_of_requests() {
    // Nobody is ejected, so that each peer has its part of every kind.
    let settings = "timeouts: {first_byte: 500ms, idle: 500ms}\nbreaker: {max_ejected: 0}";
    let (peers, router) = equals(3, mixed, settings).await;
    let kinds =
        ["ok", "400", "500", "503", "close", "reset", "garbage", "stream", "broken stream", "hang", "hang in stream"];
    let clients: [Client; 2] = [client(), client_h2()];
    let requests = (0..330).map(|n| {
        let request = clients[n % 2].post(router.at("/v1/chat/completions")).header("x-do", kinds[n % kinds.len()]);
        let leaves = n % 5 == 0;
        async move {
            let answer = async { request.json(&chat(true)).send().await?.bytes().await };
            if leaves {
                // Wherever the request is by then.
                let _ = tokio::time::timeout(std::time::Duration::from_millis(n as u64 / 3), answer).await;
            } else {
                let _ = answer.await;
            }
        }
    });
    let abandoned = async {
        for n in 0..40 {
            drop(raw_chat(&router, n % 2 == 0).await);
        }
    };
    tokio::join!(join_all(requests), abandoned);
    all_leases_are_back(&router).await;
    assert!(loads(&peers).iter().all(|&load| load > 50), "{:?}", loads(&peers));
    assert_eq!(ask(&router, false).await.status(), 200);
}

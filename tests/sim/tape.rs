//! What was received, as tests get to see it.

use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::ask::{get, last_is_aborted, requests};
use crate::support::{Child, PATIENCE};

#[tokio::test]
async fn the_tape_shows_exactly_what_came() {
    let sim = Child::sim(&["--record", "2"]);
    let body = "{ \"model\" : \"nope\" }";
    for path in ["/old", "/v1/chat/completions?a=b%20c", "/blob"] {
        let bytes = if path == "/blob" { b"\xff\x00\x01".to_vec() } else { body.into() };
        let request = Client::new().post(sim.at(path)).header("X-One", "1").header("content-type", "application/json");
        request.body(bytes).send().await.unwrap();
    }
    let tape: Value = get(&sim, "/sim/requests").await.json().await.unwrap();
    assert_eq!(tape["total"], 3);
    let [chat, blob] = tape["requests"].as_array().unwrap().as_slice() else { panic!("{tape}") };
    assert_eq!((&chat["method"], &chat["path"]), (&json!("POST"), &json!("/v1/chat/completions?a=b%20c")));
    assert!(chat["headers"].as_array().unwrap().contains(&json!(["x-one", "1"])));
    assert_eq!((&chat["body"], &chat["body_length"]), (&json!(body), &json!(body.len())));
    assert_eq!((&chat["finished"], &chat["aborted"]), (&json!(true), &json!(false)));
    assert_eq!((&blob["body_base64"], &blob["fnv1a"]), (&json!("/wAB"), &json!("f9210a1be4164051")));

    Client::new().delete(sim.at("/sim/requests")).send().await.unwrap();
    assert!(requests(&sim).await.is_empty());
}

#[tokio::test]
async fn bodies_up_to_64_mib_are_taken() {
    let sim = Child::sim(&["--record", "0"]);
    let send = |size: usize| {
        Client::new().post(sim.at("/v1/chat/completions")).body(vec![b' '; size]).timeout(PATIENCE).send()
    };
    assert_eq!(send(64 << 20).await.unwrap().status(), 400);
    // All but the last bytes have been read by then, so that the answer is not lost to a reset.
    assert!(send((64 << 20) + 1).await.is_ok_and(|response| response.status() == 413));
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_an_abort() {
    let sim = Child::sim(&[]);
    let mut socket = TcpStream::connect(sim.address()).await.unwrap();
    let half = b"POST /v1/chat/completions HTTP/1.1\r\nhost: sim\r\ncontent-length: 100\r\n\r\n{\"model\"";
    socket.write_all(half).await.unwrap();
    drop(socket);
    last_is_aborted(&sim).await;
}

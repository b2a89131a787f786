//! What goes upstream: the client's bytes with nothing changed but the model's name, and headers that are the peer's business.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use support::Stand;
use support::wire::{ask, post};

const CHAT: &str = "/v1/chat/completions";
const USER: &str = r#""messages":[{"role":"user","content":"hi"}]"#;

#[tokio::test]
async fn all_but_the_models_name_arrives_byte_for_byte() {
    let stand = Stand::start();
    let image = r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}"#;
    let tools = r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"enum":[1,1.0,"1"]}}}}}],"tool_choice":"auto""#;
    let bodies = [
        format!("\t {{ \r\n\"model\" :\n MODEL\t,  {USER} }} \r\n"),
        format!(r#"{{{USER},"zeta":1,"alpha":2,"model":MODEL,"mid":{{"b":1,"a":2}}}}"#),
        format!(r#"{{"model":MODEL,{USER},"x_big":1e400,"x_neg":-0.0,"x_long":{},"x_e":1E+02}}"#, "9".repeat(400)),
        format!(r#"{{"model":MODEL,{USER},"x_esc":"\u0041\/\ud83d\ude00\u00e9","x_raw":"é😀\u0000"}}"#),
        format!(r#"{{"model":MODEL,{USER},"x_lone":"\ud800 alone"}}"#),
        format!(r#"{{"model":MODEL,{USER},"x_twice":1,"x_twice":2,"":{{"model":"inner","model":"again"}}}}"#),
        format!(r#"{{"model":MODEL,{USER},{tools},"response_format":{{"type":"json_schema"}}}}"#),
        format!(
            r#"{{"model":MODEL,"messages":[{{"role":"user","content":[{{"type":"text","text":"hi","x":[]}},{image}],"name":"n"}}]}}"#
        ),
        format!(r#"{{"mod\u0065l":MODEL,{USER},"x_model":"auto","x":["model","auto"]}}"#),
        format!(
            r#"{{"model":MODEL,{USER},"chat_template_kwargs":{{"deep":{}1{}}}}}"#,
            "[".repeat(200),
            "]".repeat(200)
        ),
    ];
    for body in &bodies {
        for name in [r#""auto""#, r#""\u0061uto""#, r#""solo""#, r#""""#, "null"] {
            let sent = body.replacen("MODEL", name, 1);
            let answer = ask(stand.address(), post(CHAT, "", &sent)).await;
            assert!([200, 400].contains(&answer.status), "{sent}: {answer:?}");
            assert!(answer.header("x-pointsman-backend").is_some(), "refused by the router: {answer:?}\n{sent}");
            assert_eq!(stand.sim.last_seen().await.body(), body.replacen("MODEL", r#""m""#, 1));
        }
    }
    assert_eq!(stand.sim.total_seen().await, bodies.len() as u64 * 5);
}

#[tokio::test]
async fn a_body_without_a_model_gets_one_and_a_right_one_is_left_alone() {
    let stand = Stand::start();
    for (sent, seen) in [
        (format!("{{{USER}}}"), format!(r#"{{"model":"m",{USER}}}"#)),
        (format!(" {{ {USER} }}"), format!(r#" {{"model":"m", {USER} }}"#)),
        (format!(r#"{{"model":"m",{USER}}}"#), format!(r#"{{"model":"m",{USER}}}"#)),
        (format!(r#"{{"model":"\u006d",{USER}}}"#), format!(r#"{{"model":"\u006d",{USER}}}"#)),
    ] {
        let answer = ask(stand.address(), post(CHAT, "", &sent)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(stand.sim.last_seen().await.body(), seen);
    }
}

#[tokio::test]
async fn completions_arrive_as_they_were_whatever_their_prompt() {
    let stand = Stand::start();
    for prompt in [r#""a""#, r#"["a", "b"]"#, "[1, 2,3]", "[[1],\n[2]]"] {
        let sent = format!(r#"{{"prompt":{prompt}, "model":"auto","suffix":null}}"#);
        let answer = ask(stand.address(), post("/v1/completions", "", &sent)).await;
        assert_eq!(answer.status, 200, "{prompt}: {answer:?}");
        let seen = stand.sim.last_seen().await;
        assert_eq!((seen.path(), seen.body()), ("/v1/completions", &*sent.replace("auto", "m")));
    }
}

#[tokio::test]
async fn large_bodies_arrive_whole() {
    let stand = Stand::start();
    for size in [65_535usize, 65_536, 65_537, 131_073, 1 << 20, 10 << 20] {
        let frame = format!(r#"{{"model":"m",{USER},"x_pad":""}}"#);
        let body = frame.replace(r#""x_pad":""#, &format!(r#""x_pad":"{}"#, "p".repeat(size - frame.len())));
        assert_eq!(body.len(), size);
        let answer = ask(stand.address(), post(CHAT, "", &body)).await;
        assert_eq!(answer.status, 200, "{size}: {}", answer.head);
        assert_eq!(stand.sim.last_seen().await.checksum(), (size as u64, &*fnv1a(body.as_bytes())));
    }
}

fn fnv1a(bytes: &[u8]) -> String {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    format!("{:016x}", bytes.iter().fold(0xcbf2_9ce4_8422_2325, step))
}

#[tokio::test]
async fn a_request_has_one_id_from_end_to_end() {
    let stand = Stand::start();
    let body = format!("{{{USER}}}");
    let long = "x".repeat(128);
    for own in ["abc-1", "req_7:9", &long] {
        let answer = ask(stand.address(), post(CHAT, &format!("X-Request-Id: {own}\r\n"), &body)).await;
        assert_eq!(answer.header("x-request-id"), Some(own));
        assert_eq!(stand.sim.last_seen().await.header("x-request-id"), [own]);
        support::eventually("the id in the log", || async {
            stand.router.log().contains(&format!("request_id=\"{own}\"")).then_some(())
        })
        .await;
    }
    let too_long = "x".repeat(129);
    let mut made = std::collections::HashSet::new();
    for junk in [None, Some(""), Some("a b"), Some("é"), Some("a\tb"), Some(&*too_long)] {
        let line = junk.map_or(String::new(), |junk| format!("x-request-id: {junk}\r\n"));
        let answer = ask(stand.address(), post(CHAT, &line, &body)).await;
        let id = answer.header("x-request-id").unwrap().to_owned();
        assert!(id.len() >= 16 && Some(&*id) != junk, "{junk:?} became {id}");
        assert_eq!(stand.sim.last_seen().await.header("x-request-id"), [&*id], "{junk:?}");
        assert!(made.insert(id), "ids are made once");
    }
}

#[tokio::test]
async fn a_refusal_carries_the_id_too() {
    let stand = Stand::start();
    for (request, status) in [
        (post(CHAT, "x-request-id: mine\r\n", "{"), 400),
        (post("/nowhere", "x-request-id: mine\r\n", ""), 404),
        (b"GET /v1/completions HTTP/1.1\r\nhost: h\r\nx-request-id: mine\r\n\r\n".to_vec(), 405),
        (b"GET /health HTTP/1.1\r\nhost: h\r\nx-request-id: mine\r\n\r\n".to_vec(), 200),
    ] {
        let answer = ask(stand.address(), request).await;
        assert_eq!((answer.status, answer.header("x-request-id")), (status, Some("mine")));
    }
}

#[tokio::test]
async fn the_peer_sees_no_header_that_is_not_its_business() {
    let stand = Stand::start();
    let lines = "X-Pointsman-Tenant: acme\r\nx-pointsman-route: direct\r\nx-pointsman-whatever: 1\r\n\
                 accept-encoding: gzip, br\r\naccept-encoding: zstd\r\nauthorization: Bearer sk-client\r\n\
                 expect: 100-continue\r\nconnection: keep-alive, x-hop\r\nx-hop: 1\r\nkeep-alive: 5\r\n\
                 x-kept: yes\r\nx-kept: twice\r\nuser-agent: me\r\n";
    let answer = ask(stand.address(), post(CHAT, lines, format!("{{{USER}}}"))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let seen = stand.sim.last_seen().await;
    let names = seen.header_names();
    assert!(!names.iter().any(|name| name.starts_with("x-pointsman-")), "{names:?}");
    for gone in ["accept-encoding", "authorization", "expect", "x-hop", "keep-alive", "transfer-encoding"] {
        assert!(!names.contains(&gone), "{gone} in {names:?}");
    }
    assert_eq!(seen.header("x-kept"), ["yes", "twice"]);
    assert_eq!(seen.header("user-agent"), ["me"]);
    assert_eq!(seen.header("host"), [stand.sim.address()]);
    assert_eq!(seen.header("content-length").len(), 1);
}

#[tokio::test]
async fn a_clients_framing_is_not_the_peers() {
    let stand = Stand::start();
    let body = format!(r#"{{"model":"auto",{USER}}}"#);
    let chunked = body.as_bytes().chunks(7).fold(String::new(), |all, chunk| {
        all + &format!("{:x};ext=1\r\n{}\r\n", chunk.len(), std::str::from_utf8(chunk).unwrap())
    });
    let request = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{chunked}0\r\n\r\n"
    );
    assert_eq!(ask(stand.address(), request).await.status, 200);
    let seen = stand.sim.last_seen().await;
    assert_eq!(seen.body(), body.replace("auto", "m"));
    assert_eq!(seen.header("content-length"), [seen.body().len().to_string()]);
    assert!(seen.header("transfer-encoding").is_empty());

    // h2 without a declared length.
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let json = [("content-type", "application/json")];
    let url = stand.router.at(CHAT);
    let response = client.post(url).header(json[0].0, json[0].1).body(body.clone()).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(stand.sim.last_seen().await.body(), body.replace("auto", "m"));
}

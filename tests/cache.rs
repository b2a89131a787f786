//! The semantic cache, through the router: what hits, what must not, and what a hit looks like.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use support::sse::Events;
use support::upstream::{Act, Upstream, whole};
use support::{Child, Router, eventually};

/// Two keys: an ordinary one and a trusted one.
const KEYS: &str = "auth:\n  keys:\n    - {name: a, key_env: KEY_A}\n    - {name: b, key_env: KEY_B}\n    - {name: gate, key_env: KEY_GATE, trusted: true}\n";
const ENVIRONMENT: [(&str, &str); 3] = [("KEY_A", "sk-a"), ("KEY_B", "sk-b"), ("KEY_GATE", "sk-gate")];

/// A router with a cache, in front of one simulator.
struct Stand {
    router: Router,
    sim: Child,
}

impl Stand {
    fn start() -> Self {
        Self::with("", "")
    }

    /// With further keys of `sem_cache`, and further sections.
    fn with(cache: &str, sections: &str) -> Self {
        let sim = Child::sim(&[]);
        let router = Router::start_with(&config(&sim.url, cache, sections), &ENVIRONMENT);
        Self { router, sim }
    }

    async fn ask(&self, body: Value) -> Response {
        self.ask_with(&[], body).await
    }

    async fn ask_with(&self, headers: &[(&str, &str)], body: Value) -> Response {
        let path = if body.get("prompt").is_some() { "/v1/completions" } else { "/v1/chat/completions" };
        let request = reqwest::Client::new().post(self.router.at(path)).json(&body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{body}");
        response
    }

    /// What the cache did for `body`, whose answer is read to its end.
    async fn outcome(&self, body: Value) -> String {
        self.outcome_with(&[], body).await
    }

    async fn outcome_with(&self, headers: &[(&str, &str)], body: Value) -> String {
        let response = self.ask_with(headers, body).await;
        let outcome = header(&response, "x-pointsman-cache").to_owned();
        response.bytes().await.unwrap();
        outcome
    }

    /// Requests that came to the simulator.
    async fn asked(&self) -> usize {
        let tape: Value = reqwest::get(self.sim.at("/sim/requests")).await.unwrap().json().await.unwrap();
        tape["requests"].as_array().unwrap().len()
    }

    /// What the cache would do for `body`, once so many entries are near it: their meaning is indexed after they are stored.
    async fn explained(&self, body: Value, near: usize) -> Value {
        eventually("the entries near it", || async {
            let asked = reqwest::Client::new().post(self.router.admin("/cache/lookup")).body(body.to_string());
            let explained: Value = asked.send().await.unwrap().json().await.unwrap();
            (explained["candidates"].as_array().unwrap().len() == near).then_some(explained)
        })
        .await
    }

    async fn admin(&self, method: Method, path: &str) -> (u16, Value) {
        let response = reqwest::Client::new().request(method, self.router.admin(path)).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }
}

fn config(url: &str, cache: &str, sections: &str) -> String {
    format!(
        "backends: [{{name: solo, url: \"{url}/v1\", model: m}}]
router:
  routes:
    - {{name: weather, backend: solo, samples: [\"What is the weather like today?\"], threshold: 0.6}}
    - {{name: private, backend: solo, samples: [\"How much do I earn?\"], threshold: 0.6, cache: {{enabled: false}}}}
middleware:
  sem_cache:
    enabled: true
{cache}
{sections}
"
    )
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn chat(text: &str) -> Value {
    chat_with(text, json!({}))
}

/// A chat with further keys.
fn chat_with(text: &str, more: Value) -> Value {
    let mut body = json!({ "model": "auto", "messages": [{ "role": "user", "content": text }] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn content(answer: &Value) -> &str {
    answer["choices"][0]["message"]["content"].as_str().unwrap()
}

// === what hits ===

#[tokio::test]
async fn the_same_question_is_answered_from_the_cache() {
    let stand = Stand::start();
    let first = stand.ask(chat("How old is the Eiffel Tower?")).await;
    assert_eq!(header(&first, "x-pointsman-cache"), "miss");
    let first: Value = first.json().await.unwrap();
    let second = stand.ask(chat("How old is the Eiffel Tower?")).await;
    assert_eq!(header(&second, "x-pointsman-cache"), "hit-exact");
    assert_eq!(header(&second, "x-pointsman-backend"), "solo");
    assert_eq!(header(&second, "content-type"), "application/json");
    assert!(header(&second, "age").parse::<u64>().unwrap() < 60);
    assert_eq!((header(&second, "x-pointsman-cache-entry"), header(&second, "x-pointsman-cache-similarity")), ("", ""));
    let second: Value = second.json().await.unwrap();
    assert_eq!(content(&second), content(&first));
    assert_eq!(second["usage"], first["usage"]);
    assert_ne!(second["id"], first["id"], "an answer of its own");
    assert!(second["created"].as_u64().unwrap() >= first["created"].as_u64().unwrap());
    assert_eq!(stand.asked().await, 1);
    // Punctuation and white space at the ends say nothing.
    assert_eq!(stand.outcome(chat("  How old is the Eiffel  Tower ")).await, "hit-exact");
    support::pool::logs(&stand.router, &["Served from cache [solo] | hit-exact"]).await;
}

#[tokio::test]
async fn a_question_of_the_same_meaning_hits_and_one_of_another_does_not() {
    let stand = Stand::start();
    assert_eq!(stand.outcome(chat("What is the capital of France?")).await, "miss");
    let explained = stand.explained(chat("What's the capital of France?"), 1).await;
    assert_eq!(explained["decision"], "hit-semantic");
    let hit = stand.ask_with(&[("x-pointsman-cache-details", "true")], chat("What's the capital of France?")).await;
    assert_eq!(header(&hit, "x-pointsman-cache"), "hit-semantic");
    let similarity: f32 = header(&hit, "x-pointsman-cache-similarity").parse().unwrap();
    assert!((0.95..1.0).contains(&similarity));
    assert_eq!(header(&hit, "x-pointsman-cache-entry").len(), 32);
    assert_eq!(stand.outcome(chat("What is the capital of Spain?")).await, "miss");
    assert_eq!(stand.outcome(chat("Convert 100 USD to EUR")).await, "miss");
    assert_eq!(stand.outcome(chat("Convert 200 USD to EUR")).await, "miss");
    // A client may ask for more similarity, never for less.
    let more = [("x-pointsman-cache-threshold", "0.999")];
    assert_eq!(stand.outcome_with(&more, chat("What's the capital city of France?")).await, "miss");
}

#[tokio::test]
async fn the_gate_refuses_what_similarity_alone_would_serve() {
    let stand = Stand::with("    similarity_threshold: 0.8", "");
    assert_eq!(stand.outcome(chat("Convert 100 USD to EUR")).await, "miss");
    stand.explained(chat("Convert 200 USD to EUR"), 1).await;
    assert_eq!(stand.outcome(chat("Convert 200 USD to EUR")).await, "miss");
    let refusals = stand.router.metric(r#"pointsman_cache_refusals_total{rule="numbers"}"#).await;
    assert_eq!(refusals, 1.0);
    let explained = stand.explained(chat("Convert 300 USD to EUR"), 2).await;
    assert_eq!((&explained["decision"], &explained["exact_only"]), (&json!("miss"), &Value::Null));
    let candidates = explained["candidates"].as_array().unwrap();
    assert!(candidates.iter().all(|candidate| candidate["refused_by"] == "numbers"), "{explained}");
    assert!(candidates[0]["similarity"].as_f64().unwrap() > 0.8);
    assert!(!explained.to_string().contains("USD"), "no prompt is shown");
}

#[tokio::test]
async fn json_and_streams_serve_each_other() {
    let stand = Stand::start();
    let json: Value = stand.ask(chat("How tall is the Eiffel Tower?")).await.json().await.unwrap();
    let stream = json!({ "stream": true, "stream_options": { "include_usage": true } });
    let hit = stand.ask(chat_with("How tall is the Eiffel Tower?", stream)).await;
    assert_eq!(header(&hit, "x-pointsman-cache"), "hit-exact");
    assert!(header(&hit, "content-type").starts_with("text/event-stream"));
    let events = Events::of(hit).rest().await;
    let (done, events) = events.split_last().unwrap();
    assert_eq!(done, "data: [DONE]\n\n");
    let payload = |event: &String| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap();
    let events: Vec<Value> = events.iter().map(payload).collect();
    let said: String = events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(said, content(&json));
    assert_eq!(events.last().unwrap()["usage"], json["usage"]);
    assert!(events.iter().all(|event| event["id"] == events[0]["id"] && event["object"] == "chat.completion.chunk"));

    // And the other way, where the stream's client did not ask for the tokens used.
    let miss = stand.ask(chat_with("Who wrote Faust?", json!({ "stream": true }))).await;
    assert_eq!(header(&miss, "x-pointsman-cache"), "miss");
    let events = Events::of(miss).rest().await;
    assert!(events.iter().all(|event| !event.contains("\"usage\":{")), "{events:?}");
    assert_eq!(events.last().unwrap(), "data: [DONE]\n\n");
    let hit = stand.ask(chat("Who wrote Faust?")).await;
    assert_eq!(header(&hit, "x-pointsman-cache"), "hit-exact");
    let hit: Value = hit.json().await.unwrap();
    assert!(hit["usage"]["total_tokens"].as_u64().unwrap() > 0, "the router asked for it: {hit}");
    assert_eq!(hit["object"], "chat.completion");
}

#[tokio::test]
async fn completions_are_kept_too() {
    let stand = Stand::start();
    let body = json!({ "model": "m", "prompt": "Once upon a time there was a king" });
    assert_eq!(stand.outcome(body.clone()).await, "miss");
    let hit = stand.ask(body.clone()).await;
    assert_eq!((header(&hit, "x-pointsman-cache"), header(&hit, "x-pointsman-route")), ("hit-exact", "direct"));
    assert_eq!(hit.json::<Value>().await.unwrap()["object"], "text_completion");
    let ids = json!({ "model": "m", "prompt": [1, 2, 3] });
    assert_eq!((stand.outcome(ids.clone()).await.as_str(), stand.outcome(ids).await.as_str()), ("miss", "hit-exact"));
    assert_eq!(stand.outcome(json!({ "model": "m", "prompt": [1, 2, 4] })).await, "miss");
}

// === what must not ===

#[tokio::test]
async fn whatever_else_differs_is_another_question() {
    let stand = Stand::start();
    let text = "How tall is the Eiffel Tower?";
    let system = json!([{ "role": "system", "content": "Be brief." }, { "role": "user", "content": text }]);
    let others = [
        chat(text),
        chat_with(text, json!({ "temperature": 0 })),
        chat_with(text, json!({ "top_p": 0.5 })),
        chat_with(text, json!({ "seed": 1 })),
        chat_with(text, json!({ "model": "m" })),
        json!({ "model": "auto", "messages": system }),
    ];
    for body in &others {
        assert_eq!(stand.outcome(body.clone()).await, "miss", "{body}");
    }
    for body in others {
        assert_eq!(stand.outcome(body.clone()).await, "hit-exact", "{body}");
    }
    assert_eq!(stand.outcome(chat_with(text, json!({ "user": "me", "metadata": { "a": "b" } }))).await, "hit-exact");
}

#[tokio::test]
async fn tenants_never_share_an_answer() {
    let stand = Stand::with("", KEYS);
    let text = "How tall is the Eiffel Tower?";
    let ask = async |key: &str, tenant: &str| {
        let key = format!("Bearer {key}");
        stand.outcome_with(&[("authorization", &key), ("x-pointsman-tenant", tenant)], chat(text)).await
    };
    assert_eq!(ask("sk-a", "").await, "miss");
    assert_eq!(ask("sk-a", "").await, "hit-exact");
    assert_eq!(ask("sk-b", "").await, "miss");
    assert_eq!(ask("sk-b", "a").await, "hit-exact", "an untrusted key names no tenant");
    assert_eq!(ask("sk-gate", "a").await, "hit-exact", "a trusted one does");
    assert_eq!(ask("sk-gate", "c").await, "miss");
    let trusted = [("authorization", "Bearer sk-gate"), ("x-pointsman-tenant", "a")];
    assert_eq!(header(&stand.ask_with(&trusted, chat(text)).await, "x-pointsman-cache-entry").len(), 32);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn only_whole_answers_are_kept() {
    let stand = Stand::start();
    let cut = chat_with("How tall is the Eiffel Tower?", json!({ "max_tokens": 2 }));
    assert_eq!(stand.outcome(cut.clone()).await, "miss");
    assert_eq!(stand.outcome(cut).await, "miss", "its answer ended at max_tokens");
    for acts in [
        vec![support::upstream::answer(500, "", "{}")],
        vec![support::upstream::answer(200, "content-type: application/json\r\n", r#"{"choices":[]}"#)],
        vec![support::upstream::answer(200, "content-type: text/html\r\n", "<p>")],
        vec![Act::Say(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n".to_vec()), Act::Close],
    ] {
        let upstream = Upstream::start(move |_| acts.clone()).await;
        let router = Router::start(&config(&upstream.url(), "", ""));
        for _ in 0..2 {
            let asked = reqwest::Client::new().post(router.at("/v1/chat/completions")).json(&chat("Who wrote Faust?"));
            let answer = asked.send().await.unwrap();
            assert!(!header(&answer, "x-pointsman-cache").starts_with("hit"));
            let _ = answer.bytes().await;
        }
        assert_eq!(upstream.seen().len(), 2);
    }
}

#[tokio::test]
async fn a_client_and_an_operator_may_keep_out_of_it() {
    let stand = Stand::with("    cache_sampled: false", "");
    let text = "How tall is the Eiffel Tower?";
    assert_eq!(stand.outcome_with(&[("cache-control", "no-store")], chat(text)).await, "miss");
    assert_eq!(stand.outcome(chat(text)).await, "miss", "nothing was stored");
    assert_eq!(stand.outcome_with(&[("cache-control", "no-cache")], chat(text)).await, "bypass");
    assert_eq!(stand.outcome_with(&[("cache-control", "no-store")], chat(text)).await, "hit-exact");
    let sampled = chat_with(text, json!({ "temperature": 0.7 }));
    assert_eq!(
        (stand.outcome(sampled.clone()).await, stand.outcome(sampled).await),
        ("bypass".into(), "bypass".into())
    );
    let private = chat("How much do I earn?");
    assert_eq!(
        (stand.outcome(private.clone()).await, stand.outcome(private).await),
        ("bypass".into(), "bypass".into())
    );
}

// === those who ask together ===

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn equal_questions_at_once_are_asked_once() {
    let may_answer = Arc::new(AtomicBool::new(false));
    let gate = may_answer.clone();
    let upstream = Upstream::start(move |_| {
        held(&gate);
        vec![whole("Three hundred metres.")]
    })
    .await;
    let router = Router::start(&config(&upstream.url(), "", ""));
    let ask = async || {
        let asked = reqwest::Client::new().post(router.at("/v1/chat/completions")).json(&chat("How tall is it?"));
        let answer = asked.send().await.unwrap();
        let outcome = header(&answer, "x-pointsman-cache").to_owned();
        (outcome, content(&answer.json().await.unwrap()).to_owned())
    };
    let release = async {
        eventually("all are under way", || async {
            (router.metric("pointsman_requests_in_flight").await == 6.0).then_some(())
        })
        .await;
        may_answer.store(true, Ordering::Relaxed);
    };
    let (answers, ()) = tokio::join!(join_all((0..6).map(|_| ask())), release);
    assert!(answers.iter().all(|(_, answer)| answer == "Three hundred metres."));
    assert_eq!(answers.iter().filter(|(outcome, _)| outcome == "miss").count(), 1, "{answers:?}");
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn who_waits_goes_on_alone_where_the_first_fails() {
    let first = AtomicBool::new(true);
    let in_flight = Arc::new(AtomicBool::new(false));
    let gate = in_flight.clone();
    let upstream = Upstream::start(move |_| {
        if first.swap(false, Ordering::Relaxed) {
            held(&gate);
            return vec![support::upstream::answer(400, "content-type: application/json\r\n", "{}")];
        }
        vec![whole("Three hundred metres.")]
    })
    .await;
    let router = Router::start(&config(&upstream.url(), "", ""));
    let ask = async || {
        let asked = reqwest::Client::new().post(router.at("/v1/chat/completions")).json(&chat("How tall is it?"));
        asked.send().await.unwrap().status().as_u16()
    };
    let release = async {
        eventually("all are under way", || async {
            (router.metric("pointsman_requests_in_flight").await == 4.0).then_some(())
        })
        .await;
        in_flight.store(true, Ordering::Relaxed);
    };
    let (mut statuses, ()) = tokio::join!(join_all((0..4).map(|_| ask())), release);
    statuses.sort();
    assert_eq!(statuses, [200, 200, 200, 400]);
}

// === operators ===

#[tokio::test]
async fn operators_see_list_remove_and_flush() {
    let stand = Stand::start();
    let (weather, other) = (chat("What is the weather like in Rome today?"), chat("Who wrote Faust?"));
    for body in [&weather, &other] {
        assert_eq!(stand.outcome(body.clone()).await, "miss");
        assert_eq!(stand.outcome(body.clone()).await, "hit-exact");
    }
    let (_, shown) = stand.admin(Method::GET, "/cache").await;
    assert_eq!(shown["entries"], 2);
    assert!(shown["bytes"].as_u64().unwrap() > 500);
    let rates = shown["routes"].as_array().unwrap().iter().find(|rates| rates["route"] == "weather").unwrap();
    assert_eq!((&rates["lookups"], &rates["hit_exact"]), (&json!(2), &json!(0.5)));
    let listed = shown["listed"].as_array().unwrap();
    assert_eq!((listed.len(), &listed[0]["route"], &listed[1]["route"]), (2, &json!("default"), &json!("weather")));
    assert!(!shown.to_string().contains("Faust"), "no prompt is shown");
    assert_eq!(stand.router.metric("pointsman_cache_entries").await, 2.0);

    let entry = listed[0]["entry"].as_str().unwrap();
    assert_eq!(stand.admin(Method::DELETE, &format!("/cache/{entry}")).await, (200, json!({ "removed": 1 })));
    assert_eq!(stand.admin(Method::DELETE, &format!("/cache/{entry}")).await.0, 404);
    assert_eq!(stand.admin(Method::DELETE, "/cache/x").await.0, 400);
    assert_eq!(stand.outcome(other.clone()).await, "miss");

    assert_eq!(stand.admin(Method::DELETE, "/cache?route=weather").await, (200, json!({ "removed": 1 })));
    assert_eq!(stand.outcome(other.clone()).await, "hit-exact");
    assert_eq!(stand.outcome(weather.clone()).await, "miss");
    for wrong in ["/cache", "/cache?route=nobody", "/cache?all=true&route=weather"] {
        assert_eq!(stand.admin(Method::DELETE, wrong).await.0, 400, "{wrong}");
    }
    assert_eq!(stand.admin(Method::DELETE, "/cache?all=true").await, (200, json!({ "removed": 2 })));
    assert_eq!((stand.outcome(weather).await.as_str(), stand.outcome(other).await.as_str()), ("miss", "miss"));
}

#[tokio::test]
async fn in_shadow_everything_is_answered_afresh() {
    let stand = Stand::with("    shadow: true", "");
    for text in ["What is the capital of France?", "What is the capital of France?"] {
        assert_eq!(stand.outcome(chat(text)).await, "miss");
    }
    stand.explained(chat("What's the capital of France?"), 1).await;
    assert_eq!(stand.outcome(chat("What's the capital of France?")).await, "miss");
    assert_eq!(stand.asked().await, 3);
    for outcome in ["miss", "shadow-hit-exact", "shadow-hit-semantic"] {
        let series = format!(r#"pointsman_cache_lookups_total{{outcome="{outcome}",route="default"}}"#);
        assert_eq!(stand.router.metric(&series).await, 1.0, "{outcome}");
    }
    support::pool::logs(&stand.router, &["Would serve from cache [default] | shadow-hit-semantic"]).await;
}

#[tokio::test]
async fn audited_hits_are_answered_afresh_and_compared() {
    let stand = Stand::with("    audit: 1", "");
    assert_eq!(stand.outcome(chat("What is the capital of France?")).await, "miss");
    stand.explained(chat("What's the capital of France?"), 1).await;
    assert_eq!(stand.outcome(chat("What's the capital of France?")).await, "miss");
    eventually("the answers are compared", || async {
        let compared = stand.admin(Method::GET, "/cache").await.1["audits"]["compared"].clone();
        (compared == 1).then_some(())
    })
    .await;
    // The simulator says again what it was asked, so the two answers agree.
    let audits = &stand.admin(Method::GET, "/cache").await.1["audits"];
    assert_eq!(audits["disagreed"], 0);
    let high = audits["disagreement_95"][1].as_f64().unwrap();
    assert!((0.5..1.0).contains(&high), "one comparison proves little: {high}");
    assert_eq!(stand.outcome(chat("What's the capital of France?")).await, "hit-exact");
}

#[tokio::test]
async fn entries_outlive_a_reload_and_end_with_their_time() {
    let stand = Stand::with("    ttl: 1h", "");
    assert_eq!(stand.outcome(chat("Who wrote Faust?")).await, "miss");
    let reload = async |cache: &str| {
        stand.router.rewrite(&config(&stand.sim.url, cache, ""));
        let reloaded = reqwest::Client::new().post(stand.router.admin("/reload")).send().await.unwrap();
        assert_eq!(reloaded.status(), 200, "{}", reloaded.text().await.unwrap());
    };
    reload("    ttl: 2h").await;
    assert_eq!(stand.outcome(chat("Who wrote Faust?")).await, "hit-exact");
    reload("    max_entries: 10").await;
    assert_eq!(stand.outcome(chat("Who wrote Faust?")).await, "hit-exact", "a smaller cache takes over what fits");
    reload("    ttl: 1ms").await;
    assert_eq!(stand.outcome(chat("Who wrote Hamlet?")).await, "miss");
    eventually("its time is over", || async {
        (stand.outcome(chat("Who wrote Hamlet?")).await == "miss").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_clean_stop_saves_what_the_next_start_loads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let cache = format!("    snapshot: {:?}", path.to_str().unwrap());
    let mut stand = Stand::with(&cache, "");
    assert_eq!(stand.outcome(chat("What is the capital of France?")).await, "miss");
    stop(&mut stand.router).await;
    assert!(path.exists());
    let router = Router::start(&config(&stand.sim.url, &cache, ""));
    let mut stand = Stand { router, sim: stand.sim };
    assert_eq!(stand.outcome(chat("What is the capital of France?")).await, "hit-exact");
    stand.explained(chat("What's the capital of France?"), 1).await;
    assert_eq!(stand.outcome(chat("What's the capital of France?")).await, "hit-semantic");
    assert!(!path.exists(), "what is flushed from here on must not come back");
    stop(&mut stand.router).await;
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let router = Router::start(&config(&stand.sim.url, &cache, ""));
    let stand = Stand { router, sim: stand.sim };
    assert_eq!(stand.outcome(chat("What is the capital of France?")).await, "miss");
    support::pool::logs(&stand.router, &["is not used as a cache: it is damaged"]).await;
}

async fn stop(router: &mut Router) {
    router.signal("TERM");
    while router.ended().is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until `gate` is open, on a thread that nothing else needs; a test that fails meanwhile is not waited for.
fn held(gate: &AtomicBool) {
    let begun = Instant::now();
    tokio::task::block_in_place(|| {
        while !gate.load(Ordering::Relaxed) && begun.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(2));
        }
    });
}

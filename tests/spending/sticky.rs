//! Conversations keep their backend, and move only up.

use serde_json::{Value, json};

use super::support::Router;
use super::support::fickle::Fickle;
use super::support::pool::{client, header, metric_becomes};
use super::support::upstream::{answer, whole};
use super::{Said, ask, ask_with, entry};

pub(super) const GREETING: &str = "Hey, how is it going today?";
pub(super) const JOKE: &str = "Do you know a funny joke?";
pub(super) const CRASH: &str = "My C program crashes with a segmentation fault";
const KEYS: [(&str, &str); 2] = [("KEY_A", "sk-a"), ("KEY_B", "sk-b")];

/// A route to `small` and one to `large`, which stands below it in the file.
pub(super) struct Town {
    pub(super) small: Fickle,
    pub(super) large: Fickle,
    pub(super) router: Router,
}

// === impl Town ===

impl Town {
    pub(super) async fn start(sticky: &str) -> Self {
        Self::with(sticky, ["", ""], "").await
    }

    /// With these keys of the backends, and further sections.
    pub(super) async fn with(sticky: &str, keys: [&str; 2], sections: &str) -> Self {
        let (small, large) = (Fickle::start(vec![whole("small")]).await, Fickle::start(vec![whole("large")]).await);
        let entries = [entry("small", &small.peer.url(), keys[0]), entry("large", &large.peer.url(), keys[1])];
        let router = Router::start_with(&config(sticky, &entries.concat(), sections), &KEYS);
        Self { small, large, router }
    }

    /// Both in the config, with other keys.
    pub(super) fn entries(&self, keys: [&str; 2]) -> [String; 2] {
        [entry("small", &self.small.peer.url(), keys[0]), entry("large", &self.large.peer.url(), keys[1])]
    }

    /// The route and the backend of the last of what a user says.
    pub(super) async fn say(&self, said: &[&str]) -> (String, String) {
        place(ask(&self.router, &talk(said)).await)
    }

    pub(super) async fn outcomes(&self, outcome: &str) -> f64 {
        self.router.metric(&format!(r#"pointsman_sticky_total{{outcome="{outcome}"}}"#)).await
    }
}

fn place(said: Said) -> (String, String) {
    assert_eq!(said.status, 200, "{said:?}");
    (said.route, said.backend)
}

pub(super) fn at(route: &str, backend: &str) -> (String, String) {
    (route.into(), backend.into())
}

pub(super) fn config(sticky: &str, entries: &str, sections: &str) -> String {
    format!(
        "router:
  sticky: {sticky}
  routes:
    - {{name: chitchat, backend: small, samples: [\"Hi, how are you?\", \"Tell me a joke.\"]}}
    - {{name: complex, backend: large, samples: [\"Write a Python script to parse this JSON.\", \"Debug this segfault trace.\"]}}
backends:
{entries}{sections}"
    )
}

/// What a user said so far, with an answer in between.
fn talk(said: &[&str]) -> Value {
    let mut messages = vec![json!({ "role": "system", "content": "Be kind." })];
    for text in said {
        if messages.len() > 1 {
            messages.push(json!({ "role": "assistant", "content": "Well." }));
        }
        messages.push(json!({ "role": "user", "content": text }));
    }
    json!({ "model": "auto", "messages": messages })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_stays_where_it_is_and_moves_only_up() {
    let town = Town::start("conversation").await;
    assert_eq!(town.say(&[GREETING]).await, at("chitchat", "small"));
    assert_eq!(town.say(&[GREETING, JOKE]).await, at("chitchat", "small"));
    assert_eq!(town.say(&[GREETING, JOKE, CRASH]).await, at("complex", "large"));
    assert_eq!(town.say(&[GREETING, JOKE, CRASH, JOKE]).await, at("chitchat", "large"), "its route is the decided one");
    let last = town.large.peer.seen().pop().unwrap();
    assert!(String::from_utf8_lossy(&last.body).contains("model-large"), "{last:?}");
    assert_eq!(town.say(&[GREETING, JOKE, CRASH, JOKE, GREETING]).await, at("chitchat", "large"));
    // Another one that began alike.
    assert_eq!(town.say(&[GREETING]).await, at("chitchat", "small"));
    assert_eq!(town.say(&[GREETING, GREETING]).await, at("chitchat", "small"));
    let outcomes = [town.outcomes("begins").await, town.outcomes("stays").await, town.outcomes("moves-up").await];
    assert_eq!(outcomes, [2.0, 4.0, 1.0]);
    town.router.logs("sticky=\"moves-up\"").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_each_turn_goes_by_itself() {
    let town = Town::start("\"off\"").await;
    assert_eq!(town.say(&[CRASH]).await, at("complex", "large"));
    assert_eq!(town.say(&[CRASH, JOKE]).await, at("chitchat", "small"));
    assert_eq!(town.outcomes("begins").await, 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ranks_say_what_is_up() {
    let town = Town::with("conversation", ["rank: 2", "rank: 1"], "").await;
    assert_eq!(town.say(&[JOKE]).await, at("chitchat", "small"));
    assert_eq!(town.say(&[JOKE, CRASH]).await, at("complex", "small"));
    let prices = ["price: {input: 1, output: 1}", "price: {input: 1, output: 9}"];
    let town = Town::with("conversation", prices, "").await;
    assert_eq!(town.say(&[JOKE]).await, at("chitchat", "small"));
    assert_eq!(town.say(&[JOKE, CRASH]).await, at("complex", "large"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_names_a_backend_gets_it_and_takes_no_conversation_along() {
    let town = Town::start("conversation").await;
    assert_eq!(town.say(&[CRASH]).await, at("complex", "large"));
    let mut named = talk(&[CRASH, JOKE]);
    named["model"] = "small".into();
    assert_eq!(place(ask(&town.router, &named).await), at("direct", "small"));
    assert_eq!(town.say(&[CRASH, JOKE]).await, at("chitchat", "large"));
    // Nor is a completion anybody's turn.
    let before = town.outcomes("begins").await;
    let prompt = json!({ "model": "auto", "prompt": CRASH });
    let asked = client().post(town.router.at("/v1/completions")).json(&prompt).send().await.unwrap();
    assert_eq!((asked.status().as_u16(), header(&asked, "x-pointsman-backend")), (200, "large"));
    assert_eq!(town.outcomes("begins").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_conversations_are_their_own() {
    let auth = "auth: {keys: [{name: a, key_env: KEY_A}, {name: b, key_env: KEY_B}]}\n";
    let town = Town::with("conversation", ["", ""], auth).await;
    let say = async |key: &str, said: &[&str]| {
        place(ask_with(&town.router, &talk(said), "authorization", &format!("Bearer {key}")).await)
    };
    assert_eq!(say("sk-a", &[CRASH]).await, at("complex", "large"));
    assert_eq!(say("sk-b", &[CRASH, JOKE]).await, at("chitchat", "small"), "nothing is known of it");
    assert_eq!(say("sk-a", &[CRASH, JOKE]).await, at("chitchat", "large"));
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_data_tells_conversations_apart_though_no_backend_sees_it() {
    let masking = "middleware: {guardrails: {pii_masking: true, pii: {operator: redact}}}\n";
    let town = Town::with("conversation", ["", ""], masking).await;
    let crash = |who: &str| format!("{CRASH}, please write to {who}@example.org");
    assert_eq!(town.say(&[&crash("ann")]).await, at("complex", "large"));
    assert_eq!(town.say(&[&crash("bob"), JOKE]).await, at("chitchat", "small"), "another's");
    assert_eq!(town.say(&[&crash("ann"), JOKE]).await, at("chitchat", "large"));
    let seen = town.large.peer.seen();
    assert!(seen.iter().all(|seen| !String::from_utf8_lossy(&seen.body).contains("ann@")), "it was redacted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_knows_the_conversations_and_only_backends_that_are_there() {
    let town = Town::start("conversation").await;
    assert_eq!(town.say(&[CRASH]).await, at("complex", "large"));
    let [small, large] = town.entries(["retries: 1", ""]);
    town.router.change_to(&config("conversation", &[&*small, &large].concat(), "")).await;
    assert_eq!(town.say(&[CRASH, JOKE]).await, at("chitchat", "large"));
    let renamed = [&*small, &large.replace("name: large", "name: huge")].concat();
    let gone = config("conversation", &renamed, "").replace("backend: large", "backend: huge");
    town.router.change_to(&gone).await;
    assert_eq!(town.say(&[CRASH, JOKE, GREETING]).await, at("chitchat", "small"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_past_a_budget_goes_elsewhere_and_its_conversation_stays() {
    let budget = "budget: {requests_per_minute: 2, over: small}";
    let town = Town::with("conversation", ["", budget], "").await;
    assert_eq!(town.say(&[CRASH]).await, at("complex", "large"));
    assert_eq!(town.say(&[CRASH, JOKE]).await, at("chitchat", "large"));
    let over = ask(&town.router, &talk(&[CRASH, JOKE, GREETING])).await;
    assert_eq!((over.by(), &*over.route), ((200, "small", "over-budget"), "chitchat"));
    let [small, large] = town.entries(["", &budget.replace('2', "9")]);
    town.router.change_to(&config("conversation", &[&*small, &large].concat(), "")).await;
    assert_eq!(town.say(&[CRASH, JOKE, GREETING, JOKE]).await, at("chitchat", "large"));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_its_backend_fails_the_routes_own_serves_and_the_conversation_stays() {
    let town = Town::with("conversation", ["", "breaker: {faults: 1000}"], "").await;
    assert_eq!(town.say(&[CRASH]).await, at("complex", "large"));
    town.large.becomes(vec![answer(500, "", "oh")]);
    let fallen = ask(&town.router, &talk(&[CRASH, JOKE])).await;
    assert_eq!((fallen.by(), &*fallen.route), ((200, "small", "fallback"), "chitchat"));
    town.large.becomes(vec![whole("large")]);
    assert_eq!(town.say(&[CRASH, JOKE, GREETING]).await, at("chitchat", "large"));
    metric_becomes(&town.router, r#"pointsman_sticky_total{outcome="stays"}"#, 2.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_another_answers_for_once_leaves_its_conversation_where_it_was() {
    let (small, large) = (Fickle::start(vec![whole("small")]).await, Fickle::start(vec![whole("large")]).await);
    let entries = [entry("small", &small.peer.url(), ""), entry("large", &large.peer.url(), "")].concat();
    let further = "  routes:
    - {name: fixed, priority: 9, when: {keywords: {any: [salary]}}, respond: {content: No.}}
    - {name: lenient, priority: 9, backend: small, when: {keywords: {any: [payroll]}}, guardrails: {jailbreak_detection: false}}
";
    let sections = "middleware: {guardrails: {jailbreak_detection: true}}\n";
    let router = Router::start(&config("conversation", &entries, sections).replace("  routes:\n", further));
    let say = async |said: &[&str]| place(ask(&router, &talk(said)).await);
    assert_eq!(say(&[CRASH]).await, at("complex", "large"));
    assert_eq!(say(&[CRASH, "And my salary?"]).await, at("fixed", ""));
    assert_eq!(say(&[CRASH, "And my salary?", GREETING]).await, at("chitchat", "large"));
    // What is let pass for one backend is not for the one of the conversation.
    assert_eq!(say(&[CRASH, "And my payroll?"]).await, at("lenient", "small"));
    assert_eq!(say(&[CRASH, "And my payroll?", GREETING]).await, at("chitchat", "large"));
}

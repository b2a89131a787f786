//! The cache where personal data is masked: it keeps placeholders alone, and fills in the values of who asks.

use serde_json::json;

use crate::echo::Echoing;
use crate::redis::RedisServer;

const CACHE: &str = "  sem_cache: {enabled: true}";

async fn outcome(stand: &Echoing, text: &str) -> (String, String) {
    let answer = stand.say(text).await;
    (answer.header("x-pointsman-cache").to_owned(), answer.said())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_question_about_somebody_else_hits_with_their_values() {
    let stand = Echoing::over("pii_masking: true", CACHE, 3).await;
    let ask = |who: &str| format!("Draft one line to {who} about the rent.");
    assert_eq!(outcome(&stand, &ask("ann@example.org")).await, ("miss".into(), ask("ann@example.org")));
    assert_eq!(outcome(&stand, &ask("bob@example.com")).await, ("hit-exact".into(), ask("bob@example.com")));
    assert_eq!(stand.model.seen().len(), 1);
    let streamed = json!({ "stream": true, "messages": [{ "role": "user", "content": ask("eve@example.net") }] });
    let answer = stand.chat(streamed).await;
    assert_eq!((answer.header("x-pointsman-cache"), answer.said()), ("hit-exact", ask("eve@example.net")));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_are_not_one() {
    let stand = Echoing::over("pii_masking: true", CACHE, 3).await;
    let (first, _) = outcome(&stand, "Compare ann@example.org and bob@example.org.").await;
    let (second, said) = outcome(&stand, "Compare ann@example.org and ann@example.org.").await;
    assert_eq!((first.as_str(), second.as_str()), ("miss", "miss"));
    assert_eq!(said, "Compare ann@example.org and ann@example.org.");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_of_the_same_meaning_about_somebody_else_hits_with_their_values() {
    let stand = Echoing::meaning("pii_masking: true", "  sem_cache: {enabled: true, similarity_threshold: 0.8}").await;
    let first = "How do I reset the password of ann@example.org?";
    assert_eq!(outcome(&stand, first).await, ("miss".into(), first.into()));
    let (cache, said) = outcome(&stand, "How can I reset the password of bob@example.com?").await;
    assert_eq!((cache.as_str(), said.as_str()), ("hit-semantic", "How do I reset the password of bob@example.com?"));
    assert_eq!(stand.model.seen().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answers");
    let cache = format!("  sem_cache: {{enabled: true, snapshot: {file:?}}}");
    let mut stand = Echoing::over("pii_masking: true", &cache, 3).await;
    stand.say("Draft one line to ann@example.org about the rent.").await;
    stand.router.signal("TERM");
    crate::support::eventually("the router's end", || {
        let ended = stand.router.ended();
        async move { ended }
    })
    .await;
    let kept = std::fs::read(&file).unwrap();
    let kept = String::from_utf8_lossy(&kept);
    assert!(kept.contains("<EMAIL_ADDRESS_1>"), "{kept}");
    assert!(!kept.contains("ann@example.org"), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_router_gives_the_answer_with_the_values_of_who_asks_it() {
    let redis = RedisServer::start();
    let cache = format!("  sem_cache: {{enabled: true, backend: redis, redis: {{url: \"{}\"}}}}", redis.url());
    let ask = |who: &str| format!("Draft one line to {who} about the rent.");
    let first = Echoing::over("pii_masking: true", &cache, 3).await;
    assert_eq!(outcome(&first, &ask("ann@example.org")).await, ("miss".into(), ask("ann@example.org")));
    let kept = crate::support::eventually("the entry in Redis", || async {
        let keys = redis.cli(&["keys", "*"]);
        let kept: String = keys.lines().map(|key| redis.cli(&["dump", key])).collect();
        kept.contains("EMAIL_ADDRESS_1").then_some(kept)
    })
    .await;
    assert!(!kept.contains("ann@example.org"), "{kept}");
    let second = Echoing::over("pii_masking: true", &cache, 3).await;
    let answered = outcome(&second, &ask("bob@example.com")).await;
    assert_eq!(answered, ("hit-exact".into(), ask("bob@example.com")));
    assert_eq!(second.model.seen().len(), 0);
}

//! How often the encoder reads a request.

use crate::echo::Echoing;

const CACHE: &str = "  sem_cache: {enabled: true}";

/// How many texts the encoder has read, the memo's not among them.
async fn encoded(stand: &Echoing) -> f64 {
    stand.router.metric("pointsman_encoder_jobs{outcome=\"encoded\"}").await
}

#[tokio::test(flavor = "multi_thread")]
async fn routing_guardrails_and_cache_share_one() {
    let stand = Echoing::meaning("jailbreak_detection: true, pii_masking: true", CACHE).await;
    let before = encoded(&stand).await;
    let answer = stand.say("How long should I boil an egg?").await;
    assert_eq!((answer.header("x-pointsman-jailbreak"), answer.header("x-pointsman-pii")), ("pass", "none"));
    assert_eq!((answer.status, answer.header("x-pointsman-cache")), (200, "miss"));
    assert_eq!(encoded(&stand).await - before, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_masking_changed_is_read_once_more_for_the_cache() {
    let stand = Echoing::meaning("jailbreak_detection: true, pii_masking: true", CACHE).await;
    let before = encoded(&stand).await;
    let answer = stand.say("Draft one line to ann@example.org about the rent.").await;
    assert_eq!((answer.status, answer.header("x-pointsman-pii")), (200, "masked"));
    assert_eq!(encoded(&stand).await - before, 2.0);
}

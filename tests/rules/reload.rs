//! Rules change with the file.

use crate::stand::{Ruled, config};
use crate::support::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_reloaded_and_warned_of() {
    let ruled = Ruled::with("{name: sql, backend: a, when: {keywords: {any: [sql]}}}").await;
    assert_eq!(ruled.said("my sql").await, ["sql", "a"]);
    let routes = "
        {name: wide, backend: b, when: {keywords: {any: [sql, table]}}}
        {name: sql, backend: a, when: {keywords: {any: [sql]}}}
    ";
    ruled.router.rewrite(&config(&ruled.model, "", routes, ""));
    eventually("the new rules", || async { (ruled.said("my sql").await == ["wide", "b"]).then_some(()) }).await;
    ruled.router.logs("route \"sql\" is never chosen: whenever it matches, \"wide\" does").await;
    // A rule that cannot be read changes nothing.
    ruled.router.rewrite(&config(&ruled.model, "", "{name: sql, backend: a, when: {keyword: {any: [sql]}}}", ""));
    ruled.router.logs("no such signal; did you mean \"keywords\"?").await;
    assert_eq!(ruled.said("my sql").await, ["wide", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_that_stay_are_not_embedded_again() {
    let complexity = |hard: &str| {
        format!(
            "signals: {{complexity: {{easy: [\"What is 2+2?\", \"Say hello.\"], hard: [\"Prove Fermat's theorem.\"{hard}]}}}}"
        )
    };
    let routes = "{name: hard, backend: a, when: {complexity: {gt: 0}}}";
    let ruled = Ruled::over(&complexity(""), routes, "", &[]).await;
    let read = async || ruled.router.metric("pointsman_encoder_jobs{outcome=\"encoded\"}").await;
    assert_eq!(read().await, 3.0);
    ruled.router.change_to(&config(&ruled.model, &complexity(", \"Derive Maxwell's equations.\""), routes, "")).await;
    assert_eq!(read().await, 4.0);
}

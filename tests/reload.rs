//! A changed config file is noticed however it was changed, and put in force only if it is right.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::sse::chat;
use support::{Child, Router, eventually};

const FAILURES: &str = "pointsman_config_reload_failures_total";
const RELOADS: &str = "pointsman_config_reloads_total";

/// A config that is told from others by an alias.
fn config(sim: &Child, alias: &str) -> String {
    format!(
        "backends:\n  - {{name: b, url: \"{}/v1\", model: m}}\nrouter: {{mode: \"off\", aliases: [{alias}]}}\n",
        sim.url
    )
}

async fn ask(router: &Router, model: &str) -> u16 {
    let request = reqwest::Client::new().post(router.at("/v1/chat/completions")).json(&chat(json!({ "model": model })));
    request.send().await.unwrap().status().as_u16()
}

/// Waits until requests are served by the config with `alias`.
async fn in_force(router: &Router, alias: &str) {
    eventually(alias, || async { (ask(router, alias).await == 200).then_some(()) }).await;
    assert_eq!(router.shown("/config").await["router"]["aliases"], json!([alias]));
}

#[tokio::test]
async fn every_way_of_changing_the_file_is_noticed() {
    let sim = Child::sim(&[]);
    let router = Router::start(&config(&sim, "first"));
    let config = |alias: &str| config(&sim, alias);
    type Change = fn(&Router, &str);
    let ways: [(&str, Change); 9] = [
        ("in-place", |router, config| router.rewrite(config)),
        ("renamed-over", |router, config| router.rename_over(config)),
        ("renamed-over-again", |router, config| router.rename_over(config)),
        ("in-place-again", |router, config| router.rewrite(config)),
        ("symlink", |router, config| router.mount("2026_1", config)),
        ("swapped", |router, config| router.swap("2026_2", config)),
        ("swapped-again", |router, config| router.swap("2026_3", config)),
        ("written-through-the-symlink", |router, config| router.rewrite(config)),
        ("a-file-again", |router, config| router.rename_over(config)),
    ];
    for (alias, change) in ways {
        change(&router, &config(alias));
        in_force(&router, alias).await;
    }
    assert_eq!(ask(&router, "first").await, 404, "an old alias");
    // Each change is one reload, whatever the number of its events.
    assert_eq!(router.metric(RELOADS).await, 9.0);
}

#[tokio::test]
async fn an_edit_is_noticed_though_the_folder_never_comes_to_rest() {
    let sim = Child::sim(&[]);
    let router = Router::start(&config(&sim, "first"));
    let beside = router.config_path().with_file_name("router.log");
    let noise = tokio::spawn(async move {
        loop {
            tokio::fs::write(&beside, "a line").await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    router.rewrite(&config(&sim, "second"));
    in_force(&router, "second").await;
    noise.abort();
}

#[tokio::test]
async fn a_file_that_goes_away_and_comes_back_changes_nothing_in_between() {
    let sim = Child::sim(&[]);
    let router = Router::start(&config(&sim, "first"));
    std::fs::remove_file(router.config_path()).unwrap();
    let (status, answer) = router.post_reload().await;
    assert_eq!((status, &answer["reloaded"]), (422, &json!(false)));
    assert!(answer["errors"][0].as_str().unwrap().contains("config.yaml"), "{answer}");
    assert_eq!(ask(&router, "first").await, 200);
    router.rewrite(&config(&sim, "back"));
    in_force(&router, "back").await;
}

#[tokio::test]
async fn a_reload_that_was_asked_for_is_done_though_the_file_is_the_same() {
    let sim = Child::sim(&[]);
    let router = Router::start(&config(&sim, "auto"));
    router.signal("HUP");
    router.logs("Config reloaded (SIGHUP)").await;
    assert_eq!(router.post_reload().await, (200, json!({ "reloaded": true })));
    router.logs("Config reloaded (POST /reload)").await;
    assert_eq!(router.metric(RELOADS).await, 2.0);
    let loaded_at = router.metric("pointsman_config_loaded_timestamp_seconds").await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((now - loaded_at).abs() < 60.0, "{loaded_at}");

    // What was asked for is in force once it is answered.
    for alias in ["second", "third"] {
        router.change_to(&config(&sim, alias)).await;
        assert_eq!(ask(&router, alias).await, 200);
        assert_eq!(ask(&router, "auto").await, 404);
    }
}

#[tokio::test]
async fn a_half_written_file_is_refused_and_the_whole_one_heals() {
    let sim = Child::sim(&[]);
    let router = Router::start(&config(&sim, "first"));
    let whole = router.whole_config(&config(&sim, "whole"));
    for half in [&whole[..whole.len() / 2], "", &whole[..whole.len() - 3]] {
        let failures = router.metric(FAILURES).await;
        std::fs::write(router.config_path(), half).unwrap();
        let refused = || async { (router.metric(FAILURES).await > failures).then_some(()) };
        eventually("a refused file", refused).await;
        assert_eq!(ask(&router, "first").await, 200);
    }
    std::fs::write(router.config_path(), &whole).unwrap();
    in_force(&router, "whole").await;
}

#[tokio::test]
async fn a_bad_edit_keeps_the_old_config_and_tells_every_error_with_its_line() {
    let sim = Child::sim(&[]);
    let router = Router::start(&config(&sim, "first"));
    // The harness's own lines are four.
    let bad = format!(
        "backends:\n  - {{name: b, url: \"{}/v1\", model: m, retires: 1}}\nrouter:\n  mode: \"of\"\n  aliases: [second]\n  \
         default_backend: nobody\n",
        sim.url
    );
    router.rewrite(&bad);
    let expected = [
        ("config.yaml:6: ", "retires", "retries"),
        ("config.yaml:8: ", "router.mode", "off"),
        ("config.yaml:10: ", "router.default_backend", "nobody"),
    ];
    for (place, path, word) in expected {
        let log = || async {
            router
                .log()
                .lines()
                .any(|line| [place, path, word, "ERROR"].iter().all(|part| line.contains(part)))
                .then_some(())
        };
        eventually(&format!("{place} {path} {word} in the log"), log).await;
    }
    assert_eq!(router.metric(FAILURES).await, 1.0);
    assert_eq!((ask(&router, "first").await, ask(&router, "second").await), (200, 404));
    assert_eq!(router.shown("/config").await["router"]["aliases"], json!(["first"]));

    let (status, answer) = router.post_reload().await;
    assert_eq!((status, &answer["reloaded"]), (422, &json!(false)));
    let errors: Vec<&str> = answer["errors"].as_array().unwrap().iter().map(|error| error.as_str().unwrap()).collect();
    assert_eq!(errors.len(), expected.len(), "{errors:?}");
    for (error, (place, path, word)) in errors.iter().zip(expected) {
        assert!([place, path, word].iter().all(|part| error.contains(part)), "{error}");
    }
    assert_eq!((router.metric(FAILURES).await, router.metric(RELOADS).await), (2.0, 0.0));

    router.rewrite(&config(&sim, "third"));
    in_force(&router, "third").await;
    assert_eq!((router.metric(FAILURES).await, router.metric(RELOADS).await), (2.0, 1.0));
}

#[tokio::test]
async fn what_only_compiling_finds_is_refused_as_well() {
    let sim = Child::sim(&[]);
    let router = Router::start(&config(&sim, "first"));
    let folder = router.config_path().with_file_name("");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("empty.key", "\n");
    write("no.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let backend = |more: String| config(&sim, "second").replace("model: m", &format!("model: m, {more}"));
    let path = |name: &str| folder.join(name).display().to_string();
    for (what, text) in [
        ("an empty secret", backend(format!("api_key_file: \"{}\"", path("empty.key")))),
        ("a missing secret", backend(format!("api_key_file: \"{}\"", path("missing.key")))),
        ("no certificate", backend(format!("tls: {{ca_file: \"{}\"}}", path("no.pem")))),
        ("no model", config(&sim, "second").replace("mode: \"off\"", "embedding_model: \"/nowhere/to-be-found\"")),
    ] {
        router.rewrite(&text);
        let (status, answer): (u16, Value) = router.post_reload().await;
        assert_eq!(status, 422, "{what}: {answer}");
        assert!(!answer["errors"].as_array().unwrap().is_empty(), "{what}: {answer}");
        assert_eq!((ask(&router, "first").await, ask(&router, "second").await), (200, 404), "{what}");
    }
}

#[tokio::test]
async fn what_needs_a_restart_is_warned_of_and_the_rest_is_in_force() {
    let sim = Child::sim(&[]);
    let router = Router::start(&config(&sim, "auto"));
    let text = router.whole_config("");
    assert!(!warned(&router, &(text.clone() + &config(&sim, "no-warning"))).await);
    let (listen, rest) = text.split_once("admin: ").unwrap();
    for (alias, head) in [
        ("listen", text.replace(listen, "version: v1\nlisten: \"127.0.0.1:1\"\n")),
        ("admin", format!("{listen}admin: {{listen: \"127.0.0.1:1\"}}\n{}", rest.split_once('\n').unwrap().1)),
        ("threads", format!("{text}threads: 7\n")),
        ("grace", format!("{text}shutdown: {{grace: 7s}}\n")),
        ("encoder", format!("{text}embedding: {{queue: 7}}\n")),
        ("log", format!("{text}log: {{level: debug}}\n")),
    ] {
        assert!(warned(&router, &(head + &config(&sim, alias))).await, "a warning about {alias}");
        assert_eq!(ask(&router, alias).await, 200, "{alias}");
        // What the process runs with needs no restart.
        let back = text.clone() + &config(&sim, "auto");
        assert!(!warned(&router, &back).await, "no warning once {alias} is back");
    }
}

/// Whether the reload of a file with `text` warns of a restart.
async fn warned(router: &Router, text: &str) -> bool {
    let told = "Config reloaded (the file changed)";
    let before = router.log().len();
    let aside = router.config_path().with_file_name("aside");
    std::fs::write(&aside, text).unwrap();
    std::fs::rename(aside, router.config_path()).unwrap();
    let since = || async { Some(router.log()[before..].to_owned()).filter(|log| log.contains(told)) };
    eventually(told, since).await.contains("at the next restart; the rest is in force")
}

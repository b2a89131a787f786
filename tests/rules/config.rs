//! What `pointsman check` says of rules.

use std::process::Command;

/// A config in which each case writes its own rule.
const CONFIG: &str = "version: v1
listen: \"127.0.0.1:8080\"
backends:
  - {name: fast, url: \"http://127.0.0.1:8001/v1\", model: small}
  - {name: heavy, url: \"http://127.0.0.1:8002/v1\", model: large}
router:
  default_backend: fast
  signals: {keywords: {sql: {any: [sql]}}}
  routes:
    - name: chat
      backend: fast
      when:
        keywords: sql
";

/// The exit code, and what is said on standard error, of the config with `from` replaced.
pub(crate) fn check(from: &str, to: &str) -> (Option<i32>, String) {
    assert!(CONFIG.contains(from), "{from}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("conf.yaml"), CONFIG.replace(from, to)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
    command.args(["check", "--config", "conf.yaml"]).current_dir(folder.path()).env("SECRET", "hunter2");
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn what_is_wrong_with_a_rule_is_told_with_its_line() {
    assert_eq!(check("keywords: sql\n", "keywords: sql\n"), (Some(0), String::new()));
    for (rule, wanted) in [
        ("token: {gt: 5}", "13: router.routes[0].when.token: no such signal; did you mean \"tokens\"?"),
        (
            "any:\n          - stream: true\n          - tokens: many",
            "15: router.routes[0].when.any[1].tokens: must be a number",
        ),
        ("keywords: sqll", "13: router.routes[0].when.keywords: no list of keywords is named \"sqll\""),
        ("load: {fst: {gt: 1}}", "13: router.routes[0].when.load.fst: no backend is named \"fst\""),
        (
            "jailbreak: {gt: 0.5}",
            "13: router.routes[0].when.jailbreak: needs \"middleware.guardrails.jailbreak_detection: true\"",
        ),
        ("pii: true", "13: router.routes[0].when.pii: needs \"middleware.guardrails.pii_masking: true\""),
        ("complexity: {gt: 0}", "13: router.routes[0].when.complexity: needs examples"),
        (
            "classifier: {toxicity: toxic}",
            "13: router.routes[0].when.classifier.toxicity: no classifier is named \"toxicity\"",
        ),
        ("header: {authorization: x}", "13: router.routes[0].when.header.authorization: holds a secret"),
        (
            "language: \"${SECRET}\"",
            "13: router.routes[0].when.language: must be something else than what \"${SECRET}\" gives",
        ),
    ] {
        let (code, said) = check("keywords: sql\n", &format!("{rule}\n"));
        assert_eq!(code, Some(1), "{rule}");
        assert!(said.contains(&format!("conf.yaml:{wanted}")) && !said.contains("hunter2"), "{rule}: {said}");
    }
}

#[test]
fn a_route_needs_samples_or_a_rule() {
    let (code, said) = check("      when:\n        keywords: sql\n", "");
    assert_eq!(code, Some(1));
    assert!(said.contains("conf.yaml:10: router.routes[0]: must have \"samples\", \"when\" or both"), "{said}");
    let (_, said) = check("      when:\n", "      threshold: 0.5\n      when:\n");
    assert!(said.contains("router.routes[0].threshold: does nothing without \"samples\""), "{said}");
    let (_, said) =
        check("{keywords: {sql: {any: [sql]}}}", "{keywords: {sql: {any: []}}, complexity: {easy: [], hard: [x]}}");
    for wanted in ["8: router.signals.keywords.sql.any: must list", "8: router.signals.complexity.easy: must list"] {
        assert!(said.contains(&format!("conf.yaml:{wanted}")), "{said}");
    }
    assert_eq!(said.lines().count(), 2, "who names a broken list is not to blame: {said}");
}

#[test]
fn personal_data_of_no_known_kind_is_an_error() {
    for rule in ["{pii: CREDIT_CRAD}", "{pii: [IBAN_CODE, CREDIT_CRAD]}", "{pii: {not_in: [CREDIT_CRAD]}}"] {
        let with = format!("      when: {rule}\nmiddleware: {{guardrails: {{pii_masking: true}}}}\n");
        let (code, said) = check("      when:\n        keywords: sql\n", &with);
        assert_eq!(code, Some(1), "{rule}: {said}");
        assert!(said.contains("no entity is named \"CREDIT_CRAD\"; did you mean \"CREDIT_CARD\"?"), "{rule}: {said}");
    }
}

#[test]
fn actions_that_may_not_be_meant_are_warned_of() {
    for (keys, wanted) in [
        (
            "reasoning: auto",
            "route \"chat\": reasoning: auto does nothing without examples in router.signals.complexity",
        ),
        (
            "guardrails: {pii_masking: false}\nmiddleware: {sem_cache: {enabled: true}, guardrails: {pii_masking: true}}",
            "route \"chat\": the cache keeps its questions and answers unmasked",
        ),
    ] {
        let (code, said) = check("        keywords: sql\n", &format!("        keywords: sql\n      {keys}\n"));
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(&format!("conf.yaml: warning: {wanted}")), "{said}");
    }
}

#[test]
fn what_is_hardly_meant_is_warned_of() {
    for (rule, wanted) in [
        (
            "all: [{tokens: {gt: 9}}, {tokens: {lt: 5}}]",
            "route \"chat\": when holds for no request: \"tokens > 9\" and \"tokens < 5\" never hold together",
        ),
        (
            "any: [{stream: true}, {stream: false}]",
            "route \"chat\": when holds for every request; no route that it goes before is ever chosen",
        ),
        (
            "any: [{stream: true}, {stream: false}]\n      samples: [Hello]",
            "route \"chat\": when holds for every request; leave it out",
        ),
        ("stream: true", "router.signals.keywords.sql: no route asks for it"),
        (
            "keywords: sql\n    - {name: more, backend: heavy, when: {keywords: sql, stream: true}}",
            "route \"more\" is never chosen: whenever it matches, \"chat\" does, and goes before it",
        ),
    ] {
        let (code, said) = check("keywords: sql\n", &format!("{rule}\n"));
        assert_eq!(code, Some(0), "{rule}: {said}");
        assert!(said.contains(&format!("conf.yaml: warning: {wanted}")), "{rule}: {said}");
    }
    let (code, said) = check("  default_backend: fast\n", "  default_backend: fast\n  mode: \"off\"\n");
    assert_eq!(code, Some(0));
    assert!(said.contains("router.mode: off sends all to the default backend; no route's \"when\" is asked"), "{said}");
}

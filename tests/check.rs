//! `pointsman check` as a person meets it: the real binary, a file, and what it prints.

#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::process::{Command, Output};

use tempfile::TempDir;

/// A config in which each case spoils one thing.
const GOOD: &str = r#"version: "v1"
listen: "127.0.0.1:8080"
backends:
  - name: "fast"
    url: "http://127.0.0.1:8001/v1"
    model: "small"
  - name: "heavy"
    url: "http://127.0.0.1:8002/v1"
    model: "large"
router:
  routes:
    - name: "chat"
      backend: "fast"
      samples: ["Hi"]
middleware:
  guardrails:
    pii_masking: false
"#;

/// A secret that must never be printed, whatever it breaks.
const SECRET: &str = "hunter2-s3cret";

struct Case {
    folder: TempDir,
    command: Command,
}

struct Said {
    stdout: String,
    stderr: String,
    code: Option<i32>,
}

// === impl Case ===

impl Case {
    fn new(config: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("conf.yaml"), config).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_pointsman"));
        command.args(["check", "--config", "conf.yaml"]).current_dir(folder.path());
        command.env_clear().env("SECRET", SECRET).env("KEY", SECRET).env("PORT", "9000");
        Self { folder, command }
    }

    fn file(self, name: &str, bytes: &[u8]) -> Self {
        std::fs::write(self.folder.path().join(name), bytes).unwrap();
        self
    }

    fn run(mut self) -> Said {
        let Output { stdout, stderr, status } = self.command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let said = Said { stdout: text(stdout), stderr: text(stderr), code: status.code() };
        assert!(!said.stderr.contains(SECRET) && !said.stdout.contains(SECRET), "{}", said.stderr);
        said
    }

    fn ok(self) {
        let Said { stdout, stderr, code } = self.run();
        assert_eq!((stdout.as_str(), stderr.as_str(), code), ("conf.yaml: ok\n", "", Some(0)));
    }

    /// What it says of a file that is right and may not be what was meant.
    fn warning(self) -> String {
        let Said { stdout, stderr, code } = self.run();
        assert_eq!((stdout.as_str(), code), ("conf.yaml: ok\n", Some(0)), "{stderr}");
        stderr.strip_prefix("conf.yaml: warning: ").unwrap_or_else(|| panic!("{stderr}")).trim_end().to_string()
    }

    /// The lines that it prints when it fails, without `conf.yaml:`.
    fn problems(self) -> Vec<String> {
        let Said { stdout, stderr, code } = self.run();
        assert_eq!((stdout.as_str(), code), ("", Some(1)), "{stderr}");
        let lines = stderr.lines().map(|line| line.strip_prefix("conf.yaml:").unwrap_or_else(|| panic!("{stderr}")));
        lines.map(|line| line.trim_start().to_string()).collect()
    }
}

/// `GOOD` with the one place where it says `old` changed.
fn with(old: &str, new: &str) -> String {
    assert_eq!(GOOD.matches(old).count(), 1, "{old}");
    GOOD.replace(old, new)
}

fn assert_problems(cases: &[(&str, &str, &[&str])]) {
    for (old, new, wanted) in cases {
        assert_eq!(Case::new(with(old, new)).problems(), *wanted, "{old} -> {new}");
    }
}

#[test]
fn the_reference_and_full_configs_are_ok() {
    for name in ["reasoning-budget.yaml", "full.yaml"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("conf").join(name);
        Case::new(std::fs::read(path).unwrap()).ok();
    }
    Case::new(GOOD).ok();
    Case::new(format!("\u{feff}{}", GOOD.replace('\n', "\r\n"))).ok();
}

#[test]
fn unknown_keys_are_all_told_with_the_key_that_was_meant() {
    let config =
        GOOD.replace("backend: ", "bakend: ").replace("listen:", "lisen:") + "limits: {body_sise: 1, zzz: 2}\n";
    let wanted = [
        "2: lisen: unknown key; did you mean \"listen\"?",
        "12: router.routes[0]: must have \"backend\" or \"backends\"",
        "13: router.routes[0].bakend: unknown key; did you mean \"backend\"?",
        "18: limits.body_sise: unknown key; did you mean \"body_size\"?",
        "18: limits.zzz: unknown key",
    ];
    assert_eq!(Case::new(config).problems(), wanted);
}

#[test]
fn wrong_types_are_told_in_every_section_together_with_the_rest() {
    let config = GOOD.replace("\"127.0.0.1:8080\"", "[8080]").replace("pii_masking: false", "pii_masking: \"on\"")
        + "embedding: {queue: -1}\nshutdown: soon\nlog: {level: inform}\nlimits: {body_size: 5 parsecs, max_in_flight: 0}\n";
    let config = config.replace("backend: \"fast\"", "backend: \"fats\"");
    let wanted = [
        "2: listen: must be text (in quotes where it looks like something else), not a list",
        "13: router.routes[0].backend: no backend is named \"fats\"; did you mean \"fast\"?",
        "17: middleware.guardrails.pii_masking: must be true or false, not text",
        "18: embedding.queue: must be a whole number, 0 or more",
        "19: shutdown: must be keys and values, not text",
        "20: log.level: must be \"error\", \"warn\", \"info\", \"debug\" or \"trace\"; did you mean \"info\"?",
        "21: limits.body_size: must be bytes as a number, or a size such as \"512KiB\" or \"10MiB\"",
    ];
    assert_eq!(Case::new(config).problems(), wanted);
}

#[test]
fn single_types_are_told_with_what_belongs_there() {
    assert_problems(&[
        ("\"v1\"", "v2", &["1: version: must be \"v1\""]),
        ("\"v1\"", "1", &["1: version: must be \"v1\""]),
        ("\"v1\"", "", &["1: version: must be a name, not nothing"]),
        ("version: \"v1\"", "threads: 1", &["the key \"version\" is missing"]),
        (
            "model: \"small\"",
            "model: 7",
            &["6: backends[0].model: must be text (in quotes where it looks like something else), not a number"],
        ),
        ("    model: \"small\"\n", "", &["4: backends[0]: the key \"model\" is missing"]),
        ("samples: [\"Hi\"]", "samples: Hi", &["14: router.routes[0].samples: must be a list, not text"]),
        (
            "samples: [\"Hi\"]",
            "samples: [[Hi]]",
            &[
                "14: router.routes[0].samples[0]: must be text (in quotes where it looks like something else), not a list",
            ],
        ),
        (
            "  guardrails:\n    pii_masking: false\n",
            "  - a\n",
            &["15: middleware: must be keys and values, not a list"],
        ),
    ]);
}

#[test]
fn what_is_not_a_config_file_is_one_line() {
    let deep = "[".repeat(300_000);
    let blocks = "- ".repeat(300_000);
    let large = format!("# {}\n", "x".repeat(4 << 20));
    let cases: &[(&[u8], &str)] = &[
        (b"", "the file is empty"),
        (b"# only a comment\n", "the file is empty"),
        (b"a: 1\nb: [2\nc: 3\n", "3: cannot be read as YAML"),
        (b"a: 1\nb:\n\t- 2\n", "3: cannot be read as YAML"),
        (b"a: 1\nb:\n  c: 1\n  c: 2\n", "4: cannot be read as YAML: duplicated key"),
        (b"a: 1\n---\nb: 2\n", "2: a second document"),
        (b"a: *nowhere\n", "1: cannot be read as YAML: unknown anchor"),
        (b"a: !tag x\n", "tags are not used"),
        (b"a: 1\nb: \xff\n", "2: not UTF-8"),
        (b"just words\n", "1: must hold keys and values"),
        (b"a: 1\n<<: [1]\n", "\"<<\": "),
        (deep.as_bytes(), "recursion limit"),
        (blocks.as_bytes(), "recursion limit"),
        (large.as_bytes(), "larger than 4 MiB"),
    ];
    for (config, wanted) in cases {
        let problems = Case::new(config).problems();
        assert!(problems.len() == 1 && problems[0].contains(wanted), "{wanted}: {problems:?}");
    }
}

#[test]
fn a_file_that_cannot_be_opened_is_one_line() {
    let case = Case::new("");
    std::fs::remove_file(case.folder.path().join("conf.yaml")).unwrap();
    assert!(case.problems()[0].contains("No such file"));
    let case = Case::new("");
    std::fs::remove_file(case.folder.path().join("conf.yaml")).unwrap();
    std::fs::create_dir(case.folder.path().join("conf.yaml")).unwrap();
    assert_eq!(case.problems(), ["is a directory, not a file"]);
}

#[test]
fn names_must_differ_and_exist() {
    assert_problems(&[
        ("\"heavy\"", "\"fast\"", &["7: backends[1].name: \"fast\" is taken by backends[0].name"]),
        ("\"large\"", "\"small\"", &["9: backends[1].model: \"small\" is taken by backends[0].model"]),
        ("\"heavy\"", "\"small\"", &["7: backends[1].name: \"small\" is the model of backends[0]"]),
        (
            "\"chat\"",
            "\"direct\"",
            &[
                "12: router.routes[0].name: must not be \"direct\", \"default\", \"guardrail\", \"passthrough\" or \"none\": those mean that no route was chosen",
            ],
        ),
        ("\"chat\"", "\"\"", &["12: router.routes[0].name: must not be empty"]),
        (
            "\"chat\"",
            "\"caf\\u00e9\"",
            &["12: router.routes[0].name: must be printable ASCII without spaces around it, as it stands in headers"],
        ),
        (
            "router:\n",
            "router:\n  default_backend: fsat\n",
            &["11: router.default_backend: no backend is named \"fsat\"; did you mean \"fast\"?"],
        ),
        (
            "router:\n",
            "router:\n  aliases: [auto, large, auto]\n",
            &[
                "11: router.aliases[1]: \"large\" is the name or the model of backends[1]",
                "11: router.aliases[2]: \"auto\" is taken by router.aliases[0]",
            ],
        ),
        (
            "router:\n",
            "router:\n  passthrough: [{path: /x, backend: nobody}]\n",
            &["11: router.passthrough[0].backend: no backend is named \"nobody\""],
        ),
    ]);
    let twice = "    - {name: chat, backend: heavy, samples: [Yo]}\nmiddleware:";
    assert_eq!(
        Case::new(with("middleware:", twice)).problems(),
        ["15: router.routes[1].name: \"chat\" is taken by router.routes[0].name"]
    );
    let long = "x".repeat(65);
    assert_eq!(
        Case::new(with("\"chat\"", &long)).problems(),
        ["12: router.routes[0].name: must not be longer than 64 characters"]
    );
    Case::new(with("\"chat\"", &long[1..])).ok();
}

#[test]
fn values_must_make_sense() {
    let peer = "url: \"http://127.0.0.1:8001/v1\"";
    assert_problems(&[
        (peer, "url: \"ftp://a\"", &["5: backends[0].url: must begin with \"http://\" or \"https://\""]),
        (peer, "url: \"http://a:1/?q\"", &["5: backends[0].url: must not hold a query or a fragment"]),
        (peer, "retries: 1", &["4: backends[0]: must have \"url\", \"peers\" or \"peers_file\""]),
        (
            peer,
            "peers: [{url: \"nonsense\", weight: 0}]",
            &[
                "5: backends[0].peers[0].url: must begin with \"http://\" or \"https://\"",
                "5: backends[0].peers[0].weight: must be between 1 and 1000",
            ],
        ),
        (
            "url: \"http://127.0.0.1:8002/v1\"",
            "url: \"http://b\"\n    health: {interval: 0, fall: 0, path: x}\n    timeouts: {first_byte: 0}",
            &[
                "9: backends[1].health.path: must be a path that starts with \"/\"",
                "9: backends[1].health.interval: must be longer than 0",
                "9: backends[1].health.fall: must be between 1 and 1000",
                "10: backends[1].timeouts.first_byte: must be longer than 0",
            ],
        ),
        (
            "\"127.0.0.1:8080\"",
            "\"8080\"",
            &["2: listen: must be a host and a port, such as \"0.0.0.0:8080\" or \"[::1]:8080\""],
        ),
        ("\"127.0.0.1:8080\"", "127.0.0.1:9180", &["admin.listen: must differ from \"listen\""]),
        ("\"127.0.0.1:8080\"", "0.0.0.0:9180", &["admin.listen: must differ from \"listen\""]),
        (
            "\"127.0.0.1:8080\"",
            "127.0.0.1:0",
            &["2: listen: must name a port: nobody could know one that the system chose"],
        ),
        ("samples: [\"Hi\"]", "samples: []", &["12: router.routes[0]: must have \"samples\", \"when\" or both"]),
        (
            "samples: [\"Hi\"]",
            "samples: [Hi, \" \"]\n      threshold: 1.5",
            &[
                "14: router.routes[0].samples[1]: must not be empty",
                "15: router.routes[0].threshold: must be between -1 and 1",
            ],
        ),
        (
            "middleware:\n",
            "embedding: {queue: 0, windows: 0, memo: 1000001}\nlimits: {body_size: 1, body_timeout: 0}\nmiddleware:\n  sem_cache: {similarity_threshold: .nan, ttl: 9000h}\n",
            &[
                "15: embedding.queue: must be between 1 and 1000000",
                "15: embedding.windows: must be between 1 and 64",
                "15: embedding.memo: must be between 0 and 1000000",
                "16: limits.body_size: must be between 1KiB and 1GiB",
                "16: limits.body_timeout: must be longer than 0",
                "18: middleware.sem_cache.ttl: must not be longer than a year",
                "18: middleware.sem_cache.similarity_threshold: must be between 0 and 1",
            ],
        ),
    ]);
    Case::new("version: v1\nbackends: [{name: a, model: b, url: http://a}]\nrouter: {}\n").ok();
    let none = Case::new("version: v1\nbackends: []\nrouter: {default_backend: a}\n").problems();
    assert_eq!(none, ["2: backends: must list at least one backend"]);
}

/// `GOOD` with two routes of so many samples, with further lines of the router and of the first route.
fn routed(samples: usize, router: &str, route: &str) -> String {
    let samples: Vec<_> = (0..samples).map(|i| format!("s{i}")).collect();
    let routes = ["one", "two"].map(|name| format!("    - {{name: {name}, backend: fast, samples: {samples:?}}}\n"));
    let routes = routes.concat().replacen("backend", &format!("{route}backend"), 1);
    with("router:\n  routes:\n", &format!("router:\n{router}  routes:\n{routes}"))
}

#[test]
fn a_classifier_and_its_thresholds_are_checked() {
    let classifier = |name: &str| format!("  classifier: {name}\n");
    for (samples, router, route) in [
        (5, "", ""),
        (5, "", "threshold: auto, "),
        (4, "", "threshold: 0.5, "),
        (5, "  classifier: auto\n", "threshold: 0.5, "),
        (5, "  classifier: nearest\n", "threshold: -0.5, "),
        (5, "  classifier: trained\n", "threshold: auto, "),
        (4, "  classifier: auto\n", "threshold: auto, "),
        (5, "  mode: \"off\"\n", "threshold: 0.5, "),
    ] {
        Case::new(routed(samples, router, route)).ok();
    }
    let path = "13: router.routes[0].threshold: ";
    for (name, threshold, wanted) in [
        ("auto", "-0.1", "must be between 0 and 1"),
        ("trained", "1.1", "must be between 0 and 1"),
        ("nearest", "1.1", "must be between -1 and 1"),
        ("nearest", ".nan", "must be between -1 and 1"),
        ("auto", "often", "must be a number, or \"auto\""),
        ("auto", "[1]", "must be a number, or \"auto\", not a list"),
    ] {
        let problems = Case::new(routed(5, &classifier(name), &format!("threshold: {threshold}, "))).problems();
        assert_eq!(problems, [format!("{path}{wanted}")], "{name} {threshold}");
    }
    let problems = Case::new(routed(5, &classifier("neares"), "")).problems();
    let names = "must be \"auto\", \"nearest\" or \"trained\"; did you mean \"nearest\"?";
    assert_eq!(problems, [format!("11: router.classifier: {names}")]);
}

#[test]
fn what_the_classifier_makes_of_a_file_is_warned_of_where_it_may_not_be_meant() {
    let unsaid = Case::new(routed(5, "", "threshold: 0.5, ")).warning();
    assert!(unsaid.contains("\"nearest\" is in force and not \"auto\""), "{unsaid}");
    let poor = Case::new(routed(4, "  classifier: trained\n", "")).warning();
    assert!(poor.contains("\"trained\" needs two routes of five different samples"), "{poor}");
    let poor = Case::new(routed(4, "  classifier: auto\n", "threshold: 0.5, ")).warning();
    assert!(poor.contains("the thresholds are taken for cosines"), "{poor}");
}

#[test]
fn passthrough_paths_are_checked() {
    let entry = |entry: &str| with("router:\n", &format!("router:\n  passthrough: [{{backend: fast, {entry}}}]\n"));
    for good in ["path: /v1/audio/*", "path: /tokenize", "path: \"/*\"", "path: /v1/embeddings"] {
        Case::new(entry(good)).ok();
    }
    let path = "11: router.passthrough[0].path: ";
    for (bad, wanted) in [
        ("path: tokenize", "must start with \"/\""),
        ("path: \"/a*\"", "may hold \"*\" only as a \"/*\" at its end"),
        ("path: \"/a/*/b\"", "may hold \"*\" only as a \"/*\" at its end"),
        ("path: \"/a?b\"", "must be a path alone, in printable ASCII without spaces"),
        ("path: /v1/models", "is a path that the router serves itself"),
        ("path: /v1/chat/completions", "is a path that the router serves itself"),
    ] {
        assert_eq!(Case::new(entry(bad)).problems(), [format!("{path}{wanted}")], "{bad}");
    }
    let guarded = |text: &str| entry(text).replace("pii_masking: false", "pii_masking: true");
    for path in ["path: /x", "path: /v1/embeddings"] {
        Case::new(guarded(&format!("{path}, unguarded: true"))).ok();
        assert!(Case::new(guarded(path)).problems()[0].contains("needs \"unguarded: true\""));
    }
}

#[test]
fn keys_come_from_one_place_that_exists() {
    let key = |entry: &str| GOOD.to_string() + "auth: {keys: [" + entry + "]}\n";
    Case::new(key("{name: a, key_env: KEY}, {name: b, key_file: k}")).file("k", b"abc\n").ok();
    for (bad, wanted) in [
        ("{name: a}", "18: auth.keys[0]: must have \"key_env\" or \"key_file\""),
        ("{name: a, key_env: KEY, key_file: k}", "18: auth.keys[0]: must have \"key_env\" or \"key_file\", not both"),
        (
            "{name: a, key_env: UNSET}",
            "18: auth.keys[0].key_env: the environment variable UNSET is not set or is empty",
        ),
        (
            "{name: a, key_env: hunter2-s3cret}",
            "18: auth.keys[0].key_env: must name an environment variable, not hold the key itself",
        ),
        (
            "{name: a, key_env: sk_lowercase}",
            "18: auth.keys[0].key_env: the environment variable named here is not set or is empty",
        ),
        ("{name: a, key_file: empty}", "18: auth.keys[0].key_file: the file named here is empty"),
        ("{name: a, key_file: .}", "18: auth.keys[0].key_file: the file named here is not a regular file"),
        (
            "{name: a, key_env: KEY}, {name: a, key_env: KEY}",
            "18: auth.keys[1].name: \"a\" is taken by auth.keys[0].name",
        ),
    ] {
        assert_eq!(Case::new(key(bad)).file("k", b"abc").file("empty", b" \n").problems(), [wanted], "{bad}");
    }
    assert!(Case::new(key("{name: a, key_file: none}")).problems()[0].contains("cannot be read: No such file"));
    let backend = |extra: &str| with("model: \"small\"", &format!("model: \"small\"\n    {extra}"));
    Case::new(backend("api_key_env: KEY")).ok();
    let both = Case::new(backend("api_key_env: KEY\n    api_key_file: k")).file("k", b"abc").problems();
    assert_eq!(both, ["4: backends[0]: must have \"api_key_env\" or \"api_key_file\", not both"]);
    let forwarded = Case::new(backend("forward_auth: true\n    api_key_env: KEY")).problems();
    assert!(forwarded[0].starts_with("7: backends[0].forward_auth: must be off"), "{forwarded:?}");
}

#[test]
fn variables_are_filled_in() {
    Case::new(with("\"127.0.0.1:8080\"", "127.0.0.1:${PORT}")).ok();
    Case::new(GOOD.to_string() + "threads: ${THREADS:-2}\nshutdown: {delay: \"${DELAY:-250ms}\"}\n").ok();
    Case::new(with("[\"Hi\"]", "[\"what does $${HOME} mean?\"]")).ok();
    assert_problems(&[
        (
            "\"small\"",
            "${MODEL}",
            &["6: backends[0].model: the environment variable MODEL is not set and has no default"],
        ),
        (
            "[\"Hi\"]",
            "[\"what does ${HOME mean?\"]",
            &["14: router.routes[0].samples[0]: \"${\" without \"}\" (\"$${\" means a literal \"${\")"],
        ),
        (
            "\"small\"",
            "${PORT}",
            &[
                "6: backends[0].model: must be text (in quotes where it looks like something else), not what \"${PORT}\" gives",
            ],
        ),
        (
            "pii_masking: false",
            "pii_masking: \"${T:-true}\"",
            &["17: middleware.guardrails.pii_masking: must be true or false, not what \"${T:-true}\" gives"],
        ),
    ]);
}

#[test]
fn no_problem_shows_what_a_variable_holds() {
    for place in ["\"v1\"", "\"127.0.0.1:8080\"", "\"http://127.0.0.1:8001/v1\"", "[\"Hi\"]", "false"] {
        assert!(!Case::new(with(place, "${SECRET}")).problems().is_empty(), "{place}");
    }
    let dangling = Case::new(with("backend: \"fast\"", "backend: \"${SECRET}\"")).problems();
    assert_eq!(dangling, ["13: router.routes[0].backend: no backend is named \"${SECRET}\""]);
    // A backend's name that came from a variable is not suggested either.
    let near = with("name: \"fast\"", "name: \"${SECRET}\"").replace("backend: \"fast\"", "backend: \"hunter2-s3cre\"");
    assert_eq!(Case::new(near).problems(), ["13: router.routes[0].backend: no backend is named \"hunter2-s3cre\""]);
    let twice = GOOD.replace("\"fast\"", "\"${SECRET}\"").replace("\"heavy\"", "\"${SECRET}\"");
    assert_eq!(Case::new(twice).problems(), ["7: backends[1].name: \"${SECRET}\" is taken by backends[0].name"]);
    for url in ["http://me:${SECRET}@a/v1", "http://me:hunter2-s3cret@a/v1", "http://${SECRET} x/"] {
        let problems = Case::new(with("http://127.0.0.1:8001/v1", url)).problems();
        assert!(problems.len() == 1 && problems[0].starts_with("5: backends[0].url: must"), "{problems:?}");
    }
}

#[test]
fn anchors_and_merges_keep_their_lines() {
    let base = "  - &base\n    name: \"fast\"";
    let merged = with("  - name: \"fast\"", base).replace("  - name: \"heavy\"", "  - <<: *base\n    name: \"heavy\"");
    Case::new(&merged).ok();
    let spoilt = merged.replace("    model: \"small\"", "    model: \"small\"\n    retires: 3");
    let unknown = |i: usize| format!("8: backends[{i}].retires: unknown key; did you mean \"retries\"?");
    assert_eq!(Case::new(spoilt).problems(), [unknown(0), unknown(1)]);
}

#[test]
fn guardrails_that_make_no_sense_are_told() {
    let section = |keys: &str| with("    pii_masking: false\n", keys);
    for (keys, wanted) in [
        (
            "    jailbreak: {action: route}\n",
            vec!["17: middleware.guardrails.jailbreak: must name a \"backend\" for \"action: route\""],
        ),
        (
            "    jailbreak: {action: route, backend: fats}\n",
            vec!["17: middleware.guardrails.jailbreak.backend: no backend is named \"fats\"; did you mean \"fast\"?"],
        ),
        (
            "    jailbreak: {threshold: 0.5, false_alarm_rate: 0.5, roles: []}\n",
            vec![
                "17: middleware.guardrails.jailbreak: must have \"threshold\" or \"false_alarm_rate\", not both",
                "17: middleware.guardrails.jailbreak.false_alarm_rate: must be between 0.001 and 0.1",
                "17: middleware.guardrails.jailbreak.roles: must name whose texts are judged",
            ],
        ),
        (
            "    pii: {entities: [CREDIT_CRAD], operators: [{entity: NOBODY, operator: hash}], min_score: 2}\n",
            vec![
                "17: middleware.guardrails.pii.min_score: must be between 0 and 1",
                "17: middleware.guardrails.pii.entities[0]: no entity is named \"CREDIT_CRAD\"; did you mean \"CREDIT_CARD\"?",
                "17: middleware.guardrails.pii.operators[0].entity: no entity is named \"NOBODY\"",
            ],
        ),
    ] {
        let mut problems = Case::new(section(keys)).problems();
        let mut wanted: Vec<String> = wanted.into_iter().map(String::from).collect();
        problems.sort();
        wanted.sort();
        assert_eq!(problems, wanted, "{keys}");
    }
    for (pattern, wanted) in [("E-[0-9", "E-[0-9"), ("(?=x)y", "look-around"), ("x*", "matches the empty text")] {
        let keys = format!("    pii: {{recognizers: [{{name: BADGE, pattern: \"{pattern}\"}}]}}\n");
        let problems = Case::new(section(&keys)).run().stderr;
        assert!(problems.contains("recognizers[0]") && problems.contains(wanted), "{problems}");
    }
    let own = "    pii: {entities: [BADGE, default], recognizers: [{name: BADGE, pattern: \"E-[0-9]{6}\"}]}\n";
    Case::new(section(own)).ok();
}

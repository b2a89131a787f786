//! What a config may not say of actions.

use std::process::Command;

const CONFIG: &str = "version: v1
backends:
  - {name: one, url: \"http://127.0.0.1:1\", model: m}
  - {name: two, url: \"http://127.0.0.1:2\", model: n}
router:
  default_backend: one
  routes:
    - name: all
      samples: [anything]
      ";

/// What `check` says of a config.
fn checked(config: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.yaml");
    std::fs::write(&path, config).unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_pointsman")).arg("check").arg("--config").arg(&path).output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

/// A config whose route has these keys, with further sections.
fn config(route: &str, sections: &str) -> String {
    format!("{CONFIG}{}\n{sections}", route.replace('\n', "\n      "))
}

/// What `check` says of the route in such a config, a line each.
fn problems(route: &str, sections: &str) -> Vec<String> {
    let text = checked(&config(route, sections));
    let problems = text.lines().filter_map(|line| Some(line.split_once("router.routes[0]")?.1.to_owned()));
    problems.collect()
}

const OFF: &str = "is off in middleware.guardrails, and a route cannot switch on what no request is looked through for";

#[test]
fn each_mistake_is_told_with_its_path() {
    for (route, expected) in [
        (
            "backends: [{name: one, weight: 1}, two]",
            &[".backends[1]: must have a weight, as others of this list have"][..],
        ),
        (
            "backends: [{name: one, weight: 0}]",
            &[".backends[0]: must have a weight above 0, or another of this list must"],
        ),
        (
            "backends: [{name: one}]",
            &[".backends[0]: must be a backend's name, or a mapping with \"name\" and \"weight\""],
        ),
        (
            "backends: [{name: one, weight: 1, wieght: 2}]",
            &[".backends[0]: must be a backend's name, or a mapping with \"name\" and \"weight\""],
        ),
        (
            "backend: one\nreasoning: {effort: low, forced: true}",
            &[".reasoning.forced: unknown key; did you mean \"force\"?"],
        ),
        ("backends: [{name: nobody, weight: 1}]", &[".backends[0].name: no backend is named \"nobody\""]),
        ("backends: [one, one]", &[".backends[1]: \"one\" is there already, as backends[0]"]),
        (
            "backend: one\nreasoning: hard",
            &[".reasoning: must be off, low, medium, high, auto, or a mapping with \"effort\""],
        ),
        (
            "backend: one\nreasoning: {effort: hihg, force: yes}",
            &[
                ".reasoning.force: must be true or false",
                ".reasoning.effort: must be \"off\", \"low\", \"medium\", \"high\" or \"auto\"; did you mean \"high\"?",
            ],
        ),
        (
            "backend: one\nreasoning: {effort: low, cuts: [0, 0, 0]}",
            &[".reasoning.cuts: must stand beside \"effort: auto\" only"],
        ),
        (
            "backend: one\nparams: {set: {model: x}, cap: {top_p: a}}",
            &[".params.set.model: is the router's own to write", ".params.cap.top_p: must be a number"],
        ),
        ("backend: one\nparams: {sets: {a: 1}}", &[".params.sets: unknown key; did you mean \"set\"?"]),
        ("backend: one\nsystem_prompt: {}", &[".system_prompt: must have \"prepend\", \"append\" or \"replace\""]),
        (
            "backend: one\nsystem_prompt: {append: a, replace: b}",
            &[".system_prompt: must not have \"replace\" beside \"prepend\" or \"append\""],
        ),
        (
            "backend: one\nheaders: {set: {host: x}}",
            &[
                ".headers.set.host: must not be \"host\", which is made for each peer; see \"host\" of a backend's peers",
            ],
        ),
        ("backend: one\nmirror: {backend: nobody}", &[".mirror.backend: no backend is named \"nobody\""]),
        ("backend: one\nmirror: {backend: two, share: 2}", &[".mirror.share: must be between 0 and 1"]),
        ("respond: {status: 302, content: x}", &[".respond.status: must be 200, or between 400 and 599 for an error"]),
        (
            "respond: {content: x}\nbackend: one\nreasoning: low",
            &[
                ".backend: does nothing next to \"respond\", which asks no backend",
                ".reasoning: does nothing next to \"respond\", which asks no backend",
            ],
        ),
        (
            "backend: one\nguardrails: {jailbreak: {action: route}}",
            &[
                ".guardrails.jailbreak.action: must be \"block\" or \"flag\"",
                ".guardrails.jailbreak: is off in middleware.guardrails, and a route cannot switch on what no request is looked through for",
            ],
        ),
    ] {
        assert_eq!(problems(route, ""), expected, "{route}");
    }
}

#[test]
fn wrong_cuts_are_told_what_they_must_be_with_their_line() {
    const EXPECTED: &str = "must be three numbers from -1 to 1, each at least the one before: the complexities from which on \
                            models think low, medium and high, such as [-0.1, 0, 0.1]";
    for cuts in
        ["[0.1, 0]", "[0.1, 0, -0.1]", "[-0.1, 0, 2]", "0.1", "[low, 0, 0.1]", "[.nan, 0, 0.1]", "{low: 0}", "null"]
    {
        let route = format!("backend: one\nreasoning:\n  effort: auto\n  cuts: {cuts}");
        assert_eq!(problems(&route, ""), [format!(".reasoning.cuts: {EXPECTED}")], "{cuts}");
        let config = config(&route, "");
        let line = config.lines().position(|line| line.trim_start().starts_with("cuts:")).unwrap() + 1;
        let text = checked(&config);
        assert!(text.contains(&format!("c.yaml:{line}: router.routes[0].reasoning.cuts: ")), "{text}");
    }
}

#[test]
fn a_route_cannot_switch_a_guardrail_on() {
    let both = "backend: one\nguardrails: {jailbreak_detection: true, pii_masking: true, jailbreak: {action: block}}";
    let off = ["jailbreak_detection", "pii_masking", "jailbreak"].map(|key| format!(".guardrails.{key}: {OFF}"));
    assert_eq!(problems(both, ""), off);
    let on = "middleware: {guardrails: {jailbreak_detection: true, pii_masking: true}}\n";
    assert_eq!(problems(both, on), [""; 0]);
    let idle = "backend: one\nguardrails: {jailbreak_detection: false, jailbreak: {threshold: 0.5}}";
    assert_eq!(problems(idle, on), [".guardrails.jailbreak: does nothing next to \"jailbreak_detection: false\""]);
}

#[test]
fn a_backends_family_must_be_known() {
    let text = checked(&config("backend: one", "").replace("model: n}", "model: n, reasoning_family: qwen}"));
    assert!(
        text.contains("backends[1].reasoning_family: must be qwen3, deepseek, gpt-oss, none, or a mapping of levels"),
        "{text}"
    );
}

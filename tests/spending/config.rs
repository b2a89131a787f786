//! What `check` says of prices, budgets and ranks.

use std::process::Command;

/// What `pointsman check` prints of a config with these backends `a` and `b` and this `router`.
fn checked(a: &str, b: &str, router: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.yaml");
    let entry = |name: &str, keys: &str| super::entry(name, "http://127.0.0.1:1", keys);
    let backends = [entry("a", a), entry("b", b)].concat();
    std::fs::write(&path, format!("version: v1\nbackends:\n{backends}router: {router}\n")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_pointsman")).args(["check", "--config"]).arg(&path).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let is_told = |line: &&str| !line.contains("default_backend");
    text.lines().filter(is_told).map(|line| line.split_once("c.yaml:").unwrap().1.trim().to_owned()).collect()
}

#[test]
fn what_is_wrong_with_prices_and_budgets_is_told_with_its_line() {
    for (a, b, router, expected) in [
        (
            "price: {input: -1, output: 1}",
            "",
            "{}",
            "3: backends[0].price.input: must be 0, or between 0.000001 and 1000000",
        ),
        ("price: {input: 1}", "", "{}", "3: backends[0].price: the key \"output\" is missing"),
        ("price: {input: 1, output: 1, outptu: 1}", "", "{}", "did you mean \"output\"?"),
        (
            "budget: {over: b}",
            "",
            "{}",
            "3: backends[0].budget: must have \"requests_per_minute\", \"tokens_per_minute\" or",
        ),
        (
            "budget: {requests_per_minute: 0, over: b}",
            "",
            "{}",
            "backends[0].budget.requests_per_minute: must be between 1",
        ),
        ("budget: {requests_per_minute: 1, over: c}", "", "{}", "backends[0].budget.over: no backend is named \"c\""),
        ("budget: {requests_per_minute: 1}", "", "{}", "backends[0].budget: the key \"over\" is missing"),
        (
            "budget: {requests_per_minute: 1, over: a}",
            "",
            "{}",
            "backends[0].budget.over: leads back to where it began",
        ),
        (
            "budget: {requests_per_minute: 1, over: b}",
            "budget: {requests_per_minute: 1, over: a}",
            "{}",
            "leads back to where it began: backends[0], then backends[1] and again",
        ),
        (
            "budget: {cost_per_hour: 1, over: b}",
            "",
            "{}",
            "backends[0].budget.cost_per_hour: needs a \"price\" at backends[0]",
        ),
        (
            "",
            "",
            "{routes: [{name: r, backend: a, samples: [x], budget: {requests_per_minute: 1, over: a}}]}",
            "5: router.routes[0].budget.over: must be another backend than the route's own",
        ),
        (
            "price: {input: 1, output: 1}",
            "",
            "{routes: [{name: r, backends: [a, b], samples: [x], budget: {cost_per_hour: 1, over: a}}]}",
            "router.routes[0].budget.cost_per_hour: needs a \"price\" at backends[1]",
        ),
        (
            "rank: 1",
            "",
            "{sticky: conversation, routes: [{name: r, backend: b, samples: [x]}]}",
            "4: backends[1].rank: is needed, as other backends have one",
        ),
        (
            "rank: 1",
            "",
            "{routes: [{name: r, backend: b, samples: [x], sticky: conversation}]}",
            "4: backends[1].rank: is needed, as other backends have one",
        ),
        (
            "",
            "",
            "{routes: [{name: r, backend: b, samples: [x], sticky: always}]}",
            "5: router.routes[0].sticky: must be \"off\" or \"conversation\"",
        ),
        (
            "",
            "",
            "{routes: [{name: r, respond: {content: No.}, samples: [x], sticky: conversation}]}",
            "5: router.routes[0].sticky: does nothing next to \"respond\"",
        ),
        ("", "", "{sticky: always}", "router.sticky: must be \"off\" or \"conversation\""),
    ] {
        let told = checked(a, b, router);
        assert!(told.iter().any(|line| line.contains(expected)), "{expected}: {told:?}");
    }
}

#[test]
fn where_up_is_only_the_files_order_check_warns() {
    let routes = "routes: [{name: r, backend: b, samples: [x]}]";
    let sticky = format!("{{sticky: conversation, {routes}}}");
    let route = |name: &str, keys: &str| format!("{{name: {name}, backend: {name}, samples: [{name}]{keys}}}");
    let of_two = |a: &str, b: &str| format!("{{routes: [{}, {}]}}", route("a", a), route("b", b));
    let both = of_two(", sticky: conversation", ", sticky: conversation");
    for router in [&sticky, &both] {
        let told = checked("", "", router);
        assert!(told.iter().any(|line| line.contains("warning: router.sticky:")), "{told:?}");
    }
    for (a, b, router) in [
        ("rank: 1", "rank: 2", &*sticky),
        ("price: {input: 1, output: 1}", "price: {input: 2, output: 2}", &sticky),
        ("", "", &format!("{{{routes}}}")),
        ("", "", &of_two(", sticky: conversation", "")),
    ] {
        assert_eq!(checked(a, b, router), [""; 0]);
    }
}

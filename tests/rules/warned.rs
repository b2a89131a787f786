//! Rules that the rest of the config makes impossible, idle or unreachable: what `pointsman check` warns of.

use crate::config::check;

/// What is said of the config with this rule, and these further sections.
fn told(rule: &str, sections: &str) -> Vec<String> {
    let sections = if sections.is_empty() { String::new() } else { format!("{sections}\n") };
    let (code, said) = check("        keywords: sql\n", &format!("        {rule}\n{sections}"));
    assert_eq!(code, Some(0), "{rule}: {said}");
    let told = said.lines().map(|line| line.strip_prefix("conf.yaml: warning: ").unwrap().to_owned());
    told.filter(|line| !line.contains("signals.keywords.sql")).collect()
}

const KEYS: &str = "auth: {keys: [{name: app, key_env: SECRET, tenant: free}, {name: team, key_env: SECRET}]}";
const TRUSTED: &str = "auth: {keys: [{name: app, key_env: SECRET}, {name: gate, key_env: SECRET, trusted: true}]}";
const PII: &str = "middleware: {guardrails: {pii_masking: true, pii: {entities: [EMAIL_ADDRESS]}}}";

#[test]
fn who_is_nobody_is_told_wherever_the_name_stands() {
    let tenant = "no key of auth.keys is that tenant's, and none is trusted to name another";
    let open = "without auth.keys, all are \"default\"";
    for (rule, sections, wanted) in [
        ("tenant: fre", KEYS, format!("tenant is never \"fre\": {tenant}; did you mean \"free\"?")),
        ("tenant: [free, acme]", KEYS, format!("tenant is never \"acme\": {tenant}")),
        ("all: [{stream: true}, {not: {tenant: acme}}]", KEYS, format!("tenant is never \"acme\": {tenant}")),
        ("any: [{stream: true}, {tenant: {ne: app}}]", KEYS, format!("tenant is never \"app\": {tenant}")),
        ("tenant: acme", "", format!("tenant is never \"acme\": {open}")),
        ("key: ap", KEYS, "key is never \"ap\": no key of auth.keys is named so; did you mean \"app\"?".into()),
        ("key: {not_in: [app]}", "", "key is never \"app\": there are no auth.keys".into()),
        ("tenant: Zoë", TRUSTED, "tenant is never \"Zoë\": it can hold ASCII alone".into()),
        ("header: {x-team: [blue, Zoë]}", "", "header is never \"Zoë\": it can hold ASCII alone".into()),
        ("model: mom", "", "model is never \"mom\": it is not among router.aliases; did you mean \"MoM\"?".into()),
        ("model: small", "", "model is never \"small\": it is not among router.aliases".into()),
        ("pii: [EMAIL_ADDRESS, US_SSN]", PII, "pii is never \"US_SSN\": guardrails.pii does not look for it".into()),
    ] {
        let told = told(rule, sections);
        assert!(told.contains(&format!("route \"chat\": {wanted}")), "{rule}: {told:#?}");
    }
}

#[test]
fn what_no_request_of_this_config_meets_is_told() {
    let never = "route \"chat\": when holds for no request";
    for (rule, sections, wanted) in [
        ("tenant: acme", KEYS, format!("{never}: \"tenant = acme\" never holds")),
        ("tenant: {matches: ^acme}", KEYS, format!("{never}: \"tenant matches ^acme\" never holds")),
        ("tenant: {not_in: [free, team]}", KEYS, format!("{never}: \"not tenant in [free, team]\" never holds")),
        ("tenant: {ne: default}", "", format!("{never}: \"not tenant = default\" never holds")),
        (
            "all: [{key: app}, {not: {key: {matches: p}}}]",
            KEYS,
            format!("{never}: \"key = app\" and \"not key matches p\" never hold together"),
        ),
        ("key: {matches: .}", "", format!("{never}: \"key matches .\" never holds")),
        ("model: {matches: ^gpt}", "", format!("{never}: \"model matches ^gpt\" never holds")),
        ("pii: {matches: SSN}", PII, format!("{never}: \"pii matches SSN\" never holds")),
        (
            "any: [{stream: true}, {tenant: acme}]",
            "",
            "route \"chat\": when.any[1] holds for no request: \"tenant = acme\" never holds".into(),
        ),
        (
            "tenant: [free, team]",
            KEYS,
            "route \"chat\": when holds for every request; no route that it goes before is ever chosen".into(),
        ),
        (
            "key: {ne: other}",
            "",
            "route \"chat\": when holds for every request; no route that it goes before is ever chosen".into(),
        ),
    ] {
        let told = told(rule, sections);
        assert!(told.contains(&wanted), "{rule}: {told:#?}");
    }
}

#[test]
fn what_a_request_may_meet_is_not_warned_of() {
    for (rule, sections) in [
        ("tenant: free", KEYS),
        ("tenant: {ne: team}", KEYS),
        ("key: {matches: ^a}", KEYS),
        ("tenant: acme", TRUSTED),
        ("tenant: {matches: ^acme}", TRUSTED),
        ("all: [{tenant: acme}, {key: gate}]", TRUSTED),
        ("model: [auto, MoM]", ""),
        ("model: {ne: auto}", ""),
        ("pii: EMAIL_ADDRESS", PII),
        // A header may come more than once.
        ("all: [{header: {x-team: blue}}, {header: {x-team: red}}]", ""),
    ] {
        assert_eq!(told(rule, sections), Vec::<String>::new(), "{rule}");
    }
}

#[test]
fn a_header_that_cannot_be_is_an_error() {
    for name in ["x team", "x-té", "", "a:b"] {
        let rule = format!("        header: {{\"{name}\": blue}}\n");
        let (code, said) = check("        keywords: sql\n", &rule);
        let wanted = format!("conf.yaml:13: router.routes[0].when.header.{name}: must be a header's name");
        assert!(code == Some(1) && said.contains(&wanted), "{name}: {said}");
    }
}

#[test]
fn routes_behind_one_that_takes_all_are_told() {
    let after = |first: &str, then: &str| {
        let routes = format!("{first}\n    - {{name: more, backend: heavy, {then}}}");
        told(&routes, "").into_iter().filter(|line| line.starts_with("route \"more\"")).collect::<Vec<_>>()
    };
    let by = |by: &str| vec![format!("route \"more\" is never chosen: whenever it matches, {by}, and goes before it")];
    let (all, chat) = ("turns: {gte: 0}", by("\"chat\" does"));
    assert_eq!(after(all, "when: {stream: true}"), chat);
    assert_eq!(after(all, "samples: [Hello]"), chat, "a rule goes before samples");
    assert_eq!(after(all, "priority: 1, samples: [Hello]"), [""; 0]);
    assert_eq!(after("all: [{stream: true}, {code: true}]", "when: {code: true, stream: true}"), chat, "the same rule");
    assert_eq!(after("stream: true", "when: {stream: true}, priority: 1"), [""; 0]);
    // No one route takes all, but two do.
    let two = "stream: true\n    - {name: other, backend: heavy, when: {tools: true}}\n    \
        - {name: idle, backend: heavy, when: {code: true}}";
    assert_eq!(after(two, "when: {any: [{stream: true}, {tools: {gt: 1}}]}"), by("one of \"chat\" and \"other\" does"));
}

#[test]
fn words_that_never_count_are_told() {
    for (list, wanted) in [
        (
            "{any: [\"inner join\", table], none: [join]}",
            "keywords {any: [\"inner join\", …], none: [\"join\"]}: \"inner join\" never counts: where it is, \"none\" has \"join\"",
        ),
        (
            "{any: [order], all: [refund], none: [\"ORDER\"]}",
            "keywords {any: [\"order\"], all: [\"refund\"], none: [\"ORDER\"]}: \"order\" never counts: where it is, \"none\" has \"ORDER\"",
        ),
        (
            "{all: [beta], none: [alpha, BETA], typos: 1}",
            "keywords {all: [\"beta\"], none: [\"alpha\", …], typos: 1} never holds: \"all\" has \"beta\", and where that is, \"none\" has \"BETA\"",
        ),
    ] {
        let told = told(&format!("keywords: {list}"), "");
        assert!(told.contains(&wanted.to_owned()), "{list}: {told:#?}");
    }
    assert_eq!(told("keywords: {any: [join, table], none: [\"inner join\"]}", ""), [""; 0]);
    for blank in ["\" \"", "\"\\u200b\"", "\"\\u00ad \\u2060\""] {
        let (code, said) = check("        keywords: sql\n", &format!("        keywords: {{any: [sql, {blank}]}}\n"));
        assert!(
            code == Some(1) && said.contains("conf.yaml:13: router.routes[0].when.keywords.any[1]: must not be empty"),
            "{said}"
        );
    }
    assert_eq!(told("keywords: {any: [\"**\", \"?\"]}", ""), [""; 0], "marks may be asked for");
}

#[test]
fn lists_that_differ_look_different() {
    let two = "all: [{keywords: {any: [beta, gamma]}}, {not: {keywords: {any: [beta, gamma], whole_words: false}}}]";
    let wanted = "route \"chat\": when holds for no request: \"keywords {any: [\"beta\", …]}\" and \"not keywords {any: \
                  [\"beta\", …], whole_words: false}\" never hold together";
    assert_eq!(told(two, ""), [wanted]);
}

#[test]
fn a_place_is_named_as_the_config_has_it() {
    let rule = "any: [{tenant: bob}, {tools: true}]\n        header: {x-b: c, x-a: d}\n        turns: {gte: 2, lt: 9}";
    let wanted = "route \"chat\": when.any[0] holds for no request: \"tenant = bob\" never holds";
    assert!(told(rule, "").contains(&wanted.to_owned()), "{:#?}", told(rule, ""));
}

use std::sync::Arc;

use super::super::World;
use super::*;

fn scope() -> Scope<'static> {
    let sql = List { name: Some(Arc::from("sql")), ..List::any(["select *"]) };
    Scope {
        entities: Vec::new(),
        backends: vec!["fast", "coder"],
        classifiers: vec!["toxicity"],
        jailbreak: true,
        pii: true,
        complexity: true,
        shipped_model: true,
        lists: vec![sql],
    }
}

/// What a rule means, as a person would write it; or what is wrong with it.
fn read(text: &str) -> Result<String, Vec<String>> {
    read_in(text, &mut scope())
}

fn read_in(text: &str, scope: &mut Scope<'_>) -> Result<String, Vec<String>> {
    let mut findings = Findings::default();
    let tree = parse("when", &serde_yaml::from_str(text).unwrap(), scope, &mut findings);
    assert_eq!(tree.is_some(), findings.is_empty(), "{text}");
    tree.map(|tree| shown(&tree, &scope.lists)).ok_or_else(|| findings.lines())
}

fn shown(node: &Node<Condition>, lists: &[List]) -> String {
    let each = |nodes: &[Node<Condition>], word: &str| {
        let nodes: Vec<_> = nodes.iter().map(|node| shown(node, lists)).collect();
        format!("({})", nodes.join(word))
    };
    match node {
        Node::All(nodes) => each(nodes, " and "),
        Node::Any(nodes) => each(nodes, " or "),
        Node::Not(node) => format!("not {}", shown(node, lists)),
        Node::Is(condition) => condition.shown(lists).to_string(),
    }
}

#[test]
fn the_contracts_example_is_read() {
    let text = r#"
any:
  - keywords: sql
  - all: [{code: true}, {tokens: {gte: 2000}}]
  - not: {tenant: free}
"#;
    assert_eq!(read(text).unwrap(), "(keywords sql or (code = true and tokens >= 2000) or not tenant = free)");
}

#[test]
fn every_form_of_comparison_is_read() {
    for (text, meaning) in [
        ("{turns: 1}", "turns = 1"),
        ("{turns: [1, 2]}", "turns in [1, 2]"),
        ("{tokens: {gt: 10, lte: 20.5}}", "(tokens > 10 and tokens <= 20.5)"),
        ("{language: {not_in: [en, de]}}", "not language in [en, de]"),
        ("{language: {ne: en}}", "not language = en"),
        ("{model: {matches: ^gpt}}", "model matches ^gpt"),
        ("{tools: true}", "tools >= 1"),
        ("{tools: {ne: true}}", "not tools >= 1"),
        ("{images: false, tools: 2}", "(images = 0 and tools = 2)"),
        ("{header: {X-Team: blue, x-beta: true}}", "(header x-team = blue and header x-beta = true)"),
        ("{load: {fast: {gt: 8}}}", "load fast > 8"),
        ("{healthy: {coder: false}}", "healthy coder = false"),
        ("{pii: true}", "pii = true"),
        ("{pii: false}", "not pii = true"),
        ("{pii: [US_SSN, CREDIT_CARD]}", "pii in [US_SSN, CREDIT_CARD]"),
        ("{domain: {in: [math, law], min_probability: 0.5}}", "domain in [math, law] (at least 0.5)"),
        ("{classifier: {toxicity: {eq: toxic, min_probability: 0.5}}}", "classifier toxicity = toxic (at least 0.5)"),
        ("{format: json_schema, stream: true}", "(format = json_schema and stream = true)"),
        ("{keywords: {any: [a, b], typos: 1}}", "keywords {any: [\"a\", …], typos: 1}"),
        ("{keywords: [sql]}", "(keywords sql)"),
        ("{complexity: {gte: 0.1}, jailbreak: {lt: 0.5}}", "(complexity >= 0.1 and jailbreak < 0.5)"),
    ] {
        assert_eq!(read(text).as_deref(), Ok(meaning), "{text}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_path_and_what_was_meant() {
    for (text, wanted) in [
        ("{tokens: many}", "when.tokens: must be a number, or a comparison such as {gte: 2000}"),
        ("{tokens: \"> 500\"}", "when.tokens: must be a number, or a comparison such as {gt: 500}"),
        ("{tools: lots}", "when.tools: must be true, false, a number, or a comparison such as {gte: 2000}"),
        (
            "{header: {Authorization: x}}",
            "when.header.Authorization: holds a secret, which no rule sees; ask for \"key\" or \"tenant\"",
        ),
        (
            "{header: {x-pointsman-tenant: a}}",
            "when.header.x-pointsman-tenant: is one of the router's own, and no rule sees it",
        ),
        ("{token: 1}", "when.token: no such signal; did you mean \"tokens\"?"),
        ("{tokens: {gtr: 1}}", "when.tokens.gtr: no such comparison; did you mean \"gt\"?"),
        ("{tokens: {in: 3}}", "when.tokens.in: must be a list"),
        ("{tokens: {gt: [3]}}", "when.tokens.gt: must be one value; \"in\" takes a list"),
        ("{tokens: {matches: x}}", "when.tokens.matches: cannot be compared so: it is a number"),
        ("{language: {gt: en}}", "when.language.gt: cannot be compared so: it is no number"),
        ("{language: eng}", "when.language: no language is named \"eng\"; did you mean \"en\"?"),
        ("{domain: maths}", "when.domain: no domain is named \"maths\"; did you mean \"math\"?"),
        ("{tenant: 42}", "when.tenant: must be text; in quotes: \"42\""),
        ("{code: yess}", "when.code: must be true or false"),
        (
            "{load: {fst: {gt: 1}}}",
            "when.load.fst: no backend is named \"fst\", only \"fast\" or \"coder\"; did you mean \"fast\"?",
        ),
        ("{healthy: true}", "when.healthy: must be a mapping from a backend's name, such as {a-backend: true}"),
        (
            "{classifier: {tox: x}}",
            "when.classifier.tox: no classifier is named \"tox\", only \"toxicity\"; did you mean \"toxicity\"?",
        ),
        ("{keywords: sq}", "when.keywords: no list of keywords is named \"sq\", only \"sql\"; did you mean \"sql\"?"),
        ("{keywords: {any: []}}", "when.keywords.any: must list at least one word or phrase"),
        ("{keywords: {any: [\" \"]}}", "when.keywords.any[0]: must not be empty"),
        ("{keywords: {typo: 1, any: x}}", "when.keywords.typo: unknown key; did you mean \"typos\"?"),
        ("{keywords: {regex: [\"a(\"]}}", "when.keywords.regex[0]: is not a regular expression: unclosed group"),
        ("{keywords: {typos: 1}}", "when.keywords: must have \"any\", \"all\", \"none\" or \"regex\""),
        ("{domain: {in: [math], min_probability: 2}}", "when.domain.min_probability: must be between 0 and 1"),
        ("{domain: {min_probability: 0.5}}", "when.domain: must hold a comparison, such as {eq: …} or {in: […]}"),
        ("{any: []}", "when.any: must list at least one condition"),
        ("{any: [{not: {}}]}", "when.any[0].not: must name at least one signal"),
        (
            "{all: {code: true}}",
            "when.all: must be a list of conditions, such as [{code: true}, {tokens: {gte: 2000}}]",
        ),
        ("[]", "when: must be a mapping of signals, or of \"all\", \"any\" and \"not\", such as {code: true}"),
    ] {
        assert_eq!(read(text), Err(vec![wanted.to_owned()]), "{text}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let told = read("{tokens: many, any: [{code: 1}, {language: xx}], x: 1}").unwrap_err();
    assert_eq!(told.len(), 4, "{told:?}");
}

#[test]
fn signals_that_have_nothing_to_say_are_refused() {
    let mut bare = Scope::default();
    for text in ["{jailbreak: {gt: 0.5}}", "{pii: true}", "{complexity: {gt: 0}}", "{domain: law}", "{intent: math}"] {
        assert!(read_in(text, &mut bare).unwrap_err()[0].contains(": needs "), "{text}");
    }
    assert!(read_in("{keywords: sql}", &mut bare).unwrap_err()[0].contains("words go into {any: [...]}"));
}

#[test]
fn a_list_that_stands_twice_is_searched_for_once() {
    let mut scope = scope();
    for _ in 0..2 {
        read_in("{keywords: {any: [refund], typos: 1}}", &mut scope).unwrap();
    }
    assert_eq!(scope.lists.len(), 2);
}

#[test]
fn deep_trees_are_refused_and_not_walked() {
    let deep = "{not: ".repeat(60) + "{code: true}" + &"}".repeat(60);
    assert!(read(&deep).unwrap_err()[0].ends_with("is nested too deeply"));
}

/// Whatever stands in a config is read or told of; and what is read can be compiled and asked.
#[test]
fn no_value_makes_the_parser_panic() {
    const KEYS: [&str; 16] = [
        "all",
        "any",
        "not",
        "keywords",
        "tokens",
        "language",
        "header",
        "load",
        "pii",
        "domain",
        "classifier",
        "tools",
        "eq",
        "in",
        "matches",
        "min_probability",
    ];
    fn value(random: &mut fastrand::Rng, levels: usize) -> Yaml {
        match if levels == 0 { random.u8(..6) } else { random.u8(..12) } {
            0 => Yaml::Null,
            1 => Yaml::Bool(random.bool()),
            2 => Yaml::from(random.f64() * 3.0 - 1.0),
            3 => Yaml::from(random.i64(..)),
            4 => Yaml::from(["sql", "en", "math", "(", "fast", "> 3", ""][random.usize(..7)]),
            5 => Yaml::from(f64::NAN),
            6..8 => (0..random.usize(..3)).map(|_| value(random, levels - 1)).collect::<Vec<_>>().into(),
            _ => {
                let entries = (0..random.usize(1..3)).map(|_| {
                    let key = if random.u8(..20) == 0 { value(random, 0) } else { KEYS[random.usize(..16)].into() };
                    (key, value(random, levels - 1))
                });
                Yaml::Mapping(entries.collect())
            }
        }
    }
    let mut random = fastrand::Rng::with_seed(23);
    let mut read = 0;
    for _ in 0..40_000 {
        let (value, mut scope, mut findings) = (value(&mut random, 4), scope(), Findings::default());
        let tree = parse("when", &value, &mut scope, &mut findings);
        assert_eq!(tree.is_some(), findings.is_empty(), "{value:?} {:?}", findings.lines());
        if let Some(tree) = tree {
            read += 1;
            let rule = super::super::RouteRule { name: Arc::from("a"), priority: 0, when: Some(tree), samples: false };
            let world = World { lists: &scope.lists, ..World::default() };
            let _ = super::super::check(std::slice::from_ref(&rule), &world);
            let routes = super::super::Routes::new(&[rule], scope.lists, None);
            let asked = crate::route::signal::testing::request("select * from t");
            let _ = routes.explain(&routes.facts(&asked));
        }
    }
    assert!(read > 100, "{read}");
}

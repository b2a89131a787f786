//! From the config's shape to a tree. Everything that is wrong is told with its key's path, and what was probably meant.
//!
//! - `comparison`: what stands below a signal
//! - `words`: lists of keywords

mod comparison;
mod words;

use serde_yaml::Value as Yaml;

use self::comparison::{Subject, comparison, named_by};
use super::tree::{Condition, Node};
use crate::findings::{self, Findings, either, suggestion};
use crate::route::signal::keywords::List;
use crate::route::signal::{Arg, Kind, Requires, SIGNALS, Shape, Signal};

pub(super) use self::comparison::LEAST;
pub use self::words::parse_list;

/// What rules may refer to, and what they need to be on.
#[derive(Debug, Default)]
pub struct Scope<'a> {
    /// The backends' names.
    pub backends: Vec<&'a str>,
    /// The names in `router.signals.classifiers`.
    pub classifiers: Vec<&'a str>,
    /// Whether jailbreaks are looked for.
    pub jailbreak: bool,
    /// Whether personal data is.
    pub pii: bool,
    /// Its kinds; empty where they are not known.
    pub entities: Vec<&'a str>,
    /// Whether there are easy and hard examples.
    pub complexity: bool,
    /// Whether prompts are embedded by the model that ships, which domains and intents are told by.
    pub shipped_model: bool,
    /// The lists of keywords: the named ones, and then those that stood in rules.
    pub lists: Vec<List>,
}

/// Trees nest no deeper than this, so that no config takes the stack.
const DEEPEST: usize = 32;

/// Reads what stands at `path`, a `when`. None where something is wrong with it, which is then among the findings.
pub fn parse(path: &str, value: &Yaml, scope: &mut Scope<'_>, findings: &mut Findings) -> Option<Node<Condition>> {
    tree(path, value, scope, findings, 0)
}

fn tree(
    path: &str,
    value: &Yaml,
    scope: &mut Scope<'_>,
    findings: &mut Findings,
    depth: usize,
) -> Option<Node<Condition>> {
    let Yaml::Mapping(entries) = value else {
        findings.add(path, "must be a mapping of signals, or of \"all\", \"any\" and \"not\", such as {code: true}");
        return None;
    };
    if depth == DEEPEST {
        findings.add(path, "is nested too deeply");
        return None;
    }
    if entries.is_empty() {
        findings.add(path, "must name at least one signal");
        return None;
    }
    // All are read, so that all that is wrong is told.
    let nodes: Vec<_> = entries
        .iter()
        .map(|(key, value)| {
            let name = findings::written(key);
            let path = findings::key(path, &name);
            match &*name {
                "all" => list(&path, value, scope, findings, depth).map(Node::All),
                "any" => list(&path, value, scope, findings, depth).map(Node::Any),
                "not" => tree(&path, value, scope, findings, depth + 1).map(|node| Node::Not(Box::new(node))),
                name => signal(&path, name, value, scope, findings),
            }
        })
        .collect();
    joined(nodes)
}

fn list(
    path: &str,
    value: &Yaml,
    scope: &mut Scope<'_>,
    findings: &mut Findings,
    depth: usize,
) -> Option<Vec<Node<Condition>>> {
    let Yaml::Sequence(items) = value else {
        findings.add(path, "must be a list of conditions, such as [{code: true}, {tokens: {gte: 2000}}]");
        return None;
    };
    if items.is_empty() {
        findings.add(path, "must list at least one condition");
        return None;
    }
    let each = items.iter().enumerate();
    let nodes: Vec<_> =
        each.map(|(i, item)| tree(&findings::item(path, i), item, scope, findings, depth + 1)).collect();
    nodes.into_iter().collect()
}

fn signal(
    path: &str,
    name: &str,
    value: &Yaml,
    scope: &mut Scope<'_>,
    findings: &mut Findings,
) -> Option<Node<Condition>> {
    let Some(signal) = Signal::find(name) else {
        let known = SIGNALS.iter().map(|signal| signal.name).chain(["all", "any", "not"]);
        findings.add(path, format!("no such signal{}", suggestion(name, known)));
        return None;
    };
    if let Some(missing) = missing(signal.requires, scope) {
        findings.add(path, missing);
        return None;
    }
    if signal.kind == Kind::Names && !scope.entities.is_empty() {
        entities(path, value, scope, findings);
    }
    match signal.shape {
        Shape::Plain => comparison(path, Subject { signal, arg: Arg::Nothing }, value, findings),
        Shape::Likely => comparison(path, Subject { signal, arg: Arg::Likely(0.0) }, value, findings),
        Shape::Words => words::condition(path, signal, value, scope, findings),
        Shape::Named | Shape::NamedLikely => named_by(path, signal, value, scope, findings),
    }
}

/// Reports kinds of personal data that there are none of.
fn entities(path: &str, value: &Yaml, scope: &Scope<'_>, findings: &mut Findings) {
    match value {
        Yaml::String(name) => {
            let _ = one_of(path, "entity", name, &scope.entities, findings);
        }
        Yaml::Sequence(items) => {
            for (i, item) in items.iter().enumerate() {
                entities(&findings::item(path, i), item, scope, findings);
            }
        }
        Yaml::Mapping(entries) => {
            for (key, value) in entries.iter().filter(|(key, _)| key.as_str() != Some("matches")) {
                entities(&findings::key(path, &findings::written(key)), value, scope, findings);
            }
        }
        _ => {}
    }
}

/// Why a signal has nothing to say in this config.
fn missing(requires: Requires, scope: &Scope<'_>) -> Option<&'static str> {
    match requires {
        Requires::Jailbreak if !scope.jailbreak => Some("needs \"middleware.guardrails.jailbreak_detection: true\""),
        Requires::Pii if !scope.pii => Some("needs \"middleware.guardrails.pii_masking: true\""),
        Requires::Complexity if !scope.complexity => {
            Some("needs examples: \"router.signals.complexity: {easy: [...], hard: [...]}\"")
        }
        Requires::ShippedModel if !scope.shipped_model => Some(
            "needs the built-in \"router.embedding_model: sentence-transformers/all-MiniLM-L6-v2\"; it knows no other's meanings",
        ),
        _ => None,
    }
}

/// Several conditions as one; none where one of them could not be read.
fn joined(nodes: Vec<Option<Node<Condition>>>) -> Option<Node<Condition>> {
    let mut nodes: Vec<_> = nodes.into_iter().collect::<Option<_>>()?;
    if nodes.len() == 1 { nodes.pop() } else { Some(Node::All(nodes)) }
}

/// One of `known`, or a finding that says which was probably meant.
fn one_of(path: &str, what: &str, name: &str, known: &[&str], findings: &mut Findings) -> Option<()> {
    if known.contains(&name) {
        return Some(());
    }
    // A few names are all told; of many, the nearest.
    let all = if known.len() <= 5 && !known.is_empty() { format!(", only {}", either(known)) } else { String::new() };
    findings.add(path, format!("no {what} is named \"{name}\"{all}{}", suggestion(name, known.iter().copied())));
    None
}

#[cfg(test)]
mod tests;

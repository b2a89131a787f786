//! What stands below a signal: a value, a list of values, or comparisons by name.

use http::HeaderName;
use serde_yaml::{Mapping, Value as Yaml};

use super::super::test::{Relation, Test};
use super::super::tree::{Condition, Node};
use super::{Scope, joined, one_of};
use crate::findings::{self, Findings, suggestion};
use crate::route::signal::{Arg, Kind, Pattern, Requires, Shape, Signal};

/// A signal and what it is asked about.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) signal: &'static Signal,
    pub(super) arg: Arg,
}

/// How comparisons are written.
const OPERATORS: [&str; 9] = ["eq", "ne", "gt", "gte", "lt", "lte", "in", "not_in", "matches"];

/// Beside them, where a network answers.
pub(in super::super) const LEAST: &str = "min_probability";

/// A mapping of headers, backends or classifiers to what each is compared with.
pub(super) fn named_by(
    path: &str,
    signal: &'static Signal,
    value: &Yaml,
    scope: &Scope<'_>,
    findings: &mut Findings,
) -> Option<Node<Condition>> {
    let (what, known, example) = match signal.requires {
        Requires::Backend => ("backend", Some(&scope.backends), "a-backend"),
        Requires::Classifier => ("classifier", Some(&scope.classifiers), "a-classifier"),
        _ => ("header", None, "x-team"),
    };
    let Yaml::Mapping(entries) = value else {
        let shown = if signal.kind == Kind::Flag { "true" } else { "…" };
        findings.add(path, format!("must be a mapping from a {what}'s name, such as {{{example}: {shown}}}"));
        return None;
    };
    if entries.is_empty() {
        findings.add(path, format!("must name at least one {what}"));
        return None;
    }
    let each = entries.iter().map(|(key, value)| {
        let name = findings::written(key);
        let path = findings::key(path, &name);
        if let Some(known) = known {
            one_of(&path, what, &name, known, findings)?;
        }
        // Header names are the same in any case.
        let name = if known.is_none() { name.to_ascii_lowercase() } else { name };
        if known.is_none()
            && let Some(why) = unheard(&name)
        {
            findings.add(path, why);
            return None;
        }
        comparison(&path, Subject { signal, arg: Arg::Name(name, 0.0) }, value, findings)
    });
    let nodes = each.collect();
    joined(nodes)
}

/// Why no rule sees a header.
fn unheard(name: &str) -> Option<&'static str> {
    match name {
        name if HeaderName::try_from(name).is_err() => Some("must be a header's name"),
        "authorization" | "proxy-authorization" => {
            Some("holds a secret, which no rule sees; ask for \"key\" or \"tenant\"")
        }
        "cookie" => Some("may hold secrets, and no rule sees it"),
        name if name.starts_with("x-pointsman-") => Some("is one of the router's own, and no rule sees it"),
        _ => None,
    }
}

/// What one signal is compared with.
pub(super) fn comparison(
    path: &str,
    mut subject: Subject,
    value: &Yaml,
    findings: &mut Findings,
) -> Option<Node<Condition>> {
    match value {
        Yaml::Mapping(entries) => {
            likely(path, &mut subject, entries, findings)?;
            let each = entries.iter().map(|(key, value)| (findings::written(key), value));
            let each = each.filter(|(name, _)| name != LEAST || !subject.signal.takes_probability());
            let nodes: Vec<_> = each.map(|(name, value)| operator(path, &subject, &name, value, findings)).collect();
            if nodes.is_empty() {
                findings.add(path, "must hold a comparison, such as {eq: …} or {in: […]}");
                return None;
            }
            joined(nodes)
        }
        Yaml::Sequence(_) => test(path, &subject, value, findings, "in"),
        _ => test(path, &subject, value, findings, "eq"),
    }
}

/// Takes `min_probability` into the subject.
fn likely(path: &str, subject: &mut Subject, entries: &Mapping, findings: &mut Findings) -> Option<()> {
    let Some(value) = entries.get(LEAST).filter(|_| subject.signal.takes_probability()) else { return Some(()) };
    let Some(least) = value.as_f64().filter(|least| (0.0..=1.0).contains(least)) else {
        findings.add(findings::key(path, LEAST), "must be between 0 and 1");
        return None;
    };
    match &mut subject.arg {
        Arg::Name(_, probability) | Arg::Likely(probability) => *probability = least as f32,
        Arg::Nothing | Arg::List(_) => {}
    }
    Some(())
}

fn operator(
    path: &str,
    subject: &Subject,
    name: &str,
    value: &Yaml,
    findings: &mut Findings,
) -> Option<Node<Condition>> {
    let path = findings::key(path, name);
    if !OPERATORS.contains(&name) {
        let known = OPERATORS.iter().copied().chain(subject.signal.takes_probability().then_some(LEAST));
        findings.add(path, format!("no such comparison{}", suggestion(name, known)));
        return None;
    }
    let is_list = value.is_sequence();
    match name {
        "in" | "not_in" if !is_list => {
            findings.add(path, "must be a list");
            None
        }
        "in" | "not_in" => test(&path, subject, value, findings, name),
        _ if is_list => {
            findings.add(path, "must be one value; \"in\" takes a list");
            None
        }
        _ => test(&path, subject, value, findings, name),
    }
}

/// One comparison by its operator; what denies is the denial of what affirms, so that it holds for an absent value too.
fn test(
    path: &str,
    subject: &Subject,
    value: &Yaml,
    findings: &mut Findings,
    operator: &str,
) -> Option<Node<Condition>> {
    let kind = subject.signal.kind;
    let positive = match operator {
        "ne" => "eq",
        "not_in" => "in",
        other => other,
    };
    let test = match (kind, positive) {
        (Kind::Number { .. } | Kind::Count, "eq" | "gt" | "gte" | "lt" | "lte" | "in") => {
            number(path, kind, positive, value, findings)?
        }
        (Kind::Flag, "eq") => match value {
            Yaml::Bool(flag) => Test::Flag(*flag),
            _ => return wrong(path, findings, "must be true or false"),
        },
        (Kind::Names, "eq") if value.is_bool() => {
            let node = condition(subject, Test::Some);
            return Some(if (value.as_bool() == Some(true)) == (operator == "eq") { node } else { not(node) });
        }
        (Kind::Label(_) | Kind::Text | Kind::Texts | Kind::Names, "eq" | "in") => {
            texts(path, subject, value, findings)?
        }
        (Kind::Label(_) | Kind::Text | Kind::Texts | Kind::Names, "matches") => pattern(path, value, findings)?,
        (Kind::Flag, _) => return wrong(path, findings, "cannot be compared so: it is true or false"),
        (Kind::Number { .. } | Kind::Count, _) => {
            return wrong(path, findings, "cannot be compared so: it is a number");
        }
        _ => return wrong(path, findings, "cannot be compared so: it is no number"),
    };
    let node = condition(subject, test);
    Some(if positive == operator { node } else { not(node) })
}

fn number(path: &str, kind: Kind, operator: &str, value: &Yaml, findings: &mut Findings) -> Option<Test> {
    let relation = match operator {
        "gt" => Relation::Above,
        "gte" => Relation::AtLeast,
        "lt" => Relation::Below,
        "lte" => Relation::AtMost,
        _ => Relation::Equal,
    };
    match value {
        // That there are any.
        Yaml::Bool(any) if kind == Kind::Count && operator == "eq" => {
            Some(if *any { Test::Number(Relation::AtLeast, 1.0) } else { Test::Number(Relation::Equal, 0.0) })
        }
        Yaml::Sequence(items) if operator == "in" => {
            let numbers: Option<Vec<_>> = items.iter().map(finite).collect();
            match numbers.filter(|numbers| !numbers.is_empty()) {
                Some(numbers) => Some(Test::Numbers(numbers)),
                None => wrong(path, findings, "must be a list of numbers"),
            }
        }
        other => match finite(other) {
            Some(than) => Some(Test::Number(relation, than)),
            None => {
                let or = if kind == Kind::Count { "true, false, " } else { "" };
                let hint = meant(other).unwrap_or_else(|| "{gte: 2000}".into());
                wrong(path, findings, format!("must be {or}a number, or a comparison such as {hint}"))
            }
        },
    }
}

fn finite(value: &Yaml) -> Option<f64> {
    value.as_f64().filter(|number| number.is_finite())
}

/// `"> 2000"` as it is written here.
fn meant(value: &Yaml) -> Option<String> {
    let text = value.as_str()?.trim();
    let operators = [(">=", "gte"), ("<=", "lte"), (">", "gt"), ("<", "lt"), ("!=", "ne"), ("=", "eq")];
    operators.iter().find_map(|(sign, operator)| {
        let number: f64 = text.strip_prefix(sign)?.trim().parse().ok()?;
        Some(format!("{{{operator}: {number}}}"))
    })
}

fn texts(path: &str, subject: &Subject, value: &Yaml, findings: &mut Findings) -> Option<Test> {
    let Yaml::Sequence(items) = value else {
        return text(path, subject, value, findings).map(|text| Test::Texts(vec![text]));
    };
    if items.is_empty() {
        return wrong(path, findings, "must list at least one value");
    }
    let each = items.iter().enumerate();
    let texts: Vec<_> = each.map(|(i, item)| text(&findings::item(path, i), subject, item, findings)).collect();
    texts.into_iter().collect::<Option<_>>().map(Test::Texts)
}

fn text(path: &str, subject: &Subject, value: &Yaml, findings: &mut Findings) -> Option<String> {
    let text = match value {
        Yaml::String(text) => text.clone(),
        // A header is text whatever it looks like.
        Yaml::Bool(flag) if subject.signal.name == "header" => flag.to_string(),
        Yaml::Number(number) if subject.signal.name == "header" => number.to_string(),
        Yaml::Bool(_) | Yaml::Number(_) if subject.signal.kind == Kind::Text => {
            return wrong(path, findings, format!("must be text; in quotes: \"{}\"", findings::written(value)));
        }
        _ => return wrong(path, findings, "must be text, a list of texts, or a comparison such as {matches: …}"),
    };
    if let Kind::Label(known) = subject.signal.kind {
        one_of(path, subject.signal.name, &text, known, findings)?;
    }
    Some(text)
}

fn pattern(path: &str, value: &Yaml, findings: &mut Findings) -> Option<Test> {
    let Some(text) = value.as_str() else { return wrong(path, findings, "must be a regular expression") };
    match Pattern::new(text) {
        Ok(pattern) => Some(Test::Matches(pattern)),
        Err(error) => wrong(path, findings, error.to_string()),
    }
}

fn condition(subject: &Subject, test: Test) -> Node<Condition> {
    Node::Is(Condition { signal: subject.signal, arg: subject.arg.clone(), test })
}

fn not(node: Node<Condition>) -> Node<Condition> {
    Node::Not(Box::new(node))
}

fn wrong<T>(path: &str, findings: &mut Findings, message: impl Into<String>) -> Option<T> {
    findings.add(path, message);
    None
}

// === impl Signal ===

impl Signal {
    /// Whether `min_probability` may stand beside its comparisons.
    fn takes_probability(&self) -> bool {
        matches!(self.shape, Shape::Likely | Shape::NamedLikely)
    }
}

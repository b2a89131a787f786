//! Lists of keywords, named or in a rule.

use serde_yaml::Value as Yaml;

use super::super::test::Test;
use super::super::tree::{Condition, Node};
use super::{Scope, one_of};
use crate::findings::{self, Findings, suggestion};
use crate::route::signal::keywords::List;
use crate::route::signal::{Arg, Pattern, Signal};

/// What a list may say.
const KEYS: [&str; 6] = ["any", "all", "none", "regex", "typos", "whole_words"];

/// What stands below `keywords`: a list's name, several of which one is enough, or a list itself.
pub(super) fn condition(
    path: &str,
    signal: &'static Signal,
    value: &Yaml,
    scope: &mut Scope<'_>,
    findings: &mut Findings,
) -> Option<Node<Condition>> {
    let is = |list| Node::Is(Condition { signal, arg: Arg::List(list), test: Test::Flag(true) });
    match value {
        Yaml::String(name) => named(path, name, scope, findings).map(is),
        Yaml::Sequence(names) if !names.is_empty() => {
            let each = names.iter().enumerate();
            let lists: Vec<_> = each
                .map(|(i, name)| {
                    let path = findings::item(path, i);
                    named(&path, name.as_str().unwrap_or_default(), scope, findings)
                })
                .collect();
            let lists: Vec<_> = lists.into_iter().collect::<Option<_>>()?;
            Some(Node::Any(lists.into_iter().map(is).collect()))
        }
        Yaml::Mapping(_) => {
            let list = parse_list(path, value, findings)?;
            let known = scope.lists.iter().position(|known| *known == list);
            Some(is(known.unwrap_or_else(|| {
                scope.lists.push(list);
                scope.lists.len() - 1
            })))
        }
        _ => {
            findings.add(path, "must be the name of a list, or a list such as {any: [\"select *\"]}");
            None
        }
    }
}

fn named(path: &str, name: &str, scope: &Scope<'_>, findings: &mut Findings) -> Option<usize> {
    let names = scope.lists.iter().enumerate().filter_map(|(i, list)| Some((i, list.name.as_deref()?)));
    if let Some((place, _)) = names.clone().find(|(_, known)| *known == name) {
        return Some(place);
    }
    let known: Vec<&str> = names.map(|(_, name)| name).collect();
    if known.is_empty() || name.is_empty() {
        findings.add(path, "must be the name of a list in \"router.signals.keywords\"; words go into {any: [...]}");
    } else {
        one_of(path, "list of keywords", name, &known, findings);
    }
    None
}

/// Reads a list of keywords; it has no name yet.
pub fn parse_list(path: &str, value: &Yaml, findings: &mut Findings) -> Option<List> {
    let Yaml::Mapping(entries) = value else {
        findings.add(path, "must be a list such as {any: [\"select *\"], typos: 1}");
        return None;
    };
    let mut list = List::default();
    let mut is_right = true;
    for (key, value) in entries {
        let name = findings::written(key);
        let path = findings::key(path, &name);
        let read = match &*name {
            "any" => words(&path, value, findings).map(|words| list.any = words),
            "all" => words(&path, value, findings).map(|words| list.all = words),
            "none" => words(&path, value, findings).map(|words| list.none = words),
            "regex" => patterns(&path, value, findings).map(|patterns| list.regex = patterns),
            "typos" => match value.as_u64().filter(|typos| *typos <= 2) {
                Some(typos) => {
                    list.typos = typos as u8;
                    Some(())
                }
                None => told(&path, findings, "must be 0, 1 or 2"),
            },
            "whole_words" => match value.as_bool() {
                Some(whole) => {
                    list.parts = !whole;
                    Some(())
                }
                None => told(&path, findings, "must be true or false"),
            },
            _ => told(&path, findings, &format!("unknown key{}", suggestion(&name, KEYS))),
        };
        is_right &= read.is_some();
    }
    if is_right && list.any.is_empty() && list.all.is_empty() && list.none.is_empty() && list.regex.is_empty() {
        return told(path, findings, "must have \"any\", \"all\", \"none\" or \"regex\"");
    }
    is_right.then_some(list)
}

/// One word, or several.
fn words(path: &str, value: &Yaml, findings: &mut Findings) -> Option<Vec<String>> {
    let items = std::slice::from_ref(value);
    let (items, is_list) = value.as_sequence().map_or((items, false), |items| (items.as_slice(), true));
    if items.is_empty() {
        return told(path, findings, "must list at least one word or phrase");
    }
    let word = |(i, item): (usize, &Yaml)| {
        let path = if is_list { findings::item(path, i) } else { path.to_owned() };
        let text = match item {
            Yaml::String(text) => text.clone(),
            // Numbers are words too.
            Yaml::Number(number) => number.to_string(),
            _ => return told(&path, findings, "must be a word or a phrase"),
        };
        if crate::route::signal::keywords::fold(&text).is_empty() {
            return told(&path, findings, "must not be empty");
        }
        Some(text)
    };
    let words: Vec<_> = items.iter().enumerate().map(word).collect();
    words.into_iter().collect()
}

fn patterns(path: &str, value: &Yaml, findings: &mut Findings) -> Option<Vec<Pattern>> {
    let texts = words(path, value, findings)?;
    let is_list = value.is_sequence();
    let pattern = |(i, text): (usize, &String)| {
        let path = if is_list { findings::item(path, i) } else { path.to_owned() };
        Pattern::new(text).map_err(|error| findings.add(path, error.to_string())).ok()
    };
    let patterns: Vec<_> = texts.iter().enumerate().map(pattern).collect();
    patterns.into_iter().collect()
}

fn told<T>(path: &str, findings: &mut Findings, message: &str) -> Option<T> {
    findings.add(path, message);
    None
}

//! What stands in rules and lists and decides nothing: texts that no signal says, words that never count, lists that no
//! rule names.

use super::super::routes::RouteRule;
use super::super::test::Test;
use super::super::tree::{Condition, list_shown};
use super::{Warning, World};
use crate::route::signal::Arg;
use crate::route::signal::keywords::List;

/// Texts that signals are compared with and never are, of each route each once.
pub(super) fn names(rules: &[RouteRule], world: &World<'_>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for rule in rules {
        let mut told = |condition: &Condition| {
            let (Test::Texts(texts), range) = (&condition.test, world.range(condition.signal)) else { return };
            for text in texts.iter().filter(|text| !range.has(text)) {
                let (route, signal) = (rule.name.clone(), condition.signal.name);
                let warning = Warning::Nobody { route, signal, text: text.clone(), why: range.why_not(text) };
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
        };
        rule.when.iter().for_each(|when| when.each(&mut told));
    }
    warnings
}

/// Words of which one would be enough, but that are nowhere without a word that may not be there.
pub(super) fn words(lists: &[List]) -> Vec<Warning> {
    let of_list = |list: &List| -> Vec<Warning> {
        let dead = list.any.iter().filter_map(|word| {
            let none = list.none.iter().find(|none| list.term(word).implies(&list.term(none)))?;
            Some(Warning::Word { list: list_shown(Some(list)), word: word.clone(), none: none.clone() })
        });
        dead.collect()
    };
    lists.iter().flat_map(of_list).collect()
}

/// Named lists that stand in no rule.
pub(super) fn lists(rules: &[RouteRule], lists: &[List]) -> Vec<Warning> {
    let mut used = vec![false; lists.len()];
    for when in rules.iter().filter_map(|rule| rule.when.as_ref()) {
        when.each(&mut |condition| {
            if let Arg::List(list) = condition.arg
                && let Some(used) = used.get_mut(list)
            {
                *used = true;
            }
        });
    }
    let idle = lists.iter().zip(used).filter(|(_, used)| !used);
    idle.filter_map(|(list, _)| list.name.clone().map(|list| Warning::Unused { list })).collect()
}

//! What stands in rules and lists and decides nothing: texts that no signal says, words that never count, lists that no
//! rule names.

use super::super::routes::RouteRule;
use super::super::shown::list_shown;
use super::super::test::Test;
use super::super::tree::Condition;
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

/// Words that are nowhere without a word that may not be there: of those of which one would be enough, and of those that
/// must all be there.
pub(super) fn words(lists: &[List]) -> Vec<Warning> {
    let of_list = |(place, list): (usize, &List)| -> Vec<Warning> {
        let needed = [(&list.any, false), (&list.all, true)].into_iter();
        let words = needed.flat_map(|(words, needed)| words.iter().map(move |word| (word, needed)));
        let dead = words.filter_map(|(word, needed)| {
            let none = list.none.iter().find(|none| list.term(word).implies(&list.term(none)))?;
            let (list, word, none) = (list_shown(place, lists), word.clone(), none.clone());
            Some(Warning::Word { list, word, needed, none })
        });
        dead.collect()
    };
    lists.iter().enumerate().flat_map(of_list).collect()
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

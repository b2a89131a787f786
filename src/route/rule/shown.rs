//! Lists of keywords as people are shown them: short, and no two the same.

use std::collections::BTreeSet;

use crate::route::signal::Pattern;
use crate::route::signal::keywords::List;

/// What one key of a list holds.
type Words<'a> = Vec<&'a str>;

/// The name of the list at `place`; or each of its keys with the first word, and those that tell it from the other lists.
/// `…` stands for words that are left out.
pub(super) fn list_shown(place: usize, lists: &[List]) -> String {
    let Some(list) = lists.get(place) else { return String::new() };
    if let Some(name) = &list.name {
        return name.to_string();
    }
    let own = words(list);
    let mut told = own.each_ref().map(|(_, _)| BTreeSet::from([0]));
    let others = lists.iter().enumerate().filter(|(other, list)| *other != place && list.name.is_none());
    for (_, other) in others.filter(|(_, other)| (other.typos, other.parts) == (list.typos, list.parts)) {
        let others = words(other);
        let differs = own.iter().zip(&others).enumerate().find_map(|(key, ((_, own), (_, others)))| {
            let longest = own.len().max(others.len());
            (0..longest).find(|word| own.get(*word) != others.get(*word)).map(|word| (key, word))
        });
        if let Some((key, word)) = differs {
            told[key].insert(word);
        }
    }
    let keys = own.iter().zip(&told).filter(|((_, words), _)| !words.is_empty());
    let mut shown: Vec<String> =
        keys.map(|((key, words), told)| format!("{key}: [{}]", some_of(words, told))).collect();
    shown.extend((list.typos > 0).then(|| format!("typos: {}", list.typos)));
    shown.extend(list.parts.then(|| "whole_words: false".to_owned()));
    format!("{{{}}}", shown.join(", "))
}

fn words(list: &List) -> [(&'static str, Words<'_>); 4] {
    fn texts(words: &[String]) -> Words<'_> {
        words.iter().map(String::as_str).collect()
    }
    let regex = list.regex.iter().map(Pattern::as_str).collect();
    [("any", texts(&list.any)), ("all", texts(&list.all)), ("none", texts(&list.none)), ("regex", regex)]
}

/// The words at the places in `told`, in quotes.
fn some_of(words: &[&str], told: &BTreeSet<usize>) -> String {
    let (mut shown, mut next) = (Vec::new(), 0);
    for place in told.iter().copied().filter(|place| *place < words.len()) {
        if place > next {
            shown.push("…".to_owned());
        }
        shown.push(format!("\"{}\"", words[place]));
        next = place + 1;
    }
    if next < words.len() {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_shown_as_far_as_it_differs_from_others() {
        let own = |words: &[&str]| words.iter().map(|word| word.to_string()).collect::<Vec<_>>();
        let any = |words: &[&str]| List::any(words.iter().copied());
        let lists = [
            any(&["a", "b", "c", "d"]),
            any(&["a", "b", "x", "d"]),
            List { parts: true, ..any(&["a", "b", "c", "d"]) },
            List { all: own(&["e", "f"]), none: own(&["g"]), typos: 1, ..any(&["a"]) },
            List { regex: vec![Pattern::new("x+").unwrap()], ..List::default() },
            List { name: Some("sql".into()), ..any(&["a"]) },
            any(&["h", "i"]),
        ];
        let shown: Vec<_> = (0..lists.len()).map(|place| list_shown(place, &lists)).collect();
        assert_eq!(
            shown,
            [
                "{any: [\"a\", …, \"c\", …]}",
                "{any: [\"a\", …, \"x\", …]}",
                "{any: [\"a\", …], whole_words: false}",
                "{any: [\"a\"], all: [\"e\", …], none: [\"g\"], typos: 1}",
                "{regex: [\"x+\"]}",
                "sql",
                "{any: [\"h\", …]}",
            ]
        );
        assert_eq!(list_shown(9, &lists), "");
    }
}

//! All lists of a config, searched for in one pass.

use std::collections::HashMap;

use aho_corasick::AhoCorasick;

use super::super::Pattern;
use super::fold::{fold, is_edge};
use super::list::{List, Term};
use super::typos::Typos;

/// Every term of every list.
#[derive(Debug, Default)]
pub struct Index {
    terms: Vec<Term>,
    /// Every distinct text; none where there is no term.
    automaton: Option<AhoCorasick>,
    /// By pattern of the automaton: the terms of that text.
    texts: Vec<Vec<usize>>,
    typos: Typos,
    lists: Vec<Compiled>,
}

/// A list, its words by their place among the terms.
#[derive(Debug)]
struct Compiled {
    any: Vec<usize>,
    all: Vec<usize>,
    none: Vec<usize>,
    regex: Vec<Pattern>,
}

/// The terms found in one text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits(Vec<u64>);

/// The expressions found in one text: by list, their places in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expressions(Vec<Vec<usize>>);

// === impl Index ===

impl Index {
    /// Compiles `lists`, whose order is kept.
    pub fn new(lists: &[List]) -> Self {
        let mut index = Self::default();
        let mut known: HashMap<Term, usize> = HashMap::new();
        for list in lists {
            let mut place = |words: &[String]| -> Vec<usize> {
                let terms = words.iter().map(|word| list.term(word)).filter(|term| !term.text.is_empty());
                terms
                    .map(|term| {
                        *known.entry(term).or_insert_with_key(|term| {
                            index.terms.push(term.clone());
                            index.terms.len() - 1
                        })
                    })
                    .collect()
            };
            let (any, all, none) = (place(&list.any), place(&list.all), place(&list.none));
            index.lists.push(Compiled { any, all, none, regex: list.regex.clone() });
        }
        index.build();
        index
    }

    fn build(&mut self) {
        let mut texts: Vec<&str> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (i, term) in self.terms.iter().enumerate() {
            let place = *places.entry(&term.text).or_insert_with(|| {
                texts.push(&term.text);
                self.texts.push(Vec::new());
                texts.len() - 1
            });
            self.texts[place].push(i);
        }
        if !texts.is_empty() {
            // It fails only beyond 2^31 states, which no config file reaches.
            self.automaton = AhoCorasick::new(&texts).ok();
        }
        self.typos = Typos::new(&self.terms);
    }

    /// The terms in `text`.
    pub fn search(&self, text: &str) -> Hits {
        let mut hits = Hits(vec![0; self.terms.len().div_ceil(64)]);
        let Some(automaton) = &self.automaton else { return hits };
        let folded = fold(text);
        for found in automaton.find_overlapping_iter(&folded) {
            for &term in &self.texts[found.pattern()] {
                let is_whole = || is_edge(&folded, found.start()) && is_edge(&folded, found.end());
                if !hits.has(term) && (self.terms[term].parts || is_whole()) {
                    hits.insert(term);
                }
            }
        }
        self.typos.search(&folded, |term| hits.insert(term));
        hits
    }

    /// Whether the list at a place holds for `text`, in which `hits` were found.
    pub fn holds(&self, list: usize, hits: &Hits, text: &str) -> bool {
        let Some(list) = self.lists.get(list) else { return false };
        let has = |term: &usize| hits.has(*term);
        if !list.all.iter().all(has) || list.none.iter().any(has) {
            return false;
        }
        let is_enough = list.any.is_empty() && list.regex.is_empty();
        is_enough || list.any.iter().any(has) || list.regex.iter().any(|pattern| pattern.is_in(text))
    }

    /// The expressions in `text`: every one, where for a decision the first is enough.
    pub fn expressions(&self, text: &str) -> Expressions {
        let found = |list: &Compiled| {
            let all = list.regex.iter().enumerate();
            all.filter(|(_, pattern)| pattern.is_in(text)).map(|(place, _)| place).collect()
        };
        Expressions(self.lists.iter().map(found).collect())
    }

    /// What of the list at a place was found, for an explanation.
    pub fn found<'a>(&'a self, list: usize, hits: &Hits, Expressions(expressions): &Expressions) -> Vec<&'a str> {
        let expressions = expressions.get(list);
        let Some(list) = self.lists.get(list) else { return Vec::new() };
        let terms = list.any.iter().chain(&list.all).chain(&list.none).filter(|term| hits.has(**term));
        let terms = terms.map(|term| self.terms[*term].text.as_str());
        let expressions = expressions.into_iter().flatten().filter_map(|place| list.regex.get(*place));
        terms.chain(expressions.map(Pattern::as_str)).collect()
    }
}

// === impl Hits ===

impl Hits {
    fn has(&self, term: usize) -> bool {
        self.0[term / 64] >> (term % 64) & 1 == 1
    }

    fn insert(&mut self, term: usize) {
        self.0[term / 64] |= 1 << (term % 64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(list: &List, text: &str) -> bool {
        let index = Index::new(std::slice::from_ref(list));
        index.holds(0, &index.search(text), text)
    }

    fn list(any: &[&str], all: &[&str], none: &[&str]) -> List {
        let own = |words: &[&str]| words.iter().map(|word| word.to_string()).collect();
        List { any: own(any), all: own(all), none: own(none), ..List::default() }
    }

    #[test]
    fn words_are_whole_and_phrases_span_any_space() {
        let sql = list(&["select *", "inner join", "SQL"], &[], &[]);
        for hit in ["Select  * from t", "an inner\n join", "my sql?", "(SQL)", "sql"] {
            assert!(holds(&sql, hit), "{hit}");
        }
        for miss in ["selective", "nosql", "sqlite", "my_sql", "inner, join", ""] {
            assert!(!holds(&sql, miss), "{miss}");
        }
        assert!(holds(&List { parts: true, ..sql }, "nosqlite"));
    }

    #[test]
    fn signs_are_part_of_words() {
        assert!(holds(&list(&["c++"], &[], &[]), "Is C++ fast?"));
        assert!(!holds(&list(&["c++"], &[], &[]), "Is C fast?"));
        assert!(holds(&list(&[".net"], &[], &[]), "in .NET 8"));
        assert!(holds(&list(&["#include"], &[], &[]), "#include <x>"));
    }

    #[test]
    fn chinese_japanese_and_korean_are_found_within_sentences() {
        assert!(holds(&list(&["数据库"], &[], &[]), "请帮我优化数据库查询"));
        assert!(holds(&list(&["テーブル"], &[], &[]), "新しいテーブルを作る"));
        assert!(holds(&list(&["데이터베이스"], &[], &[]), "데이터베이스를 만들어"));
        assert!(holds(&list(&["sql"], &[], &[]), "请写一个SQL查询"));
        assert!(!holds(&list(&["数据库"], &[], &[]), "数据和仓库"));
    }

    #[test]
    fn all_none_and_expressions_combine() {
        let both = list(&[], &["refund", "order"], &["cancelled"]);
        assert!(holds(&both, "Refund my order") && !holds(&both, "refund"));
        assert!(!holds(&both, "refund my cancelled order"));
        let only_none = list(&[], &[], &["urgent"]);
        assert!(holds(&only_none, "hello") && !holds(&only_none, "URGENT!"));
        let mut either = list(&["inner join"], &[], &[]);
        either.regex.push(Pattern::new(r"\bcreate\s+table\b").unwrap());
        assert!(holds(&either, "CREATE  TABLE t") && holds(&either, "inner join") && !holds(&either, "create"));
        let (index, text) = (Index::new(&[only_none, either]), "create table t, inner join");
        let (hits, expressions) = (index.search(text), index.expressions(text));
        assert_eq!(index.found(1, &hits, &expressions), ["inner join", r"\bcreate\s+table\b"]);
        assert_eq!(index.found(1, &hits, &index.expressions("")), ["inner join"]);
    }

    #[test]
    fn every_list_is_searched_at_once() {
        let lists: Vec<_> = (0..300).map(|i| List::any([format!("word{i}"), format!("two w{i}")])).collect();
        let index = Index::new(&lists);
        let text = "here is word7, and two  w299.";
        let hits = index.search(text);
        let held: Vec<_> = (0..300).filter(|list| index.holds(*list, &hits, text)).collect();
        assert_eq!(held, [7, 299]);
        assert_eq!(index.found(7, &hits, &index.expressions(text)), ["word7"]);
        assert!(!index.holds(300, &hits, text));
    }

    #[test]
    fn lists_may_share_a_word_and_differ_in_how_they_take_it() {
        let whole = List::any(["table"]);
        let lists = [whole.clone(), List { parts: true, ..whole.clone() }, List { typos: 1, ..whole }];
        let index = Index::new(&lists);
        let held = |text: &str| [0, 1, 2].map(|list| index.holds(list, &index.search(text), text));
        assert_eq!(held("a table"), [true, true, true]);
        assert_eq!(held("tables"), [false, true, true]);
        assert_eq!(held("tabel"), [false, false, true]);
        assert_eq!(held("chair"), [false, false, false]);
    }

    /// Words that are too short to have any are found with typos where they are without.
    #[test]
    fn words_are_whole_with_typos_where_they_are_without() {
        let mut random = fastrand::Rng::with_seed(31);
        let letters = ['a', 'b', 'é', '1', '_', '用', '데', ' ', ' ', ',', '-', '\u{94d}'];
        let mut text = |most: usize| -> String {
            (0..random.usize(1..most)).map(|_| letters[random.usize(..letters.len())]).collect()
        };
        let mut held = 0;
        for _ in 0..4000 {
            let (word, prompt) = (text(5), text(40));
            let strict = List::any([word.as_str()]);
            let is_there = holds(&strict, &prompt);
            held += usize::from(is_there);
            assert_eq!(holds(&List { typos: 2, ..strict }, &prompt), is_there, "{word:?} in {prompt:?}");
        }
        assert!(held > 400, "{held}");
    }

    #[test]
    fn the_automaton_finds_what_looking_for_each_word_finds() {
        let mut random = fastrand::Rng::with_seed(9);
        let mut text = |words: usize| -> String {
            let mut word = || -> String { (0..random.usize(1..4)).map(|_| random.char('a'..='b')).collect() };
            (0..words).map(|_| word()).collect::<Vec<_>>().join(" ")
        };
        for _ in 0..300 {
            let words: Vec<String> = (1..4).map(&mut text).collect();
            let prompt = text(12);
            for (word, parts) in words.iter().flat_map(|word| [(word, false), (word, true)]) {
                let list = List { parts, ..List::any([word.as_str()]) };
                let whole = format!(" {prompt} ").contains(&format!(" {word} "));
                assert_eq!(
                    holds(&list, &prompt),
                    if parts { prompt.contains(word) } else { whole },
                    "{word} in {prompt}"
                );
            }
        }
    }
}

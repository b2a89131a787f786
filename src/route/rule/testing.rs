//! Random rules and requests, for what must hold of all.

use std::sync::Arc;

use fastrand::Rng;

use super::test::{Relation, Test};
use super::tree::{Condition, Node};
use super::{RouteRule, Score};
use crate::route::signal::keywords::List;
use crate::route::signal::testing::{Nobody, request};
use crate::route::signal::{Arg, Context, Guarded, Pattern, Request, Signal, Standing};

/// Words that keywords and texts are made of.
const WORDS: [&str; 6] = ["select", "join", "table", "refund", "order", "inner join"];

/// Lists of keywords that overlap.
pub(super) fn lists(random: &mut Rng) -> Vec<List> {
    let some = |least: usize, random: &mut Rng| -> Vec<String> {
        (0..random.usize(least..3)).map(|_| WORDS[random.usize(..WORDS.len())].to_owned()).collect()
    };
    let list = |i| List {
        name: Some(Arc::from(format!("list{i}"))),
        any: some(usize::from(i != 0), random),
        all: some(usize::from(i == 0), random),
        none: if random.u8(..4) == 0 { some(0, random) } else { Vec::new() },
        regex: if random.u8(..6) == 0 { vec![Pattern::new("j.in").unwrap()] } else { Vec::new() },
        typos: random.u8(..2),
        parts: random.u8(..4) == 0,
    };
    (0..5).map(list).collect()
}

/// A condition over few signals and few values, so that contradictions and likenesses are frequent.
fn condition(random: &mut Rng) -> Condition {
    let relations = [Relation::Equal, Relation::Above, Relation::AtLeast, Relation::Below, Relation::AtMost];
    let mut number = |numbers: &[f64]| {
        let than = numbers[random.usize(..numbers.len())];
        match random.usize(..6) {
            5 => Test::Numbers(vec![than, numbers[0]]),
            relation => Test::Number(relations[relation], than),
        }
    };
    let (turns, score) = (number(&[0.0, 1.0, 2.0]), number(&[0.0, 0.5, 1.0]));
    let mut texts = |texts: &[&str]| match random.usize(..5) {
        0 => Test::Matches(Pattern::new("^a").unwrap()),
        1 => Test::Texts(texts.iter().take(2).map(|text| text.to_string()).collect()),
        _ => Test::Texts(vec![texts[random.usize(..texts.len())].to_owned()]),
    };
    let (tenant, domain) = (texts(&["a", "ab", "b"]), texts(&["math", "law", "health"]));
    let header = texts(&["a", "ab", "b"]);
    let pii = if random.bool() { Test::Some } else { Test::Texts(vec!["A".into()]) };
    let flag = Test::Flag(random.bool());
    let signal = |name: &str| Signal::find(name).unwrap();
    let plain = |name: &str, test| Condition { signal: signal(name), arg: Arg::Nothing, test };
    match random.usize(..10) {
        0 => plain("turns", turns),
        9 => Condition { signal: signal("header"), arg: Arg::Name("x-tag".into(), 0.0), test: header },
        1 => plain("jailbreak", score),
        2 => plain("tenant", tenant),
        3 => plain("stream", flag),
        4 => plain("pii", pii),
        5 => Condition { signal: signal("domain"), arg: Arg::Likely(0.5), test: domain },
        6 => Condition { signal: signal("classifier"), arg: Arg::Name("toxicity".into(), 0.0), test: domain },
        _ => Condition { signal: signal("keywords"), arg: Arg::List(random.usize(..5)), test: Test::Flag(true) },
    }
}

/// A tree of at most so many levels.
pub(super) fn tree(random: &mut Rng, levels: usize) -> Node<Condition> {
    let nodes = |random: &mut Rng| (0..random.usize(1..4)).map(|_| tree(random, levels - 1)).collect();
    match if levels == 0 { 9 } else { random.u8(..8) } {
        0..=2 => Node::All(nodes(random)),
        3..=4 => Node::Any(nodes(random)),
        5 => Node::Not(Box::new(tree(random, levels - 1))),
        _ => Node::Is(condition(random)),
    }
}

/// The same tree, written in another order.
pub(super) fn shuffled<T: Clone>(node: &Node<T>, random: &mut Rng) -> Node<T> {
    let each = |nodes: &[Node<T>], random: &mut Rng| {
        let mut nodes: Vec<Node<T>> = nodes.iter().map(|node| shuffled(node, random)).collect();
        random.shuffle(&mut nodes);
        nodes
    };
    match node {
        Node::All(nodes) => Node::All(each(nodes, random)),
        Node::Any(nodes) => Node::Any(each(nodes, random)),
        Node::Not(node) => Node::Not(Box::new(shuffled(node, random))),
        Node::Is(condition) => Node::Is(condition.clone()),
    }
}

/// Some routes.
pub(super) fn rules(random: &mut Rng, count: usize) -> Vec<RouteRule> {
    let rule = |i| RouteRule {
        name: Arc::from(format!("route{i}")),
        priority: random.i32(0..3),
        when: (random.u8(..8) > 0).then(|| tree(random, 2)),
        samples: random.u8(..3) == 0,
    };
    (0..count).map(rule).collect()
}

/// Scores, some of which are equal to a rule's.
pub(super) fn scores(random: &mut Rng, count: usize) -> Vec<Score> {
    let score = |_| Score { value: f32::from(random.u8(..5)) / 4.0, passes: random.bool() };
    (0..count).map(score).collect()
}

/// A request of few values, and what may be computed of it.
pub(super) struct Sample {
    text: String,
    tags: Tags,
    tenant: Option<&'static str>,
    stream: bool,
    turns: usize,
    pub(super) guarded: Guarded<'static>,
    pub(super) learned: Nobody,
}

/// The values of the only header.
struct Tags(Vec<String>);

impl Context for Tags {
    fn header(&self, _: &str) -> &[String] {
        &self.0
    }

    fn standing(&self, _: &str) -> Option<Standing> {
        None
    }
}

impl Sample {
    pub(super) fn random(random: &mut Rng) -> Self {
        let words: Vec<_> = (0..random.usize(..5)).map(|_| WORDS[random.usize(..WORDS.len())]).collect();
        let mut text = words.join(["", " ", " or "][random.usize(..3)]);
        if random.u8(..3) == 0 {
            text = text.replace("table", "tabel").replace("order", "orders");
        }
        let mut label = |labels: [&'static str; 3]| {
            (random.u8(..6) > 0).then(|| (labels[random.usize(..3)], f32::from(random.u8(..3)) / 2.0))
        };
        let (domain, toxic) = (label(["math", "law", "health"]), label(["math", "law", "health"]));
        let jailbreak = [Some(0.0), Some(0.25), Some(0.5), Some(0.9), Some(1.0), None][random.usize(..6)];
        let pii: Option<&'static [&'static str]> =
            [Some(&[][..]), Some(&["A"][..]), Some(&["B"][..]), None][random.usize(..4)];
        let tags = (0..random.usize(..4)).map(|_| ["a", "ab", "b", "c"][random.usize(..4)].to_owned()).collect();
        Self {
            text,
            tags: Tags(tags),
            tenant: [None, Some("a"), Some("ab"), Some("b"), Some("c"), Some("ac")][random.usize(..6)],
            stream: random.bool(),
            turns: random.usize(..5),
            guarded: Guarded { jailbreak, pii, is_partial: false },
            learned: Nobody { domain, label: toxic, ..Nobody::default() },
        }
    }

    pub(super) fn request(&self) -> Request<'_> {
        Request {
            tenant: self.tenant,
            stream: self.stream,
            turns: self.turns,
            context: &self.tags,
            ..request(&self.text)
        }
    }
}

//! A rule's conditions, keywords as the words they are made of: so that lists which share words can be compared.

use super::super::test::Test;
use super::super::tree::{Condition, Node};
use crate::route::signal::keywords::{List, Term};
use crate::route::signal::{Arg, Pattern};

/// What is true or not of a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fact {
    /// A word or phrase is in the text.
    Word(Term),
    /// An expression matches the text.
    Expression(Pattern),
    /// A comparison of a signal holds.
    Compared(Condition),
}

/// The same rule over facts.
pub(super) fn facts(node: &Node<Condition>, lists: &[List]) -> Node<Fact> {
    node.map(&mut |condition| match (&condition.arg, &condition.test) {
        (Arg::List(list), Test::Flag(wanted)) => match lists.get(*list).map(of_list) {
            Some(node) if *wanted => node,
            Some(node) => Node::Not(Box::new(node)),
            None => Node::Is(Fact::Compared(condition.clone())),
        },
        _ => Node::Is(Fact::Compared(condition.clone())),
    })
}

/// What a list asks for, as `Index::holds` reads it.
fn of_list(list: &List) -> Node<Fact> {
    let terms = |words: &[String]| -> Vec<Node<Fact>> {
        let terms = words.iter().map(|word| list.term(word)).filter(|term| !term.text.is_empty());
        terms.map(|term| Node::Is(Fact::Word(term))).collect()
    };
    let mut any = terms(&list.any);
    any.extend(list.regex.iter().map(|pattern| Node::Is(Fact::Expression(pattern.clone()))));
    let mut nodes = terms(&list.all);
    nodes.extend(terms(&list.none).into_iter().map(|node| Node::Not(Box::new(node))));
    if !any.is_empty() {
        nodes.push(Node::Any(any));
    }
    Node::All(nodes)
}

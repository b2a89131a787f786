//! Conditions under `all`, `any` and `not`, in a logic that knows "not known yet".

use std::fmt;
use std::ops::Not;

use serde::Serialize;

use super::shown::list_shown;
use super::test::Test;
use crate::route::signal::keywords::List;
use crate::route::signal::{Arg, Signal};

/// A tree over conditions of any kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Node<T> {
    /// Holds where each of these does.
    All(Vec<Node<T>>),
    /// Holds where one of these does.
    Any(Vec<Node<T>>),
    /// Holds where this does not.
    Not(Box<Node<T>>),
    /// A condition.
    Is(T),
}

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Truth {
    /// It does not.
    #[serde(rename = "false")]
    No,
    /// What it depends on is not known.
    #[serde(rename = "unknown")]
    Unknown,
    /// It does.
    #[serde(rename = "true")]
    Yes,
}

/// One comparison of one signal.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The signal.
    pub signal: &'static Signal,
    /// What it is asked about.
    pub arg: Arg,
    /// What it is compared with.
    pub test: Test,
}

// === impl Node ===

impl<T> Node<T> {
    /// Whether it holds, where `leaf` says so of conditions. Those after the one that decides are not asked.
    pub fn truth(&self, leaf: &mut impl FnMut(&T) -> Truth) -> Truth {
        match self {
            Self::All(nodes) => until(nodes, Truth::No, leaf),
            Self::Any(nodes) => until(nodes, Truth::Yes, leaf),
            Self::Not(node) => !node.truth(leaf),
            Self::Is(condition) => leaf(condition),
        }
    }

    /// The same tree over what `leaf` makes of the conditions.
    pub fn map<U>(&self, leaf: &mut impl FnMut(&T) -> Node<U>) -> Node<U> {
        let mut each = |nodes: &[Self]| nodes.iter().map(|node| node.map(leaf)).collect();
        match self {
            Self::All(nodes) => Node::All(each(nodes)),
            Self::Any(nodes) => Node::Any(each(nodes)),
            Self::Not(node) => Node::Not(Box::new(node.map(leaf))),
            Self::Is(condition) => leaf(condition),
        }
    }

    /// Gives `leaf` every condition.
    pub fn each(&self, leaf: &mut impl FnMut(&T)) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.each(leaf)),
            Self::Not(node) => node.each(leaf),
            Self::Is(condition) => leaf(condition),
        }
    }
}

/// Goes through `nodes` to the first that is `decides`, which is then what comes out.
fn until<T>(nodes: &[Node<T>], decides: Truth, leaf: &mut impl FnMut(&T) -> Truth) -> Truth {
    let mut truth = !decides;
    for node in nodes {
        match node.truth(leaf) {
            found if found == decides => return decides,
            Truth::Unknown => truth = Truth::Unknown,
            _ => {}
        }
    }
    truth
}

// === impl Truth ===

impl Not for Truth {
    type Output = Self;

    /// The opposite; what is not known stays so.
    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
            Self::Yes => Self::No,
        }
    }
}

impl From<Option<bool>> for Truth {
    fn from(known: Option<bool>) -> Self {
        match known {
            None => Self::Unknown,
            Some(true) => Self::Yes,
            Some(false) => Self::No,
        }
    }
}

// === impl Condition ===

impl Condition {
    /// As a person would write it: `tokens >= 2000`; lists of keywords by their name among `lists`.
    pub fn shown<'a>(&'a self, lists: &'a [List]) -> impl fmt::Display + 'a {
        shown(self.signal, &self.arg, &self.test, lists)
    }
}

/// A condition's parts, as a person would write them.
pub(super) fn shown<'a>(signal: &'a Signal, arg: &'a Arg, test: &'a Test, lists: &'a [List]) -> impl fmt::Display + 'a {
    fmt::from_fn(move |f| {
        f.write_str(signal.name)?;
        match arg {
            Arg::Nothing => write!(f, " {test}"),
            Arg::Name(name, least) if *least > 0.0 => write!(f, " {name} {test} (at least {least})"),
            Arg::Name(name, _) => write!(f, " {name} {test}"),
            Arg::Likely(least) if *least > 0.0 => write!(f, " {test} (at least {least})"),
            Arg::Likely(_) => write!(f, " {test}"),
            Arg::List(list) => write!(f, " {}", list_shown(*list, lists)),
        }
    })
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::super::testing::shuffled;
    use super::*;

    fn truth(node: Node<Truth>) -> Truth {
        node.truth(&mut |truth| *truth)
    }

    #[test]
    fn what_is_not_known_spreads_only_where_it_matters() {
        use Truth::{No, Unknown, Yes};
        let nodes = |truths: &[Truth]| truths.iter().map(|truth| Node::Is(*truth)).collect::<Vec<_>>();
        assert_eq!(truth(Node::All(nodes(&[Yes, Unknown]))), Unknown);
        assert_eq!(truth(Node::All(nodes(&[Unknown, No]))), No);
        assert_eq!(truth(Node::Any(nodes(&[Unknown, Yes]))), Yes);
        assert_eq!(truth(Node::Any(nodes(&[Unknown, No]))), Unknown);
        assert_eq!(truth(Node::Not(Box::new(Node::Is(Unknown)))), Unknown);
        assert_eq!((truth(Node::All(nodes(&[]))), truth(Node::Any(nodes(&[])))), (Yes, No));
    }

    /// A tree of at most so many levels.
    fn tree(random: &mut Rng, levels: usize) -> Node<Truth> {
        let nodes = |random: &mut Rng| (0..random.usize(..4)).map(|_| tree(random, levels - 1)).collect();
        match if levels == 0 { 3 } else { random.u8(..5) } {
            0 | 4 => Node::All(nodes(random)),
            1 => Node::Any(nodes(random)),
            2 => Node::Not(Box::new(tree(random, levels - 1))),
            _ => Node::Is([Truth::No, Truth::Unknown, Truth::Yes][random.usize(..3)]),
        }
    }

    /// Kleene's logic, by its definition: the least of all, the greatest of any.
    fn defined(node: &Node<Truth>) -> Truth {
        let rank = |truth: &Truth| *truth as u8;
        match node {
            Node::All(nodes) => nodes.iter().map(defined).min_by_key(rank).unwrap_or(Truth::Yes),
            Node::Any(nodes) => nodes.iter().map(defined).max_by_key(rank).unwrap_or(Truth::No),
            Node::Not(node) => !defined(node),
            Node::Is(truth) => *truth,
        }
    }

    #[test]
    fn a_tree_comes_to_what_is_defined_in_whatever_order_it_is_written() {
        let mut random = Rng::with_seed(41);
        let mut seen = [0; 3];
        for _ in 0..5000 {
            let node = tree(&mut random, 4);
            let wanted = defined(&node);
            seen[wanted as usize] += 1;
            assert_eq!(truth(shuffled(&node, &mut random)), wanted, "{node:?}");
            assert_eq!(truth(node), wanted);
        }
        assert!(seen.iter().all(|seen| *seen > 500), "{seen:?}");
    }

    #[test]
    fn nothing_is_asked_after_the_decision() {
        let node = Node::Any(vec![Node::Is(1), Node::Is(2), Node::Is(3)]);
        let mut asked = Vec::new();
        let truth = node.truth(&mut |leaf| {
            asked.push(*leaf);
            Truth::from(Some(*leaf == 2))
        });
        assert_eq!((truth, asked), (Truth::Yes, vec![1, 2]));
    }
}

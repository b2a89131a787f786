//! Rules that never hold, always hold, or whose requests another route takes: for `pointsman check`.
//!
//! Every warning is true of all requests; not all that could be warned of is.
//! - `facts`: a rule's conditions, keywords as the words they are made of
//! - `solve`: whether conditions can hold together
//! - `values`: whether comparisons of one signal can

mod facts;
mod solve;
mod values;

use std::fmt;
use std::sync::Arc;

use self::facts::{Fact, facts};
use self::solve::{Goal, Sign, possible};
use super::routes::RouteRule;
use super::tree::{Condition, Node};
use crate::route::signal::Arg;
use crate::route::signal::keywords::List;

/// Something that is allowed, and hardly what was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A rule, or a branch of it, that holds for no request.
    Impossible {
        /// The route.
        route: Arc<str>,
        /// The branch below `when`, such as `.any[1]`; empty for the whole rule.
        path: String,
        /// Two conditions that cannot hold together, where two are enough.
        because: Option<(String, String)>,
    },
    /// A rule that holds for every request.
    Always {
        /// The route.
        route: Arc<str>,
    },
    /// A route that is never chosen.
    Shadowed {
        /// The route.
        route: Arc<str>,
        /// The route that is chosen instead whenever this one matches.
        by: Arc<str>,
    },
    /// A list of keywords that no rule names.
    Unused {
        /// Its name.
        list: Arc<str>,
    },
}

/// Everything to warn of in `rules`, which name the `lists` by place.
pub fn check(rules: &[RouteRule], lists: &[List]) -> Vec<Warning> {
    let trees: Vec<Option<Node<Fact>>> =
        rules.iter().map(|rule| rule.when.as_ref().map(|when| facts(when, lists))).collect();
    let mut warnings = Vec::new();
    let mut dead = Vec::new();
    for (rule, tree) in rules.iter().zip(&trees) {
        let (Some(when), Some(tree)) = (&rule.when, tree) else {
            dead.push(false);
            continue;
        };
        dead.push(!can(tree, Sign::Yes));
        branches(rule, when, lists, String::new(), &mut warnings);
        if !can(tree, Sign::NotYes) {
            warnings.push(Warning::Always { route: Arc::clone(&rule.name) });
        }
    }
    for (i, rule) in rules.iter().enumerate().filter(|(i, _)| !dead[*i]) {
        let by =
            (0..rules.len()).find(|by| goes_before(rules, *by, i) && !dead[*by] && implies(&trees[i], &trees[*by]));
        if let Some(by) = by {
            warnings.push(Warning::Shadowed { route: Arc::clone(&rule.name), by: Arc::clone(&rules[by].name) });
        }
    }
    warnings.extend(unused(rules, lists));
    warnings
}

/// Whether the route at `by` is chosen before the one at `route` whenever both rules hold.
fn goes_before(rules: &[RouteRule], by: usize, route: usize) -> bool {
    let (first, second) = (&rules[by], &rules[route]);
    let sooner = second.samples || by < route;
    by != route && !first.samples && (first.priority > second.priority || first.priority == second.priority && sooner)
}

/// Whether the second rule holds wherever the first does.
fn implies(first: &Option<Node<Fact>>, second: &Option<Node<Fact>>) -> bool {
    let goals = [first.as_ref().map(|node| (node, Sign::Yes)), second.as_ref().map(|node| (node, Sign::NotYes))];
    second.is_none() || !possible(goals.into_iter().flatten())
}

fn can(tree: &Node<Fact>, sign: Sign) -> bool {
    possible(std::iter::once::<Goal<'_>>((tree, sign)))
}

/// Warns of the topmost branches that cannot hold.
fn branches(rule: &RouteRule, node: &Node<Condition>, lists: &[List], path: String, warnings: &mut Vec<Warning>) {
    if !can(&facts(node, lists), Sign::Yes) {
        let because = because(node, lists);
        warnings.push(Warning::Impossible { route: Arc::clone(&rule.name), path, because });
        return;
    }
    let (key, nodes) = match node {
        Node::All(nodes) => ("all", nodes),
        Node::Any(nodes) => ("any", nodes),
        Node::Not(_) | Node::Is(_) => return,
    };
    for (i, node) in nodes.iter().enumerate() {
        branches(rule, node, lists, format!("{path}.{key}[{i}]"), warnings);
    }
}

/// Two conditions below `all` that cannot hold together.
fn because(node: &Node<Condition>, lists: &[List]) -> Option<(String, String)> {
    let mut required = Vec::new();
    require(node, true, &mut required);
    let shown = |(condition, holds): &(&Condition, bool)| {
        let not = if *holds { "" } else { "not " };
        format!("{not}{}", condition.shown(lists))
    };
    for (i, second) in required.iter().enumerate() {
        for first in &required[..i] {
            let both = [first, second].map(|(condition, holds)| {
                (facts(&Node::Is((*condition).clone()), lists), if *holds { Sign::Yes } else { Sign::No })
            });
            if !possible(both.iter().map(|(node, sign)| (node, *sign))) {
                return Some((shown(first), shown(second)));
            }
        }
    }
    None
}

/// The conditions that must hold, or must not, for the whole to.
fn require<'a>(node: &'a Node<Condition>, holds: bool, required: &mut Vec<(&'a Condition, bool)>) {
    match (node, holds) {
        (Node::All(nodes), true) | (Node::Any(nodes), false) => {
            nodes.iter().for_each(|node| require(node, holds, required));
        }
        (Node::Not(node), _) => require(node, !holds, required),
        (Node::Is(condition), _) => required.push((condition, holds)),
        _ => {}
    }
}

/// Named lists that stand in no rule.
fn unused(rules: &[RouteRule], lists: &[List]) -> Vec<Warning> {
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

// === impl Warning ===

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Impossible { route, path, because } => {
                write!(f, "route \"{route}\": when{path} holds for no request")?;
                match because {
                    Some((first, second)) => write!(f, ": \"{first}\" and \"{second}\" never hold together"),
                    None => Ok(()),
                }
            }
            Self::Always { route } => write!(f, "route \"{route}\": when holds for every request; leave it out"),
            Self::Shadowed { route, by } => {
                write!(f, "route \"{route}\" is never chosen: whenever it matches, \"{by}\" does, and goes before it")
            }
            Self::Unused { list } => write!(f, "router.signals.keywords.{list}: no route asks for it"),
        }
    }
}

#[cfg(test)]
mod tests;

//! Rules that never hold, always hold, or whose requests another route takes: for `pointsman check`.
//!
//! Every warning is true of all requests; not all that could be warned of is.
//! - `world`: what the rest of the config says of its requests
//! - `facts`: a rule's conditions, keywords as the words they are made of
//! - `solve`: whether conditions can hold together
//! - `values`: whether comparisons of one signal can
//! - `idle`: names, words and lists that decide nothing
//! - `warning`: what is said

mod facts;
mod idle;
mod solve;
mod values;
mod warning;
mod world;

use std::sync::Arc;

use serde_yaml::Value as Yaml;

use self::facts::{Fact, facts};
use self::solve::{Goal, Sign, possible};
use super::parse::LEAST;
use super::routes::RouteRule;
use super::tree::{Condition, Node};
use crate::findings;

pub use self::warning::Warning;
pub use self::world::{Range, Texts, World};

/// Everything to warn of in `rules`, whose requests are as `world` has them.
pub fn check(rules: &[RouteRule], world: &World<'_>) -> Vec<Warning> {
    let trees: Vec<Option<Node<Fact>>> =
        rules.iter().map(|rule| rule.when.as_ref().map(|when| facts(when, world.lists))).collect();
    let mut warnings = idle::names(rules, world);
    let mut dead = Vec::new();
    for (place, (rule, tree)) in rules.iter().zip(&trees).enumerate() {
        let (Some(when), Some(tree)) = (&rule.when, tree) else {
            dead.push(false);
            continue;
        };
        dead.push(!can(world, tree, Sign::Yes));
        let written = world.whens.get(place).copied().flatten();
        branches(rule, when, world, Place { path: String::new(), written }, &mut warnings);
        if !can(world, tree, Sign::NotYes) {
            warnings.push(Warning::Always { route: Arc::clone(&rule.name), samples: rule.samples });
        }
    }
    for route in (0..rules.len()).filter(|route| !dead[*route]) {
        let before: Vec<usize> = (0..rules.len()).filter(|by| goes_before(rules, *by, route) && !dead[*by]).collect();
        let by = shadowing(world, &trees, route, before);
        if !by.is_empty() {
            let name = |by: &usize| Arc::clone(&rules[*by].name);
            warnings.push(Warning::Shadowed { route: name(&route), by: by.iter().map(name).collect() });
        }
    }
    warnings.extend(idle::words(world.lists));
    warnings.extend(idle::lists(rules, world.lists));
    warnings
}

/// Whether the route at `by` is chosen before the one at `route` whenever both rules hold.
fn goes_before(rules: &[RouteRule], by: usize, route: usize) -> bool {
    let (first, second) = (&rules[by], &rules[route]);
    let sooner = second.samples || by < route;
    by != route && !first.samples && (first.priority > second.priority || first.priority == second.priority && sooner)
}

/// Those of the routes `before` a route that take all of its requests, one if one does; empty where some are left to it.
fn shadowing(world: &World<'_>, trees: &[Option<Node<Fact>>], route: usize, mut before: Vec<usize>) -> Vec<usize> {
    let taken = |by: &[usize]| {
        if by.iter().any(|by| trees[*by].is_none()) {
            return true;
        }
        let denied = by.iter().filter_map(|by| Some((trees[*by].as_ref()?, Sign::NotYes)));
        let held = trees[route].as_ref().map(|tree| (tree, Sign::Yes));
        !by.is_empty() && !possible(world, held.into_iter().chain(denied))
    };
    if let Some(one) = before.iter().find(|by| taken(&[**by])) {
        return vec![*one];
    }
    if !taken(&before) {
        return Vec::new();
    }
    // Who can be done without is not named.
    for place in (0..before.len()).rev() {
        let others: Vec<usize> = [&before[..place], &before[place + 1..]].concat();
        if taken(&others) {
            before = others;
        }
    }
    before
}

fn can(world: &World<'_>, tree: &Node<Fact>, sign: Sign) -> bool {
    possible(world, std::iter::once::<Goal<'_>>((tree, sign)))
}

/// Where a part of a rule stands.
struct Place<'a> {
    /// Below `when`, such as `.any[1]`.
    path: String,
    /// What is written there; none where that is not known.
    written: Option<&'a Yaml>,
}

impl Place<'_> {
    /// The places of the parts of `all`, of `any` and of a mapping, which is an `all` that nobody wrote.
    fn parts(&self) -> Vec<Self> {
        match self.written {
            Some(Yaml::Sequence(items)) => {
                let part = |(i, item)| Place { path: findings::item(&self.path, i), written: Some(item) };
                items.iter().enumerate().map(part).collect()
            }
            Some(Yaml::Mapping(entries)) => {
                let conditions = entries.iter().filter(|(key, _)| key.as_str() != Some(LEAST));
                let part = |(key, value)| Place {
                    path: format!("{}.{}", self.path, findings::written(key)),
                    written: Some(value),
                };
                let parts: Vec<_> = conditions.map(part).collect();
                // A mapping of one is what it holds.
                if let [one] = parts.as_slice() { one.parts() } else { parts }
            }
            _ => Vec::new(),
        }
    }
}

/// Warns of the topmost branches that cannot hold.
fn branches(
    rule: &RouteRule,
    node: &Node<Condition>,
    world: &World<'_>,
    place: Place<'_>,
    warnings: &mut Vec<Warning>,
) {
    if !can(world, &facts(node, world.lists), Sign::Yes) {
        let because = because(node, world);
        warnings.push(Warning::Impossible { route: Arc::clone(&rule.name), path: place.path, because });
        return;
    }
    if let Node::All(nodes) | Node::Any(nodes) = node {
        for (node, place) in nodes.iter().zip(place.parts()) {
            branches(rule, node, world, place, warnings);
        }
    }
}

/// A condition below `all` that cannot hold, or else two that cannot together; empty where it takes more.
fn because(node: &Node<Condition>, world: &World<'_>) -> Vec<String> {
    let mut required = Vec::new();
    require(node, true, &mut required);
    let goals: Vec<(Node<Fact>, Sign)> = required
        .iter()
        .map(|(condition, holds)| {
            let sign = if *holds { Sign::Yes } else { Sign::No };
            (facts(&Node::Is((*condition).clone()), world.lists), sign)
        })
        .collect();
    let shown = |place: usize| {
        let (condition, holds) = required[place];
        let not = if holds { "" } else { "not " };
        format!("{not}{}", condition.shown(world.lists))
    };
    let goal = |place: usize| (&goals[place].0, goals[place].1);
    if let Some(one) = (0..goals.len()).find(|place| !possible(world, [goal(*place)])) {
        return vec![shown(one)];
    }
    let mut pairs = (0..goals.len()).flat_map(|second| (0..second).map(move |first| [first, second]));
    let pair = pairs.find(|pair| !possible(world, pair.map(goal)));
    pair.map_or_else(Vec::new, |pair| pair.map(shown).into())
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

#[cfg(test)]
mod tests;

//! Every route's rule at once: what is settled before anything is computed, and what is chosen in the end.

use std::cmp::Ordering;
use std::sync::Arc;

use super::test::Test;
use super::tree::{Condition, Node, Truth};
use crate::route::signal::keywords::{Index, List};
use crate::route::signal::{Arg, Contrast, Cost, Facts, Request, Slot, Wanted};

/// A route as far as its choice goes.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteRule {
    /// Its name.
    pub name: Arc<str>,
    /// Routes of a higher one go first.
    pub priority: i32,
    /// What must hold; none where nothing must.
    pub when: Option<Node<Condition>>,
    /// Whether a prompt must be like its samples, too.
    pub samples: bool,
}

/// Every route's rule, compiled.
#[derive(Debug)]
pub struct Routes {
    routes: Vec<Route>,
    /// By their place in `routes`: those that can win over others first.
    ranked: Vec<usize>,
    /// Each once: the slot of its signal, and what that is compared with.
    comparisons: Vec<(usize, Test)>,
    wanted: Wanted,
    lists: Vec<List>,
}

/// A route whose conditions are numbers of comparisons.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) name: Arc<str>,
    pub(super) priority: i32,
    pub(super) when: Option<Node<usize>>,
    pub(super) samples: bool,
}

/// How a prompt stands to a route's samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The likeness, at most 1.
    pub value: f32,
    /// Whether it passes the route's threshold.
    pub passes: bool,
}

/// What can be said before everything is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Early {
    /// This route, or none, whatever else is computed.
    Settled(Option<usize>),
    /// A route that could still win depends on something of this cost.
    Needs(Cost),
}

/// The route that was chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// Its place among the routes.
    pub route: usize,
    /// The likeness to its samples; 1 for a rule without any.
    pub score: f32,
}

/// What decides between routes that match: the greater wins.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Rank {
    priority: i32,
    score: f32,
    /// A rule wins over samples that are matched to the letter: what it decides need not be embedded.
    is_rule: bool,
    route: usize,
}

/// The score of what matches by its rule alone.
const BY_RULE: f32 = 1.0;

// === impl Routes ===

impl Routes {
    /// Compiles `rules`, whose order breaks ties, and the lists of keywords that they name by place.
    pub fn new(rules: &[RouteRule], lists: Vec<List>, contrast: Option<Contrast>) -> Self {
        let wanted = Wanted { slots: slots(rules), keywords: Index::new(&lists), contrast };
        let mut routes = Self { routes: Vec::new(), ranked: Vec::new(), comparisons: Vec::new(), wanted, lists };
        for rule in rules {
            let mut when = rule.when.as_ref().map(|when| when.map(&mut |condition| Node::Is(routes.number(condition))));
            if let Some(when) = &mut when {
                routes.cheapest_first(when);
            }
            let RouteRule { name, priority, samples, .. } = rule;
            routes.routes.push(Route { name: Arc::clone(name), priority: *priority, when, samples: *samples });
        }
        routes.ranked = (0..routes.routes.len()).collect();
        // The greatest first; every route has its place in the rank, so that no two are equal.
        routes.ranked.sort_by_key(|route| (-i64::from(rules[*route].priority), rules[*route].samples, *route));
        routes
    }

    /// The signals of `request`, as these routes ask for them.
    pub fn facts<'a>(&'a self, request: &'a Request<'a>) -> Facts<'a> {
        Facts::new(request, &self.wanted, self.comparisons.len())
    }

    /// What is settled by what `facts` know, without any score. What it says it needs may turn out not to be had (an
    /// encoder that is busy, say): then [`Self::decide`] chooses among what is known.
    pub fn decide_early(&self, facts: &Facts<'_>) -> Early {
        self.settle(facts, None)
    }

    /// What is settled by what `facts` know and, once the prompt is embedded, the `scores` by route.
    pub fn settle(&self, facts: &Facts<'_>, scores: Option<&[Score]>) -> Early {
        let (mut best, mut open): (Option<Rank>, Option<(Rank, Cost)>) = (None, None);
        for &route in &self.ranked {
            if best.is_some_and(|best| best.priority > self.routes[route].priority || best.is_rule) {
                break;
            }
            let score = match (self.routes[route].samples, scores) {
                (false, _) => Some(Score { value: BY_RULE, passes: true }),
                (true, None) => None,
                (true, Some(scores)) => scores.get(route).copied(),
            };
            if score.is_some_and(|score| !score.passes) || scores.is_some() && score.is_none() {
                continue;
            }
            let truth = self.truth(route, facts);
            let rank = self.rank(route, score.map_or(BY_RULE, |score| score.value));
            match (truth, score) {
                (Truth::No, _) => {}
                (Truth::Yes, Some(_)) if best.is_none_or(|best| rank > best) => best = Some(rank),
                (Truth::Yes, Some(_)) => {}
                (truth, score) => {
                    let samples = score.is_none().then_some(Cost::Encoder);
                    let rule = if truth == Truth::Unknown { self.unknown(route, facts) } else { None };
                    let cost = rule.into_iter().chain(samples).min().unwrap_or(Cost::Encoder);
                    if open.is_none_or(|(other, _)| rank > other) {
                        open = Some((rank, cost));
                    }
                }
            }
        }
        match open {
            Some((rank, cost)) if best.is_none_or(|best| rank > best) => Early::Needs(cost),
            _ => Early::Settled(best.map(|best| best.route)),
        }
    }

    /// The route that is chosen with what is known at last: what is not, such as a score that is missing, does not match.
    pub fn decide(&self, facts: &Facts<'_>, scores: &[Score]) -> Option<Choice> {
        let score = |route: usize| {
            if self.routes[route].samples {
                scores.get(route).copied()
            } else {
                Some(Score { value: BY_RULE, passes: true })
            }
        };
        let matching = self.ranked.iter().filter_map(|&route| {
            let score = score(route).filter(|score| score.passes)?;
            (self.truth(route, facts) == Truth::Yes).then(|| self.rank(route, score.value))
        });
        let best = matching.reduce(|best, next| if next > best { next } else { best })?;
        Some(Choice { route: best.route, score: best.score })
    }

    /// What the rules ask for.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Each classifier with each label that a rule compares its own with.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        let texts = self.comparisons.iter().filter_map(|(slot, test)| match (self.wanted.slots.get(*slot)?, test) {
            (Slot { signal, arg: Arg::Name(name, _) }, Test::Texts(texts)) if signal.cost == Cost::Model => {
                Some(texts.iter().map(move |text| (name.as_str(), text.as_str())))
            }
            _ => None,
        });
        texts.flatten()
    }

    /// Whether a route asks for samples, too.
    pub fn has_samples(&self, route: usize) -> bool {
        self.routes.get(route).is_some_and(|route| route.samples)
    }

    /// The priorities of routes with samples, each once, the highest first.
    pub fn priorities_of_samples(&self) -> Vec<i32> {
        let with_samples = self.routes.iter().filter(|route| route.samples);
        let mut priorities: Vec<i32> = with_samples.map(|route| route.priority).collect();
        priorities.sort_unstable_by(|a, b| b.cmp(a));
        priorities.dedup();
        priorities
    }

    /// The priority of a route.
    pub fn priority(&self, route: usize) -> i32 {
        self.routes.get(route).map_or(0, |route| route.priority)
    }

    /// Whether the rule of a route holds.
    pub fn truth(&self, route: usize, facts: &Facts<'_>) -> Truth {
        let when = self.routes[route].when.as_ref();
        when.map_or(Truth::Yes, |when| when.truth(&mut |comparison| self.holds(*comparison, facts)))
    }

    pub(super) fn holds(&self, comparison: usize, facts: &Facts<'_>) -> Truth {
        let known = facts.outcome(comparison);
        if let Some(outcome) = known.and_then(|cell| cell.get()) {
            return Truth::from(Some(outcome));
        }
        let (slot, test) = &self.comparisons[comparison];
        let outcome = facts.value(*slot).and_then(|value| match facts.is_partial(*slot) {
            true => test.holds_from(&value),
            false => Some(test.holds(&value)),
        });
        if let Some(cell) = known {
            cell.set(outcome);
        }
        Truth::from(outcome)
    }

    pub(super) fn routes(&self) -> &[Route] {
        &self.routes
    }

    pub(super) fn comparison(&self, number: usize) -> (&Slot, &Test) {
        let (slot, test) = &self.comparisons[number];
        (&self.wanted.slots[*slot], test)
    }

    /// The places of the slots that the rule of a route asks for.
    pub(super) fn asks(&self, route: usize) -> Vec<usize> {
        let mut slots = Vec::new();
        if let Some(when) = &self.routes[route].when {
            when.each(&mut |comparison| slots.push(self.comparisons[*comparison].0));
        }
        slots
    }

    pub(super) fn lists(&self) -> &[List] {
        &self.lists
    }

    /// The cheapest of what an unknown rule depends on.
    fn unknown(&self, route: usize, facts: &Facts<'_>) -> Option<Cost> {
        fn walk(routes: &Routes, node: &Node<usize>, facts: &Facts<'_>) -> Option<Cost> {
            if node.truth(&mut |comparison| routes.holds(*comparison, facts)) != Truth::Unknown {
                return None;
            }
            match node {
                Node::All(nodes) | Node::Any(nodes) => nodes.iter().filter_map(|node| walk(routes, node, facts)).min(),
                Node::Not(node) => walk(routes, node, facts),
                Node::Is(comparison) => Some(routes.comparison(*comparison).0.signal.cost),
            }
        }
        walk(self, self.routes[route].when.as_ref()?, facts)
    }

    fn rank(&self, route: usize, score: f32) -> Rank {
        let Route { priority, samples, .. } = self.routes[route];
        Rank { priority, score: score.min(BY_RULE), is_rule: !samples, route }
    }

    /// The number of a comparison, which is given one where it is new.
    fn number(&mut self, condition: &Condition) -> usize {
        let is_its = |slot: &Slot| slot.signal == condition.signal && slot.arg == condition.arg;
        let slot = self.wanted.slots.iter().position(is_its).unwrap_or_default();
        let known = self.comparisons.iter().position(|(of, test)| *of == slot && *test == condition.test);
        known.unwrap_or_else(|| {
            self.comparisons.push((slot, condition.test.clone()));
            self.comparisons.len() - 1
        })
    }

    /// Puts what is cheap before what is dear, and returns what the dearest condition costs.
    fn cheapest_first(&self, node: &mut Node<usize>) -> (Cost, usize) {
        match node {
            Node::All(nodes) | Node::Any(nodes) => {
                nodes.sort_by_cached_key(|node| self.cheapest_first(&mut node.clone()));
                nodes.iter_mut().map(|node| self.cheapest_first(node)).max().unwrap_or((Cost::Free, 0))
            }
            Node::Not(node) => self.cheapest_first(node),
            Node::Is(comparison) => {
                let signal = self.comparison(*comparison).0.signal;
                (signal.cost, signal.rank())
            }
        }
    }
}

/// Every signal that the rules ask for, each once, the cheapest first.
fn slots(rules: &[RouteRule]) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Vec::new();
    for when in rules.iter().filter_map(|rule| rule.when.as_ref()) {
        when.each(&mut |condition| {
            let slot = Slot { signal: condition.signal, arg: condition.arg.clone() };
            if !slots.contains(&slot) {
                slots.push(slot);
            }
        });
    }
    slots.sort_by_key(|slot| slot.signal.rank());
    slots
}

// === impl Rank ===

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let order = self.priority.cmp(&other.priority).then(self.score.total_cmp(&other.score));
        Some(order.then(self.is_rule.cmp(&other.is_rule)).then(other.route.cmp(&self.route)))
    }
}

#[cfg(test)]
mod tests;

//! Whether conditions can hold together.
//!
//! A search over the branches of the trees, with what is required so far held against itself at each step. Where it takes
//! too long, it is taken to be possible: then nothing is warned of.

use super::super::tree::Node;
use super::facts::Fact;
use super::values;
use super::world::World;

/// What is required of a node. In a logic with "unknown", not to hold and to be known not to are two things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It holds.
    Yes,
    /// It is known not to hold.
    No,
    /// It does not hold, or is unknown.
    NotYes,
    /// It holds, or is unknown.
    NotNo,
}

/// A node and what is required of it.
pub(super) type Goal<'a> = (&'a Node<Fact>, Sign);

/// Steps after which a search is given up.
const STEPS: usize = 20_000;

struct Search<'a> {
    world: &'a World<'a>,
    required: Vec<(&'a Fact, Sign)>,
    steps: usize,
}

/// Whether there may be a request of this `world` for which all of `goals` come true. False is certain, true is not.
pub(super) fn possible<'a>(world: &'a World<'_>, goals: impl IntoIterator<Item = Goal<'a>>) -> bool {
    let mut search = Search { world, required: Vec::new(), steps: STEPS };
    search.run(goals.into_iter().collect(), Vec::new())
}

// === impl Sign ===

impl Sign {
    /// Of what a `not` denies.
    fn denied(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::NotYes => Self::NotNo,
            Self::NotNo => Self::NotYes,
        }
    }

    /// Whether what is known must hold.
    pub(super) fn holds(self) -> bool {
        matches!(self, Self::Yes | Self::NotNo)
    }

    /// Whether it may be unknown.
    pub(super) fn may_be_unknown(self) -> bool {
        matches!(self, Self::NotYes | Self::NotNo)
    }
}

// === impl Search ===

impl<'a> Search<'a> {
    /// Whether the `open` goals, and one of each of the `choices`, can come true beside what is required.
    fn run(&mut self, mut open: Vec<Goal<'a>>, mut choices: Vec<(&'a [Node<Fact>], Sign)>) -> bool {
        let before = self.required.len();
        while let Some((node, sign)) = open.pop() {
            match (node, sign) {
                (Node::Not(node), _) => open.push((node, sign.denied())),
                (Node::All(nodes), Sign::Yes | Sign::NotNo) | (Node::Any(nodes), Sign::No | Sign::NotYes) => {
                    open.extend(nodes.iter().map(|node| (node, sign)));
                }
                (Node::All(nodes) | Node::Any(nodes), _) => choices.push((nodes, sign)),
                (Node::Is(fact), _) => {
                    if !self.agrees(fact, sign) {
                        self.required.truncate(before);
                        return false;
                    }
                    self.required.push((fact, sign));
                }
            }
        }
        // The one with the fewest branches first, as it decides most.
        let fewest = (0..choices.len()).min_by_key(|choice| choices[*choice].0.len());
        let is_possible = fewest.is_none_or(|fewest| {
            let (nodes, sign) = choices.swap_remove(fewest);
            nodes.iter().any(|node| self.run(vec![(node, sign)], choices.clone()))
        });
        self.required.truncate(before);
        is_possible
    }

    /// Whether `fact` can come true beside what is required.
    fn agrees(&mut self, fact: &'a Fact, sign: Sign) -> bool {
        if self.steps <= self.required.len() {
            self.steps = 0;
            return true;
        }
        self.steps -= 1 + self.required.len();
        match fact {
            Fact::Word(term) => self.required.iter().all(|(other, other_sign)| match other {
                Fact::Word(other) if sign.holds() && !other_sign.holds() => !term.implies(other),
                Fact::Word(other) if !sign.holds() && other_sign.holds() => !other.implies(term),
                _ => true,
            }),
            Fact::Expression(_) => {
                self.required.iter().all(|(other, other_sign)| *other != fact || sign.holds() == other_sign.holds())
            }
            Fact::Compared(condition) => {
                let same = self.required.iter().filter_map(|(other, sign)| match other {
                    Fact::Compared(other) if other.signal == condition.signal && other.arg == condition.arg => {
                        Some((&other.test, *sign))
                    }
                    _ => None,
                });
                let tests: Vec<_> = same.chain(std::iter::once((&condition.test, sign))).collect();
                values::possible(condition.signal, self.world.range(condition.signal), &tests)
            }
        }
    }
}

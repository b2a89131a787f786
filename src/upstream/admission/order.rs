//! In which order waiters have their turns, and which one goes when there are too many: a pure structure.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// By what a waiter's turn is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rank {
    /// Lower is served sooner.
    pub priority: i32,
    /// Who asks. The tenants of one priority take turns, however many of their requests wait.
    pub tenant: Arc<str>,
}

/// Names one waiter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ticket {
    rank: Rank,
    number: u64,
}

/// The waiters: by priority, then by the tenants' turns, then as they came.
#[derive(Debug)]
pub(super) struct Order<T> {
    /// By priority; a class's lines stand in the order of their turns.
    classes: BTreeMap<i32, Vec<Line<T>>>,
    len: usize,
    /// Grows with each arrival and each turn, so that it numbers both.
    clock: u64,
}

/// One tenant's waiters of one priority, oldest first.
#[derive(Debug)]
struct Line<T> {
    tenant: Arc<str>,
    /// When it last had a turn, or came.
    turn: u64,
    waiters: VecDeque<(u64, T)>,
}

// === impl Order ===

impl<T> Default for Order<T> {
    fn default() -> Self {
        Self { classes: BTreeMap::new(), len: 0, clock: 0 }
    }
}

impl<T> Order<T> {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Whether this one waits still.
    pub(super) fn contains(&self, ticket: &Ticket) -> bool {
        let class = self.classes.get(&ticket.rank.priority);
        let line = class.and_then(|class| class.iter().find(|line| line.tenant == ticket.rank.tenant));
        line.is_some_and(|line| line.find(ticket).is_some())
    }

    /// Takes in a newcomer: the last of its tenant's, and a tenant that had nobody waiting has the last turn.
    pub(super) fn push(&mut self, rank: Rank, waiter: T) -> Ticket {
        self.clock += 1;
        let class = self.classes.entry(rank.priority).or_default();
        let at = class.iter().position(|line| line.tenant == rank.tenant).unwrap_or_else(|| {
            class.push(Line { tenant: rank.tenant.clone(), turn: self.clock, waiters: VecDeque::new() });
            class.len() - 1
        });
        class[at].waiters.push_back((self.clock, waiter));
        self.len += 1;
        Ticket { rank, number: self.clock }
    }

    /// Takes one out, wherever it stands; none if it is gone already.
    pub(super) fn remove(&mut self, ticket: &Ticket) -> Option<T> {
        let class = self.classes.get_mut(&ticket.rank.priority)?;
        let line = class.iter_mut().find(|line| line.tenant == ticket.rank.tenant)?;
        let (_, waiter) = line.waiters.remove(line.find(ticket)?)?;
        self.len -= 1;
        class.retain(|line| !line.waiters.is_empty());
        if class.is_empty() {
            self.classes.remove(&ticket.rank.priority);
        }
        Some(waiter)
    }

    /// Who has to go where one is too many since a newcomer was taken in: in the worst class, the newest of the tenant
    /// that has the most waiters. That is the newcomer itself unless there is a worse class than its own, or a tenant
    /// that has two more waiters than its own had without it.
    pub(super) fn victim(&self) -> Option<Ticket> {
        let (&priority, class) = self.classes.last_key_value()?;
        // Among equals it is the newest's, so that nobody goes for a newcomer whose tenant has as many.
        let longest = class.iter().max_by_key(|line| (line.waiters.len(), line.newest()))?;
        let rank = Rank { priority, tenant: longest.tenant.clone() };
        Some(Ticket { rank, number: longest.newest()? })
    }

    /// Goes through the waiters by their turns and takes out those that `grant` gives something. Who gets nothing
    /// keeps the place and the turn, and the next one is asked, until `misses` in a row got nothing.
    pub(super) fn serve<G>(&mut self, misses: usize, mut grant: impl FnMut(&mut T) -> Option<G>) -> Vec<(T, G)> {
        let Self { classes, len, clock } = self;
        let (mut served, mut missed) = (Vec::new(), 0);
        for class in classes.values_mut() {
            // Each round asks one waiter of each line: the first that has not been asked.
            let mut lines: Vec<_> = class.iter_mut().map(|line| (line, 0)).collect();
            while missed < misses && !lines.is_empty() {
                lines.retain_mut(|(line, passed)| {
                    let Some((_, waiter)) = line.waiters.get_mut(*passed).filter(|_| missed < misses) else {
                        return false;
                    };
                    let Some(granted) = grant(waiter) else {
                        (missed, *passed) = (missed + 1, *passed + 1);
                        return true;
                    };
                    missed = 0;
                    *len -= 1;
                    *clock += 1;
                    line.turn = *clock;
                    served.extend(line.waiters.remove(*passed).map(|(_, waiter)| (waiter, granted)));
                    true
                });
            }
        }
        if !served.is_empty() {
            classes.retain(|_, class| {
                class.retain(|line| !line.waiters.is_empty());
                class.sort_by_key(|line| line.turn);
                !class.is_empty()
            });
        }
        served
    }
}

// === impl Line ===

impl<T> Line<T> {
    fn find(&self, ticket: &Ticket) -> Option<usize> {
        self.waiters.binary_search_by_key(&ticket.number, |&(number, _)| number).ok()
    }

    fn newest(&self) -> Option<u64> {
        self.waiters.back().map(|&(number, _)| number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Names = Order<&'static str>;

    /// Takes in waiters, each `priority` and a name whose first letter is the tenant's.
    fn order(waiters: &[(i32, &'static str)]) -> Names {
        let mut order = Order::default();
        for &waiter in waiters {
            push(&mut order, waiter);
        }
        order
    }

    fn push(order: &mut Names, (priority, name): (i32, &'static str)) -> Ticket {
        order.push(Rank { priority, tenant: name[..1].into() }, name)
    }

    /// Serves one at a time, whomever `grant` takes, until nobody gets anything.
    fn drain(order: &mut Names, misses: usize, grant: impl Fn(&str) -> bool) -> Vec<&'static str> {
        let one = |order: &mut Names| {
            let mut free = true;
            let mut grant = |name: &mut &str| (free && grant(name)).then(|| free = false);
            order.serve(misses, &mut grant).pop().map(|(name, ())| name)
        };
        std::iter::from_fn(|| one(order)).collect()
    }

    /// Who goes when `newcomer` is one too many.
    fn displaced(order: &mut Names, newcomer: (i32, &'static str)) -> &'static str {
        push(order, newcomer);
        let victim = order.victim().unwrap();
        order.remove(&victim).unwrap()
    }

    #[test]
    fn tenants_take_turns_and_each_is_served_as_it_came() {
        let waiters = [(0, "a1"), (0, "a2"), (0, "a3"), (0, "b1"), (0, "c1"), (0, "b2")];
        let expected = ["a1", "b1", "c1", "a2", "b2", "a3"];
        assert_eq!(drain(&mut order(&waiters), 9, |_| true), expected);
        let at_once: Vec<_> = order(&waiters).serve(9, |_| Some(())).into_iter().map(|(name, ())| name).collect();
        assert_eq!(at_once, expected);
    }

    #[test]
    fn a_tenant_that_comes_again_has_the_last_turn() {
        let mut order = order(&[(0, "a1"), (0, "b1"), (0, "b2")]);
        assert_eq!(order.serve(1, |&mut name| (name == "a1").then_some(())), [("a1", ())]);
        push(&mut order, (0, "a2"));
        assert_eq!(drain(&mut order, 9, |_| true), ["b1", "a2", "b2"]);
    }

    #[test]
    fn a_better_priority_goes_first_whoever_asks() {
        let mut order = order(&[(5, "a1"), (0, "b1"), (-3, "b2"), (0, "c1"), (-3, "b3")]);
        assert_eq!(drain(&mut order, 9, |_| true), ["b2", "b3", "b1", "c1", "a1"]);
        assert_eq!(order.len(), 0);
    }

    #[test]
    fn who_gets_nothing_keeps_the_turn_and_blocks_nobody() {
        let mut order = order(&[(0, "a1"), (0, "a2"), (0, "b1"), (1, "c1")]);
        assert_eq!(drain(&mut order, 9, |name| name != "a1"), ["b1", "a2", "c1"]);
        push(&mut order, (0, "b2"));
        assert_eq!(drain(&mut order, 9, |_| true), ["a1", "b2"]);
    }

    #[test]
    fn misses_in_a_row_end_the_search() {
        let mut order = order(&[(0, "a1"), (0, "a2"), (0, "a3"), (1, "b1"), (1, "b2")]);
        let mut asked = Vec::new();
        let served = order.serve(2, |&mut name| {
            asked.push(name);
            (name == "a2").then_some(())
        });
        assert_eq!((served, asked), (vec![("a2", ())], vec!["a1", "a2", "a3", "b1"]));
        assert_eq!(order.serve(0, |_| Some(())), []);
        assert_eq!(order.len(), 4);
    }

    #[test]
    fn one_that_leaves_leaves_the_others_as_they_were() {
        let mut order = order(&[(0, "a1")]);
        let leaving = push(&mut order, (0, "a2"));
        push(&mut order, (0, "a3"));
        let alone = push(&mut order, (7, "b1"));
        assert!(order.contains(&leaving) && order.contains(&alone));
        assert_eq!((order.remove(&leaving), order.remove(&leaving)), (Some("a2"), None));
        assert_eq!(order.remove(&alone), Some("b1"));
        assert!(!order.contains(&leaving) && !order.contains(&alone));
        assert_eq!(order.len(), 2);
        assert_eq!(drain(&mut order, 9, |_| true), ["a1", "a3"]);
    }

    #[test]
    fn a_worse_class_makes_room() {
        let waiters = [(0, "a1"), (0, "a2"), (0, "a3"), (4, "c1"), (9, "b1"), (9, "b2"), (9, "c2")];
        let mut order = order(&waiters);
        let gone: Vec<_> = (0..5).map(|_| displaced(&mut order, (0, "a9"))).collect();
        assert_eq!(gone, ["b2", "c2", "b1", "c1", "a9"]);
        assert_eq!(displaced(&mut order, (10, "d1")), "d1");
    }

    #[test]
    fn a_tenant_with_two_more_makes_room() {
        let mut order = order(&[(0, "a1"), (0, "a2"), (0, "a3"), (0, "b1")]);
        assert_eq!(displaced(&mut order, (0, "a4")), "a4");
        assert_eq!(displaced(&mut order, (0, "b2")), "a3");
        assert_eq!(displaced(&mut order, (0, "b3")), "b3");
        assert_eq!(displaced(&mut order, (0, "c1")), "b2");
        assert_eq!(displaced(&mut order, (0, "c2")), "c2");
    }
}

//! `sticky: conversation`: a conversation stays on its backend, and moves only up, when a later turn asks for more.
//!
//! - `table`: which conversation is where; bounded, and in one process alone
//! - `ranks`: which of two backends is up

mod ranks;
mod table;

use std::sync::Arc;

pub use ranks::{Basis, Known, Ranks};
pub use table::Conversations;

/// Where conversations stay.
#[derive(Debug)]
pub struct Sticky {
    /// Which of two backends is up.
    pub ranks: Ranks,
    /// Where each conversation is; the same through all reloads.
    pub conversations: Arc<Conversations>,
    /// What the turns of each route do, by its index in the config.
    pub routes: Vec<Keeping>,
    /// What turns do that no route was chosen for.
    pub others: Keeping,
}

/// What the turns of a route do with conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// They go where the route has them, and leave their conversation where it was.
    Off,
    /// They go to where their conversation is, if another route keeps it; none begins with them, and none moves.
    Joins,
    /// Conversations begin with them, stay, and move up.
    On,
}

/// What a decision says of a conversation's turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// A route was chosen: its backend is what the turn asks for.
    ForARoute,
    /// No route was chosen, so the turn asks for nothing; it goes where others of its kind go.
    ForNothing,
    /// Nobody knows, as the router could not read it; where it goes is a stopgap.
    Unread,
    /// It is of a route that [joins](Keeping::Joins): it asks to stay, where there is a place to stay at.
    ToStay,
}

/// Where a turn goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Turn {
    /// Its conversation has no place yet, and begins here.
    Begins(usize),
    /// Where its conversation is.
    Stays(usize),
    /// Up, and its conversation with it.
    Moves(usize),
    /// Here for this once.
    Passes(usize),
}

/// Where a turn goes that was decided for backend `decided`, of a conversation that is on `bound`, if anywhere; none where that
/// is no conversation's.
///
/// Where that backend cannot serve, or its budget is spent, is not asked: another may then serve the turn, and the
/// conversation stays where it is.
pub fn turn(bound: Option<usize>, decided: usize, asks: Asks, ranks: &Ranks) -> Option<Turn> {
    match (bound, asks) {
        (Some(bound), Asks::ForARoute) if ranks.is_up(bound, decided) => Some(Turn::Moves(decided)),
        (Some(bound), _) => Some(Turn::Stays(bound)),
        (None, Asks::Unread) => Some(Turn::Passes(decided)),
        (None, Asks::ToStay) => None,
        (None, Asks::ForARoute | Asks::ForNothing) => Some(Turn::Begins(decided)),
    }
}

// === impl Sticky ===

impl Sticky {
    /// What the turns of the route with this index do, or those that no route was chosen for.
    pub fn keeping(&self, route: Option<usize>) -> Keeping {
        route.and_then(|route| self.routes.get(route)).copied().unwrap_or(self.others)
    }
}

// === impl Turn ===

impl Turn {
    /// Who serves, as an index into the config's backends.
    pub fn backend(self) -> usize {
        let (Self::Begins(backend) | Self::Stays(backend) | Self::Moves(backend) | Self::Passes(backend)) = self;
        backend
    }

    /// Whether the next turn is to find it there.
    pub fn is_kept(self) -> bool {
        !matches!(self, Self::Passes(_))
    }

    /// Its name where a decision is explained.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Begins(_) => "begins",
            Self::Stays(_) => "stays",
            Self::Moves(_) => "moves-up",
            Self::Passes(_) => "passes",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::intake::Thread;

    fn ranks() -> Ranks {
        Ranks::new([1, 2, 2].map(|rank| Known { rank: Some(rank), ..Known::default() })).unwrap()
    }

    #[test]
    fn a_conversation_moves_up_only_and_only_for_a_route() {
        use Asks::{ForARoute, ForNothing, ToStay, Unread};
        for (bound, decided, asks, expected) in [
            (None, 0, ForARoute, Some(Turn::Begins(0))),
            (None, 0, ForNothing, Some(Turn::Begins(0))),
            (None, 0, Unread, Some(Turn::Passes(0))),
            (None, 0, ToStay, None),
            (Some(0), 1, ToStay, Some(Turn::Stays(0))),
            (Some(0), 1, ForARoute, Some(Turn::Moves(1))),
            (Some(0), 1, ForNothing, Some(Turn::Stays(0))),
            (Some(0), 1, Unread, Some(Turn::Stays(0))),
            (Some(1), 0, ForARoute, Some(Turn::Stays(1))),
            (Some(1), 1, ForARoute, Some(Turn::Stays(1))),
            (Some(1), 2, ForARoute, Some(Turn::Stays(1))),
            (Some(9), 2, ForARoute, Some(Turn::Moves(2))),
        ] {
            assert_eq!(turn(bound, decided, asks, &ranks()), expected, "{bound:?} {decided} {asks:?}");
        }
    }

    /// Users, each with their own conversation, against one table.
    struct Town {
        names: [Arc<str>; 3],
        table: Conversations,
        now: Instant,
    }

    impl Town {
        fn new() -> Self {
            let now = Instant::now();
            Self {
                names: ["small", "large", "other"].map(Arc::from),
                table: Conversations::new(1_000, 3_600, now),
                now,
            }
        }

        /// Who serves the last of what a user says, which was decided for `decided`.
        fn say(&self, said: &[&str], decided: usize) -> usize {
            let mut thread = Thread::default();
            for (place, text) in said.iter().enumerate() {
                if place > 0 {
                    thread.take("assistant", b"Hello! How can I help?");
                }
                thread.take("user", text.as_bytes());
            }
            let turns = thread.turns(&["tenant"]);
            let bound = self.table.find(&turns, self.now);
            let bound = bound.and_then(|bound| self.names.iter().position(|name| *name == bound));
            let turn = turn(bound, decided, Asks::ForARoute, &ranks()).unwrap();
            self.table.keep(&turns, &self.names[turn.backend()], self.now);
            turn.backend()
        }
    }

    #[test]
    fn who_greets_alike_is_not_taken_along() {
        let town = Town::new();
        assert_eq!(town.say(&["hi"], 0), 0);
        assert_eq!(town.say(&["hi"], 0), 0);
        assert_eq!(town.say(&["hi", "prove it"], 1), 1);
        assert_eq!(town.say(&["hi", "prove it", "thanks"], 0), 1, "it stays up");
        assert_eq!(town.say(&["hi", "tell me a joke"], 0), 0, "another's");
        assert_eq!(town.say(&["hi", "tell me a joke", "thanks"], 0), 0);
        assert_eq!(town.say(&["hi"], 0), 0, "a third one's");
    }

    #[test]
    fn a_turn_that_is_asked_again_is_decided_again() {
        let town = Town::new();
        assert_eq!(town.say(&["a"], 0), 0);
        assert_eq!(town.say(&["a", "b"], 1), 1);
        assert_eq!(town.say(&["a", "another b"], 0), 0);
        assert_eq!(town.say(&["a", "b", "c"], 0), 1);
    }
}

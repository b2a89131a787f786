//! `keywords`: whether words and phrases of a list are in the routed text.
//!
//! All lists of a config are searched for in one pass, however many there are.
//! - `list`: one list: what must be there, and what must not
//! - `fold`: one form for what is typed alike: case, width, spaces
//! - `index`: all lists, one Aho-Corasick automaton
//! - `typos`: words with a letter wrong, by the words with letters left out
//! - `forms`: those, as hashes

mod fold;
mod forms;
mod index;
mod list;
mod typos;

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

pub(crate) use self::fold::fold;
pub use self::index::{Expressions, Hits, Index};
pub use self::list::List;
pub(crate) use self::list::Term;

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "keywords",
    cost: Cost::Cheap,
    kind: Kind::Flag,
    may_be_absent: false,
    shape: Shape::Words,
    requires: Requires::Nothing,
    doc: "words, phrases or expressions in the last message: the fastest way to a route, and the easiest to explain",
    read,
};

fn read<'a>(facts: &Facts<'a>, arg: &Arg) -> Option<Value<'a>> {
    let Arg::List(list) = arg else { return None };
    Some(Value::Flag(facts.wanted().keywords.holds(*list, facts.hits(), facts.request().text)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::request;
    use super::super::{Slot, Wanted};
    use super::*;

    #[test]
    fn a_list_is_asked_by_its_place() {
        let lists = [List::any(["select *"]), List::any(["inner join"])];
        let slots = [0, 1].map(|list| Slot { signal: &SIGNAL, arg: Arg::List(list) }).into();
        let wanted = Wanted { slots, keywords: Index::new(&lists), ..Wanted::default() };
        let asked = request("Explain SELECT * FROM t");
        let facts = Facts::new(&asked, &wanted, 0).timed();
        assert_eq!((facts.value(0), facts.value(1)), (Some(Value::Flag(true)), Some(Value::Flag(false))));
        assert!(facts.time_of_keywords().is_some());
    }
}

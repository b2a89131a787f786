//! `turns`: how many messages of the user there are.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "turns",
    cost: Cost::Free,
    kind: Kind::Number { least: 0.0, most: f64::INFINITY, whole: true },
    may_be_absent: false,
    shape: Shape::Plain,
    requires: Requires::Nothing,
    doc: "how many messages the user has sent: move long conversations to a stronger backend",
    read,
};

fn read<'a>(facts: &Facts<'a>, _: &Arg) -> Option<Value<'a>> {
    Some(Value::Number(facts.request().turns as f64))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Owned, read, request};
    use super::*;

    #[test]
    fn they_are_counted() {
        let mut asked = request("hi");
        asked.turns = 0;
        assert_eq!(read("turns", Arg::Nothing, &asked), Some(Owned::Number(0.0)));
        asked.turns = 2;
        assert_eq!(read("turns", Arg::Nothing, &asked), Some(Owned::Number(2.0)));
    }
}

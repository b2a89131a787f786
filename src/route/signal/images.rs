//! `images`: how many images there are.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "images",
    cost: Cost::Free,
    kind: Kind::Count,
    may_be_absent: false,
    shape: Shape::Plain,
    requires: Requires::Nothing,
    doc: "images in the messages, or whether any: send them to a backend that can see",
    read,
};

fn read<'a>(facts: &Facts<'a>, _: &Arg) -> Option<Value<'a>> {
    Some(Value::Number(facts.request().images as f64))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Owned, read, request};
    use super::*;

    #[test]
    fn they_are_counted() {
        let mut asked = request("hi");
        asked.images = 0;
        assert_eq!(read("images", Arg::Nothing, &asked), Some(Owned::Number(0.0)));
        asked.images = 2;
        assert_eq!(read("images", Arg::Nothing, &asked), Some(Owned::Number(2.0)));
    }
}

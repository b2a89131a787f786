//! `model`: the name in the request's `model`.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "model",
    cost: Cost::Free,
    kind: Kind::Text,
    may_be_absent: true,
    shape: Shape::Plain,
    requires: Requires::Nothing,
    doc: "the model asked for, among the router's aliases: give each alias routes of its own",
    read,
};

fn read<'a>(facts: &Facts<'a>, _: &Arg) -> Option<Value<'a>> {
    Some(Value::text(facts.request().model))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Owned, read, request};
    use super::*;

    #[test]
    fn it_is_given_or_absent() {
        let mut asked = request("hi");
        assert_eq!(read("model", Arg::Nothing, &asked), Some(Owned::Absent));
        asked.model = Some("a");
        assert_eq!(read("model", Arg::Nothing, &asked), Some(Owned::Text("a".into())));
    }
}

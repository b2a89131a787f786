//! `key`: the name of the client's key.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "key",
    cost: Cost::Free,
    kind: Kind::Text,
    may_be_absent: true,
    shape: Shape::Plain,
    requires: Requires::Nothing,
    doc: "the name of the client's key: treat one application apart from the others of its tenant",
    read,
};

fn read<'a>(facts: &Facts<'a>, _: &Arg) -> Option<Value<'a>> {
    Some(Value::text(facts.request().key))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Owned, read, request};
    use super::*;

    #[test]
    fn it_is_given_or_absent() {
        let mut asked = request("hi");
        assert_eq!(read("key", Arg::Nothing, &asked), Some(Owned::Absent));
        asked.key = Some("a");
        assert_eq!(read("key", Arg::Nothing, &asked), Some(Owned::Text("a".into())));
    }
}

//! `stream`: whether the answer is to be streamed.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "stream",
    cost: Cost::Free,
    kind: Kind::Flag,
    may_be_absent: false,
    shape: Shape::Plain,
    requires: Requires::Nothing,
    doc: "whether the answer is streamed: keep batch work off the backends that people wait for",
    read,
};

fn read<'a>(facts: &Facts<'a>, _: &Arg) -> Option<Value<'a>> {
    Some(Value::Flag(facts.request().stream))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Owned, read, request};
    use super::*;

    #[test]
    fn it_is_what_the_request_asks() {
        let mut asked = request("hi");
        assert_eq!(read("stream", Arg::Nothing, &asked), Some(Owned::Flag(false)));
        asked.stream = true;
        assert_eq!(read("stream", Arg::Nothing, &asked), Some(Owned::Flag(true)));
    }
}

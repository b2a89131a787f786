//! `tools`: how many tools the request names, whatever its `tool_choice`: they stand in the prompt all the same.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "tools",
    cost: Cost::Free,
    kind: Kind::Count,
    may_be_absent: false,
    shape: Shape::Plain,
    requires: Requires::Nothing,
    doc: "tools in the request, or whether any: send agents to a backend that is good at calling them",
    read,
};

fn read<'a>(facts: &Facts<'a>, _: &Arg) -> Option<Value<'a>> {
    Some(Value::Number(facts.request().tools as f64))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Owned, read, request};
    use super::*;

    #[test]
    fn they_are_counted() {
        let mut asked = request("hi");
        asked.tools = 0;
        assert_eq!(read("tools", Arg::Nothing, &asked), Some(Owned::Number(0.0)));
        asked.tools = 2;
        assert_eq!(read("tools", Arg::Nothing, &asked), Some(Owned::Number(2.0)));
    }
}

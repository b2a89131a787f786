//! `load`: the requests that a backend is serving or that wait for it.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "load",
    cost: Cost::Free,
    kind: Kind::Number { least: 0.0, most: f64::INFINITY, whole: false },
    may_be_absent: true,
    shape: Shape::Named,
    requires: Requires::Backend,
    doc: "requests a backend has in flight or in its queue: spill over to another before it is full",
    read,
};

fn read<'a>(facts: &Facts<'a>, arg: &Arg) -> Option<Value<'a>> {
    let Arg::Name(name, _) = arg else { return None };
    Some(facts.request().context.standing(name).map_or(Value::Absent, |standing| Value::Number(standing.load)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Owned, read, request};
    use super::*;

    #[test]
    fn a_backend_is_asked_by_its_name() {
        let asked = request("hi");
        let load = |name: &str| read("load", Arg::Name(name.into(), 0.0), &asked);
        assert_eq!(load("a"), Some(Owned::Number(3.0)));
        assert_eq!(load("b"), Some(Owned::Absent));
    }
}

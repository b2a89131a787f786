//! `healthy`: whether any peer of a backend can serve.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "healthy",
    cost: Cost::Free,
    kind: Kind::Flag,
    may_be_absent: true,
    shape: Shape::Named,
    requires: Requires::Backend,
    doc: "whether a backend can serve: route around one that is down before it is tried",
    read,
};

fn read<'a>(facts: &Facts<'a>, arg: &Arg) -> Option<Value<'a>> {
    let Arg::Name(name, _) = arg else { return None };
    Some(facts.request().context.standing(name).map_or(Value::Absent, |standing| Value::Flag(standing.healthy)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Owned, read, request};
    use super::*;

    #[test]
    fn a_backend_is_asked_by_its_name() {
        let asked = request("hi");
        let healthy = |name: &str| read("healthy", Arg::Name(name.into(), 0.0), &asked);
        assert_eq!(healthy("a"), Some(Owned::Flag(true)));
        assert_eq!(healthy("b"), Some(Owned::Absent));
    }
}

//! `tenant`: whose request it is.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "tenant",
    cost: Cost::Free,
    kind: Kind::Text,
    may_be_absent: true,
    shape: Shape::Plain,
    requires: Requires::Nothing,
    doc: "the tenant: keep one customer's requests on one backend",
    read,
};

fn read<'a>(facts: &Facts<'a>, _: &Arg) -> Option<Value<'a>> {
    Some(Value::text(facts.request().tenant))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Owned, read, request};
    use super::*;

    #[test]
    fn it_is_given_or_absent() {
        let mut asked = request("hi");
        assert_eq!(read("tenant", Arg::Nothing, &asked), Some(Owned::Absent));
        asked.tenant = Some("a");
        assert_eq!(read("tenant", Arg::Nothing, &asked), Some(Owned::Text("a".into())));
    }
}

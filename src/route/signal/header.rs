//! `header`: the value of one of the request's headers, or all where it comes more than once.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "header",
    cost: Cost::Free,
    kind: Kind::Texts,
    may_be_absent: true,
    shape: Shape::Named,
    requires: Requires::Nothing,
    doc: "a request header by name: let clients say what they need, such as a team or an experiment",
    read,
};

fn read<'a>(facts: &Facts<'a>, arg: &Arg) -> Option<Value<'a>> {
    let Arg::Name(name, _) = arg else { return None };
    Some(match facts.request().context.header(name) {
        [] => Value::Absent,
        [one] => Value::Text(one),
        several => Value::Texts(several),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Owned, read, request};
    use super::*;

    #[test]
    fn a_header_is_read_by_its_name() {
        let asked = request("hi");
        let header = |name: &str| read("header", Arg::Name(name.into(), 0.0), &asked);
        assert_eq!(header("x-team"), Some(Owned::Text("blue".into())));
        assert_eq!(header("x-teams"), Some(Owned::Absent));
        assert_eq!(header("x-tag"), Some(Owned::Names(vec!["a".into(), "b".into()])));
    }
}

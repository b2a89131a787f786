//! `pii`: the names of the entities that the guardrails found.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "pii",
    cost: Cost::Guard,
    kind: Kind::Names,
    may_be_absent: false,
    shape: Shape::Plain,
    requires: Requires::Pii,
    doc: "the personal data found, by entity: keep prompts with card numbers on your own machines",
    read,
};

fn read<'a>(facts: &Facts<'a>, _: &Arg) -> Option<Value<'a>> {
    facts.guarded().pii.map(Value::Names)
}

#[cfg(test)]
mod tests {
    use super::super::Guarded;
    use super::super::testing::{Owned, read_with, request};
    use super::*;

    #[test]
    fn none_found_is_known_and_not_looked_for_is_not() {
        let asked = request("hi");
        let found =
            |pii| read_with("pii", Arg::Nothing, &asked, |facts| facts.guard(Guarded { pii, ..Guarded::default() }));
        assert_eq!(found(None), None);
        assert_eq!(found(Some(&[])), Some(Owned::Names(Vec::new())));
        assert_eq!(found(Some(&["US_SSN"])), Some(Owned::Names(vec!["US_SSN".into()])));
    }
}

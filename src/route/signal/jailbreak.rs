//! `jailbreak`: how sure the guardrails are that the prompt is a jailbreak.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "jailbreak",
    cost: Cost::Guard,
    kind: Kind::Number { least: 0.0, most: 1.0, whole: false },
    may_be_absent: false,
    shape: Shape::Plain,
    requires: Requires::Jailbreak,
    doc: "the jailbreak score, 0 to 1: send what is doubtful but not blocked to a backend that refuses well",
    read,
};

fn read<'a>(facts: &Facts<'a>, _: &Arg) -> Option<Value<'a>> {
    facts.guarded().jailbreak.map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::super::Guarded;
    use super::super::testing::{Owned, read, read_with, request};
    use super::*;

    #[test]
    fn it_is_unknown_until_the_guardrails_have_looked() {
        let asked = request("hi");
        assert_eq!(read("jailbreak", Arg::Nothing, &asked), None);
        let score = read_with("jailbreak", Arg::Nothing, &asked, |facts| {
            facts.guard(Guarded { jailbreak: Some(0.4), ..Guarded::default() });
        });
        assert_eq!(score, Some(Owned::Number(0.4)));
    }
}

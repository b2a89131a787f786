//! `intent`: what the prompt wants of the model.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "intent",
    cost: Cost::Encoder,
    kind: Kind::Label(&INTENTS),
    may_be_absent: true,
    shape: Shape::Likely,
    requires: Requires::ShippedModel,
    doc: "whether it wants math, coding, chat or something other: the coarsest split, and the surest",
    read,
};

/// What people want of a model.
pub const INTENTS: [&str; 4] = ["math", "coding", "chat", "other"];

fn read<'a>(facts: &Facts<'a>, arg: &Arg) -> Option<Value<'a>> {
    let Arg::Likely(least) = arg else { return None };
    facts.learned()?.intent().map(|label| label.if_likely(*least))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Nobody, Owned, read, read_with, request};
    use super::*;

    #[test]
    fn a_label_counts_where_it_is_likely_enough() {
        let asked = request("hi");
        let intent = |least| {
            read_with("intent", Arg::Likely(least), &asked, |facts| {
                facts.learn(Box::leak(Box::new(Nobody { intent: Some(("coding", 0.7)), ..Nobody::default() })));
            })
        };
        assert_eq!(intent(0.7), Some(Owned::Text("coding".into())));
        assert_eq!(intent(0.8), Some(Owned::Absent));
        assert_eq!(read("intent", Arg::Likely(0.0), &asked), None);
    }
}

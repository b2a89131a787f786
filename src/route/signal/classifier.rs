//! `classifier`: what a sequence classifier of the config calls the prompt.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "classifier",
    cost: Cost::Model,
    kind: Kind::Text,
    may_be_absent: true,
    shape: Shape::NamedLikely,
    requires: Requires::Classifier,
    doc: "the label of a classifier of your own: for what the built-in heads do not know",
    read,
};

fn read<'a>(facts: &Facts<'a>, arg: &Arg) -> Option<Value<'a>> {
    let Arg::Name(name, least) = arg else { return None };
    facts.learned()?.classified(name).map(|label| label.if_likely(*least))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Nobody, Owned, read_with, request};
    use super::*;

    #[test]
    fn a_classifier_is_asked_by_its_name() {
        let asked = request("hi");
        let label = |name: &str, least| {
            read_with("classifier", Arg::Name(name.into(), least), &asked, |facts| {
                facts.learn(Box::leak(Box::new(Nobody { label: Some(("toxic", 0.6)), ..Nobody::default() })));
            })
        };
        assert_eq!(label("toxicity", 0.5), Some(Owned::Text("toxic".into())));
        assert_eq!(label("toxicity", 0.9), Some(Owned::Absent));
        assert_eq!(label("other", 0.0), None);
    }
}

//! `domain`: what the prompt is about, by MMLU-Pro's fourteen categories.

use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "domain",
    cost: Cost::Encoder,
    kind: Kind::Label(&DOMAINS),
    may_be_absent: true,
    shape: Shape::Likely,
    requires: Requires::ShippedModel,
    doc: "what the prompt is about, one of 14 subjects: send law or health to the backend tuned for it",
    read,
};

/// MMLU-Pro's categories.
pub const DOMAINS: [&str; 14] = [
    "biology",
    "business",
    "chemistry",
    "computer science",
    "economics",
    "engineering",
    "health",
    "history",
    "law",
    "math",
    "other",
    "philosophy",
    "physics",
    "psychology",
];

fn read<'a>(facts: &Facts<'a>, arg: &Arg) -> Option<Value<'a>> {
    let Arg::Likely(least) = arg else { return None };
    facts.learned()?.domain().map(|label| label.if_likely(*least))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Nobody, Owned, read, read_with, request};
    use super::*;

    #[test]
    fn a_label_counts_where_it_is_likely_enough() {
        let asked = request("hi");
        let domain = |least| {
            read_with("domain", Arg::Likely(least), &asked, |facts| {
                facts.learn(Box::leak(Box::new(Nobody { domain: Some(("law", 0.7)), ..Nobody::default() })));
            })
        };
        assert_eq!(domain(0.7), Some(Owned::Text("law".into())));
        assert_eq!(domain(0.8), Some(Owned::Absent));
        assert_eq!(read("domain", Arg::Likely(0.0), &asked), None);
    }
}

//! `format`: the form of answer that `response_format` asks for.

use super::request::Format;
use super::{Arg, Cost, Facts, Kind, Requires, Shape, Signal, Value};

/// The table's entry.
pub(super) static SIGNAL: Signal = Signal {
    name: "format",
    cost: Cost::Free,
    kind: Kind::Label(&Format::NAMES),
    may_be_absent: false,
    shape: Shape::Plain,
    requires: Requires::Nothing,
    doc: "the response_format asked for: send JSON to a backend that keeps to a schema",
    read,
};

fn read<'a>(facts: &Facts<'a>, _: &Arg) -> Option<Value<'a>> {
    Some(Value::Text(facts.request().format.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Owned, read, request};
    use super::*;

    #[test]
    fn it_is_named_as_the_request_names_it() {
        let mut asked = request("hi");
        assert_eq!(read("format", Arg::Nothing, &asked), Some(Owned::Text("text".into())));
        asked.format = Format::JsonSchema;
        assert_eq!(read("format", Arg::Nothing, &asked), Some(Owned::Text("json_schema".into())));
    }
}

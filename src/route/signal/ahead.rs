//! Signals that take work on a text, read before the others, where that blocks nobody: of long texts.

use super::facts::{Facts, Wanted};
use super::keywords::{Expressions, Hits};
use super::language::LANGUAGES;
use super::request::Request;
use super::value::{Cost, Value};

/// What was read of a long text. Empty for others, whose signals are read when a rule asks for them.
#[derive(Debug, Clone, Default)]
pub struct Ahead {
    /// By slot.
    pub(super) values: Vec<(usize, Value<'static>)>,
    pub(super) hits: Option<Hits>,
    /// Only where the decision is to be explained.
    pub(super) expressions: Option<Expressions>,
}

// === impl Ahead ===

impl Ahead {
    /// Reads all that is [`Cost::Cheap`] of what `wanted` names; and what only an explanation tells, where there is to be one.
    pub fn read(request: &Request<'_>, wanted: &Wanted, is_explained: bool) -> Self {
        let facts = Facts::new(request, wanted, 0);
        let slots = wanted.slots.iter().enumerate().filter(|(_, slot)| slot.signal.cost == Cost::Cheap);
        let values = slots.filter_map(|(slot, _)| Some((slot, kept(facts.value(slot)?)?))).collect();
        let expressions = is_explained.then(|| wanted.keywords.expressions(request.text));
        Self { values, hits: Some(facts.hits().clone()), expressions }
    }
}

/// A value that borrows nothing of the request; none of the cheap ones does.
fn kept(value: Value<'_>) -> Option<Value<'static>> {
    match value {
        Value::Absent => Some(Value::Absent),
        Value::Flag(flag) => Some(Value::Flag(flag)),
        Value::Number(number) => Some(Value::Number(number)),
        Value::Text(text) => LANGUAGES.into_iter().find(|language| *language == text).map(Value::Text),
        Value::Texts(_) | Value::Names(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::keywords::{Index, List};
    use super::super::testing::request;
    use super::super::{Arg, Pattern, SIGNALS, Slot};
    use super::*;

    #[test]
    fn what_is_read_ahead_is_what_would_have_been_read() {
        let mut lists = [List::any(["Haus"]), List::any(["boat"])];
        lists[1].regex.push(Pattern::new(r"x\s*=").unwrap());
        let cheap = SIGNALS.into_iter().filter(|signal| signal.cost == Cost::Cheap);
        let slots = cheap.flat_map(|signal| match signal.name {
            "keywords" => vec![Slot { signal, arg: Arg::List(0) }, Slot { signal, arg: Arg::List(1) }],
            _ => vec![Slot { signal, arg: Arg::Nothing }],
        });
        let wanted = Wanted { slots: slots.collect(), keywords: Index::new(&lists), ..Wanted::default() };
        for text in ["Das Haus ist nicht so groß wie die anderen, die ich gesehen habe.", "x = 1", ""] {
            let asked = request(text);
            let ahead = Ahead::read(&asked, &wanted, true);
            assert_eq!(ahead.values.len(), wanted.slots.len());
            let mut foreseen = Facts::new(&asked, &wanted, 0);
            foreseen.foresee(&ahead);
            let facts = Facts::new(&asked, &wanted, 0);
            for slot in 0..wanted.slots.len() {
                assert_eq!(foreseen.value(slot), facts.value(slot), "{text}: {:?}", wanted.slots[slot]);
            }
            assert_eq!((foreseen.hits(), foreseen.expressions()), (facts.hits(), facts.expressions()));
        }
    }
}

//! One request's signals: each is read at most once, when a rule first asks for it.

use std::cell::{Cell, OnceCell};
use std::time::{Duration, Instant};

use super::ahead::Ahead;
use super::complexity::Contrast;
use super::keywords::{Expressions, Hits, Index};
use super::request::Request;
use super::value::{Cost, Value};
use super::{Arg, Signal};
use crate::guard::Inspection;

/// The signals that a config's rules ask for, each once.
#[derive(Debug, Default)]
pub struct Wanted {
    /// What is read, the cheapest first.
    pub slots: Vec<Slot>,
    /// The lists of keywords.
    pub keywords: Index,
    /// What complexity is measured by.
    pub contrast: Option<Contrast>,
}

/// A signal and what it is asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// The signal.
    pub signal: &'static Signal,
    /// What it is asked about.
    pub arg: Arg,
}

/// What the guardrails found, so far as they looked.
#[derive(Debug, Clone, Copy, Default)]
pub struct Guarded<'a> {
    /// How sure it is that the prompt is a jailbreak, 0 to 1.
    pub jailbreak: Option<f64>,
    /// The names of the entities found; empty where there are none.
    pub pii: Option<&'a [&'a str]>,
    /// Whether they could look into a part alone: it may be surer a jailbreak, and there may be more entities.
    pub is_partial: bool,
}

/// What networks say about the prompt; each is none until it is computed.
pub trait Learned: Sync {
    /// The prompt's embedding, of length 1.
    fn embedding(&self) -> Option<&[f32]>;
    /// Its domain, one of [`super::DOMAINS`].
    fn domain(&self) -> Option<Label<'_>>;
    /// Its intent, one of [`super::INTENTS`].
    fn intent(&self) -> Option<Label<'_>>;
    /// What the classifier of this name calls it.
    fn classified(&self, classifier: &str) -> Option<Label<'_>>;
}

/// A network's answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Label<'a> {
    /// The most probable label.
    pub name: &'a str,
    /// How probable, 0 to 1.
    pub probability: f32,
}

/// One request's signals.
pub struct Facts<'a> {
    request: &'a Request<'a>,
    wanted: &'a Wanted,
    guarded: Guarded<'a>,
    learned: Option<&'a dyn Learned>,
    values: Vec<Cell<Option<Value<'a>>>>,
    hits: OnceCell<Hits>,
    expressions: OnceCell<Expressions>,
    /// Whether the text is too long to be read here.
    is_foreseen: bool,
    /// What the comparisons came to, by their number; the rules' own memory.
    outcomes: Vec<Cell<Option<bool>>>,
    /// By slot, and last the search for keywords; empty where nobody asks.
    times: Vec<Cell<Option<Duration>>>,
}

// === impl Guarded ===

impl<'a> Guarded<'a> {
    /// What they found, where they looked: these kinds of personal data.
    pub fn of(inspection: Option<&Inspection>, kinds: Option<&'a [&'a str]>) -> Self {
        let is_partial = inspection.is_some_and(|inspection| inspection.gap.is_some());
        Self { jailbreak: inspection.and_then(Inspection::attack), pii: kinds, is_partial }
    }
}

// === impl Wanted ===

impl Wanted {
    /// Whether the body must be read again for what is asked.
    pub fn needs_contents(&self) -> bool {
        const CONTENTS: [&str; 5] = ["turns", "tools", "images", "format", "tokens"];
        self.slots.iter().any(|slot| CONTENTS.contains(&slot.signal.name))
    }

    /// Whether the signal of this name is asked for.
    pub fn asks(&self, signal: &str) -> bool {
        self.slots.iter().any(|slot| slot.signal.name == signal)
    }
    /// The classifiers that are asked for, each as often as it is asked for in another way.
    pub fn classifiers(&self) -> impl Iterator<Item = &str> {
        self.named("classifier")
    }

    /// The headers that are asked for, in lower case.
    pub fn headers(&self) -> impl Iterator<Item = &str> {
        self.named("header")
    }

    fn named(&self, signal: &'static str) -> impl Iterator<Item = &str> {
        self.slots.iter().filter_map(move |slot| match &slot.arg {
            Arg::Name(name, _) if slot.signal.name == signal => Some(name.as_str()),
            _ => None,
        })
    }
}

// === impl Facts ===

impl<'a> Facts<'a> {
    /// The signals of `request` that `wanted` names, none of them read, and room for the outcomes of so many comparisons.
    pub fn new(request: &'a Request<'a>, wanted: &'a Wanted, comparisons: usize) -> Self {
        Self {
            request,
            wanted,
            guarded: Guarded::default(),
            learned: None,
            values: vec![Cell::new(None); wanted.slots.len()],
            hits: OnceCell::new(),
            expressions: OnceCell::new(),
            is_foreseen: false,
            outcomes: vec![Cell::new(None); comparisons],
            times: Vec::new(),
        }
    }

    /// The same, with the time that each signal takes.
    pub fn timed(mut self) -> Self {
        self.times = vec![Cell::new(None); self.wanted.slots.len() + 1];
        self
    }

    /// Adds what was read ahead of this request.
    pub fn foresee(&mut self, ahead: &Ahead) {
        for (slot, value) in &ahead.values {
            if let Some(cell) = self.values.get(*slot) {
                cell.set(Some(*value));
            }
        }
        if let Some(hits) = &ahead.hits {
            self.hits = OnceCell::from(hits.clone());
            self.is_foreseen = true;
        }
        if let Some(expressions) = &ahead.expressions {
            self.expressions = OnceCell::from(expressions.clone());
        }
    }

    /// Adds what the guardrails found.
    pub fn guard(&mut self, guarded: Guarded<'a>) {
        self.guarded = guarded;
    }

    /// Adds what networks say.
    pub fn learn(&mut self, learned: &'a dyn Learned) {
        self.learned = Some(learned);
    }

    /// What the signal of a slot says; none while what it is read from is missing.
    pub fn value(&self, slot: usize) -> Option<Value<'a>> {
        let cell = self.values.get(slot)?;
        if let Some(value) = cell.get() {
            return Some(value);
        }
        let Slot { signal, arg } = self.wanted.slots.get(slot)?;
        if let Arg::List(_) = arg {
            self.hits();
        }
        let read = || (signal.read)(self, arg);
        let value = match signal.cost {
            // What was computed elsewhere took its time there.
            Cost::Guard | Cost::Model => read(),
            _ => self.clocked(slot, read),
        }?;
        cell.set(Some(value));
        Some(value)
    }

    /// What a network calls the prompt and the least probability that counts, 0 to 1, where the signal of a slot is such a
    /// label; none while it is not known.
    pub fn label(&self, slot: usize) -> Option<(Label<'a>, f32)> {
        let Slot { signal, arg } = self.wanted.slots.get(slot)?;
        let learned = self.learned?;
        match (signal.name, arg) {
            ("domain", Arg::Likely(least)) => Some((learned.domain()?, *least)),
            ("intent", Arg::Likely(least)) => Some((learned.intent()?, *least)),
            ("classifier", Arg::Name(name, least)) => Some((learned.classified(name)?, *least)),
            _ => None,
        }
    }

    /// Whether what the signal of a slot says is the least that may be said: there may be more.
    pub fn is_partial(&self, slot: usize) -> bool {
        self.guarded.is_partial && self.wanted.slots.get(slot).is_some_and(|slot| slot.signal.cost == Cost::Guard)
    }

    /// How long the signal of a slot took; none where it was not read, or time was not asked for.
    pub fn time(&self, slot: usize) -> Option<Duration> {
        self.times.get(slot)?.get()
    }

    /// How long the search for all keywords took.
    pub fn time_of_keywords(&self) -> Option<Duration> {
        self.times.last()?.get()
    }

    /// The signals that are asked for.
    pub fn wanted(&self) -> &'a Wanted {
        self.wanted
    }

    /// The keywords in the routed text, searched for once.
    pub fn hits(&self) -> &Hits {
        self.hits
            .get_or_init(|| self.clocked(self.wanted.slots.len(), || self.wanted.keywords.search(self.request.text)))
    }

    /// The expressions in the routed text, for an explanation: none of a long one unless that was read ahead to be explained.
    pub fn expressions(&self) -> &Expressions {
        self.expressions.get_or_init(|| match self.is_foreseen {
            true => Expressions::default(),
            false => self.wanted.keywords.expressions(self.request.text),
        })
    }

    pub(super) fn request(&self) -> &'a Request<'a> {
        self.request
    }

    pub(super) fn guarded(&self) -> Guarded<'a> {
        self.guarded
    }

    pub(super) fn learned(&self) -> Option<&'a dyn Learned> {
        self.learned
    }

    /// Where a comparison's outcome is kept.
    pub(crate) fn outcome(&self, comparison: usize) -> Option<&Cell<Option<bool>>> {
        self.outcomes.get(comparison)
    }

    fn clocked<T>(&self, place: usize, read: impl FnOnce() -> T) -> T {
        let Some(time) = self.times.get(place) else { return read() };
        let begun = Instant::now();
        let value = read();
        time.set(Some(begun.elapsed()));
        value
    }
}

// === impl Label ===

impl<'a> Label<'a> {
    /// Its name, if it is at least this probable.
    pub(super) fn if_likely(self, least: f32) -> Value<'a> {
        if self.probability >= least { Value::Text(self.name) } else { Value::Absent }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Nobody, request};
    use super::*;

    #[test]
    fn facts_may_cross_threads_while_a_request_waits() {
        fn is_send<T: Send>() {}
        is_send::<Facts<'_>>();
    }

    #[test]
    fn a_signal_is_read_once_and_timed_only_on_demand() {
        let wanted = Wanted {
            slots: vec![Slot { signal: Signal::find("turns").unwrap(), arg: Arg::Nothing }],
            ..Wanted::default()
        };
        let mut request = request("hi");
        request.turns = 3;
        let facts = Facts::new(&request, &wanted, 0);
        assert_eq!((facts.value(0), facts.time(0)), (Some(Value::Number(3.0)), None));
        let facts = Facts::new(&request, &wanted, 0).timed();
        assert_eq!(facts.time(0), None);
        assert_eq!(facts.value(0), Some(Value::Number(3.0)));
        assert!(facts.time(0).is_some() && facts.time_of_keywords().is_none());
        assert_eq!(facts.value(1), None);
    }

    #[test]
    fn what_is_computed_elsewhere_is_unknown_until_it_comes() {
        let slot = |name| Slot { signal: Signal::find(name).unwrap(), arg: Arg::Nothing };
        let wanted = Wanted { slots: vec![slot("jailbreak"), slot("domain")], ..Wanted::default() };
        let request = request("hi");
        let mut facts = Facts::new(&request, &wanted, 0);
        assert_eq!((facts.value(0), facts.value(1)), (None, None));
        facts.guard(Guarded { jailbreak: Some(0.25), ..Guarded::default() });
        let nobody = Nobody::default();
        facts.learn(&nobody);
        assert_eq!((facts.value(0), facts.value(1)), (Some(Value::Number(0.25)), None));
    }
}

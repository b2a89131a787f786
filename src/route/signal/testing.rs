//! Requests and networks for tests.

use std::sync::LazyLock;

use super::{Arg, Context, Facts, Format, Label, Learned, Request, Signal, Slot, Standing, Value, Wanted};

/// A header `x-team`, another of two values, and a backend `a`.
struct Around;

static TEAM: LazyLock<[String; 1]> = LazyLock::new(|| ["blue".into()]);
static TAGS: LazyLock<[String; 2]> = LazyLock::new(|| ["a".into(), "b".into()]);

impl Context for Around {
    fn header(&self, name: &str) -> &[String] {
        match name {
            "x-team" => &*TEAM,
            "x-tag" => &*TAGS,
            _ => &[],
        }
    }

    fn standing(&self, backend: &str) -> Option<Standing> {
        (backend == "a").then_some(Standing { load: 3.0, healthy: true })
    }
}

/// A user's text and nothing else.
pub(crate) fn request(text: &str) -> Request<'_> {
    Request {
        text,
        said: &[],
        messages: 1,
        turns: 1,
        tools: 0,
        images: 0,
        ids: 0,
        format: Format::Text,
        model: None,
        tenant: None,
        key: None,
        stream: false,
        context: &Around,
    }
}

/// What `signal` says about `request`.
pub(crate) fn read(signal: &str, arg: Arg, request: &Request) -> Option<Owned> {
    read_with(signal, arg, request, |_| {})
}

/// The same, after `prepare`.
pub(crate) fn read_with(
    signal: &str,
    arg: Arg,
    request: &Request,
    prepare: impl for<'a> FnOnce(&mut Facts<'a>),
) -> Option<Owned> {
    let wanted = Wanted { slots: vec![Slot { signal: Signal::find(signal).unwrap(), arg }], ..Wanted::default() };
    let mut facts = Facts::new(request, &wanted, 0);
    prepare(&mut facts);
    facts.value(0).map(Owned::from)
}

/// A value that borrows nothing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Owned {
    Absent,
    Flag(bool),
    Number(f64),
    Text(String),
    Names(Vec<String>),
}

impl From<Value<'_>> for Owned {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Absent => Self::Absent,
            Value::Flag(flag) => Self::Flag(flag),
            Value::Number(number) => Self::Number(number),
            Value::Text(text) => Self::Text(text.into()),
            Value::Texts(texts) => Self::Names(texts.to_vec()),
            Value::Names(names) => Self::Names(names.iter().map(|name| name.to_string()).collect()),
        }
    }
}

/// Networks that say what they are told to.
#[derive(Debug, Default, Clone)]
pub(crate) struct Nobody {
    pub(crate) embedding: Option<Vec<f32>>,
    pub(crate) domain: Option<(&'static str, f32)>,
    pub(crate) intent: Option<(&'static str, f32)>,
    pub(crate) label: Option<(&'static str, f32)>,
}

impl Learned for Nobody {
    fn embedding(&self) -> Option<&[f32]> {
        self.embedding.as_deref()
    }

    fn domain(&self) -> Option<Label<'_>> {
        self.domain.map(|(name, probability)| Label { name, probability })
    }

    fn intent(&self) -> Option<Label<'_>> {
        self.intent.map(|(name, probability)| Label { name, probability })
    }

    fn classified(&self, classifier: &str) -> Option<Label<'_>> {
        self.label.filter(|_| classifier == "toxicity").map(|(name, probability)| Label { name, probability })
    }
}

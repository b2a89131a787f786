//! Routing without a server: what `route`, `eval` and `tune` share.

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;

use futures::executor::block_on;
use tokio::runtime::{Builder, Runtime};

use super::handlers::Handlers;
use super::lines::{self, Line};
use crate::config::{self, Patient, load};
use crate::embed::Embedding;
use crate::guard::{Guard, Inspection};
use crate::intake::Pieces;
use crate::route::classifier::Query;
use crate::route::rule::Explanation;
use crate::route::signal::{Guarded, Request};
use crate::route::{Asked, Decision, Lessons, Names, Nowhere, Pace, Reading, Router, Table};

/// What was decided for a text.
pub(super) struct Decided {
    /// Where it goes.
    pub(super) decision: Decision,
    /// The text, where it was compared.
    pub(super) read: Option<Embedded>,
    /// What the guardrails found in it.
    inspection: Option<Inspection>,
}

/// A text and what it means.
pub(super) struct Embedded {
    text: String,
    embedding: Embedding,
}

/// A config's routing, ready to decide.
pub(super) struct Offline {
    /// The routes, compiled; without samples where routing is off.
    pub(super) table: Arc<Table>,
    router: Router,
    /// The guardrails, where they are on.
    guard: Option<Arc<Guard>>,
    /// Where long texts are inspected, and what deadlines are measured by.
    runtime: Runtime,
    /// What the routes do with their requests.
    pub(super) handlers: Handlers,
}

// === impl Offline ===

impl Offline {
    /// Loads the config at `path` and its models, and embeds the samples.
    pub(super) fn load(path: &Path) -> anyhow::Result<Arc<Self>> {
        let Patient { file, encoder, guard } = Patient::load(load::load(path)?.file)?;
        let table = Arc::new(config::table(config::route_settings(&file)?, encoder.as_deref(), None)?);
        let rules = encoder.as_deref().map(|encoder| config::rules(&file, Some(encoder))).transpose()?.flatten();
        let labelers = config::networks(&file, rules.as_ref(), None)?;
        let handlers = Handlers::load(&file, encoder.as_deref())?;
        // Only texts are asked about, and none names a model.
        let router = Router { names: Names::default(), table: table.clone(), rules, encoder, labelers };
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_time().build()?;
        Ok(Arc::new(Self { table, router, guard, runtime, handlers }))
    }

    /// Whether anything is compared, which it is not where routing is off.
    pub(super) fn compares(&self) -> bool {
        self.router.encoder.is_some()
    }

    /// The name of the backend that a decision leads to; none where its route answers itself.
    pub(super) fn backend(&self, decision: &Decision) -> Option<&str> {
        self.handlers.backend(decision)
    }

    /// Decides for one text.
    pub(super) fn decide(&self, text: &str) -> anyhow::Result<Decided> {
        let _entered = self.runtime.enter();
        block_on(self.decision(text))
    }

    /// Decides for each line that `parse` makes of `input`, in order, and gives each to `finish`; see [`lines::answer`].
    pub(super) fn decide_lines<T: Send + 'static>(
        self: &Arc<Self>,
        input: impl BufRead + Send + 'static,
        output: &mut impl Write,
        parse: fn(&Self, &str) -> anyhow::Result<Line<T>>,
        mut finish: impl FnMut(&mut dyn Write, T, Decided) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let _entered = self.runtime.enter();
        let offline = Arc::clone(self);
        let parse = move |line: &str| parse(&offline, line);
        let decide = async |Line { text, rest }: Line<T>| anyhow::Ok((rest, self.decision(&text).await?));
        lines::answer(input, output, parse, decide, |output, (rest, decided)| finish(output, rest, decided))
    }

    /// Gives `told` every signal of `text`, for which that was decided, and what the rules made of them; none where there are
    /// no rules.
    pub(super) fn explain<T>(
        &self,
        text: &str,
        Decided { decision, read, inspection }: &Decided,
        told: impl FnOnce(Option<Explanation<'_>>) -> T,
    ) -> T {
        let lessons = Lessons::of(decision, read.as_ref().map(|read| &read.embedding));
        let reading = Reading::of(text);
        let (said, kinds) = (reading.said(), inspection.as_ref().and_then(Inspection::kinds));
        let request = reading.request(Some(text), &said, &Nowhere);
        let asked = asked(&reading, request, inspection.as_ref(), kinds.as_deref());
        told(self.router.explain(&asked, decision, &lessons))
    }

    async fn decision(&self, text: &str) -> anyhow::Result<Decided> {
        let mut inspection = match &self.guard {
            Some(guard) => Some(guard.inspect(&Arc::new(Pieces::of(text.to_owned()))).await),
            None => None,
        };
        let meaning = inspection.as_mut().and_then(|inspection| inspection.meaning.take());
        let reading = Reading::of(text);
        let (said, kinds) = (reading.said(), inspection.as_ref().and_then(Inspection::kinds));
        let request = reading.request(Some(text), &said, &Nowhere);
        let asked = Asked { meaning, ..asked(&reading, request, inspection.as_ref(), kinds.as_deref()) };
        let decision = self.router.decide(&asked, Pace::Patient).await?;
        if let Some(reasons) = decision.degraded.told() {
            anyhow::bail!("a text cannot be judged: {reasons}");
        }
        let meaning = self.router.meaning_for(&asked, &decision, Pace::Patient).await;
        let read = meaning.map(|meaning| Embedded { text: text.to_owned(), embedding: meaning.embedding });
        Ok(Decided { decision, read, inspection })
    }
}

// === impl Embedded ===

impl Embedded {
    /// As the table takes it.
    pub(super) fn query(&self) -> Query<'_> {
        Query { embedding: &self.embedding, text: &self.text }
    }
}

/// A text alone, as a user's message, in which `inspection` found these kinds of personal data.
fn asked<'a>(
    reading: &'a Reading,
    request: Request<'a>,
    inspection: Option<&Inspection>,
    kinds: Option<&'a [&'a str]>,
) -> Asked<'a> {
    let guarded = Guarded::of(inspection, kinds);
    Asked { request, ahead: reading.ahead(), guarded, meaning: None }
}

//! Routing without a server: what `route` and `eval` share.

use std::convert::Infallible;
use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures::executor::block_on;

use super::lines::{self, Line};
use crate::config::file::{File, Mode};
use crate::config::{self, load};
use crate::embed::{self, Embedding, Encoder};
use crate::route::classifier::Query;
use crate::route::rule::{Explanation, Routes};
use crate::route::signal::{Guarded, Request};
use crate::route::{Asked, Decision, Lessons, Names, Nowhere, Pace, Reading, Router, Table};

/// A decision, and the text where it was compared.
pub(super) type Decided = (Decision, Option<Embedded>);

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
    backends: Vec<Arc<str>>,
    /// The routes that answer themselves.
    responding: Vec<usize>,
}

// === impl Offline ===

impl Offline {
    /// Loads the config at `path` and its model, and embeds the samples.
    pub(super) fn load(path: &Path) -> anyhow::Result<Arc<Self>> {
        let file = load::load(path)?.file;
        let settings = config::route_settings(&file)?;
        let backends = file.backends.iter().map(|backend| backend.name.as_str().into()).collect();
        let (table, rules, encoder) = if file.router.mode == Mode::Off {
            // Without a sample there is nothing to embed.
            (Table::compile(settings, |_| Vec::<Result<_, Infallible>>::new(), None)?, None, None)
        } else {
            let encoder = encoder(&file)?;
            let table = Table::compile(settings, |samples| encoder.embed_all(samples), None)?;
            (table, config::rules(&file, Some(&encoder))?, Some(encoder))
        };
        if let Some(unjudged) = rules.as_ref().and_then(unjudged) {
            eprintln!("pointsman: rules on {unjudged} are not judged here; ask POST /route of a running router");
        }
        let labelers = config::networks(&file, rules.as_ref(), None)?;
        let table = Arc::new(table);
        // Only texts are asked about, and none names a model.
        let router = Router { names: Names::default(), table: table.clone(), rules, encoder, labelers };
        let routes = file.router.routes.iter().enumerate();
        let responding = routes.filter(|(_, route)| route.respond.is_some()).map(|(index, _)| index).collect();
        Ok(Arc::new(Self { table, router, backends, responding }))
    }

    /// Whether anything is compared, which it is not where routing is off.
    pub(super) fn compares(&self) -> bool {
        self.router.encoder.is_some()
    }

    /// The name of the backend that a decision leads to; none where its route answers itself.
    pub(super) fn backend(&self, decision: &Decision) -> Option<&str> {
        let answers_itself = decision.route.is_some_and(|route| self.responding.contains(&route));
        self.backends.get(decision.backend).map(|name| &**name).filter(|_| !answers_itself)
    }

    /// Decides for one text.
    pub(super) fn decide(&self, text: &str) -> anyhow::Result<Decided> {
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
        (decision, read): &Decided,
        told: impl FnOnce(Option<Explanation<'_>>) -> T,
    ) -> T {
        let lessons = Lessons::of(decision, read.as_ref().map(|read| &read.embedding));
        let reading = Reading::of(text);
        let said = reading.said();
        let asked = asked(&reading, reading.request(Some(text), &said, &Nowhere));
        told(self.router.explain(&asked, decision, &lessons))
    }

    async fn decision(&self, text: &str) -> anyhow::Result<Decided> {
        let reading = Reading::of(text);
        let said = reading.said();
        let asked = asked(&reading, reading.request(Some(text), &said, &Nowhere));
        let decision = self.router.decide(&asked, Pace::Patient).await?;
        if let Some(reason) = decision.degraded {
            anyhow::bail!("a text cannot be judged: {}", reason.as_str());
        }
        let meaning = self.router.meaning_for(&asked, &decision, Pace::Patient).await;
        let read = meaning.map(|meaning| Embedded { text: text.to_owned(), embedding: meaning.embedding });
        Ok((decision, read))
    }
}

/// The signals of the guardrails that rules ask for: here there is nobody to look for what they tell.
fn unjudged(rules: &Routes) -> Option<String> {
    let asked = ["jailbreak", "pii"].into_iter().filter(|signal| rules.wanted().asks(signal));
    Some(asked.collect::<Vec<_>>().join(" and ")).filter(|asked| !asked.is_empty())
}

// === impl Embedded ===

impl Embedded {
    /// As the table takes it.
    pub(super) fn query(&self) -> Query<'_> {
        Query { embedding: &self.embedding, text: &self.text }
    }
}

/// A text alone, as a user's message.
fn asked<'a>(reading: &'a Reading, request: Request<'a>) -> Asked<'a> {
    Asked { request, ahead: reading.ahead(), guarded: Guarded::default(), meaning: None }
}

/// The config's model, on all cores.
fn encoder(file: &File) -> anyhow::Result<Arc<Encoder>> {
    let model = config::load_model(file)?;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    // Only the patient ask here, so neither bound is ever met.
    let windows = file.embedding.windows;
    let settings = embed::Settings { threads, queue: 0, timeout: Duration::ZERO, windows, memo: 0 };
    Ok(Encoder::start(Arc::new(model), settings))
}

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
use crate::route::{Decision, Reason, Table};

/// A decision, and what the text means where it was compared.
pub(super) type Decided = (Decision, Option<Embedding>);

/// A config's routing, ready to decide.
pub(super) struct Offline {
    /// The routes, compiled; without samples where routing is off.
    pub(super) table: Table,
    backends: Vec<Arc<str>>,
    /// None where routing is off.
    encoder: Option<Arc<Encoder>>,
}

// === impl Offline ===

impl Offline {
    /// Loads the config at `path` and its model, and embeds the samples.
    pub(super) fn load(path: &Path) -> anyhow::Result<Arc<Self>> {
        let file = load::load(path)?.file;
        let settings = config::route_settings(&file)?;
        let backends = file.backends.iter().map(|backend| backend.name.as_str().into()).collect();
        if file.router.mode == Mode::Off {
            // Without a sample there is nothing to embed.
            let table = Table::compile(settings, |_| Vec::<Result<_, Infallible>>::new(), None)?;
            return Ok(Arc::new(Self { table, backends, encoder: None }));
        }
        let encoder = encoder(&file)?;
        let table = Table::compile(settings, |samples| encoder.embed_all(samples), None)?;
        Ok(Arc::new(Self { table, backends, encoder: Some(encoder) }))
    }

    /// The name of the backend that a decision leads to.
    pub(super) fn backend(&self, decision: &Decision) -> &str {
        self.backends.get(decision.backend).map_or("?", |name| name)
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

    async fn decision(&self, text: &str) -> anyhow::Result<Decided> {
        let uncompared = |reason| Ok((Decision::uncompared(self.table.default_backend(), reason), None));
        let Some(encoder) = &self.encoder else { return uncompared(Reason::Off) };
        if text.trim().is_empty() {
            return uncompared(Reason::NoText);
        }
        let embedding = encoder.embed_patiently(text).await?;
        Ok((self.table.decide(&embedding), Some(embedding)))
    }
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

//! Routing without a server: what `route` and `eval` share.

use std::convert::Infallible;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use futures::channel::mpsc;
use futures::executor::block_on;
use futures::{FutureExt, SinkExt, Stream, StreamExt};

use crate::config::file::{File, Mode};
use crate::config::{self, load};
use crate::embed::{self, Embedding, Encoder};
use crate::route::{Decision, Reason, Table};

/// A config's routing, ready to decide.
pub(super) struct Offline {
    /// The routes, compiled; without samples where routing is off.
    pub(super) table: Table,
    backends: Vec<Arc<str>>,
    /// None where routing is off.
    encoder: Option<Arc<Encoder>>,
}

/// A line of input that was read and understood, with what a command needs to keep of it.
pub(super) struct Line<T> {
    pub(super) text: String,
    pub(super) rest: T,
}

/// Texts under way at once. Enough to keep every thread busy; what bounds memory.
const AHEAD: usize = 64;

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

    /// Decides for one text. The embedding is there where one was compared.
    pub(super) fn decide(&self, text: &str) -> anyhow::Result<(Decision, Option<Embedding>)> {
        block_on(self.decision(text))
    }

    /// Decides for each line that `parse` makes of `input`, in order, and gives each to `finish`. A line is answered as
    /// soon as it and those before it are decided, though later ones may not have been written yet; at most [`AHEAD`]
    /// are under way. Stops at the first error, which names the line where one is to blame.
    pub(super) fn decide_lines<T: Send + 'static>(
        self: &Arc<Self>,
        input: impl BufRead + Send + 'static,
        output: &mut impl Write,
        parse: fn(&Self, &str) -> anyhow::Result<Line<T>>,
        mut finish: impl FnMut(&mut dyn Write, T, &Decision) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let (send, lines) = mpsc::channel(0);
        let offline = Arc::clone(self);
        // Not joined: after an error here it may wait for input that never comes.
        thread::spawn(move || offline.read_lines(input, parse, send));
        let decide = async |line: anyhow::Result<Line<T>>| {
            let Line { text, rest } = line?;
            anyhow::Ok((rest, self.decision(&text).await?.0))
        };
        let mut decided = pin!(lines.map(decide).buffered(AHEAD));
        while let Some(line) = next(&mut decided, output)? {
            let (rest, decision) = line?;
            finish(output, rest, &decision)?;
        }
        Ok(())
    }

    /// The reading half of [`Self::decide_lines`]; ends with the input, at an error, or when nobody listens any more.
    fn read_lines<T>(
        &self,
        input: impl BufRead,
        parse: fn(&Self, &str) -> anyhow::Result<Line<T>>,
        mut send: mpsc::Sender<anyhow::Result<Line<T>>>,
    ) {
        for (number, line) in (1..).zip(input.lines()) {
            let parsed = line.map_err(Into::into).and_then(|line| match line.trim() {
                "" => Ok(None),
                line => parse(self, line).map(Some),
            });
            let Some(line) = parsed.with_context(|| format!("line {number}")).transpose() else { continue };
            let stop = line.is_err();
            if block_on(send.send(line)).is_err() || stop {
                return;
            }
        }
    }

    async fn decision(&self, text: &str) -> anyhow::Result<(Decision, Option<Embedding>)> {
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

/// The next item, or None after the last. What was written is flushed before a wait: a program that writes a line and
/// reads its answer must not wait for ours to fill a buffer.
fn next<T>(items: &mut (impl Stream<Item = T> + Unpin), output: &mut impl Write) -> io::Result<Option<T>> {
    match items.next().now_or_never() {
        Some(item) => Ok(item),
        None => {
            output.flush()?;
            Ok(block_on(items.next()))
        }
    }
}

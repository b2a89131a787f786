//! Routing without a server: what `route` and `eval` share.

use std::io::{self, BufRead, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use futures::executor::block_on;

use crate::config::file::{File, Mode};
use crate::config::{self, load};
use crate::embed::{self, Embedding, EncodeError, Encoder};
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

/// A text on its way through the encoder, or why it does not take it.
type Begun = Result<Pin<Box<dyn Future<Output = Result<Embedding, EncodeError>> + Send>>, Reason>;

// === impl Offline ===

impl Offline {
    /// Loads the config at `path` and its model, and embeds the samples.
    pub(super) fn load(path: &Path) -> anyhow::Result<Arc<Self>> {
        let file = load::load(path)?.file;
        let settings = config::route_settings(&file)?;
        let backends = file.backends.iter().map(|backend| backend.name.as_str().into()).collect();
        if file.router.mode == Mode::Off {
            let table = Table::compile(settings, |_| Vec::<Result<_, EncodeError>>::new(), None)?;
            return Ok(Arc::new(Self { table, backends, encoder: None }));
        }
        let encoder = encoder(&file)?;
        let embed = |samples: &[&str]| samples.iter().map(|sample| encoder.embed_now(sample)).collect();
        let table = Table::compile(settings, embed, None)?;
        Ok(Arc::new(Self { table, backends, encoder: Some(encoder) }))
    }

    /// The name of the backend that a decision leads to.
    pub(super) fn backend(&self, decision: &Decision) -> &str {
        self.backends.get(decision.backend).map_or("?", |name| name)
    }

    /// Decides for one text. The embedding is there where one was compared.
    pub(super) fn decide(&self, text: &str) -> anyhow::Result<(Decision, Option<Embedding>)> {
        block_on(self.decision(self.begin(text)))
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
        let (send, begun) = mpsc::sync_channel(AHEAD);
        let offline = Arc::clone(self);
        // Not joined: after an error here it may wait for input that never comes.
        thread::spawn(move || offline.begin_lines(input, parse, &send));
        while let Some(line) = next(&begun, output)? {
            let Some((pending, rest)) = line? else { continue };
            let (decision, _) = block_on(self.decision(pending))?;
            finish(output, rest, &decision)?;
        }
        Ok(())
    }

    /// The reading half of [`Self::decide_lines`]; ends with the input, at an error, or when nobody listens any more.
    fn begin_lines<T>(
        &self,
        input: impl BufRead,
        parse: fn(&Self, &str) -> anyhow::Result<Line<T>>,
        send: &mpsc::SyncSender<anyhow::Result<Option<(Begun, T)>>>,
    ) {
        for (number, line) in (1..).zip(input.lines()) {
            let parsed = line.map_err(Into::into).and_then(|line| match line.trim() {
                "" => Ok(None),
                line => parse(self, line).map(Some),
            });
            let begun = parsed
                .map(|line| line.map(|line| (self.begin(&line.text), line.rest)))
                .with_context(|| format!("line {number}"));
            let stop = begun.is_err();
            if send.send(begun).is_err() || stop {
                return;
            }
        }
    }

    /// Hands a text to the encoder, if it is to be compared at all.
    fn begin(&self, text: &str) -> Begun {
        let encoder = self.encoder.as_ref().ok_or(Reason::Off)?;
        if text.trim().is_empty() {
            return Err(Reason::NoText);
        }
        Ok(Box::pin(encoder.embed_patiently(text)))
    }

    async fn decision(&self, begun: Begun) -> anyhow::Result<(Decision, Option<Embedding>)> {
        match begun {
            Ok(pending) => {
                let embedding = pending.await?;
                Ok((self.table.decide(&embedding), Some(embedding)))
            }
            Err(reason) => Ok((Decision::uncompared(self.table.default_backend(), reason), None)),
        }
    }
}

/// The config's model, on all cores.
fn encoder(file: &File) -> anyhow::Result<Arc<Encoder>> {
    let model = config::load_model(file)?;
    let threads = thread::available_parallelism().map_or(1, usize::from);
    // Only the patient ask here, so neither bound is ever met.
    let settings = embed::Settings { threads, queue: 0, timeout: Duration::ZERO };
    Ok(Encoder::start(Arc::new(model), settings))
}

/// The next item, or None after the last. What was written is flushed before a wait: a program that writes a line and
/// reads its answer must not wait for ours to fill a buffer.
fn next<T>(receive: &mpsc::Receiver<T>, output: &mut impl Write) -> io::Result<Option<T>> {
    match receive.try_recv() {
        Ok(item) => Ok(Some(item)),
        Err(mpsc::TryRecvError::Empty) => {
            output.flush()?;
            Ok(receive.recv().ok())
        }
        Err(mpsc::TryRecvError::Disconnected) => Ok(None),
    }
}

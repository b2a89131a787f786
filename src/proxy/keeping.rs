//! An answer on its way to the cache: it is put together as it passes, and kept once it is whole.

use std::sync::Arc;
use std::time::Duration;

use pingora::http::ResponseHeader;

use super::Proxy;
use super::exchange::Exchange;
use crate::cache::{Cache, Caching, Entry, Epoch, Flight, Keys, Millis, audit, halves};
use crate::embed::{Encoder, Meaning};
use crate::guard::mask::Values;
use crate::metrics::Metrics;
use crate::openai::replay;
use crate::relay::{Capture, stored};

/// Answers up to this size are put together while they pass, so that who asks next finds them.
const FINISH_INLINE: usize = 64 << 10;

/// An answer that is being kept.
pub(super) struct Recording {
    cache: Arc<Cache>,
    draft: Draft,
    awaited: Awaited,
    max_answer: usize,
    capture: Option<Capture>,
}

/// Who waits for an answer, and what is to be done with it first.
#[derive(Default)]
pub(super) struct Awaited {
    /// Where others wait for it.
    pub(super) flight: Option<Flight>,
    /// The answer that would have been served instead, to be compared.
    pub(super) audited: Option<Arc<Entry>>,
    /// What was masked in the request, whose placeholders the answer has.
    pub(super) values: Option<Values>,
}

/// All of an entry but its answer.
pub(super) struct Draft {
    pub(super) keys: Keys,
    pub(super) text: String,
    pub(super) embedding: Option<Meaning>,
    pub(super) route: Arc<str>,
    pub(super) backend: Arc<str>,
    pub(super) epoch: Epoch,
    pub(super) ttl: Duration,
}

/// What it takes to keep an answer.
struct Keeping {
    cache: Arc<Cache>,
    template: Entry,
    flight: Option<Flight>,
    audited: Option<(Arc<Entry>, Arc<Encoder>)>,
    values: Option<Values>,
    metrics: Arc<Metrics>,
}

/// A peer's answer begins.
pub(super) fn begin(exchange: &mut Exchange, head: &ResponseHeader) {
    let Some(recording) = &mut exchange.cached.recording else { return };
    recording.capture = Capture::begin(head, recording.max_answer);
    if recording.capture.is_none() {
        // Nobody need wait for what will not be kept.
        recording.awaited.flight = None;
    }
}

/// Follows a chunk of a peer's answer, and keeps the answer once it is whole: before its last bytes are passed on, so that
/// who has them finds it.
pub(super) fn tap(proxy: &Proxy, exchange: &mut Exchange, chunk: &[u8], end: bool) {
    let Some(recording) = &mut exchange.cached.recording else { return };
    let is_over = recording.capture.as_mut().is_some_and(|capture| {
        capture.pass(chunk);
        end || capture.is_complete()
    });
    if is_over && let Some(capture) = recording.capture.take() {
        let Awaited { flight, audited, values } = std::mem::take(&mut recording.awaited);
        let keeping = Keeping {
            cache: recording.cache.clone(),
            template: recording.draft.entry(),
            flight,
            audited: audited.zip(exchange.snapshot.router.encoder.clone()),
            values,
            metrics: proxy.metrics.clone(),
        };
        if capture.bytes() <= FINISH_INLINE {
            keeping.keep(capture.finish());
        } else {
            tokio::task::spawn_blocking(move || keeping.keep(capture.finish()));
        }
    }
}

// === impl Recording ===

impl Recording {
    /// An answer to be kept as `draft` has it.
    pub(super) fn new(caching: &Caching, draft: Draft, awaited: Awaited) -> Self {
        let (cache, max_answer) = (caching.cache.clone(), caching.max_answer);
        Self { cache, draft, awaited, max_answer, capture: None }
    }
}

// === impl Draft ===

impl Draft {
    fn entry(&self) -> Entry {
        let now = Millis::now();
        Entry {
            id: self.keys.id,
            normal: self.keys.normal,
            scope: self.keys.scope,
            text: self.text.as_str().into(),
            embedding: self.embedding.as_ref().map(|meaning| halves(&meaning.embedding)),
            answer: "".into(),
            route: (&*self.route).into(),
            backend: (&*self.backend).into(),
            epoch: self.epoch,
            stored_at: now,
            expires_at: now.after(self.ttl),
        }
    }
}

// === impl Keeping ===

impl Keeping {
    fn keep(self, answer: Option<Box<str>>) {
        // What no other request's values can stand in for is not kept.
        let answer = answer.and_then(|answer| stored(answer, self.values.as_ref()));
        let stored =
            self.metrics.cache_stored.with_label_values(&[if answer.is_some() { "stored" } else { "not-whole" }]);
        stored.inc();
        let Some(answer) = answer else { return };
        // Tools are called with the question's own words: no other question's call will do.
        let embedding = self.template.embedding.filter(|_| !replay::has_tool_calls(&answer));
        let entry = Arc::new(Entry { answer, embedding, ..self.template });
        self.cache.put(entry.clone());
        if let Some((served_else, encoder)) = self.audited {
            tokio::spawn(compare(self.metrics, encoder, served_else, entry.clone()));
        }
        if let Some(flight) = self.flight {
            flight.land(entry);
        }
    }
}

/// Compares the answer that would have been served with the one that was given.
async fn compare(metrics: Arc<Metrics>, encoder: Arc<Encoder>, stored: Arc<Entry>, fresh: Arc<Entry>) {
    let texts = [&stored, &fresh].map(|entry| replay::text(&entry.answer));
    let outcome = match audit::agree(&encoder, texts).await {
        Some(true) => "agree",
        Some(false) => "disagree",
        None => "not-compared",
    };
    metrics.cache_audits.with_label_values(&[outcome]).inc();
}

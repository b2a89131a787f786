//! A request at the guardrails: refused, or served as they leave it.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header;
use pingora::http::ResponseHeader;
use pingora_proxy::Session;
use tracing::warn;

use super::Proxy;
use super::exchange::Exchange;
use super::way::{parse, unless_left};
use crate::embed::Meaning;
use crate::failure::Failure;
use crate::guard::mask::Values;
use crate::guard::settings::Overrides;
use crate::guard::{Finding, Guard, Inspection, OFF, Ruling, Verdict};
use crate::intake::{Endpoint, Pieces, Prompt};
use crate::metrics::{Metrics, observe};
use crate::relay::{Screen, Unmask};
use crate::route::{Decision, Reason};

/// What an exchange has to do with the guardrails.
#[derive(Default)]
pub struct Guarded {
    /// What they made of it as an attempt to override instructions; none where that is not judged.
    pub jailbreak: Option<&'static str>,
    /// What they made of its personal data; none where that is not looked for.
    pub pii: Option<&'static str>,
    /// What was masked, and is given back in the answer.
    pub values: Option<Values>,
    /// How long they looked.
    took: Duration,
    /// The answer on its way back.
    pub(super) unmask: Option<Unmask>,
}

/// A request that the guardrails have looked through and let pass.
pub(super) struct Inspected {
    guard: Arc<Guard>,
    pieces: Arc<Pieces>,
    inspection: Inspection,
    /// What was made of it; nothing yet where its route may have a say in that.
    judged: OnceLock<Judged>,
}

/// What was made of a request that is served.
#[derive(Clone, Copy)]
struct Judged {
    /// The backend that it is sent to for what it is.
    instead: Option<usize>,
    /// Whether its personal data is kept from the models.
    is_masked: bool,
}

/// A request as the guardrails leave it.
pub(super) struct Passed {
    /// With placeholders in personal data's place.
    pub(super) prompt: Prompt,
    /// The body that the cache knows it by.
    pub(super) cached: Bytes,
    /// Whether its text is another now, for the cache.
    pub(super) is_other_text: bool,
}

/// What the metrics call the operator where a model made the data up itself.
const IN_ANSWER: &str = "redact-answer";

/// Has the guardrails look through `prompt`; none where they are off. The outer error is the client, who left; the inner one
/// refuses the request.
pub(super) async fn inspected(
    proxy: &Proxy,
    session: &mut Session,
    exchange: &mut Exchange,
    endpoint: Endpoint,
    prompt: &Prompt,
) -> pingora::Result<Result<Option<Inspected>, Failure>> {
    let Some(guard) = exchange.snapshot.guard.clone() else { return Ok(Ok(None)) };
    let begun = Instant::now();
    let pieces = match parse(prompt.body().clone(), move |body| Pieces::read(endpoint, &body)).await {
        Ok(pieces) => Arc::new(pieces),
        Err(failure) => return Ok(Err(failure)),
    };
    let inspection = unless_left(session, guard.inspect(&pieces)).await?;
    exchange.guarded.took = begun.elapsed();
    let inspected = Inspected { guard, pieces, inspection, judged: OnceLock::new() };
    // An attack is refused at once, unless its route may have a say in it.
    if !exchange.snapshot.is_judged_by_route()
        && let Err(failure) = inspected.judge(proxy, exchange, Overrides::default())
    {
        return Ok(Err(failure));
    }
    Ok(Ok(Some(inspected)))
}

/// Judges what has not been judged yet, as the chosen route has it, and sends attacks where they are to go.
pub(super) fn judged(
    proxy: &Proxy,
    exchange: &mut Exchange,
    inspected: Option<&Inspected>,
    decision: &mut Decision,
) -> Result<(), Failure> {
    let Some(inspected) = inspected else { return Ok(()) };
    if inspected.judged.get().is_none() {
        let overrides = exchange.snapshot.policy(decision).map(|policy| policy.guard).unwrap_or_default();
        inspected.judge(proxy, exchange, overrides)?;
    }
    if let Some(backend) = inspected.judged.get().and_then(|judged| judged.instead) {
        *decision = Decision::uncompared(backend, Reason::Guardrail);
    }
    Ok(())
}

/// The request with its personal data masked, as far as the guardrails looked through it.
pub(super) async fn masked(
    proxy: &Proxy,
    exchange: &mut Exchange,
    endpoint: Endpoint,
    prompt: Prompt,
    inspected: Option<Inspected>,
) -> Result<Passed, Failure> {
    let Some(Inspected { guard, pieces, inspection, judged }) = inspected else {
        return Ok(Passed::as_it_came(prompt));
    };
    if judged.get().is_some_and(|judged| !judged.is_masked) {
        return Ok(Passed::as_it_came(prompt));
    }
    let begun = Instant::now();
    let tenant = exchange.client.as_ref().map_or("", |client| &client.tenant);
    let masking = guard.mask(&pieces, inspection.findings, tenant, prompt.body()).await.map_err(|gap| {
        exchange.degrade(&proxy.metrics, gap.as_str());
        Failure::from(gap)
    })?;
    let passed = match masking {
        None => Passed::as_it_came(prompt),
        Some(masking) => {
            let prompt = parse(masking.upstream, move |body| Prompt::parse(endpoint, body)).await?;
            exchange.guarded.values = masking.values;
            Passed { prompt, cached: masking.cached, is_other_text: masking.is_other_text }
        }
    };
    observe(&proxy.metrics.guard_seconds, exchange.guarded.took + begun.elapsed());
    Ok(passed)
}

fn count(metrics: &Metrics, guard: &Guard, inspection: &Inspection, guarded: &Guarded) {
    for (guardrail, verdict) in [("jailbreak", guarded.jailbreak), ("pii", guarded.pii)] {
        if let Some(verdict) = verdict {
            metrics.guard_verdicts.with_label_values(&[guardrail, verdict]).inc();
        }
    }
    let Some(pii) = guard.settings().pii.as_ref().filter(|_| guarded.pii != Some(OFF)) else { return };
    for Finding { entity, .. } in inspection.findings.iter().flatten() {
        if let Some(operator) = pii.operators.get(entity) {
            metrics.guard_entities.with_label_values(&[entity.name(), operator.as_str()]).inc();
        }
    }
}

/// A peer's answer begins.
pub(super) fn begin(exchange: &mut Exchange, head: &ResponseHeader) {
    let screen = exchange.screen();
    if exchange.guarded.values.is_none() && screen.is_none() {
        return;
    }
    let Values { ledger, said } = exchange.guarded.values.clone().unwrap_or_default();
    let is_coded = head.headers.get_all(header::CONTENT_ENCODING).iter().any(|coding| coding != "identity");
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.filter(|_| !is_coded).unwrap_or_default();
    exchange.guarded.unmask = Some(Unmask::begin(kind, ledger, said, screen));
}

/// Gives values back in a chunk of a peer's answer.
pub(super) fn give_back(metrics: &Metrics, exchange: &mut Exchange, chunk: &mut Option<Bytes>, end: bool) {
    let Some(unmask) = &mut exchange.guarded.unmask else { return };
    if chunk.is_some() || end {
        let passed = unmask.pass(&chunk.take().unwrap_or_default(), end);
        *chunk = Some(passed).filter(|passed| end || !passed.is_empty());
    }
    if !end {
        return;
    }
    for (entity, count) in unmask.redacted() {
        metrics.guard_entities.with_label_values(&[entity.name(), IN_ANSWER]).inc_by(count);
    }
    if unmask.unrestored() {
        warn!(request_id = &*exchange.id, "An answer could not be read, and may hold placeholders");
    }
}

// === impl Exchange ===

impl Exchange {
    /// What keeps personal data that a model makes up from the client. What is handed on unguarded, or by a route that keeps
    /// none from its models, is not looked into on its way back either.
    pub(super) fn screen(&self) -> Option<Arc<Screen>> {
        self.snapshot.screen.clone().filter(|_| self.guarded.pii.is_some_and(|pii| pii != OFF))
    }
}

// === impl Inspected ===

impl Inspected {
    /// Judges it, and refuses it where that comes out of it.
    fn judge(&self, proxy: &Proxy, exchange: &mut Exchange, overrides: Overrides) -> Result<(), Failure> {
        let begun = Instant::now();
        let Self { guard, inspection, .. } = self;
        let Ruling { verdict, overrides, jailbreak, pii } = guard.rule(inspection, overrides);
        (exchange.guarded.jailbreak, exchange.guarded.pii) = (jailbreak, pii);
        count(&proxy.metrics, guard, inspection, &exchange.guarded);
        if let Some(gap) = inspection.gap {
            exchange.degrade(&proxy.metrics, gap.as_str());
        }
        exchange.guarded.took += begun.elapsed();
        match verdict {
            Verdict::Attack(failure) | Verdict::Personal(failure) => Err(failure),
            Verdict::Unjudged(failure) => {
                let why = exchange.degraded.told();
                warn!(
                    request_id = &*exchange.id,
                    why = why.as_deref(),
                    "The guardrails cannot judge a request; it is refused"
                );
                Err(failure)
            }
            Verdict::Serve { instead, .. } => {
                self.judged.get_or_init(|| Judged { instead, is_masked: overrides.pii });
                Ok(())
            }
        }
    }

    /// What the text that the request is routed by means, where the encoder read it; given once.
    pub(super) fn take_meaning(&mut self) -> Option<Meaning> {
        self.inspection.meaning.take()
    }

    /// What was found.
    pub(super) fn inspection(&self) -> &Inspection {
        &self.inspection
    }
}

// === impl Passed ===

impl Passed {
    fn as_it_came(prompt: Prompt) -> Self {
        let cached = prompt.body().clone();
        Self { prompt, cached, is_other_text: false }
    }
}

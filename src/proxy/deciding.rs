//! A request at the router: its route and its backend.

use http::HeaderValue;
use http::uri::Authority;
use pingora_proxy::Session;

use super::Proxy;
use super::around::Around;
use super::exchange::Exchange;
use super::guarding::{self, Inspected};
use super::headers;
use super::way::unless_left;
use crate::config::Snapshot;
use crate::failure::Failure;
use crate::guard::Inspection;
use crate::intake::Prompt;
use crate::route::action::reasoning::Reasoning;
use crate::route::classifier::Query;
use crate::route::signal::{Guarded, Request};
use crate::route::{self, Asked, Decision, Lessons, Pace, Policy, Reading, UnknownModel};

/// Decides where a prompt goes, of which that was read which rules ask for. The outer error is the client, who left; the inner
/// one refuses the request.
pub(super) async fn decided(
    proxy: &Proxy,
    session: &mut Session,
    exchange: &mut Exchange,
    (prompt, reading): (&Prompt, &Reading),
    mut inspected: Option<&mut Inspected>,
) -> pingora::Result<Result<Decision, Failure>> {
    let (snapshot, client) = (exchange.snapshot.clone(), exchange.client.clone());
    let meaning = inspected.as_mut().and_then(|inspected| inspected.take_meaning());
    let inspection = inspected.as_deref().map(Inspected::inspection);
    let kinds = inspection.and_then(Inspection::kinds);
    let guarded = Guarded::of(inspection, kinds.as_deref());
    let head = session.req_header();
    let around = Around::new(&snapshot, &head.headers, head.uri.authority().map(Authority::as_str));
    let said = reading.said();
    let request = Request {
        model: prompt.model.as_deref(),
        tenant: client.as_ref().map(|client| &*client.tenant),
        key: client.as_ref().and_then(|client| client.key.as_deref()),
        stream: prompt.stream,
        ..reading.request(prompt.text.as_deref(), &said, &around)
    };
    let asked = Asked { request, ahead: reading.ahead(), guarded, meaning };
    let deciding = snapshot.router.decide(&asked, Pace::Request(&proxy.metrics));
    let mut decision = match unless_left(session, deciding).await? {
        Ok(decision) => decision,
        Err(UnknownModel) => return Ok(Err(unknown(&snapshot, prompt.model.as_deref().unwrap_or_default()))),
    };
    let judged = guarding::judged(proxy, exchange, inspected.as_deref(), &mut decision);
    // After what the guardrails could not judge: they looked first.
    decision.degraded.iter().for_each(|reason| exchange.degrade(&proxy.metrics, reason));
    if let Err(failure) = judged {
        return Ok(Err(failure));
    }
    if let Some(contrast) = snapshot.contrast.as_ref().filter(|_| thinks_by_complexity(&snapshot, &decision)) {
        let meaning = snapshot.router.try_meaning_for(&asked, &decision, Pace::Request(&proxy.metrics));
        decision.meaning = match unless_left(session, meaning).await? {
            Ok(meaning) => meaning,
            Err(reason) => {
                reason.disorder().into_iter().for_each(|reason| exchange.degrade(&proxy.metrics, reason));
                None
            }
        };
        let complexity = decision.meaning.as_ref().and_then(|meaning| contrast.of(&meaning.embedding));
        exchange.complexity = complexity.map(|complexity| complexity as f32);
    }
    let label = snapshot.route_label(&decision);
    proxy.metrics.decisions.with_label_values(&[&**label, decision.reason.as_str()]).inc();
    if headers::wants_explanation(&session.req_header().headers, client.as_ref()) {
        exchange.explained = explained(&snapshot, &asked, &decision);
    }
    Ok(Ok(decision))
}

/// Whether the chosen route has its models think by how complex the prompt is.
fn thinks_by_complexity(snapshot: &Snapshot, decision: &Decision) -> bool {
    let actions = snapshot.policy(decision).and_then(|policy| policy.body.as_ref());
    actions.and_then(|actions| actions.reasoning.as_ref()).is_some_and(Reasoning::is_auto)
}

/// Why the request goes where it goes, for the answer's head.
fn explained(snapshot: &Snapshot, asked: &Asked<'_>, decision: &Decision) -> Option<HeaderValue> {
    let router = &snapshot.router;
    let meant = decision.meaning.as_ref().map(|meaning| &meaning.embedding);
    let query = meant.map(|embedding| Query { embedding, text: asked.request.text });
    let lessons = Lessons::of(decision, meant);
    let rules = router.explain(asked, decision, &lessons);
    let answers_itself = snapshot.policy(decision).is_some_and(Policy::answers_itself);
    let backend = Some(&*snapshot.backends[decision.backend].settings.name).filter(|_| !answers_itself);
    HeaderValue::try_from(route::brief(&router.table, decision, query.as_ref(), backend, rules.as_ref())).ok()
}

/// A model that takes no prompts.
fn unknown(snapshot: &Snapshot, model: &str) -> Failure {
    match &snapshot.embeddings {
        Some(service) if service.is_called(model) => Failure::model(model, "serves /v1/embeddings alone"),
        _ => Failure::unknown_model(model),
    }
}

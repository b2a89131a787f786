//! A request at the router: its route and its backend.

use pingora_proxy::Session;

use super::Proxy;
use super::exchange::Exchange;
use super::guarding::Inspected;
use super::way::unless_left;
use crate::config::Snapshot;
use crate::failure::Failure;
use crate::intake::Prompt;
use crate::route::{self, Decision, UnknownModel};

/// Decides where `prompt` goes. The outer error is the client, who left; the inner one refuses the request.
pub(super) async fn decided(
    proxy: &Proxy,
    session: &mut Session,
    exchange: &mut Exchange,
    prompt: &Prompt,
    mut inspected: Option<&mut Inspected>,
) -> pingora::Result<Result<Decision, Failure>> {
    let snapshot = exchange.snapshot.clone();
    let model = prompt.model.as_deref();
    let meaning = inspected.as_mut().and_then(|inspected| inspected.take_meaning());
    let deciding = snapshot.router.decide(model, prompt.text.as_deref(), meaning, &proxy.metrics);
    let mut decision = match unless_left(session, deciding).await? {
        Ok(decision) => decision,
        Err(UnknownModel) => return Ok(Err(unknown(&snapshot, model.unwrap_or_default()))),
    };
    if let Some(backend) = inspected.and_then(|inspected| inspected.instead) {
        decision = Decision::uncompared(backend, route::Reason::Guardrail);
    }
    if decision.reason.is_degraded() {
        exchange.degraded = Some(decision.reason.as_str());
    }
    Ok(Ok(decision))
}

/// A model that takes no prompts.
fn unknown(snapshot: &Snapshot, model: &str) -> Failure {
    match &snapshot.embeddings {
        Some(service) if service.is_called(model) => Failure::model(model, "serves /v1/embeddings alone"),
        _ => Failure::unknown_model(model),
    }
}

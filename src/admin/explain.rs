//! `POST /route`: why a prompt would go where it goes, decided by the config in force. Nothing is sent to a backend.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::Shared;
use crate::config::Snapshot;
use crate::embed::Embedding;
use crate::failure::{Failure, Reason};
use crate::guard::{Inspection, Ruling, Verdict, report};
use crate::intake::{Endpoint, Pieces, Prompt, body, json};
use crate::openai;
use crate::proxy::Around;
use crate::route::action::reasoning::Outcome;
use crate::route::action::{self, Addressee};
use crate::route::signal::{Guarded, Request};
use crate::route::{
    Asked, Decision, Explanation, Handling, Lessons, Pace, Policy, Reading, Router, UnknownModel, classifier,
};
use crate::upstream::Backend;

/// What tells the forms of a question apart: `{"text": …}`, a chat's body, or a completion's.
#[derive(Deserialize)]
struct Question {
    text: Option<String>,
    messages: Option<IgnoredAny>,
    prompt: Option<IgnoredAny>,
}

/// Whose request it would be.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Whose {
    tenant: Option<String>,
    key: Option<String>,
}

/// A decision, and for which model.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    decision: Explanation<'a>,
    model: &'a str,
    /// What the guardrails find, and what becomes of the request by it; none where they are off.
    #[serde(skip_serializing_if = "Option::is_none")]
    guard: Option<report::Explanation<'a>>,
}

/// What is asked about.
struct Asking {
    prompt: Prompt,
    /// What rules ask for.
    reading: Reading,
    pieces: Pieces,
}

pub(super) async fn explain(
    State(shared): State<Arc<Shared>>,
    Query(whose): Query<Whose>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (status, body) = match answer(&shared, &whose, &headers, body).await {
        Ok(explanation) => (200, explanation),
        Err(failure) => (failure.reason.status(), openai::error::body(&failure)),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn answer(shared: &Shared, whose: &Whose, headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Failure> {
    let snapshot = shared.live.snapshot();
    let limits = &snapshot.limits;
    let body = to_bytes(body, limits.body_size).await.map_err(|_| body::too_large(limits))?;
    let reader = snapshot.clone();
    // Who waits for the listener's other answers need not wait for a long body to be read.
    let read = spawn_blocking(move || read(&reader.router, body)).await;
    let Asking { prompt, reading, pieces } = read.unwrap_or_else(|_| Err(Failure::internal()))?;
    let pieces = Arc::new(pieces);
    let mut inspection = match &snapshot.guard {
        Some(guard) => Some(guard.inspect(&pieces).await),
        None => None,
    };
    let meaning = inspection.as_mut().and_then(|inspection| inspection.meaning.take());
    let kinds = inspection.as_ref().and_then(Inspection::kinds);
    let guarded = Guarded::of(inspection.as_ref(), kinds.as_deref());
    let (around, said, model) = (Around::new(&snapshot, headers, None), reading.said(), prompt.model.as_deref());
    let request = Request {
        model,
        tenant: whose.tenant.as_deref(),
        key: whose.key.as_deref(),
        stream: prompt.stream,
        ..reading.request(prompt.text.as_deref(), &said, &around)
    };
    let asked = Asked { request, ahead: reading.ahead(), guarded, meaning };
    let (router, pace) = (&snapshot.router, Pace::Request(&shared.metrics));
    let decided = router.decide(&asked, pace).await;
    let decision = decided.map_err(|UnknownModel| Failure::unknown_model(model.unwrap_or_default()))?;
    let meaning = router.meaning_for(&asked, &decision, pace).await;
    let meant = meaning.as_ref().map(|meaning| &meaning.embedding);
    let query = meant.map(|embedding| classifier::Query { embedding, text: asked.request.text });
    let lessons = Lessons::of(&decision, meant);
    let (backend, policy) = (&snapshot.backends[decision.backend], snapshot.policy(&decision));
    let answers_itself = policy.is_some_and(Policy::answers_itself);
    let serving = Some(&*backend.settings.name).filter(|_| !answers_itself);
    let overrides = policy.map(|policy| policy.guard).unwrap_or_default();
    let judged = snapshot.guard.as_ref().zip(inspection.as_ref());
    let judged = judged.map(|(guard, inspection)| (inspection, guard.rule(inspection, overrides)));
    let ruling = judged.as_ref().map(|(_, ruling)| ruling);
    let answer = Answer {
        decision: Explanation::new(&router.table, &decision, query.as_ref(), serving)
            .with_handling(handling(&snapshot, &decision, &prompt, meant, ruling).await)
            .with_rules(router.explain(&asked, &decision, &lessons)),
        model: &backend.settings.model,
        guard: judged.as_ref().map(|(inspection, ruling)| {
            report::Explanation::of(&pieces, inspection, ruling, |index| name(&snapshot, index))
        }),
    };
    serde_json::to_vec(&answer).map_err(|error| Failure::new(Reason::Internal, error.to_string()))
}

/// What the chosen route does with `prompt`, which means what was `meant`; none where none was chosen, or where the guardrails
/// refuse the request or send it elsewhere.
async fn handling<'a>(
    snapshot: &'a Snapshot,
    decision: &Decision,
    prompt: &Prompt,
    meant: Option<&Embedding>,
    ruling: Option<&Ruling>,
) -> Option<Handling<'a>> {
    if ruling.is_some_and(|ruling| !matches!(ruling.verdict, Verdict::Serve { instead: None, .. })) {
        return None;
    }
    let policy = snapshot.policy(decision)?;
    let complexity = snapshot.contrast.as_ref().zip(meant).and_then(|(contrast, meant)| contrast.of(meant));
    let complexity = complexity.map(|complexity| complexity as f32);
    let reasoning = reasoning(policy, prompt, &snapshot.backends[decision.backend], complexity).await;
    Some(Handling::of(policy, prompt.endpoint, reasoning, |index| name(snapshot, index)))
}

/// What becomes of the reasoning in `prompt`, as complex as that, at `backend`; none where the route says nothing of it, or the
/// body cannot be changed as it has it.
async fn reasoning(
    policy: &Policy,
    prompt: &Prompt,
    backend: &Arc<Backend>,
    complexity: Option<f32>,
) -> Option<Outcome> {
    let actions = policy.body.clone().filter(|body| body.reasoning.is_some())?;
    let (prompt, backend) = (prompt.clone(), backend.clone());
    let applied = spawn_blocking(move || {
        let request = action::Request { endpoint: prompt.endpoint, complexity };
        let settings = &backend.settings;
        let to = Addressee { model: &settings.model, family: settings.family.as_ref(), priority: None };
        actions.apply(json::text(prompt.body())?, request, to).map(|(_, outcome)| outcome)
    });
    applied.await.ok()?.ok()?
}

/// The name of the backend at this index.
fn name(snapshot: &Snapshot, index: usize) -> Option<&str> {
    snapshot.backends.get(index).map(|backend| &*backend.settings.name)
}

fn read(router: &Router, body: Bytes) -> Result<Asking, Failure> {
    let unasked =
        || Failure::new(Reason::InvalidRequest, "ask with a \"text\", with \"messages\" or with a \"prompt\"");
    let (endpoint, body, pieces) = match serde_json::from_slice(&body) {
        Ok(Question { text: Some(text), .. }) => {
            let chat = serde_json::json!({ "messages": [{ "role": "user", "content": text }] });
            (Endpoint::Chat, chat.to_string().into(), Pieces::of(text))
        }
        Ok(Question { messages: Some(_), .. }) => {
            let pieces = Pieces::read(Endpoint::Chat, &body)?;
            (Endpoint::Chat, body, pieces)
        }
        Ok(Question { prompt: Some(_), .. }) => {
            let pieces = Pieces::read(Endpoint::Completions, &body)?;
            (Endpoint::Completions, body, pieces)
        }
        Ok(_) => return Err(unasked()),
        // Intake's parser has better words for what is wrong, unless it is the text, which it does not know.
        Err(_) => return Prompt::parse(Endpoint::Completions, body).and(Err(unasked())),
    };
    let prompt = Prompt::parse(endpoint, body)?;
    let reading = router.read(endpoint, &prompt, true)?;
    Ok(Asking { prompt, reading, pieces })
}

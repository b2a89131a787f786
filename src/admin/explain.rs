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
use crate::failure::{Failure, Reason};
use crate::guard::{Inspection, report};
use crate::intake::{Endpoint, Pieces, Prompt, body};
use crate::openai;
use crate::proxy::Around;
use crate::route::signal::{Guarded, Request};
use crate::route::{Asked, Explanation, Lessons, Pace, Reading, Router, UnknownModel, classifier};

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
    /// What the guardrails find; none where they are off.
    #[serde(skip_serializing_if = "Option::is_none")]
    guard: Option<report::Explanation>,
}

/// What is asked about.
struct Asking {
    model: Option<String>,
    /// What it is routed by.
    text: Option<String>,
    stream: bool,
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
    let Asking { model, text, stream, reading, pieces } = read.unwrap_or_else(|_| Err(Failure::internal()))?;
    let pieces = Arc::new(pieces);
    let mut inspection = match &snapshot.guard {
        Some(guard) => Some(guard.inspect(&pieces).await),
        None => None,
    };
    let meaning = inspection.as_mut().and_then(|inspection| inspection.meaning.take());
    let kinds = inspection.as_ref().and_then(Inspection::kinds);
    let guarded = Guarded { jailbreak: inspection.as_ref().and_then(Inspection::attack), pii: kinds.as_deref() };
    let (around, said) = (Around::new(&snapshot, headers), reading.said());
    let request = Request {
        model: model.as_deref(),
        tenant: whose.tenant.as_deref(),
        key: whose.key.as_deref(),
        stream,
        ..reading.request(text.as_deref(), &said, &around)
    };
    let asked = Asked { request, ahead: reading.ahead(), guarded, meaning };
    let (router, pace) = (&snapshot.router, Pace::Request(&shared.metrics));
    let decided = router.decide(&asked, pace).await;
    let decision = decided.map_err(|UnknownModel| Failure::unknown_model(model.as_deref().unwrap_or_default()))?;
    let meaning = router.meaning_for(&asked, &decision, pace).await;
    let meant = meaning.as_ref().map(|meaning| &meaning.embedding);
    let query = meant.map(|embedding| classifier::Query { embedding, text: asked.request.text });
    let lessons = Lessons::of(&decision, meant);
    let backend = &snapshot.backends[decision.backend].settings;
    let answers_itself = snapshot.policy(&decision).is_some_and(|policy| policy.respond.is_some());
    let serving = Some(&*backend.name).filter(|_| !answers_itself);
    let answer = Answer {
        decision: Explanation::new(&router.table, &decision, query.as_ref(), serving)
            .with_rules(router.explain(&asked, &decision, &lessons)),
        model: &backend.model,
        guard: inspection.as_ref().map(|inspection| report::Explanation::of(&pieces, inspection)),
    };
    serde_json::to_vec(&answer).map_err(|error| Failure::new(Reason::Internal, error.to_string()))
}

fn read(router: &Router, body: Bytes) -> Result<Asking, Failure> {
    let unasked =
        || Failure::new(Reason::InvalidRequest, "ask with a \"text\", with \"messages\" or with a \"prompt\"");
    let endpoint = match serde_json::from_slice(&body) {
        Ok(Question { text: Some(text), .. }) => {
            let (reading, pieces) = (router.read_text(&text), Pieces::of(text.clone()));
            return Ok(Asking { model: None, text: Some(text), stream: false, reading, pieces });
        }
        Ok(Question { messages: Some(_), .. }) => Endpoint::Chat,
        Ok(Question { prompt: Some(_), .. }) => Endpoint::Completions,
        Ok(_) => return Err(unasked()),
        // Intake's parser has better words for what is wrong, unless it is the text, which it does not know.
        Err(_) => return Prompt::parse(Endpoint::Completions, body).and(Err(unasked())),
    };
    let pieces = Pieces::read(endpoint, &body)?;
    let prompt = Prompt::parse(endpoint, body)?;
    let reading = router.read(endpoint, &prompt, true)?;
    Ok(Asking { model: prompt.model, text: prompt.text, stream: prompt.stream, reading, pieces })
}

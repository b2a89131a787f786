//! `POST /route`: why a prompt would go where it goes, decided by the config in force. Nothing is sent to a backend.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::Shared;
use crate::failure::{Failure, Reason};
use crate::guard::report;
use crate::intake::{Endpoint, Pieces, Prompt, body};
use crate::openai;
use crate::route::{Explanation, UnknownModel};

/// What tells the forms of a question apart: `{"text": …}`, a chat's body, or a completion's.
#[derive(Deserialize)]
struct Question {
    text: Option<String>,
    messages: Option<IgnoredAny>,
    prompt: Option<IgnoredAny>,
}

/// A decision, with why and for which model.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    decision: Explanation<'a>,
    reason: &'static str,
    model: &'a str,
    /// What the guardrails find; none where they are off.
    #[serde(skip_serializing_if = "Option::is_none")]
    guard: Option<report::Explanation>,
}

/// What is asked about.
struct Asked {
    model: Option<String>,
    /// What it is routed by.
    text: Option<String>,
    pieces: Pieces,
}

pub(super) async fn explain(State(shared): State<Arc<Shared>>, body: Body) -> Response {
    let (status, body) = match answer(&shared, body).await {
        Ok(explanation) => (200, explanation),
        Err(failure) => (failure.reason.status(), openai::error::body(&failure)),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn answer(shared: &Shared, body: Body) -> Result<Vec<u8>, Failure> {
    let snapshot = shared.live.snapshot();
    let limits = &snapshot.limits;
    let body = to_bytes(body, limits.body_size).await.map_err(|_| body::too_large(limits))?;
    let Asked { model, text, pieces } = read(body)?;
    let pieces = Arc::new(pieces);
    let inspection = match &snapshot.guard {
        Some(guard) => Some(guard.inspect(&pieces).await),
        None => None,
    };
    let guard = inspection.as_ref().map(|inspection| report::Explanation::of(&pieces, inspection));
    let meaning = inspection.and_then(|inspection| inspection.meaning);
    let model = model.as_deref();
    let decided = snapshot.router.decide(model, text.as_deref(), meaning, &shared.metrics).await;
    let decision = decided.map_err(|UnknownModel| Failure::unknown_model(model.unwrap_or_default()))?;
    let backend = &snapshot.backends[decision.backend].settings;
    let meant = decision.meaning.as_ref().map(|meaning| &meaning.embedding);
    let answer = Answer {
        decision: Explanation::new(&snapshot.router.table, &decision, meant, &backend.name),
        reason: decision.reason.as_str(),
        model: &backend.model,
        guard,
    };
    serde_json::to_vec(&answer).map_err(|error| Failure::new(Reason::Internal, error.to_string()))
}

fn read(body: Bytes) -> Result<Asked, Failure> {
    let unasked =
        || Failure::new(Reason::InvalidRequest, "ask with a \"text\", with \"messages\" or with a \"prompt\"");
    let endpoint = match serde_json::from_slice(&body) {
        Ok(Question { text: Some(text), .. }) => {
            return Ok(Asked { model: None, text: Some(text.clone()), pieces: Pieces::of(text) });
        }
        Ok(Question { messages: Some(_), .. }) => Endpoint::Chat,
        Ok(Question { prompt: Some(_), .. }) => Endpoint::Completions,
        Ok(_) => return Err(unasked()),
        // Intake's parser has better words for what is wrong, unless it is the text, which it does not know.
        Err(_) => return Prompt::parse(Endpoint::Completions, body).and(Err(unasked())),
    };
    let pieces = Pieces::read(endpoint, &body)?;
    Prompt::parse(endpoint, body).map(|prompt| Asked { model: prompt.model, text: prompt.text, pieces })
}

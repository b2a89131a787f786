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
use crate::intake::{Endpoint, Prompt, body};
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
    let (model, text) = read(body)?;
    let model = model.as_deref();
    let decided = snapshot.router.decide(model, text.as_deref(), &shared.metrics).await;
    let decision = decided.map_err(|UnknownModel| Failure::unknown_model(model.unwrap_or_default()))?;
    let backend = &snapshot.backends[decision.backend].settings;
    let answer = Answer {
        decision: Explanation::new(&snapshot.router.table, &decision, &backend.name),
        reason: decision.reason.as_str(),
        model: &backend.model,
    };
    serde_json::to_vec(&answer).map_err(|error| Failure::new(Reason::Internal, error.to_string()))
}

/// The model that a question names and the text that it asks about.
fn read(body: Bytes) -> Result<(Option<String>, Option<String>), Failure> {
    let unasked =
        || Failure::new(Reason::InvalidRequest, "ask with a \"text\", with \"messages\" or with a \"prompt\"");
    let endpoint = match serde_json::from_slice(&body) {
        Ok(Question { text: Some(text), .. }) => return Ok((None, Some(text))),
        Ok(Question { messages: Some(_), .. }) => Endpoint::Chat,
        Ok(Question { prompt: Some(_), .. }) => Endpoint::Completions,
        Ok(_) => return Err(unasked()),
        // Intake's parser has better words for what is wrong, unless it is the text, which it does not know.
        Err(_) => return Prompt::parse(Endpoint::Completions, body).and(Err(unasked())),
    };
    Prompt::parse(endpoint, body).map(|prompt| (prompt.model, prompt.text))
}

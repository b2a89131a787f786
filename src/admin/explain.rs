//! `POST /route`: why a prompt would go where it goes, decided by the config in force. Nothing is sent to a backend.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::Shared;
use crate::failure::{Failure, Reason};
use crate::intake::{Endpoint, Prompt};
use crate::openai;
use crate::route::{Explanation, UnknownModel};

/// What tells the forms of a question apart: `{"text": …}`, a chat's body, or a completion's.
#[derive(Deserialize)]
struct Question {
    text: Option<String>,
    messages: Option<IgnoredAny>,
}

/// A decision, with why and for which model.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    decision: Explanation<'a>,
    reason: &'static str,
    model: &'a str,
}

pub(super) async fn explain(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let (status, body) = match answer(&shared, body).await {
        Ok(explanation) => (200, explanation),
        Err(failure) => (failure.reason.status(), openai::error::body(&failure)),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn answer(shared: &Shared, body: Bytes) -> Result<Vec<u8>, Failure> {
    let snapshot = shared.live.snapshot();
    let (model, text) = read(body)?;
    let decided = snapshot.router.decide(model.as_deref(), text.as_deref(), &shared.metrics).await;
    let decision = decided.map_err(|UnknownModel| Failure::new(Reason::UnknownModel, "the model is not known here"))?;
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
    let endpoint = match serde_json::from_slice::<Question>(&body) {
        Ok(Question { text: Some(text), .. }) => return Ok((None, Some(text))),
        Ok(Question { messages: Some(_), .. }) => Endpoint::Chat,
        _ => Endpoint::Completions,
    };
    Prompt::parse(endpoint, body).map(|prompt| (prompt.model, prompt.text))
}

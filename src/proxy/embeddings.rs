//! `/v1/embeddings`: texts become vectors by the router's own encoder; no backend is asked.

use std::time::Duration;

use pingora_proxy::Session;

use super::answer::Answer;
use super::exchange::Exchange;
use super::way::{Next, parse, unless_left};
use crate::config::Snapshot;
use crate::embed::{EncodeError, Reading, Service};
use crate::failure::{Failure, Reason};
use crate::intake::{self, Texts};
use crate::openai;
use crate::openai::embeddings::Format;
use crate::record::Embedded;
use crate::route::Named;

/// intake → encoder → answer.
pub(super) async fn embedded(session: &mut Session, exchange: &mut Exchange) -> Result<Next, Failure> {
    let snapshot = exchange.snapshot.clone();
    let Some(service) = &snapshot.embeddings else {
        let message = "embeddings are not served here: they need router.mode: semantic";
        return Err(Failure::new(Reason::UnknownPath, message));
    };
    let body = intake::body::read(session, &snapshot.limits).await?;
    exchange.timing.received();
    let dimensions = service.dimensions();
    let Texts { model, texts, format } = parse(body, move |body| Texts::parse(&body, dimensions)).await?;
    if !service.is_called(&model) {
        return Err(not_served(&snapshot, &model, service.name()));
    }
    let readings = match unless_left(session, service.read(texts)).await {
        Ok(readings) => readings.map_err(explain)?,
        Err(left) => return Ok(Next::Leave(left)),
    };
    let tokens = readings.iter().map(|reading| reading.tokens).sum();
    exchange.embedded = Some(Embedded { texts: readings.len(), tokens });
    written(service, readings, tokens, format).await.map(Next::Answer)
}

/// The answer, made on a thread where that blocks nobody: a long list is megabytes.
async fn written(service: &Service, readings: Vec<Reading>, tokens: usize, format: Format) -> Result<Answer, Failure> {
    let model = service.name().clone();
    let writing = tokio::task::spawn_blocking(move || {
        let vectors = readings.iter().map(|reading| &*reading.embedding);
        openai::embeddings::list(&model, vectors, tokens, format)
    });
    match writing.await {
        Ok(Ok(list)) => Ok(Answer::json(200, list)),
        _ => Err(Failure::internal()),
    }
}

/// A model that does not serve here, though it may elsewhere.
fn not_served(snapshot: &Snapshot, model: &str, served: &str) -> Failure {
    match snapshot.router.names.find(model) {
        Named::Nobody => Failure::unknown_model(model),
        Named::Alias | Named::Backend(_) => {
            Failure::model(model, &format!("gives no embeddings here; \"{served}\" does"))
        }
    }
}

fn explain(error: EncodeError) -> Failure {
    match error {
        EncodeError::Busy => Failure::new(Reason::Overloaded, "too many texts wait to be embedded; try again")
            .retry_after(Duration::from_secs(1)),
        EncodeError::Timeout | EncodeError::Failed => Failure::internal(),
    }
}

//! A route that answers itself.

use bytes::Bytes;
use serde::Deserialize;

use super::answer::Answer;
use super::exchange::Exchange;
use super::way::parse;
use crate::failure::Failure;
use crate::intake::{Endpoint, Prompt};
use crate::openai::answer::Kind;
use crate::openai::replay::Fresh;
use crate::route::Decision;
use crate::route::action::respond::{Asked, Rendered};

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    stream_options: Option<StreamOptions>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

/// The answer that the chosen route gives itself; none where it gives none.
pub(super) async fn answered(
    exchange: &mut Exchange,
    decision: &Decision,
    prompt: &Prompt,
) -> Result<Option<Answer>, Failure> {
    let snapshot = exchange.snapshot.clone();
    let Some(policy) = snapshot.policy(decision) else { return Ok(None) };
    let Some(respond) = &policy.respond else { return Ok(None) };
    let asked = Asked {
        kind: if prompt.endpoint == Endpoint::Chat { Kind::Chat } else { Kind::Text },
        model: prompt.model.as_deref().unwrap_or(&policy.name),
        stream: prompt.stream,
        include_usage: prompt.stream && includes_usage(prompt.body().clone()).await?,
    };
    let Rendered { status, is_stream, body } = respond.render(asked, &Fresh::now());
    exchange.responded = Some((policy.name.clone(), decision.reason));
    Ok(Some(if is_stream { Answer::events(body) } else { Answer::json(status, body) }))
}

/// Whether a stream is to end with its usage. What a model's server would refuse says nothing here.
async fn includes_usage(body: Bytes) -> Result<bool, Failure> {
    let read = |body: Bytes| Ok(serde_json::from_slice::<Body>(&body).unwrap_or_default());
    let options = parse(body, read).await?.stream_options;
    Ok(options.and_then(|options| options.include_usage) == Some(true))
}

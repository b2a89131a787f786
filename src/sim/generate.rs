//! Completions: from what is asked to an answer, whole or as a stream.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures::stream;
use tokio::time::{Instant, sleep, sleep_until};

use super::app::{App, Reply};
use super::ask::{Api, Ask};
use super::engine::{Finish, Seat};
use super::fault::Kind;
use super::frame::{Frame, Heading};
use super::refusal::Refusal;
use super::speech::Speech;
use super::talk::Talk;
use super::tape::Turn;

/// An answer that was agreed to: all that is needed to give it.
pub(super) struct Plan {
    pub(super) frame: Frame,
    pub(super) speech: Speech,
    pub(super) api: Api,
    pub(super) choices: usize,
    /// Tokens for each choice.
    pub(super) budget: usize,
    /// How it ends when nothing goes wrong.
    pub(super) finish: Finish,
    pub(super) calls_tool: bool,
    pub(super) ask: Ask,
}

/// Answers a completion request.
///
/// # Errors
/// What is wrong with the request, or that there is no room for it.
pub(super) async fn generate(
    app: &Arc<App>,
    api: Api,
    request_id: Option<&str>,
    body: &[u8],
    fault: Option<Kind>,
    turn: Turn,
) -> Result<Reply, (Refusal, Turn)> {
    let admitted = Plan::new(app, api, request_id, body).and_then(|plan| Ok((plan, app.engine.enter()?)));
    let (plan, ticket) = match admitted {
        Ok(admitted) => admitted,
        Err(refusal) => return Err((refusal, turn)),
    };
    if plan.ask.stream {
        let talk = Talk::new(Arc::clone(app), plan, ticket, fault, turn);
        return Ok(Reply::Stream(event_stream(talk)));
    }
    let mut seat = ticket.seat().await;
    let rest = app.settings.itl.saturating_mul(plan.budget.saturating_sub(1).try_into().unwrap_or(u32::MAX));
    pause(prefill(app, &mut seat, &plan.ask) + rest).await;
    if let Some(Kind::ErrorEvent { message, .. }) = &fault {
        seat.finish(Finish::Error);
        return Err((Refusal::internal(message.as_deref().unwrap_or("Internal server error")), turn));
    }
    Ok(Reply::Json { body: plan.whole(seat), fault, turn })
}

/// Takes the prompt in; returns how long the first token takes.
pub(super) fn prefill(app: &App, seat: &mut Seat, ask: &Ask) -> Duration {
    let uncached = seat.prefill(&ask.prompt).try_into().unwrap_or(u32::MAX);
    app.settings.ttft + app.settings.prefill.saturating_mul(uncached)
}

/// Sleeps, unless there is nothing to sleep: a timer's least is a millisecond.
pub(super) async fn pause(span: Duration) {
    if !span.is_zero() {
        sleep(span).await;
    }
}

/// Sleeps until `deadline`, unless it has passed.
pub(super) async fn pause_until(deadline: Instant) {
    if deadline > Instant::now() {
        sleep_until(deadline).await;
    }
}

fn event_stream(talk: Talk) -> Response {
    let events = stream::unfold(Box::new(talk), |mut talk| async move { Some((talk.next().await?, talk)) });
    let mut response = Response::new(Body::from_stream(events));
    let value = HeaderValue::from_static("text/event-stream; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}

// === impl Plan ===

impl Plan {
    fn new(app: &App, api: Api, request_id: Option<&str>, body: &[u8]) -> Result<Self, Refusal> {
        let ask = Ask::parse(api, body)?;
        let model = app.model(ask.model.as_deref())?;
        let (budget, finish) = app.budget(&ask)?;
        let random;
        let base = match request_id {
            Some(id) => id,
            None => {
                random = format!("{:016x}", app.dice.bits());
                &random
            }
        };
        let heading = Heading {
            api,
            stream: ask.stream,
            base,
            created: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            model,
            usage: ask.usage,
            prompt_tokens: ask.prompt.tokens,
            tool: ask.tool.as_deref(),
        };
        let calls_tool = ask.tool.is_some();
        Ok(Self {
            frame: Frame::new(&heading),
            speech: Speech::new(&app.settings.name, model, &ask.echo, budget, calls_tool),
            api,
            choices: ask.choices,
            budget,
            finish,
            calls_tool,
            ask,
        })
    }

    /// The whole body, once its time has come.
    fn whole(mut self, mut seat: Seat) -> Bytes {
        let mut text = String::new();
        while !self.speech.is_over() {
            self.speech.say(&mut text);
        }
        let said = self.budget * self.choices;
        seat.generated(said);
        let mut out = BytesMut::with_capacity(768 + text.len());
        self.frame.whole(&mut out, self.choices, &text, self.finish, said);
        seat.finish(self.finish);
        out.freeze()
    }
}

impl App {
    /// The served name that a request asked for; none asks for the first.
    pub(super) fn model<'a>(&'a self, asked: Option<&str>) -> Result<&'a str, Refusal> {
        let models = &self.settings.models;
        let found = match asked {
            Some(asked) => models.iter().find(|model| *model == asked),
            None => models.first(),
        };
        found.map(String::as_str).ok_or_else(|| Refusal::unknown_model(asked.unwrap_or_default(), models))
    }

    /// How many tokens each answer has, and how it ends. As in vLLM, `max_tokens` may not pass the whole context, and is
    /// cut to the room that the prompt leaves.
    fn budget(&self, ask: &Ask) -> Result<(usize, Finish), Refusal> {
        let (context, prompt) = (self.settings.max_model_len, ask.prompt.tokens);
        if prompt >= context {
            // vLLM stops counting here, and so says the same of any prompt that is too long.
            let least = context + 1;
            let message = format!(
                "This model's maximum context length is {context} tokens. However, your prompt contains at least \
                 {least} input tokens, which exceeds this limit even without any output tokens. Please reduce the \
                 length of the input prompt."
            );
            return Err(Refusal::invalid(&message, "input_tokens", Some(least as i64)));
        }
        let room = context - prompt;
        match ask.max_tokens {
            Some(asked) if asked > context => {
                let message = format!(
                    "max_tokens={asked} cannot be greater than max_model_len={context}. Please request fewer output \
                     tokens."
                );
                Err(Refusal::invalid(&message, "max_tokens", Some(asked as i64)))
            }
            Some(asked) => Ok((asked.min(room), Finish::Length)),
            None if self.settings.tokens > room => Ok((room, Finish::Length)),
            None => Ok((self.settings.tokens.max(1), Finish::Stop)),
        }
    }
}

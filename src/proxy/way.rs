//! The way of a request up to its decision, and to its answer where the cache has one: intake → guard → route → cache. What
//! follows is Pingora's upstream phase.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt;
use http::Method;
use pingora_proxy::Session;
use tracing::error;

use super::answer::Answer;
use super::exchange::{Destination, Exchange};
use super::guarding::{self, Passed};
use super::{
    Proxy, budgeting, caching, deciding, embeddings, headers, mirroring, placing, responding, spending, sticking,
};
use crate::cache::Kind;
use crate::failure::{Failure, Reason};
use crate::intake::{self, Endpoint, Prompt};
use crate::metrics::observe;
use crate::route;

/// A client that does not read its answer, or sends nothing more on an idle connection, is let go after this.
const CLIENT_STALL: Duration = Duration::from_secs(60);

/// Larger bodies are parsed on a thread where that blocks nobody.
const PARSE_INLINE: usize = 128 << 10;

/// What to do once the request has been read.
#[must_use]
pub(super) enum Next {
    /// Send it on to the exchange's destination.
    Forward,
    /// Answer it here.
    Answer(Answer),
    /// Nobody waits for an answer any more.
    Leave(Box<pingora::Error>),
}

/// Sets the bounds on the client's connection and names the exchange.
pub(super) fn prepare(session: &mut Session, exchange: &mut Exchange) {
    // Pingora has decided whether at all: not after HTTP/1.0, nor where the head gave two lengths.
    if session.get_keepalive().is_some() {
        session.set_keepalive(Some(CLIENT_STALL.as_secs()));
    }
    // Else a request that comes early ends the one that is being answered.
    session.set_pipelining_enabled(true);
    session.set_read_timeout(Some(exchange.snapshot.limits.body_timeout));
    session.set_total_drain_timeout(Some(exchange.snapshot.limits.body_timeout));
    session.set_write_timeout(Some(CLIENT_STALL));
    exchange.id = headers::request_id(&session.req_header().headers);
}

/// Takes a request to its decision. A panic on the way costs this one request and nothing else.
pub(super) async fn to_decision(
    proxy: &Proxy,
    session: &mut Session,
    exchange: &mut Exchange,
) -> Result<Next, Failure> {
    let id = exchange.id.clone();
    survived(&id, walk(proxy, session, exchange)).await
}

/// Makes a panic on the way a failure of the request `id`.
async fn survived<T>(id: &str, way: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let walked = AssertUnwindSafe(way).catch_unwind().await;
    walked.unwrap_or_else(|_| {
        error!("a panic ended request {id}");
        Err(Failure::internal())
    })
}

async fn walk(proxy: &Proxy, session: &mut Session, exchange: &mut Exchange) -> Result<Next, Failure> {
    let snapshot = exchange.snapshot.clone();
    let request = session.req_header();
    headers::refuse_flood(&request.headers)?;
    let path = request.uri.path();
    let endpoint = if snapshot.hands_on(path) { Ok(Endpoint::Other) } else { Endpoint::read(&request.method, path) };
    if endpoint == Ok(Endpoint::Health) {
        return Ok(Next::Answer(Answer::health(proxy.traffic.is_draining())));
    }
    // Before anything else is told: who has no key learns no more than that.
    exchange.client = Some(snapshot.keys.identify(&request.headers)?);
    let endpoint = endpoint?;
    if proxy.traffic.in_flight() > snapshot.limits.max_in_flight {
        let failure = Failure::new(Reason::Overloaded, "too many requests are being served; try again");
        return Err(failure.retry_after(Duration::from_secs(1)));
    }
    match endpoint {
        Endpoint::Models => Ok(Next::Answer(Answer::models(&snapshot))),
        Endpoint::Embeddings => embeddings::embedded(session, exchange).await,
        Endpoint::Chat | Endpoint::Completions => routed(proxy, session, exchange, endpoint).await,
        _ => passed_through(session, exchange).await,
    }
}

/// intake → guard → route → cache, for the endpoints whose prompts are read.
async fn routed(
    proxy: &Proxy,
    session: &mut Session,
    exchange: &mut Exchange,
    endpoint: Endpoint,
) -> Result<Next, Failure> {
    let snapshot = exchange.snapshot.clone();
    let body = intake::body::read(session, &snapshot.limits).await?;
    let received = exchange.timing.received();
    let (inline, reader) = (snapshot.router.parses_inline(PARSE_INLINE), snapshot.clone());
    let is_explained = headers::wants_explanation(&session.req_header().headers, exchange.client.as_ref());
    let (prompt, reading) = parse_up_to(inline, body, move |body| {
        let prompt = Prompt::parse(endpoint, body)?;
        let reading = reader.router.read(endpoint, &prompt, is_explained)?;
        Ok((prompt, reading))
    })
    .await?;
    exchange.stream = prompt.stream;
    let mut inspected = match guarding::inspected(proxy, session, exchange, endpoint, &prompt).await {
        Ok(inspected) => inspected?,
        Err(left) => return Ok(Next::Leave(left)),
    };
    let mut decision = match deciding::decided(proxy, session, exchange, (&prompt, &reading), inspected.as_mut()).await
    {
        Ok(decision) => decision?,
        Err(left) => return Ok(Next::Leave(left)),
    };
    if let Some(answer) = responding::answered(exchange, &decision, &prompt).await? {
        sticking::pass_by(exchange, &prompt.thread);
        exchange.timing.decided();
        observe(&proxy.metrics.decision_seconds, received.elapsed());
        return Ok(Next::Answer(answer));
    }
    // Before anything in it is masked, which need not be the same in the next turn.
    let thread = prompt.thread.clone();
    let Passed { prompt, cached, is_other_text } =
        guarding::masked(proxy, exchange, endpoint, prompt, inspected).await?;
    // What the text means without its personal data is asked by the cache, where it needs that.
    let meaning = decision.meaning.take().filter(|_| !is_other_text);
    let mut to = placing::destination(&snapshot, &decision);
    let conversation = placing::conversation(session, &to, Some(&prompt));
    placing::share_out(&snapshot, &mut to, conversation);
    sticking::stick(&proxy.metrics, exchange, &thread, &mut to);
    budgeting::admit(&proxy.metrics, exchange, &prompt, &mut to);
    exchange.demand = placing::demand(session, exchange, &to, snapshot.policy(&decision), Some(&prompt))?;
    (exchange.destination, exchange.prompt) = (Some(to), Some(prompt));
    exchange.write_body().await?;
    exchange.timing.decided();
    observe(&proxy.metrics.decision_seconds, received.elapsed());
    let kind = if endpoint == Endpoint::Chat { Kind::Chat } else { Kind::Completion };
    let next = caching::look_up(proxy, session, exchange, caching::Asked { kind, body: &cached, meaning }).await?;
    if matches!(next, Next::Forward) {
        mirroring::copy(&proxy.metrics, session, exchange);
        spending::ask(exchange).await?;
        exchange.prepare();
    } else {
        exchange.spending.charges.cancel(Instant::now());
    }
    Ok(next)
}

/// Waits for `work` as long as the client waits for its answer: who has left gives up a place in the encoder's queue.
pub(super) async fn unless_left<T>(session: &mut Session, work: impl Future<Output = T>) -> pingora::Result<T> {
    let mut work = pin!(work);
    tokio::select! {
        biased;
        done = &mut work => Ok(done),
        left = session.as_mut().read_body_or_idle(true) => match left {
            Err(error) => Err(error.into_down()),
            Ok(_) => Ok(work.await),
        }
    }
}

/// Reads a body by `parser`.
pub(super) async fn parse<T: Send + 'static>(
    body: Bytes,
    parser: impl FnOnce(Bytes) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    parse_up_to(PARSE_INLINE, body, parser).await
}

/// The same where bodies of up to `inline` bytes take no time worth a thread.
async fn parse_up_to<T: Send + 'static>(
    inline: usize,
    body: Bytes,
    parser: impl FnOnce(Bytes) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    if body.len() <= inline {
        return parser(body);
    }
    let parsed = tokio::task::spawn_blocking(move || parser(body)).await;
    parsed.unwrap_or_else(|_| Err(Failure::internal()))
}

/// A request on a path that the config hands to one backend as it is.
async fn passed_through(session: &mut Session, exchange: &mut Exchange) -> Result<Next, Failure> {
    let snapshot = exchange.snapshot.clone();
    let path = session.req_header().uri.path();
    let Some(backend) = snapshot.passthrough_backend(path) else {
        return Err(intake::endpoint::unknown(path));
    };
    let bodiless = matches!(session.req_header().method, Method::GET | Method::HEAD);
    let body = intake::body::read(session, &snapshot.limits).await?;
    if bodiless && !body.is_empty() {
        return Err(Failure::new(Reason::InvalidRequest, "a GET takes no body"));
    }
    exchange.body = Some(body);
    exchange.timing.received();
    exchange.timing.decided();
    let to = Destination {
        route: snapshot.labels.passthrough.clone(),
        chosen: None,
        is_own: true,
        reason: route::Reason::Direct,
        backend: snapshot.backends[backend].clone(),
        fallbacks: Vec::new(),
    };
    exchange.demand = placing::demand(session, exchange, &to, None, None)?;
    exchange.destination = Some(to);
    exchange.prepare();
    Ok(Next::Forward)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_on_the_way_is_a_failure_of_this_one_request() {
        let panics = async {
            tokio::task::yield_now().await;
            panic!("a stage")
        };
        let failure = survived::<()>("id", panics).await.unwrap_err();
        assert_eq!((failure.reason, failure.reason.status()), (Reason::Internal, 500));
        assert!(!failure.message.contains("a stage"));
        assert_eq!(survived("id", async { Ok(1) }).await, Ok(1));
    }
}

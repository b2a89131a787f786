//! From a request to its answer: which endpoint, and which fault.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;

use super::ask::Api;
use super::dice::Dice;
use super::door::Wire;
use super::engine::Engine;
use super::fault::{Fault, Faults, Kind};
use super::generate::generate;
use super::refusal::Refusal;
use super::tape::{Tape, Turn};
use super::typed::Typed;
use super::{Settings, control, info, strike};

/// The largest body that is taken, in bytes.
const BODY_MAX: usize = 64 << 20;

/// All that requests share.
pub(super) struct App {
    pub(super) settings: Settings,
    pub(super) engine: Arc<Engine>,
    pub(super) faults: Faults,
    pub(super) tape: Tape,
    pub(super) dice: Dice,
    /// The value of `x-sim-name`.
    label: HeaderValue,
}

/// What a path and a method lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endpoint {
    Generate(Api),
    Tokenize,
    Models,
    Version,
    Metrics,
    /// `/health` and `/ping`.
    Health,
    Control,
    WrongMethod(&'static str),
    Unknown,
}

/// An answer that a fault may still spoil.
pub(super) enum Reply {
    /// The fault, if any, is the stream's own business.
    Stream(Response),
    Json {
        body: Bytes,
        fault: Option<Kind>,
        turn: Turn,
    },
}

/// A whole body and its content type.
pub(super) struct Document {
    pub(super) kind: Option<HeaderValue>,
    pub(super) body: Bytes,
}

/// What of a request's headers counts.
struct Wish {
    request_id: Option<String>,
    fault: Option<Result<Fault, String>>,
    is_json: bool,
}

/// Answers a request, whatever it is.
pub(super) async fn answer(
    State(app): State<Arc<App>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Response {
    let mut response = match Endpoint::of(request.method(), request.uri().path()) {
        Endpoint::Control => control::answer(&app, request).await,
        endpoint => exchange(&app, &wire, endpoint, request).await,
    };
    response.headers_mut().insert("x-sim-name", app.label.clone());
    response
}

async fn exchange(app: &Arc<App>, wire: &Wire, endpoint: Endpoint, request: Request) -> Response {
    let occupied = wire.occupy();
    let (parts, body) = request.into_parts();
    let wish = Wish::of(&parts.headers);
    let path = parts.uri.clone();
    let collected = collect(body).await;
    let received = collected.as_ref().cloned().unwrap_or_default();
    let mut turn = match endpoint {
        // Balancers poll these; they would soon fill the tape.
        Endpoint::Health | Endpoint::Metrics => Turn::unrecorded(occupied),
        _ => app.tape.record(parts, received, occupied),
    };
    let body = match collected {
        Ok(body) => body,
        Err(refusal) => {
            // A body that breaks off is its client's doing.
            if refusal == Refusal::too_large() {
                turn.finish();
            }
            return refusal.into_response();
        }
    };
    let fault = match wish.fault {
        Some(Ok(fault)) => Some(fault.into_kind()),
        Some(Err(error)) => {
            turn.finish();
            return Refusal::bad(error).into_response();
        }
        None => app.faults.draw(path.path()),
    };
    if let Some(fault) = &fault
        && let Some(response) = strike::before(app, path.path(), fault, &mut turn).await
    {
        turn.finish();
        return response;
    }
    match endpoint {
        Endpoint::Generate(_) if !wish.is_json => refuse(Refusal::media_type(), turn),
        Endpoint::Generate(api) => match generate(app, api, wish.request_id.as_deref(), &body, fault, turn).await {
            Ok(Reply::Stream(response)) => response,
            Ok(Reply::Json { body, fault, turn }) => strike::deliver(app, json(body), fault, turn).await,
            Err((refusal, turn)) => refuse(refusal, turn),
        },
        endpoint => match plain(app, endpoint, &body) {
            Ok(response) => strike::deliver(app, response, fault, turn).await,
            Err(refusal) => refuse(refusal, turn),
        },
    }
}

fn plain(app: &App, endpoint: Endpoint, body: &[u8]) -> Result<Document, Refusal> {
    match endpoint {
        Endpoint::Tokenize => info::tokenize(app, &Typed::parse(body)?).map(json),
        Endpoint::Models => Ok(json(info::models(app))),
        Endpoint::Version => Ok(json(Bytes::from_static(br#"{"version":"0.32.0"}"#))),
        Endpoint::Metrics => {
            let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            Ok(Document { kind: Some(text), body: info::metrics(app).into() })
        }
        Endpoint::Health => Ok(Document { kind: None, body: Bytes::new() }),
        Endpoint::WrongMethod(allow) => Err(Refusal::wrong_method(allow)),
        Endpoint::Generate(_) | Endpoint::Control | Endpoint::Unknown => Err(Refusal::not_found()),
    }
}

fn json(body: Bytes) -> Document {
    Document { kind: Some(HeaderValue::from_static("application/json")), body }
}

fn refuse(refusal: Refusal, mut turn: Turn) -> Response {
    turn.finish();
    refusal.into_response()
}

/// Reads a whole body; one that comes in one piece is not copied.
async fn collect(body: Body) -> Result<Bytes, Refusal> {
    let mut pieces = body.into_data_stream();
    let Some(first) = pieces.next().await else { return Ok(Bytes::new()) };
    let first = first.map_err(|_| Refusal::unreadable())?;
    let Some(mut piece) = pieces.next().await else { return Ok(first) };
    let mut whole = BytesMut::from(first);
    loop {
        let bytes = piece.map_err(|_| Refusal::unreadable())?;
        if whole.len() + bytes.len() > BODY_MAX {
            return Err(Refusal::too_large());
        }
        whole.extend_from_slice(&bytes);
        match pieces.next().await {
            Some(next) => piece = next,
            None => return Ok(whole.freeze()),
        }
    }
}

// === impl App ===

impl App {
    pub(super) fn new(settings: Settings) -> io::Result<Self> {
        if settings.models.is_empty() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "a simulator needs a model's name"));
        }
        let label = HeaderValue::from_str(&settings.name)
            .map_err(|_| io::Error::new(ErrorKind::InvalidInput, "the simulator's name does not fit in a header"))?;
        Ok(Self {
            engine: Arc::new(Engine::new(settings.max_num_seqs, settings.max_queued, settings.kv_blocks)),
            faults: Faults::new(settings.faults.clone()),
            tape: Tape::new(settings.record),
            dice: Dice::new(),
            label,
            settings,
        })
    }
}

// === impl Endpoint ===

impl Endpoint {
    fn of(method: &Method, path: &str) -> Self {
        let (endpoint, allow) = match path {
            "/v1/chat/completions" => (Self::Generate(Api::Chat), "POST"),
            "/v1/completions" => (Self::Generate(Api::Text), "POST"),
            "/tokenize" => (Self::Tokenize, "POST"),
            "/v1/models" => (Self::Models, "GET"),
            "/version" => (Self::Version, "GET"),
            "/metrics" => (Self::Metrics, "GET"),
            "/health" => (Self::Health, "GET"),
            "/ping" => (Self::Health, "GET, POST"),
            path if path.starts_with("/sim/") => return Self::Control,
            _ => return Self::Unknown,
        };
        let allowed = allow.split(", ").any(|allowed| allowed == method.as_str());
        if allowed { endpoint } else { Self::WrongMethod(allow) }
    }
}

// === impl Wish ===

impl Wish {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let content_type = text("content-type").unwrap_or("application/json");
        Self {
            request_id: text("x-request-id").map(String::from),
            fault: text("x-sim-fault").map(Fault::parse),
            is_json: content_type.split(';').next().is_some_and(|kind| kind.trim() == "application/json"),
        }
    }
}

//! A vLLM-shaped simulator for demos, tests and benchmarks: the endpoints, the words and the shapes of vLLM 0.32, with
//! settable latency, load that is told truthfully, faults on demand, and a record of what it really received.
//!
//! `door` accepts connections, `app` finds the endpoint, `strike` lets faults strike, `generate` and `talk` answer
//! completions (read by `typed`, asked for in `ask`, let in by `engine`, spoken by `speech`, written by `frame`), `info` tells of the
//! server, and `control` serves the endpoints that vLLM has not:
//!
//! - `GET /sim/requests`: the last requests, byte for byte; `DELETE` forgets them
//! - `GET`, `PUT`, `DELETE /sim/fault`, and `POST /sim/step?n=1`: faults, as below
//!
//! # Faults
//! ```text
#![doc = include_str!("faults.md")]
//! ```

mod app;
mod ask;
mod control;
mod dice;
mod door;
mod engine;
mod fault;
mod frame;
mod generate;
mod hash;
mod info;
mod invalid;
mod prefix;
mod refusal;
mod speech;
mod strike;
mod talk;
mod tape;
mod typed;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::sleep;

pub use self::fault::Fault;

/// How to explain faults to a person.
pub const FAULTS: &str = include_str!("faults.md");

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which simulator this is: its answers begin with it, and `x-sim-name` says it.
    pub name: String,
    /// The names it serves; the first one labels the metrics.
    pub models: Vec<String>,
    /// Time to the first token.
    pub ttft: Duration,
    /// Time more for each prompt token that is not in the prefix cache.
    pub prefill: Duration,
    /// Time between tokens.
    pub itl: Duration,
    /// Tokens in an answer that has no `max_tokens`.
    pub tokens: usize,
    /// Requests that run at once, whatever their `n`.
    pub max_num_seqs: usize,
    /// Requests that may wait beyond those; more get a 503. (vLLM's limit counts the running ones in.)
    pub max_queued: usize,
    /// The context's length, in tokens.
    pub max_model_len: usize,
    /// The cache's size, in blocks of 16 tokens.
    pub kv_blocks: usize,
    /// How long a connection may be idle after an answer, as in uvicorn.
    pub keep_alive: Duration,
    /// How many requests `/sim/requests` keeps; 0 records nothing.
    pub record: usize,
    /// The faults at the start.
    pub faults: Vec<Fault>,
    /// How long answers may go on after the shutdown's signal.
    pub grace: Duration,
}

/// Serves until `shutdown` resolves, and then for as long as answers take, at most `settings.grace`. Connections that
/// are still open after that end with the runtime.
///
/// # Errors
/// Settings without a model, or a name that does not fit in a header.
pub async fn serve(
    settings: Settings,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let grace = settings.grace;
    let door = door::Door::new(listener, settings.keep_alive);
    let app = Arc::new(app::App::new(settings)?);
    let router = Router::new().fallback(any(app::answer)).with_state(app);
    let (stopping, stopped) = oneshot::channel();
    let service = axum::serve(door, router.into_make_service_with_connect_info::<door::Wire>());
    let serving = service.with_graceful_shutdown(async {
        shutdown.await;
        let _ = stopping.send(());
    });
    let patience = async {
        let _ = stopped.await;
        sleep(grace).await;
    };
    tokio::select! {
        outcome = serving => outcome,
        () = patience => Ok(()),
    }
}

// === impl Settings ===

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "sim".into(),
            models: vec!["sim-model".into()],
            ttft: Duration::from_millis(20),
            prefill: Duration::ZERO,
            itl: Duration::from_millis(5),
            tokens: 16,
            max_num_seqs: 256,
            max_queued: 1024,
            max_model_len: 32_768,
            kv_blocks: 65_536,
            keep_alive: Duration::from_secs(5),
            record: 64,
            faults: Vec::new(),
            grace: Duration::from_secs(1),
        }
    }
}

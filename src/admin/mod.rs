//! The admin listener: what is going on, what is in force, and why a prompt goes where it goes.
//!
//! It answers without authentication and therefore stands on loopback unless the config says otherwise.

mod backends;
mod cache;
mod explain;
mod gauges;

use std::sync::Arc;

use anyhow::Context;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tracing::{error, info};

use crate::config::Live;
use crate::metrics::Metrics;
use crate::proxy::Traffic;
use crate::server::LogHandle;

/// The listener and what it tells of.
pub struct Admin {
    listener: Mutex<Option<std::net::TcpListener>>,
    shared: Arc<Shared>,
}

struct Shared {
    live: Arc<Live>,
    metrics: Arc<Metrics>,
    traffic: Arc<Traffic>,
    log: Arc<LogHandle>,
}

// === impl Admin ===

impl Admin {
    /// Takes the address, so that a start on a taken one fails with its reason.
    pub fn bind(
        address: &str,
        live: Arc<Live>,
        metrics: Arc<Metrics>,
        traffic: Arc<Traffic>,
        log: Arc<LogHandle>,
    ) -> anyhow::Result<Self> {
        let listener = std::net::TcpListener::bind(address)
            .with_context(|| format!("cannot listen on {address} (admin.listen)"))?;
        listener.set_nonblocking(true)?;
        let shared = Arc::new(Shared { live, metrics, traffic, log });
        Ok(Self { listener: Mutex::new(Some(listener)), shared })
    }
}

/// Serves until the process ends.
pub async fn serve(admin: &Admin) {
    let Some(listener) = admin.listener.lock().take() else { return };
    let routes = Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/config", get(config))
        .route("/backends", get(backends))
        .route("/backends/{name}/peers/{address}/drain", post(backends::drain))
        .route("/backends/{name}/peers/{address}/resume", post(backends::resume))
        .route("/reload", post(reload))
        .route("/route", post(explain::explain))
        .route("/cache", get(cache::describe).delete(cache::flush))
        .route("/cache/lookup", post(cache::lookup))
        .route("/cache/{entry}", delete(cache::remove))
        .with_state(admin.shared.clone());
    let served = async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        info!("Admin on http://{}", listener.local_addr()?);
        axum::serve(listener, routes).await
    };
    if let Err(error) = served.await {
        error!("the admin listener failed: {error}");
    }
}

async fn livez() -> &'static str {
    "ok\n"
}

/// Ready means: the model is loaded and a config in force (else there would be no listener), and a backend can serve.
async fn readyz(State(shared): State<Arc<Shared>>) -> Response {
    let up = shared.live.snapshot().backends.iter().any(|backend| backend.is_up());
    let why = match (shared.traffic.is_draining(), up) {
        (true, _) => "draining",
        (false, false) => "no backend is up",
        (false, true) => return "ok\n".into_response(),
    };
    (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response()
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    gauges::update(&shared);
    match shared.metrics.render() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn config(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.live.snapshot().shown.clone())
}

async fn backends(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(backends::list(&shared.live.snapshot()))
}

async fn reload(State(shared): State<Arc<Shared>>) -> Response {
    // Not tied to this connection: a reload that has begun is brought to its end.
    let live = shared.live.clone();
    match tokio::spawn(async move { live.reload("POST /reload").await }).await {
        Ok(Ok(())) => Json(json!({ "reloaded": true })).into_response(),
        Ok(Err(refused)) => {
            let errors: Vec<String> = format!("{refused:#}").lines().map(str::to_owned).collect();
            (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "reloaded": false, "errors": errors }))).into_response()
        }
        Err(panic) => (StatusCode::INTERNAL_SERVER_ERROR, panic.to_string()).into_response(),
    }
}

//! `GET /backends`: every peer with its condition and its load; `POST /backends/NAME/peers/ADDR/drain` and `/resume`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tracing::info;

use super::Shared;
use crate::config::Snapshot;
use crate::upstream::{Backend, Balance, Peer, PeerStatus};

pub(super) fn list(snapshot: &Snapshot) -> Value {
    Value::Array(snapshot.backends.iter().map(|backend| describe(backend)).collect())
}

pub(super) async fn drain(State(shared): State<Arc<Shared>>, Path(of): Path<(String, String)>) -> Response {
    set_draining(&shared, &of, true)
}

pub(super) async fn resume(State(shared): State<Arc<Shared>>, Path(of): Path<(String, String)>) -> Response {
    set_draining(&shared, &of, false)
}

/// Servers behind one address are drained together.
fn set_draining(shared: &Shared, (name, address): &(String, String), draining: bool) -> Response {
    let snapshot = shared.live.snapshot();
    let backend = snapshot.backends.iter().find(|backend| *backend.settings.name == **name);
    let wanted = address.parse::<SocketAddr>().ok();
    let peers = backend.map(|backend| backend.peers()).unwrap_or_default();
    let peers: Vec<_> = peers.iter().filter(|peer| Some(peer.address) == wanted).collect();
    if peers.is_empty() {
        let error = format!("no backend \"{name}\" has a peer {address}; GET /backends lists them");
        return (StatusCode::NOT_FOUND, Json(json!({ "error": error }))).into_response();
    }
    let changed = peers.iter().filter(|peer| peer.state.drain(draining)).count();
    let leases: usize = peers.iter().map(|peer| peer.state.leases()).sum();
    let what = if draining { "drains" } else { "takes requests again" };
    if changed > 0 {
        info!("Backend [{name}]: {address} {what} (POST)");
    }
    Json(json!({ "backend": name, "address": address, "draining": draining, "leases": leases })).into_response()
}

fn describe(backend: &Backend) -> Value {
    let settings = &backend.settings;
    let (loads, up_since) = (backend.loads(), backend.up_since());
    let requests: u32 = loads.iter().map(|(peer, _)| peer.state.recent_requests()).sum();
    let peers: Vec<Value> = loads
        .iter()
        .map(|(peer, load)| describe_peer(peer, *load, f64::from(requests), settings.slow_start, up_since))
        .collect();
    json!({
        "name": &*settings.name,
        "model": &*settings.model,
        "up": backend.is_up(),
        "balance": match settings.balance {
            Balance::LeastLoaded => "least_loaded",
            Balance::RoundRobin => "round_robin",
            Balance::PrefixAffinity { .. } => "prefix_affinity",
        },
        "in_flight": backend.pool.in_flight(),
        "queue": { "waiting": backend.pool.waiting(), "size": settings.limits.queue },
        "peers": peers,
    })
}

fn describe_peer(peer: &Peer, load: f64, requests: f64, slow_start: Duration, up_since: Option<Instant>) -> Value {
    let (status, why) = PeerStatus::of(&peer.state, slow_start, up_since);
    let scraped = peer.state.scrape().map(|scrape| {
        json!({
            "running": scrape.gauges.running,
            "waiting": scrape.gauges.waiting,
            "kv_usage": scrape.gauges.kv_usage.map(|usage| (usage * 1e3).round() / 1e3),
            "age_ms": Instant::now().saturating_duration_since(scrape.at).as_millis() as u64,
        })
    });
    let millis = |span: Duration| (span.as_secs_f64() * 1e4).round() / 10.0;
    let first_tokens = peer.state.first_tokens().map(|[p50, p95]| json!({ "p50": millis(p50), "p95": millis(p95) }));
    json!({
        "address": peer.address.to_string(),
        "host": &*peer.origin.authority,
        "tls": peer.origin.tls,
        "weight": peer.origin.weight,
        "health": peer.state.health().as_str(),
        "state": status.to_string(),
        "why": why,
        "leases": peer.state.leases(),
        "load": (load * 10.0).round() / 10.0,
        "scraped": scraped,
        "breaker": peer.state.breaker(),
        "first_token_ms": first_tokens,
        "share": (requests > 0.0).then(|| (100.0 * f64::from(peer.state.recent_requests()) / requests).round() / 100.0),
    })
}

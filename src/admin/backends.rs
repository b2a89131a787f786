//! `GET /backends`: every peer with its health and its load.

use serde_json::{Value, json};

use crate::config::Snapshot;
use crate::upstream::{Backend, Peer};

pub(super) fn list(snapshot: &Snapshot) -> Value {
    Value::Array(snapshot.backends.iter().map(|backend| describe(backend)).collect())
}

fn describe(backend: &Backend) -> Value {
    let peers: Vec<Value> = backend.peers().iter().map(|peer| describe_peer(peer)).collect();
    json!({
        "name": &*backend.settings.name,
        "model": &*backend.settings.model,
        "up": backend.is_up(),
        "peers": peers,
    })
}

fn describe_peer(peer: &Peer) -> Value {
    json!({
        "address": peer.address.to_string(),
        "host": &*peer.origin.authority,
        "tls": peer.origin.tls,
        "weight": peer.origin.weight,
        "health": peer.state.health().as_str(),
        "leases": peer.state.leases(),
    })
}

//! A backend as a person types it: its peers, how one is chosen, how long each phase may take, and what becomes of faults.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_yaml::Value;

use super::super::units::{RetryOn, Span};
use super::defaults;
use crate::spending::{budget, price};

/// A named model and the peers that serve it.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Backend {
    /// Its name, in header-safe ASCII.
    pub name: String,
    /// The dialect it speaks.
    #[serde(default, rename = "type")]
    pub kind: BackendKind,
    /// The address of one peer.
    #[serde(default)]
    pub url: Option<String>,
    /// Further peers.
    #[serde(default)]
    pub peers: Vec<Peer>,
    /// A file that lists further peers, and is watched as this one is.
    #[serde(default)]
    pub peers_file: Option<PathBuf>,
    /// The model's name there.
    pub model: String,
    /// How the model is told how hard to think (`reasoning::FamilySettings`); by its name where nothing is said.
    #[serde(default)]
    pub reasoning_family: Option<Value>,
    /// How a peer is chosen.
    #[serde(default)]
    pub balance: Balance,
    /// The header that names a conversation, with `prefix_affinity`.
    #[serde(default)]
    pub affinity_header: Option<String>,
    /// For how long a peer that came up after its siblings gets less than its share.
    #[serde(default = "defaults::slow_start")]
    pub slow_start: Span,
    /// How its load is scraped.
    #[serde(default)]
    pub metrics: Scrape,
    /// The environment variable that holds its API key.
    #[serde(default)]
    pub api_key_env: Option<String>,
    /// The file that holds its API key.
    #[serde(default)]
    pub api_key_file: Option<PathBuf>,
    /// Pass the client's own `Authorization` on.
    #[serde(default)]
    pub forward_auth: bool,
    /// Its active health check.
    #[serde(default)]
    pub health: Health,
    /// Its timeouts.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// How its certificate is checked.
    #[serde(default)]
    pub tls: Tls,
    /// How often its DNS names are resolved again.
    #[serde(default = "defaults::resolve_interval")]
    pub resolve_interval: Span,
    /// How many further peers a request may be tried on.
    #[serde(default = "defaults::retries")]
    pub retries: usize,
    /// What is worth another attempt: kinds of trouble, and statuses.
    #[serde(default = "defaults::retry_on")]
    pub retry_on: Vec<RetryOn>,
    /// The share of the requests that retries may come to.
    #[serde(default = "defaults::retry_budget")]
    pub retry_budget: f64,
    /// When faults eject a peer.
    #[serde(default)]
    pub breaker: Breaker,
    /// Requests that the whole backend serves at once; 0 for no limit.
    #[serde(default)]
    pub max_in_flight: usize,
    /// Requests that each peer serves at once; 0 for no limit.
    #[serde(default)]
    pub peer_max_in_flight: usize,
    /// Who may wait for a place.
    #[serde(default)]
    pub queue: Queue,
    /// Write a request's priority into its body, for vLLM's own queue.
    #[serde(default)]
    pub forward_priority: bool,
    /// What its tokens cost.
    #[serde(default)]
    pub price: Option<price::Settings>,
    /// How much it may be used, and who serves past that.
    #[serde(default)]
    pub budget: Option<budget::Settings>,
    /// How much it can do, beside the others: conversations move from lower to higher ones.
    #[serde(default)]
    pub rank: Option<i64>,
}

/// Ways to choose a peer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Balance {
    #[default]
    LeastLoaded,
    RoundRobin,
    PrefixAffinity,
}

/// How vLLM's gauges are scraped.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Scrape {
    /// The path asked; by default the base path without `/v1`, plus `/metrics`.
    pub path: Option<String>,
    /// Time between two scrapes of a peer; 0 for none.
    pub interval: Span,
    /// Time for the whole of one.
    pub timeout: Span,
}

/// When faults eject a peer.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Breaker {
    /// Faults in a row.
    pub faults: u32,
    /// The share of faults among the outcomes of ten seconds.
    pub share: f64,
    /// How long it is ejected the first time.
    pub open: Span,
    /// How long at most, as it doubles each time.
    pub max_open: Span,
    /// The share of the pool that may be ejected at once.
    pub max_ejected: f64,
}

/// Who may wait for a place.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Queue {
    /// Requests that may wait.
    pub size: usize,
    /// How long they may.
    pub timeout: Span,
}

/// Dialects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// OpenAI's HTTP API, as vLLM serves it.
    #[default]
    Openai,
}

/// One address of a backend.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Peer {
    /// `http://` or `https://`, host, port and base path.
    pub url: String,
    /// Its share of the load next to its siblings.
    #[serde(default = "defaults::weight")]
    pub weight: usize,
    /// The `Host` header and TLS server name, where they differ from the url's host.
    #[serde(default)]
    pub host: Option<String>,
}

/// An active health check.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Health {
    /// The path asked; by default the base path without `/v1`, plus `/health`.
    pub path: Option<String>,
    /// Time between checks.
    pub interval: Span,
    /// Time for the whole of one.
    pub timeout: Span,
    /// Failures in a row that take a peer down.
    pub fall: u32,
    /// Successes in a row that bring it back.
    pub rise: u32,
}

/// How long each phase of a request to a peer may take.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Timeouts {
    /// TCP connect, and TCP plus TLS handshake together.
    pub connect: Span,
    /// How long sending the request's body may take.
    pub write: Span,
    /// Until an answer's head, and until a stream's first event.
    pub first_byte: Span,
    /// The longest silence after that.
    pub idle: Span,
    /// The whole request, waiting and retries included.
    pub request: Span,
    /// How long an idle connection is kept for reuse; below the 5 s after which vLLM's server closes it.
    pub keep_alive: Span,
}

/// How a peer's certificate is checked.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Tls {
    /// Check the chain and the name. Only ever off for tests.
    pub verify: bool,
    /// Trust these PEM roots instead of the system's.
    pub ca_file: Option<PathBuf>,
}

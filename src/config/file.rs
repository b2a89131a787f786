//! The config file as a person types it: every key, its type and its default. What it means is `snapshot.rs`'s work.

mod backend;
mod guardrails;
mod signals;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_yaml::Value;

pub use self::backend::{Backend, BackendKind, Balance, Breaker, Health, Peer, Queue, Scrape, Timeouts, Tls};
pub use self::guardrails::{
    Action, Checksum, EntityOperator, Guardrails, Jailbreak, Media, OnError, Operator, Pii, PiiLabel, PiiRecognizer,
    Role, RouteAction, RouteGuardrails, RouteJailbreak,
};
pub use self::signals::{Complexity, SignalClassifier, Signals};
use super::defaults;
use super::units::{ByteSize, Span, Threshold};
use crate::route::action::{headers, mirror, params, respond::Respond, system};
use crate::spending::budget;

/// The whole file.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct File {
    /// The format's version; `v1` is the only one.
    pub version: Version,
    /// Where clients connect.
    #[serde(default = "defaults::listen")]
    pub listen: String,
    /// The admin listener.
    #[serde(default)]
    pub admin: Admin,
    /// Proxy worker threads; 0 means one for each core.
    #[serde(default)]
    pub threads: usize,
    /// Where models are looked for first.
    #[serde(default)]
    pub models_dir: Option<PathBuf>,
    /// What is logged and how.
    #[serde(default)]
    pub log: Log,
    /// Bounds on what a client may send.
    #[serde(default)]
    pub limits: Limits,
    /// Who may ask.
    #[serde(default)]
    pub auth: Auth,
    /// The models and the pools of peers that serve them.
    pub backends: Vec<Backend>,
    /// Which prompt goes where.
    pub router: Router,
    /// How texts are embedded.
    #[serde(default)]
    pub embedding: Embedding,
    /// The semantic cache and the guardrails.
    #[serde(default)]
    pub middleware: Middleware,
    /// How the process ends.
    #[serde(default)]
    pub shutdown: Shutdown,
}

/// Versions of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub enum Version {
    /// The first.
    #[serde(rename = "v1")]
    V1,
}

/// The admin listener.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Admin {
    /// Its address; loopback by default, as it answers without authentication.
    pub listen: String,
}

/// What is logged and how.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Log {
    /// The least severe level that is written.
    pub level: Level,
    /// Plain text or one JSON object a line.
    pub format: Format,
}

/// Severities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Level {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

/// The log's shapes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Format {
    #[default]
    Text,
    Json,
}

/// Bounds on what a client may send.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Limits {
    /// The largest request body.
    pub body_size: ByteSize,
    /// How long a whole request body may take to arrive.
    pub body_timeout: Span,
    /// Requests served at once; more are told to come back (429).
    pub max_in_flight: usize,
}

/// Who may ask. Without keys, everybody may, as one tenant, and nobody is trusted.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Auth {
    /// The client keys.
    pub keys: Vec<ClientKey>,
}

/// One client's key; exactly one of `key_env` and `key_file` is set.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct ClientKey {
    /// What errors call it, and its tenant by default.
    pub name: String,
    /// The environment variable that holds it.
    #[serde(default)]
    pub key_env: Option<String>,
    /// The file that holds it.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Whose requests these are; the key's name by default.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Whether it may name another tenant with `x-pointsman-tenant`.
    #[serde(default)]
    pub trusted: bool,
}

/// Which prompt goes where.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Router {
    /// Route by meaning, or not at all.
    #[serde(default)]
    pub mode: Mode,
    /// What a route's score is made from; `auto` by default, and `nearest` where a route's threshold is a number.
    #[serde(default)]
    pub classifier: Option<Classifier>,
    /// The encoder.
    #[serde(default = "defaults::embedding_model")]
    pub embedding_model: String,
    /// Who serves when nothing passes; the first backend by default.
    #[serde(default)]
    pub default_backend: Option<String>,
    /// Model names that mean "route this".
    #[serde(default = "defaults::aliases")]
    pub aliases: Vec<String>,
    /// Whether a conversation keeps its backend.
    #[serde(default)]
    pub sticky: Sticky,
    /// Further paths handed to one backend as they are; `/v1/embeddings` may be one.
    #[serde(default)]
    pub passthrough: Vec<Passthrough>,
    /// Signals that routes' rules ask for by a name.
    #[serde(default)]
    pub signals: Signals,
    /// The routes.
    #[serde(default)]
    pub routes: Vec<Route>,
}

/// How routed requests are decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// By the prompt's meaning.
    #[default]
    Semantic,
    /// Aliases go to the default backend; nothing is embedded.
    Off,
}

/// Whether a conversation keeps its backend.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sticky {
    /// Each turn is decided by itself.
    #[default]
    Off,
    /// It does, and moves only up, when a later turn asks for more.
    Conversation,
}

/// What a route's score is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Classifier {
    /// The nearest sample and a head fitted to all of them: the chance that the route is right.
    Auto,
    /// The nearest sample: its cosine.
    Nearest,
    /// The head: the chance that the route is right.
    Trained,
}

/// A path that is handed to one backend as it is.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Passthrough {
    /// The exact path, or a prefix that ends in `/*`.
    pub path: String,
    /// Who serves it.
    pub backend: String,
    /// Needed where guardrails are on, since they cannot read it.
    #[serde(default)]
    pub unguarded: bool,
}

/// A route: what it matches and where it leads.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Route {
    /// Its name, in header-safe ASCII.
    pub name: String,
    /// Who serves it; or
    #[serde(default)]
    pub backend: Option<String>,
    /// who serves it, and who serves where those before cannot; or each with its share (`arms::Listed`).
    #[serde(default)]
    pub backends: Vec<Value>,
    /// How soon its requests are served where some must wait: lower is sooner.
    #[serde(default)]
    pub request_priority: i32,
    /// Among the routes that match, those of a higher one go first; then the higher score does.
    #[serde(default)]
    pub priority: i32,
    /// What a request must be like, beside or instead of its samples: a tree of conditions, read by the rules' own parser.
    #[serde(default)]
    pub when: Option<serde_yaml::Value>,
    /// Prompts like those it should match.
    #[serde(default)]
    pub samples: Vec<String>,
    /// The least score that passes; any by default.
    #[serde(default)]
    pub threshold: Option<Threshold>,
    /// What differs from the semantic cache's own settings.
    #[serde(default)]
    pub cache: RouteCache,
    /// How much it may be used, and who serves past that.
    #[serde(default)]
    pub budget: Option<budget::Settings>,
    /// How hard the model is to think (`reasoning::read`).
    #[serde(default)]
    pub reasoning: Option<Value>,
    /// The request's parameters.
    #[serde(default)]
    pub params: params::Settings,
    /// What the model is told beside the client's own system prompt, or in its place.
    #[serde(default)]
    pub system_prompt: Option<system::Settings>,
    /// Headers of the request to the backend.
    #[serde(default)]
    pub headers: headers::Settings,
    /// Another backend that gets copies.
    #[serde(default)]
    pub mirror: Option<mirror::Settings>,
    /// The answer, in any backend's place.
    #[serde(default)]
    pub respond: Option<Respond>,
    /// What differs from the guardrails' own settings.
    #[serde(default)]
    pub guardrails: RouteGuardrails,
    /// Whether conversations keep their backend, where that differs from `router.sticky`.
    #[serde(default)]
    pub sticky: Option<Sticky>,
}

/// How a route's answers are kept, where that differs from `middleware.sem_cache`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct RouteCache {
    /// Whether they are.
    pub enabled: Option<bool>,
    /// How long they may be served.
    pub ttl: Option<Span>,
    /// The least cosine similarity of a semantic hit.
    pub similarity_threshold: Option<f32>,
}

/// How texts are embedded.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Embedding {
    /// How the model computes.
    pub precision: Precision,
    /// Inference threads; 0 means half the cores, at least one.
    pub threads: usize,
    /// Prompts that may wait for a thread, and as many texts of `/v1/embeddings`.
    pub queue: usize,
    /// How long a prompt may wait and be encoded before the default backend serves it.
    pub timeout: Span,
    /// Parts of a long prompt that are read, each of 256 tokens.
    pub windows: usize,
    /// Texts whose embeddings are kept for the next time; 0 for none.
    pub memo: usize,
}

/// How the embedding model computes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// In eight bits, some fifteen times as fast; BERT only, and f32 for others.
    #[default]
    Int8,
    /// As it was published.
    F32,
}

/// The semantic cache and the guardrails.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Middleware {
    /// The semantic cache.
    pub sem_cache: SemCache,
    /// The guardrails.
    pub guardrails: Guardrails,
}

/// The semantic cache.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct SemCache {
    /// Whether answers are kept.
    pub enabled: bool,
    /// Where entries live beside memory.
    pub backend: CacheBackend,
    /// How long an entry may be served.
    pub ttl: Span,
    /// The least cosine similarity of a semantic hit.
    pub similarity_threshold: f32,
    /// Whether requests that ask for a temperature above 0 are served too.
    pub cache_sampled: bool,
    /// Whether who asks what is being answered already waits for that answer.
    pub single_flight: bool,
    /// Look up and count, but answer everything afresh.
    pub shadow: bool,
    /// The share of semantic hits that are answered afresh, to compare the two answers.
    pub audit: f64,
    /// Entries in memory at most.
    pub max_entries: usize,
    /// Their size in memory at most.
    pub max_size: ByteSize,
    /// The largest answer that is kept.
    pub max_answer: ByteSize,
    /// Parts of the index, each with a writer of its own.
    pub shards: usize,
    /// The file that the entries are saved to on a clean stop, and loaded from at the start.
    pub snapshot: Option<PathBuf>,
    /// Redis, for `backend: redis`.
    pub redis: Redis,
    /// Milvus, for `backend: milvus`.
    pub milvus: Milvus,
}

/// Where cache entries live beside memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum CacheBackend {
    #[default]
    Memory,
    Redis,
    Milvus,
}

/// A Redis that entries are written to, and that other instances read them from.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Redis {
    /// `redis://`, or with TLS `rediss://`; with `+sentinel` or `+cluster` and several hosts for those.
    pub url: String,
    /// The environment variable that holds the password.
    pub password_env: Option<String>,
    /// The file that holds the password.
    pub password_file: Option<PathBuf>,
    /// The environment variable that holds the Sentinels' own password.
    pub sentinel_password_env: Option<String>,
    /// The file that holds it.
    pub sentinel_password_file: Option<PathBuf>,
    /// What every key begins with.
    pub prefix: String,
    /// Writes that may wait.
    pub queue: usize,
    /// How long one command may take.
    pub timeout: Span,
    /// Trust these PEM roots instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// A Milvus that holds entries which memory is too small for.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Milvus {
    /// Its address, `http://` or `https://`.
    pub uri: String,
    /// The database; empty for the default one.
    pub database: String,
    /// What the collections' names begin with; they are made where they are missing.
    pub collection: String,
    /// Trust these PEM roots instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// The environment variable that holds the token.
    pub token_env: Option<String>,
    /// The file that holds the token.
    pub token_file: Option<PathBuf>,
    /// Writes that may wait.
    pub queue: usize,
    /// How long a lookup may take before it is a miss.
    pub timeout: Span,
}

/// How the process ends.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Shutdown {
    /// From SIGTERM until new connections are refused; `/health` says 503 meanwhile.
    pub delay: Span,
    /// How long running answers may take to finish.
    pub grace: Span,
}

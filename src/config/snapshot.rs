//! What the config means: every stage's settings, compiled once and never changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::encoders::{self, Encoders};
use super::file::{self, File};
use super::guarding::Classifiers;
use super::load::{Loaded, read_bounded};
use super::networks::networks;
use super::routing::{self, backend_index};
use super::signals::{self, Examples};
use super::{backends, caching, guarding, spending};
use crate::cache::Caching;
use crate::embed::{self, Encoder};
use crate::guard::Guard;
use crate::guard::settings::Overrides;
use crate::intake::{Endpoint, Keys, Limits, auth};
use crate::metrics::label;
use crate::relay::Screen;
use crate::route::signal::Contrast;
use crate::route::sticky::Sticky;
use crate::route::{self, Names, Router};
use crate::spending::Accounts;
use crate::upstream::{Backend, Directory};

/// The config in force. An exchange holds one from first to last.
pub struct Snapshot {
    /// Bounds on what a client may send.
    pub limits: Limits,
    /// The client keys.
    pub keys: Keys,
    /// What decides.
    pub router: Router,
    /// What a prompt's complexity is measured by, where routes have models think by it; none where there are no examples.
    pub contrast: Option<Contrast>,
    /// The guardrails; none where they are off.
    pub guard: Option<Arc<Guard>>,
    /// What keeps personal data that models make up from clients; none where that passes.
    pub screen: Option<Arc<Screen>>,
    /// The semantic cache; none where it is off.
    pub caching: Option<Caching>,
    /// What serves `/v1/embeddings`; none where nothing is embedded, or where the file hands the path on.
    pub embeddings: Option<embed::Service>,
    /// The backends, in the file's order.
    pub backends: Vec<Arc<Backend>>,
    /// Prices and budgets, with what was spent.
    pub accounts: Accounts,
    /// Where conversations stay; none where they do not.
    pub sticky: Option<Sticky>,
    /// Files beside the config that its backends' peers come from, and what they held.
    pub peers_files: Vec<(PathBuf, Arc<[u8]>)>,
    /// Labels that are no route's name.
    pub labels: Labels,
    /// The whole config as it may be shown: defaults filled in, no value that came from the environment.
    pub shown: serde_json::Value,
    /// What the operator should hear about this config.
    pub warnings: Vec<String>,
    /// What takes effect only at the start.
    pub startup: Startup,
    passthrough: Vec<Passthrough>,
    policies: Vec<route::Policy>,
    encoders: Encoders,
    examples: Examples,
    classifiers: Classifiers,
}

/// Labels that are no route's name.
#[derive(Debug)]
pub struct Labels {
    /// The client named a backend or its model.
    pub direct: Arc<str>,
    /// No route passed, or none was asked for.
    pub default: Arc<str>,
    /// The guardrails sent it there.
    pub guardrail: Arc<str>,
    /// The path is handed on as it is.
    pub passthrough: Arc<str>,
}

/// Settings that a running process keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Startup {
    /// Where clients connect.
    pub listen: String,
    /// Where the admin listener is.
    pub admin: String,
    /// Proxy worker threads.
    pub threads: usize,
    /// From SIGTERM until new connections are refused.
    pub drain_delay: Duration,
    /// How long running answers may take to finish.
    pub grace: Duration,
    /// What is logged and how.
    pub log: (file::Level, file::Format),
    /// How the encoder runs.
    pub encoder: embed::Settings,
}

struct Passthrough {
    path: String,
    backend: usize,
}

// === impl Snapshot ===

impl Snapshot {
    /// Compiles a config. What `previous` has and has not changed is taken over: the encoder, the samples'
    /// embeddings and what was learnt from them, and every backend with its peers. Reads files and may take seconds; makes no request to a backend.
    pub fn compile(loaded: Loaded, previous: Option<&Self>, directory: &Arc<Directory>) -> anyhow::Result<Self> {
        let Loaded { file, shown, .. } = loaded;
        // Before they are read for their peers: what changes in between is noticed as a change.
        let peers_files = file.backends.iter().filter_map(|backend| backend.peers_file.clone());
        let peers_files =
            peers_files.map(|path| (path.clone(), read_bounded(&path).unwrap_or_default().into())).collect();
        let known = previous.map_or(&[][..], |before| &before.backends);
        let backends = backends::compile(&file, known, directory)?;
        let policies = routing::policies(&file, previous.map_or(&[], |before| &before.policies))?;
        let accounts = spending::accounts(&file, previous.map(|before| &before.accounts))?;
        let sticky = spending::sticky(&file, previous.and_then(|before| before.sticky.as_ref()))?;
        let encoders = Encoders::start(&file, previous.map(|before| &before.encoders))?;
        let encoder = encoders.routing.clone();
        let before = previous.map(|before| &before.classifiers);
        let classifiers = Classifiers::load(&file.middleware.guardrails, &file.embedding, before)?;
        let guard = guarding::compile(&file, &encoders, &classifiers)?;
        let caching = caching::compile(&file, encoder.as_deref(), previous.and_then(|before| before.caching.as_ref()))?;
        let settings = routing::route_settings(&file)?;
        let identity = |encoder: &Option<Arc<Encoder>>| encoder.as_ref().map(Arc::as_ptr);
        // Embeddings of another encoder's making mean nothing to this one.
        let comparable = previous.filter(|before| identity(&before.router.encoder) == identity(&encoder));
        let table = routing::table(settings, encoder.as_deref(), comparable.map(|before| &*before.router.table))?;
        let examples = Examples::embed(&file, encoder.as_deref(), comparable.map(|before| &before.examples))?;
        let rules = signals::compile(&file, &examples);
        let labelers = networks(&file, rules.as_ref(), previous.map(|before| &before.router.labelers))?;
        let aliases = file.router.aliases.iter().map(|alias| alias.as_str().into()).collect();
        let pairs = backends.iter().map(|backend| (backend.settings.name.clone(), backend.settings.model.clone()));
        let names = Names::new(aliases, pairs);
        let passthrough =
            file.router.passthrough.iter().map(|entry| {
                Ok(Passthrough { path: entry.path.clone(), backend: backend_index(&file, &entry.backend)? })
            });
        Ok(Self {
            limits: limits(&file.limits),
            keys: keys(&file.auth)?,
            caching,
            screen: guard.as_deref().and_then(guarding::screen),
            guard,
            embeddings: embeddings(&file, encoder.as_ref()),
            router: Router { names, table: Arc::new(table), rules, encoder, labelers },
            labels: Labels {
                direct: label::DIRECT.into(),
                default: label::DEFAULT.into(),
                guardrail: label::GUARDRAIL.into(),
                passthrough: label::PASSTHROUGH.into(),
            },
            startup: startup(&file),
            passthrough: passthrough.collect::<anyhow::Result<_>>()?,
            policies,
            accounts,
            sticky,
            peers_files,
            encoders,
            contrast: examples.contrast(),
            examples,
            classifiers,
            warnings: warnings(&file),
            backends,
            shown,
        })
    }

    /// Whether `path`, though one that a router may serve itself, goes to a backend here: the file names it, or covers
    /// it where nothing is embedded.
    pub fn hands_on(&self, path: &str) -> bool {
        let unserved = Endpoint::at(path) == Some(Endpoint::Embeddings) && self.embeddings.is_none();
        unserved && self.passthrough_backend(path).is_some()
    }

    /// What the answers to `decision`'s prompt call its route.
    pub fn route_label(&self, decision: &route::Decision) -> &Arc<str> {
        let named = decision.route.and_then(|route| self.router.table.name(route));
        named.unwrap_or(match decision.reason {
            route::Reason::Direct => &self.labels.direct,
            route::Reason::Guardrail => &self.labels.guardrail,
            _ => &self.labels.default,
        })
    }

    /// The place of a backend of this snapshot among its backends.
    pub fn index_of(&self, backend: &Arc<Backend>) -> Option<usize> {
        self.backends.iter().position(|known| Arc::ptr_eq(known, backend))
    }

    /// What the chosen route says of its requests; none where no route was chosen.
    pub fn policy(&self, decision: &route::Decision) -> Option<&route::Policy> {
        self.policy_of(decision.route)
    }

    /// What the route at this index says of its requests; none where there is none.
    pub fn policy_of(&self, route: Option<usize>) -> Option<&route::Policy> {
        self.policies.get(route?)
    }

    /// Whether a route has its requests judged otherwise than others.
    pub fn is_judged_by_route(&self) -> bool {
        self.policies.iter().any(|policy| policy.guard != Overrides::default())
    }

    /// An encoder that runs; none where nothing is read.
    pub fn encoder(&self) -> Option<&Arc<Encoder>> {
        self.encoders.routing.as_ref().or(self.encoders.guarding.as_ref())
    }

    /// What prompts' routes may be called.
    pub fn route_labels(&self) -> impl Iterator<Item = &Arc<str>> {
        let labels = &self.labels;
        self.router.table.names().chain([&labels.direct, &labels.default, &labels.guardrail])
    }

    /// The backend that a path is handed to as it is, if any.
    pub fn passthrough_backend(&self, path: &str) -> Option<usize> {
        let entry = self.passthrough.iter().find(|entry| match entry.path.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == entry.path,
        });
        entry.map(|entry| entry.backend)
    }
}

/// What the operator should hear about a config: what is on by the file but not in this version, what is open.
fn warnings(file: &File) -> Vec<String> {
    let mut warnings = routing::notes(file);
    let middleware = &file.middleware;
    if middleware.sem_cache.enabled && file.router.mode == file::Mode::Off {
        warnings.push("middleware.sem_cache: with router.mode off nothing is embedded; only the same text hits".into());
    }
    if file.auth.keys.is_empty() && !is_loopback(&file.listen) {
        warnings.push(format!("listen: {} is open to everybody who can reach it; set auth.keys", file.listen));
    }
    if !is_loopback(&file.admin.listen) {
        warnings.push(format!("admin.listen: {} answers without authentication", file.admin.listen));
    }
    for backend in file.backends.iter().filter(|backend| !backend.tls.verify) {
        warnings.push(format!("backend \"{}\": tls.verify is off, its certificate proves nothing", backend.name));
    }
    if file.router.default_backend.is_none()
        && let Some(first) = file.backends.first()
    {
        warnings.push(format!("router.default_backend is not set: \"{}\" serves what no route matches", first.name));
    }
    warnings
}

fn is_loopback(address: &str) -> bool {
    match address.parse::<std::net::SocketAddr>() {
        Ok(address) => address.ip().is_loopback(),
        Err(_) => address.starts_with("localhost:"),
    }
}

fn startup(file: &File) -> Startup {
    Startup {
        listen: file.listen.clone(),
        admin: file.admin.listen.clone(),
        threads: file.threads,
        drain_delay: file.shutdown.delay.0,
        grace: file.shutdown.grace.0,
        log: (file.log.level, file.log.format),
        encoder: encoders::settings(&file.embedding),
    }
}

fn limits(limits: &file::Limits) -> Limits {
    Limits { body_size: limits.body_size.0, body_timeout: limits.body_timeout.0, max_in_flight: limits.max_in_flight }
}

fn keys(auth: &file::Auth) -> anyhow::Result<Keys> {
    let keys = auth.keys.iter().map(|key| {
        let secret = secret(key.key_env.as_deref(), key.key_file.as_deref())
            .and_then(|secret| secret.context("has neither key_env nor key_file"))
            .with_context(|| format!("auth key \"{}\"", key.name))?;
        let tenant = key.tenant.as_deref().unwrap_or(&key.name).into();
        Ok(auth::Key { name: key.name.as_str().into(), secret, tenant, trusted: key.trusted })
    });
    let keys = keys.collect::<anyhow::Result<Vec<auth::Key>>>()?;
    for (index, key) in keys.iter().enumerate() {
        if let Some(other) = keys[..index].iter().find(|other| other.secret == key.secret) {
            anyhow::bail!("auth keys \"{}\" and \"{}\" hold the same secret", other.name, key.name);
        }
    }
    Ok(Keys::new(keys))
}

/// A secret from the environment or a file. No error shows any of it.
pub(super) fn secret(variable: Option<&str>, path: Option<&Path>) -> anyhow::Result<Option<String>> {
    let value = match (variable, path) {
        (Some(name), _) => std::env::var(name).ok().with_context(|| format!("the variable {name} is not set"))?,
        (None, Some(path)) => {
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?
        }
        (None, None) => return Ok(None),
    };
    let value = value.trim();
    anyhow::ensure!(!value.is_empty(), "the secret is empty");
    Ok(Some(value.to_owned()))
}

/// The encoder under its model's name, unless the file gives the path to a backend.
fn embeddings(file: &File, encoder: Option<&Arc<Encoder>>) -> Option<embed::Service> {
    let given = |entry: &file::Passthrough| Endpoint::at(&entry.path) == Some(Endpoint::Embeddings);
    if file.router.passthrough.iter().any(given) {
        return None;
    }
    encoder.map(|encoder| embed::Service::new(&file.router.embedding_model, encoder.clone()))
}

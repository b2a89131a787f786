//! The encoders that a config asks for: one for all, where routing and guardrails can share a model.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use tracing::info;

use super::file::{self, File};
use super::guarding;
use crate::embed::{self, Encoder, Model, TokenHead};

/// The encoders in force, and who uses which.
#[derive(Default)]
pub(super) struct Encoders {
    /// What prompts are routed by; none where nothing is.
    pub(super) routing: Option<Arc<Encoder>>,
    /// What the guardrails read with; none where they need not.
    pub(super) guarding: Option<Arc<Encoder>>,
    running: Vec<(Choice, Arc<Encoder>)>,
}

/// A model, and what it does beside embedding.
#[derive(Debug, Clone, PartialEq)]
struct Choice {
    name: String,
    /// The folder that it is looked for in first.
    models_dir: Option<PathBuf>,
    precision: file::Precision,
    /// Whether it tells names from other words.
    finds_names: bool,
}

/// The model that the guardrails' heads were trained on.
const SHIPPED: &str = "sentence-transformers/all-MiniLM-L6-v2";

/// The head that tells names from other words.
const TOKEN_HEAD: &[u8] = include_bytes!("../../models/guard/tokens.safetensors");

// === impl Encoders ===

impl Encoders {
    /// Starts what `file` asks for and `previous` has not.
    ///
    /// # Errors
    /// A model that cannot be found or loaded.
    pub(super) fn start(file: &File, previous: Option<&Self>) -> anyhow::Result<Self> {
        let mut encoders = Self::default();
        let known = previous.map_or(&[][..], |before| &before.running);
        if file.router.mode != file::Mode::Off {
            encoders.routing = Some(encoders.run(routing(file), file, known)?);
        }
        if guarding::needs_encoder(&file.middleware.guardrails) {
            encoders.guarding = Some(encoders.run(guarding(file), file, known)?);
        }
        Ok(encoders)
    }

    fn run(&mut self, choice: Choice, file: &File, known: &[(Choice, Arc<Encoder>)]) -> anyhow::Result<Arc<Encoder>> {
        if let Some((_, encoder)) = self.running.iter().chain(known).find(|(other, _)| *other == choice) {
            let encoder = encoder.clone();
            if !self.running.iter().any(|(other, _)| *other == choice) {
                self.running.push((choice, encoder.clone()));
            }
            return Ok(encoder);
        }
        let encoder = Encoder::start(Arc::new(choice.load()?), settings(&file.embedding));
        self.running.push((choice, encoder.clone()));
        Ok(encoder)
    }
}

/// The model that prompts are routed by, from wherever it is found.
///
/// # Errors
/// As [`Encoders::start`]'s.
pub fn load_model(file: &File) -> anyhow::Result<Model> {
    routing(file).load()
}

/// The model that the guardrails read with, found by its name alone or as `file` says.
///
/// # Errors
/// As [`Encoders::start`]'s.
pub fn load_guard_model(file: Option<&File>) -> anyhow::Result<Model> {
    let models_dir = file.and_then(|file| file.models_dir.clone());
    Choice { name: SHIPPED.into(), models_dir, precision: file::Precision::Int8, finds_names: true }.load()
}

/// How an encoder runs.
pub(super) fn settings(embedding: &file::Embedding) -> embed::Settings {
    embed::Settings {
        threads: embedding.threads,
        queue: embedding.queue,
        timeout: embedding.timeout.0,
        windows: embedding.windows,
        memo: embedding.memo,
    }
}

fn routing(file: &File) -> Choice {
    let choice = Choice {
        name: file.router.embedding_model.clone(),
        models_dir: file.models_dir.clone(),
        precision: file.embedding.precision,
        finds_names: false,
    };
    let finds_names = choice.is_shipped() && guarding::needs_names(&file.middleware.guardrails);
    Choice { finds_names, ..choice }
}

/// The same as for routing where that is the heads' own.
fn guarding(file: &File) -> Choice {
    let routing = routing(file);
    if routing.is_shipped() {
        return routing;
    }
    let finds_names = guarding::needs_names(&file.middleware.guardrails);
    Choice { name: SHIPPED.into(), precision: file::Precision::Int8, finds_names, ..routing }
}

// === impl Choice ===

impl Choice {
    /// Whether it is what the heads were trained on, computed as they are used.
    fn is_shipped(&self) -> bool {
        let last = |name: &str| name.rsplit('/').next().map(str::to_owned);
        last(&self.name) == last(SHIPPED) && self.precision == file::Precision::Int8
    }

    fn load(&self) -> anyhow::Result<Model> {
        let Self { name, models_dir, .. } = self;
        let folder = embed::locate(name, models_dir.as_deref())?;
        let precision = match self.precision {
            file::Precision::Int8 => embed::Precision::Int8,
            file::Precision::F32 => embed::Precision::F32,
        };
        let model = Model::load(&folder, precision)
            .with_context(|| format!("cannot load the embedding model \"{name}\" in {}", folder.display()))?;
        info!("Embedding with {name}, {}, {}", model.engine(), model.pooling());
        if !self.finds_names {
            return Ok(model);
        }
        let head = TokenHead::load(TOKEN_HEAD).context("the token head that is built in")?;
        model.with_token_head(head).context("the token head that is built in")
    }
}

//! The guardrails that a config asks for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::encoders::Encoders;
use super::file::{self, File, Guardrails};
use super::snapshot::secret;
use crate::embed::Encoder;
use crate::guard::classifier::{Classifier, LoadError, Runner, Sequence, Token};
use crate::guard::jailbreak::Detector;
use crate::guard::settings::{Action, Jailbreak, Key, Limit, Operator, Overrides, Pii, Settings};
use crate::guard::{Entity, Guard, Models, pii};
use crate::intake::Role;
use crate::relay::Screen;

/// What stands for many kinds in `pii.entities`.
pub(super) const GROUPS: [&str; 2] = ["default", "all"];

/// The share of ordinary prompts that may be taken for attacks where the file says nothing.
const FALSE_ALARMS: f32 = 0.01;

/// From which score on a classifier of the operator's own means it where the file says nothing.
const EVEN: f32 = 0.5;

/// The head that ships.
const HEAD: &[u8] = include_bytes!("../../models/guard/jailbreak.safetensors");

/// Classifiers of the operator's own, each by what it was loaded for.
#[derive(Default)]
pub struct Classifiers {
    sequence: Option<Loaded<Vec<String>, Sequence>>,
    token: Option<Loaded<Vec<Meant>, Token>>,
}

/// A label, and the kind of personal data that it means.
type Meant = (String, Option<Entity>);

/// A classifier, the folder that it is from, and what its labels mean.
struct Loaded<L, M: Classifier> {
    folder: PathBuf,
    labels: L,
    runner: Arc<Runner<M>>,
}

/// The guardrails of `file`; none where both are off.
pub(super) fn compile(
    file: &File,
    encoders: &Encoders,
    classifiers: &Classifiers,
) -> anyhow::Result<Option<Arc<Guard>>> {
    let guardrails = &file.middleware.guardrails;
    if !is_on(guardrails) {
        return Ok(None);
    }
    let backend = guardrails.jailbreak.backend.as_deref().unwrap_or_default();
    let backend = file.backends.iter().position(|known| known.name == backend).unwrap_or_default();
    let Encoders { guarding, routing, .. } = encoders;
    guard(settings(guardrails, backend)?, guarding.as_ref(), routing.as_ref(), classifiers).map(Some)
}

/// What keeps personal data that a model makes up from clients; none where that passes.
pub(super) fn screen(guard: &Guard) -> Option<Arc<Screen>> {
    let pii = guard.settings().pii.as_ref().filter(|pii| pii.responses)?;
    let wanted = pii.operators.keys().cloned().collect();
    Some(Arc::new(Screen::new(guard.patterns().clone(), pii.min_score, Some(wanted), pii.hold_back)))
}

/// Guardrails that do what `settings` say, and read with `encoder`, where requests are routed by `routing`.
///
/// # Errors
/// A recogniser that is none, or a head that was built in broken.
pub fn guard(
    settings: Settings,
    encoder: Option<&Arc<Encoder>>,
    routing: Option<&Arc<Encoder>>,
    classifiers: &Classifiers,
) -> anyhow::Result<Arc<Guard>> {
    let sequence = classifiers.sequence.as_ref().map(|loaded| loaded.runner.clone());
    let token = classifiers.token.as_ref().map(|loaded| loaded.runner.clone());
    let is_shipped = settings.jailbreak.is_some() && sequence.is_none();
    let detector = is_shipped.then(detector).transpose()?;
    let is_routing = encoder.zip(routing).is_some_and(|(guarding, routing)| Arc::ptr_eq(guarding, routing));
    let models = Models { detector, encoder: encoder.cloned(), is_routing, sequence, token };
    let guard = Guard::new(settings, models);
    Ok(Arc::new(guard.context("middleware.guardrails.pii.recognizers")?))
}

/// Whether there is a guardrail.
pub(super) fn is_on(guardrails: &Guardrails) -> bool {
    guardrails.jailbreak_detection || guardrails.pii_masking
}

/// Whether it takes an encoder.
pub(super) fn needs_encoder(guardrails: &Guardrails) -> bool {
    guardrails.jailbreak_detection && guardrails.jailbreak.model.is_none() || needs_names(guardrails)
}

/// Whether names are looked for, which takes the encoder's token head.
pub(super) fn needs_names(guardrails: &Guardrails) -> bool {
    let pii = &guardrails.pii;
    guardrails.pii_masking && pii.model.is_none() && operators(pii).keys().any(Entity::is_name)
}

/// What `guardrails` mean; `backend` is who serves attacks, for `action: route`.
///
/// # Errors
/// A key that cannot be read.
pub fn settings(guardrails: &Guardrails, backend: usize) -> anyhow::Result<Settings> {
    Ok(Settings {
        jailbreak: guardrails.jailbreak_detection.then(|| jailbreak(&guardrails.jailbreak, backend)),
        pii: guardrails.pii_masking.then(|| pii_settings(&guardrails.pii)).transpose()?,
        lets_pass: guardrails.on_error == file::OnError::Allow,
        lets_media_pass: guardrails.media == file::Media::Allow,
        max_windows: guardrails.max_windows,
        timeout: guardrails.timeout.0,
    })
}

/// What a route has judged otherwise.
pub(super) fn overrides(typed: &file::RouteGuardrails) -> Overrides {
    Overrides {
        jailbreak: typed.jailbreak_detection.unwrap_or(true),
        pii: typed.pii_masking.unwrap_or(true),
        action: typed.jailbreak.action.map(|action| match action {
            file::RouteAction::Block => Action::Block,
            file::RouteAction::Flag => Action::Flag,
        }),
        threshold: typed.jailbreak.threshold,
    }
}

/// A recogniser of the operator's own.
pub(super) fn custom(own: &file::PiiRecognizer) -> pii::Custom {
    pii::Custom {
        name: own.name.clone(),
        pattern: own.pattern.clone(),
        score: own.score,
        context: own.context.clone(),
        validate: own.validate.map(|checksum| match checksum {
            file::Checksum::Luhn => pii::Validator::Luhn,
            file::Checksum::Mod97 => pii::Validator::Mod97,
        }),
    }
}

fn jailbreak(jailbreak: &file::Jailbreak, backend: usize) -> Jailbreak {
    Jailbreak {
        action: match jailbreak.action {
            file::Action::Block => Action::Block,
            file::Action::Flag => Action::Flag,
            file::Action::Route => Action::Route(backend),
        },
        limit: match (jailbreak.threshold, &jailbreak.model) {
            (Some(score), _) => Limit::Score(score),
            (None, Some(_)) => Limit::Score(EVEN),
            (None, None) => Limit::FalseAlarms(jailbreak.false_alarm_rate.unwrap_or(FALSE_ALARMS)),
        },
        roles: jailbreak.roles.iter().map(|role| role_of(*role)).collect(),
        allow: jailbreak.allow.clone(),
    }
}

fn role_of(role: file::Role) -> Role {
    match role {
        file::Role::System => Role::System,
        file::Role::User => Role::User,
        file::Role::Assistant => Role::Assistant,
        file::Role::Tool => Role::Tool,
        file::Role::Document => Role::Document,
        file::Role::Definition => Role::Definition,
    }
}

/// What becomes of each kind that is looked for.
fn operators(pii: &file::Pii) -> HashMap<Entity, Operator> {
    let own = |name: &str| Entity::Custom(name.into());
    let all = || Entity::KNOWN.iter().cloned().chain(pii.recognizers.iter().map(|recognizer| own(&recognizer.name)));
    let mut operators = HashMap::new();
    for name in &pii.entities {
        let named: Vec<Entity> = match name.as_str() {
            // Who writes a recogniser wants it used.
            "default" => all().filter(Entity::is_default).collect(),
            "all" => all().collect(),
            name => vec![Entity::known(name).cloned().unwrap_or_else(|| own(name))],
        };
        operators.extend(named.into_iter().map(|entity| (entity, operator(pii.operator))));
    }
    for special in &pii.operators {
        let entity = Entity::known(&special.entity).cloned().unwrap_or_else(|| own(&special.entity));
        operators.insert(entity, operator(special.operator));
    }
    operators
}

/// The names of the kinds that are looked for.
pub(super) fn looked_for(pii: &file::Pii) -> Vec<String> {
    let mut names: Vec<String> = operators(pii).keys().map(|entity| entity.name().to_owned()).collect();
    // In some order of their own, so that the same config says the same.
    names.sort_unstable();
    names
}

fn pii_settings(pii: &file::Pii) -> anyhow::Result<Pii> {
    Ok(Pii {
        operators: operators(pii),
        min_score: pii.min_score,
        allow: pii.allow.clone(),
        recognizers: pii.recognizers.iter().map(custom).collect(),
        responses: pii.responses,
        hold_back: pii.hold_back,
        key: key(pii).context("middleware.guardrails.pii")?,
    })
}

fn operator(operator: file::Operator) -> Operator {
    match operator {
        file::Operator::Mask => Operator::Mask,
        file::Operator::Redact => Operator::Redact,
        file::Operator::Hash => Operator::Hash,
        file::Operator::Block => Operator::Block,
    }
}

/// The operator's key, or one that this process has drawn for itself.
fn key(pii: &file::Pii) -> anyhow::Result<Key> {
    static DRAWN: OnceLock<[u8; 32]> = OnceLock::new();
    let key = match secret(pii.key_env.as_deref(), pii.key_file.as_deref())? {
        Some(secret) => Sha256::digest(secret).into(),
        None => *DRAWN.get_or_init(|| {
            let mut key = [0; 32];
            let drawn = [Uuid::new_v4(), Uuid::new_v4()];
            key[..16].copy_from_slice(drawn[0].as_bytes());
            key[16..].copy_from_slice(drawn[1].as_bytes());
            key
        }),
    };
    Ok(Key(key))
}

/// The detector with the head that ships, read once.
fn detector() -> anyhow::Result<Arc<Detector>> {
    static SHIPPED: OnceLock<Arc<Detector>> = OnceLock::new();
    if let Some(detector) = SHIPPED.get() {
        return Ok(detector.clone());
    }
    let detector = Arc::new(Detector::load(HEAD).context("the jailbreak head that is built in")?);
    Ok(SHIPPED.get_or_init(|| detector).clone())
}

// === impl Classifiers ===

impl Classifiers {
    /// Loads what the guardrails ask for and `previous` has not.
    ///
    /// # Errors
    /// A model that cannot be loaded, or whose labels mean nothing known.
    pub fn load(guardrails: &Guardrails, embedding: &file::Embedding, previous: Option<&Self>) -> anyhow::Result<Self> {
        let file::Guardrails { jailbreak, pii, .. } = guardrails;
        let mut classifiers = Self::default();
        if let Some(folder) = jailbreak.model.as_ref().filter(|_| guardrails.jailbreak_detection) {
            let known = previous.and_then(|before| before.sequence.as_ref());
            let load = |labels: &Vec<String>| Sequence::load(folder, labels);
            let loaded = loaded(folder, jailbreak.attack_labels.clone(), known, embedding, load);
            classifiers.sequence = Some(loaded.context("middleware.guardrails.jailbreak.model")?);
        }
        if let Some(folder) = pii.model.as_ref().filter(|_| guardrails.pii_masking) {
            let known = previous.and_then(|before| before.token.as_ref());
            let named = |name: &str| Entity::known(name).cloned().unwrap_or_else(|| Entity::Custom(name.into()));
            let meant = |name: &str| (name != "O").then(|| named(name));
            let labels = pii.labels.iter().map(|label| (label.label.clone(), meant(&label.entity))).collect();
            let load = |labels: &Vec<Meant>| Token::load(folder, labels);
            let loaded = loaded(folder, labels, known, embedding, load);
            classifiers.token = Some(loaded.context("middleware.guardrails.pii.model")?);
        }
        Ok(classifiers)
    }
}

/// `known` where it is the same, or else what `load` gives.
fn loaded<L: PartialEq, M: Classifier>(
    folder: &Path,
    labels: L,
    known: Option<&Loaded<L, M>>,
    embedding: &file::Embedding,
    load: impl FnOnce(&L) -> Result<M, LoadError>,
) -> anyhow::Result<Loaded<L, M>> {
    let runner = match known.filter(|known| known.folder == folder && known.labels == labels) {
        Some(known) => known.runner.clone(),
        None => Runner::start(load(&labels)?, embedding.threads, embedding.queue),
    };
    Ok(Loaded { folder: folder.into(), labels, runner })
}

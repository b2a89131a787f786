//! The networks that rules ask for: heads that ship, and classifiers of the operator's own.

use std::path::{Path, PathBuf};

use anyhow::Context;

use super::file::{File, SignalClassifier};
use super::units::Span;
use crate::embed;
use crate::route::labelers::{Labelers, Named, Terms};
use crate::route::rule::Routes;
use crate::route::topics;

/// Readies what `rules` ask for and `previous` has not.
///
/// # Errors
/// A model that is found nowhere or cannot be run, or a head that was built in broken.
pub fn networks(file: &File, rules: Option<&Routes>, previous: Option<&Labelers>) -> anyhow::Result<Labelers> {
    let Some(rules) = rules else { return Ok(Labelers::default()) };
    let wanted = rules.wanted();
    if wanted.asks("domain") || wanted.asks("intent") {
        topics::shipped().context("the heads for domain and intent that are built in")?;
    }
    let mut all = Vec::new();
    for (name, SignalClassifier { model, timeout }) in &file.router.signals.classifiers {
        if !wanted.classifiers().any(|asked| asked == name) {
            continue;
        }
        let context = || format!("router.signals.classifiers.{name}.model");
        let folder = folder(model, file.models_dir.as_deref()).with_context(context)?;
        let known = previous.and_then(|before| before.find(name));
        all.push(Named::load(name, &folder, terms(file, timeout.as_ref()), known).with_context(context)?);
    }
    let labelers = Labelers::new(all);
    for (classifier, label) in rules.labels() {
        let known = labelers.labels(classifier).unwrap_or_default();
        anyhow::ensure!(
            known.iter().any(|known| **known == *label),
            "a rule compares the classifier \"{classifier}\" with \"{label}\", which is none of its labels, {}",
            known.join(", ")
        );
    }
    Ok(labelers)
}

/// The folder itself, or where a model of that name is found.
fn folder(model: &Path, models_dir: Option<&Path>) -> anyhow::Result<PathBuf> {
    match model.to_str().filter(|_| !model.is_absolute() && !model.is_dir()) {
        Some(name) => Ok(embed::locate(name, models_dir)?),
        None => Ok(model.into()),
    }
}

/// As the encoder runs, but for a time of its own.
fn terms(file: &File, timeout: Option<&Span>) -> Terms {
    let embedding = &file.embedding;
    Terms {
        threads: embedding.threads,
        queue: embedding.queue,
        timeout: timeout.unwrap_or(&embedding.timeout).0,
        windows: embedding.windows,
    }
}

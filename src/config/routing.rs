//! What the file says of routing, and what the operator should hear about it.

use std::collections::HashSet;

use anyhow::Context;

use super::file::{self, File};
use super::signals::{self, Examples};
use super::spending::sticky_note;
use super::units::Threshold;
use crate::embed::{self, Encoder};
use crate::route::classifier::{self, Mode};
use crate::route::rule::Routes;
use crate::route::{self, Table};

/// What the file says of routing, with every backend by its index.
///
/// # Errors
/// A backend that no entry names, which [`load`](super::load) has ruled out.
pub fn route_settings(file: &File) -> anyhow::Result<route::Settings> {
    let routes = file.router.routes.iter().map(|route| {
        Ok(route::RouteSettings {
            name: route.name.as_str().into(),
            backend: backend_index(file, first_backend(route))?,
            // The names stay known; without samples no route is compared, and none is embedded.
            samples: if file.router.mode == file::Mode::Off { Vec::new() } else { route.samples.clone() },
            threshold: route.threshold.map_or(route::Threshold::None, route::Threshold::from),
        })
    });
    let routes = routes.collect::<anyhow::Result<_>>()?;
    let default_backend = file.router.default_backend.as_deref().map_or(Ok(0), |name| backend_index(file, name))?;
    Ok(route::Settings { routes, default_backend, classifier: mode(&file.router) })
}

/// The table of `settings`. Takes over what `previous` has, which must come from the same encoder.
pub(super) fn table(
    settings: route::Settings,
    encoder: Option<&Encoder>,
    previous: Option<&Table>,
) -> anyhow::Result<Table> {
    let embed = |samples: &[&str]| match encoder {
        Some(encoder) => encoder.embed_all(samples),
        None => samples.iter().map(|_| Err(embed::EncodeError::Failed)).collect(),
    };
    Ok(Table::compile(settings, embed, previous)?)
}

/// What each route says of its requests.
pub(super) fn policies(file: &File) -> anyhow::Result<Vec<route::Policy>> {
    let policies = file.router.routes.iter().map(|route| {
        let fallbacks = route.backends.iter().skip(1).map(|name| backend_index(file, name));
        Ok(route::Policy { fallbacks: fallbacks.collect::<anyhow::Result<_>>()?, priority: route.request_priority })
    });
    policies.collect()
}

/// The routes' rules; none where there are none. Examples are embedded by `encoder`.
///
/// # Errors
/// An example that cannot be embedded.
pub fn rules(file: &File, encoder: Option<&Encoder>) -> anyhow::Result<Option<Routes>> {
    Ok(signals::compile(file, &Examples::embed(file, encoder, None)?))
}

/// What may not be meant in a config, as far as the file alone tells.
pub fn notes(file: &File) -> Vec<String> {
    [classifier_notes(file), signals::notes(file)].concat().into_iter().chain(sticky_note(file)).collect()
}

fn classifier_notes(file: &File) -> Vec<String> {
    let router = &file.router;
    if router.mode == file::Mode::Off || router.routes.is_empty() {
        return Vec::new();
    }
    let (numbers, enough) = (has_numbers(router), has_enough_samples(router));
    let note = match router.classifier {
        None if numbers && enough => {
            "router.classifier is not set: \"nearest\" is in force and not \"auto\", as a threshold that is a number is \
             taken for a cosine; set it to keep that, or to have chances"
        }
        Some(file::Classifier::Trained) if !enough => {
            "router.classifier: \"trained\" needs two routes of five different samples at least; until then \"nearest\" is \
             in force, and scores and thresholds are cosines"
        }
        Some(file::Classifier::Auto) if !enough && numbers => {
            "router.classifier: \"auto\" needs two routes of five different samples at least to give chances; until then \
             \"nearest\" is in force, and the thresholds are taken for cosines"
        }
        _ => return Vec::new(),
    };
    vec![note.into()]
}

/// What the classifier is asked to be. Where nothing is said, numbers that were chosen as cosines remain cosines.
fn mode(router: &file::Router) -> Mode {
    match router.classifier {
        None if has_numbers(router) => Mode::Nearest,
        None | Some(file::Classifier::Auto) => Mode::Auto,
        Some(file::Classifier::Nearest) => Mode::Nearest,
        Some(file::Classifier::Trained) => Mode::Trained,
    }
}

/// Whether any route has a threshold that is a number.
fn has_numbers(router: &file::Router) -> bool {
    router.routes.iter().any(|route| matches!(route.threshold, Some(Threshold::Least(_))))
}

fn has_enough_samples(router: &file::Router) -> bool {
    let distinct = |route: &file::Route| route.samples.iter().collect::<HashSet<_>>().len();
    classifier::can_learn(&router.routes.iter().map(distinct).collect::<Vec<_>>())
}

/// The rules have it that there is one.
fn first_backend(route: &file::Route) -> &str {
    route.backend.as_deref().or(route.backends.first().map(String::as_str)).unwrap_or_default()
}

pub(super) fn backend_index(file: &File, name: &str) -> anyhow::Result<usize> {
    let found = file.backends.iter().position(|backend| backend.name == name);
    found.with_context(|| format!("no backend is named \"{name}\""))
}

// === impl route::Threshold ===

impl From<Threshold> for route::Threshold {
    fn from(threshold: Threshold) -> Self {
        match threshold {
            Threshold::Auto => Self::Auto,
            Threshold::Least(least) => Self::Least(least),
        }
    }
}

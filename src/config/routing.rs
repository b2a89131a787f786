//! What the file says of routing, and what the operator should hear about it.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use anyhow::Context;

use super::file::{self, File};
use super::signals::{self, Examples};
use super::spending::sticky_note;
use super::units::Threshold;
use super::{actions, guarding};
use crate::embed::{self, Encoder};
use crate::route::action::Problem;
use crate::route::action::arms::{Arms, Listed};
use crate::route::action::headers::Headers;
use crate::route::action::mirror::Sampler;
use crate::route::classifier::{self, Mode};
use crate::route::rule::Routes;
use crate::route::signal::Contrast;
use crate::route::{self, Table};

/// What the file says of routing, with every backend by its index.
///
/// # Errors
/// A backend that no entry names, which [`load`](super::load) has ruled out.
pub fn route_settings(file: &File) -> anyhow::Result<route::Settings> {
    let default_backend = file.router.default_backend.as_deref().map_or(Ok(0), |name| backend_index(file, name))?;
    let routes = file.router.routes.iter().map(|route| {
        Ok(route::RouteSettings {
            name: route.name.as_str().into(),
            backend: backends_of(file, route)?.first().copied().unwrap_or(default_backend),
            // The names stay known; without samples no route is compared, and none is embedded.
            samples: if file.router.mode == file::Mode::Off { Vec::new() } else { route.samples.clone() },
            threshold: route.threshold.map_or(route::Threshold::None, route::Threshold::from),
        })
    });
    let routes = routes.collect::<anyhow::Result<_>>()?;
    Ok(route::Settings { routes, default_backend, classifier: mode(&file.router) })
}

/// The table of `settings`. Takes over what `previous` has, which must come from the same encoder.
///
/// # Errors
/// A sample that cannot be embedded.
pub fn table(settings: route::Settings, encoder: Option<&Encoder>, previous: Option<&Table>) -> anyhow::Result<Table> {
    let embed = |samples: &[&str]| match encoder {
        Some(encoder) => encoder.embed_all(samples),
        None => samples.iter().map(|_| Err(embed::EncodeError::Failed)).collect(),
    };
    Ok(Table::compile(settings, embed, previous)?)
}

/// What each route says of its requests. Copies that are under way for a route of `previous` still count.
///
/// # Errors
/// A backend that no entry names or a setting that cannot be, which [`load`](super::load) has ruled out.
pub fn policies(file: &File, previous: &[route::Policy]) -> anyhow::Result<Vec<route::Policy>> {
    file.router.routes.iter().map(|route| policy(file, route, previous)).collect()
}

fn policy(file: &File, route: &file::Route, previous: &[route::Policy]) -> anyhow::Result<route::Policy> {
    let mirror = route.mirror.as_ref().map(|settings| {
        let before = previous.iter().find(|before| *before.name == *route.name);
        let before = before.and_then(|before| before.mirror.as_ref());
        let sampler = Sampler::new(settings, before.map(|mirror| &mirror.sampler));
        anyhow::Ok(route::Mirror { backend: backend_index(file, &settings.backend)?, sampler })
    });
    let body = actions::body(route).map_err(broken)?;
    let body = (!body.is_empty()).then_some(body);
    Ok(route::Policy {
        name: route.name.as_str().into(),
        fallbacks: backends_of(file, route)?.into_iter().skip(1).collect(),
        arms: arms(file, route)?,
        priority: route.request_priority,
        body: body.map(Arc::new),
        headers: Headers::compile(&route.headers).map_err(broken)?,
        mirror: mirror.transpose()?,
        respond: route.respond.clone(),
        guard: guarding::overrides(&route.guardrails),
    })
}

/// Who serves the route, the first first; of those with shares, the one with the largest. Empty where the route answers
/// itself.
fn backends_of(file: &File, route: &file::Route) -> anyhow::Result<Vec<usize>> {
    let mut listed = listed(route)?;
    listed.sort_by_key(|listed| Reverse(listed.weight()));
    let names = route.backend.as_deref().into_iter().chain(listed.iter().map(Listed::name));
    names.map(|name| backend_index(file, name)).collect()
}

fn arms(file: &File, route: &file::Route) -> anyhow::Result<Option<Arms>> {
    let listed = listed(route)?;
    let arm = |listed: &'_ Listed| Some((backend_index(file, listed.name()).ok()?, listed.weight()?));
    let arms = listed.iter().filter_map(|listed| arm(listed).map(|(index, weight)| (index, listed.name(), weight)));
    Ok(Arms::new(&route.name, arms))
}

fn listed(route: &file::Route) -> anyhow::Result<Vec<Listed>> {
    actions::listed(route).map_err(|problem| broken(vec![problem]))
}

/// Problems that [`load`](super::load) has ruled out.
fn broken(problems: Vec<Problem>) -> anyhow::Error {
    let shown = problems.iter().map(|Problem { path, message }| format!("{path} {message}"));
    anyhow::anyhow!("{}", shown.collect::<Vec<_>>().join("; "))
}

/// The routes' rules; none where there are none. Examples are embedded by `encoder`.
///
/// # Errors
/// An example that cannot be embedded.
pub fn rules(file: &File, encoder: Option<&Encoder>) -> anyhow::Result<Option<Routes>> {
    Ok(signals::compile(file, &Examples::embed(file, encoder, None)?))
}

/// What a prompt's complexity is measured by; none where the file has no examples. They are embedded by `encoder`.
///
/// # Errors
/// An example that cannot be embedded.
pub fn contrast(file: &File, encoder: Option<&Encoder>) -> anyhow::Result<Option<Contrast>> {
    Ok(Examples::embed(file, encoder, None)?.contrast())
}

/// What may not be meant in a config, as far as the file alone tells.
pub fn notes(file: &File) -> Vec<String> {
    [classifier_notes(file), signals::notes(file), actions::notes(file)]
        .concat()
        .into_iter()
        .chain(sticky_note(file))
        .collect()
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

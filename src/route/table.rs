//! Compiled routes, and how the nearest sample decides.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::samples::{Ragged, Samples};
use super::{Decision, Reason};
use crate::embed::Embedding;

/// What routing does.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The routes, in the config's order, which breaks ties.
    pub routes: Vec<RouteSettings>,
    /// Who serves when nothing passes, as an index into the config's backends.
    pub default_backend: usize,
}

/// What one route matches and where it leads.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteSettings {
    /// Its name.
    pub name: Arc<str>,
    /// Who serves it, as an index into the config's backends.
    pub backend: usize,
    /// Prompts like those it should match. A route without any matches nothing.
    pub samples: Vec<String>,
    /// The least cosine that passes; without one, any does.
    pub threshold: Option<f32>,
}

/// The routes with their samples embedded.
#[derive(Debug)]
pub struct Table {
    routes: Vec<Route>,
    /// Every sample, route after route.
    samples: Samples,
    default_backend: usize,
}

/// A sample that could not be compiled.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum CompileError<E> {
    #[error("sample {sample:?} of route {route} cannot be embedded: {source}")]
    Embed { route: Arc<str>, sample: String, source: E },
    #[error("sample {sample:?} of route {route} has {got} dimensions, those before it {expected}")]
    Width { route: Arc<str>, sample: String, expected: usize, got: usize },
}

#[derive(Debug)]
struct Route {
    name: Arc<str>,
    backend: usize,
    threshold: Option<f32>,
    /// Its part of the table's samples.
    samples: Range<usize>,
}

/// The score of what cannot be compared: a route without samples, or a vector with a NaN.
const NOTHING_LIKE_IT: f32 = -1.0;

// === impl Settings ===

impl Settings {
    /// Every sample, with its route's name.
    fn samples(&self) -> impl Iterator<Item = (&Arc<str>, &str)> {
        self.routes.iter().flat_map(|route| route.samples.iter().map(|sample| (&route.name, sample.as_str())))
    }
}

// === impl Table ===

impl Table {
    /// Gives `embed` the samples that `previous` has not, all at once, and takes one answer for each, in their order. The
    /// others are taken from `previous`, so it must come from the same model.
    pub fn compile<E>(
        settings: Settings,
        embed: impl FnOnce(&[&str]) -> Vec<Result<Embedding, E>>,
        previous: Option<&Self>,
    ) -> Result<Self, CompileError<E>> {
        let mut known: HashMap<&str, Cow<[f32]>> = previous
            .into_iter()
            .flat_map(|table| table.samples.iter())
            .map(|(text, vector)| (text, vector.into()))
            .collect();
        let unknown: Vec<(&Arc<str>, &str)> =
            settings.samples().filter(|(_, sample)| !known.contains_key(sample)).collect();
        let texts: Vec<&str> = unknown.iter().map(|(_, sample)| *sample).collect();
        for ((route, sample), vector) in unknown.into_iter().zip(embed(&texts)) {
            let failed = |source| CompileError::Embed { route: Arc::clone(route), sample: sample.into(), source };
            known.insert(sample, vector.map_err(failed)?.to_vec().into());
        }
        let mut table =
            Self { routes: Vec::new(), samples: Samples::default(), default_backend: settings.default_backend };
        for RouteSettings { name, backend, samples, threshold } in &settings.routes {
            let first = table.samples.len();
            for sample in samples {
                table.push(name, sample.clone(), &known[sample.as_str()])?;
            }
            let samples = first..table.samples.len();
            table.routes.push(Route { name: Arc::clone(name), backend: *backend, threshold: *threshold, samples });
        }
        Ok(table)
    }

    /// The route of the nearest sample among those routes that pass; the default backend where none does.
    pub fn decide(&self, prompt: &Embedding) -> Decision {
        let nearest = self.samples.nearest(prompt, self.routes.iter().map(|route| route.samples.clone()));
        let scores: Vec<f32> = nearest.map(|nearest| nearest.map_or(NOTHING_LIKE_IT, |(_, cosine)| cosine)).collect();
        let passing = best(scores.iter().enumerate().filter(|&(index, &score)| self.routes[index].passes(score)));
        if let Some((index, score)) = passing {
            let backend = self.routes[index].backend;
            return Decision { route: Some(index), backend, score, scores, reason: Reason::Semantic, meaning: None };
        }
        let score = best(scores.iter().enumerate()).map_or(0.0, |(_, score)| score);
        Decision {
            route: None,
            backend: self.default_backend,
            score,
            scores,
            reason: Reason::BelowThreshold,
            meaning: None,
        }
    }

    /// The sample of the route at index `route` that is nearest to `prompt`, and its cosine.
    pub fn nearest(&self, prompt: &Embedding, route: usize) -> Option<(&str, f32)> {
        let samples = self.routes.get(route)?.samples.clone();
        let (sample, cosine) = self.samples.nearest(prompt, std::iter::once(samples)).next().flatten()?;
        Some((self.samples.text(sample), cosine))
    }

    /// The routes' names, in the order of [`Decision::scores`].
    pub fn names(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.routes.iter().map(|route| &route.name)
    }

    /// The name of the route at index `route`.
    pub fn name(&self, route: usize) -> Option<&Arc<str>> {
        self.routes.get(route).map(|route| &route.name)
    }

    /// The least cosine that the route at index `route` lets pass.
    pub fn threshold(&self, route: usize) -> Option<f32> {
        self.routes.get(route)?.threshold
    }

    /// Who serves when nothing passes.
    pub fn default_backend(&self) -> usize {
        self.default_backend
    }

    fn push<E>(&mut self, route: &Arc<str>, sample: String, vector: &[f32]) -> Result<(), CompileError<E>> {
        self.samples.push(sample, vector).map_err(|Ragged { text, expected, got }| CompileError::Width {
            route: Arc::clone(route),
            sample: text,
            expected,
            got,
        })
    }
}

// === impl Route ===

impl Route {
    fn passes(&self, score: f32) -> bool {
        !self.samples.is_empty() && self.threshold.is_none_or(|threshold| score >= threshold)
    }
}

/// The highest score with its index; the first of equals.
fn best<'a>(scores: impl Iterator<Item = (usize, &'a f32)>) -> Option<(usize, f32)> {
    scores.map(|(index, &score)| (index, score)).reduce(|best, next| if next.1 > best.1 { next } else { best })
}

#[cfg(test)]
mod tests;

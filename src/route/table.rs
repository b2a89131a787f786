//! Compiled routes, and how a prompt's meaning decides among them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{debug, info};

use super::classifier::{Choice, Classifier, Mode, Query, Ragged, Scale, Scores};
use super::learned::Labels;
use super::{Decision, Reason};
use crate::degraded::Degraded;
use crate::embed::Embedding;

/// What routing does.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The routes, in the config's order, which breaks ties.
    pub routes: Vec<RouteSettings>,
    /// Who serves when nothing passes, as an index into the config's backends.
    pub default_backend: usize,
    /// What scores are made from, where there are samples enough.
    pub classifier: Mode,
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
    /// What passes.
    pub threshold: Threshold,
}

/// Which scores pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// Any.
    None,
    /// Those that nearly all of the route's own samples have; any where its samples do not tell.
    Auto,
    /// This one and those above it.
    Least(f32),
}

/// The routes, and what was learnt from their samples.
#[derive(Debug)]
pub struct Table {
    routes: Vec<Route>,
    /// For each route, the least score that passes; without one, any does.
    thresholds: Vec<Option<f32>>,
    classifier: Arc<Classifier>,
    /// What the classifier was asked to be.
    asked: Mode,
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
    /// The number of its samples.
    samples: usize,
}

/// A fit that takes longer is worth a line in the log.
const LONG_FIT: Duration = Duration::from_secs(1);

// === impl Settings ===

impl Settings {
    /// Every sample, with its route's index.
    fn samples(&self) -> impl Iterator<Item = (usize, &str)> {
        let routes = self.routes.iter().enumerate();
        routes.flat_map(|(index, route)| route.samples.iter().map(move |sample| (index, sample.as_str())))
    }
}

// === impl Table ===

impl Table {
    /// Gives `embed` the samples that `previous` has not, all at once, and takes one answer for each, in their order. The
    /// others are taken from `previous`, so it must come from the same model; where it has the same samples, nothing is
    /// learnt anew.
    pub fn compile<E>(
        settings: Settings,
        embed: impl FnOnce(&[&str]) -> Vec<Result<Embedding, E>>,
        previous: Option<&Self>,
    ) -> Result<Self, CompileError<E>> {
        let same = previous.filter(|table| table.knows(&settings));
        let classifier = match same {
            Some(table) => Arc::clone(&table.classifier),
            None => Arc::new(learn(&settings, embed, previous)?),
        };
        let thresholds = settings.routes.iter().zip(classifier.thresholds());
        let thresholds = thresholds.map(|(route, own)| match route.threshold {
            Threshold::None => None,
            Threshold::Auto => *own,
            Threshold::Least(least) => Some(least),
        });
        Ok(Self {
            thresholds: thresholds.collect(),
            classifier,
            asked: settings.classifier,
            default_backend: settings.default_backend,
            routes: settings.routes.into_iter().map(Route::from).collect(),
        })
    }

    /// Whether what was learnt is what there is to learn from `settings`.
    fn knows(&self, settings: &Settings) -> bool {
        let counts = self.routes.iter().map(|route| route.samples);
        self.asked == settings.classifier
            && counts.eq(settings.routes.iter().map(|route| route.samples.len()))
            && settings.samples().map(|(_, sample)| sample).eq(self.samples().map(|sample| sample.text))
    }

    /// Every sample, route after route.
    fn samples(&self) -> impl Iterator<Item = Query<'_>> {
        (0..self.classifier.len()).map(|sample| self.classifier.sample(sample))
    }

    /// The best route of those that pass; the default backend where none does.
    pub fn decide(&self, prompt: &Query) -> Decision {
        let choice = self.classifier.choose(prompt, &self.thresholds);
        let reason = if choice.route().is_some() { Reason::Semantic } else { Reason::BelowThreshold };
        self.decided(choice.route(), choice.score().unwrap_or(0.0), reason)
    }

    /// The best of the routes that pass and are `open`.
    pub fn choose(&self, prompt: &Query, open: impl Fn(usize) -> bool) -> Choice {
        let thresholds = self.thresholds.iter().enumerate();
        // No score passes an infinite threshold.
        let thresholds: Vec<_> =
            thresholds.map(|(route, least)| if open(route) { *least } else { Some(f32::INFINITY) }).collect();
        self.classifier.choose(prompt, &thresholds)
    }

    /// The decision for a route, or for the default backend where none was chosen.
    pub fn decided(&self, route: Option<usize>, score: f32, reason: Reason) -> Decision {
        let backend =
            route.and_then(|route| self.routes.get(route)).map_or(self.default_backend, |route| route.backend);
        Decision { route, backend, score, reason, degraded: Degraded::default(), meaning: None, labels: Labels::new() }
    }

    /// Every route's score for `prompt`: what [`Self::decide`] goes by, and takes longer than it.
    pub fn scores(&self, prompt: &Query) -> Scores {
        self.classifier.scores(prompt)
    }

    /// The sample of the route at index `route` that is nearest to what the embedding `prompt` means, and its cosine.
    pub fn nearest(&self, prompt: &[f32], route: usize) -> Option<(&str, f32)> {
        let (sample, cosine) = self.classifier.nearest(prompt, route)?;
        Some((self.classifier.sample(sample).text, cosine))
    }

    /// What was learnt from the samples, which are its own in the order of [`Self::sample`].
    pub fn learnt(&self) -> &Classifier {
        &self.classifier
    }

    /// The text of a sample, by its place among all of them, route after route.
    pub fn sample(&self, sample: usize) -> &str {
        self.classifier.sample(sample).text
    }

    /// The route that a sample belongs to, by the same place.
    pub fn route_of(&self, sample: usize) -> Option<usize> {
        let mut end = 0;
        self.routes.iter().position(|route| {
            end += route.samples;
            sample < end
        })
    }

    /// The routes' names, in the order of [`Scores::by_route`].
    pub fn names(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.routes.iter().map(|route| &route.name)
    }

    /// The name of the route at index `route`.
    pub fn name(&self, route: usize) -> Option<&Arc<str>> {
        self.routes.get(route).map(|route| &route.name)
    }

    /// The routes that prompts are compared with: those with samples, by their index and name.
    pub fn compared(&self) -> impl Iterator<Item = (usize, &Arc<str>)> {
        let routes = self.routes.iter().enumerate().filter(|(_, route)| route.samples > 0);
        routes.map(|(index, route)| (index, &route.name))
    }

    /// Whether there is any.
    pub fn compares(&self) -> bool {
        self.compared().next().is_some()
    }

    /// How many samples the route at index `route` has.
    pub fn sample_count(&self, route: usize) -> usize {
        self.routes.get(route).map_or(0, |route| route.samples)
    }

    /// The least score that the route at index `route` lets pass.
    pub fn threshold(&self, route: usize) -> Option<f32> {
        self.thresholds.get(route).copied().flatten()
    }

    /// What scores are made from; the nearest sample where there are too few for more.
    pub fn classifier(&self) -> Mode {
        match self.scale() {
            Scale::Cosine => Mode::Nearest,
            Scale::Chance => self.asked,
        }
    }

    /// What scores and thresholds mean.
    pub fn scale(&self) -> Scale {
        self.classifier.scale()
    }

    /// Who serves when nothing passes.
    pub fn default_backend(&self) -> usize {
        self.default_backend
    }
}

fn learn<E>(
    settings: &Settings,
    embed: impl FnOnce(&[&str]) -> Vec<Result<Embedding, E>>,
    previous: Option<&Table>,
) -> Result<Classifier, CompileError<E>> {
    let mut known: HashMap<&str, Cow<[f32]>> = HashMap::new();
    if let Some(table) = previous {
        known.extend(table.samples().map(|sample| (sample.text, sample.embedding.into())));
    }
    let unknown: Vec<(usize, &str)> = settings.samples().filter(|(_, sample)| !known.contains_key(sample)).collect();
    let texts: Vec<&str> = unknown.iter().map(|(_, sample)| *sample).collect();
    let name = |route: usize| Arc::clone(&settings.routes[route].name);
    for ((route, sample), vector) in unknown.into_iter().zip(embed(&texts)) {
        let failed = |source| CompileError::Embed { route: name(route), sample: sample.into(), source };
        known.insert(sample, vector.map_err(failed)?.to_vec().into());
    }
    let samples: Vec<(usize, &str)> = settings.samples().collect();
    let prompt = |text| Query { embedding: &known[text], text };
    let prompts: Vec<_> = samples.iter().map(|(route, sample)| (*route, prompt(*sample))).collect();
    let begun = Instant::now();
    let fitted = Classifier::fit(&prompts, settings.routes.len(), settings.classifier);
    let (count, took) = (samples.len(), begun.elapsed());
    if took > LONG_FIT {
        info!("Fitted the classifier to {count} samples in {took:.1?}");
    } else {
        debug!("Fitted the classifier to {count} samples in {took:.1?}");
    }
    fitted.map_err(|Ragged { sample, expected, got }| {
        let (route, sample) = samples[sample];
        CompileError::Width { route: name(route), sample: sample.into(), expected, got }
    })
}

// === impl Route ===

impl From<RouteSettings> for Route {
    fn from(settings: RouteSettings) -> Self {
        Self { name: settings.name, backend: settings.backend, samples: settings.samples.len() }
    }
}

#[cfg(test)]
mod tests;

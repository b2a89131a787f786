//! Which route a prompt belongs to, learnt from the routes' samples: the nearest sample, a softmax head fitted to all of
//! them, and both together, calibrated on samples that were held out. Fitted once, then asked of each prompt.
//!
//! - `choice`: the best so far, while routes are considered
//! - `samples`: the search for the nearest
//! - `head`: the softmax, fitted by `lbfgs` with the `product`s that it needs; `words`: what is said beside it
//! - `shares`: the head and the nearest, each for the routes that it can judge
//! - `held_out`: samples judged as if they were prompts
//! - `calibrate`: evidence becomes scores, by a `logistic` curve; `threshold`: and scores thresholds
//! - `diagnose`: samples that look as if they belonged elsewhere

mod calibrate;
mod choice;
mod diagnose;
mod head;
mod held_out;
mod lbfgs;
mod logistic;
mod product;
mod samples;
mod shares;
mod threshold;
mod words;

use std::collections::HashSet;
use std::ops::Range;

use self::calibrate::Calibration;
pub use self::calibrate::STRANGERS;
pub use self::choice::Choice;
pub use self::diagnose::{HeldOut, Suspect, Twins};
use self::diagnose::{suspects, twins};
use self::head::Head;
use self::held_out::{Court, Judged, NOTHING_LIKE_IT, cosine, head};
pub use self::samples::Ragged;
use self::samples::Samples;
pub use self::shares::ENOUGH_SAMPLES;
use self::shares::{Claims, log_rest};
use self::threshold::thresholds;

/// What a route's score is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The nearest sample and a head fitted to all; where fewer than two routes have five samples, the nearest alone.
    Auto,
    /// The nearest sample.
    Nearest,
    /// The head; where fewer than two routes have five samples, the nearest sample.
    Trained,
}

/// What a score means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// The cosine to the route's nearest sample, -1 to 1.
    Cosine,
    /// The chance that the route is the right one, 0 to 1, where one prompt in five belongs to none.
    Chance,
}

/// What is asked: a prompt, or a sample of what prompts are like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Query<'a> {
    /// What it means, of length one.
    pub embedding: &'a [f32],
    /// What it says.
    pub text: &'a str,
}

/// How a prompt is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// Each route's, on the classifier's [`Scale`]; the lowest where the route has no samples or nothing can be compared.
    pub by_route: Vec<f32>,
    /// How likely it is that no route fits, 0 to 1. Where scores are cosines, what the best one lacks of 1.
    pub out_of_scope: f32,
}

/// Samples of routes, and what was learnt from them.
#[derive(Debug)]
pub struct Classifier {
    samples: Samples,
    /// Each route's samples.
    ranges: Vec<Range<usize>>,
    /// Each route's samples without copies.
    distinct: Vec<Vec<usize>>,
    /// For each sample, its place among those that the classifier was fitted to.
    places: Vec<usize>,
    learnt: Option<Learnt>,
    thresholds: Vec<Option<f32>>,
}

/// What the nearest sample alone does not know.
#[derive(Debug)]
struct Learnt {
    claims: Claims,
    head: Head,
    calibration: Calibration,
    /// Whether the nearest samples are asked for.
    nearest: bool,
}

// === impl Mode ===

impl Mode {
    /// Its name in the config and where decisions are explained.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Nearest => "nearest",
            Self::Trained => "trained",
        }
    }
}

// === impl Scale ===

impl Scale {
    /// Its name where decisions are explained.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::Chance => "chance",
        }
    }
}

// === impl Classifier ===

impl Classifier {
    /// Fits a classifier of `routes` to samples, each with its route, below `routes`.
    /// The same samples in the same order give the same classifier.
    pub fn fit(samples: &[(usize, Query)], routes: usize, mode: Mode) -> Result<Self, Ragged> {
        let mut places: Vec<usize> = (0..samples.len()).collect();
        places.sort_by_key(|place| samples[*place].0);
        let mut this = Self {
            samples: Samples::default(),
            ranges: vec![0..0; routes],
            distinct: vec![Vec::new(); routes],
            places,
            learnt: None,
            thresholds: vec![None; routes],
        };
        let mut seen = HashSet::new();
        for (sample, &place) in this.places.iter().enumerate() {
            let (route, prompt) = samples[place];
            this.samples.push(prompt).map_err(|ragged| Ragged { sample: place, ..ragged })?;
            let range = &mut this.ranges[route];
            *range = sample - range.len()..sample + 1;
            if seen.insert((route, prompt.embedding.iter().map(|x| x.to_bits()).collect::<Vec<_>>())) {
                this.distinct[route].push(sample);
            }
        }
        this.learn(mode);
        Ok(this)
    }

    fn learn(&mut self, mode: Mode) {
        let counts: Vec<usize> = self.distinct.iter().map(Vec::len).collect();
        if mode == Mode::Nearest || !can_learn(&counts) {
            let (judged, _) = self.court(None).judge_some();
            let judged: Vec<_> = judged.into_iter().map(|judged| (judged.route, judged.cosines)).collect();
            self.thresholds = thresholds(self.ranges.len(), &judged);
            return;
        }
        let claims = Claims::new(&counts);
        let (judged, fitted) = self.court(Some(&claims)).judge_some();
        let head = head(&self.samples, &claims, fitted, |route| self.distinct[route].clone());
        let calibration = Calibration::fit(&judged, mode == Mode::Auto);
        self.thresholds = thresholds(self.ranges.len(), &scored(&calibration, &judged));
        let nearest = mode == Mode::Auto || !claims.poor.is_empty();
        self.learnt = Some(Learnt { claims, head, calibration, nearest });
    }

    fn court<'a>(&'a self, claims: Option<&'a Claims>) -> Court<'a> {
        Court { samples: &self.samples, ranges: &self.ranges, distinct: &self.distinct, claims }
    }

    /// What its scores mean.
    pub fn scale(&self) -> Scale {
        if self.learnt.is_some() { Scale::Chance } else { Scale::Cosine }
    }

    /// Judges a prompt.
    pub fn scores(&self, prompt: &Query) -> Scores {
        let Some(learnt) = &self.learnt else {
            let by_route = self.cosines(prompt.embedding);
            let best = by_route.iter().fold(0.0f32, |best, cosine| best.max(*cosine));
            return Scores { by_route, out_of_scope: 1.0 - best };
        };
        if !self.can_compare(prompt.embedding) {
            return Scores { by_route: vec![0.0; self.ranges.len()], out_of_scope: 1.0 };
        }
        let cosines = if learnt.nearest { self.cosines(prompt.embedding) } else { Vec::new() };
        let log_shares = learnt.claims.log_shares(&learnt.head, prompt, &cosines);
        let (by_route, out_of_scope) = learnt.calibration.scores(&log_shares, &cosines);
        Scores { by_route, out_of_scope }
    }

    /// What [`Self::scores`] would have decided, sooner: the nearest sample is asked for only of routes that could still
    /// win, which the head leaves few of. `thresholds` are the least scores that pass; without one, any does.
    pub fn choose(&self, prompt: &Query, thresholds: &[Option<f32>]) -> Choice {
        let passes = |route: usize, score: f32| {
            !self.distinct[route].is_empty() && thresholds[route].is_none_or(|threshold| score >= threshold)
        };
        match &self.learnt {
            Some(learnt) if learnt.claims.poor.is_empty() && self.can_compare(prompt.embedding) => {
                self.choose_by_head(learnt, prompt, passes)
            }
            _ => {
                let mut choice = Choice::default();
                for (route, score) in self.scores(prompt).by_route.into_iter().enumerate() {
                    choice.consider(route, score, score, passes(route, score));
                }
                choice
            }
        }
    }

    fn choose_by_head(&self, learnt: &Learnt, prompt: &Query, passes: impl Fn(usize, f32) -> bool) -> Choice {
        let Learnt { claims, head, calibration, nearest } = learnt;
        let search = nearest.then(|| self.samples.search(prompt.embedding)).flatten();
        let log_shares = claims.log_shares(head, prompt, &[]);
        let mut likeliest = claims.rich.clone();
        likeliest.sort_by(|a, b| log_shares[*b].total_cmp(&log_shares[*a]));
        let mut choice = Choice::default();
        for route in likeliest {
            let evidence = |cosine| calibration.evidence(route, log_shares[route], cosine);
            let is_open = |most: f32| choice.is_open_to(most, passes(route, calibration.score(most)));
            if !is_open(evidence(1.0)) {
                continue;
            }
            let race = search.as_ref().map(|search| search.race(self.ranges[route].clone()));
            if race.as_ref().is_some_and(|race| !is_open(evidence(race.most().max(NOTHING_LIKE_IT)))) {
                continue;
            }
            let evidence = evidence(cosine(race.and_then(|race| race.won())));
            let score = calibration.score(evidence);
            choice.consider(route, evidence, score, passes(route, score));
        }
        choice
    }

    /// For each route, a threshold by its own samples, held out one after another: it refuses one in twenty of those
    /// that the route wins. None where too little is known, so that none is better.
    pub fn thresholds(&self) -> &[Option<f32>] {
        &self.thresholds
    }

    /// The samples that look as if they belonged to another route, the most suspicious first. Fits anew to parts of the
    /// samples, so it takes some times as long as the fit.
    pub fn suspects(&self) -> Vec<Suspect> {
        let court = self.court(self.learnt.as_ref().map(|learnt| &learnt.claims));
        let judged = court.judge_all();
        let scores: Vec<_> = match &self.learnt {
            Some(learnt) => scored(&learnt.calibration, &judged),
            None => judged.iter().map(|judged| (judged.route, judged.cosines.clone())).collect(),
        };
        let mut suspects = suspects(&self.samples, &judged, &scores);
        for suspect in &mut suspects {
            suspect.sample = self.places[suspect.sample];
            suspect.conflicts_with = suspect.conflicts_with.map(|sample| self.places[sample]);
        }
        suspects
    }

    /// Every sample but copies, judged as if it were a prompt. As [`Self::suspects`], it takes its time.
    pub fn held_out(&self) -> Vec<HeldOut> {
        let court = self.court(self.learnt.as_ref().map(|learnt| &learnt.claims));
        court.judge_all().into_iter().map(|judged| self.judged(judged)).collect()
    }

    fn judged(&self, judged: Judged) -> HeldOut {
        let Judged { route, log_shares, cosines, .. } = judged;
        let Some(learnt) = &self.learnt else {
            let mut strange = cosines.clone();
            strange[route] = -1.0;
            return HeldOut { route, scores: cosines, strange };
        };
        let scores = learnt.calibration.scores(&log_shares, &cosines).0;
        let rest = log_rest(log_shares[route]);
        let mut others: Vec<f32> = log_shares.iter().map(|share| share - rest).collect();
        others[route] = f32::NEG_INFINITY;
        HeldOut { route, scores, strange: learnt.calibration.scores(&others, &cosines).0 }
    }

    /// Pairs of samples of different routes that say the same.
    pub fn twins(&self) -> Vec<Twins> {
        let mut twins = twins(&self.samples, &self.ranges, &self.distinct);
        for Twins { samples: (one, other), .. } in &mut twins {
            (*one, *other) = (self.places[*one], self.places[*other]);
        }
        twins
    }

    /// How many different samples each route has.
    pub fn distinct(&self) -> impl Iterator<Item = usize> {
        self.distinct.iter().map(Vec::len)
    }

    /// The number of samples.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The sample in place `sample` among those that the classifier was fitted to, where these came
    /// route after route.
    pub(super) fn sample(&self, sample: usize) -> Query<'_> {
        self.samples.get(sample)
    }

    /// Of the same places, that of the sample of `route` that is nearest to `prompt`, and its cosine, -1 to 1.
    pub(super) fn nearest(&self, prompt: &[f32], route: usize) -> Option<(usize, f32)> {
        self.samples.search(prompt)?.nearest(self.ranges.get(route)?.clone())
    }

    fn can_compare(&self, prompt: &[f32]) -> bool {
        prompt.len() == self.samples.width() && prompt.iter().all(|x| x.is_finite())
    }

    /// Each route's cosine to its nearest sample.
    fn cosines(&self, prompt: &[f32]) -> Vec<f32> {
        let search = self.samples.search(prompt);
        let nearest = |range: &Range<usize>| cosine(search.as_ref().and_then(|search| search.nearest(range.clone())));
        self.ranges.iter().map(nearest).collect()
    }
}

/// Whether there is more to learn than the nearest sample, given the number of each route's different samples.
pub fn can_learn(counts: &[usize]) -> bool {
    Claims::new(counts).rich.len() >= 2
}

/// Held-out samples' routes and scores.
fn scored(calibration: &Calibration, judged: &[Judged]) -> Vec<(usize, Vec<f32>)> {
    judged.iter().map(|judged| (judged.route, calibration.scores(&judged.log_shares, &judged.cosines).0)).collect()
}

#[cfg(test)]
mod tests;

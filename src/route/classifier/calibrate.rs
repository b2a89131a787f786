//! From what the head and the nearest samples say to one score a route, by what is known of the samples that were held
//! out: how much the nearest counts beside the head, how often such evidence is right, and how it looks where no route
//! fits. For the last, each sample is also judged as if its own route did not exist.

use super::head::{log_sum, shares};
use super::held_out::Judged;
use super::logistic::Logistic;
use super::shares::log_rest;

/// What a cosine of one may count beside the head's log-probability.
const WEIGHTS: [f32; 9] = [2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0];

/// What it counts where the samples cannot tell.
const USUAL_WEIGHT: f32 = 8.0;

/// By how much all evidence may be too strong or too weak while a weight is tried.
const STRENGTHS: [f32; 6] = [0.35, 0.5, 0.7, 1.0, 1.4, 2.0];

/// Samples that the usual weight and strength are worth.
const TRUST_IN_THE_USUAL: f32 = 2.0;

/// Samples that it takes to move a route's offset half way.
const TRUST_IN_NO_OFFSET: f32 = 3.0;

/// Steps in which the offsets settle.
const OFFSET_STEPS: usize = 40;

/// The most that one sample of a route of few may count: what happens to it is chance.
const MOST: f32 = 2.0;

/// Prompts of no route for each that has one: one in five of all belongs nowhere.
pub const STRANGERS: f64 = 0.25;

/// How evidence becomes scores.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Calibration {
    blend: Blend,
    /// From a route's evidence to the chance that it is the right one.
    right: Logistic,
    /// From all evidence together to the chance that any route fits.
    fits: Logistic,
}

/// What speaks for a route: the logarithm of its share, what its nearest sample counts beside that, and what it has too
/// little or too much of both.
#[derive(Debug, Clone, PartialEq)]
struct Blend {
    /// What a cosine of one counts.
    weight: f32,
    /// For each route, what is added.
    offsets: Vec<f32>,
}

// === impl Calibration ===

impl Calibration {
    /// Learns from held-out samples. Without `cosines`, the nearest counts nothing.
    pub(super) fn fit(judged: &[Judged], cosines: bool) -> Self {
        let labels: Vec<usize> = judged.iter().map(|judged| judged.route).collect();
        let routes = judged.first().map_or(0, |judged| judged.cosines.len());
        let shares: Vec<f32> = shares(&labels, routes).into_iter().map(|share| share.min(MOST)).collect();
        let blend = Blend::fit(judged, &shares, routes, cosines);
        let (mut right, mut fits) = (Vec::new(), Vec::new());
        for (judged, share) in judged.iter().zip(&shares) {
            let share = f64::from(*share);
            let evidence = blend.evidence_of_all(&judged.log_shares, &judged.cosines);
            let (best, most) = best(&evidence);
            right.push((f64::from(most), best == judged.route, share));
            fits.push((blend.together(&evidence), true, share));
            let rest = log_rest(judged.log_shares[judged.route]);
            let mut strange: Vec<f32> = evidence.iter().map(|evidence| evidence - rest).collect();
            strange[judged.route] = f32::NEG_INFINITY;
            right.push((f64::from(self::best(&strange).1), false, share * STRANGERS));
            fits.push((blend.together(&strange), false, share * STRANGERS));
        }
        Self { blend, right: Logistic::fit(&right), fits: Logistic::fit(&fits) }
    }

    /// What speaks for `route`, on no scale that means anything by itself.
    pub(super) fn evidence(&self, route: usize, log_share: f32, cosine: f32) -> f32 {
        self.blend.evidence(route, log_share, cosine)
    }

    /// A route's score, 0 to 1: the chance that it is the right one.
    pub(super) fn score(&self, evidence: f32) -> f32 {
        self.right.at(f64::from(evidence)) as f32
    }

    /// Each route's score, and the chance that none fits.
    pub(super) fn scores(&self, log_shares: &[f32], cosines: &[f32]) -> (Vec<f32>, f32) {
        let evidence = self.blend.evidence_of_all(log_shares, cosines);
        let scores = evidence.iter().map(|evidence| self.score(*evidence)).collect();
        (scores, 1.0 - self.fits.at(self.blend.together(&evidence)) as f32)
    }
}

// === impl Blend ===

impl Blend {
    /// Under which the samples' own routes are the most probable.
    fn fit(judged: &[Judged], shares: &[f32], routes: usize, cosines: bool) -> Self {
        let weights = if cosines { WEIGHTS.as_slice() } else { &[0.0] };
        let tried = weights.iter().flat_map(|weight| STRENGTHS.map(|strength| (*weight, strength)));
        let mut best = (f32::NEG_INFINITY, Self { weight: USUAL_WEIGHT, offsets: vec![0.0; routes] }, 1.0);
        for (weight, strength) in tried {
            let blend = Self { weight, offsets: vec![0.0; routes] };
            let unusual = strength.ln().powi(2) + if cosines { (weight / USUAL_WEIGHT).ln().powi(2) } else { 0.0 };
            let of_one =
                |(judged, share): (&Judged, &f32)| share * blend.log_probabilities(judged, strength)[judged.route];
            let likelihood = judged.iter().zip(shares).map(of_one).sum::<f32>() - TRUST_IN_THE_USUAL * unusual;
            if likelihood > best.0 {
                best = (likelihood, blend, strength);
            }
        }
        let (_, mut blend, strength) = best;
        (0..OFFSET_STEPS).for_each(|_| blend.adjust(judged, shares, strength));
        blend
    }

    /// Moves each route's offset half way to where it would be if the others stayed.
    fn adjust(&mut self, judged: &[Judged], shares: &[f32], strength: f32) {
        let mut slopes: Vec<f32> = self.offsets.iter().map(|offset| TRUST_IN_NO_OFFSET * strength * offset).collect();
        let mut bends = vec![TRUST_IN_NO_OFFSET; slopes.len()];
        for (judged, share) in judged.iter().zip(shares) {
            slopes[judged.route] -= share;
            let probabilities = self.log_probabilities(judged, strength);
            for ((slope, bend), probability) in slopes.iter_mut().zip(&mut bends).zip(probabilities) {
                let probability = probability.exp();
                *slope += share * probability;
                *bend += share * probability * (1.0 - probability);
            }
        }
        for ((offset, slope), bend) in self.offsets.iter_mut().zip(slopes).zip(bends) {
            *offset -= slope / bend / 2.0 / strength;
        }
    }

    fn log_probabilities(&self, judged: &Judged, strength: f32) -> Vec<f32> {
        let mut evidence = self.evidence_of_all(&judged.log_shares, &judged.cosines);
        evidence.iter_mut().for_each(|evidence| *evidence *= strength);
        let total = log_sum(&evidence);
        evidence.iter_mut().for_each(|evidence| *evidence -= total);
        evidence
    }

    fn evidence(&self, route: usize, log_share: f32, cosine: f32) -> f32 {
        log_share + self.weight * cosine + self.offsets[route]
    }

    /// Where the nearest counts nothing, `cosines` may be left out.
    fn evidence_of_all(&self, log_shares: &[f32], cosines: &[f32]) -> Vec<f32> {
        let cosines = cosines.iter().copied().chain(std::iter::repeat(0.0));
        let all = log_shares.iter().zip(cosines).enumerate();
        all.map(|(route, (share, cosine))| self.evidence(route, *share, cosine)).collect()
    }

    /// What all evidence says for any route. A head's shares alone are one together whatever the prompt, so there it is
    /// how clear the best one is.
    fn together(&self, evidence: &[f32]) -> f64 {
        f64::from(if self.weight == 0.0 { best(evidence).1 } else { log_sum(evidence) })
    }
}

/// The first of the highest, and how high; 0 and minus infinity where there is none.
pub(super) fn best(floats: &[f32]) -> (usize, f32) {
    let best = floats.iter().copied().enumerate().reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.unwrap_or((0, f32::NEG_INFINITY))
}

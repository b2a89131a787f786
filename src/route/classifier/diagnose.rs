//! Samples that look as if they belonged elsewhere.

use std::collections::BTreeMap;
use std::ops::Range;

use super::calibrate::best;
use super::held_out::Judged;
use super::samples::Samples;

/// Samples of two routes that are closer than this say the same to the encoder.
const SAME: f32 = 0.95;

/// A sample judged as if it were a prompt, by what was learnt from the others.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// The route that it is a sample of.
    pub route: usize,
    /// Each route's score.
    pub scores: Vec<f32>,
    /// Each route's score if its own did not exist, so that it belonged to none; of its own, the lowest.
    pub strange: Vec<f32>,
}

/// Two samples of different routes that say the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Twins {
    /// Their places among the samples that the classifier was fitted to.
    pub samples: (usize, usize),
    /// Their cosine.
    pub cosine: f32,
}

/// A sample that, held out, went to another route.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suspect {
    /// Its place among the samples that the classifier was fitted to.
    pub sample: usize,
    /// The route that it is a sample of, and what that scored.
    pub route: usize,
    /// That score.
    pub score: f32,
    /// The route that it went to.
    pub likelier: usize,
    /// What that scored.
    pub likelier_score: f32,
    /// The place of a sample of that route that says the same. Without one, this one is rather mislabelled, or alone of
    /// its kind.
    pub conflicts_with: Option<usize>,
}

// === impl Suspect ===

impl Suspect {
    fn suspicion(&self) -> f32 {
        self.likelier_score - self.score
    }
}

/// The pairs of samples that say the same, one for each sample and other route at most, the nearest first.
pub(super) fn twins(samples: &Samples, ranges: &[Range<usize>], distinct: &[Vec<usize>]) -> Vec<Twins> {
    let mut twins = BTreeMap::new();
    for (route, of_route) in distinct.iter().enumerate() {
        for &sample in of_route {
            let Some(search) = samples.search(samples.vector(sample)) else { continue };
            let others = ranges.iter().enumerate().filter(|(other, _)| *other != route);
            for (other, cosine) in others.filter_map(|(_, range)| search.nearest(range.clone())) {
                if cosine >= SAME {
                    twins.insert((sample.min(other), sample.max(other)), cosine);
                }
            }
        }
    }
    let mut twins: Vec<_> = twins.into_iter().map(|(samples, cosine)| Twins { samples, cosine }).collect();
    twins.sort_by(|a, b| b.cosine.total_cmp(&a.cosine));
    twins
}

/// Those of `judged` that went to another route, by how clearly they did. `scores` are theirs, with their routes.
pub(super) fn suspects(samples: &Samples, judged: &[Judged], scores: &[(usize, Vec<f32>)]) -> Vec<Suspect> {
    let suspect = |(judged, (route, scores)): (&Judged, &(usize, Vec<f32>))| {
        let (likelier, likelier_score) = best(scores);
        if likelier == *route {
            return None;
        }
        let says_the_same =
            |other: &usize| judged.cosines[likelier] >= SAME || samples.are_copies(judged.sample, *other);
        let conflicts_with = judged.nearest[likelier].filter(says_the_same);
        let score = scores[*route];
        Some(Suspect { sample: judged.sample, route: *route, score, likelier, likelier_score, conflicts_with })
    };
    let mut suspects: Vec<Suspect> = judged.iter().zip(scores).filter_map(suspect).collect();
    suspects.sort_by(|a, b| b.suspicion().total_cmp(&a.suspicion()).then(a.sample.cmp(&b.sample)));
    suspects
}

//! How samples would be judged if they were prompts: by a head that was fitted without them, and by the nearest of the
//! others.

use std::ops::Range;

use super::head::Head;
use super::samples::Samples;
use super::shares::Claims;

/// Parts that the samples are dealt into; a head fitted to four of five is nearly the head of all.
const FOLDS: usize = 5;

/// Samples judged, at least, where there are as many: all parts of a small table, one or two of a large one.
const ENOUGH: usize = 1000;

/// And at least as many for each route.
const ENOUGH_EACH: usize = 10;

/// A sample as it was judged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    pub(super) sample: usize,
    /// The route that it is a sample of.
    pub(super) route: usize,
    /// The logarithm of each route's share; empty where there is no head.
    pub(super) log_shares: Vec<f32>,
    /// For each route, its nearest other sample and their cosine.
    pub(super) nearest: Vec<Option<usize>>,
    pub(super) cosines: Vec<f32>,
}

/// The cosine of what cannot be compared.
pub(super) const NOTHING_LIKE_IT: f32 = -1.0;

/// What is judged, and by what.
pub(super) struct Court<'a> {
    pub(super) samples: &'a Samples,
    /// Each route's samples.
    pub(super) ranges: &'a [Range<usize>],
    /// Each route's samples without copies.
    pub(super) distinct: &'a [Vec<usize>],
    /// How shares are told; none where only the nearest counts.
    pub(super) claims: Option<&'a Claims>,
}

// === impl Court ===

impl Court<'_> {
    /// Judges as many samples as it takes to know how well they are judged. With a head fitted to four of five samples
    /// of all.
    pub(super) fn judge_some(&self) -> (Vec<Judged>, Option<Head>) {
        let all: usize = self.distinct.iter().map(Vec::len).sum();
        let each = ENOUGH.div_ceil(self.distinct.len().max(1)).max(ENOUGH_EACH);
        let folds = (each * self.distinct.len() * FOLDS).div_ceil(all.max(1)).clamp(1, FOLDS);
        self.judge(folds, each)
    }

    /// Judges every sample but copies.
    pub(super) fn judge_all(&self) -> Vec<Judged> {
        self.judge(FOLDS, usize::MAX).0
    }

    /// Judges at most `each` of every route's samples in each of `folds` parts.
    fn judge(&self, folds: usize, each: usize) -> (Vec<Judged>, Option<Head>) {
        let (mut judged, mut last) = (Vec::new(), None);
        for fold in 0..folds {
            let learnt = self.claims.map(|claims| (claims, self.head_without(claims, fold)));
            for (route, samples) in self.distinct.iter().enumerate() {
                for &sample in samples.iter().skip(fold).step_by(FOLDS).take(each) {
                    judged.push(self.judge_one(sample, route, learnt.as_ref()));
                }
            }
            last = learnt.map(|(_, head)| head);
        }
        (judged, last)
    }

    fn judge_one(&self, sample: usize, route: usize, learnt: Option<&(&Claims, Head)>) -> Judged {
        let prompt = self.samples.get(sample);
        let search = self.samples.search(prompt.embedding);
        let nearest = self.ranges.iter().cloned().enumerate().map(|(other, range)| {
            let search = search.as_ref()?;
            // A copy in another route is a conflict, which counts.
            if other == route { search.nearest_other(sample, range) } else { search.nearest(range) }
        });
        let nearest: Vec<Option<(usize, f32)>> = nearest.collect();
        let cosines: Vec<f32> = nearest.iter().map(|nearest| cosine(*nearest)).collect();
        let log_shares = learnt.map(|(claims, head)| claims.log_shares(head, &prompt, &cosines)).unwrap_or_default();
        let nearest = nearest.into_iter().map(|nearest| nearest.map(|(sample, _)| sample)).collect();
        Judged { sample, route, log_shares, nearest, cosines }
    }

    fn head_without(&self, claims: &Claims, fold: usize) -> Head {
        head(self.samples, claims, None, |route| {
            let kept = self.distinct[route].iter().enumerate().filter(|(i, _)| i % FOLDS != fold);
            kept.map(|(_, sample)| *sample).collect()
        })
    }
}

/// That to the nearest, if there is one.
pub(super) fn cosine(nearest: Option<(usize, f32)>) -> f32 {
    nearest.map_or(NOTHING_LIKE_IT, |(_, cosine)| cosine)
}

/// A head fitted to what `of` names of each rich route's samples, beginning with one that was `fitted` to most of them.
pub(super) fn head(samples: &Samples, claims: &Claims, fitted: Option<Head>, of: impl Fn(usize) -> Vec<usize>) -> Head {
    let (mut prompts, mut labels) = (Vec::new(), Vec::new());
    for (class, &route) in claims.rich.iter().enumerate() {
        for sample in of(route) {
            prompts.push(samples.get(sample));
            labels.push(class);
        }
    }
    Head::fit(&prompts, &labels, samples.width(), claims.rich.len(), fitted)
}

//! How much scores tell, whatever thresholds make of them: whether they tell prompts of a route from those of none, and
//! whether they are the chances that they say.

use serde::Serialize;

use crate::route::classifier::Scores;

/// What the scores of labelled prompts were.
#[derive(Debug, Default)]
pub(super) struct Chances {
    /// How likely it seemed that no route fits, and whether none does.
    strange: Vec<(f32, bool)>,
    /// The best route's score, and whether that route is right.
    best: Vec<(f32, bool)>,
}

/// How true scores are as chances.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Reliability {
    /// By how much a bin's mean score differs from the share that is right, over all prompts: the expected calibration
    /// error (Naeini et al., 2015).
    pub(super) error: f64,
    /// Those with prompts, the lowest scores first.
    pub(super) bins: Vec<Bin>,
}

/// Prompts with scores from `from` to `to`.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Bin {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) n: usize,
    /// Their mean score.
    pub(super) score: f64,
    /// The share of them whose best route is right.
    pub(super) right: f64,
}

/// What points of a curve differ by, at least.
const ROC_STEP: f64 = 0.005;

/// Of equal width.
const BINS: usize = 10;

// === impl Chances ===

impl Chances {
    /// Takes a prompt that the route at index `expected` is right for, or none.
    pub(super) fn add(&mut self, expected: Option<usize>, scores: &Scores) {
        self.strange.push((scores.out_of_scope, expected.is_none()));
        let routes = scores.by_route.iter().copied().enumerate();
        if let Some((route, score)) = routes.reduce(|best, next| if next.1 > best.1 { next } else { best }) {
            self.best.push((score, expected == Some(route)));
        }
    }

    /// The chance that a prompt of no route looks stranger than one of a route; half where they look the same.
    pub(super) fn auroc(&self) -> Option<f64> {
        let mut strange = self.strange.clone();
        strange.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut known, mut unknown, mut ordered) = (0.0, 0.0, 0.0);
        for equal in strange.chunk_by(|a, b| a.0 == b.0) {
            let outside = equal.iter().filter(|(_, outside)| *outside).count() as f64;
            let inside = equal.len() as f64 - outside;
            ordered += outside * (known + inside / 2.0);
            known += inside;
            unknown += outside;
        }
        (known > 0.0 && unknown > 0.0).then(|| ordered / (known * unknown))
    }

    /// For each bar that what looks strange is held against: the shares of the prompts of a route and of those of none that
    /// are above it, the highest bar first; none where the file lacks either. Bars that hardly differ are left out.
    pub(super) fn roc(&self) -> Option<Vec<(f64, f64)>> {
        let mut strange = self.strange.clone();
        strange.sort_by(|a, b| b.0.total_cmp(&a.0));
        let all_unknown = strange.iter().filter(|(_, outside)| *outside).count();
        let all_known = strange.len() - all_unknown;
        if all_known == 0 || all_unknown == 0 {
            return None;
        }
        let (mut known, mut unknown) = (0, 0);
        let mut points = vec![(0.0, 0.0)];
        for equal in strange.chunk_by(|a, b| a.0 == b.0) {
            let outside = equal.iter().filter(|(_, outside)| *outside).count();
            unknown += outside;
            known += equal.len() - outside;
            let point = (known as f64 / all_known as f64, unknown as f64 / all_unknown as f64);
            let (x, y) = points.last().copied().unwrap_or_default();
            if point.0 - x + point.1 - y >= ROC_STEP {
                points.push(point);
            }
        }
        points.push((1.0, 1.0));
        Some(points)
    }

    pub(super) fn reliability(&self) -> Reliability {
        let mut sums = [(0usize, 0.0, 0usize); BINS];
        for (score, right) in &self.best {
            let (n, total, hits) = &mut sums[((score * BINS as f32) as usize).min(BINS - 1)];
            *n += 1;
            *total += f64::from(*score);
            *hits += usize::from(*right);
        }
        let filled = sums.into_iter().enumerate().filter(|(_, (n, ..))| *n > 0);
        let bins: Vec<Bin> = filled
            .map(|(bin, (n, total, hits))| Bin {
                from: bin as f64 / BINS as f64,
                to: (bin + 1) as f64 / BINS as f64,
                n,
                score: total / n as f64,
                right: hits as f64 / n as f64,
            })
            .collect();
        // The sum of no floats is a negative zero.
        let off = bins.iter().fold(0.0, |off, bin| off + bin.n as f64 * (bin.score - bin.right).abs());
        Reliability { error: off / self.best.len().max(1) as f64, bins }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chances(prompts: &[(Option<usize>, [f32; 2], f32)]) -> Chances {
        let mut chances = Chances::default();
        for (expected, by_route, out_of_scope) in prompts {
            chances.add(*expected, &Scores { by_route: by_route.to_vec(), out_of_scope: *out_of_scope });
        }
        chances
    }

    #[test]
    fn auroc_is_the_share_of_pairs_in_order() {
        let prompts =
            [(Some(0), [0.9, 0.1], 0.1), (Some(1), [0.2, 0.6], 0.5), (None, [0.2, 0.4], 0.5), (None, [0.1, 0.1], 0.7)];
        assert_eq!(chances(&prompts).auroc(), Some(3.5 / 4.0));
        assert_eq!(chances(&prompts[..2]).auroc(), None, "nothing is out of scope");
        assert_eq!(chances(&[]).auroc(), None);
        let roc = chances(&prompts).roc().unwrap();
        assert_eq!(roc, [(0.0, 0.0), (0.0, 0.5), (0.5, 1.0), (1.0, 1.0), (1.0, 1.0)]);
        assert_eq!(chances(&prompts[..2]).roc(), None);
    }

    #[test]
    fn reliability_compares_scores_with_what_was_right() {
        let prompts = [
            (Some(0), [0.95, 0.1], 0.0),
            (Some(1), [0.85, 0.9], 0.0),
            (Some(0), [0.1, 1.0], 0.0),
            (None, [0.25, 0.0], 0.9),
        ];
        let Reliability { error, bins } = chances(&prompts).reliability();
        let counts: Vec<_> = bins.iter().map(|bin| (bin.from, bin.n)).collect();
        assert_eq!(counts, [(0.2, 1), (0.9, 3)]);
        assert!((bins[1].score - 0.95).abs() < 1e-6 && (bins[1].right - 2.0 / 3.0).abs() < 1e-6);
        assert!((error - (0.25 + 3.0 * (0.95 - 2.0 / 3.0)) / 4.0).abs() < 1e-6, "{error}");
        let nothing = chances(&[]).reliability();
        assert_eq!(nothing, Reliability { error: 0.0, bins: Vec::new() });
        assert!(nothing.error.is_sign_positive());
    }
}

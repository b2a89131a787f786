//! What other thresholds would have made of the same scores.

use super::detail::{Detail, Seen};

/// What comes of each threshold, the lowest first.
#[derive(Debug)]
pub(super) struct Curve(pub(super) Vec<Point>);

/// What comes of one threshold; a share of nothing is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) threshold: f32,
    /// Of what is accepted, the share that is right.
    pub(super) precision: Option<f64>,
    /// Of what should be accepted, the share that is, rightly.
    pub(super) recall: Option<f64>,
    /// Of what belongs to no route, the share that is accepted.
    pub(super) strangers: Option<f64>,
    /// Of all prompts, the share that ends where it belongs; only where all routes have the same threshold.
    pub(super) right: Option<f64>,
}

/// Thresholds along an axis.
const STEPS: usize = 100;

/// How each prompt that a threshold could refuse, or that it cannot, would end if it were accepted.
#[derive(Default)]
struct Sweep {
    /// By scores.
    contenders: Vec<(f32, Ending)>,
    /// Accepted whatever the threshold is.
    sure: Counts,
    /// What should be accepted, and what belongs to no route.
    wanted: usize,
    strangers: usize,
    all: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Ending {
    Right,
    Wrong,
    Stranger,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    accepted: usize,
    right: usize,
    strangers: usize,
}

/// The lowest threshold that makes a difference, or 0: where an axis begins that ends with 1.
pub(super) fn lowest(detail: &Detail) -> f32 {
    let scores = detail.seen.iter().filter_map(|seen| seen.scores.as_ref());
    let best = scores.map(|scores| scores.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let lowest = best.fold(0.0, f32::min).max(-1.0);
    (lowest * 10.0).floor() / 10.0
}

/// What would come of other thresholds of the route at index `route`, if all others kept theirs.
pub(super) fn of_route(detail: &Detail, route: usize, thresholds: &[Option<f32>]) -> Curve {
    let mut sweep = Sweep::default();
    for seen in &detail.seen {
        let ending = Ending::new(seen, route);
        sweep.expect(seen, seen.expected == Some(route));
        match &seen.scores {
            Some(scores) if would_win(seen, scores, route, thresholds) => {
                sweep.contenders.push((scores[route], ending));
            }
            None if seen.given == Some(route) => sweep.sure.add(ending),
            _ => {}
        }
    }
    let mut curve = sweep.curve(lowest(detail), thresholds[route]);
    curve.0.iter_mut().for_each(|point| point.right = None);
    curve
}

/// What would come of one threshold for all routes.
pub(super) fn of_all(detail: &Detail) -> Curve {
    let mut sweep = Sweep::default();
    for seen in &detail.seen {
        sweep.expect(seen, seen.expected.is_some());
        let best = seen.scores.as_ref().and_then(|scores| best(scores.iter().copied().enumerate()));
        match (best, seen.given) {
            (Some((route, score)), _) => sweep.contenders.push((score, Ending::new(seen, route))),
            (None, Some(route)) => sweep.sure.add(Ending::new(seen, route)),
            (None, None) => {}
        }
    }
    sweep.curve(lowest(detail), None)
}

/// Whether `route` gets the prompt as soon as its threshold lets it.
fn would_win(seen: &Seen, scores: &[f32], route: usize, thresholds: &[Option<f32>]) -> bool {
    let passes =
        |(rival, score): &(usize, f32)| *rival != route && thresholds[*rival].is_none_or(|least| *score >= least);
    let rival = best(scores.iter().copied().enumerate().filter(passes));
    // Of equal scores, the decision knows which is more.
    seen.given == Some(route)
        || rival.is_none_or(|(_, rival)| scores[route] > rival)
            && thresholds[route].is_some_and(|least| scores[route] < least)
}

fn best(scores: impl Iterator<Item = (usize, f32)>) -> Option<(usize, f32)> {
    scores.reduce(|best, next| if next.1 > best.1 { next } else { best })
}

// === impl Ending ===

impl Ending {
    fn new(seen: &Seen, route: usize) -> Self {
        match seen.expected {
            Some(expected) if expected == route => Self::Right,
            Some(_) => Self::Wrong,
            None => Self::Stranger,
        }
    }
}

// === impl Counts ===

impl Counts {
    fn add(&mut self, ending: Ending) {
        self.accepted += 1;
        self.right += usize::from(ending == Ending::Right);
        self.strangers += usize::from(ending == Ending::Stranger);
    }
}

// === impl Sweep ===

impl Sweep {
    fn expect(&mut self, seen: &Seen, wanted: bool) {
        self.all += 1;
        self.wanted += usize::from(wanted);
        self.strangers += usize::from(seen.expected.is_none());
    }

    /// From `lowest` to 1, and at the threshold in force.
    fn curve(mut self, lowest: f32, in_force: Option<f32>) -> Curve {
        self.contenders.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut thresholds: Vec<f32> =
            (0..=STEPS).map(|step| lowest + (1.0 - lowest) * step as f32 / STEPS as f32).chain(in_force).collect();
        thresholds.sort_by(f32::total_cmp);
        let (mut counts, mut contenders) = (self.sure, self.contenders.iter().peekable());
        let mut points = Vec::with_capacity(thresholds.len());
        for threshold in thresholds.into_iter().rev() {
            while let Some((_, ending)) = contenders.next_if(|(score, _)| *score >= threshold) {
                counts.add(*ending);
            }
            points.push(self.point(threshold, counts));
        }
        points.reverse();
        Curve(points)
    }

    fn point(&self, threshold: f32, counts: Counts) -> Point {
        Point {
            threshold,
            precision: share(counts.right, counts.accepted),
            recall: share(counts.right, self.wanted),
            strangers: share(counts.strangers, self.strangers),
            right: share(counts.right + self.strangers - counts.strangers, self.all),
        }
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Label, route and scores.
    type Prompt = (Option<usize>, Option<usize>, Option<[f32; 2]>);

    fn detail(prompts: &[Prompt]) -> Detail {
        let seen = prompts.iter().map(|(expected, given, scores)| Seen {
            expected: *expected,
            given: *given,
            scores: scores.map(Vec::from),
        });
        Detail { seen: seen.collect(), ..Detail::default() }
    }

    fn at(curve: &Curve, threshold: f32) -> Point {
        *curve.0.iter().find(|point| (point.threshold - threshold).abs() < 1e-6).unwrap()
    }

    /// Under the thresholds none and .5.
    fn prompts() -> Detail {
        detail(&[
            (Some(0), Some(0), Some([0.9, 0.1])),
            (Some(0), Some(0), Some([0.3, 0.4])),
            (Some(1), Some(1), Some([0.2, 0.6])),
            (Some(1), Some(0), Some([0.1, 0.45])),
            (None, Some(0), Some([0.35, 0.3])),
            (None, None, None),
            (Some(1), Some(1), None),
        ])
    }

    #[test]
    fn one_route_s_threshold_moves_while_the_others_stay() {
        let thresholds = [None, Some(0.5)];
        let curve = of_route(&prompts(), 1, &thresholds);
        let point = at(&curve, 0.5);
        assert_eq!((point.precision, point.recall, point.strangers), (Some(1.0), Some(2.0 / 3.0), Some(0.0)));
        let point = at(&curve, 0.4);
        assert_eq!((point.precision, point.recall), (Some(0.75), Some(1.0)), "one more that is right, one that is not");
        assert_eq!(at(&curve, 1.0).recall, Some(1.0 / 3.0), "what no score decided stays");
        let curve = of_route(&prompts(), 0, &thresholds);
        assert_eq!(at(&curve, 0.0).recall, Some(1.0));
        assert_eq!((at(&curve, 0.35).strangers, at(&curve, 0.36).strangers), (Some(0.5), Some(0.0)));
        assert_eq!(at(&curve, 1.0).precision, None, "a share of nothing");
    }

    #[test]
    fn one_threshold_for_all() {
        let curve = of_all(&prompts());
        let point = at(&curve, 0.0);
        assert_eq!((point.recall, point.strangers, point.right), (Some(0.8), Some(0.5), Some(5.0 / 7.0)));
        assert_eq!(at(&curve, 0.4).right, Some(6.0 / 7.0), "only the stranger is refused");
        assert_eq!(at(&curve, 1.0).right, Some(3.0 / 7.0));
    }

    #[test]
    fn an_axis_holds_what_is_below_zero() {
        assert_eq!(lowest(&detail(&[(None, Some(0), Some([-0.13, -0.2]))])), -0.2);
        assert_eq!(lowest(&detail(&[(None, None, None)])), 0.0);
    }
}

//! What thresholds come to.

use serde::Serialize;

use super::evidence::{Judged, winner};

/// Decisions of all routes together; a share of nothing is none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Whole {
    /// The share that is right.
    pub(super) right: Option<f64>,
    /// Of prompts of a route, the share that found it.
    pub(super) in_scope: Option<f64>,
    /// Of prompts of none, the share that is refused.
    pub(super) out_of_scope: Option<f64>,
}

/// One route's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct OfRoute {
    /// The least score that passes; none where any does.
    pub(super) threshold: Option<f32>,
    /// Of those that it gets, the share that is its own.
    pub(super) precision: Option<f64>,
    /// Of its own, the share that it gets.
    pub(super) recall: Option<f64>,
    /// Of the prompts of no route, the share that it gets.
    pub(super) strangers: Option<f64>,
}

/// Where prompts went, by weight.
#[derive(Default, Clone)]
struct Counts {
    asked: f64,
    given: f64,
    right: f64,
    strangers: f64,
}

/// Under `thresholds`, one for each route.
pub(super) fn measure(judged: &[Judged], thresholds: &[Option<f32>]) -> (Whole, Vec<OfRoute>) {
    let mut routes = vec![Counts::default(); thresholds.len()];
    let mut none = Counts::default();
    for Judged { expected, scores, weight, .. } in judged {
        let given = winner(scores, thresholds, None).map(|(route, _)| route);
        expected.map_or(&mut none, |route| &mut routes[route]).asked += weight;
        let to = given.map_or(&mut none, |route| &mut routes[route]);
        to.given += weight;
        to.right += if given == *expected { *weight } else { 0.0 };
        to.strangers += if expected.is_none() { *weight } else { 0.0 };
    }
    let sum = |of: fn(&Counts) -> f64| routes.iter().map(of).sum::<f64>();
    let (asked, right) = (sum(|counts| counts.asked), sum(|counts| counts.right));
    let whole = Whole {
        right: share(right + none.right, asked + none.asked),
        in_scope: share(right, asked),
        out_of_scope: share(none.right, none.asked),
    };
    let of_route = |(counts, threshold): (&Counts, &Option<f32>)| OfRoute {
        threshold: *threshold,
        precision: share(counts.right, counts.given),
        recall: share(counts.right, counts.asked),
        strangers: share(counts.strangers, none.asked),
    };
    (whole, routes.iter().zip(thresholds).map(of_route).collect())
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_weights() {
        let judged = |expected, scores: [f32; 2], weight| Judged { expected, scores: scores.into(), weight, number: 0 };
        let prompts = [
            judged(Some(0), [0.9, 0.1], 1.0),
            judged(Some(0), [0.2, 0.8], 1.0),
            judged(Some(1), [0.1, 0.3], 1.0),
            judged(None, [0.6, 0.1], 0.25),
            judged(None, [0.1, 0.1], 0.75),
        ];
        let (whole, routes) = measure(&prompts, &[Some(0.5), Some(0.5)]);
        assert_eq!(whole, Whole { right: Some(1.75 / 4.0), in_scope: Some(1.0 / 3.0), out_of_scope: Some(0.75) });
        let first = OfRoute { threshold: Some(0.5), precision: Some(0.8), recall: Some(0.5), strangers: Some(0.25) };
        assert_eq!(routes[0], first);
        assert_eq!((routes[1].precision, routes[1].recall), (Some(0.0), Some(0.0)));
        let (whole, routes) = measure(&[], &[None]);
        assert_eq!((whole.right, routes[0].precision), (None, None));
    }
}

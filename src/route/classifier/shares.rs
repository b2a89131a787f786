//! Which part of a prompt each route may claim: by the head where a route has samples enough, by its nearest sample where
//! it has few.

use super::Query;
use super::head::{Head, log_sum};

/// With fewer samples, a route is left to its nearest one.
pub const ENOUGH_SAMPLES: usize = 5;

/// How fast a route's share falls with its cosine, where the nearest sample decides.
const SHARPNESS: f32 = 20.0;

/// The logarithm of the probability that what is certain leaves.
const LEAST_REST: f32 = -14.0;

/// Routes by how they are judged.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Claims {
    /// Those with samples enough: the head's classes.
    pub(super) rich: Vec<usize>,
    /// Those with a few.
    pub(super) poor: Vec<usize>,
    /// All of them, those without samples too.
    pub(super) routes: usize,
}

// === impl Claims ===

impl Claims {
    /// Sorts routes by the number of their samples.
    pub(super) fn new(counts: &[usize]) -> Self {
        let of = |wanted: &dyn Fn(usize) -> bool| (0..counts.len()).filter(|route| wanted(counts[*route])).collect();
        Self {
            rich: of(&|count| count >= ENOUGH_SAMPLES),
            poor: of(&|count| (1..ENOUGH_SAMPLES).contains(&count)),
            routes: counts.len(),
        }
    }

    /// The logarithm of each route's share of `prompt`; all shares are one together. `cosines` are those to each route's
    /// nearest sample, of which nothing is asked where no route is poor.
    pub(super) fn log_shares(&self, head: &Head, prompt: &Query, cosines: &[f32]) -> Vec<f32> {
        let mut shares = vec![f32::NEG_INFINITY; self.routes];
        let mut rest = 0.0;
        if !self.poor.is_empty() {
            let both = self.rich.iter().chain(&self.poor);
            let total = log_sum(&both.map(|route| SHARPNESS * cosines[*route]).collect::<Vec<_>>());
            for &route in &self.poor {
                shares[route] = SHARPNESS * cosines[route] - total;
            }
            rest = log_rest(log_sum(&shares));
        }
        for (&route, log_probability) in self.rich.iter().zip(head.log_probabilities(prompt)) {
            shares[route] = log_probability + rest;
        }
        shares
    }
}

/// The logarithm of what a share leaves for the others.
pub(super) fn log_rest(log_share: f32) -> f32 {
    (-log_share.exp()).ln_1p().max(LEAST_REST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_one_together_and_a_poor_route_may_have_most() {
        let claims = Claims::new(&[6, 1, 0, 5]);
        assert_eq!((claims.rich.as_slice(), claims.poor.as_slice()), ([0, 3].as_slice(), [1].as_slice()));
        let samples = [[1.0, 0.0], [0.0, 1.0]];
        let samples = samples.each_ref().map(|embedding| Query { embedding, text: "" });
        let head = Head::fit(&samples, &[0, 1], 2, 2, None);
        for (cosines, most) in [([0.9, 0.1, -1.0, 0.0], 0), ([0.1, 0.9, -1.0, 0.2], 1)] {
            let shares = claims.log_shares(&head, &samples[0], &cosines);
            assert!(log_sum(&shares).abs() < 1e-4, "{shares:?}");
            assert!(shares.iter().all(|share| *share <= shares[most]), "{shares:?}");
            assert_eq!(shares[2], f32::NEG_INFINITY);
        }
    }

    #[test]
    fn certainty_leaves_little_and_not_nothing() {
        assert_eq!(log_rest(0.0), LEAST_REST);
        assert_eq!(log_rest(f32::NEG_INFINITY), 0.0);
    }
}

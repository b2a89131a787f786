//! From a number to a chance: logistic regression on one variable.

/// x becomes 1 / (1 + exp(-(slope x + offset))).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Logistic {
    slope: f64,
    offset: f64,
}

/// An observation: where on the line, whether it was so, and how much it counts.
pub(super) type Observed = (f64, bool, f64);

// === impl Logistic ===

impl Logistic {
    const STEPS: usize = 50;

    /// Holds slope and offset back, in observations, so that few of them make no certainty.
    const DOUBT: f64 = 0.5;

    /// Evidence that seems to count the wrong way is held to count this little the right way.
    const LEAST_SLOPE: f64 = 0.05;

    /// Logistic regression by Newton's method, about the observations' mean and in their standard deviations.
    pub(super) fn fit(observed: &[Observed]) -> Self {
        let observed = || observed.iter().filter(|(x, ..)| x.is_finite());
        let total: f64 = observed().map(|(.., share)| share).sum();
        if total <= 0.0 {
            return Self { slope: 1.0, offset: 0.0 };
        }
        let mean = observed().map(|(x, _, share)| share * x).sum::<f64>() / total;
        let variance = observed().map(|(x, _, share)| share * (x - mean).powi(2)).sum::<f64>() / total;
        let deviation = variance.sqrt().max(1e-6);
        let (mut slope, mut offset) = (0.0, 0.0);
        for _ in 0..Self::STEPS {
            let (mut gradient, mut bend) =
                ([Self::DOUBT * slope, Self::DOUBT * offset], [Self::DOUBT, 0.0, Self::DOUBT]);
            for (x, so, share) in observed() {
                let x = (x - mean) / deviation;
                let chance = Self { slope, offset }.at(x);
                let miss = share * (chance - f64::from(u8::from(*so)));
                let spread = share * chance * (1.0 - chance);
                gradient = [gradient[0] + miss * x, gradient[1] + miss];
                bend = [bend[0] + spread * x * x, bend[1] + spread * x, bend[2] + spread];
            }
            let determinant = bend[0] * bend[2] - bend[1] * bend[1];
            let step = [
                (bend[2] * gradient[0] - bend[1] * gradient[1]) / determinant,
                (bend[0] * gradient[1] - bend[1] * gradient[0]) / determinant,
            ];
            (slope, offset) = (slope - step[0], offset - step[1]);
            if step[0].abs().max(step[1].abs()) < 1e-9 {
                break;
            }
        }
        let slope = slope.max(Self::LEAST_SLOPE) / deviation;
        Self { slope, offset: offset - slope * mean }
    }

    pub(super) fn at(self, x: f64) -> f64 {
        1.0 / (1.0 + (-(self.slope * x + self.offset)).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_those_observed() {
        let observed: Vec<Observed> = (0..1000).map(|i| (f64::from(i % 2), i % 10 < 3 + 4 * (i % 2), 1.0)).collect();
        let logistic = Logistic::fit(&observed);
        let rate = |x: f64| {
            let at: Vec<_> = observed.iter().filter(|observed| observed.0 == x).collect();
            at.iter().filter(|observed| observed.1).count() as f64 / at.len() as f64
        };
        assert!((logistic.at(0.0) - rate(0.0)).abs() < 0.01 && (logistic.at(1.0) - rate(1.0)).abs() < 0.01);
    }

    #[test]
    fn more_evidence_is_never_less_likely() {
        let against: Vec<Observed> = (0..20).map(|i| (f64::from(i), i < 10, 1.0)).collect();
        assert!(Logistic::fit(&against).slope > 0.0);
        assert_eq!(Logistic::fit(&[]), Logistic { slope: 1.0, offset: 0.0 });
        assert!(Logistic::fit(&[(1.0, true, 1.0)]).at(1.0) < 1.0, "one observation is no certainty");
    }
}

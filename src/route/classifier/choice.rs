//! The best so far, while routes are considered one after another.

/// Which route a prompt goes to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Choice {
    /// The best of the routes that pass; the first of equals.
    passing: Option<Considered>,
    best: Option<Considered>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Considered {
    route: usize,
    evidence: f32,
    score: f32,
}

// === impl Choice ===

impl Choice {
    /// The best of the routes that pass.
    pub fn route(&self) -> Option<usize> {
        self.passing.map(|considered| considered.route)
    }

    /// That route's score, or the best route's where none passes; none where there are no routes.
    pub fn score(&self) -> Option<f32> {
        self.passing.or(self.best).map(|considered| considered.score)
    }

    /// Whether a route with at most so much evidence could change the choice; it `may_pass` or not.
    pub(super) fn is_open_to(&self, most: f32, may_pass: bool) -> bool {
        let beats = |considered: Option<Considered>| considered.is_none_or(|considered| most >= considered.evidence);
        if may_pass { beats(self.passing) } else { self.passing.is_none() && beats(self.best) }
    }

    pub(super) fn consider(&mut self, route: usize, evidence: f32, score: f32, passes: bool) {
        let next = Considered { route, evidence, score };
        let take = |best: &mut Option<Considered>| {
            let loses = |best: &Considered| (best.evidence, next.route) < (next.evidence, best.route);
            if best.as_ref().is_none_or(loses) {
                *best = Some(next);
            }
        };
        take(&mut self.best);
        if passes {
            take(&mut self.passing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_that_passes_wins_and_the_first_of_equals() {
        let mut choice = Choice::default();
        assert_eq!((choice.route(), choice.score()), (None, None));
        choice.consider(2, 3.0, 0.9, false);
        assert_eq!((choice.route(), choice.score()), (None, Some(0.9)));
        choice.consider(1, 2.0, 0.7, true);
        choice.consider(0, 2.0, 0.7, true);
        choice.consider(3, 2.0, 0.7, true);
        assert_eq!((choice.route(), choice.score()), (Some(0), Some(0.7)));
    }

    #[test]
    fn what_cannot_win_need_not_be_considered() {
        let mut choice = Choice::default();
        assert!(choice.is_open_to(-9.0, false));
        choice.consider(0, 3.0, 0.9, false);
        assert!(choice.is_open_to(2.0, true), "nothing passed yet");
        assert!(!choice.is_open_to(2.0, false));
        choice.consider(1, 1.0, 0.6, true);
        assert!(!choice.is_open_to(0.9, true) && !choice.is_open_to(4.0, false));
    }
}

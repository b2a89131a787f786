//! Thresholds from held-out samples: a route refuses what is less like it than nearly all of its own samples are.

use super::calibrate::best;

/// The share of a route's samples, of those that it wins, that its threshold refuses.
const REFUSED: f32 = 0.05;

/// The samples of its own that a route needs to have as much say in its threshold as all routes together.
const POOLED: f32 = 10.0;

/// The threshold of each of `routes`, from held-out samples: the route that each is a sample of, and every route's score
/// for it. None where no sample went to its own route, so that nothing can be said.
pub(super) fn thresholds(routes: usize, judged: &[(usize, Vec<f32>)]) -> Vec<Option<f32>> {
    let mut won = vec![Vec::new(); routes];
    for (route, scores) in judged {
        let (winner, score) = best(scores);
        if winner == *route {
            won[winner].push(score);
        }
    }
    let pooled = quantile(won.iter().flatten().copied().collect());
    let of_route = |won: Vec<f32>| {
        let count = won.len() as f32;
        let own = quantile(won).or(pooled)?;
        Some((count * own + POOLED * pooled?) / (count + POOLED))
    };
    won.into_iter().map(of_route).collect()
}

/// The score below which [`REFUSED`] of them lie, between the two nearest.
fn quantile(mut scores: Vec<f32>) -> Option<f32> {
    scores.sort_by(f32::total_cmp);
    let at = REFUSED * scores.len().checked_sub(1)? as f32;
    let (below, above) = (scores[at.floor() as usize], scores[at.ceil() as usize]);
    Some(below + (above - below) * at.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_keeps_nearly_all_that_it_wins() {
        let judged: Vec<_> = (0..=100).map(|i| (0, vec![i as f32 / 100.0, -0.1])).collect();
        let thresholds = thresholds(2, &judged);
        assert!((thresholds[0].unwrap() - 0.05).abs() < 1e-3);
        assert_eq!(thresholds[0], thresholds[1], "a route without samples of its own has everyone's");
    }

    #[test]
    fn nothing_is_said_where_nothing_is_known() {
        assert_eq!(thresholds(2, &[]), [None, None]);
        assert_eq!(thresholds(2, &[(0, vec![0.1, 0.9])]), [None, None], "lost to another route");
        assert_eq!(quantile(vec![0.7]), Some(0.7));
    }
}

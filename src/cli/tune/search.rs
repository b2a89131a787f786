//! The thresholds under which most decisions are right. First one for all routes; then each route's own, while the others
//! stay, until none moves; and then each is drawn back to the common one, the more the fewer prompts spoke for it.

use super::evidence::{Judged, winner};

/// The prompts that a route needs to have as much say in its threshold as all routes together.
const POOLED: f64 = 40.0;

/// With fewer, a route has the common threshold.
pub(super) const ENOUGH_EACH: f64 = 20.0;

/// Times that each route's own is sought.
const ROUNDS: usize = 8;

/// Parts that evidence is dealt into to see how thresholds do where they were not sought.
const FOLDS: usize = 5;

/// A threshold for each of `routes`, with three decimals; none where nothing is known.
pub(super) fn thresholds(judged: &[&Judged], routes: usize) -> Option<Vec<f32>> {
    let anything = vec![None; routes];
    let best = judged.iter().filter_map(|judged| {
        let (route, score) = winner(&judged.scores, &anything, None)?;
        Some((route, score, gain(judged, Some(route)) - gain(judged, None)))
    });
    let best: Vec<(usize, f32, f64)> = best.collect();
    let common = cut(best.iter().map(|(_, score, gain)| (*score, *gain)).collect(), None)?;
    let mut found = vec![Some(common); routes];
    for _ in 0..ROUNDS {
        let before = found.clone();
        for route in 0..routes {
            found[route] = cut(contenders(judged, route, &found), Some(common)).or(Some(common));
        }
        if found == before {
            break;
        }
    }
    let mut said = vec![0.0; routes];
    for (judged, (route, ..)) in judged.iter().zip(&best) {
        said[*route] += judged.weight;
    }
    let drawn = found.into_iter().zip(said).map(|(own, said)| {
        let own = own.filter(|_| said >= ENOUGH_EACH).unwrap_or(common);
        let share = (said / (said + POOLED)) as f32;
        ((share * own + (1.0 - share) * common) * 1000.0).round() / 1000.0
    });
    Some(drawn.collect())
}

/// The share of decisions that thresholds get right which were sought on four fifths of the evidence, each time on the
/// last fifth.
pub(super) fn elsewhere(judged: &[Judged], routes: usize) -> Option<f64> {
    let (mut right, mut all) = (0.0, 0.0);
    for fold in 0..FOLDS {
        let (kept, rest): (Vec<&Judged>, Vec<&Judged>) =
            judged.iter().partition(|judged| judged.number % FOLDS != fold);
        let thresholds: Vec<_> = thresholds(&kept, routes)?.into_iter().map(Some).collect();
        for judged in rest {
            let route = winner(&judged.scores, &thresholds, None).map(|(route, _)| route);
            right += gain(judged, route);
            all += judged.weight;
        }
    }
    (all > 0.0).then(|| right / all)
}

/// What a decision is worth.
fn gain(judged: &Judged, route: Option<usize>) -> f64 {
    if judged.expected == route { judged.weight } else { 0.0 }
}

/// The prompts that `route` gets if its threshold lets it, with its score and what that gains.
fn contenders(judged: &[&Judged], route: usize, thresholds: &[Option<f32>]) -> Vec<(f32, f64)> {
    let contender = |judged: &&Judged| {
        let rival = winner(&judged.scores, thresholds, Some(route));
        let score = judged.scores[route];
        let wins = score > f32::NEG_INFINITY && rival.is_none_or(|(_, rival)| score > rival);
        let gained = gain(judged, Some(route)) - gain(judged, rival.map(|(rival, _)| rival));
        wins.then_some((score, gained))
    };
    judged.iter().filter_map(contender).collect()
}

/// The threshold that gains most of what it accepts: half way between two scores, or the `usual` one where that gains as
/// much. None where there is nothing to accept.
fn cut(mut contenders: Vec<(f32, f64)>, usual: Option<f32>) -> Option<f32> {
    contenders.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut gained, mut above) = (0.0, contenders.first()?.0.max(1.0));
    let mut best: Option<(f64, f32)> = None;
    let far = |threshold: f32| usual.map_or(0.0, |usual| (threshold - usual).abs());
    // Each group of equal scores is accepted with all above it, and what lies below it is not.
    let mut consider = |gained: f64, below: Option<f32>, above: f32| {
        let fits = |usual: &f32| *usual <= above && below.is_none_or(|below| *usual > below);
        let threshold = usual.filter(fits).unwrap_or_else(|| below.map_or(above, |below| (below + above) / 2.0));
        if best.is_none_or(|(most, kept)| gained > most || (gained == most && far(threshold) < far(kept))) {
            best = Some((gained, threshold));
        }
    };
    for equal in contenders.chunk_by(|a, b| a.0 == b.0) {
        consider(gained, Some(equal[0].0), above);
        gained += equal.iter().map(|(_, gain)| gain).sum::<f64>();
        above = equal[0].0;
    }
    consider(gained, None, above);
    best.map(|(_, threshold)| threshold)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(prompts: &[(Option<usize>, [f32; 2])]) -> Vec<Judged> {
        let judged = |(number, (expected, scores)): (usize, &(Option<usize>, [f32; 2]))| Judged {
            expected: *expected,
            scores: scores.to_vec(),
            weight: 1.0,
            number,
        };
        prompts.iter().enumerate().map(judged).collect()
    }

    #[test]
    fn a_cut_parts_what_is_gained_from_what_is_lost() {
        assert_eq!(cut(vec![(0.9, 1.0), (0.2, -1.0), (0.6, 1.0)], None), Some(0.4));
        assert_eq!(cut(vec![(0.9, 1.0), (0.2, -1.0), (0.6, 1.0)], Some(0.55)), Some(0.55), "as good, and usual");
        assert_eq!(cut(vec![(0.5, -1.0), (0.75, -1.0)], None), Some(0.875), "nothing is worth it");
        assert_eq!(cut(vec![(0.5, 1.0), (0.75, 1.0)], None), Some(0.5), "everything is");
        assert_eq!(cut(Vec::new(), Some(0.3)), None);
    }

    /// Two routes, of which the second scores higher throughout, and strangers that differ accordingly.
    fn two_routes(each: usize) -> Vec<Judged> {
        let mut prompts = Vec::new();
        for i in 0..each {
            let noise = i as f32 / each as f32 / 10.0;
            prompts.push((Some(0), [0.4 + noise, 0.0]));
            prompts.push((None, [0.1 + noise, 0.0]));
            prompts.push((Some(1), [0.0, 0.8 + noise]));
            prompts.push((None, [0.0, 0.6 + noise]));
        }
        judged(&prompts)
    }

    #[test]
    fn each_route_finds_its_own_where_it_has_evidence() {
        let many = two_routes(200);
        let found = thresholds(&many.iter().collect::<Vec<_>>(), 2).unwrap();
        assert!(found[0] > 0.2 && found[0] <= 0.4 && found[1] > 0.7 && found[1] <= 0.8, "{found:?}");
        assert_eq!(elsewhere(&many, 2), Some(1.0));
        let few = two_routes(5);
        let found = thresholds(&few.iter().collect::<Vec<_>>(), 2).unwrap();
        assert_eq!(found[0], found[1], "ten prompts each are too few for a threshold of one's own");
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        assert_eq!((thresholds(&[], 2), elsewhere(&[], 2)), (None, None));
    }
}

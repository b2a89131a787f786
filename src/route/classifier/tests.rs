//! The classifier on samples about a few directions.

use super::*;

const WIDTH: usize = 24;

/// Numbers from -1 to 1, the same each time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    /// A prompt about what `route` is about: its direction and noise.
    fn about(&mut self, route: usize) -> Vec<f32> {
        unit((0..WIDTH).map(|k| f32::from(u8::from(k == route)) + 0.15 * self.next()))
    }
}

fn unit(floats: impl Iterator<Item = f32>) -> Vec<f32> {
    let floats: Vec<f32> = floats.collect();
    let length = floats.iter().map(|x| x * x).sum::<f32>().sqrt();
    floats.iter().map(|x| x / length).collect()
}

/// So many samples of each route.
fn samples(counts: &[usize]) -> Vec<(usize, Vec<f32>)> {
    let mut noise = Noise(3);
    let routes = counts.iter().enumerate().flat_map(|(route, &count)| std::iter::repeat_n(route, count));
    routes.map(|route| (route, noise.about(route))).collect()
}

/// A prompt that says nothing.
fn silent(embedding: &[f32]) -> Query<'_> {
    Query { embedding, text: "" }
}

fn fit(samples: &[(usize, Vec<f32>)], routes: usize, mode: Mode) -> Classifier {
    let samples: Vec<_> = samples.iter().map(|(route, vector)| (*route, silent(vector))).collect();
    Classifier::fit(&samples, routes, mode).unwrap()
}

/// Prompts about routes with their numbers, and others about nothing known.
fn prompts() -> Vec<(usize, Vec<f32>)> {
    let mut noise = Noise(99);
    (0..60).map(|i| (i % 6, noise.about(i % 6))).collect()
}

#[test]
fn each_mode_finds_the_route_and_doubts_what_is_strange() {
    for (mode, scale) in [(Mode::Auto, Scale::Chance), (Mode::Nearest, Scale::Cosine), (Mode::Trained, Scale::Chance)] {
        let classifier = fit(&samples(&[12; 4]), 4, mode);
        assert_eq!(classifier.scale(), scale);
        let mut doubt = [0.0, 0.0];
        for (route, prompt) in prompts() {
            let scores = classifier.scores(&silent(&prompt));
            let best = classifier.choose(&silent(&prompt), &[None; 4]);
            if route < 4 {
                assert_eq!(best.route(), Some(route), "{mode:?} {scores:?}");
            }
            assert!(scores.by_route.iter().all(|score| (-1.0..=1.0).contains(score)));
            assert!((0.0..=1.0).contains(&scores.out_of_scope));
            doubt[usize::from(route >= 4)] += scores.out_of_scope;
        }
        assert!(doubt[0] / 40.0 + 0.2 < doubt[1] / 20.0, "{mode:?} {doubt:?}");
    }
}

#[test]
fn the_choice_is_that_of_all_scores() {
    let tables = [vec![12; 6], vec![12, 7, 3, 0, 9, 1], vec![2; 6], vec![5, 0, 0, 5, 0, 0]];
    for (counts, mode) in
        tables.iter().flat_map(|counts| [Mode::Auto, Mode::Nearest, Mode::Trained].map(|mode| (counts, mode)))
    {
        let classifier = fit(&samples(counts), 6, mode);
        let own: Vec<_> = classifier.thresholds().to_vec();
        for thresholds in [vec![None; 6], vec![Some(0.6); 6], vec![Some(2.0); 6], own] {
            for (_, prompt) in prompts() {
                let scores = classifier.scores(&silent(&prompt)).by_route;
                let passes =
                    |route: usize| counts[route] > 0 && thresholds[route].is_none_or(|least| scores[route] >= least);
                let best = |routes: &mut dyn Iterator<Item = usize>| {
                    routes.reduce(|best, next| if scores[next] > scores[best] { next } else { best })
                };
                let passing = best(&mut (0..6).filter(|route| passes(*route)));
                let choice = classifier.choose(&silent(&prompt), &thresholds);
                assert_eq!(choice.route(), passing, "{counts:?} {mode:?} {scores:?}");
                assert_eq!(choice.score(), passing.or(best(&mut (0..6))).map(|route| scores[route]));
            }
        }
    }
}

#[test]
fn the_same_samples_give_the_same_classifier() {
    let samples = samples(&[9, 20, 3]);
    let (one, other) = (fit(&samples, 3, Mode::Auto), fit(&samples, 3, Mode::Auto));
    assert_eq!(one.thresholds(), other.thresholds());
    for (_, prompt) in prompts() {
        assert_eq!(one.scores(&silent(&prompt)), other.scores(&silent(&prompt)));
    }
}

#[test]
fn few_samples_are_left_to_the_nearest() {
    for counts in [&[3, 3][..], &[4, 4, 4], &[40, 4], &[40], &[40, 0]] {
        let samples = samples(counts);
        let (auto, nearest) = (fit(&samples, counts.len(), Mode::Auto), fit(&samples, counts.len(), Mode::Nearest));
        assert_eq!(auto.scale(), Scale::Cosine, "{counts:?}");
        let scores = auto.scores(&silent(&samples[0].1));
        assert_eq!(scores, nearest.scores(&silent(&samples[0].1)));
        assert!((scores.by_route[0] - 1.0).abs() < 1e-5, "a sample is its own nearest: {scores:?}");
        assert!(scores.out_of_scope < 1e-5);
    }
}

#[test]
fn a_route_of_few_samples_competes_with_those_of_many() {
    let classifier = fit(&samples(&[30, 30, 2, 0]), 4, Mode::Auto);
    assert_eq!(classifier.scale(), Scale::Chance);
    for (route, prompt) in prompts().into_iter().filter(|(route, _)| *route < 3) {
        let scores = classifier.scores(&silent(&prompt));
        assert_eq!(classifier.choose(&silent(&prompt), &[None; 4]).route(), Some(route), "{scores:?}");
        assert_eq!(scores.by_route[3], 0.0, "nothing is of a route without samples");
    }
}

#[test]
fn a_route_of_one_sample_does_not_take_what_is_strange() {
    let classifier = fit(&samples(&[40, 40, 40, 1]), 4, Mode::Auto);
    let (known, strange): (Vec<_>, Vec<_>) = prompts().into_iter().partition(|(route, _)| *route < 3);
    let strange: Vec<_> = strange.into_iter().filter(|(route, _)| *route > 3).collect();
    let doubt = |prompts: &[(usize, Vec<f32>)]| {
        prompts.iter().map(|(_, prompt)| classifier.scores(&silent(prompt)).out_of_scope).sum::<f32>()
            / prompts.len() as f32
    };
    assert!(doubt(&known) + 0.2 < doubt(&strange), "{} {}", doubt(&known), doubt(&strange));
}

#[test]
fn copies_count_once() {
    let mut samples = samples(&[4, 12]);
    samples.extend(vec![samples[0].clone(); 20]);
    assert_eq!(fit(&samples, 2, Mode::Auto).scale(), Scale::Cosine, "four samples, however often they are said");
    samples.push((0, Noise(5).about(0)));
    let classifier = fit(&samples, 2, Mode::Auto);
    assert_eq!(classifier.scale(), Scale::Chance);
    for (route, prompt) in prompts().into_iter().filter(|(route, _)| *route < 2) {
        assert_eq!(classifier.choose(&silent(&prompt), &[None; 2]).route(), Some(route));
    }
}

#[test]
fn a_conflict_is_told_and_does_no_harm() {
    let mut samples = samples(&[15, 15, 15]);
    let conflicting = samples[3].1.clone();
    samples.push((1, conflicting));
    samples.push((2, Noise(77).about(0)));
    let classifier = fit(&samples, 3, Mode::Auto);
    for (route, prompt) in prompts().into_iter().filter(|(route, _)| *route < 3) {
        assert_eq!(classifier.choose(&silent(&prompt), &[None; 3]).route(), Some(route));
    }
    let suspects = classifier.suspects();
    let told: Vec<_> = suspects.iter().map(|s| (s.sample, s.route, s.likelier, s.conflicts_with)).collect();
    assert!(told.contains(&(45, 1, 0, Some(3))), "{told:?}");
    assert!(told.iter().any(|suspect| (suspect.0, suspect.1, suspect.2) == (46, 2, 0)), "{told:?}");
    assert!(told.len() <= 3, "{told:?}");
}

#[test]
fn nothing_is_learnt_from_nothing() {
    for mode in [Mode::Auto, Mode::Nearest, Mode::Trained] {
        for routes in [0, 2] {
            let classifier = fit(&[], routes, mode);
            assert_eq!(classifier.scale(), Scale::Cosine);
            assert_eq!(classifier.thresholds(), vec![None; routes]);
            assert_eq!(classifier.scores(&silent(&[1.0])), Scores { by_route: vec![-1.0; routes], out_of_scope: 1.0 });
            assert_eq!(classifier.choose(&silent(&[1.0]), &vec![None; routes]).route(), None);
            assert!(classifier.suspects().is_empty());
        }
    }
}

#[test]
fn what_cannot_be_compared_is_out_of_scope() {
    let classifier = fit(&samples(&[12; 3]), 3, Mode::Auto);
    for prompt in [vec![f32::NAN; WIDTH], vec![1.0; WIDTH + 1]] {
        assert_eq!(classifier.scores(&silent(&prompt)), Scores { by_route: vec![0.0; 3], out_of_scope: 1.0 });
    }
    let samples = [(0, silent(&[1.0, 0.0])), (1, silent(&[1.0]))];
    let ragged = Classifier::fit(&samples, 2, Mode::Auto).unwrap_err();
    assert_eq!(ragged, Ragged { sample: 1, expected: 2, got: 1 });
}

#[test]
fn thresholds_keep_nearly_all_of_a_route_s_own() {
    let samples = samples(&[30; 4]);
    for mode in [Mode::Auto, Mode::Nearest, Mode::Trained] {
        let classifier = fit(&samples, 4, mode);
        let thresholds = classifier.thresholds();
        assert!(thresholds.iter().all(Option::is_some));
        let kept = |(route, prompt): &(usize, Vec<f32>)| {
            classifier.choose(&silent(prompt), thresholds).route() == Some(*route)
        };
        let prompts: Vec<_> = prompts().into_iter().filter(|(route, _)| *route < 4).collect();
        let kept = prompts.iter().filter(|prompt| kept(prompt)).count();
        assert!(kept * 10 >= prompts.len() * 8, "{mode:?}: {kept} of {}", prompts.len());
    }
}

#[test]
fn twins_are_told_once_and_by_their_places() {
    let mut samples = samples(&[8, 8, 8]);
    let copy = samples[3].1.clone();
    samples.insert(0, (2, copy));
    let classifier = fit(&samples, 3, Mode::Auto);
    let twins = classifier.twins();
    let place = samples.iter().skip(1).position(|sample| sample.1 == samples[0].1).unwrap() + 1;
    let told = twins.iter().find(|twins| twins.cosine > 0.999).unwrap();
    let (one, other) = told.samples;
    assert_eq!((one.min(other), one.max(other)), (0, place));
    assert_eq!(twins.iter().filter(|twins| twins.cosine > 0.999).count(), 1);
    assert_eq!(classifier.distinct().collect::<Vec<_>>(), [8, 8, 9]);
}

#[test]
fn a_sample_without_its_route_is_strange() {
    for mode in [Mode::Auto, Mode::Nearest, Mode::Trained] {
        let classifier = fit(&samples(&[20; 3]), 3, mode);
        let held_out = classifier.held_out();
        assert_eq!(held_out.len(), 60);
        let best = |scores: &[f32]| scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mean = |of: &dyn Fn(&HeldOut) -> f32| held_out.iter().map(of).sum::<f32>() / 60.0;
        let (known, strange) = (mean(&|held| best(&held.scores)), mean(&|held| best(&held.strange)));
        assert!(known > strange + 0.2, "{mode:?}: {known} {strange}");
        for held in &held_out {
            assert!(held.strange.iter().all(|score| *score >= held.strange[held.route]), "{mode:?}");
        }
        let right = held_out.iter().filter(|held| best(&held.scores) == held.scores[held.route]).count();
        assert!(right > 50, "{mode:?}: {right}");
    }
}

//! Vectors in two halves, each near a centre of its own (2-means on the sphere). No half is small: left alone, one would
//! often hold a few outliers and the other all the rest.

use crate::similarity::dot;

/// Some of the vectors that were divided, by their numbers.
#[derive(Debug)]
pub(super) struct Half {
    /// Of length one.
    pub(super) centre: Box<[f32]>,
    pub(super) members: Vec<usize>,
}

/// Vectors that the centres are made of.
const SAMPLE: usize = 1024;

/// Rounds in which they move; they hardly do in later ones.
const ROUNDS: usize = 8;

/// The smaller half has one vector in so many at least.
const LEAST_SHARE: usize = 4;

/// Two halves of `count` vectors, of which `vector` gives each.
pub(super) fn halves(count: usize, vector: impl Fn(usize) -> Vec<f32>) -> [Half; 2] {
    let sample: Vec<_> = (0..count).step_by(count.div_ceil(SAMPLE).max(1)).map(&vector).collect();
    let mut centres = [&sample[..1], &sample[sample.len() - 1..]].map(|seed| centre_of(seed.iter()));
    for _ in 0..ROUNDS {
        let sides = sides(sample.iter().map(|vector| leaning(vector, &centres)));
        centres = sides.map(|side| centre_of(side.iter().map(|number| &sample[*number])));
    }
    let [left, right] = sides((0..count).map(|number| leaning(&vector(number), &centres)));
    let [left_centre, right_centre] = centres;
    [Half { centre: left_centre, members: left }, Half { centre: right_centre, members: right }]
}

/// How much nearer `vector` is to the first centre than to the second.
fn leaning(vector: &[f32], centres: &[Box<[f32]>; 2]) -> f32 {
    dot(vector, &centres[0]) - dot(vector, &centres[1])
}

/// The numbers of those that lean to the first and to the second; of those that hardly lean, some where they are needed.
fn sides(leanings: impl Iterator<Item = f32>) -> [Vec<usize>; 2] {
    let mut order: Vec<_> = leanings.enumerate().collect();
    order.sort_unstable_by(|(_, a), (_, b)| b.total_cmp(a));
    let least = order.len() / LEAST_SHARE;
    let cut = order.partition_point(|(_, leaning)| *leaning >= 0.0).clamp(least, order.len() - least);
    let (left, right) = order.split_at(cut);
    [left, right].map(|side| side.iter().map(|(number, _)| *number).collect())
}

/// The direction in which `vectors` lie together; that of nothing where they cancel out.
pub(super) fn centre_of<'a>(vectors: impl Iterator<Item = &'a Vec<f32>>) -> Box<[f32]> {
    let mut sum: Vec<f32> = Vec::new();
    for vector in vectors {
        sum.resize(vector.len(), 0.0);
        sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
    }
    let length = dot(&sum, &sum).sqrt();
    if length > 0.0 {
        sum.iter_mut().for_each(|x| *x /= length);
    }
    sum.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors on a circle, at these angles.
    fn circle(angles: &[f32]) -> [Half; 2] {
        halves(angles.len(), |number| vec![angles[number].cos(), angles[number].sin()])
    }

    #[test]
    fn what_lies_together_stays_together() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut angle = |_| random.f32() * 0.1 + if random.u8(..3) == 0 { 1.5 } else { 0.0 };
        let angles: Vec<f32> = (0..3_000).map(&mut angle).collect();
        let halves = circle(&angles);
        for half in &halves {
            let far = |number: &&usize| angles[**number] > 1.0;
            let count = half.members.iter().filter(far).count();
            assert!(count == 0 || count == half.members.len(), "{count} of {}", half.members.len());
        }
        assert_eq!(halves.iter().map(|half| half.members.len()).sum::<usize>(), 3_000);
    }

    #[test]
    fn no_half_is_small() {
        let mut outlier = vec![0.0; 100];
        outlier[99] = 3.0;
        for angles in [vec![0.0; 100], outlier, vec![f32::NAN; 100], (0..100).map(|number| number as f32).collect()] {
            let [left, right] = circle(&angles).map(|half| half.members);
            assert!(left.len().min(right.len()) >= 25, "{} {}", left.len(), right.len());
            let mut all = [left, right].concat();
            all.sort_unstable();
            assert_eq!(all, (0..100).collect::<Vec<_>>());
        }
    }
}

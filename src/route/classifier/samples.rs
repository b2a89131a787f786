//! What prompts are compared with, and the search for the nearest.
//!
//! The search reads one byte of each number. What it finds is exact all the same: only the samples that rounding leaves
//! in the race are compared in full.

use std::ops::Range;

use super::Query;
use crate::similarity::{QUERY_STEPS, Rounding, STORED_STEPS, bounds, coarse_dots, dot, round};

/// Texts and what they mean: vectors of length one, all of one width.
#[derive(Debug, Default)]
pub(super) struct Samples {
    width: usize,
    len: usize,
    /// `width` floats for each sample.
    exact: Vec<f32>,
    texts: Vec<Box<str>>,
    /// The same in steps of a sample's `scale`: `width` rounded up to blocks, for each sample.
    codes: Vec<i8>,
    rounding: Vec<Rounding>,
}

/// A prompt on its way to the nearest samples.
#[derive(Debug)]
pub(super) struct Search<'a> {
    samples: &'a Samples,
    prompt: &'a [f32],
    codes: Vec<i16>,
    rounding: Rounding,
}

/// Samples that are about to be compared in full.
#[derive(Debug)]
pub(super) struct Race<'a> {
    search: &'a Search<'a>,
    group: Range<usize>,
    /// The least and the most that each cosine can be.
    bounds: Vec<(f32, f32)>,
}

/// A sample of another width than those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ragged {
    /// Which one.
    pub sample: usize,
    /// The width of those before it.
    pub expected: usize,
    /// Its own.
    pub got: usize,
}

/// Where a sample is a copy of another: more than rounding keeps apart, less than a changed word does.
const COPY: f32 = 0.9999;

/// Of what is not in the race.
const OUT: (f32, f32) = (f32::NEG_INFINITY, f32::NEG_INFINITY);

// === impl Samples ===

impl Samples {
    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn vector(&self, sample: usize) -> &[f32] {
        &self.exact[sample * self.width..(sample + 1) * self.width]
    }

    pub(super) fn text(&self, sample: usize) -> &str {
        &self.texts[sample]
    }

    /// The sample as if it were a prompt.
    pub(super) fn get(&self, sample: usize) -> Query<'_> {
        Query { embedding: self.vector(sample), text: self.text(sample) }
    }

    pub(super) fn push(&mut self, sample: Query) -> Result<(), Ragged> {
        let vector = sample.embedding;
        if self.len == 0 {
            self.width = vector.len();
        }
        if vector.len() != self.width {
            return Err(Ragged { sample: self.len, expected: self.width, got: vector.len() });
        }
        let (codes, rounding) = round(vector, STORED_STEPS);
        self.codes.extend(codes.into_iter().map(|code| code as i8));
        self.rounding.push(rounding);
        self.exact.extend_from_slice(vector);
        self.texts.push(sample.text.into());
        self.len += 1;
        Ok(())
    }

    /// Makes ready to find the samples nearest to `prompt`. None where it is of another width.
    pub(super) fn search<'a>(&'a self, prompt: &'a [f32]) -> Option<Search<'a>> {
        let (codes, rounding) = round(prompt, QUERY_STEPS);
        (prompt.len() == self.width).then_some(Search { samples: self, prompt, codes, rounding })
    }

    /// Whether two samples say the same.
    pub(super) fn are_copies(&self, one: usize, other: usize) -> bool {
        dot(self.vector(one), self.vector(other)) >= COPY
    }
}

// === impl Search ===

impl Search<'_> {
    /// The sample of `group` that is nearest, and its cosine, -1 to 1; the first of equals. None where the group is empty
    /// or nothing in it can be compared, which a NaN prevents.
    pub(super) fn nearest(&self, group: Range<usize>) -> Option<(usize, f32)> {
        self.race(group).won()
    }

    /// As [`Self::nearest`], where `sample` is what is searched for: neither it nor a copy of it may win.
    pub(super) fn nearest_other(&self, sample: usize, group: Range<usize>) -> Option<(usize, f32)> {
        let mut race = self.race(group.clone());
        for (other, bounds) in group.zip(&mut race.bounds) {
            if other == sample || (bounds.1 >= COPY && self.samples.are_copies(sample, other)) {
                *bounds = OUT;
            }
        }
        race.won()
    }

    /// The search among `group`, as far as rounded numbers tell.
    pub(super) fn race(&self, group: Range<usize>) -> Race<'_> {
        let width = self.codes.len();
        let codes = &self.samples.codes[group.start * width..group.end * width];
        let dots = coarse_dots(codes.chunks_exact(width.max(1)), &self.codes);
        let samples = &self.samples.rounding[group.clone()];
        let bounds = samples.iter().zip(dots).map(|(sample, dot)| bounds(*sample, self.rounding, dot)).collect();
        Race { search: self, group, bounds }
    }
}

// === impl Race ===

impl Race<'_> {
    /// No cosine is more than this. Minus infinity where nothing can be compared.
    pub(super) fn most(&self) -> f32 {
        highest(self.bounds.iter().map(|(_, most)| *most)).min(1.0)
    }

    /// The nearest sample and its cosine.
    pub(super) fn won(&self) -> Option<(usize, f32)> {
        let Search { samples, prompt, .. } = self.search;
        let sure = highest(self.bounds.iter().map(|(least, _)| *least));
        let in_it = self.group.clone().zip(&self.bounds).filter(|(_, (_, most))| *most >= sure && *most > OUT.1);
        let cosines = in_it.map(|(sample, _)| (sample, dot(samples.vector(sample), prompt).clamp(-1.0, 1.0)));
        cosines.reduce(|best, next| if next.1 > best.1 { next } else { best })
    }
}

/// Not by `f32::max`, which takes longer; here, too, a NaN is never the greater.
fn highest(floats: impl Iterator<Item = f32>) -> f32 {
    floats.fold(f32::NEG_INFINITY, |highest, next| if next > highest { next } else { highest })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sample that says nothing.
    fn silent(embedding: &[f32]) -> Query<'_> {
        Query { embedding, text: "" }
    }

    fn table(vectors: &[[f32; 2]]) -> Samples {
        let mut samples = Samples::default();
        vectors.iter().for_each(|vector| samples.push(silent(vector)).unwrap());
        samples
    }

    #[test]
    fn a_sample_and_its_copies_are_left_out() {
        let samples = table(&[[1.0, 0.0], [1.0, 0.0], [0.6, 0.8], [1.0, 0.0]]);
        let search = samples.search(samples.vector(0)).unwrap();
        assert_eq!(search.nearest_other(0, 0..3), Some((2, 0.6)));
        assert_eq!(search.nearest_other(0, 0..1), None);
        assert_eq!(search.nearest(0..3), Some((0, 1.0)));
        assert_eq!(search.nearest(3..3), None);
    }

    #[test]
    fn what_cannot_be_compared_is_nobody_s_nearest() {
        let samples = table(&[[f32::NAN, 0.0], [1.0, 0.0]]);
        let nearest = |prompt: &[f32]| samples.search(prompt)?.nearest(0..2);
        assert_eq!(nearest(&[0.6, 0.8]), Some((1, 0.6)));
        assert_eq!(nearest(&[f32::NAN, 0.0]), None);
        assert_eq!(nearest(&[1.0, 0.0, 0.0]), None);
        assert_eq!(nearest(&[0.0, 0.0]), Some((1, 0.0)));
    }

    #[test]
    fn samples_are_of_one_width() {
        let mut samples = table(&[[1.0, 0.0]]);
        assert_eq!(samples.push(silent(&[1.0])), Err(Ragged { sample: 1, expected: 2, got: 1 }));
    }

    /// Pseudo-random directions that differ little, so that rounding alone cannot tell them apart.
    fn crowded(count: usize, width: usize) -> Vec<Vec<f32>> {
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        let centre: Vec<f32> = (0..width).map(|_| next()).collect();
        let near = |_| {
            let vector: Vec<f32> = centre.iter().map(|x| x + next() * 0.05).collect();
            let length = dot(&vector, &vector).sqrt();
            vector.iter().map(|x| x / length).collect()
        };
        (0..count).map(near).collect()
    }

    #[test]
    fn the_search_finds_what_comparing_everything_finds() {
        for width in [3, 64, 100, 384] {
            let vectors = crowded(120, width);
            let (samples, prompts) = vectors.split_at(90);
            let mut table = Samples::default();
            samples.iter().for_each(|sample| table.push(silent(sample)).unwrap());
            for prompt in prompts {
                let search = table.search(prompt).unwrap();
                for group in [0..10, 10..90, 5..5] {
                    let found = search.nearest(group.clone());
                    let cosines = group.map(|sample| (sample, dot(&samples[sample], prompt).clamp(-1.0, 1.0)));
                    let expected = cosines.reduce(|best, next| if next.1 > best.1 { next } else { best });
                    assert_eq!(found, expected, "{width}");
                }
            }
        }
    }

    #[test]
    fn few_samples_are_left_to_compare_in_full() {
        let vectors = crowded(51, 384);
        let mut table = Samples::default();
        vectors[1..].iter().for_each(|sample| table.push(silent(sample)).unwrap());
        let (codes, rounding) = round(&vectors[0], QUERY_STEPS);
        let dots = coarse_dots(table.codes.chunks_exact(codes.len()), &codes);
        for (sample, dot_of_codes) in dots.into_iter().enumerate() {
            let (least, most) = bounds(table.rounding[sample], rounding, dot_of_codes);
            let exact = dot(&vectors[sample + 1], &vectors[0]);
            assert!((least..=most).contains(&exact), "{least} {exact} {most}");
            assert!(most - least < 0.04, "the bounds are of use: {least} {most}");
        }
    }
}

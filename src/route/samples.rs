//! What prompts are compared with, and the search for the nearest.
//!
//! The search reads one byte of each number. What it finds is exact all the same: only the samples that rounding leaves
//! in the race are compared in full.

use std::ops::Range;

use crate::similarity::{QUERY_STEPS, Rounding, STORED_STEPS, bounds, coarse_dots, dot, round};

/// Texts and their embeddings, all of one width.
#[derive(Debug, Default)]
pub(super) struct Samples {
    texts: Vec<String>,
    width: usize,
    /// `width` floats for each sample.
    exact: Vec<f32>,
    /// The same in steps of a sample's `scale`: `width` rounded up to blocks, for each sample.
    codes: Vec<i8>,
    rounding: Vec<Rounding>,
}

/// A sample of another width than those before it.
#[derive(Debug)]
pub(super) struct Ragged {
    pub(super) text: String,
    pub(super) expected: usize,
    pub(super) got: usize,
}

// === impl Samples ===

impl Samples {
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn text(&self, sample: usize) -> &str {
        &self.texts[sample]
    }

    /// Every text with its embedding.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &[f32])> {
        self.texts.iter().enumerate().map(|(sample, text)| (text.as_str(), self.vector(sample)))
    }

    pub(super) fn push(&mut self, text: String, vector: &[f32]) -> Result<(), Ragged> {
        if self.texts.is_empty() {
            self.width = vector.len();
        }
        if vector.len() != self.width {
            return Err(Ragged { text, expected: self.width, got: vector.len() });
        }
        let (codes, rounding) = round(vector, STORED_STEPS);
        self.codes.extend(codes.into_iter().map(|code| code as i8));
        self.rounding.push(rounding);
        self.exact.extend_from_slice(vector);
        self.texts.push(text);
        Ok(())
    }

    /// For each of `groups`, its sample nearest to `prompt` and their cosine, -1 to 1; the first of equals. None where
    /// a group is empty or nothing in it can be compared, which a NaN or another width prevents.
    pub(super) fn nearest(
        &self,
        prompt: &[f32],
        groups: impl Iterator<Item = Range<usize>>,
    ) -> impl Iterator<Item = Option<(usize, f32)>> {
        let (codes, rounding) = round(prompt, QUERY_STEPS);
        let samples = self.codes.chunks_exact(codes.len().max(1));
        let dots = if prompt.len() == self.width { coarse_dots(samples, &codes) } else { Vec::new() };
        let bounds: Vec<_> =
            self.rounding.iter().zip(dots).map(|(sample, dot)| bounds(*sample, rounding, dot)).collect();
        groups.map(move |group| {
            let bounds = bounds.get(group.clone())?;
            // Not `f32::max`, which takes longer; here, too, a NaN is never the greater.
            let sure =
                bounds.iter().fold(f32::NEG_INFINITY, |sure, &(least, _)| if least > sure { least } else { sure });
            let in_the_race = group.zip(bounds).filter(|(_, (_, most))| *most >= sure);
            let cosines = in_the_race.map(|(sample, _)| (sample, dot(self.vector(sample), prompt).clamp(-1.0, 1.0)));
            cosines.reduce(|best, next| if next.1 > best.1 { next } else { best })
        })
    }

    fn vector(&self, sample: usize) -> &[f32] {
        &self.exact[sample * self.width..(sample + 1) * self.width]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            samples.iter().for_each(|sample| table.push(String::new(), sample).unwrap());
            for prompt in prompts {
                let groups = [0..10, 10..90, 5..5];
                let found: Vec<_> = table.nearest(prompt, groups.clone().into_iter()).collect();
                let expected = groups.map(|group| {
                    let cosines = group.map(|sample| (sample, dot(&samples[sample], prompt).clamp(-1.0, 1.0)));
                    cosines.reduce(|best, next| if next.1 > best.1 { next } else { best })
                });
                assert_eq!(found, expected, "{width}");
            }
        }
    }

    #[test]
    fn few_samples_are_left_to_compare_in_full() {
        let vectors = crowded(51, 384);
        let mut table = Samples::default();
        vectors[1..].iter().for_each(|sample| table.push(String::new(), sample).unwrap());
        let (codes, rounding) = round(&vectors[0], QUERY_STEPS);
        let dots = coarse_dots(table.codes.chunks_exact(codes.len()), &codes);
        for (sample, dot_of_codes) in dots.into_iter().enumerate() {
            let (least, most) = bounds(table.rounding[sample], rounding, dot_of_codes);
            let exact = dot(&vectors[sample + 1], &vectors[0]);
            assert!((least..=most).contains(&exact), "{least} {exact} {most}");
            assert!(most - least < 0.04, "the bounds are of use: {least} {most}");
        }
    }

    #[test]
    fn what_cannot_be_compared_is_nobody_s_nearest() {
        let mut table = Samples::default();
        table.push("nan".into(), &[f32::NAN, 0.0]).unwrap();
        table.push("sound".into(), &[1.0, 0.0]).unwrap();
        let nearest = |prompt: &[f32]| table.nearest(prompt, std::iter::once(0..2)).next().unwrap();
        assert_eq!(nearest(&[0.6, 0.8]).map(|(sample, _)| table.text(sample)), Some("sound"));
        assert_eq!(nearest(&[f32::NAN, 0.0]), None);
        assert_eq!(nearest(&[1.0, 0.0, 0.0]), None);
        assert_eq!(nearest(&[0.0, 0.0]), Some((1, 0.0)));
    }
}

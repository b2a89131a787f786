//! What a prompt's words say beside its embedding: in which route's samples each is more frequent than in the others'.
//!
//! For each word, a route's rate is the share of its samples that hold it, drawn towards the mean of all routes' rates as
//! if some samples more had been seen at that. Without the words, one prompt in two hundred is judged worse.

use std::collections::HashMap;

/// So many samples' worth a route's rates are drawn towards the mean.
const TRUST_IN_THE_MEAN: f32 = 20.0;

/// What all words of a prompt count together, beside the logarithm of a probability, where their number is one. It grows with
/// the root of that, as words that say the same come together.
const WEIGHT: f32 = 0.4;

/// Of a prompt, so many words are read, in so many bytes.
const WORDS: usize = 256;
const READ: usize = 4 << 10;

/// The words of the samples.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Words {
    classes: usize,
    /// For each word its row.
    rows: HashMap<Box<str>, usize>,
    /// Rows of `classes`: the logarithm of the class's rate over the mean of all.
    evidence: Vec<f32>,
}

// === impl Words ===

impl Words {
    /// Counts the words of `texts`, of which `labels` tell the class, below `classes`.
    pub(super) fn fit(texts: &[&str], labels: &[usize], classes: usize) -> Self {
        let mut rows: HashMap<Box<str>, usize> = HashMap::new();
        let (mut counts, mut samples): (Vec<f32>, _) = (Vec::new(), vec![0.0f32; classes]);
        for (text, label) in texts.iter().zip(labels) {
            samples[*label] += 1.0;
            let mut held = Vec::new();
            each_word(text, |word| {
                let new = rows.len();
                let row = *rows.entry(word.into()).or_insert(new);
                counts.resize(rows.len() * classes, 0.0);
                held.push(row);
            });
            held.sort_unstable();
            held.dedup();
            held.into_iter().for_each(|row| counts[row * classes + label] += 1.0);
        }
        let mut evidence = counts;
        let present = samples.iter().filter(|samples| **samples > 0.0).count() as f32;
        for row in evidence.chunks_mut(classes.max(1)) {
            let rates = row.iter().zip(&samples).filter(|(_, samples)| **samples > 0.0);
            let mean = rates.map(|(count, samples)| count / samples).sum::<f32>() / present;
            for (count, samples) in row.iter_mut().zip(&samples) {
                let rate = (*count + TRUST_IN_THE_MEAN * mean) / (samples + TRUST_IN_THE_MEAN);
                *count = (rate / mean).ln();
            }
        }
        Self { classes, rows, evidence }
    }

    /// Adds to each class's logit what the words of `text` say for it.
    pub(super) fn add_to(&self, logits: &mut [f32], text: &str) {
        let (mut known, mut read) = (Vec::<usize>::new(), 0usize);
        each_word(text, |word| {
            read += 1;
            known.extend(self.rows.get(word));
        });
        known.sort_unstable();
        known.dedup();
        let weight = WEIGHT / (read.max(1) as f32).sqrt();
        for row in known {
            let evidence = &self.evidence[row * self.classes..][..self.classes];
            logits.iter_mut().zip(evidence).for_each(|(logit, evidence)| *logit += weight * evidence);
        }
    }
}

/// The first words of a text, in lower case: runs of letters and digits.
fn each_word(text: &str, mut each: impl FnMut(&str)) {
    let mut lower = String::new();
    let text = &text[..text.floor_char_boundary(READ)];
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    for word in words.take(WORDS) {
        lower.clear();
        match word.is_ascii() {
            true => lower.extend(word.bytes().map(|byte| char::from(byte.to_ascii_lowercase()))),
            false => lower.extend(word.chars().flat_map(char::to_lowercase)),
        }
        each(&lower);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &Words, text: &str) -> Vec<f32> {
        let mut logits = vec![0.0; words.classes];
        words.add_to(&mut logits, text);
        logits
    }

    #[test]
    fn a_word_speaks_for_the_classes_whose_samples_hold_it() {
        let texts = ["Book a flight", "A flight to Rome, a flight!", "pay my bill", "the bill", "a"];
        let words = Words::fit(&texts, &[0, 0, 1, 1, 2], 3);
        let flight = said(&words, "FLIGHT");
        assert!(flight[0] > 0.0 && flight[1] < 0.0 && flight[2] < 0.0, "{flight:?}");
        assert!(flight[0] > said(&words, "flight, please, to somewhere else")[0], "diluted");
        assert_eq!(said(&words, "flight")[0], said(&words, "flight")[0]);
        assert_eq!(said(&words, "nothing known"), [0.0; 3]);
        assert_eq!(said(&words, ""), [0.0; 3]);
    }

    #[test]
    fn a_class_of_few_samples_weighs_as_much_as_one_of_many() {
        let texts: Vec<&str> = ["mine", "mine"].into_iter().chain(["yours"; 30]).collect();
        let labels: Vec<usize> = (0..32).map(|i| usize::from(i >= 2)).collect();
        let words = Words::fit(&texts, &labels, 2);
        assert!(said(&words, "mine")[0] > 0.0 && said(&words, "yours")[1] > 0.0);
        assert!(Words::fit(&[], &[], 0).rows.is_empty());
    }

    #[test]
    fn of_a_long_prompt_the_beginning_is_read() {
        let words = Words::fit(&["one", "two"], &[0, 1], 2);
        let beginning = format!("one {}", "else ".repeat(WORDS));
        assert!(said(&words, &beginning)[0] > 0.0);
        assert_eq!(said(&words, &format!("{}one", "else ".repeat(WORDS))), [0.0; 2]);
    }
}

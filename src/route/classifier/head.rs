//! A softmax over the routes, linear in the embedding: multinomial logistic regression with an L2 penalty on its weights,
//! in which every route weighs the same, whatever the number of its samples. What the prompt's words say is added to it.

use super::Query;
use super::lbfgs::minimise;
use super::product::{Left, TILE, product};
use super::words::Words;

/// The penalty on the squared weights, against a total weight of one for each sample. From 0.03 to 0.3 it makes next to no
/// difference, at 5 to 200 samples a route.
const PENALTY: f32 = 0.1;

/// The steps of a fit that begins with nothing. With 12, one prompt in a hundred is judged worse; with 60, none better.
const STEPS: usize = 20;

/// And of one that goes on from a head that was fitted to most of the samples. With 8, one prompt in a thousand is judged worse.
const FURTHER_STEPS: usize = 20;

/// A fitted head.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Head {
    classes: usize,
    /// `classes` rounded up to tiles.
    columns: usize,
    /// A row of `columns` for each dimension of the embedding.
    weights: Vec<f32>,
    /// One for each of `columns`.
    bias: Vec<f32>,
    words: Words,
}

/// What the fit minimises.
struct Objective<'a> {
    classes: usize,
    columns: usize,
    width: usize,
    labels: &'a [usize],
    /// One for each sample, one on average.
    shares: Vec<f32>,
    /// Samples × width, about their mean.
    samples: Vec<f32>,
    /// Samples × columns.
    logits: Vec<f32>,
}

// === impl Head ===

impl Head {
    /// Fits a head to samples, all of `width`, of which `labels` tell the class, below `classes`; sooner where it begins
    /// with one that was `fitted` to most of them. Deterministic.
    pub(super) fn fit(given: &[Query], labels: &[usize], width: usize, classes: usize, fitted: Option<Self>) -> Self {
        let columns = classes.next_multiple_of(TILE);
        let shares = shares(labels, classes);
        let (vectors, texts): (Vec<&[f32]>, Vec<&str>) =
            given.iter().map(|sample| (sample.embedding, sample.text)).unzip();
        let words = Words::fit(&texts, labels, classes);
        let mean = mean(&vectors, &shares, width);
        let samples: Vec<f32> =
            vectors.iter().flat_map(|vector| vector.iter().zip(&mean).map(|(x, mean)| x - mean)).collect();
        let logits = vec![0.0; labels.len() * columns];
        let mut objective = Objective { classes, columns, width, labels, shares, samples, logits };
        let steps = if fitted.is_some() { FURTHER_STEPS } else { STEPS };
        let (weights, bias) = match fitted {
            Some(head) => (head.weights, head.bias),
            None => (vec![0.0; width * columns], vec![0.0; columns]),
        };
        let mut head = Self { classes, columns, weights, bias, words };
        head.shift(&mean, 1.0);
        // The weights, then the bias.
        let mut point = std::mem::take(&mut head.weights);
        point.append(&mut head.bias);
        minimise(&mut point, steps, |point, gradient| objective.evaluate(point, gradient));
        head.bias = point.split_off(width * columns);
        head.weights = point;
        head.shift(&mean, -1.0);
        head
    }

    /// Makes it a head of vectors about `mean`, with `sign` 1, or of such vectors' sum with it, with -1.
    fn shift(&mut self, mean: &[f32], sign: f32) {
        for (weights, mean) in self.weights.chunks(self.columns).zip(mean) {
            self.bias.iter_mut().zip(weights).for_each(|(bias, weight)| *bias += sign * weight * mean);
        }
    }

    /// The logarithm of each class's probability.
    pub(super) fn log_probabilities(&self, prompt: &Query) -> Vec<f32> {
        let mut logits = self.bias.clone();
        // A few dimensions at a time, so that a logit is not fetched and put back for each.
        let (fours, rest) = prompt.embedding.as_chunks::<4>();
        let mut rows = self.weights.chunks_exact(4 * self.columns);
        for ([a, b, c, d], rows) in fours.iter().zip(&mut rows) {
            let (first, second) = rows.split_at(2 * self.columns);
            let ((one, two), (three, four)) = (first.split_at(self.columns), second.split_at(self.columns));
            for ((((logit, one), two), three), four) in logits.iter_mut().zip(one).zip(two).zip(three).zip(four) {
                *logit += (a * one + b * two) + (c * three + d * four);
            }
        }
        for (x, row) in rest.iter().zip(rows.remainder().chunks(self.columns)) {
            logits.iter_mut().zip(row).for_each(|(logit, weight)| *logit += x * weight);
        }
        logits.truncate(self.classes);
        self.words.add_to(&mut logits, prompt.text);
        let total = log_sum(&logits);
        logits.iter_mut().for_each(|logit| *logit -= total);
        logits
    }
}

// === impl Objective ===

impl Objective<'_> {
    /// The penalised cross-entropy at `point`, and its gradient.
    fn evaluate(&mut self, point: &[f32], gradient: &mut [f32]) -> f64 {
        let (weights, bias) = point.split_at(self.width * self.columns);
        let (gradient, of_bias) = gradient.split_at_mut(weights.len());
        product(Left::Rows(&self.samples), weights, self.width, self.columns, &mut self.logits);
        let mut value = f64::from(PENALTY / 2.0) * weights.iter().map(|w| f64::from(w * w)).sum::<f64>();
        of_bias.fill(0.0);
        let rows = self.logits.chunks_mut(self.columns).zip(self.labels).zip(&self.shares);
        for ((logits, &label), &share) in rows {
            let (logits, padding) = logits.split_at_mut(self.classes);
            padding.fill(0.0);
            logits.iter_mut().zip(bias).for_each(|(logit, bias)| *logit += bias);
            let total = log_sum(logits);
            value += f64::from(share * (total - logits[label]));
            logits.iter_mut().for_each(|logit| *logit = share * (*logit - total).exp());
            logits[label] -= share;
            of_bias.iter_mut().zip(logits).for_each(|(sum, residual)| *sum += *residual);
        }
        product(Left::Columns(&self.samples), &self.logits, self.labels.len(), self.columns, gradient);
        gradient.iter_mut().zip(weights).for_each(|(gradient, weight)| *gradient += PENALTY * weight);
        value
    }
}

/// What each sample weighs: every class as much as any other, one on average.
pub(super) fn shares(labels: &[usize], classes: usize) -> Vec<f32> {
    let mut counts = vec![0usize; classes];
    labels.iter().for_each(|label| counts[*label] += 1);
    let present = counts.iter().filter(|count| **count > 0).count();
    let share = |label: &usize| labels.len() as f32 / (present * counts[*label]) as f32;
    labels.iter().map(share).collect()
}

fn mean(vectors: &[&[f32]], shares: &[f32], width: usize) -> Vec<f32> {
    let mut mean = vec![0.0; width];
    for (vector, share) in vectors.iter().zip(shares) {
        mean.iter_mut().zip(*vector).for_each(|(mean, x)| *mean += share * x / vectors.len() as f32);
    }
    mean
}

/// The logarithm of the sum of the exponentials.
pub(super) fn log_sum(floats: &[f32]) -> f32 {
    let most = floats.iter().fold(f32::NEG_INFINITY, |most, x| most.max(*x));
    if most == f32::NEG_INFINITY {
        return most;
    }
    most + floats.iter().map(|x| (x - most).exp()).sum::<f32>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples without words.
    fn silent<'a>(vectors: &[&'a [f32]]) -> Vec<Query<'a>> {
        vectors.iter().map(|embedding| Query { embedding, text: "" }).collect()
    }

    fn probabilities(head: &Head, vector: &[f32]) -> Vec<f32> {
        head.log_probabilities(&Query { embedding: vector, text: "" }).into_iter().map(f32::exp).collect()
    }

    #[test]
    fn each_class_is_found_again() {
        let vectors: Vec<[f32; 5]> =
            (0..30).map(|i| std::array::from_fn(|k| f32::from(u8::from(k == i % 3)))).collect();
        let vectors: Vec<&[f32]> = vectors.iter().map(|vector| vector.as_slice()).collect();
        let labels: Vec<usize> = (0..30).map(|i| i % 3).collect();
        let head = Head::fit(&silent(&vectors), &labels, 5, 3, None);
        for class in 0..3 {
            let probabilities = probabilities(&head, vectors[class]);
            assert!((probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            assert!(probabilities[class] > 0.9, "{probabilities:?}");
        }
        assert_eq!(head, Head::fit(&silent(&vectors), &labels, 5, 3, None), "the same samples give the same head");
    }

    #[test]
    fn many_samples_do_not_outvote_few() {
        let vectors: Vec<&[f32]> =
            (0..50).map(|i| if i < 2 { [1.0, 0.0] } else { [0.0, 1.0] }).map(|x| &*x.to_vec().leak()).collect();
        let labels: Vec<usize> = (0..50).map(|i| usize::from(i >= 2)).collect();
        let head = Head::fit(&silent(&vectors), &labels, 2, 2, None);
        let between = probabilities(&head, &[0.5, 0.5]);
        assert!((between[0] - 0.5).abs() < 0.02, "{between:?}");
    }

    #[test]
    fn sums_of_exponentials_neither_overflow_nor_vanish() {
        assert_eq!(log_sum(&[1000.0, f32::NEG_INFINITY]), 1000.0);
        assert_eq!(log_sum(&[]), f32::NEG_INFINITY);
        assert!((log_sum(&[0.0, 0.0]) - 2f32.ln()).abs() < 1e-6);
    }
}

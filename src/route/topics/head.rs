//! A network over a prompt's meaning: one hidden layer, GELU, a softmax.

use candle_core::cpu::erf::erf_f32;

use crate::route::signal::Label;
use crate::similarity::dot;

/// Numbers of a meaning.
pub const WIDTH: usize = 384;

/// Tells which of its labels a prompt deserves.
#[derive(Debug)]
pub struct Head {
    /// In the order of the outputs.
    pub(super) labels: Box<[&'static str]>,
    /// A row of [`WIDTH`] for each hidden unit.
    pub(super) hidden: Box<[f32]>,
    pub(super) hidden_bias: Box<[f32]>,
    /// A row of hidden units for each label.
    pub(super) output: Box<[f32]>,
    pub(super) output_bias: Box<[f32]>,
    /// What the logits are divided by, so that probabilities are true.
    pub(super) temperature: f32,
}

// === impl Head ===

impl Head {
    /// The most probable label of a prompt with this embedding, of length one; none where it is not [`WIDTH`] numbers wide.
    pub fn judge(&self, embedding: &[f32]) -> Option<Label<'static>> {
        if embedding.len() != WIDTH {
            return None;
        }
        let units: Vec<f32> = layer(&self.hidden, &self.hidden_bias, embedding).map(gelu).collect();
        let logits: Vec<f32> = layer(&self.output, &self.output_bias, &units).map(|x| x / self.temperature).collect();
        let (best, most) = logits.iter().copied().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        let total: f32 = logits.iter().map(|logit| (logit - most).exp()).sum();
        Some(Label { name: self.labels.get(best)?, probability: total.recip() })
            .filter(|label| label.probability.is_finite())
    }
}

/// `weights · inputs + bias`, where weights are rows of as many numbers as there are inputs.
fn layer<'a>(weights: &'a [f32], bias: &'a [f32], inputs: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
    weights.chunks_exact(inputs.len()).zip(bias).map(|(row, bias)| dot(row, inputs) + bias)
}

/// `x Φ(x)`, as the heads were trained with it.
fn gelu(x: f32) -> f32 {
    x / 2.0 * (1.0 + erf_f32(x * std::f32::consts::FRAC_1_SQRT_2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One unit sees the first number, the other its negative; each speaks for a label.
    fn head(temperature: f32) -> Head {
        let mut hidden = vec![0.0; 2 * WIDTH];
        (hidden[0], hidden[WIDTH]) = (3.0, -3.0);
        Head {
            labels: ["plus", "minus"].into(),
            hidden: hidden.into(),
            hidden_bias: [0.0; 2].into(),
            output: [1.0, 0.0, 0.0, 1.0].into(),
            output_bias: [0.0, 1.0].into(),
            temperature,
        }
    }

    fn meaning(first: f32) -> Vec<f32> {
        let mut meaning = vec![0.0; WIDTH];
        meaning[0] = first;
        meaning
    }

    #[test]
    fn the_most_probable_label_is_told_with_its_probability() {
        let plus = head(1.0).judge(&meaning(1.0)).unwrap();
        assert_eq!(plus.name, "plus");
        // gelu(3) = 2.99595, gelu(-3) + 1 = 0.99595.
        assert!((plus.probability - 1.0 / (1.0 + (-2.0f32).exp())).abs() < 1e-4, "{plus:?}");
        let minus = head(1.0).judge(&meaning(-1.0)).unwrap();
        assert!(minus.name == "minus" && minus.probability > plus.probability, "{minus:?}");
    }

    #[test]
    fn a_higher_temperature_is_less_sure_of_the_same() {
        let (sure, doubtful) = (head(0.5).judge(&meaning(1.0)).unwrap(), head(4.0).judge(&meaning(1.0)).unwrap());
        assert_eq!(sure.name, doubtful.name);
        assert!(sure.probability > 0.98 && doubtful.probability < 0.7, "{sure:?} {doubtful:?}");
    }

    #[test]
    fn nothing_is_told_of_what_is_no_meaning_of_its_encoder() {
        assert_eq!(head(1.0).judge(&[1.0]), None);
        assert_eq!(head(1.0).judge(&[f32::NAN; WIDTH]), None);
    }
}

//! What makes probabilities of labels of a backbone's states.

use candle_core::{D, Module, Result, Tensor};
use candle_nn::ops::softmax;
use candle_nn::{Activation, LayerNorm, Linear, VarBuilder, layer_norm_no_bias, linear, linear_no_bias};

/// A head for sequences or for tokens.
pub(super) struct Head {
    pooling: Pooling,
    transform: Option<Transform>,
    classifier: Linear,
}

/// Which states are classified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    /// The first token's.
    First,
    /// The mean of all.
    Mean,
    /// Each of them.
    Each,
}

/// What lies between a state and the classifier.
pub(super) struct Transform {
    dense: Linear,
    nonlinearity: Nonlinearity,
    norm: Option<LayerNorm>,
}

/// The functions that candle names, and the one it does not.
#[derive(Debug, Clone, Copy)]
pub(super) enum Nonlinearity {
    Tanh,
    Other(Activation),
}

// === impl Head ===

impl Head {
    /// Reads `classifier` of `tensors`, for states of `width` floats and `labels` labels.
    pub(super) fn load(
        tensors: &VarBuilder,
        width: usize,
        labels: usize,
        pooling: Pooling,
        transform: Option<Transform>,
    ) -> Result<Self> {
        let classifier = linear(width, labels, tensors.pp("classifier"))?;
        Ok(Self { pooling, transform, classifier })
    }

    /// The labels' probabilities, of each state that is classified, of `states`, `[1][tokens][width]`.
    pub(super) fn probabilities(&self, states: &Tensor) -> Result<Vec<Vec<f32>>> {
        let states = states.squeeze(0)?;
        let mut pooled = match self.pooling {
            Pooling::First => states.narrow(0, 0, 1)?,
            Pooling::Mean => states.mean_keepdim(0)?,
            Pooling::Each => states,
        };
        if let Some(transform) = &self.transform {
            pooled = transform.forward(&pooled)?;
        }
        softmax(&self.classifier.forward(&pooled)?, D::Minus1)?.to_vec2()
    }
}

// === impl Transform ===

impl Transform {
    /// BERT's and DeBERTa's: a layer and a function.
    pub(super) fn pooler(tensors: &VarBuilder, width: usize, nonlinearity: Nonlinearity) -> Result<Self> {
        Ok(Self { dense: linear(width, width, tensors.pp("dense"))?, nonlinearity, norm: None })
    }

    /// ModernBERT's: a layer, a function and a norm.
    pub(super) fn prediction(
        tensors: &VarBuilder,
        width: usize,
        nonlinearity: Nonlinearity,
        has_bias: bool,
        epsilon: f64,
    ) -> Result<Self> {
        let dense = if has_bias { linear } else { linear_no_bias }(width, width, tensors.pp("dense"))?;
        let norm = layer_norm_no_bias(width, epsilon, tensors.pp("norm"))?;
        Ok(Self { dense, nonlinearity, norm: Some(norm) })
    }
}

impl Module for Transform {
    fn forward(&self, states: &Tensor) -> Result<Tensor> {
        let dense = self.dense.forward(states)?;
        let states = match self.nonlinearity {
            Nonlinearity::Tanh => dense.tanh()?,
            Nonlinearity::Other(function) => function.forward(&dense)?,
        };
        match &self.norm {
            Some(norm) => norm.forward(&states),
            None => Ok(states),
        }
    }
}

//! A network's weights, as they are read from f32 tensors by their published names.

use half::f16;

use crate::linear::{Linear, padded};
use crate::network::{BuildError, Shape};

/// Tables of what each token, position and type adds, and the norm over them.
pub(crate) struct Embeddings {
    /// `[vocab_size][hidden_size]`: by far most of a small model's memory, so it stays as narrow as it is published.
    pub(crate) words: Vec<f16>,
    /// `[max_position_embeddings][hidden_size]`, with the first type's embedding added.
    pub(crate) positions: Vec<f32>,
    pub(crate) norm: Norm,
}

pub(crate) struct Layer {
    /// Queries, keys and values at once.
    pub(crate) projection: Linear,
    pub(crate) attention_output: Linear,
    pub(crate) attention_norm: Norm,
    pub(crate) expansion: Linear,
    pub(crate) output: Linear,
    pub(crate) output_norm: Norm,
}

/// Both `[padded(hidden_size)]`, zero beyond it.
pub(crate) struct Norm {
    pub(crate) scale: Vec<f32>,
    pub(crate) shift: Vec<f32>,
}

/// Asks for tensors and checks their sizes.
pub(crate) struct Tensors<'a, E> {
    pub(crate) get: &'a mut dyn FnMut(&str) -> Result<Vec<f32>, E>,
    pub(crate) hidden: usize,
}

// === impl Embeddings ===

impl Embeddings {
    pub(crate) fn build<E>(shape: &Shape, tensors: &mut Tensors<E>) -> Result<Self, BuildError<E>> {
        let width = shape.hidden_size;
        let words = tensors.get("embeddings.word_embeddings.weight", shape.vocab_size * width)?;
        let mut positions =
            tensors.get("embeddings.position_embeddings.weight", shape.max_position_embeddings * width)?;
        let types = tensors.get("embeddings.token_type_embeddings.weight", shape.type_vocab_size * width)?;
        for position in positions.chunks_exact_mut(width) {
            position.iter_mut().zip(&types).for_each(|(sum, x)| *sum += x);
        }
        let words = words.into_iter().map(f16::from_f32).collect();
        Ok(Self { words, positions, norm: tensors.norm("embeddings.LayerNorm")? })
    }
}

// === impl Layer ===

impl Layer {
    pub(crate) fn build<E>(shape: &Shape, index: usize, tensors: &mut Tensors<E>) -> Result<Self, BuildError<E>> {
        let at = |name: &str| format!("encoder.layer.{index}.{name}");
        let (hidden, inner) = (shape.hidden_size, shape.intermediate_size);
        // What scores are divided by belongs to the queries.
        let scale = 1.0 / ((hidden / shape.num_attention_heads) as f32).sqrt();
        let (mut weights, mut bias) = tensors.linear(&at("attention.self.query"), hidden, hidden)?;
        weights.iter_mut().chain(&mut bias).for_each(|x| *x *= scale);
        for name in ["attention.self.key", "attention.self.value"] {
            let (further_weights, further_bias) = tensors.linear(&at(name), hidden, hidden)?;
            weights.extend(further_weights);
            bias.extend(further_bias);
        }
        let mut linear = |name, inputs, outputs| {
            tensors.linear(&at(name), inputs, outputs).map(|(weights, bias)| Linear::quantize(&weights, &bias))
        };
        let attention_output = linear("attention.output.dense", hidden, hidden)?;
        let expansion = linear("intermediate.dense", hidden, inner)?;
        let output = linear("output.dense", inner, hidden)?;
        Ok(Self {
            projection: Linear::quantize(&weights, &bias),
            attention_output,
            attention_norm: tensors.norm(&at("attention.output.LayerNorm"))?,
            expansion,
            output,
            output_norm: tensors.norm(&at("output.LayerNorm"))?,
        })
    }
}

// === impl Tensors ===

impl<E> Tensors<'_, E> {
    fn get(&mut self, name: &str, expected: usize) -> Result<Vec<f32>, BuildError<E>> {
        let floats = (self.get)(name).map_err(BuildError::Tensor)?;
        if floats.len() != expected {
            return Err(BuildError::Length { name: name.into(), expected, got: floats.len() });
        }
        Ok(floats)
    }

    /// A layer's weights, `[outputs][inputs]`, and its bias.
    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<(Vec<f32>, Vec<f32>), BuildError<E>> {
        Ok((self.get(&format!("{name}.weight"), inputs * outputs)?, self.get(&format!("{name}.bias"), outputs)?))
    }

    fn norm(&mut self, name: &str) -> Result<Norm, BuildError<E>> {
        let hidden = self.hidden;
        let mut padded_to_stride = |name: String| {
            let mut floats = self.get(&name, hidden)?;
            floats.resize(padded(hidden), 0.0);
            Ok(floats)
        };
        Ok(Norm {
            scale: padded_to_stride(format!("{name}.weight"))?,
            shift: padded_to_stride(format!("{name}.bias"))?,
        })
    }
}

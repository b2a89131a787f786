//! A head's file: safetensors.
//!
//! | tensor | type and sizes |
//! |---|---|
//! | `hidden.weight` | f16 `[H][layers × width + 16]`: a part for each layer, then a column for each surface feature |
//! | `hidden.bias` | f32 `[H]` |
//! | `output.weight` | f32 `[9][H]` |
//! | `output.bias` | f32 `[9]` |
//!
//! | metadata | |
//! |---|---|
//! | `encoder` | the last name of the encoder that it was trained on |
//! | `layers` | JSON list of the states that feed it: 0 for those behind the embeddings' norm, `i` for those behind layer `i` |
//! | `labels` | JSON list: `O`, then `B-` and `I-` of `PERSON`, `LOCATION`, `ORGANIZATION` and `ADDRESS` |
//! | `bias` | JSON object of numbers by type, added to the logit of `O` where it stands against that type; may be left out |
//! | `surface`, `form` | `1` |

use std::collections::HashMap;

use half::f16;
use pointsman_engine::{Head, HeadWeights, MARKS};
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde::de::DeserializeOwned;

use super::decode::LABELS;
use super::{TokenHead, TokenLabel};

/// Why a file is no head that can be run.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum HeadError {
    #[error("it is no safetensors file: {0}")]
    Format(#[from] SafeTensorError),
    #[error("its tensors are {0}, and not hidden.weight, hidden.bias, output.weight and output.bias")]
    Names(String),
    #[error("its tensor {name} is {got}, and not {expected}")]
    Tensor { name: &'static str, got: String, expected: String },
    #[error("its metadata has {got} for {key}, and not {expected}")]
    Metadata { key: &'static str, got: String, expected: &'static str },
    #[error("it holds what is no number")]
    NotFinite,
    #[error("it is no head: {0}")]
    Weights(&'static str),
}

const HIDDEN: &str = "hidden.weight";
const HIDDEN_BIAS: &str = "hidden.bias";
const OUTPUT: &str = "output.weight";
const OUTPUT_BIAS: &str = "output.bias";

/// What the metadata says of the file's form, and of the surface features.
const FORM: &str = "1";

/// A file's metadata.
struct Metadata(HashMap<String, String>);

// === impl TokenHead ===

impl TokenHead {
    /// Reads a head of `bytes`, a safetensors file.
    ///
    /// # Errors
    /// Whatever is not as it should be: a head that is read in another way than it was trained finds nonsense.
    pub fn load(bytes: &[u8]) -> Result<Self, HeadError> {
        let (_, header) = SafeTensors::read_metadata(bytes)?;
        let metadata = Metadata(header.metadata().clone().unwrap_or_default());
        metadata.check()?;
        let tensors = SafeTensors::deserialize(bytes)?;
        let mut names = tensors.names();
        names.sort_unstable();
        if names != [HIDDEN_BIAS, HIDDEN, OUTPUT_BIAS, OUTPUT] {
            return Err(HeadError::Names(names.join(", ")));
        }
        let layers: Vec<usize> = metadata.json("layers", "a list of layers' numbers")?;
        let inputs = tensors.tensor(HIDDEN)?.shape().get(1).copied().unwrap_or_default();
        let width = inputs.saturating_sub(MARKS) / layers.len().max(1);
        let hidden = tensors.tensor(HIDDEN_BIAS)?.shape().iter().product();
        let floats = |name, dtype, shape| floats(&tensors, name, dtype, shape);
        let head = HeadWeights {
            width,
            layers: &layers,
            hidden: &floats(HIDDEN, Dtype::F16, &[hidden, layers.len() * width + MARKS])?,
            hidden_bias: &floats(HIDDEN_BIAS, Dtype::F32, &[hidden])?,
            output: &floats(OUTPUT, Dtype::F32, &[LABELS, hidden])?,
            output_bias: &floats(OUTPUT_BIAS, Dtype::F32, &[LABELS])?,
        };
        let head = Head::build(head).map_err(HeadError::Weights)?;
        Ok(Self { encoder: metadata.text("encoder", "an encoder's name")?.into(), head, biases: metadata.biases()? })
    }
}

/// A tensor's numbers.
fn floats(tensors: &SafeTensors<'_>, name: &'static str, dtype: Dtype, shape: &[usize]) -> Result<Vec<f32>, HeadError> {
    let tensor = tensors.tensor(name)?;
    if (tensor.dtype(), tensor.shape()) != (dtype, shape) {
        let got = format!("{:?}{:?}", tensor.dtype(), tensor.shape());
        return Err(HeadError::Tensor { name, got, expected: format!("{dtype:?}{shape:?}") });
    }
    let floats: Vec<f32> = match dtype {
        Dtype::F16 => tensor.data().as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect(),
        _ => tensor.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
    };
    if floats.iter().all(|float| float.is_finite()) { Ok(floats) } else { Err(HeadError::NotFinite) }
}

// === impl Metadata ===

impl Metadata {
    /// Whether the file is of the form that is read here.
    fn check(&self) -> Result<(), HeadError> {
        for key in ["form", "surface"] {
            if self.text(key, "\"1\"")? != FORM {
                return Err(self.wrong(key, "\"1\""));
            }
        }
        let labels: Vec<String> = self.json("labels", "a list of labels")?;
        let types = TokenLabel::ALL.map(TokenLabel::as_str);
        let expected = types.iter().flat_map(|of| ["B", "I"].map(|place| format!("{place}-{of}")));
        if !labels.iter().cloned().eq(std::iter::once("O".to_owned()).chain(expected)) {
            return Err(self.wrong("labels", "O, then B and I of PERSON, LOCATION, ORGANIZATION and ADDRESS"));
        }
        Ok(())
    }

    /// What is added to O for each type; 0 where nothing is said.
    fn biases(&self) -> Result<[f32; TokenLabel::ALL.len()], HeadError> {
        const EXPECTED: &str = "a number for each of some types";
        let mut biases = [0.0; TokenLabel::ALL.len()];
        // A key that is misread would be a threshold that nobody keeps.
        if self.0.keys().any(|key| key.starts_with("bias.")) {
            return Err(self.wrong("bias", EXPECTED));
        }
        if !self.0.contains_key("bias") {
            return Ok(biases);
        }
        for (of, bias) in self.json::<HashMap<String, f32>>("bias", EXPECTED)? {
            let label = TokenLabel::ALL.into_iter().find(|label| label.as_str() == of);
            biases[label.ok_or_else(|| self.wrong("bias", EXPECTED))? as usize] = bias;
        }
        Ok(biases)
    }

    fn text(&self, key: &'static str, expected: &'static str) -> Result<&str, HeadError> {
        self.0.get(key).map(String::as_str).ok_or_else(|| self.wrong(key, expected))
    }

    fn json<T: DeserializeOwned>(&self, key: &'static str, expected: &'static str) -> Result<T, HeadError> {
        serde_json::from_str(self.text(key, expected)?).map_err(|_| self.wrong(key, expected))
    }

    fn wrong(&self, key: &'static str, expected: &'static str) -> HeadError {
        HeadError::Metadata { key, got: self.0.get(key).map_or("nothing".into(), |text| format!("{text:?}")), expected }
    }
}

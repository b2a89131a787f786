//! The file that the models come in, in the safetensors format.
//!
//! A file with a tensor missing or too many, or with one of another shape, is of another form of these models, and guesses
//! would cost more than a refusal.

use std::collections::HashMap;

use half::f16;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use serde_json::Value;

use super::grams::{BUCKETS, Grams};
use super::head::{Head, WIDTH};
use super::stack::{Feature, Neutral, Stack};

/// The form of file that is read.
const FORM: &str = "2";

/// The encoder whose embeddings the head was trained on.
const ENCODER: &str = "all-MiniLM-L6-v2";

const TENSORS: [&str; 10] = [
    "grams.words",
    "grams.chars",
    "grams.scale",
    "grams.bias",
    "head.hidden.weight",
    "head.hidden.bias",
    "head.output.weight",
    "head.output.bias",
    "stack.weight",
    "stack.bias",
];

/// Why a file is not the models.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is no safetensors file.
    #[error("not a safetensors file: {0}")]
    Format(#[from] SafeTensorError),
    /// A tensor that is needed is not there.
    #[error("tensor {0} is missing")]
    Missing(&'static str),
    /// A tensor is there that no one reads.
    #[error("tensor {0} is unknown")]
    Unknown(String),
    /// A tensor has another type or shape, or numbers that are none.
    #[error("tensor {name} is not {wanted}")]
    Shape {
        /// The tensor.
        name: &'static str,
        /// Its type and shape.
        wanted: String,
    },
    /// A datum of the file's header is missing or says nothing.
    #[error("metadata {name}: {problem}")]
    Metadata {
        /// The datum.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// A file whose tensors are all there.
pub(super) struct File<'a> {
    tensors: SafeTensors<'a>,
    metadata: HashMap<String, String>,
}

// === impl File ===

impl<'a> File<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, LoadError> {
        let (_, header) = SafeTensors::read_metadata(bytes)?;
        let file = Self {
            tensors: SafeTensors::deserialize(bytes)?,
            metadata: header.metadata().clone().unwrap_or_default().into_iter().collect(),
        };
        if let Some(unknown) = file.tensors.names().into_iter().find(|name| !TENSORS.iter().any(|known| known == name))
        {
            return Err(LoadError::Unknown(unknown.to_string()));
        }
        file.says("form", FORM)?;
        file.says("encoder", ENCODER)?;
        Ok(file)
    }

    pub(super) fn grams(&self) -> Result<Grams, LoadError> {
        let scale = self.floats("grams.scale", &[2])?;
        Ok(Grams {
            words: self.bytes("grams.words")?,
            chars: self.bytes("grams.chars")?,
            scale: [scale[0], scale[1]],
            bias: self.floats("grams.bias", &[1])?[0],
        })
    }

    pub(super) fn head(&self) -> Result<Head, LoadError> {
        let units = self.length("head.hidden.bias")?;
        Ok(Head {
            hidden: self.halves("head.hidden.weight", &[units, WIDTH])?,
            hidden_bias: self.floats("head.hidden.bias", &[units])?,
            output: self.floats("head.output.weight", &[units])?,
            output_bias: self.floats("head.output.bias", &[1])?[0],
        })
    }

    pub(super) fn stack(&self) -> Result<Stack, LoadError> {
        let features = self.features()?;
        let weights = self.floats("stack.weight", &[features.len()])?;
        Ok(Stack {
            features: features.into_iter().zip(weights).collect(),
            bias: self.floats("stack.bias", &[1])?[0],
            neutral: self.neutral()?,
            thresholds: self.thresholds()?,
        })
    }

    fn features(&self) -> Result<Vec<Feature>, LoadError> {
        let fault = |problem: String| LoadError::Metadata { name: "stack.features", problem };
        let names: Vec<String> =
            serde_json::from_str(self.datum("stack.features")?).map_err(|error| fault(error.to_string()))?;
        names.iter().map(|name| Feature::named(name).ok_or_else(|| fault(format!("{name} is unknown")))).collect()
    }

    /// What the head is worth unread: 0, where the file does not say.
    fn neutral(&self) -> Result<Neutral, LoadError> {
        let Some(written) = self.metadata.get("head.neutral") else { return Ok(Neutral { head: 0.0 }) };
        match written.parse() {
            Ok(head) if f32::is_finite(head) => Ok(Neutral { head }),
            _ => Err(LoadError::Metadata { name: "head.neutral", problem: "not a number".into() }),
        }
    }

    fn thresholds(&self) -> Result<Vec<(f32, f32)>, LoadError> {
        let fault = |problem: &str| LoadError::Metadata { name: "thresholds", problem: problem.into() };
        let table: Value =
            serde_json::from_str(self.datum("thresholds")?).map_err(|error| fault(&error.to_string()))?;
        let table: Vec<(f32, f32)> = serde_json::from_value(table).map_err(|error| fault(&error.to_string()))?;
        let in_range = |(rate, score): &(f32, f32)| *rate > 0.0 && *rate < 1.0 && (0.0..=1.0).contains(score);
        match &table {
            table if table.is_empty() => Err(fault("empty")),
            table if !table.iter().all(in_range) => Err(fault("a rate or a score is not between 0 and 1")),
            table if table.windows(2).any(|pair| pair[0].0 >= pair[1].0) => Err(fault("rates do not ascend")),
            table if table.windows(2).any(|pair| pair[0].1 < pair[1].1) => Err(fault("scores ascend with the rates")),
            _ => Ok(table),
        }
    }

    fn says(&self, name: &'static str, wanted: &str) -> Result<(), LoadError> {
        match self.datum(name)? {
            said if said == wanted => Ok(()),
            said => Err(LoadError::Metadata { name, problem: format!("{said:?} where {wanted:?} is read") }),
        }
    }

    fn datum(&self, name: &'static str) -> Result<&str, LoadError> {
        let missing = || LoadError::Metadata { name, problem: "missing".into() };
        self.metadata.get(name).map(String::as_str).ok_or_else(missing)
    }

    fn length(&self, name: &'static str) -> Result<usize, LoadError> {
        let tensor = self.tensors.tensor(name).map_err(|_| LoadError::Missing(name))?;
        tensor.shape().first().copied().ok_or_else(|| LoadError::Shape { name, wanted: "a vector".into() })
    }

    fn data(&self, name: &'static str, kind: Dtype, shape: &[usize]) -> Result<&[u8], LoadError> {
        let tensor = self.tensors.tensor(name).map_err(|_| LoadError::Missing(name))?;
        if tensor.dtype() != kind || tensor.shape() != shape {
            return Err(LoadError::Shape { name, wanted: format!("{kind:?} {shape:?}") });
        }
        // The file outlives the views, whose lifetime the crate ties to `tensors`.
        Ok(tensor.data())
    }

    fn bytes(&self, name: &'static str) -> Result<Box<[i8]>, LoadError> {
        Ok(self.data(name, Dtype::I8, &[BUCKETS])?.iter().map(|&byte| byte.cast_signed()).collect())
    }

    fn floats(&self, name: &'static str, shape: &[usize]) -> Result<Box<[f32]>, LoadError> {
        let (numbers, _) = self.data(name, Dtype::F32, shape)?.as_chunks::<4>();
        finite(name, numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
    }

    fn halves(&self, name: &'static str, shape: &[usize]) -> Result<Box<[f32]>, LoadError> {
        let (numbers, _) = self.data(name, Dtype::F16, shape)?.as_chunks::<2>();
        finite(name, numbers.iter().map(|&bytes| f16::from_le_bytes(bytes).to_f32()).collect())
    }
}

fn finite(name: &'static str, numbers: Box<[f32]>) -> Result<Box<[f32]>, LoadError> {
    match numbers.iter().all(|number| number.is_finite()) {
        true => Ok(numbers),
        false => Err(LoadError::Shape { name, wanted: "finite".into() }),
    }
}

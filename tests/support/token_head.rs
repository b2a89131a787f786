//! A token head of known weights: a word with a capital is a PERSON, and one with a digit an ADDRESS.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::collections::HashMap;

use half::f16;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

/// What a head's file says, to be changed before it is written.
pub(crate) struct HeadFile {
    pub(crate) metadata: HashMap<String, String>,
    /// Name, type, sizes and numbers.
    pub(crate) tensors: Vec<(&'static str, Dtype, Vec<usize>, Vec<f32>)>,
}

/// Hidden numbers: a capital or a digit, where a word begins and where it goes on.
const HIDDEN: usize = 4;

/// Marks by their places.
const BEGINS_UPPER: usize = 0;
const UPPER: usize = 1;
const DIGIT: usize = 4;
const BEGINS: usize = 7;

const LABELS: [&str; 9] = [
    "O",
    "B-PERSON",
    "I-PERSON",
    "B-LOCATION",
    "I-LOCATION",
    "B-ORGANIZATION",
    "I-ORGANIZATION",
    "B-ADDRESS",
    "I-ADDRESS",
];

impl HeadFile {
    /// For the encoder `encoder`, reading (and ignoring) states of `width` floats behind `layers`.
    pub(crate) fn new(encoder: &str, width: usize, layers: &[usize]) -> Self {
        let columns = layers.len() * width + 16;
        let mut hidden = vec![0.0; HIDDEN * columns];
        let marks = [(0, BEGINS_UPPER, 1.0), (1, UPPER, 1.0), (1, BEGINS_UPPER, -1.0)];
        let digits = [(2, DIGIT, 1.0), (2, BEGINS, 1.0), (3, DIGIT, 1.0), (3, BEGINS, -1.0)];
        for (row, mark, weight) in marks.into_iter().chain(digits) {
            hidden[row * columns + layers.len() * width + mark] = weight;
        }
        let mut output = vec![0.0; LABELS.len() * HIDDEN];
        for (row, label) in ["B-PERSON", "I-PERSON", "B-ADDRESS", "I-ADDRESS"].into_iter().enumerate() {
            let label = LABELS.iter().position(|name| *name == label).unwrap();
            output[label * HIDDEN + row] = 16.0;
        }
        let mut output_bias = vec![0.0; LABELS.len()];
        output_bias[0] = 8.0;
        let metadata = [
            ("encoder", encoder.to_owned()),
            ("layers", format!("{layers:?}")),
            ("labels", serde_json::to_string(&LABELS).unwrap()),
            ("surface", "1".into()),
            ("form", "1".into()),
        ];
        Self {
            metadata: metadata.map(|(key, value)| (key.to_owned(), value)).into(),
            tensors: vec![
                ("hidden.weight", Dtype::F16, vec![HIDDEN, columns], hidden),
                ("hidden.bias", Dtype::F32, vec![HIDDEN], vec![0.0, 0.0, -1.0, 0.0]),
                ("output.weight", Dtype::F32, vec![LABELS.len(), HIDDEN], output),
                ("output.bias", Dtype::F32, vec![LABELS.len()], output_bias),
            ],
        }
    }

    /// For the shipped encoder.
    pub(crate) fn shipped() -> Self {
        Self::new("all-MiniLM-L6-v2", 384, &[3, 6])
    }

    /// With `value` for `key` in its metadata.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// The file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let written = self.tensors.iter().map(|(_, dtype, _, floats)| -> Vec<u8> {
            match dtype {
                Dtype::F16 => floats.iter().flat_map(|float| f16::from_f32(*float).to_le_bytes()).collect(),
                _ => floats.iter().flat_map(|float| float.to_le_bytes()).collect(),
            }
        });
        let written: Vec<Vec<u8>> = written.collect();
        let views =
            self.tensors.iter().zip(&written).map(|((name, dtype, sizes, _), bytes)| {
                (*name, TensorView::new(*dtype, sizes.clone(), bytes).unwrap())
            });
        safetensors::serialize(views, Some(self.metadata.clone())).unwrap()
    }
}

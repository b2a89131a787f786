//! Models' folders with changes.

use std::path::{Path, PathBuf};

use pointsman::guard::classifier::{Sequence, Token};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{folder_of, read};

/// A model's folder with changes.
pub(crate) struct Edited(TempDir);

/// What a safetensors file holds of a tensor: its name, type, shape and bytes.
pub(crate) type Tensor = (String, String, Vec<usize>, Vec<u8>);

impl Edited {
    pub(crate) fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in ["config.json", "tokenizer.json", "model.safetensors"] {
            std::fs::copy(folder_of(name).join(file), folder.path().join(file)).unwrap();
        }
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    /// With `key` of its config changed; null removes it.
    pub(crate) fn with_config(self, key: &str, value: Value) -> Self {
        let mut config = read(&self.file("config.json"));
        config.as_object_mut().unwrap().remove(key);
        if !value.is_null() {
            config[key] = value;
        }
        std::fs::write(self.file("config.json"), config.to_string()).unwrap();
        self
    }

    /// With its labels named so.
    pub(crate) fn with_labels(self, labels: &[&str]) -> Self {
        let names = labels.iter().enumerate().map(|(id, label)| (id.to_string(), json!(label)));
        self.with_config("id2label", Value::Object(names.collect()))
    }

    /// With the weights that `change` makes of its own.
    pub(crate) fn with_weights(self, change: impl Fn(Tensor) -> Option<Tensor>) -> Self {
        let path = self.file("model.safetensors");
        let tensors: Vec<Tensor> = tensors_of(&path).into_iter().filter_map(change).collect();
        write_tensors(&path, &tensors);
        self
    }

    /// Why it cannot be loaded, for the task that its name ends with.
    pub(crate) fn error(&self, task: &str) -> String {
        match task {
            "sequence" => Sequence::load(self.0.path(), &[]).unwrap_err().to_string(),
            _ => Token::load(self.0.path(), &[]).unwrap_err().to_string(),
        }
    }
}

pub(crate) fn tensors_of(path: &Path) -> Vec<Tensor> {
    let bytes = std::fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let tensor = |(name, entry): (&String, &Value)| {
        let number = |value: &Value| value.as_u64().unwrap() as usize;
        let [start, end] = [0, 1].map(|at| 8 + length + number(&entry["data_offsets"][at]));
        let shape = entry["shape"].as_array().unwrap().iter().map(number).collect();
        (name.clone(), entry["dtype"].as_str().unwrap().into(), shape, bytes[start..end].to_vec())
    };
    header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__").map(tensor).collect()
}

pub(crate) fn write_tensors(path: &Path, tensors: &[Tensor]) {
    let (mut header, mut data) = (json!({}), Vec::new());
    for (name, dtype, shape, bytes) in tensors {
        let start = data.len();
        data.extend_from_slice(bytes);
        header[name] = json!({"dtype": dtype, "shape": shape, "data_offsets": [start, data.len()]});
    }
    let mut header = header.to_string();
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    let length = (header.len() as u64).to_le_bytes();
    std::fs::write(path, [&length[..], header.as_bytes(), &data].concat()).unwrap();
}

/// A tensor of f16 in another type.
pub(crate) fn stored_as(dtype: &str, (name, _, shape, bytes): Tensor) -> Tensor {
    let floats = bytes.chunks(2).map(|pair| half::f16::from_le_bytes(pair.try_into().unwrap()).to_f32());
    let bytes = match dtype {
        "F32" => floats.flat_map(f32::to_le_bytes).collect(),
        "BF16" => floats.flat_map(|float| half::bf16::from_f32(float).to_le_bytes()).collect(),
        _ => floats.map(|float| float as i8 as u8).collect(),
    };
    (name, dtype.into(), shape, bytes)
}

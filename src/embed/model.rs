//! A BERT sentence encoder on candle's f32 CPU path: tokens, the model, the mean over tokens, length one.

use std::path::{Path, PathBuf};
use std::{fs, io};

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use tokenizers::{Tokenizer, TruncationParams};

use super::text;

/// Tokens read of a text, the two that mark its ends included; the published MiniLM was made for 256.
pub(super) const MAX_TOKENS: usize = 256;

/// The files that make a model, by their names in its folder.
pub(super) const FILES: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

/// A loaded sentence encoder. Any BERT whose sentence embedding is the mean of its token embeddings.
pub struct Model {
    name: String,
    tokenizer: Tokenizer,
    bert: BertModel,
    dimensions: usize,
}

/// Why a model could not be loaded.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum LoadError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("{path} does not describe a BERT model: {source}")]
    Config { path: PathBuf, source: serde_json::Error },
    #[error("{path} is not a tokenizer: {source}")]
    Tokenizer { path: PathBuf, source: tokenizers::Error },
    #[error("{path} does not hold the model's weights: {source}")]
    Weights { path: PathBuf, source: candle_core::Error },
}

/// Why a text could not be embedded.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum EmbedError {
    #[error("tokenizing failed: {0}")]
    Tokenizer(#[source] tokenizers::Error),
    #[error("inference failed: {0}")]
    Inference(#[from] candle_core::Error),
    #[error("the model gave a vector without a direction")]
    NoDirection,
}

// === impl Model ===

impl Model {
    /// Loads `config.json`, `tokenizer.json` and `model.safetensors` (f16, bf16 or f32) from `dir`.
    pub fn load(dir: &Path) -> Result<Self, LoadError> {
        let [config, tokenizer, weights] = FILES.map(|file| dir.join(file));
        let config: Config =
            serde_json::from_slice(&read(&config)?).map_err(|source| LoadError::Config { path: config, source })?;
        let tokenizer = load_tokenizer(&tokenizer, &config)?;
        // Read, not mapped: a file that changes under a map is undefined behaviour.
        let bert = VarBuilder::from_buffered_safetensors(read(&weights)?, DType::F32, &Device::Cpu)
            .and_then(|tensors| BertModel::load(tensors, &config))
            .map_err(|source| LoadError::Weights { path: weights, source })?;
        let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { name, tokenizer, bert, dimensions: config.hidden_size })
    }

    /// The last name of the model, such as `all-MiniLM-L6-v2`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Floats in an embedding.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Embeds the first 256 tokens of `text` (see [`text::readable`] for texts beyond 32 KiB): [`Self::dimensions`]
    /// floats of Euclidean length one.
    pub fn embed(&self, text: &str) -> Result<Vec<f32>, EmbedError> {
        let tokens = self.tokenizer.encode_fast(text::readable(text), true).map_err(EmbedError::Tokenizer)?;
        let ids = Tensor::new(tokens.get_ids(), &Device::Cpu)?.unsqueeze(0)?;
        let hidden = self.bert.forward(&ids, &ids.zeros_like()?, None)?;
        let mean = hidden.squeeze(0)?.mean(0)?.to_vec1::<f32>()?;
        with_length_one(mean).ok_or(EmbedError::NoDirection)
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Model").field("name", &self.name).field("dimensions", &self.dimensions).finish()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    fs::read(path).map_err(|source| LoadError::Read { path: path.into(), source })
}

/// Published tokenizers carry whatever cut and padding they were last saved with; ours are the model's.
fn load_tokenizer(path: &Path, config: &Config) -> Result<Tokenizer, LoadError> {
    let max_length = MAX_TOKENS.min(config.max_position_embeddings);
    let cut = TruncationParams { max_length, ..Default::default() };
    let failed = |source| LoadError::Tokenizer { path: path.into(), source };
    let mut tokenizer = Tokenizer::from_bytes(read(path)?).map_err(failed)?;
    tokenizer.with_padding(None).with_truncation(Some(cut)).map_err(failed)?;
    Ok(tokenizer)
}

fn with_length_one(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if !length.is_normal() {
        return None;
    }
    vector.iter_mut().for_each(|x| *x /= length);
    Some(vector)
}

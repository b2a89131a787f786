//! Classifiers that the operator brings: a published BERT, ModernBERT or DeBERTa-v2/v3 with a head for sequences or for
//! tokens, computed in f32 by candle.
//!
//! - `config`: what the model's `config.json` says, and what of it can be computed
//! - `labels`: what its labels mean
//! - `weights`: its tensors, none of which may be left over
//! - `network`: backbone and `head`
//! - `reader`: a text's tokens, in windows
//! - `spans`: from the probabilities of tokens to what was found
//! - `sequence`, `token`: all of it together, for whole texts and for the words in them; `labeler`: for labels of any meaning
//! - `runner`: threads, a bounded queue and deadlines

mod config;
mod head;
mod labeler;
mod labels;
mod network;
mod reader;
mod runner;
mod sequence;
mod spans;
mod token;
mod weights;

use std::path::{Path, PathBuf};
use std::{fs, io};

pub use config::ConfigError;
pub use labeler::{Labeler, Labelled};
pub use labels::LabelError;
pub use runner::Runner;
pub use sequence::Sequence;
pub use token::Token;

use config::{Description, Task};
use network::Network;
use reader::Reader;

/// What a [`Runner`] runs.
pub trait Classifier: Send + Sync + 'static {
    /// What it makes of a text.
    type Output: Send + 'static;

    /// What it makes of the first `at_most` windows of `text`. Asks `go_on` before each of them, and gives up where the
    /// answer is no.
    fn classify(
        &self,
        text: &str,
        at_most: usize,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Outcome<Self::Output>, ClassifyError>;
}

/// What was made of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome<T> {
    /// What was made of it.
    pub value: T,
    /// Bytes at its end that were not read, but for white space around them.
    pub unread: usize,
}

/// Why a classifier could not be loaded.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum LoadError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("{path} does not describe a classifier that can be run: {source}")]
    Config { path: PathBuf, source: ConfigError },
    #[error("the labels in {path} cannot be used: {source}")]
    Labels { path: PathBuf, source: LabelError },
    #[error("{path} is not the model's tokenizer: {cause}")]
    Tokenizer { path: PathBuf, cause: String },
    #[error("{path} does not hold the model's weights: {cause}")]
    Weights { path: PathBuf, cause: String },
}

/// Why nothing could be made of a text.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ClassifyError {
    #[error("tokenizing failed")]
    Tokenizer,
    #[error("inference failed: {0}")]
    Inference(#[from] candle_core::Error),
    #[error("the model gave no probabilities")]
    NoProbabilities,
    #[error("nobody waits for it any more")]
    GivenUp,
}

/// What both kinds of classifiers are made of.
struct Parts {
    reader: Reader,
    network: Network,
    /// The labels' names, in the order of their probabilities.
    labels: Vec<String>,
    /// The file that names them.
    config: PathBuf,
}

// === impl Parts ===

impl Parts {
    /// Loads `config.json`, `tokenizer.json` and `model.safetensors` (f16, bf16 or f32) from `dir`, and computes something
    /// once: what does not fit together shows here.
    fn load(dir: &Path, task: Task) -> Result<Self, LoadError> {
        let [config, tokenizer, weights] = ["config.json", "tokenizer.json", "model.safetensors"].map(|f| dir.join(f));
        let Description { architecture, labels, size } = Description::parse(&read(&config)?, task)
            .map_err(|source| LoadError::Config { path: config.clone(), source })?;
        let reader =
            Reader::new(&read(&tokenizer)?, size).map_err(|cause| LoadError::Tokenizer { path: tokenizer, cause })?;
        // Read, not mapped: a file that changes under a map is undefined behaviour.
        let bytes = read(&weights)?;
        let failed = |error: candle_core::Error| LoadError::Weights { path: weights.clone(), cause: error.to_string() };
        let network = Network::load(&architecture, task, size.width, labels.len(), bytes).map_err(failed)?;
        network.probabilities(reader.sample()).map_err(failed)?;
        Ok(Self { reader, network, labels, config })
    }

    /// The probabilities of all labels, as [`Network::probabilities`] gives them, for what `ids` are with the marks around
    /// them.
    fn probabilities(&self, ids: &[u32]) -> Result<Vec<Vec<f32>>, ClassifyError> {
        let rows = self.network.probabilities(&self.reader.marked(ids))?;
        if rows.iter().flatten().all(|probability| probability.is_finite()) {
            Ok(rows)
        } else {
            Err(ClassifyError::NoProbabilities)
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    fs::read(path).map_err(|source| LoadError::Read { path: path.into(), source })
}

//! A sentence encoder: tokens, the network, one vector of them, length one.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;
use std::{fs, io};

use pointsman_engine::{InputError, Pooling, Workspace};
use sha2::{Digest, Sha256};
use tokenizers::{PostProcessor, Tokenizer, TruncationDirection};

use super::architecture::{Description, DescriptionError};
use super::network::{Network, Precision};
use super::tags::{Span, TokenHead};
use super::text::End;
use super::{Embedding, pooling};

/// Tokens read of a text, the two that mark its ends included; the published MiniLM was made for 256.
pub(super) const MAX_TOKENS: usize = 256;

/// The files that a model cannot do without, by their names in its folder.
pub(super) const FILES: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];

/// A loaded sentence encoder: a BERT, DistilBERT, RoBERTa or XLM-RoBERTa whose sentence embedding is the mean of its
/// token embeddings or the first of them.
pub struct Model {
    name: String,
    identity: String,
    tokenizer: Tokenizer,
    network: Network,
    pooling: Pooling,
    dimensions: usize,
    /// Tokens of a text that are read at once, without those that mark its ends.
    capacity: usize,
}

/// What the network reads of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// The tokens, those that mark the ends included.
    pub ids: Vec<u32>,
    /// The bytes of the text that they are made of.
    pub read: Range<usize>,
    /// For each token the bytes of the text that it is made of, as it was written; none for those that mark the ends.
    pub offsets: Vec<Range<usize>>,
    /// What the token head is told of each; none where nobody asks for spans.
    pub(super) marks: Vec<u16>,
}

/// What the network made of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// The text's meaning.
    pub embedding: Embedding,
    /// What it names, where that was asked for, in its bytes.
    pub spans: Arc<[Span]>,
}

/// A head that does not go with a model, which is given back as it was.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Refused {
    /// The model, without the head.
    pub model: Box<Model>,
    /// Why.
    pub reason: Misfit,
}

/// Why a head does not go with a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum Misfit {
    #[error("it was trained on {trained}, and the embedding model is {model}")]
    Encoder { trained: String, model: String },
    #[error("it reads token states that {0} does not have")]
    States(String),
    #[error("it reads token states of int8, and the embedding model is computed in f32")]
    Precision,
}

/// Why a model could not be loaded.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum LoadError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("{path} does not describe a model that can be run: {source}")]
    Config { path: PathBuf, source: DescriptionError },
    #[error("{path} does not say how embeddings are pooled: {source}")]
    Pooling { path: PathBuf, source: serde_json::Error },
    #[error("{path} asks for {what}, and only the mean over all tokens or the first token's state can be given")]
    Unsupported { path: PathBuf, what: String },
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
    #[error("the tokenizer gave what the model does not know: {0}")]
    Input(#[from] InputError),
    #[error("the model gave a vector without a direction")]
    NoDirection,
}

// === impl Model ===

impl Model {
    /// Loads `config.json`, `tokenizer.json` and `model.safetensors` (f16, bf16 or f32) from `dir`, pooled as
    /// `modules.json` and `1_Pooling/config.json` say where they are there, and by the mean otherwise. What cannot be
    /// computed in int8 is computed in f32, with a warning.
    pub fn load(dir: &Path, precision: Precision) -> Result<Self, LoadError> {
        let [config, tokenizer, weights] = FILES.map(|file| dir.join(file));
        let Description { architecture, dimensions, positions } =
            Description::parse(&read(&config)?).map_err(|source| LoadError::Config { path: config, source })?;
        let pooling = pooling::read(dir)?;
        let tokenizer = load_tokenizer(&tokenizer)?;
        // Read, not mapped: a file that changes under a map is undefined behaviour.
        let bytes = read(&weights)?;
        let hash = Sha256::digest(&bytes);
        let network = Network::load(&architecture, bytes, precision, pooling)
            .map_err(|source| LoadError::Weights { path: weights, source })?;
        let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let marks = tokenizer.get_post_processor().map_or(0, |marks| marks.added_tokens(false));
        let capacity = MAX_TOKENS.min(positions).saturating_sub(marks);
        let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let identity = format!("{name} {} {hash}", network.precision());
        Ok(Self { name, identity, tokenizer, network, pooling, dimensions, capacity })
    }

    /// The same model with a head that finds spans in what it reads.
    ///
    /// # Errors
    /// A head that was trained on another encoder or reads other states than this one has, and any where the model is
    /// computed in f32.
    pub fn with_token_head(mut self, head: TokenHead) -> Result<Self, Refused> {
        let trained = head.encoder().to_owned();
        let reason = match self.network.precision() {
            _ if trained != self.name => Misfit::Encoder { trained, model: self.name.clone() },
            "f32" => Misfit::Precision,
            _ if self.network.set_head(head) => return Ok(self),
            _ => Misfit::States(self.name.clone()),
        };
        Err(Refused { model: Box::new(self), reason })
    }

    /// Whether it finds spans.
    pub fn has_token_head(&self) -> bool {
        self.network.head().is_some()
    }

    /// The last name of the model, such as `all-MiniLM-L6-v2`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name, the precision, and the beginning of the weights' SHA-256.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// Floats in an embedding.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// What computes, such as `int8 (avx512-vnni)`.
    pub fn engine(&self) -> String {
        self.network.describe()
    }

    /// What an embedding is made of, such as `the mean over all tokens`.
    pub fn pooling(&self) -> &'static str {
        match self.pooling {
            Pooling::Mean => "the mean over all tokens",
            Pooling::First => "the first token's state",
        }
    }

    /// The 256 tokens at one end of `text` (see [`End::of`] for texts beyond 32 KiB), or all where there are no more.
    /// Takes no longer for a megabyte than for a page.
    pub fn tokenize(&self, text: &str, end: End) -> Result<Tokens, EmbedError> {
        let cut = end.of(text);
        let (at, direction) = match end {
            End::Head => (0, TruncationDirection::Right),
            End::Tail => (text.len() - cut.len(), TruncationDirection::Left),
        };
        let mut tokens = self.tokenizer.encode(cut, false).map_err(EmbedError::Tokenizer)?;
        let mut read = at..at + cut.len();
        if tokens.len() > self.capacity {
            tokens.truncate(self.capacity, 0, direction);
            match (end, tokens.get_offsets()) {
                (End::Head, [.., (_, last)]) => read.end = at + last,
                (End::Tail, [(first, _), ..]) => read.start = at + first,
                (_, []) => read.end = read.start,
            }
        }
        let tokens = self.tokenizer.post_process(tokens, None, true).map_err(EmbedError::Tokenizer)?;
        let offsets = tokens.get_offsets().iter().zip(tokens.get_special_tokens_mask());
        let offsets = offsets.map(|(&(start, end), &mark)| if mark == 1 { 0..0 } else { at + start..at + end });
        Ok(Tokens { ids: tokens.get_ids().to_vec(), read, offsets: offsets.collect(), marks: Vec::new() })
    }

    /// As [`Self::tokenize`], for [`Self::encode`] to find spans as well, where there is a head for it.
    pub fn tokenize_for_spans(&self, text: &str, end: End) -> Result<Tokens, EmbedError> {
        let mut tokens = self.tokenize(text, end)?;
        if let Some(head) = self.network.head() {
            tokens.marks = head.marks(text, &tokens.read, &tokens.offsets);
        }
        Ok(tokens)
    }

    /// What each of `batch` becomes, in its order: an embedding of [`Self::dimensions`] floats, and spans where they were
    /// asked for. An error is one of them all, whichever of them is to blame.
    pub fn encode(&self, batch: &[Tokens], workspace: &mut Workspace) -> Result<Vec<Encoded>, EmbedError> {
        self.network.encode(batch, workspace)
    }

    /// Embeds the first 256 tokens of `text`.
    pub fn embed(&self, text: &str) -> Result<Embedding, EmbedError> {
        let tokens = self.tokenize(text, End::Head)?;
        let encoded = self.encode(slice::from_ref(&tokens), &mut Workspace::default())?.pop();
        encoded.map(|encoded| encoded.embedding).ok_or(EmbedError::NoDirection)
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Model").field("name", &self.name).field("dimensions", &self.dimensions).finish()
    }
}

// === impl Tokens ===

impl AsRef<[u32]> for Tokens {
    fn as_ref(&self) -> &[u32] {
        &self.ids
    }
}

// === impl Encoded ===

impl Encoded {
    /// The direction of what was pooled, and no spans.
    pub(super) fn towards(pooled: &[f32]) -> Result<Self, EmbedError> {
        let embedding = Embedding::towards(pooled.to_vec()).ok_or(EmbedError::NoDirection)?;
        Ok(Self { embedding, spans: Arc::default() })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    fs::read(path).map_err(|source| LoadError::Read { path: path.into(), source })
}

/// Published tokenizers carry whatever cut and padding they were last saved with; we cut, and never pad.
fn load_tokenizer(path: &Path) -> Result<Tokenizer, LoadError> {
    let failed = |source| LoadError::Tokenizer { path: path.into(), source };
    let mut tokenizer = Tokenizer::from_bytes(read(path)?).map_err(failed)?;
    tokenizer.with_padding(None).with_truncation(None).map_err(failed)?;
    Ok(tokenizer)
}

//! How a model's tokens become one vector, as sentence-transformers' files beside it say.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use pointsman_engine::Pooling;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::model::LoadError;

/// The files that tell, by their names in the model's folder. A model without them is pooled by the mean.
pub(super) const FILES: [&str; 2] = [MODULES, POOLING];

const MODULES: &str = "modules.json";
const POOLING: &str = "1_Pooling/config.json";

/// One of the steps from a text to its embedding.
#[derive(Deserialize)]
struct Module {
    /// A Python class, such as `sentence_transformers.models.Pooling`.
    r#type: String,
    path: String,
}

/// Reads what is there of [`FILES`] in `dir`.
///
/// # Errors
/// Whatever asks for more than the mean or the first token: another vector would be wrong, and nobody would see it.
pub(super) fn read(dir: &Path) -> Result<Pooling, LoadError> {
    let modules: Vec<Module> = parse(&dir.join(MODULES))?.unwrap_or_default();
    if let Some(Module { r#type, path }) = modules.iter().find(|module| !module.is_known()) {
        return Err(unsupported(&dir.join(MODULES), format!("{} in \"{path}\"", name(r#type))));
    }
    let path = dir.join(POOLING);
    let Some(config) = parse::<Map<String, Value>>(&path)? else { return Ok(Pooling::Mean) };
    let modes = modes(&config);
    match modes.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // The square root of the length is all that they differ in, and vectors become one long.
        ["mean"] | ["mean_tokens"] | ["mean_sqrt_len_tokens"] => Ok(Pooling::Mean),
        ["cls"] | ["cls_token"] => Ok(Pooling::First),
        _ => Err(unsupported(&path, format!("the pooling \"{}\"", modes.join(" + ")))),
    }
}

/// The ways of pooling that the file asks for, whose vectors stand one after another: `pooling_mode` names them in newer
/// files, and a key for each does in older ones.
fn modes(config: &Map<String, Value>) -> Vec<String> {
    match config.get("pooling_mode") {
        Some(Value::String(mode)) => vec![mode.clone()],
        Some(modes) => vec![modes.to_string()],
        None => {
            let asked = config.iter().filter(|(_, value)| **value == Value::Bool(true));
            asked.filter_map(|(key, _)| key.strip_prefix("pooling_mode_")).map(str::to_owned).collect()
        }
    }
}

/// What the file at `path` says; None where there is no such file.
fn parse<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, LoadError> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(|source| LoadError::Read { path: path.into(), source })?,
    };
    let value = serde_json::from_slice(&bytes);
    value.map(Some).map_err(|source| LoadError::Pooling { path: path.into(), source })
}

fn unsupported(path: &Path, what: String) -> LoadError {
    LoadError::Unsupported { path: path.into(), what }
}

/// The last part of a class's name.
fn name(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}

// === impl Module ===

impl Module {
    fn is_known(&self) -> bool {
        match name(&self.r#type) {
            "Transformer" => self.path.is_empty(),
            "Pooling" => Path::new(&self.path) == Path::new("1_Pooling"),
            // What all embeddings are.
            "Normalize" => true,
            _ => false,
        }
    }
}

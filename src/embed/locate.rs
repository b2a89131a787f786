//! Finds a model's folder by its name: the models folder, then the local Hugging Face cache, then the Hub.

use std::path::{Path, PathBuf};
use std::{env, fmt};

use hf_hub::api::sync::{ApiBuilder, ApiError};
use hf_hub::{Cache, Repo};

use super::model::FILES;
use super::pooling;

/// A model that was found nowhere, with what was tried.
#[derive(Debug, thiserror::Error)]
pub struct NotFound {
    name: String,
    tried: Vec<String>,
}

/// Finds the folder that holds the model `name`, such as `sentence-transformers/all-MiniLM-L6-v2`.
///
/// Its last name is looked for in `models_dir`, or where none is given in the first that exists of `./models`,
/// `../share/pointsman/models` beside the binary's folder, and `/usr/share/pointsman/models`; then the whole name in
/// the local Hugging Face cache; and at last on the Hub, whose files land in that cache. `HF_HOME` and `HF_ENDPOINT`
/// say where those two are. May take as long as a download does.
pub fn locate(name: &str, models_dir: Option<&Path>) -> Result<PathBuf, NotFound> {
    let mut tried = Vec::new();
    in_models(name, models_dir, &mut tried)
        .or_else(|| in_cache(name, &mut tried))
        .or_else(|| on_hub(name, &mut tried))
        .ok_or_else(|| NotFound { name: name.into(), tried })
}

fn in_models(name: &str, models_dir: Option<&Path>, tried: &mut Vec<String>) -> Option<PathBuf> {
    let last_name = Path::new(name).file_name()?;
    let models = match models_dir {
        Some(dir) => dir.to_path_buf(),
        None => default_models_dirs().into_iter().find(|dir| dir.is_dir()).or_else(|| {
            let all: Vec<_> = default_models_dirs().iter().map(|dir| dir.display().to_string()).collect();
            tried.push(format!("none of {} is a folder", all.join(", ")));
            None
        })?,
    };
    let folder = models.join(last_name);
    match FILES.iter().find(|file| !folder.join(file).is_file()) {
        None => Some(folder),
        Some(file) => {
            tried.push(format!("{} does not exist", folder.join(file).display()));
            None
        }
    }
}

fn default_models_dirs() -> Vec<PathBuf> {
    let binary = env::current_exe().ok();
    let prefix = binary.as_deref().and_then(Path::parent).and_then(Path::parent);
    [
        Some(PathBuf::from("models")),
        prefix.map(|prefix| prefix.join("share/pointsman/models")),
        Some(PathBuf::from("/usr/share/pointsman/models")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn in_cache(name: &str, tried: &mut Vec<String>) -> Option<PathBuf> {
    if !has_cache() {
        tried.push("the Hugging Face cache has no place: neither HF_HOME nor HOME is set".into());
        return None;
    }
    let cache = Cache::from_env();
    let repo = cache.model(name.into());
    let files: Option<Vec<_>> = FILES.iter().map(|file| repo.get(file)).collect();
    let folder = files.as_deref().and_then(|files| files.first()?.parent()).map(Path::to_path_buf);
    if folder.is_none() {
        let place = cache.path().join(Repo::model(name.into()).folder_name());
        tried.push(format!("{} does not hold it", place.display()));
    }
    folder
}

fn on_hub(name: &str, tried: &mut Vec<String>) -> Option<PathBuf> {
    if !has_cache() {
        return None;
    }
    tracing::info!("Fetching the embedding model {name} from the Hugging Face Hub");
    let fetched = fetch(name);
    if let Err(error) = &fetched {
        let endpoint = env::var("HF_ENDPOINT").unwrap_or_else(|_| "https://huggingface.co".into());
        tried.push(format!("{endpoint} did not give it: {error}"));
    }
    fetched.ok()?.parent().map(Path::to_path_buf)
}

/// The path of one of the model's files; its folder holds them all.
fn fetch(name: &str) -> Result<PathBuf, ApiError> {
    let repo = ApiBuilder::from_env().with_progress(false).build()?.model(name.into());
    // First what not every model has, so that a folder in the cache is never without it when it looks whole.
    for file in pooling::FILES {
        match repo.get(file) {
            Err(ApiError::RequestError(error)) if matches!(*error, ureq::Error::StatusCode(404)) => {}
            other => drop(other?),
        }
    }
    let [config, tokenizer, weights] = FILES;
    repo.get(config)?;
    repo.get(tokenizer)?;
    repo.get(weights)
}

/// Whether there is a place for the cache; `hf_hub` panics where there is none.
fn has_cache() -> bool {
    env::var_os("HF_HOME").is_some() || env::home_dir().is_some()
}

// === impl NotFound ===

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "the embedding model {} was not found: {}", self.name, self.tried.join("; "))
    }
}

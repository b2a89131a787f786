//! Changing a running router's config in every way that people and Kubernetes do.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::Value;

use super::{Router, eventually};

// === impl Router ===

impl Router {
    /// Writes `config` aside and renames it over the file.
    pub(crate) fn rename_over(&self, config: &str) {
        let aside = self.beside("config.yaml.new");
        std::fs::write(&aside, self.whole_config(config)).expect("the config is written");
        std::fs::rename(aside, self.config_path()).expect("it is renamed");
    }

    /// Makes the file what Kubernetes mounts: `config.yaml → ..data/config.yaml`, `..data → ..NAME/`.
    pub(crate) fn mount(&self, name: &str, config: &str) {
        self.swap(name, config);
        let link = self.beside("config.link");
        symlink("..data/config.yaml", &link).expect("a symlink");
        std::fs::rename(link, self.config_path()).expect("it is renamed");
    }

    /// Updates such a mount as Kubernetes does: a new folder, and `..data` renamed to lead there.
    pub(crate) fn swap(&self, name: &str, config: &str) {
        let folder = self.beside(&format!("..{name}"));
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("config.yaml"), self.whole_config(config)).expect("the config is written");
        let old = std::fs::read_link(self.beside("..data"));
        let link = self.beside("..data_tmp");
        symlink(format!("..{name}"), &link).expect("a symlink");
        std::fs::rename(link, self.beside("..data")).expect("it is renamed");
        if let Ok(old) = old {
            std::fs::remove_dir_all(self.beside(&old.to_string_lossy())).expect("the old folder is removed");
        }
    }

    /// Asks for a reload: the status, and what was answered.
    pub(crate) async fn post_reload(&self) -> (u16, Value) {
        let response = reqwest::Client::new().post(self.admin("/reload")).send().await.expect("an answer");
        (response.status().as_u16(), response.json().await.expect("JSON"))
    }

    /// Writes `config` and has it read; it must be accepted.
    pub(crate) async fn change_to(&self, config: &str) {
        self.rewrite(config);
        let (status, answer) = self.post_reload().await;
        assert_eq!(status, 200, "{answer}");
    }

    /// The admin listener's JSON at `path`.
    pub(crate) async fn shown(&self, path: &str) -> Value {
        reqwest::get(self.admin(path)).await.expect("an answer").json().await.expect("JSON")
    }

    /// Waits until the log holds `text`.
    pub(crate) async fn logs(&self, text: &str) {
        eventually(text, || async { self.log().contains(text).then_some(()) }).await;
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.config_path().with_file_name(name)
    }
}

//! Starts that need not succeed: the process, and what it said.

use std::fs::File;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{PATIENCE, signal};

/// A `pointsman serve` that may end by itself; killed when dropped.
pub(crate) struct Launch {
    process: Child,
    folder: TempDir,
}

// === impl Launch ===

impl Launch {
    /// Starts one on the whole of `config`, with variables in its environment, and waits for nothing.
    pub(crate) fn start(config: &str, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the config");
        let path = folder.path().join("config.yaml");
        std::fs::write(&path, config).expect("the config is written");
        let log = File::create(folder.path().join("log")).expect("a file for the log");
        let process = Command::new(env!("CARGO_BIN_EXE_pointsman"))
            .args(["serve", "--config"])
            .arg(&path)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        Self { process, folder }
    }

    /// All that was logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).expect("the log")
    }

    /// Waits until it has ended by itself.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + 3 * PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().expect("it is our child") {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a signal by its name (such as `TERM`).
    pub(crate) fn signal(&self, name: &str) {
        signal(&self.process, name);
    }
}

impl Drop for Launch {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

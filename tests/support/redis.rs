//! Real Redis servers, with Sentinel and as a Cluster.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{PATIENCE, free_port};

/// A `redis-server` with a folder and a port of its own; killed when dropped.
pub(crate) struct RedisServer {
    process: Child,
    folder: TempDir,
    pub(crate) port: u16,
    /// What its start was told beside folder and port.
    options: Vec<String>,
    /// What `redis-cli` needs to get in.
    access: Vec<String>,
}

// === impl RedisServer ===

impl RedisServer {
    /// One that keeps nothing on disk by itself.
    pub(crate) fn start() -> Self {
        Self::with(&[], &[])
    }

    /// With further options (such as `--requirepass`), and those that `redis-cli` then needs.
    pub(crate) fn with(options: &[&str], access: &[&str]) -> Self {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        // A port that was free may be taken by the time that it is used.
        for _ in 0..8 {
            let folder = tempfile::tempdir().expect("a folder for the data");
            let (port, options) = (free_port(), owned(options));
            let process = launch(port, &folder, &options);
            let mut server = Self { process, folder, port, options, access: owned(access) };
            if server.answers() {
                return server;
            }
        }
        panic!("no redis-server starts");
    }

    /// `redis://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// What `redis-cli` says to a command.
    pub(crate) fn cli(&self, arguments: &[&str]) -> String {
        let output = self.command().args(arguments).output().expect("redis-cli runs");
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    }

    /// What `redis-cli` says to a command whose last argument are these bytes.
    pub(crate) fn cli_with(&self, arguments: &[&str], bytes: &[u8]) -> String {
        let path = self.folder.path().join("argument");
        std::fs::write(&path, bytes).expect("the argument is written");
        let stdin = std::fs::File::open(path).expect("the argument is there");
        let output = self.command().arg("-x").args(arguments).stdin(stdin).output().expect("redis-cli runs");
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts it again at its port, with the data that its folder holds.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.process = launch(self.port, &self.folder, &self.options);
        assert!(self.answers(), "redis-server does not start again");
    }

    /// Sends a signal by its name (such as `STOP`).
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    fn command(&self) -> Command {
        let mut command = Command::new("redis-cli");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]).args(&self.access).stderr(Stdio::null());
        command
    }

    /// Waits until it answers; false if it ended instead.
    fn answers(&mut self) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.cli(&["ping"]) == "PONG" {
                return true;
            }
            if self.process.try_wait().expect("it is our child").is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn launch(port: u16, folder: &TempDir, options: &[String]) -> Child {
    let mut command = Command::new("redis-server");
    // Sentinel writes what it learns into its config, and so needs a file.
    let config = folder.path().join("redis.conf");
    if !config.exists() {
        std::fs::write(&config, "").expect("the config is written");
    }
    command.arg(config).args(["--bind", "127.0.0.1", "--save", "", "--dir"]).arg(folder.path());
    // Over TLS alone, where the options name a port for it.
    if !options.iter().any(|option| option == "--port") {
        command.args(["--port", &port.to_string()]);
    }
    let port = port.to_string();
    command.args(options.iter().map(|option| option.replace("PORT", &port)));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("redis-server starts")
}

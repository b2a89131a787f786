//! The harness of the black-box tests: the real binary as a child, and waiting for what can be observed.
#![allow(dead_code, unused_imports, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test ends where it fails")]

pub(crate) mod clinc;
pub(crate) mod exposition;
pub(crate) mod fickle;
pub(crate) mod launch;
pub(crate) mod line;
pub(crate) mod pool;
pub(crate) mod reloading;
mod router;
pub(crate) mod sse;
mod stand;
pub(crate) mod talker;
mod tape;
pub(crate) mod upstream;
pub(crate) mod wire;

use std::future::Future;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

pub(crate) use router::{Router, free_port, listeners};
pub(crate) use stand::Stand;
pub(crate) use tape::Seen;

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A running `pointsman`; killed when dropped.
pub(crate) struct Child {
    process: std::process::Child,
    /// `http://ADDR`, as it said itself.
    pub(crate) url: String,
}

impl Child {
    /// Starts `pointsman` with `args` and waits until it listens.
    pub(crate) fn spawn(args: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_pointsman"))
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stdout = BufReader::new(process.stdout.take().expect("stdout is piped"));
        let (sender, receiver) = mpsc::channel();
        // The thread reads on to the end, so that the child never blocks on a full pipe.
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some((_, url)) = line.split_once("listening on ") {
                    let _ = sender.send(url.trim().to_string());
                }
            }
        });
        match receiver.recv_timeout(PATIENCE) {
            Ok(url) => Self { process, url },
            Err(error) => {
                let _ = process.kill();
                panic!("{args:?} does not listen: {error}");
            }
        }
    }

    /// Starts a simulator that answers at once; `args` come after those.
    pub(crate) fn sim(args: &[&str]) -> Self {
        let base = ["sim", "--listen", "127.0.0.1:0", "--model", "m", "--ttft", "0", "--itl", "0"];
        Self::spawn(&[&base, args].concat())
    }

    /// The URL of `path`.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// `ADDR`, for raw sockets.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends a signal by its name (such as `TERM`).
    pub(crate) fn signal(&self, name: &str) {
        signal(&self.process, name);
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.process.try_wait().expect("it is our child") {
                return status;
            }
            assert!(Instant::now() < deadline, "the child does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Sends a signal by its name to a child.
pub(crate) fn signal(child: &std::process::Child, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success());
}

/// Polls until `probe` gives something, and panics with `what` when it takes too long.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut probe: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < deadline, "never seen: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

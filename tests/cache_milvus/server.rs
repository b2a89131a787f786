//! A real Milvus: `milvus-lite` from the environment that `scripts/test.sh` makes.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{PATIENCE, free_port};

/// A `milvus-lite` with a folder and a port of its own; killed when dropped.
pub(crate) struct MilvusServer {
    process: Child,
    folder: TempDir,
    port: u16,
}

// === impl MilvusServer ===

impl MilvusServer {
    /// None where it is not installed, which is said.
    pub(crate) fn start() -> Option<Self> {
        if !program("milvus-lite").exists() {
            eprintln!(
                "skipped: milvus-lite is not installed (scripts/test.sh does, where it reaches the package index)"
            );
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder for the data");
        let port = free_port();
        let mut server = Self { process: launch(&folder, port), folder, port };
        server.wait();
        Some(server)
    }

    pub(crate) fn uri(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts it again at its port, with its data.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.process = launch(&self.folder, self.port);
        self.wait();
    }

    /// Sends a signal by its name (such as `STOP`).
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    /// What a line of Python prints, with `c` for the client, `name` for the only collection and `rows` for its rows.
    pub(crate) fn python(&self, line: &str) -> String {
        let script = format!(
            "from pymilvus import MilvusClient\n\
             c = MilvusClient(uri='{}')\n\
             name = c.list_collections()[0]\n\
             rows = c.query(name, filter='expires_at > 0', output_fields=['*'], limit=1000)\n\
             {line}\n",
            self.uri()
        );
        let output = Command::new(program("python")).args(["-c", &script]).output().expect("python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_string()
    }

    /// Waits until it listens.
    fn wait(&mut self) {
        let deadline = Instant::now() + 6 * PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(self.process.try_wait().expect("it is our child").is_none(), "milvus-lite ends");
            assert!(Instant::now() < deadline, "milvus-lite does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for MilvusServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn program(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), ".venv-milvus", "bin", name].iter().collect()
}

fn launch(folder: &TempDir, port: u16) -> Child {
    Command::new(program("milvus-lite"))
        .args(["server", "--host", "127.0.0.1", "--port", &port.to_string(), "--data-dir"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("milvus-lite starts")
}

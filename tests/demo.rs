//! `make run`'s script with the program that is built: what it prints works, and nothing outlives it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use support::free_port;

const LAST_LINE: &str = "Ctrl-C stops everything.";
const PATIENCE: Duration = Duration::from_secs(30);

/// The quick start on ports of its own.
struct Demo {
    child: Child,
    stdout: BufReader<ChildStdout>,
    addresses: Vec<String>,
    _config: tempfile::NamedTempFile,
}

// === impl Demo ===

impl Demo {
    fn start() -> Self {
        let mut config = fs::read_to_string("conf/quickstart.yaml").unwrap();
        let addresses: Vec<_> = (0..4).map(|_| format!("127.0.0.1:{}", free_port())).collect();
        let usual = ["127.0.0.1:8080", "127.0.0.1:9180", "127.0.0.1:8001", "127.0.0.1:8002"];
        for (usual, own) in usual.into_iter().zip(&addresses) {
            assert_eq!(config.matches(usual).count(), 1, "{usual} in the quick start");
            config = config.replace(usual, own);
        }
        Self::start_on(&config, addresses, Stdio::inherit())
    }

    fn start_on(config: &str, addresses: Vec<String>, stderr: Stdio) -> Self {
        let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
        fs::write(&file, config).unwrap();
        let mut child = Command::new("scripts/demo.sh")
            .arg(file.path())
            .env("POINTSMAN_BIN", env!("CARGO_BIN_EXE_pointsman"))
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout, addresses, _config: file }
    }

    /// The lines up to the last of the instructions; ends by itself, as the script's own waits are bounded.
    fn instructions(&mut self) -> Vec<String> {
        let lines: Vec<_> =
            (&mut self.stdout).lines().map(Result::unwrap).take_while(|line| line != LAST_LINE).collect();
        assert!(self.child.try_wait().unwrap().is_none(), "it ended:\n{}", lines.join("\n"));
        lines
    }

    fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn assert_nothing_listens(&self) {
        for address in &self.addresses {
            assert!(TcpStream::connect(address).is_err(), "{address} is still open");
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // By SIGTERM, which lets the script end its children.
        let _ = Command::new("kill").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}

/// By the shell's own `kill`, as there is no other on a bare machine.
fn signal(pid: &str, name: &str) {
    let status = Command::new("bash").args(["-c", r#"kill -s "$0" "$1""#, name, pid]).status().unwrap();
    assert!(status.success(), "signal {name} to {pid}");
}

#[test]
fn the_printed_commands_show_both_routes_and_ctrl_c_ends_all() {
    let mut demo = Demo::start();
    let instructions = demo.instructions().join("\n");
    let commands: Vec<_> = instructions.split("\n\n").filter(|text| text.starts_with("  curl ")).collect();
    assert_eq!(commands.len(), 2, "{instructions}");
    for (command, route) in commands.into_iter().zip(["chitchat", "complex-tasks"]) {
        let output = Command::new("bash").args(["-c", command]).output().unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{command}\n{answer}");
        assert!(answer.to_lowercase().contains(&format!("x-pointsman-route: {route}")), "{answer}");
    }

    signal(&demo.child.id().to_string(), "TERM");
    assert!(demo.wait().success());
    demo.assert_nothing_listens();
}

#[test]
fn a_dead_backend_ends_the_demo() {
    let mut demo = Demo::start();
    demo.instructions();
    let script = demo.child.id();
    let children = fs::read_to_string(format!("/proc/{script}/task/{script}/children")).unwrap();
    signal(children.split(' ').next().unwrap(), "KILL");
    assert!(!demo.wait().success());
    demo.assert_nothing_listens();
}

#[test]
fn a_port_in_use_is_named() {
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = busy.local_addr().unwrap().to_string();
    let config = fs::read_to_string("conf/quickstart.yaml").unwrap().replace("127.0.0.1:8080", &address);
    let mut demo = Demo::start_on(&config, Vec::new(), Stdio::piped());
    let mut complaint = String::new();
    demo.child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    assert!(complaint.contains(&format!("{address} is in use")), "{complaint}");
    assert!(!demo.wait().success());
}

//! Who is compared, all as proxies in front of the same simulator: the router in its modes, and other programs where they
//! are installed. Each has a worker a core, keeps its connections on both sides, and writes no access log.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

use tempfile::TempDir;

use crate::support::{free_port, listeners, signal};

/// A proxy that runs until it is dropped.
pub(crate) struct Proxy {
    process: Child,
    /// Where it listens.
    pub(crate) address: String,
    /// Its config, and what it says.
    _folder: TempDir,
}

/// Where a proxy is to listen, what it is in front of, and where it may write.
pub(crate) struct Place<'a> {
    upstream: &'a str,
    port: u16,
    workers: usize,
    folder: &'a Path,
}

/// How to start a program in a place; none where it is not installed.
pub(crate) type Start = fn(&Place) -> Option<Command>;

/// How long a start, or an end, may take: vllm-router is Python at first.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);

const NGINX: &str = include_str!("nginx.conf");
const ENVOY: &str = include_str!("envoy.yaml");

/// The other programs.
pub(crate) const OTHERS: [(&str, Start); 3] = [("Envoy", envoy), ("nginx", nginx), ("vllm-router", vllm_router)];

// === impl Proxy ===

impl Proxy {
    /// Starts one in front of `upstream` and waits until it is healthy; none where it is not installed.
    pub(crate) fn start(upstream: &str, start: impl Fn(&Place) -> Option<Command>) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let place = Place { upstream, port: free_port(), workers, folder: folder.path() };
        let log_path = folder.path().join("log");
        let log = File::create(&log_path).expect("a file for the log");
        let process = start(&place)?
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the same file"))
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let mut proxy = Self { process, address: place.address(), _folder: folder };
        let deadline = Instant::now() + PATIENCE;
        while !is_healthy(&proxy.address) {
            let ended = proxy.process.try_wait().expect("it is our child");
            let log = || fs::read_to_string(&log_path).unwrap_or_default();
            assert!(ended.is_none() && Instant::now() < deadline, "it does not answer ({ended:?}):\n{}", log());
            thread::sleep(PAUSE);
        }
        Some(proxy)
    }

    /// The process that was started; further ones are its descendants.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Killed at once, nginx would leave its workers behind.
        signal(&self.process, "TERM");
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.process.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(PAUSE);
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

// === impl Place ===

impl Place<'_> {
    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Writes a config with what stands in braces filled in.
    fn write(&self, name: &str, template: &str) -> PathBuf {
        let upstream_port = self.upstream.rsplit(':').next().expect("a port");
        let filled = template
            .replace("{listen}", &self.address())
            .replace("{port}", &self.port.to_string())
            .replace("{upstream}", self.upstream)
            .replace("{upstream_port}", upstream_port)
            .replace("{workers}", &self.workers.to_string())
            .replace("{folder}", &self.folder.to_string_lossy());
        let path = self.folder.join(name);
        fs::write(&path, filled).expect("the config is written");
        path
    }
}

/// The router on `config`, which leaves out the listeners and may name the simulator as `{upstream}`.
pub(crate) fn pointsman(config: &str) -> impl Fn(&Place) -> Option<Command> {
    move |place| {
        let config = format!("{}log: {{level: warn}}\n{config}", listeners(place.port, free_port()));
        let path = place.write("config.yaml", &config);
        let mut serve = command(env!("CARGO_BIN_EXE_pointsman"), &["serve", "--config"]);
        serve.arg(path);
        Some(serve)
    }
}

fn envoy(place: &Place) -> Option<Command> {
    let workers = place.workers.to_string();
    let mut envoy =
        command(find("envoy")?, &["--concurrency", &workers, "--disable-hot-restart", "--log-level", "warning"]);
    envoy.arg("-c").arg(place.write("envoy.yaml", ENVOY));
    Some(envoy)
}

fn nginx(place: &Place) -> Option<Command> {
    let mut nginx = command(find("nginx")?, &["-e", "stderr"]);
    nginx.arg("-c").arg(place.write("nginx.conf", NGINX));
    Some(nginx)
}

/// It takes a worker a core by itself.
fn vllm_router(place: &Place) -> Option<Command> {
    let upstream = format!("http://{}", place.upstream);
    let mut router = command(find("vllm-router")?, &["--worker-urls", &upstream, "--policy", "round_robin"]);
    router.args(["--host", "127.0.0.1", "--port", &place.port.to_string(), "--log-level", "warning"]);
    router.args(["--prometheus-port", &free_port().to_string()]);
    Some(router)
}

fn command(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// Looks where `make bench` installs, on the PATH, and where Debian keeps what is root's.
fn find(program: &str) -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv-bench/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(own).chain(env::split_paths(&path)).chain(["/usr/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

fn is_healthy(address: &str) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        std::io::Result::Ok(status)
    };
    ask().is_ok_and(|status| &status == b"HTTP/1.1 200")
}

//! A running router: its config, its two listeners, and all that it logs.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{PATIENCE, signal};

/// A running `pointsman serve`; killed when dropped.
pub(crate) struct Router {
    process: Child,
    /// `http://ADDR` for clients.
    pub(crate) url: String,
    /// `http://ADDR` of the admin listener.
    pub(crate) admin: String,
    folder: TempDir,
    listeners: String,
    log: Arc<Mutex<String>>,
}

impl Router {
    /// Starts a router on `config`, which leaves out `version`, `listen` and `admin`, and waits until it listens.
    pub(crate) fn start(config: &str) -> Self {
        Self::start_with(config, &[])
    }

    /// The same with variables in its environment.
    pub(crate) fn start_with(config: &str, environment: &[(&str, &str)]) -> Self {
        // Between our look and its bind, another test may take a port.
        (0..5).find_map(|_| Self::try_start(config, environment)).expect("the router starts")
    }

    fn try_start(config: &str, environment: &[(&str, &str)]) -> Option<Self> {
        let (client, admin) = (free_port(), free_port());
        let listeners = listeners(client, admin);
        let folder = tempfile::tempdir().expect("a folder for the config");
        let path = folder.path().join("config.yaml");
        std::fs::write(&path, format!("{listeners}{}", patient(config))).expect("the config is written");
        let mut process = Command::new(env!("CARGO_BIN_EXE_pointsman"))
            .args(["serve", "--config"])
            .arg(&path)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let log = Arc::<Mutex<String>>::default();
        let lines = BufReader::new(process.stderr.take().expect("stderr is piped")).lines();
        let sink = log.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let mut log = sink.lock().expect("no panic while logging");
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut router = Self {
            process,
            url: format!("http://127.0.0.1:{client}"),
            admin: format!("http://127.0.0.1:{admin}"),
            folder,
            listeners,
            log,
        };
        router.listens().then_some(router)
    }

    /// Waits for the listener; false if its port was taken.
    fn listens(&mut self) -> bool {
        let deadline = Instant::now() + 3 * PATIENCE;
        while !self.log().contains("Listening on ") {
            if let Some(status) = self.process.try_wait().expect("it is our child") {
                std::thread::sleep(Duration::from_millis(50)); // the log's last lines
                assert!(self.log().contains("cannot listen on"), "the router ended with {status}:\n{}", self.log());
                return false;
            }
            assert!(Instant::now() < deadline, "the router does not listen:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }

    /// The URL of `path` for clients.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// The URL of `path` on the admin listener.
    pub(crate) fn admin(&self, path: &str) -> String {
        format!("{}{path}", self.admin)
    }

    /// `ADDR` of the client listener, for raw sockets.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// The config file.
    pub(crate) fn config_path(&self) -> PathBuf {
        self.folder.path().join("config.yaml")
    }

    /// What the file would hold for `config`, the listeners included.
    pub(crate) fn whole_config(&self, config: &str) -> String {
        format!("{}{}", self.listeners, patient(config))
    }

    /// Writes a new config over the old one, in place.
    pub(crate) fn rewrite(&self, config: &str) {
        std::fs::write(self.config_path(), self.whole_config(config)).expect("the config is written");
    }

    /// All that was logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("no panic while logging").clone()
    }

    /// The value of the metric whose line begins with `series`, or 0 where there is none.
    pub(crate) async fn metric(&self, series: &str) -> f64 {
        let text = reqwest::get(self.admin("/metrics")).await.expect("metrics").text().await.expect("text");
        let line = text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends a signal by its name (such as `TERM`).
    pub(crate) fn signal(&self, name: &str) {
        signal(&self.process, name);
    }

    /// Its status if it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().expect("it is our child")
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("the router's log:\n{}", self.log());
        }
    }
}

/// Two lines of config: both listeners, and where the models are.
pub(crate) fn listeners(client: u16, admin: u16) -> String {
    format!(
        "version: v1\nlisten: \"127.0.0.1:{client}\"\nadmin: {{listen: \"127.0.0.1:{admin}\"}}\nmodels_dir: {:?}\n",
        Path::new(env!("CARGO_MANIFEST_DIR")).join("models")
    )
}

/// `config`, with time for the encoder on a machine that is busy with other tests, where it is used and not set up.
fn patient(config: &str) -> String {
    let patience =
        if config.contains("samples:") && !config.contains("embedding:") { "embedding: {timeout: 1m}\n" } else { "" };
    format!("{config}{patience}")
}

/// A port that was free a moment ago. It lies below those that the system gives to whoever asks for any, and to every
/// connection that goes out: one of them might be taken again before the router has it.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const PORTS: std::ops::Range<u16> = 10_000..32_000;
    let start = std::process::id().wrapping_mul(127);
    loop {
        let nth = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed).into());
        let port = PORTS.start + (nth % PORTS.len() as u32) as u16;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

//! Whether the router bears many clients at once, and in how much memory: idle keep-alive connections, each of which has
//! asked once, and streams beside them. Ends with an error where one of them fails, where the streams were not all open
//! at once, or where a stream takes too much.
//!
//! Each process has a descriptor for every connection: see the limit in the Makefile.
#![allow(clippy::expect_used, reason = "a benchmark ends where it fails")]

mod client;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, io};

use client::Client;
use futures::{StreamExt, stream};
use support::{Child, Router};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

const IDLE_CLIENTS: usize = 10_000;
const STREAMS: usize = 2_000;

/// What a stream may take in the router, in KiB. Its data are less than one.
const LIMIT: f64 = 64.0;

/// Requests of idle clients under way at once, and streams that wait for their first event: so few that what is
/// measured is what stays, and not what a rush takes.
const AT_ONCE: usize = 32;

/// Streams last for 12 s, so that the last is open well before the first ends.
const TOKENS: &str = "24";
const BETWEEN_TOKENS: &str = "500ms";

/// How long a request or the rest of a stream may take. The router closes connections that have been idle for a minute.
const PATIENCE: Duration = Duration::from_secs(45);

/// Between two looks at the memory.
const PAUSE: Duration = Duration::from_millis(100);

/// What went wrong, and how often.
#[derive(Default)]
struct Errors(BTreeMap<String, usize>);

/// How it went while streams were open.
#[derive(Default)]
struct Watch {
    /// How many the simulator ran at most.
    running: usize,
    /// Since when, and for how long, it ran all of them.
    first: Option<Instant>,
    all_open: Duration,
    /// The router's memory at most, in KiB.
    resident: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let slots = STREAMS.to_string();
    let sim = Child::spawn(
        &[
            ["sim", "--listen", "127.0.0.1:0", "--model", "m", "--ttft", "0", "--record", "0"].as_slice(),
            &["--itl", BETWEEN_TOKENS, "--tokens", TOKENS, "--max-num-seqs", &slots],
        ]
        .concat(),
    );
    let router = Router::start(&format!(
        "router: {{mode: \"off\"}}\nbackends: [{{name: b, model: m, url: \"{}/v1\"}}]\n",
        sim.url
    ));
    let mut errors = Errors::default();

    let idle = resident(&router);
    let connecting = stream::iter(0..IDLE_CLIENTS).map(|_| within(connect_and_ask(&router)));
    let connected: Vec<_> = connecting.buffer_unordered(AT_ONCE).collect().await;
    let mut clients: Vec<_> = connected.into_iter().filter_map(|client| errors.sort(client)).collect();
    let with_clients = resident(&router);

    let watch = watch(&sim, &router, start_streams(&router), &mut errors).await;
    // Those that were idle are still served.
    let asking = stream::iter(&mut clients).map(|client| within(client.ask()));
    for asked in asking.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
        errors.sort(asked);
    }

    let a_client = (with_clients.saturating_sub(idle)) as f64 / IDLE_CLIENTS as f64;
    let a_stream = (watch.resident.saturating_sub(with_clients)) as f64 / STREAMS as f64;
    report(&errors, &watch, [idle, with_clients], [a_client, a_stream])
}

/// Prints what was found; fails where that is not enough.
fn report(
    errors: &Errors,
    watch: &Watch,
    [idle, with_clients]: [usize; 2],
    [a_client, a_stream]: [f64; 2],
) -> ExitCode {
    let mib = |kib: usize| kib as f64 / 1024.0;
    println!(
        "\n{IDLE_CLIENTS} idle clients, {STREAMS} streams beside them, all of them open for {:.1?}",
        watch.all_open
    );
    println!("{:<28}{:>10}{:>20}", "the router's memory", "MiB", "KiB for each");
    println!("{:<28}{:>10.1}", "idle", mib(idle));
    println!("{:<28}{:>10.1}{a_client:>20.1}", "with the clients", mib(with_clients));
    println!("{:<28}{:>10.1}{a_stream:>20.1}", "and with the streams", mib(watch.resident));
    println!("errors: {}", errors.0.values().sum::<usize>());
    errors.0.iter().for_each(|(error, count)| println!("{count:>8} {error}"));

    let all_open = watch.running == STREAMS;
    if !all_open {
        println!("missed: {} streams at once, of {STREAMS}", watch.running);
    }
    if a_stream > LIMIT {
        println!("missed: {a_stream:.1} KiB a stream, of {LIMIT}");
    }
    if errors.0.is_empty() && all_open && a_stream <= LIMIT { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn connect_and_ask(router: &Router) -> io::Result<Client> {
    let mut client = Client::connect(router.address()).await?;
    client.ask().await?;
    Ok(client)
}

/// Opens all streams, few at a time, and lets each run to its end.
fn start_streams(router: &Router) -> JoinSet<io::Result<()>> {
    let opening = Arc::new(Semaphore::new(AT_ONCE));
    let mut streams = JoinSet::new();
    for _ in 0..STREAMS {
        let (address, opening) = (router.address().to_owned(), opening.clone());
        streams.spawn(async move {
            let permit = opening.acquire_owned().await.expect("it is never closed");
            let mut client = within(Client::connect(&address)).await?;
            within(client.open()).await?;
            drop(permit);
            within(client.finish()).await
        });
    }
    streams
}

/// Looks at the simulator and the router until the last stream has ended.
async fn watch(sim: &Child, router: &Router, mut streams: JoinSet<io::Result<()>>, errors: &mut Errors) -> Watch {
    let (mut watch, mut ticks) = (Watch::default(), interval(PAUSE));
    loop {
        tokio::select! {
            ended = streams.join_next() => match ended {
                Some(ended) => _ = errors.sort(ended.expect("no client panics")),
                None => return watch,
            },
            _ = ticks.tick() => watch.look(sim, router).await,
        }
    }
}

async fn within<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// What the router has in memory, in KiB.
fn resident(router: &Router) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", router.id())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

// === impl Errors ===

impl Errors {
    /// Counts an error, and gives what is none.
    fn sort<T>(&mut self, result: io::Result<T>) -> Option<T> {
        result.inspect_err(|error| *self.0.entry(error.to_string()).or_default() += 1).ok()
    }
}

// === impl Watch ===

impl Watch {
    async fn look(&mut self, sim: &Child, router: &Router) {
        let metrics = reqwest::get(sim.at("/metrics")).await.expect("metrics").text().await.expect("text");
        let line = metrics.lines().find(|line| line.starts_with("vllm:num_requests_running{")).expect("the metric");
        let running = line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok()).expect("a number") as usize;
        self.running = self.running.max(running);
        self.resident = self.resident.max(resident(router));
        if running == STREAMS {
            let first = *self.first.get_or_insert_with(Instant::now);
            self.all_open = first.elapsed();
        }
    }
}

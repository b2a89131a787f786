//! What the router adds to a request, end to end, beside what other proxies add: the same simulated vLLM asked directly,
//! through the router with routing off, with routing on, and where its cache has the answer, and through Envoy, nginx and
//! vllm-router where they are installed. Everything runs side by side on loopback, and rounds alternate, so that a noisy
//! machine is noisy for all of them.
#![allow(clippy::expect_used, reason = "a benchmark ends where it fails")]

mod client;
mod contestants;
mod cpu;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use client::Client;
use contestants::{OTHERS, Proxy, pointsman};
use support::Child;

/// With a number behind it, 13 tokens for the encoder, which has no memo here.
const PROMPT: &str = "Tell me a short joke about trains, please!";

/// Rounds over all contestants with one connection, and requests of each kind to each in a round.
const ROUNDS: usize = 40;
const REQUESTS: usize = 50;

/// Rounds with many connections, and how long each contestant is under load in one.
const LOADED_ROUNDS: usize = 5;
const CONNECTIONS: usize = 16;
const LOADED: Duration = Duration::from_secs(1);

struct Contestant {
    name: &'static str,
    /// Prompts, one after another and over again.
    prompts: usize,
    address: String,
    /// The process whose CPU time counts, with its descendants'.
    process: u32,
    /// None for the simulator itself.
    _proxy: Option<Proxy>,
    whole: Vec<Duration>,
    first_event: Vec<Duration>,
    /// Requests a second in each round under load.
    rates: Vec<f64>,
    /// CPU time for each request there, in µs.
    costs: Vec<f64>,
}

fn main() {
    // A connection that it closed while others have their turn would be an error for some of them.
    let sim =
        Child::sim(&["--tokens", "4", "--record", "0", "--keep-alive", "1h", "--model", "small", "--model", "auto"]);
    let (mut contestants, missing) = gather(&sim);
    for _ in 0..ROUNDS {
        contestants.iter_mut().for_each(Contestant::round);
    }
    for _ in 0..LOADED_ROUNDS {
        contestants.iter_mut().for_each(Contestant::load);
    }
    println!(
        "\none connection, {} requests of each kind, times in µs; {CONNECTIONS} connections, medians of {LOADED_ROUNDS} times {LOADED:?}",
        ROUNDS * REQUESTS
    );
    let columns = ["p50", "p99", "first event p50", "p99", "requests/s", "its CPU-µs each"];
    let [p50, p99, first, first_p99, rate, cost] = columns;
    println!("{:<14}{p50:>8}{p99:>8}{first:>17}{first_p99:>8}{rate:>12}{cost:>17}", "");
    for contestant in &mut contestants {
        let [p50, p99] = percentiles(&mut contestant.whole);
        let [first, first_p99] = percentiles(&mut contestant.first_event);
        let [rate, cost] = [&mut contestant.rates, &mut contestant.costs].map(|figures| median(figures));
        println!("{:<14}{p50:>8}{p99:>8}{first:>17}{first_p99:>8}{rate:>12.0}{cost:>17.0}", contestant.name);
    }
    for name in missing {
        println!("{name:<14}   left out: not installed");
    }
}

/// Those that can be started, and the names of those that are not installed.
fn gather(sim: &Child) -> (Vec<Contestant>, Vec<&'static str>) {
    let through = |mode: &str, more: &str| {
        let config = format!(
            "backends: [{{name: fast, url: \"http://{{upstream}}/v1\", model: small}}]\n\
             router: {{mode: \"{mode}\", routes: [{{name: chitchat, backend: fast, samples: [\"Tell me a joke.\"]}}]}}\n\
             {more}\n"
        );
        Proxy::start(sim.address(), pointsman(&config)).expect("it was built")
    };
    let without_memo = "embedding: {memo: 0}";
    let caching = through("semantic", "middleware: {sem_cache: {enabled: true}}");
    let mut contestants = vec![
        Contestant::new("direct", sim.address(), sim.id(), None),
        Contestant::of("routing off", through("off", without_memo)),
        Contestant::of("routing on", through("semantic", without_memo)),
        Contestant { prompts: REQUESTS, ..Contestant::of("exact hit", caching) },
    ];
    let mut missing = Vec::new();
    for (name, start) in OTHERS {
        match Proxy::start(sim.address(), start) {
            Some(proxy) => contestants.push(Contestant::of(name, proxy)),
            None => missing.push(name),
        }
    }
    (contestants, missing)
}

// === impl Contestant ===

impl Contestant {
    fn of(name: &'static str, proxy: Proxy) -> Self {
        let (address, process) = (proxy.address.clone(), proxy.id());
        Self::new(name, &address, process, Some(proxy))
    }

    fn new(name: &'static str, address: &str, process: u32, proxy: Option<Proxy>) -> Self {
        Self {
            name,
            prompts: usize::MAX,
            address: address.to_owned(),
            process,
            _proxy: proxy,
            whole: Vec::new(),
            first_event: Vec::new(),
            rates: Vec::new(),
            costs: Vec::new(),
        }
    }

    /// One connection, one request at a time.
    fn round(&mut self) {
        let mut client = Client::connect(&self.address);
        for number in 0..REQUESTS {
            self.whole.push(client.ask(&body(number, false)).whole);
            self.first_event.push(client.ask(&body(number, true)).first_bytes);
        }
    }

    /// Many connections, each with one request at a time.
    fn load(&mut self) {
        let (before, begun) = (cpu::time(self.process), Instant::now());
        let workers: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let (address, prompts) = (self.address.clone(), self.prompts);
                std::thread::spawn(move || {
                    let mut client = Client::connect(&address);
                    let mut done = 0usize;
                    while begun.elapsed() < LOADED {
                        client.ask(&body(done % prompts, false));
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        let done: usize = workers.into_iter().map(|worker| worker.join().expect("no worker fails")).sum();
        let (elapsed, cpu) = (begun.elapsed(), cpu::time(self.process) - before);
        self.rates.push(done as f64 / elapsed.as_secs_f64());
        self.costs.push(cpu.as_secs_f64() * 1e6 / done as f64);
    }
}

/// A number makes each prompt another.
fn body(number: usize, stream: bool) -> String {
    format!(r#"{{"model":"auto","stream":{stream},"messages":[{{"role":"user","content":"{PROMPT} {number}"}}]}}"#)
}

/// The 50th and 99th, in µs.
fn percentiles(times: &mut [Duration]) -> [u128; 2] {
    times.sort_unstable();
    [50, 99].map(|percent| times[(times.len() - 1) * percent / 100].as_micros())
}

fn median(figures: &mut [f64]) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

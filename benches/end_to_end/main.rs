//! What the router adds to a request, end to end: the same simulated vLLM asked directly, through the router with
//! routing off, with routing on, and where its cache has the answer. Everything runs side by side on loopback, and rounds alternate, so that a noisy
//! machine is noisy for all of them.
#![allow(clippy::expect_used, reason = "a benchmark ends where it fails")]

mod client;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use client::Client;
use support::{Child, Router};

/// With a number behind it, 13 tokens for the encoder, which has no memo here.
const PROMPT: &str = "Tell me a short joke about trains, please!";

/// Rounds over all contestants, and requests to each in a round.
const ROUNDS: usize = 20;
const REQUESTS: usize = 50;

/// Connections and time for the throughput.
const CONNECTIONS: usize = 16;
const LOADED: Duration = Duration::from_secs(3);

struct Contestant {
    name: &'static str,
    /// Prompts, one after another and over again.
    prompts: usize,
    address: String,
    process: u32,
    whole: Vec<Duration>,
    first_event: Vec<Duration>,
}

fn main() {
    let sim = Child::sim(&["--tokens", "4", "--record", "0", "--model", "small", "--model", "auto"]);
    let config = |mode: &str, more: &str| {
        format!(
            "backends: [{{name: fast, url: \"{}/v1\", model: small}}]\n\
             router: {{mode: \"{mode}\", routes: [{{name: chitchat, backend: fast, samples: [\"Tell me a joke.\"]}}]}}\n\
             {more}\n",
            sim.url
        )
    };
    let without_memo = "embedding: {memo: 0}";
    let (off, semantic) =
        (Router::start(&config("off", without_memo)), Router::start(&config("semantic", without_memo)));
    let caching = Router::start(&config("semantic", "middleware: {sem_cache: {enabled: true}}"));
    let mut contestants = [
        Contestant::new("direct", sim.address(), sim.id()),
        Contestant::new("routing off", off.address(), off.id()),
        Contestant::new("routing on", semantic.address(), semantic.id()),
        Contestant { prompts: REQUESTS, ..Contestant::new("exact hit", caching.address(), caching.id()) },
    ];
    for _ in 0..ROUNDS {
        contestants.iter_mut().for_each(Contestant::round);
    }
    println!("\none connection, {} requests each; times in µs", ROUNDS * REQUESTS);
    println!("{:<14}{:>10}{:>10}{:>20}{:>10}", "", "p50", "p99", "first event p50", "p99");
    for contestant in &mut contestants {
        let [whole, first] = [&mut contestant.whole, &mut contestant.first_event].map(|times| {
            times.sort_unstable();
            [50, 99].map(|percent| times[(times.len() - 1) * percent / 100].as_micros())
        });
        println!("{:<14}{:>10}{:>10}{:>20}{:>10}", contestant.name, whole[0], whole[1], first[0], first[1]);
    }
    println!("\n{CONNECTIONS} connections, {LOADED:?}");
    println!("{:<14}{:>12}{:>18}", "", "requests/s", "its CPU-µs each");
    for contestant in &contestants {
        let (rate, cpu) = contestant.load();
        println!("{:<14}{rate:>12.0}{cpu:>18.0}", contestant.name);
    }
}

// === impl Contestant ===

impl Contestant {
    fn new(name: &'static str, address: &str, process: u32) -> Self {
        let prompts = usize::MAX;
        Self { name, prompts, address: address.to_owned(), process, whole: Vec::new(), first_event: Vec::new() }
    }

    fn round(&mut self) {
        let mut client = Client::connect(&self.address);
        for number in 0..REQUESTS {
            self.whole.push(client.ask(&body(number, false)).whole);
            self.first_event.push(client.ask(&body(number, true)).first_bytes);
        }
    }

    /// Requests a second, and the CPU time that the contestant's own process took for each, in µs.
    fn load(&self) -> (f64, f64) {
        let before = cpu_time(self.process);
        let begun = Instant::now();
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
        let cpu = cpu_time(self.process) - before;
        (done as f64 / begun.elapsed().as_secs_f64(), cpu.as_secs_f64() * 1e6 / done as f64)
    }
}

/// A number makes each prompt another.
fn body(number: usize, stream: bool) -> String {
    format!(r#"{{"model":"auto","stream":{stream},"messages":[{{"role":"user","content":"{PROMPT} {number}"}}]}}"#)
}

/// User and system time of a process so far, by /proc.
fn cpu_time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("the process runs");
    let after_name = stat.rsplit(") ").next().expect("a stat line");
    let ticks: u64 = after_name.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().expect("ticks")).sum();
    Duration::from_millis(ticks * 10) // USER_HZ is 100 on Linux
}

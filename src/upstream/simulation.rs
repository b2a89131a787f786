//! The balancing simulated: servers of unequal speed, requests as they come in life, and time that costs nothing.
//!
//! A server runs so many requests at once, at a pace of its own; others wait in line. It reads one prompt after another,
//! beside the answers that it writes, as vLLM's budget of tokens for each step makes it. What is compared is the time to the
//! first token: the wait for a slot, for the prompts before, and for the prompt itself.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::admission::Rank;
use super::backend::Backend;
use super::choice::Demand;
use super::load::{Gauges, Scrape};
use super::origin::Origin;
use super::peer::Lease;
use super::settings::{Balance, Settings};

/// How many times as fast as the slowest each server is.
const UNEQUAL: [f64; 3] = [1.0, 1.0, 3.0];
const EQUAL: [f64; 3] = [1.0, 1.0, 1.0];

/// Requests that a server runs at once.
const SLOTS: usize = 8;

/// Tokens a second that each slot of the slowest server writes, and that the server reads of prompts.
const WRITES: f64 = 50.0;
const READS: f64 = 4000.0;

/// The share of what all servers can do that is asked of them, and for how long.
const LOAD: f64 = 0.8;
const REQUESTS: usize = 10_000;
const RUNS: u64 = 40;

/// How much later the first token may come than by the number of requests alone, over so many runs: chance's part.
const CHANCE: f64 = 1.02;

const SCRAPE_INTERVAL: f64 = 1.0;

/// How requests find their servers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    RoundRobin,
    /// By the number of requests alone.
    LeastLeases,
    /// By everything that is known.
    LeastLoaded,
}

#[derive(Debug, Clone, Copy)]
struct Request {
    arrives: f64,
    prompt: f64,
    answer: f64,
    /// The server that another router has it sent to.
    elsewhere: Option<usize>,
}

#[derive(Default)]
struct Server {
    running: usize,
    line: VecDeque<usize>,
    /// When it will have read the prompts that it was given.
    has_read: u64,
}

/// What happens next, at what time in µs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrival(usize),
    Done(usize),
    Scrape,
}

struct Simulation {
    backend: Backend,
    way: Way,
    requests: Vec<Request>,
    speeds: [f64; 3],
    servers: Vec<Server>,
    /// The lease of each request that is ours, and its server.
    leases: Vec<Option<(Option<Lease>, usize)>>,
    /// Times to the first token, in seconds.
    first_tokens: Vec<f64>,
    events: BinaryHeap<Reverse<(u64, Event)>>,
    start: Instant,
}

// === impl Request ===

impl Request {
    /// Seconds that a server of `speed` takes to read its prompt, and to write its answer.
    fn takes(&self, speed: f64) -> (f64, f64) {
        (self.prompt / (READS * speed), self.answer / (WRITES * speed))
    }
}

// === impl Simulation ===

impl Simulation {
    fn new(way: Way, speeds: [f64; 3], requests: &[Request]) -> Self {
        let urls = (1..=speeds.len()).map(|n| Arc::new(Origin::parse(&format!("http://10.0.0.{n}"), None, 1).unwrap()));
        let mut settings = Settings::plain(urls.collect());
        if way == Way::RoundRobin {
            settings.balance = Balance::RoundRobin;
        }
        let backend = Backend::new(settings, Arc::default()).unwrap();
        backend.peers().iter().for_each(|peer| assert!(peer.state.observe_check(true, 1, 1).1.is_up()));
        let mut events: BinaryHeap<_> = requests
            .iter()
            .enumerate()
            .map(|(index, request)| Reverse((micros(request.arrives), Event::Arrival(index))))
            .collect();
        if way == Way::LeastLoaded {
            events.push(Reverse((0, Event::Scrape)));
        }
        Self {
            backend,
            way,
            requests: requests.to_vec(),
            speeds,
            servers: speeds.iter().map(|_| Server::default()).collect(),
            leases: requests.iter().map(|_| None).collect(),
            first_tokens: Vec::new(),
            events,
            start: Instant::now(),
        }
    }

    /// Runs to the end; gives the times to the first token, sorted.
    fn run(mut self) -> Vec<f64> {
        while let Some(Reverse((at, event))) = self.events.pop() {
            match event {
                Event::Arrival(request) => self.arrive(request, at),
                Event::Done(request) => self.done(request, at),
                Event::Scrape if !self.events.is_empty() => self.scrape(at),
                Event::Scrape => {}
            }
        }
        self.first_tokens.sort_unstable_by(f64::total_cmp);
        self.first_tokens
    }

    fn arrive(&mut self, request: usize, at: u64) {
        let (lease, server) = match self.requests[request].elsewhere {
            Some(server) => (None, server),
            None => self.choose(request, at),
        };
        self.leases[request] = Some((lease, server));
        self.servers[server].line.push_back(request);
        self.serve(server, at);
    }

    fn choose(&self, request: usize, at: u64) -> (Option<Lease>, usize) {
        let tokens = if self.way == Way::LeastLeases { 0.0 } else { self.requests[request].prompt };
        let rank = Rank { priority: 0, tenant: "t".into() };
        let demand = Demand { tokens: tokens as usize, conversation: 0, rank };
        let lease = self.backend.try_lease(&demand, &[], None, self.time(at)).expect("there are no limits");
        let server = self.backend.peers().iter().position(|peer| Arc::ptr_eq(peer, lease.peer()));
        (Some(lease), server.expect("one of them"))
    }

    fn done(&mut self, request: usize, at: u64) {
        let (lease, server) = self.leases[request].take().expect("it was there");
        drop(lease);
        self.servers[server].running -= 1;
        self.serve(server, at);
    }

    fn serve(&mut self, server: usize, at: u64) {
        while self.servers[server].running < SLOTS
            && let Some(request) = self.servers[server].line.pop_front()
        {
            self.servers[server].running += 1;
            let (reading, writing) = self.requests[request].takes(self.speeds[server]);
            let first_token = self.servers[server].has_read.max(at) + micros(reading);
            self.servers[server].has_read = first_token;
            if self.requests[request].elsewhere.is_none() {
                self.first_tokens.push(first_token as f64 / 1e6 - self.requests[request].arrives);
            }
            self.events.push(Reverse((first_token + micros(writing), Event::Done(request))));
        }
    }

    fn scrape(&mut self, at: u64) {
        for (peer, server) in self.backend.peers().iter().zip(&self.servers) {
            let (running, waiting) = (server.running as f64, server.line.len() as f64);
            let gauges = Gauges { running, waiting, kv_usage: None, asleep: false };
            let interval = Duration::from_secs_f64(SCRAPE_INTERVAL);
            peer.state.scraped(Scrape { gauges, own: peer.state.leases(), at: self.time(at), interval });
        }
        self.events.push(Reverse((at + micros(SCRAPE_INTERVAL), Event::Scrape)));
    }

    fn time(&self, at: u64) -> Instant {
        self.start + Duration::from_micros(at)
    }
}

fn micros(seconds: f64) -> u64 {
    (seconds * 1e6) as u64
}

/// Poisson arrivals of requests whose prompts and answers are mostly short and sometimes very long (lognormal), at
/// `load` of the `capacity` in servers of speed 1.
fn traffic(random: &mut fastrand::Rng, load: f64, capacity: f64, elsewhere: Option<usize>) -> Vec<Request> {
    let mut normal = || (-2.0 * (1.0 - random.f64()).ln()).sqrt() * (std::f64::consts::TAU * random.f64()).cos();
    let mut requests: Vec<Request> = (0..REQUESTS)
        .map(|_| Request {
            arrives: 0.0,
            prompt: (300.0 * (1.2 * normal()).exp()).clamp(1.0, 30_000.0),
            answer: (120.0 * (1.2 * normal()).exp()).clamp(1.0, 4_000.0),
            elsewhere,
        })
        .collect();
    let work: f64 = requests.iter().map(|request| request.takes(1.0).0 + request.takes(1.0).1).sum();
    let gap = work / (SLOTS as f64 * capacity) / load / REQUESTS as f64;
    let mut now = 0.0;
    for request in &mut requests {
        now += -gap * (1.0 - random.f64()).ln();
        request.arrives = now;
    }
    requests
}

/// The 99th percentile of our own requests' times to the first token, in seconds.
fn p99(way: Way, speeds: [f64; 3], requests: &[Request]) -> f64 {
    let times = Simulation::new(way, speeds, requests).run();
    let ours = requests.iter().filter(|request| request.elsewhere.is_none()).count();
    assert_eq!(times.len(), ours, "every request is served");
    times[times.len() * 99 / 100]
}

/// The mean of that over all runs, by round robin, by the number of requests, and by load.
fn compare(speeds: [f64; 3], traffic: impl Fn(&mut fastrand::Rng) -> Vec<Request>) -> [f64; 3] {
    let mut means = [0.0; 3];
    for seed in 0..RUNS {
        let requests = traffic(&mut fastrand::Rng::with_seed(seed));
        let ways = [Way::RoundRobin, Way::LeastLeases, Way::LeastLoaded];
        means.iter_mut().zip(ways).for_each(|(mean, way)| *mean += p99(way, speeds, &requests) / RUNS as f64);
    }
    println!("p99 of the time to the first token by round robin, least leases, least load: {means:.2?} s");
    means
}

#[test]
fn unequal_servers_begin_to_answer_sooner_than_by_round_robin_and_no_later_than_by_least_leases() {
    let capacity = UNEQUAL.iter().sum();
    let [round_robin, least_leases, least_loaded] = compare(UNEQUAL, |random| traffic(random, LOAD, capacity, None));
    assert!(least_loaded <= 0.6 * round_robin);
    assert!(least_loaded <= CHANCE * least_leases);
}

#[test]
fn what_others_send_to_a_server_is_seen_and_gone_round() {
    let [_, least_leases, least_loaded] = compare(EQUAL, |random| {
        let ours = traffic(random, LOAD, 2.4, None);
        let theirs = traffic(random, LOAD, 0.6, Some(0));
        [ours, theirs].concat()
    });
    assert!(least_loaded <= 0.8 * least_leases);
}

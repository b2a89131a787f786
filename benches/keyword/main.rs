//! What a request costs that a keyword decides, beside one that names its backend: the same router, the same simulated vLLM
//! and the same prompts, in turns on one connection. The table has 50 routes of 50 samples and 200 of keywords; the budget
//! is 100 µs more at the median.
#![allow(clippy::expect_used, reason = "a benchmark ends where it fails")]

#[allow(dead_code, reason = "the other benchmark asks when an answer began")]
#[path = "../end_to_end/client.rs"]
mod client;
#[path = "../../tests/support/mod.rs"]
mod support;
mod table;

use std::process::ExitCode;
use std::time::Duration;

use client::Client;
use support::{Child, Router};
use tokio::runtime::Runtime;

/// Rounds, and requests of each kind in one.
const ROUNDS: usize = 40;
const REQUESTS: usize = 100;

/// The bytes of the prompts, without what decides.
const LENGTHS: [usize; 3] = [60, 500, 2_000];

const BUDGET: Duration = Duration::from_micros(100);

fn main() -> ExitCode {
    let sim =
        Child::sim(&["--tokens", "4", "--record", "0", "--keep-alive", "1h", "--model", "small", "--model", "large"]);
    let router = Router::start(&table::config(&format!("{}/v1", sim.url)));
    let mut is_within = true;
    println!("\none connection, {} requests of each kind, times in µs", ROUNDS * REQUESTS);
    println!("{:<24}{:>14}{:>14}{:>14}{:>10}", "", "named p50", "keyword p50", "added p50", "p99");
    for length in LENGTHS {
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..ROUNDS {
            let mut client = Client::connect(router.url.trim_start_matches("http://"));
            for number in 0..REQUESTS {
                // Whichever comes first has an advantage or the opposite.
                let order = if (round + number) % 2 == 0 { [0, 1] } else { [1, 0] };
                for kind in order {
                    let model = ["small", "auto"][kind];
                    times[kind].push(client.ask(&body(model, &table::decided_by_a_keyword(number, length))).whole);
                }
            }
        }
        let [[named, named_p99], [keyword, keyword_p99]] = times.map(|mut times| percentiles(&mut times));
        let [added, added_p99] = [keyword.saturating_sub(named), keyword_p99.saturating_sub(named_p99)];
        let [named, keyword, shown, p99] = [named, keyword, added, added_p99].map(|time| time.as_micros());
        println!("{:<24}{named:>14}{keyword:>14}{shown:>14}{p99:>10}", format!("prompts of {length} bytes"));
        is_within &= added <= BUDGET;
    }
    let embedded = Runtime::new().expect("a runtime").block_on(router.metric("pointsman_embedding_seconds_count"));
    assert_eq!(embedded, 0.0, "a keyword decides");
    if is_within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn body(model: &str, text: &str) -> String {
    format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"{text}"}}]}}"#)
}

/// The 50th and 99th.
fn percentiles(times: &mut [Duration]) -> [Duration; 2] {
    times.sort_unstable();
    [50, 99].map(|percent| times[(times.len() - 1) * percent / 100])
}

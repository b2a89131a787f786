//! What holds on every walk.

use std::collections::HashSet;

use fastrand::Rng;

use super::*;

fn any_outcome(random: &mut Rng) -> Outcome {
    let faults = [Fault::Connect, Fault::Reset, Fault::FirstByteTimeout, Fault::Stalled, Fault::Status(500)];
    match random.u8(..8) {
        0 | 1 => Outcome::Success,
        2 => Outcome::Neutral,
        3 => BUSY,
        4 => retry_after(random.u64(..20)),
        _ => Outcome::Fault(*random.choice(&faults).unwrap()),
    }
}

#[test]
fn clients_errors_and_backpressure_never_open_it() {
    for seed in 0..20 {
        let (mut random, mut bench) = (Rng::with_seed(seed), Bench::new());
        for _ in 0..5_000 {
            let probe = bench.breaker.begin_probe(&SETTINGS, bench.now).filter(|_| random.bool());
            let status = *random.choice(&[200, 400, 401, 404, 422, 429, 503]).unwrap();
            let header = random.bool().then(|| random.u8(..30).to_string());
            let outcome = Outcome::from_status(status, header.as_deref());
            assert_eq!(bench.breaker.observe(outcome, probe, &SETTINGS, bench.now), Verdict::Keep);
            assert_eq!(bench.state().as_str(), "closed");
            bench.wait_a_while(&mut random);
        }
    }
}

#[test]
fn it_always_comes_back_after_a_healthy_probe() {
    for seed in 0..20 {
        let (mut random, mut bench) = (Rng::with_seed(seed), Bench::new());
        let mut came_back_from = HashSet::new();
        for _ in 0..500 {
            for _ in 0..random.usize(..50) {
                let probe = bench.breaker.begin_probe(&SETTINGS, bench.now);
                let verdict = bench.breaker.observe(
                    any_outcome(&mut random),
                    probe.filter(|_| random.bool()),
                    &SETTINGS,
                    bench.now,
                );
                if let (Verdict::Trip(cause), true) = (verdict, random.bool()) {
                    assert!(bench.breaker.trip(cause, &SETTINGS, bench.now));
                }
                bench.wait_a_while(&mut random);
            }
            came_back_from.insert(bench.name());
            if bench.state() == State::Closed {
                continue;
            }
            // The longest pause, or the longest wait for a probe that does not report.
            bench.wait(66.0);
            let probe = bench.begin_probe();
            assert_eq!(bench.end_probe(probe, Outcome::Success), Verdict::Keep);
            assert_eq!(bench.state(), State::Closed);
        }
        assert_eq!(came_back_from.len(), 5, "seed {seed}: {came_back_from:?}");
    }
}

#[test]
fn only_a_trip_or_a_probe_opens_it_and_only_a_probe_closes_it() {
    for seed in 0..20 {
        let (mut random, mut bench) = (Rng::with_seed(seed), Bench::new());
        let mut running: Option<(Probe, Instant)> = None;
        for _ in 0..5_000 {
            bench.wait_a_while(&mut random);
            if let Some(probe) = bench.breaker.begin_probe(&SETTINGS, bench.now) {
                let forgotten = |begun| bench.now - begun >= SETTINGS.max_open;
                assert!(running.is_none_or(|(_, begun)| forgotten(begun)), "seed {seed}: two probes at once");
                running = Some((probe, bench.now));
            }
            let (before, outcome) = (bench.breaker.state(bench.now), any_outcome(&mut random));
            let verdict = match running.filter(|_| random.bool()) {
                Some((probe, _)) => {
                    running = None;
                    let verdict = bench.end_probe(probe, outcome);
                    let is_open = matches!(bench.state(), State::Open { .. });
                    assert_eq!(is_open, before == State::HalfOpen && matches!(outcome, Outcome::Fault(_)));
                    verdict
                }
                None => {
                    let verdict = bench.observe(outcome);
                    let begins_to_cool = before == State::Closed && matches!(outcome, Outcome::Backpressure { .. });
                    assert_eq!(bench.state() != before, begins_to_cool, "seed {seed}: {before:?} {outcome:?}");
                    verdict
                }
            };
            if let Verdict::Trip(cause) = verdict {
                assert!(matches!(outcome, Outcome::Fault(_)) && before.as_str() == "closed", "seed {seed}");
                if random.bool() {
                    running = None;
                    assert!(bench.breaker.trip(cause, &SETTINGS, bench.now));
                }
            }
        }
    }
}

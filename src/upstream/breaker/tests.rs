//! A closed breaker, its words, and the bench for all its tests.

mod cooling;
mod open;
mod walks;

use super::*;

const SETTINGS: BreakerSettings =
    BreakerSettings { faults: 5, share: 0.5, open: Duration::from_secs(5), max_open: Duration::from_secs(60) };

const RESET: Outcome = Outcome::Fault(Fault::Reset);
const BUSY: Outcome = Outcome::Backpressure { status: 503, retry_after: None };

/// A breaker and the clock that it is shown.
struct Bench {
    breaker: Breaker,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        Self { breaker: Breaker::default(), now: Instant::now() }
    }

    /// One that has just tripped.
    fn open() -> Self {
        let mut bench = Self::new();
        bench.trip();
        bench
    }

    /// One whose peer has just answered a 503.
    fn cooling() -> Self {
        let mut bench = Self::new();
        assert_eq!(bench.observe(BUSY), Verdict::Keep);
        bench
    }

    fn wait(&mut self, seconds: f64) {
        self.now += Duration::from_secs_f64(seconds);
    }

    fn wait_a_while(&mut self, random: &mut fastrand::Rng) {
        let most = *random.choice(&[0.1, 2.0, 90.0]).unwrap();
        self.wait(random.f64() * most);
    }

    /// Takes in the outcome of an attempt that is no probe.
    fn observe(&mut self, outcome: Outcome) -> Verdict {
        self.breaker.observe(outcome, None, &SETTINGS, self.now)
    }

    fn observe_all(&mut self, outcomes: impl IntoIterator<Item = Outcome>) {
        for outcome in outcomes {
            assert_eq!(self.observe(outcome), Verdict::Keep);
        }
    }

    fn begin_probe(&mut self) -> Probe {
        assert!(self.breaker.may_probe(self.now));
        self.breaker.begin_probe(&SETTINGS, self.now).unwrap()
    }

    fn end_probe(&mut self, probe: Probe, outcome: Outcome) -> Verdict {
        self.breaker.observe(outcome, Some(probe), &SETTINGS, self.now)
    }

    /// Waits until a probe may begin, and lets it end with `outcome`.
    fn probe(&mut self, outcome: Outcome) -> Verdict {
        self.now += self.pause();
        let probe = self.begin_probe();
        self.end_probe(probe, outcome)
    }

    fn probe_closes(&mut self) {
        assert_eq!(self.probe(Outcome::Success), Verdict::Keep);
        assert_eq!(self.state(), State::Closed);
    }

    fn trip(&mut self) {
        assert!(self.breaker.trip(Cause::Row(5, Fault::Reset), &SETTINGS, self.now));
    }

    fn state(&self) -> State {
        self.breaker.state(self.now)
    }

    fn name(&self) -> &'static str {
        match self.state() {
            State::Cooling { .. } => "cooling",
            State::Probing => "probing",
            breaker => breaker.as_str(),
        }
    }

    /// How long it rests from now.
    fn pause(&self) -> Duration {
        match self.state() {
            State::Cooling { until } | State::Open { until } => until - self.now,
            _ => Duration::ZERO,
        }
    }

    /// Fails unless it is open for `seconds` and at most a tenth more.
    fn assert_open_for(&self, seconds: f64) {
        let pause = self.pause().as_secs_f64();
        assert_eq!(self.name(), "open");
        assert!((seconds..=seconds * 1.1 + 1e-6).contains(&pause), "{pause} s instead of {seconds} s");
    }

    fn why(&self) -> String {
        self.breaker.why().map(|cause| cause.to_string()).unwrap_or_default()
    }
}

fn retry_after(seconds: u64) -> Outcome {
    Outcome::Backpressure { status: 429, retry_after: Some(Duration::from_secs(seconds)) }
}

#[test]
fn faults_in_a_row_ask_for_a_trip() {
    let mut bench = Bench::new();
    bench.observe_all([RESET; 4]);
    assert_eq!(bench.observe(RESET), Verdict::Trip(Cause::Row(5, Fault::Reset)));
}

#[test]
fn a_row_may_take_longer_than_the_window() {
    let mut bench = Bench::new();
    for _ in 0..4 {
        bench.observe_all([RESET]);
        bench.wait(60.0);
    }
    assert_ne!(bench.observe(RESET), Verdict::Keep);
}

#[test]
fn a_success_or_a_clients_error_ends_the_row() {
    for answer in [Outcome::Success, Outcome::Neutral] {
        let mut bench = Bench::new();
        for _ in 0..10 {
            bench.observe_all([RESET, RESET, RESET, RESET, answer]);
            bench.wait(10.0);
        }
    }
}

#[test]
fn backpressure_neither_ends_the_row_nor_lengthens_it() {
    let mut bench = Bench::new();
    bench.observe_all([RESET, RESET, RESET, RESET, BUSY, BUSY]);
    assert_eq!(bench.observe(RESET), Verdict::Trip(Cause::Row(5, Fault::Reset)));
}

#[test]
fn a_large_share_of_faults_asks_for_a_trip() {
    for answer in [Outcome::Success, Outcome::Neutral] {
        let mut bench = Bench::new();
        bench.observe_all([RESET, answer, RESET, answer, RESET, answer, RESET, answer, answer]);
        assert_eq!(bench.observe(RESET), Verdict::Trip(Cause::Share { faults: 5, outcomes: 10 }));
    }
}

#[test]
fn a_smaller_share_does_not() {
    let mut bench = Bench::new();
    for _ in 0..100 {
        bench.observe_all([Outcome::Success, RESET, Outcome::Neutral]);
        bench.wait(0.3);
    }
}

#[test]
fn backpressure_has_no_part_in_the_share() {
    let mut bench = Bench::new();
    bench.observe_all([Outcome::Success, RESET, Outcome::Success, RESET, Outcome::Success]);
    bench.observe_all([BUSY; 20]);
    bench.observe_all([RESET, Outcome::Success, RESET, Outcome::Success]);
    assert_eq!(bench.observe(RESET), Verdict::Trip(Cause::Share { faults: 5, outcomes: 10 }));
}

#[test]
fn outcomes_older_than_ten_seconds_have_no_part_in_the_share() {
    let mut bench = Bench::new();
    bench.observe_all([Outcome::Success; 100]);
    bench.wait(10.0);
    bench.observe_all([RESET, RESET, RESET, RESET, Outcome::Success, RESET, RESET, RESET, RESET]);
    bench.observe_all([Outcome::Success]);
    assert_eq!(bench.observe(RESET), Verdict::Trip(Cause::Share { faults: 9, outcomes: 11 }));
}

#[test]
fn a_verdict_opens_nothing_by_itself_and_comes_again_with_the_next_fault() {
    let mut bench = Bench::new();
    bench.observe_all([RESET; 4]);
    assert_eq!(bench.observe(RESET), Verdict::Trip(Cause::Row(5, Fault::Reset)));
    assert_eq!(bench.state(), State::Closed);
    assert_eq!(bench.observe(RESET), Verdict::Trip(Cause::Row(6, Fault::Reset)));
    assert_eq!(bench.observe(Outcome::Success), Verdict::Keep);
    assert_eq!(bench.observe(RESET), Verdict::Keep);
}

#[test]
fn a_cause_reads_as_a_phrase() {
    for (cause, phrase) in [
        (Cause::Row(5, Fault::Status(500)), "5 faults in a row (500)"),
        (Cause::Row(1, Fault::FirstByteTimeout), "a fault (first_byte_timeout)"),
        (Cause::Share { faults: 6, outcomes: 11 }, "6 faults in 11 outcomes"),
        (Cause::Probe(Fault::Connect), "failed probe (connect)"),
        (Cause::Backpressure(429), "backpressure (429)"),
    ] {
        assert_eq!(cause.to_string(), phrase);
    }
}

#[test]
fn a_state_names_the_breaker() {
    let now = Instant::now();
    for (state, name) in [
        (State::Closed, "closed"),
        (State::Cooling { until: now }, "closed"),
        (State::Probing, "closed"),
        (State::Open { until: now }, "open"),
        (State::HalfOpen, "half-open"),
    ] {
        assert_eq!(state.as_str(), name);
    }
}

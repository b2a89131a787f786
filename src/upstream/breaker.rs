//! Whether a peer is left alone for a while: a circuit breaker that faults open, and a cool-down after backpressure.
//!
//! Both end with one probe, a request like any other whose outcome alone decides. Backpressure is no fault: it never
//! opens the breaker. Neither is what a client did wrong, which proves as well as a success that the peer answers.

use std::fmt;
use std::time::{Duration, Instant};

use super::outcome::{Fault, Outcome};
use super::window::Window;

/// When a breaker trips, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerSettings {
    /// Faults in a row that trip it. Backpressure between them does not end the row.
    pub faults: u32,
    /// The share of faults among at least ten outcomes of the last ten seconds that trips it, over 0 and up to 1.
    pub share: f64,
    /// How long it stays open after the first trip, doubled with each in a row.
    pub open: Duration,
    /// The longest that it stays open, a tenth of jitter aside, and the longest that a probe is waited for.
    pub max_open: Duration,
}

/// One peer's breaker and cool-down.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    phase: Phase,
    faults_in_a_row: u32,
    recent: Window<Tally>,
    /// Trips in a row, failed probes included; being closed for long forgets them.
    trips: u32,
    /// When it last closed.
    closed: Option<Instant>,
    probes: u64,
}

/// What an outcome calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(super) enum Verdict {
    /// Nothing.
    Keep,
    /// The breaker should [`trip`](Breaker::trip), if the pool can do without the peer.
    Trip(Cause),
}

/// What a peer may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Everything.
    Closed,
    /// Nothing, until it has cooled down.
    Cooling {
        /// When it has.
        until: Instant,
    },
    /// It has cooled down: one probe at a time.
    Probing,
    /// Nothing, until it is half-open.
    Open {
        /// When it is.
        until: Instant,
    },
    /// One probe at a time.
    HalfOpen,
}

/// Why a peer is left alone; displayed, it is a short phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// So many faults in a row, and the last of them.
    Row(u32, Fault),
    /// The share of faults among the last ten seconds' outcomes.
    Share {
        /// How many were faults.
        faults: u32,
        /// How many there were.
        outcomes: u32,
    },
    /// The probe failed.
    Probe(Fault),
    /// The status with which the peer said that it has too much to do.
    Backpressure(u16),
}

/// The request whose outcome decides whether a peer is used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Probe(u64);

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Closed,
    /// Cooling down for the `times`-th time in a row, and probed afterwards.
    Cooling { pause: Pause, times: u32 },
    /// Open, and half-open afterwards.
    Open { pause: Pause },
}

#[derive(Debug)]
struct Pause {
    until: Instant,
    cause: Cause,
    /// The first probe that can belong to it.
    first: u64,
    probe: Option<AwaitedProbe>,
}

#[derive(Debug)]
struct AwaitedProbe {
    probe: Probe,
    /// When the next may begin though this one has not reported.
    until: Instant,
}

#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    outcomes: u32,
    faults: u32,
}

/// A share of fewer outcomes means nothing.
const ENOUGH_OUTCOMES: u32 = 10;

/// A breaker that was closed for so many times its `max_open` has forgotten its trips. Ten let a peer that breaks a few
/// minutes after each return be left alone for longer.
const FORGET: u32 = 10;

/// What peers that break together get on top of `open`, at most, lest they be probed together.
const JITTER: f64 = 0.1;

/// The cool-down where the peer names none, doubled with each in a row.
const COOL_DOWN: Duration = Duration::from_secs(1);

/// The longest cool-down, whatever the peer asks for.
const MAX_COOL_DOWN: Duration = Duration::from_secs(10);

// === impl Breaker ===

impl Breaker {
    /// Takes in an attempt's outcome. `probe` is what [`begin_probe`](Self::begin_probe) gave that attempt, if it gave
    /// one: no other outcome ends a cool-down, or closes or opens a breaker that is open.
    pub(super) fn observe(
        &mut self,
        outcome: Outcome,
        probe: Option<Probe>,
        settings: &BreakerSettings,
        now: Instant,
    ) -> Verdict {
        let probed = probe.is_some_and(|probe| self.pause().is_some_and(|pause| pause.began(probe)));
        match (&self.phase, outcome) {
            (Phase::Open { .. }, _) if !probed => {}
            (Phase::Open { .. }, Outcome::Success | Outcome::Neutral) => self.close(now),
            (Phase::Open { .. }, Outcome::Fault(fault)) => self.open(Cause::Probe(fault), settings, now),
            (Phase::Open { .. }, Outcome::Backpressure { status, retry_after }) => {
                self.close(now);
                self.cool_down(Cause::Backpressure(status), retry_after, now);
            }
            // The answers to a burst of requests are one piece of news, not a row of cool-downs.
            (Phase::Cooling { .. }, Outcome::Backpressure { .. }) if !probed => {}
            (_, Outcome::Backpressure { status, retry_after }) => {
                self.cool_down(Cause::Backpressure(status), retry_after, now);
            }
            (_, Outcome::Success | Outcome::Neutral) => {
                self.count_answer(now);
                if probed {
                    self.phase = Phase::Closed;
                }
            }
            (_, Outcome::Fault(fault)) => {
                if probed {
                    self.cool_down(Cause::Probe(fault), None, now);
                }
                return self.count_fault(fault, settings, now);
            }
        }
        Verdict::Keep
    }

    /// Opens it as a [`Verdict::Trip`] asked for. False if it was open: another attempt's verdict was first.
    pub(super) fn trip(&mut self, cause: Cause, settings: &BreakerSettings, now: Instant) -> bool {
        if matches!(self.phase, Phase::Open { .. }) {
            return false;
        }
        let forget = settings.max_open.saturating_mul(FORGET);
        if self.closed.is_some_and(|closed| now.saturating_duration_since(closed) >= forget) {
            self.trips = 0;
        }
        self.open(cause, settings, now);
        true
    }

    /// Whether [`begin_probe`](Self::begin_probe) would begin one.
    pub(super) fn may_probe(&self, now: Instant) -> bool {
        self.pause().is_some_and(|pause| pause.may_probe(now))
    }

    /// Makes the next attempt the probe, where the peer's pause is over and no other probe is waited for.
    #[must_use]
    pub(super) fn begin_probe(&mut self, settings: &BreakerSettings, now: Instant) -> Option<Probe> {
        let probe = Probe(self.probes);
        let pause = self.pause_mut().filter(|pause| pause.may_probe(now))?;
        pause.probe = Some(AwaitedProbe { probe, until: now + settings.max_open });
        self.probes += 1;
        Some(probe)
    }

    /// Lets another probe begin, for `probe` will not report: its request has gone.
    pub(super) fn abandon_probe(&mut self, probe: Probe) {
        if let Some(pause) = self.pause_mut().filter(|pause| pause.awaits(probe)) {
            pause.probe = None;
        }
    }

    /// What the peer may be used for.
    pub(super) fn state(&self, now: Instant) -> State {
        match &self.phase {
            Phase::Closed => State::Closed,
            Phase::Cooling { pause, .. } if now < pause.until => State::Cooling { until: pause.until },
            Phase::Cooling { .. } => State::Probing,
            Phase::Open { pause } if now < pause.until => State::Open { until: pause.until },
            Phase::Open { .. } => State::HalfOpen,
        }
    }

    /// Why it may not be used for everything.
    pub(super) fn why(&self) -> Option<Cause> {
        self.pause().map(|pause| pause.cause)
    }

    fn open(&mut self, cause: Cause, settings: &BreakerSettings, now: Instant) {
        let open = doubled(settings.open, self.trips, settings.max_open);
        self.trips = self.trips.saturating_add(1);
        self.phase =
            Phase::Open { pause: Pause::new(now + open.mul_f64(1.0 + JITTER * fastrand::f64()), cause, self.probes) };
    }

    fn close(&mut self, now: Instant) {
        self.phase = Phase::Closed;
        self.closed = Some(now);
        self.faults_in_a_row = 0;
        self.recent = Window::default();
    }

    fn cool_down(&mut self, cause: Cause, retry_after: Option<Duration>, now: Instant) {
        let before = if let Phase::Cooling { times, .. } = self.phase { times } else { 0 };
        let pause = retry_after.unwrap_or_else(|| doubled(COOL_DOWN, before, MAX_COOL_DOWN)).min(MAX_COOL_DOWN);
        self.phase =
            Phase::Cooling { pause: Pause::new(now + pause, cause, self.probes), times: before.saturating_add(1) };
    }

    fn count_answer(&mut self, now: Instant) {
        self.faults_in_a_row = 0;
        self.recent.bucket(now).outcomes += 1;
    }

    fn count_fault(&mut self, fault: Fault, settings: &BreakerSettings, now: Instant) -> Verdict {
        self.faults_in_a_row = self.faults_in_a_row.saturating_add(1);
        let tally = self.recent.bucket(now);
        tally.outcomes += 1;
        tally.faults += 1;
        if self.faults_in_a_row >= settings.faults {
            return Verdict::Trip(Cause::Row(self.faults_in_a_row, fault));
        }
        let outcomes = self.recent.sum(now, |tally| tally.outcomes);
        let faults = self.recent.sum(now, |tally| tally.faults);
        if outcomes >= ENOUGH_OUTCOMES && f64::from(faults) / f64::from(outcomes) >= settings.share {
            return Verdict::Trip(Cause::Share { faults, outcomes });
        }
        Verdict::Keep
    }

    fn pause(&self) -> Option<&Pause> {
        match &self.phase {
            Phase::Closed => None,
            Phase::Cooling { pause, .. } | Phase::Open { pause } => Some(pause),
        }
    }

    fn pause_mut(&mut self) -> Option<&mut Pause> {
        match &mut self.phase {
            Phase::Closed => None,
            Phase::Cooling { pause, .. } | Phase::Open { pause } => Some(pause),
        }
    }
}

/// `least`, doubled so many times, and no more than `most`.
fn doubled(least: Duration, times: u32, most: Duration) -> Duration {
    least.saturating_mul(2u32.saturating_pow(times)).min(most)
}

// === impl State ===

impl State {
    /// The breaker's part in it, as the admin listener names it: a peer that cools down has its breaker closed.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Closed | Self::Cooling { .. } | Self::Probing => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

// === impl Cause ===

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(1, fault) => write!(f, "a fault ({fault})"),
            Self::Row(faults, fault) => write!(f, "{faults} faults in a row ({fault})"),
            Self::Share { faults, outcomes } => write!(f, "{faults} faults in {outcomes} outcomes"),
            Self::Probe(fault) => write!(f, "failed probe ({fault})"),
            Self::Backpressure(status) => write!(f, "backpressure ({status})"),
        }
    }
}

// === impl Pause ===

impl Pause {
    fn new(until: Instant, cause: Cause, first: u64) -> Self {
        Self { until, cause, first, probe: None }
    }

    fn may_probe(&self, now: Instant) -> bool {
        now >= self.until && self.probe.as_ref().is_none_or(|awaited| now >= awaited.until)
    }

    /// Whether `probe` was sent since it began. One whose answer took so long that another was sent proves as much.
    fn began(&self, probe: Probe) -> bool {
        probe.0 >= self.first
    }

    fn awaits(&self, probe: Probe) -> bool {
        self.probe.as_ref().is_some_and(|awaited| awaited.probe == probe)
    }
}

#[cfg(test)]
mod tests;

//! How long an exchange may wait, and for what: an answer's first byte, its next one, and the whole of it.

use std::time::{Duration, Instant};

use pingora::upstreams::peer::PeerOptions;
use pingora_proxy::Session;

use super::alarm::Alarm;
use crate::upstream::Timeouts;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The answer's head.
    Head,
    /// A stream's first event; its head has come.
    FirstEvent,
    /// More of the answer.
    Body,
}

/// The time that an exchange has.
#[derive(Debug, Default)]
pub struct Deadline {
    limits: Option<Limits>,
    alarm: Option<Alarm>,
    attempt_begun: Option<Instant>,
}

#[derive(Debug)]
struct Limits {
    first_byte: Duration,
    idle: Duration,
    /// When the whole exchange is to be over.
    whole: Instant,
}

// === impl Deadline ===

impl Deadline {
    /// What `timeouts` say of an exchange that began at `begun`.
    pub(super) fn set(&mut self, timeouts: &Timeouts, begun: Instant) {
        let whole = self.limits.as_ref().map_or(begun + timeouts.request, |limits| limits.whole);
        self.limits = Some(Limits { first_byte: timeouts.first_byte, idle: timeouts.idle, whole });
    }

    /// Until the whole exchange is to be over.
    pub(super) fn left(&self, now: Instant) -> Duration {
        self.limits.as_ref().map_or(Duration::MAX, |limits| limits.whole.saturating_duration_since(now))
    }

    /// Whether the exchange has taken as long as it may.
    pub(super) fn is_over(&self) -> bool {
        self.left(Instant::now()).is_zero()
    }

    /// An attempt begins. Pingora's own timeout is for each read, whatever comes; where nobody watches the alarm, it is
    /// all there is.
    pub(super) fn begin_attempt(&mut self, session: &Session, options: &mut PeerOptions) {
        let (now, Some(limits)) = (Instant::now(), &self.limits) else { return };
        self.alarm = Alarm::of(session);
        self.attempt_begun = Some(now);
        let read = if self.alarm.is_some() { limits.first_byte.max(limits.idle) } else { limits.first_byte };
        options.read_timeout = Some(read.min(self.left(now)));
        self.enter(Phase::Head);
    }

    /// When the attempt in hand began.
    pub(super) fn attempt_begun(&self) -> Option<Instant> {
        self.attempt_begun
    }

    /// From now on this is waited for.
    pub(super) fn enter(&mut self, phase: Phase) {
        let (Some(limits), Some(alarm), Some(begun)) = (&self.limits, &self.alarm, self.attempt_begun) else { return };
        let due = match phase {
            Phase::Head | Phase::FirstEvent => begun + limits.first_byte,
            Phase::Body => Instant::now() + limits.idle,
        };
        alarm.set(due.min(limits.whole));
    }

    /// Whether what was waited for did not come in time.
    pub(super) fn expired(&self) -> bool {
        self.alarm.as_ref().is_some_and(Alarm::has_fired)
    }

    /// Nothing is waited for any more.
    pub(super) fn end(&self) {
        self.alarm.iter().for_each(Alarm::clear);
    }
}

//! When an exchange reached each step.

use std::time::{Duration, Instant};

/// The moments of one exchange.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    begun: Instant,
    received: Option<Instant>,
    decided: Option<Instant>,
    first_byte: Option<Instant>,
}

// === impl Timing ===

impl Timing {
    /// An exchange that began at `begun`, when its head had been read.
    pub fn new(begun: Instant) -> Self {
        Self { begun, received: None, decided: None, first_byte: None }
    }

    /// When its head had been read.
    pub fn begun(&self) -> Instant {
        self.begun
    }

    /// The request's last byte has come.
    pub fn received(&mut self) -> Instant {
        *self.received.insert(Instant::now())
    }

    /// It is known where the request goes.
    pub fn decided(&mut self) {
        self.decided = Some(Instant::now());
    }

    /// The answer's head has come.
    pub fn first_byte(&mut self) {
        self.first_byte = Some(Instant::now());
    }

    /// When the answer's head came.
    pub fn first_byte_at(&self) -> Option<Instant> {
        self.first_byte
    }

    /// From the request's last byte to the decision.
    pub fn to_decision(&self) -> Option<Duration> {
        Some(self.decided? - self.received?)
    }

    /// From the request's last byte to the answer's head.
    pub fn to_first_byte(&self) -> Option<Duration> {
        Some(self.first_byte? - self.received?)
    }

    /// From the request's head to now.
    pub fn whole(&self) -> Duration {
        self.begun.elapsed()
    }
}

//! An answer to a prompt that was masked, with the values put back where their placeholders stand.
//!
//! Only what changes is written anew; every other byte passes as it came.
//!
//! - `scan`: placeholders in a text, and what of it must wait for the rest
//! - `json`: where an answer's texts stand in its JSON
//! - `body`: a whole answer
//! - `events`, `chunk`, `talk`: a stream of events, what one of them says, and what is held of their texts
//! - `screen`: what the model made up, redacted
//! - `cached`: an answer as the cache keeps it

mod body;
mod cached;
mod chunk;
mod events;
mod json;
mod scan;
mod screen;
mod talk;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::guard::finding::Entity;
use crate::guard::mask::Ledger;
use crate::guard::mask::placeholder::Form;

use body::Body;
use events::Events;
use screen::Screener;

pub use cached::{restored, screened, stored};
use scan::Restorer;
pub use screen::Screen;

/// An answer whose placeholders are being restored.
pub struct Unmask(State);

enum State {
    /// There is nothing to restore.
    Idle,
    /// An answer that is no JSON; whether any of it has passed.
    Opaque(bool),
    Body(Box<Body>),
    Events(Box<Events>),
}

/// So much of a body, or of one event, is held; what is longer passes as it is.
const HELD_MAX: usize = 16 << 20;

// === impl Unmask ===

impl Unmask {
    /// Begins with what the answer's head says of its content's type, which must not be encoded. What the model says is in
    /// the form `said`: JSON where the request asked for that, so that it still is JSON with the values in it. With a
    /// `screen`, the model's own texts are redacted before the ledger's values are put back, which stay.
    pub fn begin(content_type: &str, ledger: Arc<Ledger>, said: Form, screen: Option<Arc<Screen>>) -> Self {
        if ledger.is_empty() && screen.is_none() {
            return Self(State::Idle);
        }
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let parts = || {
            let restorer = Restorer::new(ledger);
            let screener = screen.map(|screen| Screener::new(screen, restorer.clone()));
            (restorer, screener)
        };
        Self(match &*kind {
            "text/event-stream" => {
                let (restorer, screener) = parts();
                State::Events(Box::new(Events::new(restorer, screener, said, HELD_MAX)))
            }
            "application/json" => {
                let (restorer, screener) = parts();
                State::Body(Box::new(Body::new(restorer, screener, said, HELD_MAX)))
            }
            _ => State::Opaque(false),
        })
    }

    /// What passes on of `chunk`, and of what was held before; with the answer's `end`, or where it breaks off, nothing is
    /// held any longer.
    pub fn pass(&mut self, chunk: &Bytes, end: bool) -> Bytes {
        match &mut self.0 {
            State::Idle => chunk.clone(),
            State::Opaque(has_passed) => {
                *has_passed |= !chunk.is_empty();
                chunk.clone()
            }
            State::Body(body) => body.pass(chunk, end),
            State::Events(events) => events.pass(chunk, end),
        }
    }

    /// Whether some of the answer passed that could not be looked into, so that placeholders, or what a screen would redact, may
    /// be left in it.
    pub fn unrestored(&self) -> bool {
        match &self.0 {
            State::Idle => false,
            State::Opaque(has_passed) => *has_passed,
            State::Body(body) => body.unrestored(),
            State::Events(events) => events.unrestored(),
        }
    }

    /// How many values of each kind were redacted since this was asked last.
    pub fn redacted(&mut self) -> Vec<(Entity, u64)> {
        match &mut self.0 {
            State::Idle | State::Opaque(_) => Vec::new(),
            State::Body(body) => body.redacted(),
            State::Events(events) => events.redacted(),
        }
    }
}

impl fmt::Debug for Unmask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::Idle => "Unmask(nothing)",
            State::Opaque(_) => "Unmask(opaque)",
            State::Body(_) => "Unmask(a body)",
            State::Events(_) => "Unmask(events)",
        })
    }
}

#[cfg(test)]
mod tests;

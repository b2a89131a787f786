//! Whether it works, and the log's word on it: one line when that changes, none for what is lost meanwhile.

use std::fmt;
use std::time::Duration;

use parking_lot::Mutex;

use super::super::Millis;

/// Whether it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing is known yet.
    Connecting,
    /// It works.
    Up,
    /// It does not.
    Down {
        /// Since when.
        since: Millis,
        /// Why not.
        why: Fault,
    },
}

/// Why something outside the process does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is no connection, or no more.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// The password, the token or the user's rights do not suffice.
    Refused,
    /// There is no room for more.
    Full,
    /// It starts, loads its data, elects a master or only lets read.
    Unready,
    /// Anything else.
    Failed,
}

/// What works or not by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cache) enum Part {
    /// Reading, which has to work once before anything is up.
    Read,
    /// Writing, of which nothing is known before there is something to write.
    Write,
}

/// What is known of both parts.
#[derive(Debug)]
pub(in crate::cache) struct Health {
    /// What the log calls it.
    name: &'static str,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    read: Option<Result<(), Fault>>,
    write: Option<Result<(), Fault>>,
    down_since: Option<Millis>,
}

// === impl State ===

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Connecting => "connecting",
            Self::Up => "up",
            Self::Down { .. } => "down",
        })
    }
}

// === impl Fault ===

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "it can't be reached",
            Self::Timeout => "it does not answer in time",
            Self::Refused => "it refuses the password, the token or the user",
            Self::Full => "it is full",
            Self::Unready => "it is not ready",
            Self::Failed => "it fails",
        })
    }
}

// === impl Health ===

impl Health {
    pub(in crate::cache) fn new(name: &'static str) -> Self {
        Self { name, known: Mutex::default() }
    }

    /// A part works.
    pub(in crate::cache) fn works(&self, part: Part) {
        let mut known = self.known.lock();
        let before = known.state();
        *known.part(part) = Some(Ok(()));
        if known.fault().is_some() {
            return;
        }
        let since = known.down_since.take();
        let after = known.state();
        drop(known);
        if after == State::Up && before != State::Up {
            let away = since.map_or(Duration::ZERO, |since| Millis::now().since(since));
            tracing::info!(away_ms = away.as_millis() as u64, "{} is up", self.name);
        }
    }

    /// A part does not work; `detail` is for the log and holds neither secrets nor contents.
    pub(in crate::cache) fn fails(&self, part: Part, why: Fault, detail: &str) {
        let mut known = self.known.lock();
        let before = known.fault();
        *known.part(part) = Some(Err(why));
        known.down_since.get_or_insert_with(Millis::now);
        let after = known.fault();
        drop(known);
        if after != before {
            tracing::warn!(detail, "{} is down: {why}", self.name);
        }
    }

    /// What is known.
    pub(in crate::cache) fn state(&self) -> State {
        self.known.lock().state()
    }
}

// === impl Known ===

impl Known {
    fn part(&mut self, part: Part) -> &mut Option<Result<(), Fault>> {
        match part {
            Part::Read => &mut self.read,
            Part::Write => &mut self.write,
        }
    }

    fn fault(&self) -> Option<Fault> {
        [self.read, self.write].into_iter().flatten().find_map(Result::err)
    }

    fn state(&self) -> State {
        match (self.fault(), self.down_since, self.read) {
            (Some(why), Some(since), _) => State::Down { since, why },
            (_, _, Some(_)) => State::Up,
            _ => State::Connecting,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(health: &Health) -> Option<Fault> {
        match health.state() {
            State::Down { why, .. } => Some(why),
            _ => None,
        }
    }

    #[test]
    fn it_is_up_when_reading_works_and_writing_does_not_fail() {
        let health = Health::new("it");
        assert_eq!(health.state(), State::Connecting);
        health.works(Part::Write);
        assert_eq!(health.state(), State::Connecting);
        health.works(Part::Read);
        assert_eq!(health.state(), State::Up);
        health.fails(Part::Write, Fault::Full, "");
        health.works(Part::Read);
        assert_eq!(why(&health), Some(Fault::Full));
        health.works(Part::Write);
        assert_eq!(health.state(), State::Up);
    }

    #[test]
    fn it_is_down_since_the_first_failure() {
        let health = Health::new("it");
        health.fails(Part::Read, Fault::Unreachable, "");
        let first = health.state();
        health.fails(Part::Write, Fault::Timeout, "");
        assert_eq!(health.state(), first);
        health.works(Part::Read);
        assert_eq!(why(&health), Some(Fault::Timeout));
    }
}

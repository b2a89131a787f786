//! What an attempt says of the peer that served it.

use std::fmt;
use std::time::Duration;

/// What an attempt says of its peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It served the request.
    Success,
    /// It answered, and what was wrong is the request's.
    Neutral,
    /// It is sound, and has too much to do.
    Backpressure {
        /// The answer's status.
        status: u16,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// It failed.
    Fault(Fault),
}

/// How a peer failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No connection came about.
    Connect,
    /// The connection broke before the answer's head.
    Reset,
    /// The answer's head, or a stream's first event, did not come in time.
    FirstByteTimeout,
    /// An answer that had begun was silent for too long.
    Stalled,
    /// An answer that had begun ended before its end.
    BrokenStream,
    /// It answered with this status.
    Status(u16),
}

// === impl Outcome ===

impl Outcome {
    /// What an answer's head says. `retry_after` is the header of that name, in whole seconds; its other form, a date,
    /// counts as absent: it means a delay only by a wall clock that both sides share, and vLLM sends none.
    pub fn from_status(status: u16, retry_after: Option<&str>) -> Self {
        match status {
            200..=399 => Self::Success,
            429 | 503 => Self::Backpressure { status, retry_after: retry_after.and_then(seconds) },
            500..=599 => Self::Fault(Fault::Status(status)),
            _ => Self::Neutral,
        }
    }

    /// The `outcome` label of `pointsman_outcomes_total`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Neutral => "neutral",
            Self::Backpressure { .. } => "backpressure",
            Self::Fault(_) => "fault",
        }
    }
}

fn seconds(header: &str) -> Option<Duration> {
    header.trim().parse().ok().map(Duration::from_secs)
}

// === impl Fault ===

impl Fault {
    /// Its kind, as metrics and logs name it; displayed, a status is its number.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::FirstByteTimeout => "first_byte_timeout",
            Self::Stalled => "stalled",
            Self::BrokenStream => "broken_stream",
            Self::Status(_) => "status",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            other => f.write_str(other.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_tells_whose_fault_it_is() {
        for (statuses, expected) in [
            (&[200, 204, 299, 301, 304, 399][..], "success"),
            (&[400, 401, 404, 408, 422, 428, 430, 499], "neutral"),
            (&[429, 503], "backpressure"),
            (&[500, 501, 502, 504, 599], "fault"),
            (&[0, 101, 600, 999], "neutral"),
        ] {
            for &status in statuses {
                assert_eq!(Outcome::from_status(status, None).as_str(), expected, "{status}");
            }
        }
    }

    #[test]
    fn a_faulty_answer_keeps_its_status() {
        assert_eq!(Outcome::from_status(502, Some("3")), Outcome::Fault(Fault::Status(502)));
    }

    #[test]
    fn only_a_delay_in_seconds_is_read_from_retry_after() {
        let delay = |header| match Outcome::from_status(503, header) {
            Outcome::Backpressure { status: 503, retry_after } => retry_after,
            other => panic!("{other:?}"),
        };
        assert_eq!(delay(Some("7")), Some(Duration::from_secs(7)));
        assert_eq!(delay(Some(" 0 ")), Some(Duration::ZERO));
        for absent in [None, Some(""), Some("-1"), Some("1.5"), Some("soon"), Some("Fri, 31 Dec 1999 23:59:59 GMT")] {
            assert_eq!(delay(absent), None, "{absent:?}");
        }
    }

    #[test]
    fn every_fault_has_a_name_of_its_own() {
        let faults = [
            Fault::Connect,
            Fault::Reset,
            Fault::FirstByteTimeout,
            Fault::Stalled,
            Fault::BrokenStream,
            Fault::Status(500),
        ];
        let names: std::collections::HashSet<_> = faults.into_iter().map(Fault::as_str).collect();
        assert_eq!(names.len(), faults.len());
    }
}

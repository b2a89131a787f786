//! Whether a failed attempt may move on to another peer: a pure rule, and the attempts it counts.

use std::fmt;
use std::sync::Arc;

use super::peer::PeerState;

/// What the config holds to be worth another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryOn {
    /// No connection came about.
    Connect,
    /// A connection broke before the answer's head.
    Reset,
    /// The answer's head did not come in time.
    FirstByteTimeout,
    /// The answer has this status.
    Status(u16),
}

/// What went wrong with an attempt, before any of the peer's answer reached the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No connection came about.
    Connect,
    /// A pooled connection broke: the peer had closed it before the request came.
    StaleConnection,
    /// A fresh connection broke before the answer's head.
    Reset,
    /// The answer's head did not come in time.
    FirstByteTimeout,
    /// The peer answered with an error.
    Status(u16),
}

/// The attempts of one request.
#[derive(Debug, Default)]
pub struct Attempts {
    begun: usize,
    tried: Vec<Arc<PeerState>>,
    /// Those of `tried` that belong to the backend in use.
    failed: usize,
    stale: bool,
}

// === impl RetryOn ===

impl RetryOn {
    /// All that another peer may do better.
    pub const DEFAULT: [Self; 8] = [
        Self::Connect,
        Self::Reset,
        Self::FirstByteTimeout,
        Self::Status(429),
        Self::Status(500),
        Self::Status(502),
        Self::Status(503),
        Self::Status(504),
    ];

    /// Reads its name, or a status.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "connect" => Some(Self::Connect),
            "reset" => Some(Self::Reset),
            "first_byte_timeout" => Some(Self::FirstByteTimeout),
            number => number.parse().ok().map(Self::Status),
        }
    }
}

impl fmt::Display for RetryOn {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Connect => f.write_str("connect"),
            Self::Reset => f.write_str("reset"),
            Self::FirstByteTimeout => f.write_str("first_byte_timeout"),
            Self::Status(status) => write!(f, "{status}"),
        }
    }
}

// === impl Trouble ===

impl Trouble {
    /// What the config calls it.
    pub fn kind(self) -> RetryOn {
        match self {
            Self::Connect => RetryOn::Connect,
            Self::StaleConnection | Self::Reset => RetryOn::Reset,
            Self::FirstByteTimeout => RetryOn::FirstByteTimeout,
            Self::Status(status) => RetryOn::Status(status),
        }
    }

    /// The `reason` label of `pointsman_retries_total`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::StaleConnection => "stale_connection",
            Self::Reset => "reset",
            Self::FirstByteTimeout => "first_byte_timeout",
            Self::Status(_) => "status",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            other => f.write_str(other.as_str()),
        }
    }
}

// === impl Attempts ===

impl Attempts {
    /// Whether a peer failed this request already.
    pub fn tried(&self, peer: &Arc<PeerState>) -> bool {
        self.tried.iter().any(|tried| Arc::ptr_eq(tried, peer))
    }

    /// Every peer that failed this request.
    pub fn all_tried(&self) -> &[Arc<PeerState>] {
        &self.tried
    }

    /// Whether a pooled connection broke. Where one has, the others may have too: the next must be a fresh one.
    pub fn need_fresh_connection(&self) -> bool {
        self.stale
    }

    /// Counts an attempt that begins now.
    pub fn begin(&mut self) {
        self.begun += 1;
    }

    /// Attempts begun so far.
    pub fn begun(&self) -> usize {
        self.begun
    }

    /// Whether a pooled connection that broke is to be followed by a fresh one: once, as that says nothing of the
    /// peer, which may be the same again.
    #[must_use]
    pub fn excuses(&mut self, trouble: Trouble) -> bool {
        trouble == Trouble::StaleConnection && !std::mem::replace(&mut self.stale, true)
    }

    /// Takes in a failed attempt on `peer`. True if one of the backend's other peers may be tried, given that at most
    /// `retries` may and whether `another_left` can serve; [`tried`](Self::tried) tells which not to use.
    #[must_use]
    pub fn may_go_on(
        &mut self,
        peer: &Arc<PeerState>,
        retries: usize,
        another_left: impl FnOnce(&Self) -> bool,
    ) -> bool {
        self.tried.push(peer.clone());
        self.failed += 1;
        self.failed <= retries && another_left(self)
    }

    /// Another backend is asked: as many of its peers may be tried.
    pub fn fall_back(&mut self) {
        (self.failed, self.stale) = (0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peers() -> [Arc<PeerState>; 2] {
        Default::default()
    }

    #[test]
    fn a_failed_peer_is_not_used_again() {
        let (mut attempts, [first, second]) = (Attempts::default(), peers());
        assert!(attempts.may_go_on(&first, 2, |_| true));
        assert!(attempts.tried(&first) && !attempts.tried(&second));
    }

    #[test]
    fn retries_end_with_their_number_or_with_the_peers() {
        let (mut attempts, [first, second]) = (Attempts::default(), peers());
        assert!(attempts.may_go_on(&first, 1, |_| true));
        assert!(!attempts.may_go_on(&second, 1, |_| true));
        assert!(!Attempts::default().may_go_on(&first, 2, |_| false));
    }

    #[test]
    fn another_backend_has_retries_of_its_own() {
        let (mut attempts, [first, second]) = (Attempts::default(), peers());
        assert!(!attempts.may_go_on(&first, 0, |_| true));
        attempts.fall_back();
        assert!(attempts.may_go_on(&second, 1, |_| true));
        assert!(attempts.tried(&first) && attempts.tried(&second));
    }

    #[test]
    fn a_stale_connection_is_excused_once_and_followed_by_a_fresh_one() {
        let mut attempts = Attempts::default();
        assert!(!attempts.need_fresh_connection());
        assert!(!attempts.excuses(Trouble::Reset));
        assert!(attempts.excuses(Trouble::StaleConnection));
        assert!(attempts.need_fresh_connection());
        assert!(!attempts.excuses(Trouble::StaleConnection));
    }

    #[test]
    fn what_is_worth_a_retry_reads_as_it_is_written() {
        for kind in RetryOn::DEFAULT {
            assert_eq!(RetryOn::parse(&kind.to_string()), Some(kind));
        }
        for wrong in ["", "-1", "65536", "timeout", "Connect"] {
            assert_eq!(RetryOn::parse(wrong), None, "{wrong:?}");
        }
    }
}

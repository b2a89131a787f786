//! Whether a failed attempt may move on to another peer: a pure rule, and the attempts it counts.

use std::net::SocketAddr;

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
    /// The peer answered that it cannot serve now.
    Status(u16),
}

/// The attempts of one request.
#[derive(Debug, Default)]
pub struct Attempts {
    begun: usize,
    tried: Vec<SocketAddr>,
    stale: usize,
}

/// A peer may hand out this many connections that it has closed before it counts as tried.
const STALE_LIMIT: usize = 3;

// === impl Trouble ===

impl Trouble {
    /// Whether a status says that another peer may do better.
    pub fn from_status(status: u16) -> Option<Self> {
        matches!(status, 429 | 502 | 503 | 504).then_some(Self::Status(status))
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

// === impl Attempts ===

impl Attempts {
    /// Whether `address` failed this request already.
    pub fn tried(&self, address: SocketAddr) -> bool {
        self.tried.contains(&address)
    }

    /// Counts an attempt that begins now.
    pub fn begin(&mut self) {
        self.begun += 1;
    }

    /// Attempts begun so far.
    pub fn begun(&self) -> usize {
        self.begun
    }

    /// Takes in a failed attempt on `address`. True if the request may be sent again, given that at most `retries`
    /// further peers may be tried and whether `another_left` can serve; [`tried`](Self::tried) tells which not to use.
    #[must_use]
    pub fn may_go_on(
        &mut self,
        trouble: Trouble,
        address: SocketAddr,
        retries: usize,
        another_left: impl Fn(&Self) -> bool,
    ) -> bool {
        if trouble == Trouble::StaleConnection && self.stale < STALE_LIMIT {
            self.stale += 1;
            return true;
        }
        self.tried.push(address);
        self.tried.len() <= retries && another_left(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, last], 8000))
    }

    #[test]
    fn a_failed_peer_is_not_used_again() {
        let mut attempts = Attempts::default();
        assert!(attempts.may_go_on(Trouble::Connect, address(1), 2, |_| true));
        assert!(attempts.tried(address(1)) && !attempts.tried(address(2)));
    }

    #[test]
    fn retries_end_with_the_budget_or_with_the_peers() {
        let mut attempts = Attempts::default();
        assert!(attempts.may_go_on(Trouble::Reset, address(1), 1, |_| true));
        assert!(!attempts.may_go_on(Trouble::Reset, address(2), 1, |_| true));
        assert!(!Attempts::default().may_go_on(Trouble::Connect, address(1), 2, |_| false));
    }

    #[test]
    fn a_stale_connection_may_be_retried_on_the_same_peer() {
        let mut attempts = Attempts::default();
        for _ in 0..STALE_LIMIT {
            assert!(attempts.may_go_on(Trouble::StaleConnection, address(1), 0, |_| false));
            assert!(!attempts.tried(address(1)));
        }
        assert!(!attempts.may_go_on(Trouble::StaleConnection, address(1), 0, |_| false));
    }
}

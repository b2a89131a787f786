//! Whether a failed attempt may move on to another peer: a pure rule, and the attempts it counts.

use std::sync::Arc;

use super::peer::PeerState;

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
    tried: Vec<Arc<PeerState>>,
    stale: bool,
}

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
    /// Whether a peer failed this request already.
    pub fn tried(&self, peer: &Arc<PeerState>) -> bool {
        self.tried.iter().any(|tried| Arc::ptr_eq(tried, peer))
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

    /// Takes in a failed attempt on `peer`. True if the request may be sent again, given that at most `retries`
    /// further peers may be tried and whether `another_left` can serve; [`tried`](Self::tried) tells which not to use.
    #[must_use]
    pub fn may_go_on(
        &mut self,
        trouble: Trouble,
        peer: &Arc<PeerState>,
        retries: usize,
        another_left: impl Fn(&Self) -> bool,
    ) -> bool {
        if trouble == Trouble::StaleConnection && !std::mem::replace(&mut self.stale, true) {
            return true;
        }
        self.tried.push(peer.clone());
        self.tried.len() <= retries && another_left(self)
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
        assert!(attempts.may_go_on(Trouble::Connect, &first, 2, |_| true));
        assert!(attempts.tried(&first) && !attempts.tried(&second));
    }

    #[test]
    fn retries_end_with_the_budget_or_with_the_peers() {
        let (mut attempts, [first, second]) = (Attempts::default(), peers());
        assert!(attempts.may_go_on(Trouble::Reset, &first, 1, |_| true));
        assert!(!attempts.may_go_on(Trouble::Reset, &second, 1, |_| true));
        assert!(!Attempts::default().may_go_on(Trouble::Connect, &first, 2, |_| false));
    }

    #[test]
    fn a_stale_connection_is_followed_by_a_fresh_one_to_the_same_peer() {
        let (mut attempts, [peer, _]) = (Attempts::default(), peers());
        assert!(!attempts.need_fresh_connection());
        assert!(attempts.may_go_on(Trouble::StaleConnection, &peer, 0, |_| false));
        assert!(attempts.need_fresh_connection() && !attempts.tried(&peer));
        assert!(!attempts.may_go_on(Trouble::StaleConnection, &peer, 0, |_| false));
        assert!(attempts.tried(&peer));
    }
}

//! The choice of a peer: in service, not tried before, and the least loaded for its weight.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::health::Health;
use super::peer::Peer;

/// Up to this many candidates are all compared; among more, two random ones are.
const FULL_SCAN: usize = 8;

/// A candidate's load as the choice sees it.
#[derive(Debug, Clone, Copy)]
struct Load {
    leases: usize,
    weight: usize,
}

/// The peer to send a request to, or none where every one is down or was `tried`.
///
/// Peers that were never checked are taken only where none is known to be up.
pub(super) fn pick(peers: &[Arc<Peer>], tried: impl Fn(&Peer) -> bool) -> Option<&Arc<Peer>> {
    let eligible = |wanted: fn(Health) -> bool| -> Vec<&Arc<Peer>> {
        peers.iter().filter(|peer| wanted(peer.state.health()) && !tried(peer)).collect()
    };
    let mut candidates = eligible(Health::is_up);
    if candidates.is_empty() {
        candidates = eligible(|health| health == Health::Unknown);
    }
    let load = |index: usize| {
        let peer: &Arc<Peer> = candidates[index];
        Load { leases: peer.state.leases(), weight: peer.origin.weight }
    };
    let chosen = match candidates.len() {
        0 => return None,
        n if n <= FULL_SCAN => least(n, next_turn(), load),
        n => {
            let first = fastrand::usize(..n);
            let second = (first + 1 + fastrand::usize(..n - 1)) % n;
            if load(second).is_below(load(first)) { second } else { first }
        }
    };
    Some(candidates[chosen])
}

/// The least loaded of `n` candidates; equals take turns.
fn least(n: usize, turn: usize, load: impl Fn(usize) -> Load) -> usize {
    let rotated = (0..n).map(|step| (turn + step) % n);
    rotated.reduce(|best, next| if load(next).is_below(load(best)) { next } else { best }).unwrap_or(0)
}

fn next_turn() -> usize {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    TURN.fetch_add(1, Ordering::Relaxed)
}

// === impl Load ===

impl Load {
    /// Compares what the load would be with one request more, per unit of weight.
    fn is_below(self, other: Self) -> bool {
        (self.leases + 1) * other.weight < (other.leases + 1) * self.weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(turn: usize, loads: &[(usize, usize)]) -> usize {
        least(loads.len(), turn, |i| Load { leases: loads[i].0, weight: loads[i].1 })
    }

    #[test]
    fn the_least_loaded_wins_whoever_has_the_turn() {
        for turn in 0..6 {
            assert_eq!(choose(turn, &[(3, 1), (1, 1), (2, 1)]), 1);
        }
    }

    #[test]
    fn equals_take_turns() {
        let chosen: Vec<usize> = (0..4).map(|turn| choose(turn, &[(0, 1), (0, 1)])).collect();
        assert_eq!(chosen, [0, 1, 0, 1]);
    }

    #[test]
    fn a_weight_of_three_carries_three_times_the_load() {
        let mut leases = [0, 0];
        for turn in 0..400 {
            leases[choose(turn, &[(leases[0], 3), (leases[1], 1)])] += 1;
        }
        assert_eq!(leases, [300, 100]);
    }
}

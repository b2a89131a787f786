//! The choice among peers that may serve: pure functions of their loads.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::atomic::{self, AtomicUsize};

use parking_lot::Mutex;

/// A peer as the choice sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    /// Requests that it has to do.
    pub(super) load: f64,
    /// Its share next to the others', above 0.
    pub(super) weight: f64,
    /// The part of its share that it gets; less than 1 for a while after it has come up.
    pub(super) ramp: f64,
    /// What tells it apart, and is the same in every process.
    pub(super) key: u64,
}

/// Whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Turns {
    count: AtomicUsize,
    /// What each peer has coming to it, by its key.
    credits: Mutex<HashMap<u64, f64>>,
}

/// Up to this many candidates are all compared; among more, two random ones are.
const FULL_SCAN: usize = 8;

/// Credits of peers that are no candidates, at least so many of which are kept.
const SPARE_CREDITS: usize = 64;

/// How far above the average a peer's load may be before a conversation leaves it: in part, and in requests for each
/// unit of weight, as with little to do an average says nothing.
const BOUND: f64 = 1.25;
const HEADROOM: f64 = 4.0;

/// The least loaded of `candidates`; equals take turns, and one that has just come up takes part now and then. None where
/// there is nobody.
pub(super) fn least_loaded(candidates: &[Candidate], turn: usize) -> Option<usize> {
    let takes_part = |index: &usize| candidates[*index].ramp >= 1.0 || fastrand::f64() < candidates[*index].ramp;
    let mut there: Vec<usize> = (0..candidates.len()).filter(takes_part).collect();
    if there.is_empty() {
        there = (0..candidates.len()).collect();
    }
    match there.len() {
        0 => None,
        n if n <= FULL_SCAN => least((0..n).map(|step| there[(turn + step) % n]), candidates),
        n => {
            let first = fastrand::usize(..n);
            let second = (first + 1 + fastrand::usize(..n - 1)) % n;
            least([there[first], there[second]].into_iter(), candidates)
        }
    }
}

/// The candidates in turn, each as often as its weight says and as evenly spread as that goes (smooth weighted round
/// robin, as nginx has it). None where there is nobody.
pub(super) fn in_turn(candidates: &[Candidate], turns: &Turns) -> Option<usize> {
    let mut credits = turns.credits.lock();
    // Those of peers that are gone; others may only be no candidates for this request.
    if credits.len() > 2 * candidates.len() + SPARE_CREDITS {
        credits.retain(|key, _| candidates.iter().any(|peer| peer.key == *key));
    }
    let mut best = None;
    for (index, peer) in candidates.iter().enumerate() {
        let credit = credits.entry(peer.key).or_default();
        *credit += peer.weight * peer.ramp;
        if best.is_none_or(|(_, most)| *credit > most) {
            best = Some((index, *credit));
        }
    }
    let (chosen, _) = best?;
    let all: f64 = candidates.iter().map(|peer| peer.weight * peer.ramp).sum();
    *credits.entry(candidates[chosen].key).or_default() -= all;
    Some(chosen)
}

/// The candidate that the conversation `key` belongs to, or the next in its order where that one is loaded far above
/// the average. Each conversation has an order of its own (rendezvous hashing), so that a peer's coming or going moves
/// its own conversations and no others.
pub(super) fn affine(candidates: &[Candidate], key: u64) -> Option<usize> {
    let (load, weight) = candidates.iter().fold((0.0, 0.0), |sum, peer| (sum.0 + peer.load, sum.1 + peer.weight));
    let bound = BOUND * (load + 1.0) / weight + HEADROOM;
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|&a, &b| candidates[b].rank(key).total_cmp(&candidates[a].rank(key)));
    let bounded = order.into_iter().find(|&index| candidates[index].load_with_one_more() <= bound);
    // One always is, as weights are at least 1; but somebody has to serve.
    bounded.or_else(|| least(0..candidates.len(), candidates))
}

fn least(indices: impl Iterator<Item = usize>, candidates: &[Candidate]) -> Option<usize> {
    let load = |index: usize| candidates[index].load_with_one_more();
    indices.reduce(|best, next| if load(next).total_cmp(&load(best)) == Ordering::Less { next } else { best })
}

// === impl Turns ===

impl Turns {
    /// The next turn's number.
    pub(super) fn next(&self) -> usize {
        self.count.fetch_add(1, atomic::Ordering::Relaxed)
    }
}

// === impl Candidate ===

impl Candidate {
    /// For each unit of weight.
    fn load_with_one_more(&self) -> f64 {
        (self.load + 1.0) / self.weight
    }

    /// Its place in the order of the conversation `key`, the greater the better (weighted rendezvous hashing: the share
    /// of the conversations that a peer comes first in is its share of the weight).
    fn rank(&self, key: u64) -> f64 {
        let hash = mix(self.key ^ mix(key));
        let unit = ((hash >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
        -self.weight * self.ramp / unit.ln()
    }
}

/// SplitMix64's finaliser: every bit of the input changes half of the output's.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(loads: &[(f64, f64)]) -> Vec<Candidate> {
        let candidate =
            |(index, &(load, weight)): (usize, &(f64, f64))| Candidate { load, weight, ramp: 1.0, key: index as u64 };
        loads.iter().enumerate().map(candidate).collect()
    }

    /// How many of so many conversations each candidate gets.
    fn shares(candidates: &[Candidate], conversations: u64) -> Vec<usize> {
        let mut shares = vec![0; candidates.len()];
        (0..conversations).for_each(|key| shares[affine(candidates, key).unwrap()] += 1);
        shares
    }

    #[test]
    fn the_least_loaded_wins_whoever_has_the_turn() {
        let peers = candidates(&[(3.0, 1.0), (1.0, 1.0), (2.0, 1.0)]);
        assert!((0..6).all(|turn| least_loaded(&peers, turn) == Some(1)));
        assert_eq!(least_loaded(&[], 0), None);
    }

    #[test]
    fn equals_take_turns() {
        let peers = candidates(&[(0.0, 1.0), (0.0, 1.0)]);
        let chosen: Vec<_> = (0..4).filter_map(|turn| least_loaded(&peers, turn)).collect();
        assert_eq!(chosen, [0, 1, 0, 1]);
    }

    #[test]
    fn a_weight_of_three_carries_three_times_the_load() {
        let mut peers = candidates(&[(0.0, 3.0), (0.0, 1.0)]);
        for turn in 0..400 {
            let chosen = least_loaded(&peers, turn).unwrap();
            peers[chosen].load += 1.0;
        }
        assert_eq!([peers[0].load, peers[1].load], [300.0, 100.0]);
    }

    #[test]
    fn two_of_many_are_compared() {
        let mut peers = candidates(&[(5.0, 1.0); 20]);
        peers[7].load = 0.0;
        let chosen = (0..4000).filter(|&turn| least_loaded(&peers, turn) == Some(7)).count();
        assert!((300..500).contains(&chosen), "a tenth of all pairs: {chosen} of 4000");
    }

    #[test]
    fn turns_go_round_as_often_as_the_weights_say() {
        let (equal, turns) = (candidates(&[(9.0, 1.0), (0.0, 1.0), (0.0, 1.0)]), Turns::default());
        let chosen: Vec<_> = (0..6).filter_map(|_| in_turn(&equal, &turns)).collect();
        assert_eq!(chosen, [0, 1, 2, 0, 1, 2]);
        let (weighed, turns) = (candidates(&[(0.0, 5.0), (0.0, 1.0), (0.0, 1.0)]), Turns::default());
        let chosen: Vec<_> = (0..7).filter_map(|_| in_turn(&weighed, &turns)).collect();
        assert_eq!(chosen, [0, 0, 1, 0, 2, 0, 0]);
        assert_eq!(in_turn(&[], &turns), None);
    }

    #[test]
    fn peers_that_are_gone_are_forgotten() {
        let (all, turns) = (candidates(&[(0.0, 1.0); 99]), Turns::default());
        in_turn(&all, &turns);
        in_turn(&all[..1], &turns);
        assert_eq!(turns.credits.lock().len(), 1);
    }

    #[test]
    fn a_conversation_stays_where_it_is_and_weight_shares_them_out() {
        let peers = candidates(&[(0.0, 1.0), (0.0, 2.0), (0.0, 1.0)]);
        let [one, two, other] = shares(&peers, 10_000)[..] else { panic!() };
        assert!((2300..2700).contains(&one) && (4800..5200).contains(&two) && (2300..2700).contains(&other));
        assert_eq!(affine(&peers, 7), affine(&peers, 7));
    }

    #[test]
    fn a_peer_that_leaves_moves_its_own_conversations_only() {
        let peers = candidates(&[(0.0, 1.0); 4]);
        let rest: Vec<Candidate> = peers[1..].to_vec();
        for key in 0..1000 {
            let (before, after) = (affine(&peers, key).unwrap(), affine(&rest, key).unwrap() + 1);
            assert!(before == 0 || before == after, "conversation {key}");
        }
    }

    #[test]
    fn somebody_serves_where_many_have_just_come_up() {
        let mut peers = candidates(&[(0.0, 1.0); 16]);
        peers.iter_mut().for_each(|peer| peer.ramp = 0.1);
        peers[0].load = 9.0;
        assert!((0..100).all(|key| affine(&peers, key).is_some() && least_loaded(&peers, key as usize).is_some()));
    }

    #[test]
    fn who_has_just_come_up_gets_its_part_of_its_share() {
        let mut peers = candidates(&[(0.0, 1.0); 2]);
        peers[1].ramp = 0.2;
        let chosen = (0..10_000).filter(|&turn| least_loaded(&peers, turn) == Some(1)).count();
        assert!((800..1200).contains(&chosen), "a fifth of half: {chosen}");
    }

    #[test]
    fn a_hot_conversation_spreads_once_its_peer_has_much_more_to_do() {
        let mut peers = candidates(&[(0.0, 1.0); 3]);
        let home = affine(&peers, 1).unwrap();
        for _ in 0..300 {
            let chosen = affine(&peers, 1).unwrap();
            peers[chosen].load += 1.0;
        }
        let most = peers.iter().map(|peer| peer.load).fold(0.0, f64::max);
        assert!(peers[home].load == most && most <= 1.25 * 100.0 + 6.0, "{peers:?}");
    }
}

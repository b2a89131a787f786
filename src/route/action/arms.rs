//! `backends: [{name, weight}, …]`: which of several backends a conversation goes to, such as a new model's canary.
//!
//! The shares are shares of the conversations that can be told apart. Those that begin with the same words go the same way:
//! where half of all requests are one and the same, they are all in one arm.

use std::cmp::Reverse;

use serde::Deserialize;

use crate::hash::{hash, mix, unit};

/// One of a route's backends as a person types it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "must be a backend's name, or a mapping with \"name\" and \"weight\""
)]
pub enum Listed {
    /// In order of fallback.
    Name(String),
    /// With its share.
    Weighted {
        /// The backend.
        name: String,
        /// Its share, next to the others'.
        weight: u32,
    },
}

/// Backends with their shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arms {
    /// The heaviest first.
    arms: Vec<Arm>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Arm {
    backend: usize,
    weight: u32,
    /// The same in every process, and for every route another.
    key: u64,
}

/// The most that a weight may be.
pub const MAX_WEIGHT: u32 = 1_000;

// === impl Listed ===

impl Listed {
    /// The backend's name.
    pub fn name(&self) -> &str {
        let (Self::Name(name) | Self::Weighted { name, .. }) = self;
        name
    }

    /// Its weight, where it has one.
    pub fn weight(&self) -> Option<u32> {
        match self {
            Self::Name(_) => None,
            Self::Weighted { weight, .. } => Some(*weight),
        }
    }

    /// Whether a list of these is one of shares and not of fallbacks, or what is wrong with it and which of them is to blame.
    pub fn are_weighted(list: &[Self]) -> Result<bool, (usize, &'static str)> {
        let weights = || list.iter().filter_map(Self::weight);
        if weights().next().is_none() {
            return Ok(false);
        }
        if let Some(place) = list.iter().position(|listed| listed.weight().is_none()) {
            return Err((place, "must have a weight, as others of this list have"));
        }
        if let Some(place) = weights().position(|weight| weight > MAX_WEIGHT) {
            return Err((place, "must have a weight between 0 and 1000"));
        }
        if weights().all(|weight| weight == 0) {
            return Err((0, "must have a weight above 0, or another of this list must"));
        }
        Ok(true)
    }
}

// === impl Arms ===

impl Arms {
    /// The arms of `route`: backends by their index, name and weight. One of weight 0 serves only as a fallback.
    ///
    /// None where no weight is above 0, which leaves nobody to choose.
    pub fn new<'a>(route: &str, arms: impl IntoIterator<Item = (usize, &'a str, u32)>) -> Option<Self> {
        let arm = |(backend, name, weight)| Arm { backend, weight, key: hash(&(route, name)) };
        let mut arms: Vec<Arm> = arms.into_iter().map(arm).collect();
        arms.sort_by_key(|arm| Reverse(arm.weight));
        arms.first().is_some_and(|heaviest| heaviest.weight > 0).then_some(Self { arms })
    }

    /// The backends by their index, with their weights, the heaviest first.
    pub fn weights(&self) -> impl Iterator<Item = (usize, u32)> {
        self.arms.iter().map(|arm| (arm.backend, arm.weight))
    }

    /// The backend that `conversation` belongs to, and after it the others by weight, as fallbacks.
    ///
    /// An arm's share of the conversations is its share of the weights, and a conversation stays in its arm: with weighted
    /// rendezvous hashing, as for the peers of a backend, only an arm that gains weight gets conversations of others.
    pub fn order(&self, conversation: u64) -> impl Iterator<Item = usize> {
        let ranks = self.arms.iter().map(|arm| arm.rank(conversation));
        let chosen = ranks.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(place, _)| place);
        let others = self.arms.iter().enumerate().filter(move |(place, _)| *place != chosen);
        [self.arms[chosen].backend].into_iter().chain(others.map(|(_, arm)| arm.backend))
    }
}

// === impl Arm ===

impl Arm {
    /// Its place in the order of `conversation`, the greater the better; of no weight, the last of all.
    fn rank(&self, conversation: u64) -> f64 {
        let luck = -1.0 / unit(mix(self.key ^ mix(conversation))).ln();
        if self.weight == 0 { -1.0 } else { f64::from(self.weight) * luck }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONVERSATIONS: u64 = 100_000;

    fn arms(weights: &[u32]) -> Arms {
        let names = ["a", "b", "c"];
        Arms::new("r", weights.iter().enumerate().map(|(at, &weight)| (at, names[at], weight))).unwrap()
    }

    fn chosen(arms: &Arms, conversation: u64) -> usize {
        arms.order(conversation).next().unwrap()
    }

    fn shares(arms: &Arms, of: impl Fn(u64) -> u64) -> Vec<f64> {
        let mut counts = vec![0.0; arms.arms.len()];
        (0..CONVERSATIONS).for_each(|conversation| counts[chosen(arms, of(conversation))] += 1.0);
        counts.into_iter().map(|count| count / CONVERSATIONS as f64).collect()
    }

    #[test]
    fn each_arm_gets_its_share_however_conversations_are_numbered() {
        for weights in [&[9, 1][..], &[1, 1, 1], &[700, 200, 100], &[1000, 1], &[0, 3, 1], &[5]] {
            let all: u32 = weights.iter().sum();
            for of in [|n| n, |n| n << 40, |n| mix(n)] {
                for (share, weight) in shares(&arms(weights), of).iter().zip(weights) {
                    let expected = f64::from(*weight) / f64::from(all);
                    // Five standard deviations.
                    let noise = 5.0 * (expected * (1.0 - expected) / CONVERSATIONS as f64).sqrt();
                    assert!((share - expected).abs() <= noise, "{weights:?}: {share} is not {expected}");
                }
            }
        }
    }

    #[test]
    fn only_the_arm_that_grows_gets_conversations_of_others() {
        let (before, after) = (arms(&[90, 10, 5]), arms(&[90, 30, 5]));
        let moved = (0..CONVERSATIONS).filter(|&conversation| {
            let (from, to) = (chosen(&before, conversation), chosen(&after, conversation));
            assert!(from == to || to == 1, "{from} to {to}");
            from != to
        });
        assert!(moved.count() > 10_000);
    }

    #[test]
    fn routes_choose_independently() {
        let [one, two] = ["one", "two"].map(|route| Arms::new(route, [(0, "a", 1), (1, "b", 1)]).unwrap());
        let same = (0..CONVERSATIONS).filter(|&conversation| chosen(&one, conversation) == chosen(&two, conversation));
        let share = same.count() as f64 / CONVERSATIONS as f64;
        assert!((share - 0.5).abs() < 0.01, "{share}");
    }

    #[test]
    fn the_others_follow_by_their_weights() {
        let arms = Arms::new("r", [(7, "a", 1), (8, "b", 5), (9, "c", 0), (6, "d", 5)]).unwrap();
        let by_weight = [8, 6, 7, 9];
        for conversation in 0..1_000 {
            let order: Vec<_> = arms.order(conversation).collect();
            let others: Vec<_> = by_weight.into_iter().filter(|backend| *backend != order[0]).collect();
            assert_eq!(order[1..], others);
            assert_ne!(order[0], 9, "no weight, no conversations");
        }
    }

    #[test]
    fn a_list_is_of_shares_or_of_fallbacks() {
        let weighted = |list: &str| {
            let list: Vec<Listed> = serde_json::from_str(list).unwrap();
            Listed::are_weighted(&list).map_err(|(place, _)| place)
        };
        assert_eq!(weighted(r#"["a","b"]"#), Ok(false));
        assert_eq!(weighted(r#"[{"name":"a","weight":9},{"name":"b","weight":0}]"#), Ok(true));
        assert_eq!(weighted(r#"[{"name":"a","weight":9},"b"]"#), Err(1));
        assert_eq!(weighted(r#"[{"name":"a","weight":1},{"name":"b","weight":1001}]"#), Err(1));
        assert_eq!(weighted(r#"[{"name":"a","weight":0}]"#), Err(0));
        assert!(serde_json::from_str::<Listed>(r#"{"name":"a"}"#).is_err());
    }

    #[test]
    fn somebody_must_have_a_weight() {
        assert_eq!(Arms::new("r", []), None);
        assert_eq!(Arms::new("r", [(0, "a", 0)]), None);
    }
}

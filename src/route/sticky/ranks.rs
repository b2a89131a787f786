//! Which of two backends is up.

use crate::spending::Price;

/// What is known of a backend.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Its `rank` in the config; the higher, the more it can do.
    pub rank: Option<i64>,
    /// What it costs.
    pub price: Option<Price>,
    /// Whether no route leads to it, so that it need not be compared.
    pub is_apart: bool,
}

/// Every backend's rank, by its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranks {
    /// What they go by.
    pub basis: Basis,
    ranks: Vec<usize>,
}

/// What ranks go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The config's own `rank`.
    Rank,
    /// The price of an answer's tokens, and then of a prompt's.
    Price,
    /// The order in the file, as an earlier backend is the lesser one in most; `check` should say so.
    Order,
}

// === impl Ranks ===

impl Ranks {
    /// The ranks of backends, in the order of their indices. Equals share a rank.
    ///
    /// # Errors
    /// The index of a backend without a rank, where others have one.
    pub fn new(backends: impl IntoIterator<Item = Known>) -> Result<Self, usize> {
        let backends: Vec<Known> = backends.into_iter().collect();
        let compared = || backends.iter().enumerate().filter(|(_, known)| !known.is_apart);
        let lacks = |has: fn(&Known) -> bool| compared().find(|(_, known)| !has(known)).map(|(index, _)| index);
        let ranks = |ranked: Vec<Option<_>>| dense(&ranked);
        if compared().any(|(_, known)| known.rank.is_some()) {
            return match lacks(|known| known.rank.is_some()) {
                Some(index) => Err(index),
                None => {
                    let ranks = ranks(backends.iter().map(|known| known.rank).collect());
                    Ok(Self { basis: Basis::Rank, ranks })
                }
            };
        }
        if lacks(|known| known.price.is_some()).is_none() {
            let prices: Vec<_> = backends.iter().map(|known| known.price.map(|price| price.order())).collect();
            return Ok(Self { basis: Basis::Price, ranks: dense(&prices) });
        }
        Ok(Self { basis: Basis::Order, ranks: (0..backends.len()).collect() })
    }

    /// Whether a conversation that goes from `from` to `to` goes up. From a backend that is no longer there, all go up.
    pub fn is_up(&self, from: usize, to: usize) -> bool {
        self.ranks.get(to) > self.ranks.get(from)
    }
}

/// The place of each among all that differ.
fn dense<T: Ord>(all: &[T]) -> Vec<usize> {
    let mut sorted: Vec<&T> = all.iter().collect();
    sorted.sort();
    sorted.dedup();
    all.iter().map(|one| sorted.partition_point(|other| *other < one)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spending::price::Settings;

    fn ranked(rank: i64) -> Known {
        Known { rank: Some(rank), ..Known::default() }
    }

    fn priced(input: f64, output: f64) -> Known {
        let price = Price::new(&Settings { input, output, cached_input: None });
        Known { price: Some(price), ..Known::default() }
    }

    fn apart() -> Known {
        Known { is_apart: true, ..Known::default() }
    }

    fn up(ranks: &Ranks, all: usize) -> Vec<(usize, usize)> {
        let pairs = (0..all).flat_map(|from| (0..all).map(move |to| (from, to)));
        pairs.filter(|(from, to)| ranks.is_up(*from, *to)).collect()
    }

    #[test]
    fn the_configs_own_rank_counts_before_the_price() {
        let ranks =
            Ranks::new([Known { rank: Some(2), ..priced(1.0, 1.0) }, Known { rank: Some(-1), ..priced(9.0, 9.0) }]);
        let ranks = ranks.unwrap();
        assert_eq!((ranks.basis, up(&ranks, 2)), (Basis::Rank, vec![(1, 0)]));
        assert_eq!(Ranks::new([ranked(1), priced(1.0, 1.0)]), Err(1));
        assert!(Ranks::new([ranked(1), apart()]).is_ok());
    }

    #[test]
    fn and_the_price_before_the_order() {
        let ranks = Ranks::new([priced(1.0, 8.0), priced(5.0, 2.0), priced(1.0, 8.0), apart()]).unwrap();
        assert_eq!((ranks.basis, up(&ranks, 3)), (Basis::Price, vec![(1, 0), (1, 2)]));
        let ranks = Ranks::new([priced(9.0, 9.0), Known::default()]).unwrap();
        assert_eq!((ranks.basis, up(&ranks, 2)), (Basis::Order, vec![(0, 1)]));
    }
}

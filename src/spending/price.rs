//! What tokens cost.

use std::iter::Sum;
use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

use crate::openai::usage::Usage;

/// Prices as a person types them: for a million tokens, in a currency of the operator's choice.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
pub struct Settings {
    /// Of a prompt's tokens.
    pub input: f64,
    /// Of an answer's tokens, those thought included.
    pub output: f64,
    /// Of a prompt's tokens that the backend had in its cache; by default as of any other.
    #[serde(default)]
    pub cached_input: Option<f64>,
}

/// An amount of money, in a millionth of a millionth of the currency's unit: what a token costs is a whole number, and 64
/// bits hold eighteen millions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(u64);

/// What one token costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    input: Cost,
    output: Cost,
    cached_input: Cost,
}

/// Every backend's price, by its index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prices(Vec<Option<Price>>);

/// How many of a [`Cost`]'s units are one of the currency's.
const UNITS: f64 = 1e12;

/// The highest price of a million tokens: one token then costs one unit of the currency.
const HIGHEST: f64 = 1e6;

/// The lowest that is not nothing: less would be rounded away.
const LOWEST: f64 = 1e-6;

// === impl Settings ===

impl Settings {
    /// What is wrong with it, if anything: a key and a message.
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        let Self { input, output, cached_input } = *self;
        let prices = [("input", Some(input)), ("output", Some(output)), ("cached_input", cached_input)];
        let wrong = prices
            .into_iter()
            .find(|(_, price)| price.is_some_and(|price| price != 0.0 && !(LOWEST..=HIGHEST).contains(&price)));
        wrong.map(|(key, _)| (key, "must be 0, or between 0.000001 and 1000000"))
    }
}

// === impl Cost ===

impl Cost {
    /// Nothing.
    pub const NOTHING: Self = Self(0);

    /// An amount in the currency's unit.
    pub fn of(amount: f64) -> Self {
        Self((amount * UNITS).round() as u64)
    }

    /// The amount in the currency's unit, for metrics.
    pub fn amount(self) -> f64 {
        self.0 as f64 / UNITS
    }

    /// So many times as much.
    pub fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }

    /// So many units of its own.
    pub(super) fn of_units(units: u64) -> Self {
        Self(units)
    }

    /// In units of its own.
    pub(super) fn units(self) -> u64 {
        self.0
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Cost {
    type Output = Self;

    /// What is left; nothing where `other` is more.
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::NOTHING, Add::add)
    }
}

// === impl Price ===

impl Price {
    /// The price that `settings` name.
    pub fn new(settings: &Settings) -> Self {
        let each = |million: f64| Cost::of(million / 1e6);
        let Settings { input, output, cached_input } = *settings;
        Self { input: each(input), output: each(output), cached_input: each(cached_input.unwrap_or(input)) }
    }

    /// What `usage` costs.
    pub fn cost(&self, usage: &Usage) -> Cost {
        let cached = usage.cached.min(usage.prompt);
        [self.input.times(usage.prompt - cached), self.cached_input.times(cached), self.output.times(usage.completion)]
            .into_iter()
            .sum()
    }

    /// What makes a backend the dearer of two: an answer's tokens, and then a prompt's.
    pub fn order(&self) -> impl Ord + use<> {
        (self.output, self.input)
    }
}

// === impl Prices ===

impl Prices {
    /// The prices of the backends, in the order of their indices.
    pub fn new(prices: impl IntoIterator<Item = Option<Price>>) -> Self {
        Self(prices.into_iter().collect())
    }

    /// The price of `backend`. One that has none is not free: nothing is known of what it costs.
    pub fn of(&self, backend: usize) -> Option<&Price> {
        self.0.get(backend)?.as_ref()
    }

    /// What `usage` cost where `backend` served, and how much less that is than where the dearest had, with the same tokens.
    pub fn count(&self, backend: usize, usage: &Usage) -> Option<(Cost, Cost)> {
        let cost = self.of(backend)?.cost(usage);
        Some((cost, self.dearest(usage)? - cost))
    }

    /// What `usage` costs at most; what an answer from the cache saves.
    pub fn dearest(&self, usage: &Usage) -> Option<Cost> {
        // What was cached at one backend need not be at another, but nobody knows; so as if it were.
        self.0.iter().flatten().map(|price| price.cost(usage)).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(input: f64, output: f64, cached_input: Option<f64>) -> Price {
        Price::new(&Settings { input, output, cached_input })
    }

    fn usage(prompt: u64, completion: u64, cached: u64) -> Usage {
        Usage { prompt, completion, cached }
    }

    #[test]
    fn a_million_tokens_cost_their_price() {
        let amount = |price: Price, usage| price.cost(&usage).amount();
        assert_eq!(amount(price(0.2, 0.8, None), usage(1_000_000, 1_000_000, 400_000)), 1.0);
        assert_eq!(amount(price(0.2, 0.8, Some(0.05)), usage(1_000_000, 0, 400_000)), 0.14);
        assert_eq!(amount(price(0.2, 0.8, Some(0.05)), usage(10, 0, 99)), 0.05e-5, "no more is cached than there is");
        assert_eq!(amount(price(0.0001, 0.0, None), usage(1, 0, 0)), 1e-10);
        assert_eq!(amount(price(0.0, 0.0, None), usage(9, 9, 0)), 0.0);
        let no_end = price(1e6, 1e6, None).cost(&usage(u64::MAX, u64::MAX, 0));
        assert!(no_end.amount() > 1.8e7, "it does not wrap");
    }

    #[test]
    fn what_was_saved_is_counted_against_the_dearest_for_these_tokens() {
        let prices =
            Prices::new([Some(price(1.0, 1.0, None)), Some(price(0.1, 10.0, None)), None, Some(price(5.0, 2.0, None))]);
        let amounts =
            |backend, usage| prices.count(backend, &usage).map(|(cost, saved)| (cost.amount(), saved.amount()));
        let million = 1_000_000;
        assert_eq!(amounts(0, usage(million, 0, 0)), Some((1.0, 4.0)));
        assert_eq!(amounts(0, usage(0, million, 0)), Some((1.0, 9.0)));
        assert_eq!(amounts(1, usage(0, million, 0)), Some((10.0, 0.0)));
        assert_eq!(amounts(2, usage(million, 0, 0)), None, "its price is not known");
        assert_eq!(amounts(9, usage(million, 0, 0)), None);
        assert_eq!(prices.dearest(&usage(million, million, 0)).unwrap().amount(), 10.1);
        assert_eq!(Prices::default().dearest(&usage(1, 1, 0)), None);
    }

    #[test]
    fn the_dearer_answers_are_the_dearer_backend() {
        assert!(price(1.0, 2.0, None).order() > price(9.0, 1.0, None).order());
        assert!(price(2.0, 2.0, None).order() > price(1.0, 2.0, None).order());
    }

    #[test]
    fn prices_out_of_range_are_refused() {
        let problem =
            |input, output, cached_input| Settings { input, output, cached_input }.problem().map(|(key, _)| key);
        assert_eq!(problem(0.0, 1e6, None), None);
        assert_eq!(problem(-1.0, 1.0, None), Some("input"));
        assert_eq!(problem(1.0, f64::NAN, None), Some("output"));
        assert_eq!(problem(1.0, 1.0, Some(f64::INFINITY)), Some("cached_input"));
    }
}

//! How much may be spent: requests and tokens a minute, money an hour.
//!
//! A request is admitted where less than each limit is spent, and charged by what it is likely to take. What it took is
//! settled once that is known. So a limit is exceeded by one request's charge at most, and by what the estimates of those
//! under way were too low.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::price::{Cost, Price};
use super::window::{Step, Window};
use crate::openai::usage::Usage;

/// A budget as a person types it: at least one limit, and who serves past it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Settings {
    /// Requests within any minute.
    #[serde(default)]
    pub requests_per_minute: Option<u64>,
    /// Tokens within any minute, of prompts and answers.
    #[serde(default)]
    pub tokens_per_minute: Option<u64>,
    /// Money within any hour, in the prices' currency.
    #[serde(default)]
    pub cost_per_hour: Option<f64>,
    /// Who serves past it.
    pub over: String,
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Unit {
    Requests,
    Tokens,
    Cost,
}

/// How much of what may be spent.
pub type Limits = Vec<(Unit, i64)>;

/// What was spent of one unit; it outlives any one limit on it.
#[derive(Debug)]
pub struct Meter(Window);

/// A budget: limits, each with what was spent.
#[derive(Debug, Clone, Default)]
pub struct Budget {
    parts: Vec<(Unit, i64, Arc<Meter>)>,
}

/// What a request is likely to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The tokens of its prompt and its answer.
    pub tokens: u64,
    /// What they cost where it is served.
    pub cost: Cost,
}

/// What a request was charged. Dropped, the charge stands: what the request took is then not known.
#[derive(Debug, Default)]
#[must_use]
pub struct Charge {
    parts: Vec<(Unit, i64, Arc<Meter>, Step)>,
}

/// A limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Of what.
    pub unit: Unit,
    /// When some of it may be spent again; none where nothing is spent, and so none ever may.
    pub relief: Option<Duration>,
}

/// Answers are likely to be so long where nothing limits them: a guess on the high side for chats, put right once an answer
/// is whole.
const ANSWER: u64 = 512;

// === impl Settings ===

impl Settings {
    /// The limits, or what is wrong with them: a key, empty for the whole, and a message.
    pub fn limits(&self) -> Result<Limits, (&'static str, &'static str)> {
        const MOST: u64 = 1_000_000_000_000;
        let mut limits = Vec::new();
        let counts = [
            ("requests_per_minute", Unit::Requests, self.requests_per_minute),
            ("tokens_per_minute", Unit::Tokens, self.tokens_per_minute),
        ];
        for (key, unit, limit) in counts {
            match limit {
                Some(limit @ 1..=MOST) => limits.push((unit, limit as i64)),
                Some(_) => return Err((key, "must be between 1 and 1000000000000")),
                None => {}
            }
        }
        match self.cost_per_hour {
            Some(cost) if (1e-6..=1e6).contains(&cost) => limits.push((Unit::Cost, Cost::of(cost).units() as i64)),
            Some(_) => return Err(("cost_per_hour", "must be between 0.000001 and 1000000")),
            None => {}
        }
        let message = "must have \"requests_per_minute\", \"tokens_per_minute\" or \"cost_per_hour\"";
        if limits.is_empty() { Err(("", message)) } else { Ok(limits) }
    }
}

// === impl Unit ===

impl Unit {
    /// Within which span it is limited.
    pub fn span(self) -> Duration {
        match self {
            Self::Requests | Self::Tokens => Duration::from_secs(60),
            Self::Cost => Duration::from_secs(3_600),
        }
    }

    /// Its name in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::Cost => "cost",
        }
    }
}

// === impl Meter ===

impl Meter {
    /// One that nothing was spent of at `now`.
    pub fn new(unit: Unit, now: Instant) -> Self {
        Self(Window::new(unit.span(), now))
    }

    /// What is spent, in its unit; money in the currency's.
    pub fn spent(&self, unit: Unit, now: Instant) -> f64 {
        let spent = self.0.spent(now).max(0);
        match unit {
            Unit::Requests | Unit::Tokens => spent as f64,
            Unit::Cost => Cost::of_units(spent as u64).amount(),
        }
    }
}

// === impl Budget ===

impl Budget {
    /// `limits`, each with the meter of its unit that `meter` gives.
    pub fn new(limits: Limits, mut meter: impl FnMut(Unit) -> Arc<Meter>) -> Self {
        Self { parts: limits.into_iter().map(|(unit, limit)| (unit, limit, meter(unit))).collect() }
    }

    /// Charges a request, or says which limit is reached.
    pub fn admit(&self, estimate: Estimate, now: Instant) -> Result<Charge, Spent> {
        let mut charge = Charge::default();
        for (unit, limit, meter) in &self.parts {
            let amount = unit.amount(estimate.tokens, estimate.cost);
            match meter.0.spend_within(*limit, amount, now) {
                Some(step) => charge.parts.push((*unit, amount, meter.clone(), step)),
                None => {
                    charge.cancel(now);
                    return Err(Spent { unit: *unit, relief: meter.0.relief(now) });
                }
            }
        }
        Ok(charge)
    }

    /// Charges a request that is served in any case, as where another backend failed.
    pub fn charge(&self, estimate: Estimate, now: Instant) -> Charge {
        let part = |(unit, _, meter): &(Unit, i64, Arc<Meter>)| {
            let amount = unit.amount(estimate.tokens, estimate.cost);
            (*unit, amount, meter.clone(), meter.0.spend(amount, now))
        };
        Charge { parts: self.parts.iter().map(part).collect() }
    }

    /// What is spent of each unit, for people.
    pub fn state(&self, now: Instant) -> impl Iterator<Item = (Unit, f64)> {
        self.parts.iter().map(move |(unit, _, meter)| (*unit, meter.spent(*unit, now)))
    }

    /// Which share of each limit is spent: 1 where it is reached, and more where the last request went beyond it.
    pub fn used(&self, now: Instant) -> impl Iterator<Item = (Unit, f64)> {
        let share = move |limit: i64, meter: &Meter| meter.0.spent(now).max(0) as f64 / limit.max(1) as f64;
        self.parts.iter().map(move |(unit, limit, meter)| (*unit, share(*limit, meter)))
    }

    /// Whether what a request took is settled by its answer's usage.
    pub fn needs_usage(&self) -> bool {
        self.parts.iter().any(|(unit, ..)| *unit != Unit::Requests)
    }
}

// === impl Estimate ===

impl Estimate {
    /// What a request of about `prompt` tokens is likely to take whose answer may have up to `most`, at this price.
    pub fn new(prompt: u64, most: Option<u64>, price: Option<&Price>) -> Self {
        let usage = Usage { prompt, completion: most.unwrap_or(ANSWER).min(ANSWER), cached: 0 };
        let cost = price.map_or(Cost::NOTHING, |price| price.cost(&usage));
        Self { tokens: usage.total(), cost }
    }
}

// === impl Charge ===

impl Charge {
    /// Charges what the request took in place of what it was likely to.
    pub fn settle(self, tokens: u64, cost: Cost, now: Instant) {
        for (unit, charged, meter, step) in self.parts {
            let difference = unit.amount(tokens, cost) - charged;
            // What came on top was spent as late as now; what was too much was charged back then.
            match difference {
                1.. => drop(meter.0.spend(difference, now)),
                ..0 => meter.0.give_back(-difference, step, now),
                0 => {}
            }
        }
    }

    /// Takes the charge back: the request was not sent.
    pub fn cancel(self, now: Instant) {
        for (_, charged, meter, step) in self.parts {
            meter.0.give_back(charged, step, now);
        }
    }
}

impl Unit {
    fn amount(self, tokens: u64, cost: Cost) -> i64 {
        match self {
            Self::Requests => 1,
            Self::Tokens => signed(tokens),
            Self::Cost => signed(cost.units()),
        }
    }
}

/// Bounded, whatever a backend says of its usage, so that sums of many do not overflow.
fn signed(amount: u64) -> i64 {
    const MOST: u64 = 1 << 53;
    amount.min(MOST) as i64
}

#[cfg(test)]
mod tests;

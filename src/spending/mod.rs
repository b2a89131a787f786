//! What requests cost, and how much may be spent.
//!
//! - `price`: what tokens cost, and what was saved
//! - `window`: what was spent of late; lock-free where it matters
//! - `budget`: what may be spent; charged by estimate, settled by what it came to
//! - `ledger`: what outlives a snapshot of the config
//! - `over`: who serves where a budget is spent
//! - `accounts`: all of a config's prices and budgets

mod accounts;
pub mod budget;
pub mod ledger;
pub mod over;
pub mod price;
mod window;

pub use accounts::{Accounts, Size};
pub use budget::{Budget, Charge, Estimate, Limits, Unit};
pub use ledger::{Ledger, Owner};
pub use over::{Admitted, Allowance, Charges, OVER_BUDGET};
pub use price::{Cost, Price, Prices};

//! What the caches outside the process have in common: the way to them may be slow, full or gone, and no request waits
//! for it.
//!
//! - `queue`: what waits to be written
//! - `backoff`: how long to leave alone what fails
//! - `health`: whether it works, and the log's word on it

mod backoff;
mod health;
mod queue;

pub(super) use backoff::Backoff;
pub use health::{Fault, State};
pub(super) use health::{Health, Part};
pub(super) use queue::Queue;
